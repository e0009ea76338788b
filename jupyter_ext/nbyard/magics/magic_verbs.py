"""The verbs of `%nbyard` and `%%nbyard`."""

import shlex
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class

from nbyard.discover import Local
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.runs.checks import NewCheckRun
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.triggers.structs import Fire
from nbyard.errors import NbyardError
from nbyard.magics import register_cells as cells
from nbyard.magics.results import LISTED, Explained, FinishedRun, Shown, Traced, table_of
from nbyard.reasons.structs import reason_text

ENDED = ("succeeded", "failed", "cancelled")
MOST = 50
HELP = """%nbyard dataset NAME            the path of a dataset
%nbyard run FILE -p NAME=VALUE  run an executable, notebook, script or workflow and wait
%nbyard check FILE              run a file on a sample, outside history and cache
%nbyard status RUN              a run and its tasks, by number, name or id
%nbyard why OLD NEW [NODE.NAME] why results of two runs differ, or one metric or output
%nbyard lineage ARTIFACT        what an artifact comes from, and what was made with it
%nbyard fire TRIGGER NAME=VALUE fire a trigger, with values of parameters
%nbyard runs, datasets, executables, artifacts, workflows   what there is, newest first
%%nbyard executable NAME        the cell becomes an executable"""


@magics_class
class NbyardMagics(Magics):
    """The magics that `%load_ext nbyard` registers."""

    @cached_property
    def connection(self) -> Local:
        """Return the store of this machine, opened at its first use."""
        return Local()

    @property
    def verbs(self) -> list[str]:
        return ["dataset", "run", "check", "status", "why", "lineage", "fire", *LISTED]

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
        try:
            return self._done(verb, rest) if cell is None else self._of_cell(verb, rest, cell)
        except NbyardError as error:
            raise UsageError(error.words) from None

    def _done(self, verb: str, words: list[str]) -> Any:
        of_one = {
            "dataset": self._dataset,
            "check": self._check,
            "status": self._status,
            "lineage": self._lineage,
        }
        if verb in of_one and len(words) == 1:
            return of_one[verb](words[0])
        if verb == "run" and words:
            return self._run(*words)
        if verb == "why" and len(words) in (2, 3):
            return self._why(*words)
        if verb == "fire" and words and all("=" in word for word in words[1:]):
            return self._fire(*words)
        if verb in LISTED and not words:
            return self._list(verb)
        raise UsageError(HELP)

    def _of_cell(self, verb: str, words: list[str], cell: str) -> Any:
        """Register a cell; run a cell with a function too, so that the user can call it."""
        if verb != "executable" or len(words) > 1:
            raise UsageError(HELP)
        made = cells.register_cell(self.connection, words[0] if words else "", cell)
        if made.executable.current.kind == "function" and self.shell is not None:
            self.shell.run_cell(cell, store_history=False)  # type: ignore[no-untyped-call]
        return made

    def _list(self, noun: str) -> Shown:
        return table_of(noun, getattr(self.connection, noun).list(limit=MOST).items)

    def _dataset(self, name: str) -> str:
        """Return the path of the current version, a file or a folder."""
        found = self.connection.datasets.get(dataset=name)
        folder = self.connection.yard.store.folder / "resources" / found.id
        if found.current.state != "ready":
            raise UsageError(
                f"{name} is {found.current.state}. {reason_text(found.current.reason)}"
            )
        whole = found.current.digest.startswith("tree:")
        return str(folder if whole else folder / found.current.filename)

    def _run(self, target: str, *options: str) -> FinishedRun:
        texts: dict[str, str] = {}
        left = list(options)
        while left:
            flag = left.pop(0)
            if flag != "-p" or not left or "=" not in left[0]:
                raise UsageError(HELP)
            name, _, value = left.pop(0).partition("=")
            texts[name] = value
        is_file = Path(split_function_path(target).file).exists()
        named = NewRun(path=target) if is_file else NewRun(executable=target)
        body = msgspec.structs.replace(named, texts=texts, origin="magic")
        return self._finished(self.connection.runs.create(body=body).id)

    def _check(self, target: str) -> FinishedRun:
        """Run a file on a sample of its data."""
        body = NewCheckRun(path=target, origin="magic")
        return self._finished(self.connection.runs.check_sample(body=body).id)

    def _finished(self, run: str) -> FinishedRun:
        """Wait for the end of a run."""
        while self.connection.runs.get(run=run).run.state not in ENDED:
            self.connection.wait(0.5)
        return self._status(run)

    def _fire(self, trigger: str, *values: str) -> str:
        """Fire a trigger; return the ID of the firing. The run starts in the background."""
        texts = {name: value for name, _, value in (word.partition("=") for word in values)}
        return str(self.connection.triggers.fire(trigger=trigger, body=Fire(texts=texts)).id)

    def _why(self, old: str, new: str, result: str = "") -> Explained:
        """Return why results of a run differ from those of an older run."""
        node, _, name = result.partition(".")
        found = self.connection.runs.why(run=new, other=old, node=node)
        if name:
            # a metric and an output may have the same name
            kinds = {one.kind for one in found.results if one.name == name}
            named = {"metric" if "output" not in kinds else "output": name}
            found = self.connection.runs.why(run=new, other=old, node=node, **named)
        return Explained(found)

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
