"""Commands for models that use more than one operation.

Serving of a model of mode http while a command runs.
"""

import signal
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import click
from msgspec import UNSET

from nbyard.cli.commands.artifacts import save
from nbyard.cli.commands.deployments import LOOK_SECONDS, show_deployed, wait_until_settled
from nbyard.cli.commands.images import print_image, wait_for_image
from nbyard.cli.commands.run_dockerfile import check_target
from nbyard.cli.commands.runs.run_watch import follow_run
from nbyard.cli.output.console import columns, hinting_option, print_note, show_items, show_json
from nbyard.cli.shared_options import connect, json_option, server_option, shows, with_options
from nbyard.domain.deployments.creation_form import name_of
from nbyard.domain.deployments.structs import (
    OPEN,
    OPEN_VARIABLE,
    Deployment,
    DeploymentChange,
    NewDeployment,
)
from nbyard.domain.images.structs import NamedImage
from nbyard.domain.models.structs import (
    BATCH,
    HTTP,
    ModelFilter,
    ModelPackage,
    NewModel,
    split_class_path,
)
from nbyard.domain.naming.unique_names import nearest_names
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.state_machines import DEPLOYMENT
from nbyard.domain.workflows.edges import FOLDER
from nbyard.errors import NotFound
from nbyard.kinds.model import CSV, PARQUET

# Signals besides Ctrl-C: from `kill`, and when the terminal is closed.
ENDING = (signal.SIGTERM, signal.SIGHUP)
LONGEST = 50
# Without a server in between, nothing would send the secret with the user's requests.
OPENED = {OPEN_VARIABLE: OPEN}


def serve(connection: Any, package: ModelPackage, *, as_json: bool) -> int:
    """Serve a model as a temporary deployment until interrupted; return the exit code.

    Its address and its log are printed.
    """
    # A random suffix, so that several commands can serve the same model.
    name = f"{name_of(package.name)[:LONGEST].strip('-') or 'model'}-{uuid.uuid4().hex[:8]}"
    print_note(f"Serving {package.reference} until Ctrl-C.")
    try:
        with _interrupted_by(*ENDING):
            body = NewDeployment(package.id, name=name, environment=OPENED)
            made = connection.deployments.create(body=body)
            deployment = wait_until_settled(connection, made)
            if deployment.state not in DEPLOYMENT.rests:
                if as_json:
                    show_json(deployment)
                else:
                    click.echo(connection.address(deployment))
                deployment = _print_log_until_over(connection, deployment)
        print_note(
            f"The model {deployment.state}: {deployment.reason}"
            if deployment.reason
            else f"The model is {deployment.state}."
        )
        if deployment.reproduce:
            print_note(f"To reproduce it: {deployment.reproduce}")
    except KeyboardInterrupt:
        return 0
    except NotFound:
        print_note("The deployment was deleted meanwhile.")
    finally:
        with suppress(NotFound):
            # By name, because an interruption may come before the ID is known.
            connection.deployments.delete(deployment=name)
    return 1


def _print_log_until_over(connection: Any, deployment: Deployment) -> Deployment:
    after = 0
    while True:
        chunk = connection.deployments.log(deployment=deployment.id, after=after)
        click.echo(chunk.text, nl=False, err=True)
        if chunk.next > after:
            after = chunk.next
            continue
        if deployment.state in DEPLOYMENT.rests:
            return deployment
        connection.wait(LOOK_SECONDS)
        deployment = connection.deployments.get(deployment=deployment.id)


@contextmanager
def _interrupted_by(*signals: signal.Signals) -> Iterator[None]:
    """Treat these signals like Ctrl-C: delete the deployment."""
    if threading.current_thread() is not threading.main_thread():  # cannot handle signals
        yield
        return
    former = {
        signal_number: signal.signal(signal_number, signal.default_int_handler)
        for signal_number in signals
    }
    try:
        yield
    finally:
        for signal_number, handler in former.items():
            signal.signal(signal_number, handler)


INPUT = "data"
KEYS = ModelFilter.__struct_fields__
ALL = 500
FORMS = {".csv": CSV, ".parquet": PARQUET, ".zip": FOLDER}


def source_options(command: Any) -> Any:
    """Add the options that name a path or an output of a run."""
    return with_options(
        command,
        click.argument("target", metavar="DIR|FILE.py[:CLASS]", default=""),
        click.option(
            *("-c", "--config", "file"),
            default="",
            metavar="FILE",
            help="Model file in DIR.",
        ),
        click.option(
            "--run",
            "of_run",
            default="",
            metavar="RUN",
            help="Run that created the model.",
        ),
        click.option(
            "--output",
            default="",
            metavar="NODE.OUTPUT",
            help="Output of that run with the model.",
        ),
    )


@click.command()
@source_options
@click.option("--detach", is_flag=True, help="Start the build, print the model's ID and exit.")
@server_option
@json_option
def build(detach: bool, server: str, as_json: bool, **source: str) -> None:
    """Build the image of a model and print its log.

    DIR has a nervosum.yaml or model.yaml, or was saved by MLflow. FILE.py has a class with predict.
    The build continues if you interrupt this command. Exit code: 0 ready, 1 failed, 2 refused.

    \b
    Examples:
      nbyard models build churn/
      nbyard models build -c batch.yaml churn/
      nbyard models build churn/model.py:Churn
      nbyard models build --run 12 --output train.model
    """
    connection = connect(server)
    made = connection.models.build(body=model_request(**source))
    if not detach:
        made, image = until_built(connection, made)
    if as_json:
        show_json(made)
    elif detach:
        print_note(f"Follow it with: nbyard images log {made.image} --follow")
        click.echo(made.id)
    else:
        print_image(image)
    if not detach and image.state != "ready":
        raise click.exceptions.Exit(1)


def model_request(target: str, file: str, of_run: str, output: str) -> NewModel:
    """Return the request body for the model that the command line names."""
    if bool(of_run) != bool(output):
        raise click.UsageError("Pass both --run RUN and --output NODE.OUTPUT.")
    if bool(target) == bool(of_run):
        raise click.UsageError("Pass a folder or a Python file, or --run and --output.")
    path, class_name = split_class_path(target)
    return NewModel(path, file, class_name, of_run, output)


def until_built(connection: Any, made: ModelPackage) -> tuple[ModelPackage, NamedImage]:
    """Wait until the model's image is ready or has failed; print the log."""
    image = wait_for_image(connection, connection.images.get(image=made.image), True)
    package = connection.models.get(model=made.id) if image.state == "ready" else made
    return package, image


def show_models(page: Any) -> None:
    """Print a table of models."""
    fields = "id name tag mode state made=created_at labels"
    show_items(page.items, columns(fields, id=short_id, labels=labels))


@click.command(name="ls")
@click.option(
    *("-f", "--filter", "filters"),
    multiple=True,
    metavar="KEY=TEXT",
    help=f"Show models whose KEY contains TEXT. KEY: {', '.join(KEYS)}. All filters must match.",
)
@shows(show_models)
def listed(connection: Any, filters: tuple[str, ...]) -> Any:
    """List models, newest first.

    \b
    Examples:
      nbyard models ls -f name=churn -f mode=http
    """
    return connection.models.list(limit=ALL, **parse_filters(filters))


@click.command()
@click.option("-n", "--name", default="", help="Part of the model's name.")
@click.option("-t", "--tag", default="", help="Part of the model's tag.")
@click.option(
    "--input", "data", metavar="DATA", default="", help="Dataset, file or folder to predict."
)
@click.option(
    "--output",
    default="",
    metavar="FILE",
    help="File for the predictions: .csv, .parquet or .zip.",
)
@server_option
@json_option
def run(name: str, tag: str, data: str, output: str, server: str, as_json: bool) -> None:
    """Run the newest matching model in its image.

    A model of mode http serves requests until Ctrl-C. A model of mode batch predicts the dataset
    --input. With --input, the newest model of mode batch is used. For mode http, the address is
    printed first, then the log; nbyard models deploy serves a model permanently. Exit code:
    0 succeeded or stopped by you, 1 failed, 2 refused, 3 no such model.

    \b
    Examples:
      nbyard models run -n churn -t v1
      nbyard models run -n churn -t v1 --input customers.csv --output leaves.csv
      nbyard models run -n churn --input months/ --output leaves.zip
    """
    form = form_of(output)
    # Fail before a model runs whose predictions could not be saved.
    check_target(output)
    connection = connect(server)
    find = newest_batch if data or output else newest
    package = find(connection, name, tag)
    if package.mode == HTTP and not (data or output):
        raise click.exceptions.Exit(serve(connection, package, as_json=as_json))
    if package.mode == BATCH and not data:
        raise click.UsageError(f"Pass the dataset that {package.reference} predicts: --input DATA")
    executable = connection.models.register(model=package.id, output=form)
    # The run needs a unique name only to find its output afterwards.
    label = f"{package.name} {uuid.uuid4().hex[:8]}"
    body = NewRun(
        executable=executable.id,
        texts={INPUT: data},
        name=label if output else UNSET,
        origin="shell",
    )
    made = connection.runs.create(body=body, idempotency_key=str(uuid.uuid4()))
    follow_run(connection, made, package.reference, as_json=as_json)
    if output:
        save(connection, label, output)


def form_of(output: str) -> str:
    """Return the format of predictions for a file of this name.

    Raises:
        UsageError: the name has another ending.
    """
    form = FORMS.get(Path(output).suffix.lower() if output not in ("", "-") else ".csv")
    if form is None:
        raise click.UsageError(
            "--output must end in .csv, .parquet or .zip (one file for each file of a folder), or"
            " be - for CSV on standard output."
        )
    return form


@click.command()
@source_options
@click.option("-n", "--name", default="", help="Part of the model's name.")
@click.option("-t", "--tag", default="", help="Part of the model's tag.")
@click.option(
    "--as", "host", default="", metavar="NAME", help="Host name, also of an existing deployment."
)
@click.option("--detach", is_flag=True, help="Start the deployment, print its ID and exit.")
@server_option
@json_option
def deploy(
    name: str, tag: str, host: str, detach: bool, server: str, as_json: bool, **source: str
) -> None:
    """Serve a model until it is stopped.

    A model that you name by path or run is built first. Otherwise, the newest matching http model
    is deployed. If the same node, file or class is deployed and was not stopped, the model becomes
    its next revision. It takes over once it responds. Exit code: 0 it responds, 1 it failed,
    2 refused, 3 no such model, 5 no container engine.

    \b
    Examples:
      nbyard models deploy -n churn
      nbyard models deploy -n churn -t v2 --as churn
      nbyard models deploy churn/model.py:Churn
      nbyard models deploy --run 12 --output train.model
    """
    connection = connect(server)
    if not any(source.values()):
        package = newest(connection, name, tag, HTTP)
    elif name or tag:
        raise click.UsageError("-n and -t choose a model that is already built.")
    else:
        model = model_request(**source)
        connection.deployments.form().engine.require()  # before a model is created
        package = connection.models.build(body=model)
        if not detach:  # with --detach, the deployment waits for the image
            package, image = until_built(connection, package)
            if image.state != "ready":
                print_image(image)
                raise click.exceptions.Exit(1)
    # The next revision of the deployment with the name --as, or that the server proposes.
    there = connection.models.deployments(model=package.id)
    if into := there.to_update(host):
        change = DeploymentChange(image=package.id)
        made = connection.deployments.edit(deployment=into, body=change)
        # A deployment that was stopped does not start by itself after an edit.
        if not made.is_wanted:
            made = connection.deployments.start(deployment=made.id)
    else:
        body = NewDeployment(package.id, name=host or there.name or name_of(package.name))
        with hinting_option("Use --as NAME to choose the name."):
            made = connection.deployments.create(body=body)
    show_deployed(connection, made, not detach, as_json)


def newest(connection: Any, name: str, tag: str, mode: str = "") -> ModelPackage:
    """Return the newest ready model whose name and tag contain these texts.

    Without texts, its name is printed.

    Raises:
        NotFound: no ready model matches.
    """
    models = connection.models.list(limit=ALL, name=name, tag=tag, mode=mode).items
    for package in models:
        if package.state == "ready":
            if not (name or tag):
                print_note(f"The newest model is {package.reference}.")
            return cast(ModelPackage, package)
    why = "No matching model is ready."
    if models:
        package = models[0]
        why = f"No matching model is ready; {package.reference} is {package.state}."
    elif name:
        names = {package.name for package in connection.models.list(limit=ALL).items}
        why = f"No matching model is ready; {nearest_names(names, name)}."
    raise NotFound(why, hint="nbyard models ls lists all models.")


def newest_batch(connection: Any, name: str, tag: str) -> ModelPackage:
    """Return the newest model of mode batch, else of any mode; the server then says what to do."""
    try:
        return newest(connection, name, tag, BATCH)
    except NotFound:
        return newest(connection, name, tag)


def parse_filters(filters: Sequence[str]) -> dict[str, str]:
    """Return the filters of a command line; each key may occur once."""
    texts_by_key: dict[str, str] = {}
    for filter_text in filters:
        key, sign, text = filter_text.partition("=")
        if not sign or key not in KEYS or key in texts_by_key:
            known = ", ".join(f"{key}=TEXT" for key in KEYS)
            raise click.UsageError(f"-f {filter_text}: write each of {known} at most once.")
        texts_by_key[key] = text
    return texts_by_key


def short_id(package: ModelPackage) -> str:
    """Return the image's short ID as Docker shows it, or the model's ID without an image."""
    return package.image_id.removeprefix("sha256:")[:12] or package.id


def labels(package: ModelPackage) -> str:
    """Return the labels of the image."""
    label_values = {"owner": package.owner, "platform_tag": package.platform_tag}
    return ", ".join(f"{name}={value}" for name, value in label_values.items() if value)


COMMANDS: tuple[click.Command, ...] = (build, listed, run, deploy)
