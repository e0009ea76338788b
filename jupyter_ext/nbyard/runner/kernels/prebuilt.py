"""A kernel that is built before it is needed, with the traces it leaves outside of itself."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import os
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any

from .in_process_kernel import UNKNOWN, App, build, config_files

_built: list[PrebuiltKernel] = []


class PrebuiltKernel:
    """A kernel, and the changes to the process that come from building it.

    The changes are kept aside and apply only in the kernel's own process.
    """

    def __init__(self) -> None:
        with undo_global_changes() as self._left:
            self.app = build()
            self.app.extend()

    def take(self) -> App:
        """Return the kernel and apply its changes to this process, which becomes its process."""
        for place, left in zip(_outside(), self._left, strict=True):
            place.update(left)
        return self.app

    def forget(self) -> None:
        """Drop the kernel so that another one can be built."""
        atexit.unregister(self.app.kernel.shell.atexit_operations)
        for singleton in (self.app.kernel.shell, self.app.kernel, self.app):
            type(singleton).clear_instance()


@contextlib.contextmanager
def undo_global_changes() -> Iterator[list[dict[str, Any]]]:
    """Undo the changes that a kernel makes outside of itself, and collect them in the list."""
    places = _outside()
    before = [dict(place) for place in places]
    left: list[dict[str, Any]] = []
    try:
        yield left
    finally:
        for place, was in zip(places, before, strict=True):
            changed = {}
            for name, value in place.items():
                old = was.get(name)
                is_same = old is value or (isinstance(old, str) and old == value)
                # imported modules may stay
                if not is_same and (name in was or place is not sys.modules):
                    changed[name] = value
            left.append(changed)
        for place, was, changed in zip(places, before, left, strict=True):
            for name in changed:
                if name in was:
                    place[name] = was[name]
                else:
                    del place[name]


def _outside() -> tuple[MutableMapping[str, Any], ...]:
    """Return the process-wide namespaces that a kernel changes."""
    return os.environ, vars(builtins), vars(sys), sys.modules


def build_early() -> None:
    """Build the kernel that `kernel_app` returns, unless a configuration could run programs.

    Raises:
        RuntimeError: ipykernel is of an unknown version.
    """
    if config_files():
        return  # configuration files may be programs, which must not run in this process
    try:
        _built.append(PrebuiltKernel())
    except (*UNKNOWN, OSError, SystemExit) as error:  # IPython exits if it cannot be configured
        raise RuntimeError(f"this ipykernel is not known: {error}") from error


def take_early() -> PrebuiltKernel | None:
    """Return the kernel that was built early, if any, for another use."""
    return _built.pop() if _built else None


def kernel_app() -> Any:
    """Return the application of a kernel, without the parts that belong to its attempt.

    It can be called once in a process.
    """
    if not _built:
        return build()
    if config_files():  # configured since the kernel was built
        _built[0].forget()
        return build()
    return _built[0].take()
