"""The command `nbyard run`: start a run, watch it and print its result."""

import contextlib
import uuid
from typing import Any

import click
import msgspec
from msgspec import UNSET

from nbyard.cli.commands.runs.run_watch import Files, follow_run
from nbyard.cli.output.console import chosen_server, print_note, show_json, warn_ignored_settings
from nbyard.cli.output.views.attempt_views import show_forecast
from nbyard.cli.shared_options import connect, json_option, server_option, sweep_option
from nbyard.cli.typed_values import json_object, parse_pairs, split_target, texts_of
from nbyard.domain.runs.previews.estimates import ForecastRequest
from nbyard.domain.runs.structs import NewRun


@click.command()
@click.argument("words", nargs=-1, type=click.Path(), metavar="FILE|EXECUTABLE")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter.")
@sweep_option
@click.option("--name", default="", help="Unique name of the run.")
@click.option("--runtime", default="", help="Runtime of every node: process, docker or dask.")
@click.option("--environment", default="", metavar="NAME[@N]", help="Environment of every node.")
@click.option("-k", "--kernel", default="", help="Kernel of this machine for every notebook.")
@click.option("--image", default="", help="Container image of every node.")
@click.option(
    "--containers",
    type=click.Choice(["fresh", "warm"], case_sensitive=False),
    help="Use a fresh container for each task, or keep containers warm for similar tasks.",
)
@click.option("--force", is_flag=True, help="Ignore the cache. Pinned results are still used.")
@click.option("--priority", default=0, metavar="N", help="-100 to 100. Higher values start first.")
@click.option(
    *("--only", "nodes"), multiple=True, metavar="NODE", help="Run only NODE and its dependencies."
)
@click.option(
    *("--pin", "pins"),
    multiple=True,
    metavar="NODE=RUN",
    help="Use the node's result from this run (number, name or ID). NODE= ignores its pin.",
)
@click.option("-f", "--file", default="", metavar="DOCKERFILE", help="Build and run it once.")
@click.option("--parameters", default="{}", metavar="JSON", help="Parameter values, as an object.")
@click.option(
    "--input-file", "inputs", multiple=True, metavar="NAME=FILE…", help="File, dataset or artifact."
)
@click.option(
    "--job", default="", metavar="FILE", help="CWL job: values and files, as YAML or JSON."
)
@click.option("--output-file", "output", default="", metavar="FILE", help="With -f: output file.")
@click.option("--base", default="", metavar="IMAGE", help="With -f: base image (ARG BASE).")
@click.option("--gpu", is_flag=True, help="Request one GPU for each node that sets none.")
@click.option("--dry-run", is_flag=True, help="Show what would run and why; start nothing.")
@click.option("--detach", is_flag=True, help="Start the run, print its ID and exit.")
@click.option(
    *("--save-files", "save"),
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[DIR]",
    help="Save files besides the declared outputs. Default: in the folder of the code.",
)
@click.option(
    *("--output", "outputs"),
    multiple=True,
    metavar="[NODE.]OUTPUT=FILE",
    help="Save an output of the run to a file.",
)
@click.option("--overwrite", is_flag=True, help="With --save-files: replace existing files.")
@server_option
@json_option
def run(
    words: tuple[str, ...], params: tuple[str, ...], server: str, as_json: bool, **wish: Any
) -> None:
    """Run a workflow, notebook, executable or (-f) Dockerfile.

    The command waits until the run ends. The run continues if you interrupt this command. Exit
    code: 0 succeeded, 1 failed or cancelled, 2 usage, 3 no such file, executable or run.

    \b
    Examples:
      nbyard run pipeline.nbflow -p alpha=0.1
      nbyard run train.ipynb --input-file input_csv=clean.csv --runtime docker
      nbyard run train.ipynb --sweep lr=0.01,0.1 --sweep depth=1..4
      nbyard run -f tool/Dockerfile --parameters '{"n": 3}' --input-file a=a.csv --output-file o.csv
    """
    parse_pairs("-p", params, "NAME=VALUE")  # check first: `-p a 1` would take 1 for a second file
    connection = connect(server)
    if wish["file"]:
        from nbyard.cli.commands.run_dockerfile import run_dockerfile

        inputs = (*wish["inputs"], *words)
        run_dockerfile(connection, wish | {"params": params, "inputs": inputs}, as_json)
        return
    outputs = parse_pairs("--output", wish["outputs"], "NODE.OUTPUT=FILE")
    if outputs and wish["detach"]:
        raise click.UsageError("With --detach, save an output later: nbyard runs save RUN OUTPUT")
    target, body = _run_request(words, params, wish)
    with _given_files(connection, body, wish["job"]) as whole:
        if wish["dry_run"]:
            forecast = ForecastRequest(**msgspec.structs.asdict(whole))
            show = show_json if as_json else show_forecast
            show(connection.runs.forecast(body=forecast))
            return
        made = connection.runs.create(body=whole, idempotency_key=str(uuid.uuid4()))
    warn_ignored_settings(connection)
    if wish["detach"]:
        if wish["save"] is not None:
            print_note(
                f"Save its files after it has finished: nbyard runs files {made.number} --save DIR"
            )
        click.echo(made.id)
        return
    files = None if wish["save"] is None else Files(wish["save"], wish["overwrite"])
    follow_run(connection, made, target, as_json=as_json, files=files, outputs=outputs)


def _given_files(
    connection: Any, body: NewRun, job: str
) -> contextlib.AbstractContextManager[NewRun]:
    """Return a context with the request, which has the values of a job and lists of files."""
    if not job and not any(text.startswith("[") for text in body.texts.values()):
        return contextlib.nullcontext(body)
    from nbyard.cli.job_files import given_files  # late: few runs need it

    return given_files(connection, body, job)


def _run_request(
    arguments: tuple[str, ...], params: tuple[str, ...], wish: dict[str, Any]
) -> tuple[str, NewRun]:
    """Return the file or executable to run, and the request.

    Further words are input files, as after `--input-file`.
    """
    # `--input-file a=1 b=2` gives two files: the second one arrives as an argument.
    target, *more = arguments or ("",)
    if not target or (more and not wish["inputs"]):
        taken = f" --save-files took {wish['save']}: put it last." if wish["save"] else ""
        if more and more[0].endswith(".ipynb"):
            taken += " The run keeps the executed notebook: nbyard runs cells RUN NODE shows it."
        raise click.UsageError(f"Name one file or executable.{taken}")
    if wish["output"]:
        raise click.UsageError(
            "--output-file works only with -f. Save an output with: --output NAME=FILE"
        )
    if wish["base"]:
        raise click.UsageError(
            "--base works only with -f. For other images: nbyard images build --base"
        )
    path, executable = split_target(target, bool(chosen_server()))
    return target, NewRun(
        path=path,
        executable=executable,
        name=wish["name"] or UNSET,
        parameters=json_object(wish["parameters"]),
        texts=texts_of(params, (*wish["inputs"], *more)),
        runtime=wish["runtime"],
        environment=wish["environment"],
        kernel=wish["kernel"],
        image=wish["image"],
        containers=wish["containers"] or "",
        scope="selected" if wish["nodes"] else "all",
        nodes=list(wish["nodes"]),
        force=wish["force"],
        priority=wish["priority"],
        pins=parse_pairs("--pin", wish["pins"], "NODE=RUN"),
        gpu=1 if wish["gpu"] else None,
        origin="shell",
        sweep=parse_pairs("--sweep", wish["sweeps"], "NAME=VALUES"),
    )
