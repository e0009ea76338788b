"""What is prepared: the parent has imported what notebooks need.

A fork of it is as good as a new interpreter: it imports no library of the user, opens no socket of
zmq and starts no thread. What it forks knows of no attempt but its own.
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
    # what a kernel imports while it starts
    *("IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect"),
    *("IPython.core.logger", "IPython.extensions.storemagic"),
    *("tornado.platform.asyncio", "tornado.queues"),
    *("encodings.ascii", "encodings.idna", "encodings.utf_8_sig", "faulthandler", "pdb"),
)
# What a kernel imports when it is asked to end.
OF_THE_END = "psutil"
STAT_ENV_START = 47
# When it was given its attempt, on the scale of start times: one that stood by is older than that.
SINCE = "NBYARD_SINCE"
STAMPED = (SINCE, "NBYARD_MARK", "NBYARD_ATTEMPT_ID")
OLDEST = (3, 11)  # of `kernel`
# By parents and supervisors, after `settle`.
HANDLED = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
    *(signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2),
)
UNTOUCHABLE = {signal.SIGKILL, signal.SIGSTOP}

_of_kernels: set[str] = set()
_built: list[Prebuilt] = []
_others: dict[str, ModuleType] = {}
_handled: list[int] = []
_known: list[int] = []  # so many modules were looked through for those others


def prepare_for(task: dict[str, Any], *, once: bool = False) -> bool:
    """Become what the processes of a notebook can be forked from, instead of starting each; false
    where that cannot be. For one notebook only, its runner imports its own part while the kernel
    comes up."""
    is_python = (task["work"].get("language") or "").lower() == "python"
    place = os.environ.get("NBYARD_MARK", "")
    if not is_python or sys.version_info < OLDEST or len(place) != len(task["mark"]):
        return False
    try:
        if not _of_kernels:
            preload_once() if once else preload()
    except (ImportError, RuntimeError):  # starting them says what is missing
        return False
    return True


def preload() -> None:
    """Import what every notebook needs.

    Raises:
        RuntimeError: that started a thread, which no fork would have; or this ipykernel is built
            otherwise than those we know.
    """
    import tempfile

    _import_for_kernels()
    from . import foreign, kernel, notebook  # noqa: F401

    session = spared.session()
    with contextlib.suppress(ImportError):
        importlib.import_module(OF_THE_END)
    session.prepare()
    kernel.is_forkable("python3")  # reads what every distribution declares
    _rehearse()
    tempfile.gettempdir()
    for name in STAMPED:
        with contextlib.suppress(ValueError, PermissionError):  # in a container it hides itself
            stamp(name)
    _tell_others()
    settle()
    _expect_one_thread()


def preload_once() -> None:
    """Import what a kernel needs, and look for no garbage: there is one fork only.

    Raises:
        RuntimeError: as for `preload`.
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
    """With the kernel that is there; the forks have another one."""
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
        return  # they may be programs, which are not for this process
    try:
        _built.append(Prebuilt())
    except (AttributeError, TypeError) as error:
        raise RuntimeError(f"this ipykernel is not known: {error}") from error


def kernel_app() -> Any:
    """The application of a kernel, without what belongs to its attempt; to be had once in a
    process."""
    from .direct import build, config_files

    if not _built:
        return build()
    if config_files():  # since it was built
        _built[0].forget()
        return build()
    return _built[0].take()


def settle() -> None:
    """Make ready to be forked: what is here will not be looked through for garbage."""
    processes.boot_id()
    _handled[:] = [one for one in signal.valid_signals() if signal.getsignal(one)]
    gc.collect()
    gc.freeze()


def live_as(work: Callable[[], int]) -> NoReturn:
    """Do the work of a fork and end with its status, whatever those above it would do."""
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
    """An environment variable where others look for it: in the block the process began with.

    `/proc/PID/environ` shows that block, so a fork would carry its parent's words. It has to have
    a value of the same length already, and its place is that of all forks.

    Raises:
        ValueError: it has none.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._address, self._length = place_of(name)

    def write(self, value: str) -> None:
        new = os.fsencode(value)
        if len(new) != self._length:
            raise ValueError(f"{self._name} has no place for {len(new)} bytes")
        ctypes.memmove(self._address, new, len(new))
        os.environ[self._name] = value

    def clear(self) -> None:
        self.write("-" * self._length)


@cache
def stamp(name: str) -> Stamp:
    """Found once: its place is that of all forks."""
    return Stamp(name)


def place_of(name: str, pid: int | None = None) -> tuple[int, int]:
    """Where the value of a variable is in the memory of a process, ours if none is named, and its
    length there.

    Raises:
        ValueError: it did not begin with such a variable.
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
    """Leave to a kernel only the modules that one which was started would have; those that it will
    want at its end."""
    later = {name: module for name, module in _others.items() if name.startswith(OF_THE_END)}
    if _known != [len(sys.modules)]:
        _tell_others()
    for name in _others:
        sys.modules.pop(name, None)
    return later


def _tell_others() -> None:
    """Modules that are no kernel's. That they are held saves each fork taking them apart."""
    for name, module in sys.modules.items():
        top = name.partition(".")[0]
        if top == __package__ or (name not in _of_kernels and top not in sys.stdlib_module_names):
            _others[name] = module
    _known[:] = [len(sys.modules)]


class Lines:
    """Lines that are written to a pipe or socket."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._come = b""

    @property
    def has_come(self) -> bool:
        """Whether there is one that was read already."""
        return b"\n" in self._come

    def next(self) -> bytes:
        """Nothing where the other end is closed."""
        while not self.has_come:
            piece = os.read(self.descriptor, 1 << 16)
            if not piece:
                return b""
            self._come += piece
        line, _, self._come = self._come.partition(b"\n")
        return line

    def last(self) -> bytes:
        """What has come on a socket that nothing can be written to from now on: nobody is left to
        think that he was heard."""
        with socket.socket(fileno=os.dup(self.descriptor)) as end:
            end.shutdown(socket.SHUT_RD)
        return self.next()


def read_whole(descriptor: int) -> bytes:
    """All that is written until the other end is closed."""
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def take_on(told: dict[str, Any]) -> None:
    """Become a process of the attempt that has been told: its mark, variables and directory."""
    environment = told["environment"]
    if "since" in told:
        stamp(SINCE).write(told["since"])
        del os.environ[SINCE]
    stamp("NBYARD_MARK").write(environment["NBYARD_MARK"])
    if "NBYARD_ATTEMPT_ID" in os.environ:  # it may be alone in its container
        stamp("NBYARD_ATTEMPT_ID").write(environment["NBYARD_ATTEMPT_ID"])
    os.environ.update(environment)
    os.chdir(told["directory"])


def put_off() -> None:
    """Be no attempt's any more. Variables are those of the attempt until `renew`."""
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
