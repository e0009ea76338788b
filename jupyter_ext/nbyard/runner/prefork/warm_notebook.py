"""Runs a notebook in a process that prepared its kernel before the attempt was known."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import sys
from typing import TYPE_CHECKING, Any

from ..attempt_folder import AttemptFolder
from ..kernels import kernel_imports
from ..kernels.forked_kernel import ForkedKernel
from ..kernels.specifications import is_forkable
from ..process.environ_stamps import adopt_attempt, put_off
from ..process.forks import become_own_process
from ..process.pipes import Lines, wait_readable
from ..secret_files import SECRETS
from ..work.run_notebook import (
    UNFIT,
    StopRequests,
    go_through,
    open_session,
    preparation_failure,
    read_notebook,
)
from ..work.status_pipe import Report
from .warm_foreign_kernel import ForeignKernel

if TYPE_CHECKING:
    from ..work.run_notebook import Ready

# A runner that has grown by more than this ends and frees its memory.
MOST_GROWTH_BYTES = 16 * 2**20


def main(kernel: str, descriptor: int, wait: int) -> int:
    """Prepare a kernel, wait for an attempt on the descriptor `wait`, and run its notebook.

    `descriptor` is the pipe for reports. The process repeats this for further attempts as long as
    it may. Return the exit status.
    """
    report, own, lines = Report(descriptor), dict(os.environ), Lines(wait)
    if not is_forkable(kernel):
        return asyncio.run(_stand_by_spawned(kernel, own["JUPYTER_RUNTIME_DIR"], report, lines))
    largest = _resident_bytes() + MOST_GROWTH_BYTES
    while True:
        forked = ForkedKernel(os.environ["JUPYTER_RUNTIME_DIR"], is_ahead=True)
        if not asyncio.run(stand_by(kernel, forked, report, lines, largest)):
            return 1
        again = lines.next()
        if not again:
            return 0  # no further attempt is expected
        become_own_process({**own, "JUPYTER_RUNTIME_DIR": json.loads(again)["scratch"]})
        # garbage collected later, in a fork, could close descriptors that were reused by then
        gc.collect()


async def stand_by(
    kernel: str, forked: ForkedKernel, report: Report, lines: Lines, largest: int
) -> bool:
    """Wait for an attempt with a forked kernel and run it.

    Return whether the process stays. It stays for another attempt only if it uses at most `largest`
    bytes of memory.
    """
    client = kernel_imports.session().client_for(kernel)
    language_info = await forked.connect(client)
    is_there = language_info is not None
    if is_there:
        report.send({"type": "ready"})
    if is_there and not lines.has_come:
        ended = asyncio.ensure_future(forked.wait())
        called = asyncio.ensure_future(wait_readable(lines.descriptor))
        await asyncio.wait({ended, called}, return_when=asyncio.FIRST_COMPLETED)
        is_there = not ended.done()
        ended.cancel()
    # If the kernel has ended, a later writer gets an error and chooses another supervisor.
    line = lines.next() if is_there else lines.read_last()
    if not line:
        return False  # no attempt came
    attempt = json.loads(line)
    adopt_attempt(attempt)
    if not is_there:
        return await _serve(attempt, report, (None, None, None))
    forked.release(line)
    return await _serve(attempt, report, (forked, client, language_info), largest)


async def _stand_by_spawned(kernel: str, scratch: str, report: Report, lines: Lines) -> int:
    """Start a kernel that cannot be forked, wait for an attempt and run it.

    If that kernel cannot be used for the attempt, another one is started. Return 1 if no attempt
    comes.
    """
    client = kernel_imports.session().client_for(kernel)
    foreign = ForeignKernel(kernel, scratch)
    language_info = await foreign.start_and_test(client)
    if language_info is not None:
        report.send({"type": "ready"})
        await foreign.wait_for_call(lines.descriptor)
    line = lines.read_last()
    if not line:
        return 1
    attempt = json.loads(line)
    adopt_attempt(attempt)
    if language_info is not None and await foreign.claim(attempt):
        return await _serve(attempt, report, (foreign, client, language_info))
    report.stage("kernel-start")
    await foreign.end(client.kc, gracefully=False)
    return await _serve(attempt, report, (None, None, None))


async def _serve(attempt: dict[str, Any], report: Report, ready: Ready, largest: int = 0) -> bool:
    """Run the attempt. Return True if this process stays for another one, or exit."""
    folder, kernel, stays = AttemptFolder(attempt["environment"]["NBYARD_ATTEMPT"]), ready[0], False
    try:
        task = folder.task()
        session = open_session(folder, task, read_notebook(folder, task["work"]), ready)
        stop_requests = StopRequests(session.interrupt)
        failure = await go_through(session, report)
        # the next kernel would be forked from a process that knows these secrets
        may_stay = attempt["may_stay"] and not folder.has(SECRETS)
        if failure is None and may_stay and isinstance(kernel, ForkedKernel):
            was_asked = stop_requests.close()
            # The next attempt must not notice this one.
            is_as_before = (
                not was_asked
                and kernel.exit_code == 0
                and len(os.listdir("/proc/self/task")) == 1
                and _resident_bytes() <= largest
            )
            if is_as_before:
                put_off()
                os.set_blocking(1, True)  # the kernel shares this pipe and could have changed it
                stays = True
    except UNFIT as error:
        failure = preparation_failure(error)
    own, children = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    seconds = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    used = {"cpu_seconds": seconds, "max_rss_bytes": getattr(kernel, "max_rss_bytes", 0)}
    report.end(failure, used=used, stays=stays)
    if stays:
        return True
    sys.stdout.flush()
    os._exit(0)  # skips the teardown of the event loop, which would only take time


def _resident_bytes() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
