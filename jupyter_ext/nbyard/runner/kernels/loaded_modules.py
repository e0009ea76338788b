"""The modules that a forked kernel inherits, and those that a spawned kernel would not have."""

from __future__ import annotations

import sys
from types import ModuleType

# Imported by a kernel when it is asked to shut down.
OF_THE_END = "psutil"
RUNNER = str(__package__).rpartition(".")[0]

_of_kernels: set[str] = set()
_others: dict[str, ModuleType] = {}
_known: list[int] = []  # number of modules seen when `_others` was collected


def note_own() -> None:
    """Note all modules that are loaded now as modules of a kernel."""
    _of_kernels.update(sys.modules)


def forget_others() -> dict[str, ModuleType]:
    """Remove the modules that a spawned kernel would not have.

    Return the removed modules that the kernel needs at shutdown.
    """
    later = {name: module for name, module in _others.items() if name.startswith(OF_THE_END)}
    if _known != [len(sys.modules)]:
        note_others()
    for name in _others:
        sys.modules.pop(name, None)
    return later


def note_others() -> None:
    """Collect the modules that no kernel has. Holding them saves each fork their teardown."""
    for name, module in sys.modules.items():
        top = name.partition(".")[0]
        if top == RUNNER or (name not in _of_kernels and top not in sys.stdlib_module_names):
            _others[name] = module
    _known[:] = [len(sys.modules)]
