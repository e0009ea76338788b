"""Prepares a process for forking: the parent has imported what notebooks need.

A fork behaves like a new interpreter. The parent imports no library of the user, opens no zmq
socket and starts no thread. Its forks know only their own attempt.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from . import processes, spared

if TYPE_CHECKING:
    from .prebuilt import Prebuilt

PRELOADED = (
    *("ipykernel.kernelapp", "ipykernel.zmqshell", "ipykernel.debugger"),
    # imported by a kernel while it starts
    *("IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect"),
    *("IPython.core.logger", "IPython.extensions.storemagic"),
    *("tornado.platform.asyncio", "tornado.queues"),
    *("encodings.ascii", "encodings.idna", "encodings.utf_8_sig", "faulthandler", "pdb"),
)
# Imported by a kernel when it is asked to shut down.
OF_THE_END = "psutil"
STAT_ENV_START = 47
# When a process was given its attempt, on the scale of process start times. A process that waited
# is older than this time.
SINCE = "NBYARD_SINCE"
STAMPED = (SINCE, "NBYARD_MARK", "NBYARD_ATTEMPT_ID")
OLDEST = (3, 11)  # required by `kernel`
# Signals that parents and supervisors handle after `settle`.
HANDLED = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
    *(signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2),
)
UNTOUCHABLE = {signal.SIGKILL, signal.SIGSTOP}

_of_kernels: set[str] = set()
_built: list[Prebuilt] = []
_others: dict[str, ModuleType] = {}
_handled: list[int] = []
_known: list[int] = []  # number of modules seen when `_others` was collected


def prepare_for(task: dict[str, Any], *, once: bool = False) -> bool:
    """Import what a notebook needs, so that its processes can be forked.

    Return False if that fails. With `once`, for one notebook only, the runner imports its own part
    while the kernel starts.
    """
    is_python = (task["work"].get("language") or "").lower() == "python"
    place = os.environ.get("NBYARD_MARK", "")
    if not is_python or sys.version_info < OLDEST or len(place) != len(task["mark"]):
        return False
    try:
        if not _of_kernels:
            preload_once() if once else preload()
    except (ImportError, RuntimeError):  # spawning the processes reports what is missing
        return False
    return True


def preload() -> None:
    """Import what every notebook needs.

    Raises:
        RuntimeError: An import started a thread, which forks would lack, or ipykernel is of an
            unknown version.
    """
    import tempfile

    _import_for_kernels()
    from . import foreign, kernel, notebook  # noqa: F401

    session = spared.session()
    with contextlib.suppress(ImportError):
        importlib.import_module(OF_THE_END)
    session.prepare()
    kernel.is_forkable("python3")  # caches the metadata of all distributions
    _rehearse()
    tempfile.gettempdir()
    for name in STAMPED:
        # in a container the process hides its memory
        with contextlib.suppress(ValueError, PermissionError):
            stamp(name)
    _tell_others()
    settle()
    _expect_one_thread()


def preload_once() -> None:
    """Import what a kernel needs, without a garbage collection, as there is only one fork.

    Raises:
        RuntimeError: As for `preload`.
    """
    gc.disable()
    _import_for_kernels()
    gc.freeze()
    gc.enable()
    _expect_one_thread()


def _import_for_kernels() -> None:
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    with spared.no_debugger():
        for name in PRELOADED:
            importlib.import_module(name)
    _build()
    _of_kernels.update(sys.modules)


def _rehearse() -> None:
    """Warm up with the kernel that is built, then build another one for the forks."""
    if _built:
        from .rehearsal import play

        play(_built.pop())
        _build()


def _expect_one_thread() -> None:
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("an import started a thread")


def _build() -> None:
    from .direct import config_files
    from .prebuilt import Prebuilt

    if config_files():
        return  # configuration files may be programs, which must not run in this process
    try:
        _built.append(Prebuilt())
    except (AttributeError, TypeError) as error:
        raise RuntimeError(f"this ipykernel is not known: {error}") from error


def kernel_app() -> Any:
    """Return the application of a kernel, without the parts that belong to its attempt.

    It can be called once in a process.
    """
    from .direct import build, config_files

    if not _built:
        return build()
    if config_files():  # configured since the kernel was built
        _built[0].forget()
        return build()
    return _built[0].take()


def settle() -> None:
    """Prepare for forking: exclude all present objects from garbage collection."""
    processes.boot_id()
    _handled[:] = [one for one in signal.valid_signals() if signal.getsignal(one)]
    gc.collect()
    gc.freeze()


def live_as(work: Callable[[], int]) -> NoReturn:
    """Do the work of a fork and exit with its status, without returning to the parent's callers."""
    status = 1
    try:
        status = work()
    finally:
        if sys.exc_info()[0] is not None:
            import traceback

            traceback.print_exc()
        sys.stdout.flush()
        os._exit(status)


class Stamp:
    """An environment variable in the memory block that the process started with.

    `/proc/PID/environ` shows that block, so a fork would show its parent's values. The variable
    must already have a value of the same length. Its address is the same in all forks.

    Raises:
        ValueError: The process did not start with this variable.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._address, self._length = place_of(name)

    def write(self, value: str) -> None:
        """Write a value of the same length, also into `os.environ`."""
        new = os.fsencode(value)
        if len(new) != self._length:
            raise ValueError(f"{self._name} has no place for {len(new)} bytes")
        ctypes.memmove(self._address, new, len(new))
        os.environ[self._name] = value

    def clear(self) -> None:
        """Overwrite the value with dashes."""
        self.write("-" * self._length)


@cache
def stamp(name: str) -> Stamp:
    """Return the stamp of a variable, found once: its address is the same in all forks."""
    return Stamp(name)


def place_of(name: str, pid: int | None = None) -> tuple[int, int]:
    """Return the address and length of a variable's value in a process, by default this one.

    Raises:
        ValueError: The process did not start with this variable.
    """
    process = f"/proc/{pid or 'self'}"
    with open(f"{process}/environ", "rb") as file:
        block = b"\0" + file.read()
    head = b"\0" + os.fsencode(name) + b"="
    place = block.find(head)
    if place < 0:
        raise ValueError(f"{name} has no place")
    length = len(block[place + len(head) :].partition(b"\0")[0])
    with open(f"{process}/stat", "rb") as file:
        start = int(file.read().rpartition(b")")[2].split()[STAT_ENV_START])
    return start + place + len(head) - 1, length


def forget_others() -> dict[str, ModuleType]:
    """Remove the modules that a spawned kernel would not have.

    Return the removed modules that the kernel needs at shutdown.
    """
    later = {name: module for name, module in _others.items() if name.startswith(OF_THE_END)}
    if _known != [len(sys.modules)]:
        _tell_others()
    for name in _others:
        sys.modules.pop(name, None)
    return later


def _tell_others() -> None:
    """Collect the modules that no kernel has. Holding them saves each fork their teardown."""
    for name, module in sys.modules.items():
        top = name.partition(".")[0]
        if top == __package__ or (name not in _of_kernels and top not in sys.stdlib_module_names):
            _others[name] = module
    _known[:] = [len(sys.modules)]


class Lines:
    """Reads lines from a pipe or socket."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._come = b""

    @property
    def has_come(self) -> bool:
        """Return whether a line was read already."""
        return b"\n" in self._come

    def next(self) -> bytes:
        """Wait for the next line. Return nothing once the other end is closed."""
        while not self.has_come:
            piece = os.read(self.descriptor, 1 << 16)
            if not piece:
                return b""
            self._come += piece
        line, _, self._come = self._come.partition(b"\n")
        return line

    def last(self) -> bytes:
        """Return the next line and close the socket for writers.

        A later writer gets an error, so it knows that its line was not read.
        """
        with socket.socket(fileno=os.dup(self.descriptor)) as end:
            end.shutdown(socket.SHUT_RD)
        return self.next()


def read_whole(descriptor: int) -> bytes:
    """Read until the other end is closed."""
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def take_on(told: dict[str, Any]) -> None:
    """Become a process of the given attempt: take on its mark, variables and directory."""
    environment = told["environment"]
    if "since" in told:
        stamp(SINCE).write(told["since"])
        del os.environ[SINCE]
    stamp("NBYARD_MARK").write(environment["NBYARD_MARK"])
    if "NBYARD_ATTEMPT_ID" in os.environ:  # missing where a container has one attempt only
        stamp("NBYARD_ATTEMPT_ID").write(environment["NBYARD_ATTEMPT_ID"])
    os.environ.update(environment)
    os.chdir(told["directory"])


def put_off() -> None:
    """Stop belonging to an attempt. Its variables stay until `renew`."""
    for name in STAMPED:
        stamp(name).clear()
    os.chdir("/")


def renew(environment: dict[str, str]) -> None:
    """Make this fork a process of its own, as if it had been started with these variables."""
    signal.set_wakeup_fd(-1)
    for number in {*_handled, *HANDLED} if _handled else signal.valid_signals() - UNTOUCHABLE:
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # as Python itself does
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
