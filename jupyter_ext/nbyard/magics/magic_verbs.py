"""The verbs of `%nbyard` and `%%nbyard`."""

import shlex
import sys
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import msgspec
from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class

from nbyard.discover import Local
from nbyard.domain.automations.structs import Fire
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.runs.checks import NewCheckRun
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.state_machines import RUN
from nbyard.errors import NbyardError
from nbyard.magics import register_cells as cells
from nbyard.magics.deploy_verb import deploy
from nbyard.magics.option_words import read_words
from nbyard.magics.results import (
    LISTED,
    Compared,
    Explained,
    FinishedRun,
    ServedModel,
    Shown,
    Traced,
    table_of,
)
from nbyard.magics.schedule_verb import schedule
from nbyard.reasons.structs import reason_text

VERBS = (
    *("dataset", "run", "check", "status", "why", "diff", "lineage"),
    *("schedule", "deploy", "fire"),
)
MOST = 50
HELP = """%nbyard dataset NAME               the path of a dataset
%nbyard run FILE -p NAME=VALUE     run an executable, notebook, script or workflow and wait
%nbyard check FILE                 run a file on a sample, outside history and cache
%nbyard status RUN                 a run and its tasks, by number, name or ID
%nbyard why OLD NEW [NODE.NAME]    why results of two runs differ, or one metric or output
%nbyard lineage ARTIFACT           the sources of an artifact, and its uses
%nbyard diff OLD NEW               parameters, inputs, results, code and packages that differ
%nbyard schedule WHEN [FILE]       run this notebook, or a file, at times such as "weekdays 8:00"
%nbyard deploy TARGET              serve a model: DIR, FILE.py[:CLASS], or RUN NODE.OUTPUT
%nbyard fire TRIGGER NAME=VALUE    fire an automation, with values of parameters
%nbyard runs                       list runs, newest first; also datasets, executables, artifacts
                                   and workflows
%%nbyard executable NAME           register the cell as an executable"""
USAGE = f"Write one of these:\n{HELP}"


@magics_class
class NbyardMagics(Magics):
    """The magics that `%load_ext nbyard` registers."""

    @cached_property
    def connection(self) -> Local:
        """Return a connection to the store of this machine, which is opened at its first use."""
        return Local()

    @property
    def verbs(self) -> list[str]:
        return [*VERBS, *LISTED]

    @line_cell_magic
    def nbyard(self, line: str, cell: str | None = None) -> Any:
        """Run and inspect executables and workflows.

        Use `%nbyard run FILE -p a=1` or `%nbyard runs`. `%%nbyard executable NAME` registers a cell
        as an executable.
        """
        try:
            verb, *rest = shlex.split(line) or ["help"]
        except ValueError as error:
            raise UsageError(f"{error}: {line}") from None
        if verb == "help" and cell is None:
            sys.stdout.write(f"{HELP}\n")
            return None
        try:
            return (
                self._execute_verb(verb, rest) if cell is None else self._of_cell(verb, rest, cell)
            )
        except NbyardError as error:
            # IPython shows a UsageError as one line, without a traceback. The words of a time have
            # no name here, so their reason stands alone.
            is_time = error.details and error.details[0].path == "timing.text"
            raise UsageError(str(error.details[0].why) if is_time else error.words) from None

    def _execute_verb(self, verb: str, argv: list[str]) -> Any:
        """Execute a verb, after checking its number of arguments."""
        calls: dict[str, tuple[Callable[..., Any], range]] = {
            "dataset": (self._dataset, range(1, 2)),
            "run": (self._run, range(1, MOST)),
            "check": (self._check, range(1, 2)),
            "status": (self._status, range(1, 2)),
            "lineage": (self._lineage, range(1, 2)),
            "why": (self._why, range(2, 4)),
            "diff": (self._diff, range(2, 11)),
            "schedule": (self._schedule, range(MOST)),
            "deploy": (self._deploy, range(MOST)),
            "fire": (self._fire, range(1, MOST)),
            **{noun: (partial(self._list, noun), range(1)) for noun in LISTED},
        }
        call, counts = calls.get(verb, (None, range(0)))
        if call is None:
            raise UsageError(USAGE)
        if len(argv) not in counts:
            lines = [line for line in HELP.splitlines() if line.startswith(f"%nbyard {verb} ")]
            raise UsageError(f"Write: {next(iter(lines), f'%nbyard {verb}')}")
        return call(*argv)

    def _of_cell(self, verb: str, argv: list[str], cell: str) -> Any:
        """Register a cell.

        If it defines the function, also run it, so that the user can call it.
        """
        if verb != "executable" or len(argv) > 1:
            raise UsageError(USAGE)
        made = cells.register_cell(self.connection, argv[0] if argv else "", cell)
        if made.executable.current.kind == "function" and self.shell is not None:
            # The history already has this cell, with its magic.
            self.shell.run_cell(cell, store_history=False)  # type: ignore[no-untyped-call]
        return made

    def _list(self, noun: str) -> Shown:
        return table_of(noun, getattr(self.connection, noun).list(limit=MOST).items)

    def _dataset(self, name: str) -> str:
        """Return the path of the file or folder of a dataset's current version."""
        dataset = self.connection.datasets.get(dataset=name)
        # The folder is a link, which leads to the next version once that is ready. The path stays
        # valid if the file of that version has the same name.
        folder = self.connection.yard.store.folder / "resources" / dataset.id
        if dataset.current.state != "ready":
            raise UsageError(
                f"{name} is {dataset.current.state}. {reason_text(dataset.current.reason)}"
            )
        whole = dataset.current.digest.startswith("tree:")
        return str(folder if whole else folder / dataset.current.filename)

    def _run(self, *argv: str) -> FinishedRun:
        parsed = read_words(argv, (), USAGE)
        if len(parsed.arguments) != 1:
            raise UsageError(USAGE)
        target = parsed.arguments[0]
        is_file = Path(split_function_path(target).file).exists()
        named = NewRun(path=target) if is_file else NewRun(executable=target)
        body = msgspec.structs.replace(named, texts=parsed.texts, origin="magic")
        return self._finished(self.connection.runs.create(body=body).id)

    def _check(self, target: str) -> FinishedRun:
        """Run a file on a sample of its data, and return the finished run."""
        body = NewCheckRun(path=target, origin="magic")
        return self._finished(self.connection.runs.check_sample(body=body).id)

    def _finished(self, run: str) -> FinishedRun:
        """Wait for the end of a run, and return it."""
        while self.connection.runs.get(run=run).run.state not in RUN.terminal:
            self.connection.wait(0.5)
        return self._status(run)

    def _fire(self, automation: str, *values: str) -> str:
        """Fire an automation. Return the ID of the firing. The run starts in the background."""
        if not all("=" in word for word in values):
            raise UsageError(USAGE)
        texts = {name: value for name, _, value in (word.partition("=") for word in values)}
        return str(
            self.connection.automations.fire(automation=automation, body=Fire(texts=texts)).id
        )

    def _diff(self, run: str, *others: str) -> Compared:
        return Compared(self.connection.runs.compare(run=run, others=",".join(others)))

    def _schedule(self, *argv: str) -> Shown:
        names = self.shell.user_ns if self.shell is not None else {}
        return schedule(self.connection, names, argv)

    def _deploy(self, *argv: str) -> ServedModel:
        return deploy(self.connection, argv)

    def _why(self, old: str, new: str, result: str = "") -> Explained:
        """Return why results of the run `new` differ from those of the run `old`.

        `result` limits that to a node, or to `NODE.OUTPUT`.
        """
        node, _, name = result.partition(".")
        explanation = self.connection.runs.why(run=new, other=old, node=node)
        if name:
            # a metric and an output may have the same name
            kinds = {
                difference.kind for difference in explanation.results if difference.name == name
            }
            named = {"metric" if "output" not in kinds else "output": name}
            explanation = self.connection.runs.why(run=new, other=old, node=node, **named)
        return Explained(explanation)

    def _lineage(self, artifact: str) -> Traced:
        return Traced(self.connection.lineage.get(kind="artifact", key=artifact))

    def _status(self, run: str) -> FinishedRun:
        detail = self.connection.runs.get(run=run)
        blobs = self.connection.yard.parts.blobs
        outputs = {
            f"{task.node}.{artifact.name}": str(blobs.path(artifact.digest))
            for task in detail.tasks
            for artifact in task.artifacts
        }
        return FinishedRun(detail, outputs)
