"""Calls functions on workers while they run tasks, with time limits."""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbyard.errors import Unavailable
from nbyard.reasons.structs import because
from nbyard.runner.process import path_states
from nbyard.runtimes.dask import folder_entries, worker_functions
from nbyard.serving.dask_worker_code import EXPRESSION, WorkerCode

if TYPE_CHECKING:
    from distributed import Client

ANSWER_SECONDS = 20.0  # for the scheduler to respond
WORKER_SECONDS = 60.0  # for workers to respond, which may be busy
FRESH_SECONDS = 0.5
CODE = WorkerCode("nbyard_worker", folder_entries, worker_functions)
PATHS = WorkerCode("nbyard_paths", path_states)


class WorkerGone(Exception):
    """The scheduler no longer has a worker with this address."""


async def call_on_workers(
    client: "Client", addresses: Sequence[str], code: WorkerCode, request: Sequence[Any]
) -> Any:
    """Call a function on workers.

    `request` has its name and its arguments. Return results by address. Dask keeps trying to reach
    workers that are gone. So the scheduler's list is checked meanwhile.

    Raises:
        WorkerGone: A worker no longer exists.
        Unavailable: The workers do not answer in time.
    """
    end = time.monotonic() + WORKER_SECONDS
    # A look at paths may wait for a disk: in the worker's event loop, it would stop the worker.
    call = (asyncio.to_thread, eval) if code is PATHS else (eval,)
    packed, workers = code.call(*request), list(addresses)
    asked = asyncio.ensure_future(client.run(*call, EXPRESSION, packed, workers=workers))
    try:
        while not asked.done():
            await asyncio.wait({asked}, timeout=FRESH_SECONDS)
            if not asked.done() or asked.exception() is not None:
                identity = client.scheduler.identity(n_workers=-1)
                scheduler_info = await asyncio.wait_for(identity, ANSWER_SECONDS)
                if gone := set(addresses) - scheduler_info["workers"].keys():
                    raise WorkerGone(", ".join(sorted(gone)))
            if not asked.done() and time.monotonic() > end:
                raise Unavailable(because("dask-workers-silent", workers=list(addresses)))
        return asked.result()
    finally:
        asked.cancel()
