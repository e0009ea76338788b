"""Runs the notebook of an attempt in its kernel; a child of the supervisor, told what to do by
task.json and telling what happens through a pipe, one JSON object a line."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import spared
from .folder import BadTask, Folder
from .parameters import CannotInject, inject
from .prepared import read_whole, take_on
from .report import Report

if TYPE_CHECKING:
    from .kernel import ForkedKernel
    from .started import StartedKernel

    # A kernel, its client, and what it told of its language, as far as they are there.
    Ready = tuple[ForkedKernel | StartedKernel | None, Any, dict[str, Any] | None]


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
    from .kernel import ForkedKernel, is_forkable

    report, scratch = Report(descriptor), os.environ["JUPYTER_RUNTIME_DIR"]
    if not is_forkable(kernel):
        return asyncio.run(_stand_by_started(kernel, scratch, report, wait))
    forked = ForkedKernel(scratch, is_ahead=True)
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
    return await _serve(told, report, (forked, client, language_info))


async def _stand_by_started(kernel: str, scratch: str, report: Report, wait: int) -> int:
    """The same with a kernel that no fork can be. Where it cannot be had when it is wanted, one
    is started then."""
    from .foreign import ForeignKernel

    client = spared.session().prepared_client(kernel)
    foreign = ForeignKernel(kernel, scratch)
    language_info = await foreign.come_up(client)
    if language_info is not None:
        report.send({"type": "ready"})
        await foreign.stay_until(wait)
    words = read_whole(wait) if select.select([wait], [], [], 0)[0] else b""
    if not words:
        return 1
    told = json.loads(words)
    take_on(told)
    if language_info is not None and await foreign.claim(told):
        return await _serve(told, report, (foreign, client, language_info))
    report.stage("kernel-start")
    await foreign.end(client.kc, kindly=False)
    return await _serve(told, report, (None, None, None))


async def _serve(told: dict[str, Any], report: Report, ready: Ready) -> int:
    """The attempt that was told of."""
    folder = Folder(told["environment"]["NBYARD_ATTEMPT"])
    try:
        task = folder.task()
        opened = read_notebook(folder, task["work"])
        failure = await _run(folder, task, opened, report, ready)
    except UNFIT as error:
        failure = _failure(error)
    report.end(failure)
    sys.stdout.flush()
    os._exit(0)  # all is said; to take the loop apart is for nobody


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
    kernel: Ready,
) -> dict[str, Any] | None:
    from .started import KernelEnded, KernelMissing

    try:
        session = spared.session().Session(folder, task, opened, kernel)
    except ImportError as error:
        raise Refused(f"notebooks cannot be run here: {error}") from error
    _when_asked_to_end(session.interrupt)
    try:
        await session.start()
        report.stage("running")
        failure = await run_cells(session, report)
        if failure is None:
            session.finish()
    except KernelMissing as error:
        raise Refused(str(error)) from error
    except KernelEnded as error:
        failure = {"kind": "kernel-died", "message": str(error), **session.place()}
    session.save()
    await session.close(failure is None)
    return failure


def _when_asked_to_end(call: Callable[[], None]) -> None:
    """As the loop's own handlers of signals, which look at all that there are."""
    hear, tell = os.pipe()

    def listen() -> None:
        os.read(hear, 4096)
        call()

    for end in (hear, tell):
        os.set_blocking(end, False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    asyncio.get_running_loop().add_reader(hear, listen)


async def run_cells(session: Any, report: Report) -> dict[str, Any] | None:
    """All code cells, up to the first that fails: what went wrong then."""
    session.save_within()
    cells = session.code_cells()
    for index in cells:
        started = time.monotonic()
        report.cell(session.progress(index), "running")
        failure = await session.run_cell(index)
        is_last = failure is not None or index == cells[-1]
        if not is_last:
            session.save_within()
        state, seconds = "failed" if failure else "done", time.monotonic() - started
        report.cell(session.progress(index), state, seconds, more_to_come=not is_last)
        if failure:
            return dict(failure)
        if session.interrupted:
            return {"kind": "cancelled", "message": "interrupted", **session.place(index)}
    return None
