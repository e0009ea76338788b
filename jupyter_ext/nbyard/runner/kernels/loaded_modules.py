"""The modules that a forked kernel inherits, and those that a spawned kernel would not have."""

from __future__ import annotations

import sys
from types import ModuleType

# Imported by a kernel when it is asked to shut down.
OF_THE_END = "psutil"
RUNNER = str(__package__).rpartition(".")[0]

_of_kernels: set[str] = set()
_removed: dict[str, ModuleType] = {}  # held, as none of their parts may end in a kernel


def note_own() -> None:
    """Note all modules that are loaded now as modules of a kernel."""
    _of_kernels.update(sys.modules)


def forget_others() -> dict[str, ModuleType]:
    """Remove the modules that a spawned kernel would not have.

    Return the removed modules that the kernel needs at shutdown.
    """
    for name in [*sys.modules]:
        top = name.partition(".")[0]
        if top == RUNNER or (name not in _of_kernels and top not in sys.stdlib_module_names):
            _removed[name] = sys.modules.pop(name)
    return {name: module for name, module in _removed.items() if name.startswith(OF_THE_END)}
