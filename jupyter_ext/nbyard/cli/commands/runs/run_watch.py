"""Watch a run until it ends, and print its progress and its result."""

import os
import shlex
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import click

from nbyard.cli.commands.runs.runs_files import save_files, save_outputs
from nbyard.cli.output.clean_streams import COLOURS
from nbyard.cli.output.console import (
    ask_again,
    chosen_server,
    follow_up,
    format_duration,
    format_size,
    print_note,
    show_json,
)
from nbyard.cli.output.logs import print_log
from nbyard.cli.output.progress import Progress
from nbyard.cli.output.views.views_by_noun import other_file_lines
from nbyard.domain.attempts.structs import EXECUTED
from nbyard.domain.runs.previews.estimates import Usual
from nbyard.domain.runs.structs import Run, RunDetail, Task, TaskPage

TRACEBACK_LINES = 12
FIRST_LOOK_SECONDS = 0.05
LOOK_SECONDS = 0.5
ESTIMATED_AFTER_SECONDS = 0.5
PAGE = 500
ESTIMATED_EVERY_SECONDS = 10.0
MOST_EXPLAINED = 10  # failures
ENDED = ("succeeded", "failed", "cancelled")


class Files(NamedTuple):
    """Where to save other files at the end: a folder, or empty for the folder of their code."""

    folder: str
    overwrite: bool


def follow_run(  # noqa: PLR0913  the parameters are independent
    connection: Any,
    made: Run,
    target: str,
    *,
    as_json: bool = False,
    log: bool = False,
    goes_on: bool = True,
    files: Files | None = None,
    outputs: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Show a run's progress, or its log with `log`, and its result; exit with 1 if it failed.

    If the user interrupts and `goes_on` is false, the caller stops the run. `outputs` are saved,
    if the run succeeded, each to its target.
    """
    log_ends: dict[str, str] = {}
    try:
        if log:
            for task in connection.runs.get(run=made.id).tasks:
                log_ends[task.node] = print_log(connection, made.id, task.node, follow=True)
        detail = Followed(connection, made.id).watch(quiet=as_json or log)
    except KeyboardInterrupt:
        if goes_on:
            stop = follow_up(f"nbyard runs cancel {made.number}")
            print_note(f"\nThe run goes on. {stop} stops it.")
        sys.exit(130)
    if as_json:
        show_json(detail)
    else:
        _conclude(detail, target, log_ends, is_kept=goes_on)
        for task in detail.tasks if goes_on and not files else ():
            for line in other_file_lines(detail.run.number, task):
                print_note(line)
    if files:
        save_files(connection, made.id, detail.tasks, files.folder, overwrite=files.overwrite)
    if detail.run.state != "succeeded":
        raise click.exceptions.Exit(1)
    save_outputs(connection, detail.tasks, outputs)


class Followed:
    """A run that is polled; each request fetches only what changed."""

    def __init__(self, connection: Any, run_id: str):
        self._connection = connection
        self._run_id = run_id
        self._tasks: dict[str, Task] = {}
        self._since = 0

    def watch(self, quiet: bool) -> RunDetail:
        """Show the progress until the run ends; with `quiet`, only wait."""
        usual: dict[str, Usual] = {}
        again = time.monotonic() + ESTIMATED_AFTER_SECONDS
        pause, runs = FIRST_LOOK_SECONDS, self._connection.runs
        self._connection.wait(0)  # the first call only starts to listen for changes
        with Progress(quiet) as progress:
            while True:
                self._connection.wait(pause)
                # A short run is reported soon, and a long one costs few requests.
                pause = min(2 * pause, LOOK_SECONDS)
                detail = self.fetch_run()
                if not quiet and time.monotonic() >= again:
                    again = time.monotonic() + ESTIMATED_EVERY_SECONDS
                    usual |= runs.estimate(run=self._run_id).nodes
                progress.show(detail, usual)
                if detail.run.state in ENDED:
                    ended: RunDetail = runs.get(run=self._run_id) if quiet else detail
                    return ended

    def fetch_run(self) -> RunDetail:
        """Return the run as it is now."""
        first = page = self._ask(after="")
        news = [*page.items]
        while page.next:
            page = self._ask(after=page.next)
            news += page.items
        # Tasks that change while further pages are read are then fetched again.
        self._since = first.last
        self._tasks |= {task.node: task for task in news}
        if not news:  # reasons for waiting change without an event, so fetch the run
            detail: RunDetail = ask_again(self._connection.runs.get, run=self._run_id)
            return detail
        return RunDetail(first.run, list(self._tasks.values()), [])

    def _ask(self, after: str) -> TaskPage:
        asked = {"limit": PAGE, "after": after, "since": self._since}
        page: TaskPage = ask_again(self._connection.runs.tasks, run=self._run_id, **asked)
        return page


def _conclude(
    detail: RunDetail, target: str, log_ends: Mapping[str, str], *, is_kept: bool
) -> None:
    run = detail.run
    print_note(
        f"Run {run.number} {run.state} in {format_duration(run.started_at, run.finished_at)}."
    )
    failed = [task for task in detail.tasks if task.state == "failed"]
    for task in detail.tasks:
        if task in failed[:MOST_EXPLAINED]:
            explain_failure(run.number, task, log_ends.get(task.node, ""), is_kept=is_kept)
        if task.reason and task.reason.code.startswith("map-") and task.element is None:
            print_note(f"{task.node}: {task.why}")
        is_shown = task.state == "succeeded" and task.element is None
        for artifact in task.artifacts if is_shown else ():
            if artifact.name.isidentifier():
                line = f"{task.node}.{artifact.name}  {format_size(artifact.size_bytes)}"
                click.echo(f"{line}  {artifact.digest}")
    if more := len(failed[MOST_EXPLAINED:]):
        print_note(f"{more} more failed: {follow_up(f'nbyard runs show {run.number}')}")
    if is_kept and run.state != "succeeded" and not any(task.missing for task in detail.tasks):
        retry = follow_up(f"nbyard runs retry {run.number}")
        print_note(f"To continue from there with the same code: {retry}")
    is_new = run.number == 1  # users with more runs know JupyterLab's command
    is_here = ":" not in target and not chosen_server()
    if is_new and is_here and target.endswith(".nbflow"):
        root = " --allow-root" if os.geteuid() == 0 else ""
        command = f"jupyter lab{root} {shlex.quote(target)}"
        # Terminals of JupyterLab find nbyard only in an active environment.
        active = (os.environ.get("VIRTUAL_ENV"), os.environ.get("CONDA_PREFIX"), sys.base_prefix)
        script = Path(sys.executable).with_name("activate")
        if sys.prefix not in active and script.is_file():
            command = f". {shlex.quote(os.path.relpath(script))} && {command}"
        print_note(f"Open it in JupyterLab: {command}")


def explain_failure(number: int, task: Task, log_end: str, *, is_kept: bool) -> None:
    """Print why a task failed; `log_end` is the end of its printed log, which is not repeated."""
    failure = task.failure
    if failure is None:
        print_note(f"{task.title}: {task.why}")
        return
    place = f", cell {failure.cell + 1}" if failure.cell is not None else ""
    print_note(f"{task.title} failed{place}: {failure.message}")
    lines = failure.traceback.splitlines()
    was_told = "\n".join(lines).strip() in "\n".join(log_end.splitlines())
    if len(lines) > TRACEBACK_LINES:
        # Keep the notebook's frame and the end, without the libraries between.
        own = next((n for n, line in enumerate(lines) if "Cell In[" in COLOURS.sub("", line)), None)
        if own is None or own >= len(lines) - TRACEBACK_LINES:
            lines = lines[-TRACEBACK_LINES:]
        else:
            half = TRACEBACK_LINES // 2
            lines = [*lines[own : own + half], "…", *lines[-half:]]
    for line in () if was_told else lines:
        print_note(f"  {line}")
    if not is_kept:
        return
    executed = Path(task.attempts[-1].folder if task.attempts else "", EXECUTED)
    is_here = executed.is_absolute() and executed.exists()
    if is_here or failure.executed_cell is not None:
        there = executed if is_here else follow_up(f"nbyard runs cells {number} {task.node}")
        print_note(f"The executed notebook up to the failure: {there}")
    print_note(f"Its log: {follow_up(f'nbyard runs log {number} {task.node}')}")
    if lack := task.missing:
        name = shlex.quote(lack.environment or "NAME")
        verb = "install" if lack.environment else "create"
        add = follow_up(f"nbyard environments {verb} {name} {' '.join(lack.packages)}")
        retry = follow_up(f"nbyard runs retry {number} --environment {name}")
        print_note(f"To add it: {add} && {retry}")
