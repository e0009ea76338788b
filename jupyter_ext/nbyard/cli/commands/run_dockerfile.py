"""`nbyard run -f Dockerfile`: build an image, run it once, save its output and clean up."""

import contextlib
import os
import shlex
import uuid
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec
from click.core import ParameterSource

from nbyard.cli.commands.artifacts import save
from nbyard.cli.commands.images import print_image, wait_for_image
from nbyard.cli.commands.runs.run_watch import follow_run
from nbyard.cli.output.console import print_note
from nbyard.cli.typed_values import FILE_SHAPE, json_object, parse_pairs, texts_of
from nbyard.domain.arguments.structs import Argument, ValueType, own_name
from nbyard.domain.images.structs import NewImage, Recipe
from nbyard.domain.runs.structs import NewRun, Run
from nbyard.errors import Conflict, NbyardError

NOT_FOR_DOCKERFILES = (
    *("name", "runtime", "environment", "kernel", "image", "containers", "priority", "nodes"),
    *("pins", "save", "overwrite", "dry_run", "job"),
)
VALUES = (".yaml", ".yml", ".json")  # papermill's -f reads such files
OUTPUT = "output"
NAMES: dict[type, ValueType] = {bool: "bool", int: "int", float: "float", str: "string"}


def run_dockerfile(connection: Any, wish: Mapping[str, Any], as_json: bool) -> None:
    """Build, run, save and clean up; exit with the code of the result.

    `wish` are the options of the running command.

    Raises:
        Conflict: GPUs are requested, and there are none.
        UsageError: an option does not fit a Dockerfile.
    """
    file, target = wish["file"], wish["output"]
    if Path(file).suffix in VALUES:
        raise click.UsageError(
            "-f builds a Dockerfile. Set values with -p NAME=VALUE or --parameters JSON."
        )
    if wish["detach"]:
        raise click.UsageError(
            "-f waits for the end of the run, to save its files and to clean up."
        )
    context = click.get_current_context()
    for option in context.command.params:
        given = context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        if given and option.name in NOT_FOR_DOCKERFILES:
            raise click.UsageError(f"{option.opts[-1]} cannot be used with -f.")
    body = _run_of(file, wish)
    # Fail now, because without a GPU the run would wait in the queue.
    if body.gpu and not connection.system.gpus().items:
        raise Conflict(
            "No GPU is available: nbyard found none on this machine.",
            hint="nbyard doctor shows how GPUs were detected. The setting gpus can list them.",
        )
    check_target(target)
    connection.runs.check(body=body)  # fail before an image is built, which takes minutes
    recipe = Recipe(base=wish["base"]) if wish["base"] else None
    image = NewImage(path=file, recipe=recipe, tag=f"nbyard/once:{uuid.uuid4().hex[:12]}")
    with _image(connection, image) as name:
        body = msgspec.structs.replace(body, image=name)
        # The run registers its file as an executable, which is deleted afterwards if it is new.
        known = _executables(connection)
        made = connection.runs.create(body=body, idempotency_key=str(uuid.uuid4()))
        with _deleted_afterwards(connection, made, known):
            follow_run(connection, made, file, as_json=as_json, log=True, goes_on=False)
            if target:
                save(connection, made.name, target)


def _run_of(file: str, wish: Mapping[str, Any]) -> NewRun:
    """Return the run to create; its unique name finds its output, and no cached result is used."""
    parameters = json_object(wish["parameters"])
    inputs = parse_pairs("--input-file", wish["inputs"], FILE_SHAPE)
    texts = texts_of(wish["params"], wish["inputs"])
    typed = {name: value for name, value in texts.items() if name not in inputs}
    return NewRun(
        path=file,
        name=f"once {uuid.uuid4().hex[:12]}",
        parameters=parameters,
        texts=texts,
        runtime="docker",
        force=True,
        gpu=1 if wish["gpu"] else None,
        arguments=arguments_of_values(typed | parameters, inputs, bool(wish["output"])),
        origin="shell",
    )


def check_target(target: str) -> None:
    """Check that the output can be written, before anything is built.

    Raises:
        UsageError: the folder does not exist or is not writable.
    """
    folder = Path(target).parent
    if target and target != "-" and not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise click.UsageError(f"{target} cannot be written: its folder is missing or read-only.")


def arguments_of_values(
    parameters: Mapping[str, Any], inputs: Mapping[str, str], has_output: bool
) -> list[Argument]:
    """Return the arguments of a Dockerfile without a description, derived from the given values.

    Each is passed as `--name VALUE`, and the place of the output as `--output PATH`.
    """
    values = [
        Argument(own_name(name), type=NAMES.get(type(value), "json"), nullable=value is None)
        for name, value in parameters.items()
    ]
    files = [Argument(own_name(name), role="input", required=True) for name in inputs]
    output = [Argument(OUTPUT, role="output")] if has_output else []
    return [*values, *files, *output]


@contextlib.contextmanager
def _image(connection: Any, body: NewImage) -> Iterator[str]:
    """Build an image, print its log, yield its name, and delete it afterwards."""
    made = connection.images.build(body=body)
    try:
        image = wait_for_image(connection, made, log=True, goes_on=False)
        if image.state != "ready":
            print_image(image)
            raise click.exceptions.Exit(1)
        yield body.tag
    finally:
        connection.images.delete(image=made.id, force=True)
        print_note("The image was deleted.")


@contextlib.contextmanager
def _deleted_afterwards(connection: Any, run: Run, known: Container[str]) -> Iterator[None]:
    """Delete the run's record afterwards, and its executable unless it is `known`.

    A run that is still active is cancelled first. The record stays if its output could not be
    saved.
    """
    try:
        yield
    except click.UsageError:
        print_note(
            f"The record of the run is kept: nbyard artifacts export {shlex.quote(str(run.name))}"
        )
        raise
    # Ctrl-C arrives as SystemExit from `follow_run`, and as KeyboardInterrupt from `save`.
    except BaseException:
        _clear(connection, run, known)
        raise
    _clear(connection, run, known)


def _executables(connection: Any) -> set[str]:
    executables: set[str] = set()
    after: str | None = ""
    while after is not None:
        page = connection.executables.list(limit=200, after=after)
        executables |= {executable.id for executable in page.items}
        after = page.next
    return executables


def _clear(connection: Any, run: Run, known: Container[str]) -> None:
    # A finished run cannot be cancelled.
    with contextlib.suppress(NbyardError):
        connection.runs.cancel(run=run.id)
    # Only the record of a finished run can be deleted.
    while connection.runs.get(run=run.id).run.state in ("queued", "running"):
        connection.wait(0.5)
    used = {task.executable_id for task in connection.runs.get(run=run.id).tasks}
    connection.runs.delete(run=run.id)
    for made in (
        executable_id for executable_id in used if executable_id and executable_id not in known
    ):
        with contextlib.suppress(NbyardError):  # another run may use it now
            connection.executables.delete(executable=made)
    print_note("The record of the run was deleted.")
