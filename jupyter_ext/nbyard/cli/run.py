"""`nbyard run`: start, watch, tell how it ended."""

import os
import shlex
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from msgspec import UNSET

from nbyard.cli.by_hand import json_option, print_log, server_option
from nbyard.cli.output import duration, say, show_json, size
from nbyard.cli.progress import Progress
from nbyard.domain.estimates import Usual
from nbyard.domain.runs import NewRun, Run, RunDetail, Task, TaskPage

TRACEBACK_LINES = 12
FIRST_LOOK_SECONDS = 0.05
LOOK_SECONDS = 0.5
ESTIMATED_AFTER_SECONDS = 0.5
PAGE = 500
ESTIMATED_EVERY_SECONDS = 10.0
ENDED = ("succeeded", "failed", "cancelled")


@click.command()
@click.argument("target", metavar="FILE|EXECUTABLE")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter.")
@click.option("--name", default="", help="A unique name for the run.")
@click.option("--runtime", default="", help="process, docker or dask, for every node.")
@click.option("--image", default="", help="Container image, for every node.")
@click.option(
    "--containers",
    type=click.Choice(["fresh", "warm"]),
    help="A fresh one for each step, or kept warm for the next step like it.",
)
@click.option("--force", is_flag=True, help="Take nothing from the cache; pins are obeyed.")
@click.option("--priority", default=0, metavar="N", help="-100 to 100; higher is served first.")
@click.option("--only", "nodes", multiple=True, metavar="NODE", help="Run this node and its needs.")
@click.option(
    *("--pin", "pins"),
    multiple=True,
    metavar="NODE=RUN",
    help="Take the node's result from that run (number, name or id); NODE= lifts its pin.",
)
@click.option("--detach", is_flag=True, help="Print the id and leave.")
@server_option
@json_option
def run(target: str, params: tuple[str, ...], server: str, as_json: bool, **wish: Any) -> None:
    """Run a workflow, a notebook or an executable and wait for its end.

    The run goes on when this command is interrupted. Exit code: 0 succeeded, 1 failed or
    cancelled, 2 usage.

    \b
    Examples:
      nbyard run pipeline.nbflow -p alpha=0.1
      nbyard run train.ipynb -p input_csv=clean.csv --runtime docker
    """
    from nbyard.discover import Local, connect

    connection = connect(server)
    body = _body(target, params, wish, remote=bool(server))
    made = connection.runs.create(body=body, idempotency_key=str(uuid.uuid4()))
    if isinstance(connection, Local):
        _tell_unheard(connection.unheard())
    if wish["detach"]:
        click.echo(made.id)
        return
    see_out(connection, made, target, as_json=as_json)


def see_out(
    connection: Any, made: Run, target: str, *, as_json: bool = False, log: bool = False
) -> None:
    """Tell how a run goes, or with `log` what it prints, and how it ended; the exit code is that
    of its result. When this is interrupted, the run goes on."""
    try:
        if log:
            for task in connection.runs.get(run=made.id).tasks:
                print_log(connection, made.id, task.node, follow=True)
        detail = _watch(connection, made.id, quiet=as_json or log)
    except KeyboardInterrupt:
        say(f"\nThe run goes on. nbyard runs cancel {made.number} stops it.")
        sys.exit(130)
    if as_json:
        show_json(detail)
    else:
        _conclude(detail, target)
    if detail.run.state != "succeeded":
        raise click.exceptions.Exit(1)


def _tell_unheard(others: Mapping[str, str]) -> None:
    for word, value in others.items():
        say(f"{word} does not count: the dispatcher that is up has {value or 'nothing'} there.")
    if others:
        say("nbyard doctor says how to start it anew.")


def _body(target: str, params: tuple[str, ...], wish: dict[str, Any], remote: bool) -> NewRun:
    path, executable = split_target(target, remote)
    return NewRun(
        path=path,
        executable=executable,
        name=wish["name"] or UNSET,
        texts=pairs("-p", params, "NAME=VALUE"),
        runtime=wish["runtime"],
        image=wish["image"],
        containers=wish["containers"] or "",
        scope="selected" if wish["nodes"] else "all",
        nodes=list(wish["nodes"]),
        force=wish["force"],
        priority=wish["priority"],
        pins=pairs("--pin", wish["pins"], "NODE=RUN"),
    )


def split_target(target: str, remote: bool) -> tuple[str, str]:
    """A file, else the name or id of an executable; the other one is empty."""
    is_file = "/" in target or Path(target).suffix != "" or (not remote and Path(target).exists())
    return (target, "") if is_file else ("", target)


def pairs(option: str, given: tuple[str, ...], shape: str) -> dict[str, str]:
    """Values by name, from words like `name=value`."""
    found: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.UsageError(f"{option} {text}: write {shape}")
        if name in found:
            raise click.UsageError(f"{option} {name}: given twice")
        found[name] = value
    return found


def _watch(connection: Any, run_id: str, quiet: bool) -> RunDetail:
    usual: dict[str, Usual] = {}
    again = time.monotonic() + ESTIMATED_AFTER_SECONDS
    followed, pause = Followed(connection, run_id), FIRST_LOOK_SECONDS
    connection.wait(0)  # from now on it hears of news
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
    """A run that is looked at again and again: only what changed is asked for."""

    def __init__(self, connection: Any, run_id: str):
        self._connection = connection
        self._run_id = run_id
        self._tasks: dict[str, Task] = {}
        self._since = 0

    def look(self) -> RunDetail:
        """As it is now."""
        first = page = self._ask(after="")
        news = [*page.items]
        while page.next:
            page = self._ask(after=page.next)
            news += page.items
        self._since = first.last
        self._tasks |= {task.node: task for task in news}
        if not news:  # no more than a word on why somebody waits
            found: RunDetail = self._connection.runs.get(run=self._run_id)
            return found
        return RunDetail(first.run, list(self._tasks.values()), [])

    def _ask(self, after: str) -> TaskPage:
        asked = {"limit": PAGE, "after": after, "since": self._since}
        page: TaskPage = self._connection.runs.tasks(run=self._run_id, **asked)
        return page


def _conclude(detail: RunDetail, target: str) -> None:
    run = detail.run
    say(f"Run {run.number} {run.state} in {duration(run.started_at, run.finished_at)}.")
    for task in detail.tasks:
        if task.state == "failed":
            _explain(run.number, task)
        for artifact in task.artifacts if task.state == "succeeded" else ():
            if artifact.name.isidentifier():
                click.echo(
                    f"{task.node}.{artifact.name}  {size(artifact.size_bytes)}  {artifact.digest}"
                )
    if target.endswith(".nbflow") and run.number == 1:  # who ran more knows the way
        say(f"Open it in JupyterLab: {_jupyter()} lab{_as_root()} {shlex.quote(target)}")


def _jupyter() -> str:
    """The command of this environment, by its path when it is not the active one."""
    active = (os.environ.get("VIRTUAL_ENV"), os.environ.get("CONDA_PREFIX"))
    if sys.prefix in active or sys.prefix == sys.base_prefix:
        return "jupyter"
    return shlex.quote(os.path.relpath(Path(sys.executable).with_name("jupyter")))


def _as_root() -> str:
    return " --allow-root" if os.geteuid() == 0 else ""


def _telling(lines: list[str]) -> list[str]:
    """Of a traceback the frame in the notebook, and its end; libraries between them are not."""
    if len(lines) <= TRACEBACK_LINES:
        return lines
    own = next((n for n, line in enumerate(lines) if "Cell In[" in line), None)
    if own is None or own >= len(lines) - TRACEBACK_LINES:
        return lines[-TRACEBACK_LINES:]
    half = TRACEBACK_LINES // 2
    return [*lines[own : own + half], "…", *lines[-half:]]


def _explain(number: int, task: Task) -> None:
    failure = task.failure
    if failure is None:
        say(f"{task.node}: {task.reason}")
        return
    place = f", cell {failure.cell + 1}" if failure.cell is not None else ""
    say(f"{task.node} failed{place}: {failure.message}")
    for line in _telling(failure.traceback.splitlines()):
        say(f"  {line}")
    executed = Path(task.attempts[-1].folder, "executed.ipynb") if task.attempts else None
    if executed is not None and (failure.executed_cell is not None or executed.exists()):
        say(f"The executed notebook, as far as it came: {executed}")
    say(f"Its log: nbyard runs log {number} {task.node}")
