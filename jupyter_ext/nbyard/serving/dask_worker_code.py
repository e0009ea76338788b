"""Sends code to the workers of a Dask cluster, where nbyard is not installed.

The code consists of modules that use the standard library only. Each call includes their text. A
worker caches the modules by the digest of the text.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import ModuleType
from typing import Any

# Environment variables of tasks on a worker: the addresses of the worker and the scheduler.
WORKER, SCHEDULER = "NBYARD_DASK_WORKER", "NBYARD_DASK_ADDRESS"
# Two threads of a worker may build a module at once. With `setdefault`, both use the first one.
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
# A worker evaluates this expression with the builtin `eval`, which needs no installed code.
# `exec` returns None, so `or` continues with the call.
EXPRESSION = "exec(boot, space) or space['answer'](*words)"


class WorkerCode:
    """Modules that are sent together. Each may import earlier ones: `from .entries import …`."""

    def __init__(self, name: str, *modules: ModuleType) -> None:
        parts = {
            module.__name__.rpartition(".")[2]: Path(str(module.__file__)) for module in modules
        }
        texts = {part: path.read_text("utf-8") for part, path in parts.items()}
        digest = hashlib.sha256("".join(texts.values()).encode()).hexdigest()[:16]
        self._modules = [(f"{name}_{digest}", part, text) for part, text in texts.items()]

    @property
    def name(self) -> str:
        """Return the name under which a worker keeps the last module."""
        package, part, _ = self._modules[-1]
        return f"{package}.{part}"

    def call(self, verb: str, *arguments: Any) -> dict[str, Any]:
        """Return the variables for `EXPRESSION` to call the function `verb` of the last module."""
        return {"boot": BOOT, "space": {}, "words": (self._modules, verb, *arguments)}
