"""`%nbyard`: run, datasets and runs from a notebook."""

import shlex
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class

from nbyard.domain.runs import NewRun, RunDetail
from nbyard.errors import NbyardError

ENDED = ("succeeded", "failed", "cancelled")
HELP = """%nbyard dataset NAME            the path of a dataset
%nbyard run FILE -p NAME=VALUE  run a notebook, script or workflow and wait for its end"""


class FinishedRun:
    """What `%nbyard run` gives back: shown as a table, with the outputs' paths by name."""

    def __init__(self, detail: RunDetail, outputs: dict[str, str]):
        self.detail = detail
        self.state = detail.run.state
        self.outputs = outputs

    def __repr__(self) -> str:
        head = f"run {self.detail.run.number} {self.state}"
        lines = [f"  {task.node}: {_word(task)}" for task in self.detail.tasks]
        return "\n".join([head, *lines])


def _word(task: Any) -> str:
    told = task.failure.message if task.failure else ""
    return ("cached" if task.cached else task.state) + (f", {told}" if told else "")


@magics_class
class NbyardMagics(Magics):
    """Registered by `%load_ext nbyard`."""

    @line_magic
    def nbyard(self, line: str) -> Any:
        """Run things and open datasets: `%nbyard dataset NAME`, `%nbyard run FILE -p a=1`."""
        verb, *rest = shlex.split(line) or ["help"]
        if verb in ("dataset", "datasets") and len(rest) == 1:
            return self._guarded(self._dataset, rest[0])
        if verb == "run" and rest:
            return self._guarded(self._run, *rest)
        raise UsageError(HELP)

    def _guarded(self, call: Any, *arguments: str) -> Any:
        try:
            return call(*arguments)
        except NbyardError as error:
            raise UsageError(f"{error.message} {error.hint}".strip()) from None

    def _dataset(self, name: str) -> str:
        """The path of the current version: a file, or the folder where it is one."""
        from nbyard.discover import Local

        connection = Local()
        found = connection.datasets.get(dataset=name)
        folder = connection.yard.store.folder / "resources" / found.id
        if found.current.state != "ready":
            raise UsageError(f"{name} is {found.current.state}. {found.current.reason}")
        whole = found.current.digest.startswith("tree:")
        return str(folder if whole else folder / found.current.filename)

    def _run(self, target: str, *options: str) -> FinishedRun:
        from nbyard.discover import Local

        connection = Local()
        made = connection.runs.create(body=NewRun(path=target, texts=_texts(list(options))))
        detail = connection.runs.get(run=made.id)
        while detail.run.state not in ENDED:
            connection.wait(0.5)
            detail = connection.runs.get(run=made.id)
        blobs = connection.yard.parts.blobs
        outputs = {
            f"{task.node}.{artifact.name}": str(blobs.path(artifact.digest))
            for task in detail.tasks
            for artifact in task.artifacts
        }
        return FinishedRun(detail, outputs)


def _texts(options: list[str]) -> dict[str, str]:
    texts = {}
    while options:
        flag = options.pop(0)
        if flag != "-p" or not options or "=" not in options[0]:
            raise UsageError(HELP)
        name, _, value = options.pop(0).partition("=")
        texts[name] = value
    return texts


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext nbyard`."""
    shell.register_magics(NbyardMagics)
