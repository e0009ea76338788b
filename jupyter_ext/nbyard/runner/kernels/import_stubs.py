"""Skips imports of slow libraries that the runner never uses: jsonschema and debugpy."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

# nbformat imports these to validate notebooks. The runner reads and writes notebooks itself.
CHECKER = {"jsonschema": ("Draft4Validator",), "jsonschema.exceptions": ("ErrorTree",)}
REFUSAL = "ValidationError"
# A quarter of ipykernel's start time. These kernels are not debugged from outside.
DEBUGGER = "debugpy"


def session() -> Any:
    """Import nbclient and the module `session` without jsonschema.

    Return the module.
    """
    name = f"{__package__}.session"
    if name not in sys.modules and not CHECKER.keys() & sys.modules.keys():
        # Stand-ins for these modules have only the names that are imported from them.
        for checker, classes in CHECKER.items():
            module: Any = ModuleType(checker)
            for class_name in classes:
                setattr(module, class_name, type(class_name, (), {}))
            sys.modules[checker] = module
        setattr(sys.modules["jsonschema.exceptions"], REFUSAL, type(REFUSAL, (Exception,), {}))
        try:
            # other versions may use more of these modules when they are imported
            with contextlib.suppress(ImportError, AttributeError, TypeError):
                importlib.import_module(name)
        finally:
            for checker in CHECKER:
                del sys.modules[checker]
    return importlib.import_module(name)


@contextlib.contextmanager
def no_debugger() -> Iterator[None]:
    """Prevent imports of debugpy, the debugger of ipykernel, within the block."""
    # None makes an import raise ModuleNotFoundError, as if debugpy were not installed.
    sys.modules[DEBUGGER] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[DEBUGGER]
