"""Runs the notebook of an attempt in its kernel; a child of the supervisor, told what to do by
task.json and telling what happens through a pipe, one JSON object a line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from . import spared
from .folder import BadTask, Folder
from .parameters import CannotInject, inject
from .prepared import read_whole, take_on
from .report import Report

if TYPE_CHECKING:
    from .kernel import ForkedKernel


class Refused(Exception):
    """The notebook cannot be run; the text is for people."""


UNFIT = (Refused, CannotInject, BadTask)


def main(path: str, descriptor: int, *, is_prepared: bool = False) -> int:
    report = Report(descriptor)
    folder = Folder(path)
    try:
        task = folder.task()
        opened = read_notebook(folder, task["work"])
        report.stage("kernel-start")
        kernel = _fork_kernel(task["work"]) if is_prepared else None
        failure = asyncio.run(_run(folder, task, opened, report, (kernel, None, None)))
    except UNFIT as error:
        failure = _failure(error)
    report.end(failure)
    return 0


def main_ahead(kernel: str, descriptor: int, wait: int) -> int:
    """As `main`, with the kernel made before `wait` says of which attempt it is."""
    from .kernel import ForkedKernel

    report = Report(descriptor)
    forked = ForkedKernel(os.environ["JUPYTER_RUNTIME_DIR"], is_ahead=True)
    return asyncio.run(_stand_by(kernel, forked, report, wait))


async def _stand_by(kernel: str, forked: ForkedKernel, report: Report, wait: int) -> int:
    from .kernel import readable

    client = spared.session().prepared_client(kernel)
    language_info = await forked.connect(client)
    if language_info is None:
        return 1
    report.send({"type": "ready"})
    ended = asyncio.ensure_future(forked.wait())
    called = asyncio.ensure_future(readable(wait))
    await asyncio.wait({ended, called}, return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        return 1
    ended.cancel()
    words = read_whole(wait)
    if not words:
        return 0  # nobody wants it
    told = json.loads(words)
    take_on(told)
    forked.release(words)
    folder = Folder(told["environment"]["NBYARD_ATTEMPT"])
    try:
        task = folder.task()
        opened = read_notebook(folder, task["work"])
        ready = (forked, client, language_info)
        failure = await _run(folder, task, opened, report, ready)
    except UNFIT as error:
        failure = _failure(error)
    report.end(failure)
    return 0


def _failure(error: Exception) -> dict[str, Any]:
    return {"kind": "preparation", "message": str(error)}


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
    kernel: tuple[ForkedKernel | None, Any, dict[str, Any] | None],
) -> dict[str, Any] | None:
    from .started import KernelEnded, KernelMissing

    try:
        session = spared.session().Session(folder, task, opened, kernel)
    except ImportError as error:
        raise Refused(f"notebooks cannot be run here: {error}") from error
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, session.interrupt)
    loop.add_signal_handler(signal.SIGINT, session.interrupt)
    try:
        await session.start()
        report.stage("running")
        failure = await _run_cells(session, report)
        if failure is None:
            session.finish()
    except KernelMissing as error:
        raise Refused(str(error)) from error
    except KernelEnded as error:
        failure = {"kind": "kernel-died", "message": str(error), **session.place()}
    session.save()
    await session.close(failure is None)
    return failure


async def _run_cells(session: Any, report: Report) -> dict[str, Any] | None:
    session.save(at_first=True)
    cells = session.code_cells()
    for index in cells:
        started = time.monotonic()
        report.cell(session.progress(index), "running")
        failure = await session.run_cell(index)
        is_last = failure is not None or index == cells[-1]
        if not is_last:
            session.save(hurry=True)
        state, seconds = "failed" if failure else "done", time.monotonic() - started
        report.cell(session.progress(index), state, seconds, more_to_come=not is_last)
        if failure:
            return dict(failure)
        if session.interrupted:
            return {"kind": "cancelled", "message": "interrupted", **session.place(index)}
    return None
