"""The command `nbyard run`: start a run, watch it and print its result."""

import os
import shlex
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.core import ParameterSource
from msgspec import UNSET

from nbyard.cli.commands.by_hand import json_option, server_option
from nbyard.cli.commands.run_files import save_files
from nbyard.cli.output.console import (
    COLOURS,
    asked_server,
    duration,
    follow_up,
    say,
    show_json,
    size,
    tell_unheard,
)
from nbyard.cli.output.logs import print_log
from nbyard.cli.output.progress import Progress
from nbyard.cli.output.views import told_of_files
from nbyard.domain.parsing.strict_json import read_json
from nbyard.domain.runs.estimates import Usual
from nbyard.domain.runs.structs import NewRun, Run, RunDetail, Task, TaskPage
from nbyard.errors import BadRequest

TRACEBACK_LINES = 12
FIRST_LOOK_SECONDS = 0.05
LOOK_SECONDS = 0.5
ESTIMATED_AFTER_SECONDS = 0.5
PAGE = 500
ESTIMATED_EVERY_SECONDS = 10.0
FILE_SHAPE = "NAME=FILE"
NOT_FOR_DOCKERFILES = (
    *("name", "runtime", "environment", "kernel", "image", "containers", "priority", "nodes"),
    *("pins", "save", "overwrite"),
)
VALUES = (".yaml", ".yml", ".json")  # papermill's -f reads such files
ENDED = ("succeeded", "failed", "cancelled")


@click.command()
@click.argument("words", nargs=-1, metavar="FILE|EXECUTABLE")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter.")
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
@click.option("--output-file", "output", default="", metavar="FILE", help="With -f: output file.")
@click.option("--base", default="", metavar="IMAGE", help="With -f: base image (ARG BASE).")
@click.option("--gpu", is_flag=True, help="Request one GPU for each node that sets none.")
@click.option("--detach", is_flag=True, help="Start the run, print its ID and exit.")
@click.option(
    *("--save-files", "save"),
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[DIR]",
    help="Save files besides the declared outputs. Default: in the folder of the code.",
)
@click.option("--overwrite", is_flag=True, help="With --save-files: replace existing files.")
@server_option
@json_option
def run(
    words: tuple[str, ...], params: tuple[str, ...], server: str, as_json: bool, **wish: Any
) -> None:
    """Run a workflow, notebook, executable or (-f) Dockerfile.

    The command waits until the run ends. The run continues if you interrupt this command. Exit
    code: 0 succeeded, 1 failed or cancelled, 2 usage.

    \b
    Examples:
      nbyard run pipeline.nbflow -p alpha=0.1
      nbyard run train.ipynb --input-file input_csv=clean.csv --runtime docker
      nbyard run -f tool/Dockerfile --parameters '{"n": 3}' --input-file a=a.csv --output-file o.csv
    """
    from nbyard.discover import connect

    pairs("-p", params, "NAME=VALUE")  # check first: `-p a 1` would take 1 for a second file
    connection = connect(server)
    if wish["file"]:
        _run_dockerfile(connection, words, wish | {"params": params}, as_json)
        return
    target = _target(words, wish)
    body = _body(target, params, wish, remote=bool(asked_server()))
    made = connection.runs.create(body=body, idempotency_key=str(uuid.uuid4()))
    tell_unheard(connection)
    if wish["detach"]:
        if wish["save"] is not None:
            say(f"nbyard runs files {made.number} --save DIR saves its files when it has ended.")
        click.echo(made.id)
        return
    files = None if wish["save"] is None else Files(wish["save"], wish["overwrite"])
    see_out(connection, made, target, as_json=as_json, files=files)


def _run_dockerfile(
    connection: Any, words: tuple[str, ...], wish: dict[str, Any], as_json: bool
) -> None:
    if Path(wish["file"]).suffix in VALUES:
        raise click.UsageError(
            "-f builds a Dockerfile. -p NAME=VALUE gives a value, --parameters JSON several."
        )
    if wish["detach"]:
        raise click.UsageError("-f saves and cleans up at the end, so it waits for that.")
    context = click.get_current_context()
    for option in context.command.params:
        given = context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        if given and option.name in NOT_FOR_DOCKERFILES:
            raise click.UsageError(f"{option.opts[-1]} is not for -f.")
    from nbyard.cli.commands.run_dockerfile import run_dockerfile

    wish["inputs"] = (*wish["inputs"], *words)
    run_dockerfile(connection, wish["file"], wish, as_json)


def _target(words: tuple[str, ...], wish: dict[str, Any]) -> str:
    """Return the file or executable to run; more words are input files, as after `--input-file`."""
    target, *more = words or ("",)
    if not target or (more and not wish["inputs"]):
        taken = f" --save-files took {wish['save']}: put it last." if wish["save"] else ""
        if more and more[0].endswith(".ipynb"):
            taken += " The run keeps the executed notebook: nbyard runs cells RUN NODE shows it."
        raise click.UsageError(f"Name one file or executable.{taken}")
    if wish["output"]:
        raise click.UsageError("--output-file is for -f; nbyard artifacts export saves results.")
    if wish["base"]:
        raise click.UsageError("--base is for -f; nbyard images build has it for others.")
    wish["inputs"] = (*wish["inputs"], *more)
    return target


class Files(NamedTuple):
    """Where to save other files at the end: a folder, or empty for the folder of their code."""

    folder: str
    overwrite: bool


def see_out(  # noqa: PLR0913  the parameters are independent
    connection: Any,
    made: Run,
    target: str,
    *,
    as_json: bool = False,
    log: bool = False,
    goes_on: bool = True,
    files: Files | None = None,
) -> None:
    """Show a run's progress, or its log with `log`, and its result; exit with 1 if it failed.

    If the user interrupts and `goes_on` is false, the caller stops the run.
    """
    told: dict[str, str] = {}
    try:
        if log:
            for task in connection.runs.get(run=made.id).tasks:
                told[task.node] = print_log(connection, made.id, task.node, follow=True)
        detail = _watch(connection, made.id, quiet=as_json or log)
    except KeyboardInterrupt:
        if goes_on:
            stop = follow_up(f"nbyard runs cancel {made.number}")
            say(f"\nThe run goes on. {stop} stops it.")
        sys.exit(130)
    if as_json:
        show_json(detail)
    else:
        _conclude(detail, target, told, is_kept=goes_on)
        if goes_on and not files:
            _tell_of_files(detail)
    if files:
        save_files(connection, made.id, detail.tasks, files.folder, overwrite=files.overwrite)
    if detail.run.state != "succeeded":
        raise click.exceptions.Exit(1)


def _body(target: str, params: tuple[str, ...], wish: dict[str, Any], remote: bool) -> NewRun:
    path, executable = split_target(target, remote)
    return NewRun(
        path=path,
        executable=executable,
        name=wish["name"] or UNSET,
        parameters=json_object(wish["parameters"]),
        texts=texts_of(params, wish["inputs"]),
        runtime=wish["runtime"],
        environment=wish["environment"],
        kernel=wish["kernel"],
        image=wish["image"],
        containers=wish["containers"] or "",
        scope="selected" if wish["nodes"] else "all",
        nodes=list(wish["nodes"]),
        force=wish["force"],
        priority=wish["priority"],
        pins=pairs("--pin", wish["pins"], "NODE=RUN"),
        gpu=1 if wish["gpu"] else None,
    )


def texts_of(params: tuple[str, ...], inputs: tuple[str, ...]) -> dict[str, str]:
    """Return parameters and files by name, as typed."""
    values = pairs("-p", params, "NAME=VALUE")
    files = pairs("--input-file", inputs, FILE_SHAPE)
    if twice := sorted(values.keys() & files.keys()):
        raise click.UsageError(f"--input-file {twice[0]}: given twice")
    return values | files


def json_object(text: str) -> dict[str, Any]:
    """Return the object in the text of `--parameters`.

    Raises:
        UsageError: the text is no JSON object.
    """
    try:
        found = read_json(text.encode("utf-8", "surrogateescape"))
    except BadRequest as error:
        raise click.UsageError(f"--parameters: {error.message}") from None
    if not isinstance(found, dict):
        raise click.UsageError("--parameters: an object is needed, such as '{\"alpha\": 0.1}'")
    return found


def split_target(target: str, remote: bool) -> tuple[str, str]:
    """Return a file, else an executable's name or ID; the other text is empty.

    `churn v0.0.1` is a name, unless there is such a file.
    """
    is_named_so = "/" in target or Path(target).suffix[1:2].isalpha()
    is_file = is_named_so or (not remote and Path(target).exists())
    return (target, "") if is_file else ("", target)


def pairs(option: str, given: tuple[str, ...], shape: str) -> dict[str, str]:
    """Return values by name, from words like `name=value`.

    Raises:
        UsageError: a word has another form, or a name occurs twice.
    """
    found: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.UsageError(f"{option} {text}: write {shape}")
        if name in found:
            several = "; several files for it are a folder" if shape == FILE_SHAPE else ""
            raise click.UsageError(f"{option} {name}: given twice{several}")
        found[name] = value
    return found


def _watch(connection: Any, run_id: str, quiet: bool) -> RunDetail:
    usual: dict[str, Usual] = {}
    again = time.monotonic() + ESTIMATED_AFTER_SECONDS
    followed, pause = Followed(connection, run_id), FIRST_LOOK_SECONDS
    connection.wait(0)  # the first call only starts to listen for changes
    with Progress(quiet) as progress:
        while True:
            connection.wait(pause)
            pause = min(2 * pause, LOOK_SECONDS)
            detail = followed.look()
            if not quiet and time.monotonic() >= again:
                again = time.monotonic() + ESTIMATED_EVERY_SECONDS
                usual |= connection.runs.estimate(run=run_id).nodes
            progress.show(detail, usual)
            if detail.run.state in ENDED:
                ended: RunDetail = connection.runs.get(run=run_id) if quiet else detail
                return ended


class Followed:
    """A run that is polled; each request fetches only what changed."""

    def __init__(self, connection: Any, run_id: str):
        self._connection = connection
        self._run_id = run_id
        self._tasks: dict[str, Task] = {}
        self._since = 0

    def look(self) -> RunDetail:
        """Return the run as it is now."""
        first = page = self._ask(after="")
        news = [*page.items]
        while page.next:
            page = self._ask(after=page.next)
            news += page.items
        self._since = first.last
        self._tasks |= {task.node: task for task in news}
        if not news:  # reasons for waiting change without an event, so fetch the run
            found: RunDetail = self._connection.runs.get(run=self._run_id)
            return found
        return RunDetail(first.run, list(self._tasks.values()), [])

    def _ask(self, after: str) -> TaskPage:
        asked = {"limit": PAGE, "after": after, "since": self._since}
        page: TaskPage = self._connection.runs.tasks(run=self._run_id, **asked)
        return page


def _conclude(detail: RunDetail, target: str, told: Mapping[str, str], *, is_kept: bool) -> None:
    run = detail.run
    say(f"Run {run.number} {run.state} in {duration(run.started_at, run.finished_at)}.")
    for task in detail.tasks:
        if task.state == "failed":
            _explain(run.number, task, told.get(task.node, ""), is_kept=is_kept)
        for artifact in task.artifacts if task.state == "succeeded" else ():
            if artifact.name.isidentifier():
                line = f"{task.node}.{artifact.name}  {size(artifact.size_bytes)}"
                click.echo(f"{line}  {artifact.digest}")
    if is_kept and run.state != "succeeded" and not any(task.missing for task in detail.tasks):
        retry = follow_up(f"nbyard runs retry {run.number}")
        say(f"To go on from there, with the same code: {retry}")
    is_new = run.number == 1  # users with more runs know JupyterLab's command
    if is_new and target.endswith(".nbflow") and not asked_server():
        root = " --allow-root" if os.geteuid() == 0 else ""
        say(f"Open it in JupyterLab: {_jupyter()} lab{root} {shlex.quote(target)}")


def _tell_of_files(detail: RunDetail) -> None:
    for task in detail.tasks:
        for line in told_of_files(detail.run.number, task):
            say(line)


def _jupyter() -> str:
    """Return the command `jupyter` of this environment, by its path if it is not active."""
    active = (os.environ.get("VIRTUAL_ENV"), os.environ.get("CONDA_PREFIX"))
    if sys.prefix in active or sys.prefix == sys.base_prefix:
        return "jupyter"
    return shlex.quote(os.path.relpath(Path(sys.executable).with_name("jupyter")))


def _telling(lines: list[str]) -> list[str]:
    """Return the notebook's frame and the end of a traceback, without the libraries between."""
    if len(lines) <= TRACEBACK_LINES:
        return lines
    own = next((n for n, line in enumerate(lines) if "Cell In[" in COLOURS.sub("", line)), None)
    if own is None or own >= len(lines) - TRACEBACK_LINES:
        return lines[-TRACEBACK_LINES:]
    half = TRACEBACK_LINES // 2
    return [*lines[own : own + half], "…", *lines[-half:]]


def _explain(number: int, task: Task, told: str, *, is_kept: bool) -> None:
    """Print why a task failed; `told` is the end of its printed log, which is not repeated."""
    failure = task.failure
    if failure is None:
        say(f"{task.node}: {task.why}")
        return
    place = f", cell {failure.cell + 1}" if failure.cell is not None else ""
    say(f"{task.node} failed{place}: {failure.message}")
    lines = failure.traceback.splitlines()
    was_told = "\n".join(lines).strip() in "\n".join(told.splitlines())
    for line in _telling([] if was_told else lines):
        say(f"  {line}")
    if not is_kept:
        return
    executed = Path(task.attempts[-1].folder, "executed.ipynb") if task.attempts else None
    if executed is not None and (failure.executed_cell is not None or executed.exists()):
        say(f"The executed notebook, as far as it came: {executed}")
    say(f"Its log: {follow_up(f'nbyard runs log {number} {task.node}')}")
    if lack := task.missing:
        name = shlex.quote(lack.environment or "NAME")
        verb = "install" if lack.environment else "create"
        add = follow_up(f"nbyard environments {verb} {name} {' '.join(lack.packages)}")
        retry = follow_up(f"nbyard runs retry {number} --environment {name}")
        say(f"To add it: {add} && {retry}")
