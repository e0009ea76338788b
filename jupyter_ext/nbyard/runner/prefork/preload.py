"""Imports what notebooks need into a process, so that its forks need not import it.

A fork must behave like a new interpreter. So this process imports no library of the user, opens no
zmq socket and starts no thread. No fork knows of other attempts.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from functools import cache
from typing import Any

from ..kernels import kernel_imports
from ..process.environ_stamps import STAMPED, stamp
from ..process.forks import prepare_to_fork

PRELOADED = (
    *("ipykernel.kernelapp", "ipykernel.zmqshell", "ipykernel.debugger"),
    # imported by a kernel while it starts
    *("IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect"),
    *("IPython.core.logger", "IPython.extensions.storemagic"),
    *("tornado.platform.asyncio", "tornado.queues"),
    *("encodings.ascii", "encodings.idna", "encodings.utf_8_sig", "faulthandler", "pdb"),
)
OLDEST = (3, 11)  # required by `forked_kernel`
# Errors that show that the inside of ipykernel, IPython or nbclient has changed.
UNKNOWN = (AttributeError, LookupError, TypeError, ValueError, OSError)


def prepare_for(task: dict[str, Any], *, once: bool = False) -> bool:
    """Import what the notebook of a task needs, so that its processes can be forked.

    Return False if that is not possible. `once` is for a process that runs a single notebook: the
    runner then imports its own part while the kernel starts.
    """
    is_python = (task["work"].get("language") or "").lower() == "python"
    place = os.environ.get("NBYARD_MARK", "")
    # The mark is written over the value in /proc/PID/environ, which cannot grow.
    if not is_python or sys.version_info < OLDEST or len(place) != len(task["mark"]):
        return False
    return try_preload(once=once)


@cache
def try_preload(*, once: bool) -> bool:
    """Import what notebooks need, at the first call in this process.

    Return whether that succeeded.
    """
    try:
        preload_once() if once else preload()
    except (ImportError, RuntimeError, *UNKNOWN):  # spawning reports what is missing
        return False
    return True


def preload() -> None:
    """Import what every notebook needs, build a kernel in advance and warm it up.

    Raises:
        RuntimeError: An import started a thread, which forks would lack, or ipykernel is of an
            unknown version.
    """
    _import_for_kernels()
    from . import warm_notebook  # noqa: F401

    kernel_imports.session()
    with contextlib.suppress(ImportError):
        importlib.import_module(kernel_imports.OF_THE_END)
    from ..kernels.in_process_kernel import build_early, take_prebuilt

    # Warm up with the kernel that is built, then build another one for the forks.
    if early := take_prebuilt():
        from .warm_up import run_warm_up

        run_warm_up(early)
        build_early()
    for name in STAMPED:
        # in a container the process hides its memory
        with contextlib.suppress(ValueError, PermissionError):
            stamp(name)
    prepare_to_fork()
    _expect_one_thread()


def preload_once() -> None:
    """Import what a kernel needs, for a process that is forked only once.

    Garbage collection is skipped, as it pays off only for many forks.

    Raises:
        RuntimeError: As for `preload`.
    """
    gc.disable()
    try:
        _import_for_kernels()
        importlib.import_module("..kernels.forked_kernel", __package__)
        gc.freeze()
    finally:
        gc.enable()
    _expect_one_thread()


def _import_for_kernels() -> None:
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    with kernel_imports.no_debugger():
        for name in PRELOADED:
            importlib.import_module(name)
    kernel_imports.check_known_insides()
    from ..kernels.in_process_kernel import build_early

    build_early()
    # Recorded before the caller imports nbclient, which a spawned kernel would not have loaded.
    kernel_imports.note_loaded()


def _expect_one_thread() -> None:
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("an import started a thread")
