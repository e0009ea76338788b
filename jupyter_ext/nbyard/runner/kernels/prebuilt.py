"""A kernel that is built before an attempt needs it."""

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
    """A kernel, and the changes that its building made to global state, such as `sys.stdout`.

    The changes are undone here, and made again in the process that becomes the kernel.
    """

    def __init__(self) -> None:
        with undo_global_changes() as self._left:
            self.app = build()
            self.app.extend()

    def take(self) -> App:
        """Return the application, and apply the kernel's changes to this process."""
        for place, left in zip(_outside(), self._left, strict=True):
            place.update(left)
        return self.app

    def forget(self) -> None:
        """Drop the kernel, so that another one can be built in this process."""
        atexit.unregister(self.app.kernel.shell.atexit_operations)
        for singleton in (self.app.kernel.shell, self.app.kernel, self.app):
            type(singleton).clear_instance()


@contextlib.contextmanager
def undo_global_changes() -> Iterator[list[dict[str, Any]]]:
    """Undo the changes that the block makes to global state, and collect them in the list.

    The list has one dict of changed names for each namespace of `_outside`.
    """
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
                # os.environ returns a new object at each access, so texts are compared by value.
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
    """Return the namespaces outside of a kernel that its building changes."""
    return os.environ, vars(builtins), vars(sys), sys.modules


def build_early() -> None:
    """Build a kernel in advance, which `kernel_app` returns later.

    Nothing is built if IPython has configuration files: they may run the user's code in this
    process.

    Raises:
        RuntimeError: ipykernel is of an unknown version.
    """
    if config_files():
        return  # configuration files may be programs, which must not run in this process
    try:
        _built.append(PrebuiltKernel())
    except (*UNKNOWN, OSError, SystemExit) as error:  # IPython exits if it cannot be configured
        raise RuntimeError(f"this ipykernel is not known: {error}") from error


def take_prebuilt() -> PrebuiltKernel | None:
    """Return and remove the kernel that was built in advance, or None without one."""
    return _built.pop() if _built else None


def kernel_app() -> Any:
    """Return a kernel application: the one built in advance if possible, else a new one.

    The parts that depend on the attempt are not set yet. Call this at most once in a process.
    """
    if not _built:
        return build()
    if config_files():  # configured since the kernel was built
        _built[0].forget()
        return build()
    return _built[0].take()
