"""The prepared parent: has imported what notebooks need, and forks a supervisor for each request.

A fork of it is as good as a new interpreter: it imports no library of the user, opens no socket of
zmq and starts no thread. Of one attempt it knows only the folder, and forgets it at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from .start import fork_away, supervise

REQUEST_BYTES = 64 * 1024
PRELOADED = (
    *("ipykernel.kernelapp", "ipykernel.zmqshell", "ipykernel.debugger"),
    # what a kernel imports while it starts
    *("IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect"),
    *("IPython.extensions.storemagic", "tornado.platform.asyncio", "tornado.queues"),
    *("encodings.ascii", "encodings.idna", "faulthandler", "pdb"),
)
# A grammar of IRIs that jsonschema compiles at import: three quarters of nbclient's start.
SLOW_AND_UNUSED = "rfc3987_syntax"
STAT_ENV_START = 47

_of_kernels: set[str] = set()


def main(descriptor: int) -> int:
    """Serve requests from the dispatcher until it hangs up.

    A request is one packet: JSON with `folder` and `attempt_id`, and a pipe's end in which "1" is
    written when the attempt is taken care of.
    """
    os.set_inheritable(descriptor, False)
    requests = socket.socket(fileno=descriptor)
    preload()
    while True:
        packet, handles, _, _ = socket.recv_fds(requests, REQUEST_BYTES, 1)
        if not packet:
            return 0
        request, (ready,) = json.loads(packet), handles
        child = fork_away()
        if child == 0:
            requests.close()
            live_as(partial(_supervise, request, ready))
        os.close(ready)
        os.waitpid(child, 0)


def preload() -> None:
    """Import what every notebook needs.

    Raises:
        RuntimeError: that started a thread, which no fork would have.
    """
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    for name in PRELOADED:
        importlib.import_module(name)
    _of_kernels.update(sys.modules)
    sys.modules[SLOW_AND_UNUSED] = None  # type: ignore[assignment]
    from . import kernel, notebook, session  # noqa: F401

    session.read_schema()
    gc.collect()
    gc.freeze()

    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("an import started a thread")


def _supervise(request: dict[str, str], ready: int) -> int:
    """In the fork: what `python runner FOLDER` does, with nothing left to import."""
    stamp("NBYARD_ATTEMPT_ID", request["attempt_id"])
    return supervise(request["folder"], ready, is_prepared=True)


def live_as(work: Callable[[], int]) -> NoReturn:
    """Do the work of a fork and end with its status, whatever those above it would do."""
    status = 1
    try:
        status = work()
    finally:
        if sys.exc_info()[0] is not None:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(status)


def stamp(name: str, value: str) -> None:
    """Set an environment variable where others look for it: in the block the process began with.

    `/proc/PID/environ` shows that block, so a fork would carry its parent's words. It has to have
    a value of the same length already.

    Raises:
        ValueError: it has none.
    """
    with open("/proc/self/environ", "rb") as file:
        block = b"\0" + file.read()
    head = b"\0" + os.fsencode(name) + b"="
    place = block.find(head)
    old = block[place + len(head) :].partition(b"\0")[0]
    new = os.fsencode(value)
    if place < 0 or len(old) != len(new):
        raise ValueError(f"{name} has no place for {len(new)} bytes")
    with open("/proc/self/stat", "rb") as file:
        start = int(file.read().rpartition(b")")[2].split()[STAT_ENV_START])
    ctypes.memmove(start + place + len(head) - 1, new, len(new))
    os.environ[name] = value


def forget_others() -> None:
    """Leave to a kernel only the modules that one which was started would have."""
    for name in list(sys.modules):
        top = name.partition(".")[0]
        if top == __package__ or (name not in _of_kernels and top not in sys.stdlib_module_names):
            del sys.modules[name]


def renew(environment: dict[str, str], mark: str) -> None:
    """Make this fork the process of an attempt's work, as if it had been started with these."""
    signal.set_wakeup_fd(-1)
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # as Python itself does
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    stamp("NBYARD_MARK", mark)
    os.environ.clear()
    os.environ.update(environment)


def keep_only(*descriptors: int) -> None:
    """Close all other files but the three standard ones."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in descriptors:
            with contextlib.suppress(OSError):  # the one that listed them
                os.close(int(name))
