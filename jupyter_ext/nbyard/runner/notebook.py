"""Runs the notebook of an attempt in its kernel; a child of the supervisor, told what to do by
task.json and telling what happens through a pipe, one JSON object a line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

from .folder import BadTask, Folder
from .parameters import CannotInject, inject
from .prepared import SLOW_AND_UNUSED

if TYPE_CHECKING:
    from .kernel import ForkedKernel


class Refused(Exception):
    """The notebook cannot be run; the text is for people."""


class Report:
    """The pipe to the supervisor."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "w", encoding="utf-8")

    def send(self, message: dict[str, Any]) -> None:
        self._file.write(json.dumps(message) + "\n")
        self._file.flush()

    def stage(self, name: str) -> None:
        self.send({"type": "stage", "stage": name})

    def cell(self, place: dict[str, int], state: str, seconds: float | None = None) -> None:
        more = {} if seconds is None else {"seconds": round(seconds, 3)}
        self.send({"type": "cell", **place, "state": state, **more})

    def end(self, failure: dict[str, Any] | None) -> None:
        self.send({"type": "end", "failure": failure})


def main(path: str, descriptor: int, *, is_prepared: bool = False) -> int:
    os.set_inheritable(descriptor, False)
    report = Report(descriptor)
    folder = Folder(path)
    try:
        task = folder.task()
        opened = read_notebook(folder, task["work"])
        report.stage("kernel-start")
        kernel = _fork_kernel(task["work"]) if is_prepared else None
        failure = asyncio.run(_run(folder, task, opened, report, kernel))
    except (Refused, CannotInject, BadTask) as error:
        failure = {"kind": "preparation", "message": str(error)}
    report.end(failure)
    return 0


def read_notebook(folder: Folder, work: dict[str, Any]) -> tuple[dict[str, Any], list[int | None]]:
    """The notebook with its values, without the outputs of former runs; and where each of its
    cells stands in the source, None for the one with the values."""
    path = folder.inside(work["path"])
    try:
        with open(path, encoding="utf-8-sig") as file:
            notebook = json.load(file)
        if notebook["nbformat"] != 4 or not isinstance(notebook["metadata"], dict):
            raise Refused(f"{work['path']} is not a notebook of format 4")
        for cell in notebook["cells"]:
            if isinstance(cell["source"], list):
                cell["source"] = "".join(cell["source"])
            if cell["cell_type"] == "code":
                cell.update(outputs=[], execution_count=None)
        places = inject(notebook, work.get("language") or "", folder.expand(work["parameters"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(f"{work['path']} cannot be read as a notebook: {error}") from error
    if work["parameters"]:
        notebook["metadata"]["papermill"] = {"parameters": folder.expand(work["parameters"])}
    return dict(notebook), places


def _fork_kernel(work: dict[str, Any]) -> ForkedKernel | None:
    """The kernel as a fork of this process, where that is the same as starting it."""
    from .kernel import ForkedKernel, is_forkable

    if not is_forkable(work.get("kernel") or "python3"):
        return None
    return ForkedKernel(os.environ["JUPYTER_RUNTIME_DIR"])


async def _run(
    folder: Folder,
    task: dict[str, Any],
    opened: tuple[dict[str, Any], list[int | None]],
    report: Report,
    kernel: ForkedKernel | None,
) -> dict[str, Any] | None:
    if SLOW_AND_UNUSED not in sys.modules:
        sys.modules[SLOW_AND_UNUSED] = None  # type: ignore[assignment]
    try:
        from .session import KernelEnded, KernelMissing, Session
    except ImportError as error:
        raise Refused(f"notebooks cannot be run here: {error}") from error
    session = Session(folder, task, *opened, kernel)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, session.interrupt)
    loop.add_signal_handler(signal.SIGINT, session.interrupt)
    try:
        await session.start()
        report.stage("running")
        failure = await _run_cells(session, report)
        if failure is None:
            await session.finish()
    except KernelMissing as error:
        raise Refused(str(error)) from error
    except KernelEnded as error:
        failure = {"kind": "kernel-died", "message": str(error), **session.place()}
    await session.close(failure is None)
    session.save()
    return failure


async def _run_cells(session: Any, report: Report) -> dict[str, Any] | None:
    session.save()
    for index in session.code_cells():
        started = time.monotonic()
        report.cell(session.progress(index), "running")
        failure = await session.run_cell(index)
        state = "failed" if failure else "done"
        session.save(hurry=failure is None)
        report.cell(session.progress(index), state, time.monotonic() - started)
        if failure:
            return dict(failure)
        if session.interrupted:
            return {"kind": "cancelled", "message": "interrupted", **session.place(index)}
    return None
