"""Removes modules from a forked kernel that a spawned kernel would not have loaded."""

from __future__ import annotations

import sys
from types import ModuleType

# Imported by a kernel when it is asked to shut down.
OF_THE_END = "psutil"
RUNNER = str(__package__).rpartition(".")[0]

_of_kernels: set[str] = set()
_removed: dict[str, ModuleType] = {}  # held, as none of their parts may end in a kernel


def note_loaded() -> None:
    """Record the modules that are loaded now as modules that every kernel has."""
    _of_kernels.update(sys.modules)


def forget_others() -> dict[str, ModuleType]:
    """Remove from `sys.modules` what a spawned kernel would not have loaded.

    These are the runner's modules, and third-party modules that `note_loaded` has not recorded.
    Return the removed modules that the kernel needs at its shutdown.
    """
    for name in [*sys.modules]:
        top = name.partition(".")[0]
        # As in a spawned kernel, a file of the project that has the name of such a module must win.
        if top == RUNNER or (name not in _of_kernels and top not in sys.stdlib_module_names):
            _removed[name] = sys.modules.pop(name)
    return {name: module for name, module in _removed.items() if name.startswith(OF_THE_END)}
