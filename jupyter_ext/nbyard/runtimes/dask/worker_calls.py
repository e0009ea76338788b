"""Calls functions on a worker beside its tasks, with time limits.

A worker cannot import nbyard. The functions are sent as text and cached by their digest.
"""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbyard.errors import Unavailable
from nbyard.runtimes.dask import entries, worker

if TYPE_CHECKING:
    from distributed import Client

ANSWER_SECONDS = 20.0  # for the scheduler to respond
WORKER_SECONDS = 60.0  # for workers to respond, which may be busy
FRESH_SECONDS = 0.5
PARTS = {part: Path(str(part.__file__)).read_text("utf-8") for part in (entries, worker)}
DIGEST = hashlib.sha256("".join(PARTS.values()).encode()).hexdigest()[:16]
PACKAGE = f"nbyard_worker_{DIGEST}"
MODULES = [(PACKAGE, part.__name__.rpartition(".")[2], text) for part, text in PARTS.items()]
BOOT = """
import sys, types
def answer(modules, verb, *words):
    for package, part, text in modules:
        name = f"{package}.{part}"
        module = sys.modules.get(name)
        if module is None:
            module = types.ModuleType(name)
            module.__package__ = package
            exec(compile(text, name, "exec"), vars(module))
            module = sys.modules.setdefault(name, module)
    return getattr(module, verb)(*words)
"""
EXPRESSION = "exec(boot, space) or space['answer'](*words)"


class WorkerGone(Exception):
    """The scheduler has no worker of that address any more."""


def call(verb: str, *words: Any) -> dict[str, Any]:
    """Return the variables for `EXPRESSION`, which calls a function of `worker` in `eval`."""
    return {"boot": BOOT, "space": {}, "words": (MODULES, verb, *words)}


async def called(client: "Client", addresses: Sequence[str], packed: dict[str, Any]) -> Any:
    """Call a function on workers.

    Dask keeps trying to connect to workers that it knows are gone. So this checks the scheduler's
    list meanwhile.

    Raises:
        WorkerGone: A worker no longer exists.
        Unavailable: The workers do not answer in time.
    """
    end = time.monotonic() + WORKER_SECONDS
    asked = asyncio.ensure_future(client.run(eval, EXPRESSION, packed, workers=list(addresses)))
    try:
        while not asked.done():
            await asyncio.wait({asked}, timeout=FRESH_SECONDS)
            if not asked.done() or asked.exception() is not None:
                identity = client.scheduler.identity(n_workers=-1)
                told = await asyncio.wait_for(identity, ANSWER_SECONDS)
                if gone := set(addresses) - told["workers"].keys():
                    raise WorkerGone(", ".join(sorted(gone)))
            if not asked.done() and time.monotonic() > end:
                raise Unavailable(f"The Dask workers {', '.join(addresses)} do not answer.")
        return asked.result()
    finally:
        asked.cancel()
