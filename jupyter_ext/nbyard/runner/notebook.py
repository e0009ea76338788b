"""Runs the notebook of an attempt in its kernel, as task.json says.

This is a child of the supervisor. It reports its progress through a pipe, one JSON object per line.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import spared
from .folder import BadTask, Folder
from .memory import SECRETS
from .parameters import CannotInject, inject
from .prepared import Lines, put_off, renew, take_on
from .report import Report

if TYPE_CHECKING:
    from .kernel import ForkedKernel
    from .started import StartedKernel

    # A kernel, its client and its language info, as far as they are there.
    Ready = tuple[ForkedKernel | StartedKernel | None, Any, dict[str, Any] | None]
    # A notebook, and the position of each of its cells in the source.
    Opened = tuple[dict[str, Any], list[int | None]]

# A runner that has grown by more than this ends and frees its memory.
MOST_GROWTH_BYTES = 16 * 2**20


class Refused(Exception):
    """The notebook cannot be run. The message is shown to users."""


UNREADABLE = (
    OSError,
    ValueError,
    LookupError,
    NameError,
    TypeError,
    AttributeError,
    RecursionError,
)
UNFIT = (Refused, CannotInject, BadTask)


def main(path: str, descriptor: int, *, is_prepared: bool = False) -> int:
    """Run the notebook of the attempt folder `path`. Report to the pipe `descriptor`."""
    report = Report(descriptor)
    folder = Folder(path)
    try:
        task = folder.task()
        opened = read_notebook(folder, task["work"])
        report.stage("kernel-start")
        kernel = _fork_kernel(task["work"]) if is_prepared else None
        failure = asyncio.run(_run(folder, task, opened, report, kernel))
    except UNFIT as error:
        failure = _failure(error)
    report.end(failure)
    return 0


def main_ahead(kernel: str, descriptor: int, wait: int) -> int:
    """Run like `main`, but prepare the kernel before `wait` names the attempt.

    While the process may stay, repeat this with another kernel.
    """
    from .kernel import ForkedKernel, is_forkable

    report, own, words = Report(descriptor), dict(os.environ), Lines(wait)
    if not is_forkable(kernel):
        return asyncio.run(_stand_by_started(kernel, own["JUPYTER_RUNTIME_DIR"], report, words))
    largest = _resident_bytes() + MOST_GROWTH_BYTES
    while True:
        forked = ForkedKernel(os.environ["JUPYTER_RUNTIME_DIR"], is_ahead=True)
        if not asyncio.run(_stand_by(kernel, forked, report, words, largest)):
            return 1
        again = words.next()
        if not again:
            return 0  # no further attempt is expected
        renew({**own, "JUPYTER_RUNTIME_DIR": json.loads(again)["scratch"]})
        # garbage collected later, in a fork, could close descriptors that were reused by then
        gc.collect()


async def _stand_by(
    kernel: str, forked: ForkedKernel, report: Report, words: Lines, largest: int
) -> bool:
    """Wait for an attempt and run it. Return whether the process stays for another one.

    It does not stay if it holds more memory than `largest`, in bytes.
    """
    from .kernel import readable

    client = spared.session().prepared_client(kernel)
    language_info = await forked.connect(client)
    is_there = language_info is not None
    if is_there:
        report.send({"type": "ready"})
    if is_there and not words.has_come:
        ended = asyncio.ensure_future(forked.wait())
        called = asyncio.ensure_future(readable(words.descriptor))
        await asyncio.wait({ended, called}, return_when=asyncio.FIRST_COMPLETED)
        is_there = not ended.done()
        ended.cancel()
    line = words.next() if is_there else words.last()
    if not line:
        return False  # no attempt came
    told = json.loads(line)
    take_on(told)
    if not is_there:
        return await _serve(told, report, (None, None, None))
    forked.release(line)
    return await _serve(told, report, (forked, client, language_info), largest)


async def _stand_by_started(kernel: str, scratch: str, report: Report, words: Lines) -> int:
    """Wait for an attempt with a kernel that cannot be forked, then run it.

    If that kernel is not usable when the attempt comes, start another one.
    """
    from .foreign import ForeignKernel

    client = spared.session().prepared_client(kernel)
    foreign = ForeignKernel(kernel, scratch)
    language_info = await foreign.come_up(client)
    if language_info is not None:
        report.send({"type": "ready"})
        await foreign.stay_until(words.descriptor)
    line = words.last()
    if not line:
        return 1
    told = json.loads(line)
    take_on(told)
    if language_info is not None and await foreign.claim(told):
        return await _serve(told, report, (foreign, client, language_info))
    report.stage("kernel-start")
    await foreign.end(client.kc, kindly=False)
    return await _serve(told, report, (None, None, None))


async def _serve(told: dict[str, Any], report: Report, ready: Ready, largest: int = 0) -> bool:
    """Run the given attempt. Return whether this process stays for another one."""
    from .kernel import ForkedKernel

    folder, kernel, stays = Folder(told["environment"]["NBYARD_ATTEMPT"]), ready[0], False
    try:
        task = folder.task()
        session = _session(folder, task, read_notebook(folder, task["work"]), ready)
        wishes = Wishes(session.interrupt)
        failure = await _go_through(session, report)
        # the next kernel would be forked from a process that knows these secrets
        may_stay = told["may_stay"] and not folder.has(SECRETS)
        if failure is None and may_stay and isinstance(kernel, ForkedKernel):
            stays = _put_off(kernel, wishes, largest)
    except UNFIT as error:
        failure = _failure(error)
    report.end(failure, used=_used(kernel), stays=stays)
    if stays:
        return True
    sys.stdout.flush()
    os._exit(0)  # skips the teardown of the event loop, which would only take time


def _put_off(kernel: ForkedKernel, wishes: Wishes, largest: int) -> bool:
    """Detach from the attempt. Return False if the next attempt could notice this one."""
    was_asked = wishes.close()
    if was_asked or kernel.exit_code != 0 or len(os.listdir("/proc/self/task")) > 1:
        return False
    if _resident_bytes() > largest:
        return False
    put_off()
    os.set_blocking(1, True)  # the kernel shares this pipe and could have changed it
    return True


def _resident_bytes() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def _used(kernel: Any) -> dict[str, float]:
    """Return the CPU time of this process and its kernels so far, and this kernel's memory."""
    own, children = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    seconds = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    return {"cpu_seconds": seconds, "max_rss_bytes": getattr(kernel, "max_rss_bytes", 0)}


def _failure(error: Exception) -> dict[str, Any]:
    return {"kind": "preparation", "message": str(error)}


def read_notebook(folder: Folder, work: dict[str, Any]) -> tuple[dict[str, Any], list[int | None]]:
    """Return the notebook with its parameters and without outputs, and the cells' positions.

    A position is the cell's index in the source, None for the injected cell.
    """
    path = folder.inside(work["path"])
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
        notebook = json.loads(text)
        if notebook["nbformat"] < 4:
            notebook = _upgraded(text)
        if notebook["nbformat"] != 4 or not isinstance(notebook["metadata"], dict):
            raise Refused(f"{work['path']} is not a notebook of format 4")
        for cell in notebook["cells"]:
            if isinstance(cell["source"], list):
                cell["source"] = "".join(cell["source"])
            if cell["cell_type"] == "code":
                cell.update(outputs=[], execution_count=None)
        places = inject(notebook, work.get("language") or "", folder.expand(work["parameters"]))
    except UNREADABLE as error:
        raise Refused(f"{work['path']} cannot be read as a notebook: {error}") from error
    if work["parameters"]:
        notebook["metadata"]["papermill"] = {"parameters": folder.expand(work["parameters"])}
    return dict(notebook), places


def _upgraded(text: str) -> dict[str, Any]:
    """Convert a notebook of format 1 to 3 to format 4. Its file stays as it is."""
    try:
        found: dict[str, Any] = spared.session().upgraded(text)
    except ImportError as error:
        raise Refused(f"notebooks cannot be run here: {error}") from error
    return found


def _fork_kernel(work: dict[str, Any]) -> ForkedKernel | None:
    """Return a fork of this process as kernel, or None if a spawned kernel would differ."""
    from .kernel import ForkedKernel, is_forkable

    if not is_forkable(work.get("kernel") or "python3"):
        return None
    return ForkedKernel(os.environ["JUPYTER_RUNTIME_DIR"])


async def _run(
    folder: Folder,
    task: dict[str, Any],
    opened: Opened,
    report: Report,
    kernel: ForkedKernel | None,
) -> dict[str, Any] | None:
    session = _session(folder, task, opened, (kernel, None, None))
    Wishes(session.interrupt)
    return await _go_through(session, report)


def _session(folder: Folder, task: dict[str, Any], opened: Opened, ready: Ready) -> Any:
    try:
        return spared.session().Session(folder, task, opened, ready)
    except ImportError as error:
        raise Refused(f"notebooks cannot be run here: {error}") from error


async def _go_through(session: Any, report: Report) -> dict[str, Any] | None:
    from .started import KernelEnded, KernelMissing

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


class Wishes:
    """Requests to stop, from signals. Cheaper to set up than the loop's own handlers."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._has_heard = False
        self._hear, self._tell = os.pipe()
        for end in (self._hear, self._tell):
            os.set_blocking(end, False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self._tell, warn_on_full_buffer=False)
        asyncio.get_running_loop().add_reader(self._hear, self._listen)

    def _listen(self) -> None:
        os.read(self._hear, 4096)
        self._has_heard = True
        self._call()

    def close(self) -> bool:
        """Restore the default signal handlers. Return whether a request to stop had come."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.set_wakeup_fd(-1)
        asyncio.get_running_loop().remove_reader(self._hear)
        was_asked = self._has_heard or bool(select.select([self._hear], [], [], 0)[0])
        for end in (self._hear, self._tell):
            os.close(end)
        return was_asked


async def run_cells(session: Any, report: Report) -> dict[str, Any] | None:
    """Run code cells up to one that fails or exits. Return the failure, or None."""
    session.save_within()
    cells = session.code_cells()
    for index in cells:
        started = time.monotonic()
        report.cell(session.progress(index), "running")
        failure = await session.run_cell(index)
        is_last = failure is not None or session.has_exited or index == cells[-1]
        if not is_last:
            session.save_within()
        state, seconds = "failed" if failure else "done", time.monotonic() - started
        report.cell(session.progress(index), state, seconds, more_to_come=not is_last)
        if failure:
            return dict(failure)
        if session.interrupted:
            return {"kind": "cancelled", "message": "interrupted", **session.place(index)}
        if session.has_exited:
            break
    return None
