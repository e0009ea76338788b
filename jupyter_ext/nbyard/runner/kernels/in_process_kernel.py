"""An ipykernel that communicates only with the runner that forked it.

Shell, magics, displays, comms and signals are ipykernel's own. `wire` replaces zmq, so ipykernel's
threads for zmq's sockets are not needed. The parts that do not depend on an attempt can be built
before the attempt exists, and before a fork. Output of native libraries and child processes is
captured, too.
"""

from __future__ import annotations

import asyncio
import atexit
import builtins
import codecs
import contextlib
import os
import select
import sys
import threading
import time
import traceback
import uuid
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from types import SimpleNamespace
from typing import Any

from ipykernel.iostream import BackgroundSocket, IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from IPython.core.application import ENV_CONFIG_DIRS, SYSTEM_CONFIG_DIRS, BaseIPythonApplication
from IPython.paths import get_ipython_dir
from tornado.ioloop import IOLoop
from traitlets import Any as AnyTrait
from traitlets import TraitError

from ..process import processes
from . import wire

PIECE_BYTES = 64 * 1024
WAKE = b"\0"  # ipykernel writes it to a stream that it closes
_built: list[PrebuiltKernel] = []


class Pipe:
    """Captures what native libraries and child processes print on one stream of a kernel.

    ipykernel would also copy this output to the original stream. Here, the original stream is the
    attempt's log, which receives the output from the runner. So each output is passed on only once,
    and before its cell ends.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        # Two threads read the pipe: that of the stream, and at the end of a cell the kernel's.
        self._turn = threading.Lock()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def watch(self) -> None:
        """Pass on output until the stream is closed. Runs in the stream's own thread."""
        with contextlib.suppress(OSError, ValueError):  # the stream is closed
            while self._stream._should_watch:
                select.select([self._stream._fid], [], [])
                if not self.pass_on():
                    return

    def pass_on(self) -> bool:
        """Write the output that is in the pipe to the stream.

        Return False once the pipe is closed.
        """
        with self._turn:
            while select.select([self._stream._fid], [], [], 0)[0]:
                piece = os.read(self._stream._fid, PIECE_BYTES)
                if not piece:
                    return False
                if not self._stream._should_watch:
                    piece = piece.removesuffix(WAKE)
                self._stream.write(self._decode(piece))
        return True


class Printed:
    """The `Pipe` objects of all output streams of a kernel."""

    def __init__(self) -> None:
        self._pipes: list[Pipe] = []

    def watch(self, stream: Any) -> Callable[[], None]:
        """Create the pipe of a stream. Return the function that the stream's thread runs."""
        pipe = Pipe(stream)
        self._pipes.append(pipe)
        return pipe.watch

    def pass_on_all(self) -> None:
        """Pass on the output of all pipes."""
        for pipe in self._pipes:
            pipe.pass_on()


CONFIG_FILES = ("ipython_config", "ipython_kernel_config")
CONFIG_KINDS = (".py", ".json")
# What parts of a kernel raise if ipykernel or IPython is of another version.
UNKNOWN = (AttributeError, LookupError, TypeError, ValueError, AssertionError, TraitError)
OPTIONS = (
    # Some code looks for this name to detect a kernel.
    "--IPKernelApp.connection_file=kernel.json",
    # Cells of attempts do not belong in the user's history.
    "--HistoryManager.enabled=False",
    "--HistoryManager.hist_file=:memory:",  # as nbclient starts its kernels
)


class Frame:
    """A part of a message, with the interface of a zmq frame."""

    def __init__(self, content: bytes) -> None:
        self.bytes = content
        self.buffer = memoryview(content)


class Socket:
    """A channel for ipykernel's messages, with the part of zmq's interface that ipykernel uses."""

    def __init__(self, sender: wire.Sender, channel: int) -> None:
        self._sender = sender
        self._channel = channel

    def send_multipart(self, frames: Sequence[bytes], *_: object, **__: object) -> None:
        """Send a message. Options of zmq are ignored."""
        self._sender.send(self._channel, frames)


class Stream(Socket):
    """The channel for requests and replies. Other event loops may watch it, too."""

    def __init__(self, sender: wire.Sender) -> None:
        super().__init__(sender, wire.SHELL)
        self._assembler = wire.Assembler()
        self._requests: asyncio.Queue[list[Any]] = asyncio.Queue()
        self.io_loop: Any = None

    def listen(self, loop: Any) -> None:
        """Read requests in this event loop."""
        self.io_loop = loop
        loop.add_handler(self.getsockopt(), self._receive, IOLoop.READ)

    def _receive(self, descriptor: int, _events: int) -> None:
        assert self._sender.end is not None
        while (packet := wire.next_packet(self._sender.end)) is not None:
            if not packet:
                self.io_loop.remove_handler(descriptor)
                return
            message = self._assembler.feed(packet)
            if message is not None:
                self._requests.put_nowait([Frame(frame) for frame in message[1]])

    async def request(self) -> list[Any]:
        """Wait for the next request."""
        return await self._requests.get()

    def getsockopt(self, _option: object = None) -> int:
        """Return the file descriptor, whatever option is requested."""
        assert self._sender.end is not None
        return self._sender.end.fileno()

    def flush(self, *_: object, **__: object) -> bool:
        """Return whether a request is waiting."""
        return not self._requests.empty()


class Publisher(IOPubThread):
    """Sends the kernel's outputs at once and in order, from whichever thread publishes them.

    The thread of this class only flushes printed output that was not flushed.
    """

    def __init__(self, sender: wire.Sender) -> None:
        self.socket = Socket(sender, wire.IOPUB)
        self.session = False
        self.background_socket = BackgroundSocket(self)
        self.io_loop: Any = self
        self._due: deque[tuple[float, Callable[[], None]]] = deque()
        # A child process that the work forks has only the thread that forked it.
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.thread = threading.Thread(target=self._see_to_it, name="IOPub", daemon=True)
        self._turn = threading.RLock()
        self._more = threading.Condition()

    def schedule(self, f: Callable[[], None]) -> None:
        """Run a function in the calling thread, one call at a time."""
        with self._turn:
            f()

    def send_multipart(self, *args: Any, **options: Any) -> None:
        with self._turn:
            self.socket.send_multipart(*args, **options)

    def call_later(self, seconds: float, work: Callable[[], None]) -> None:
        """Run a function in the publisher's thread after `seconds`."""
        with self._more:
            self._due.append((time.monotonic() + seconds, work))
            self._more.notify()

    def _see_to_it(self) -> None:
        while True:
            with self._more:
                pause = self._due[0][0] - time.monotonic() if self._due else None
                if pause is None or pause > 0:
                    self._more.wait(pause)
                    continue
                _, work = self._due.popleft()
            self.schedule(work)

    def stop(self) -> None:
        """Do nothing: the thread is a daemon and needs no stop."""

    close = stop


class Kernel(IPythonKernel):
    """An ipykernel that takes its requests from `Stream` instead of zmq."""

    shell: Any
    shell_stream = AnyTrait()
    _supports_kernel_subshells = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.printed = Printed()

    async def do_execute(self, *args: Any, **options: Any) -> Any:
        """Execute a cell.

        Publish what native code and child processes printed before the cell ends.
        """
        reply = await super().do_execute(*args, **options)
        self.printed.pass_on_all()
        return reply

    def start(self) -> None:
        """Start serving requests in the event loop."""
        self.io_loop: Any = IOLoop.current()
        self.shell.exit_now = False
        self.shell_channel_thread = SimpleNamespace(parent_thread=threading.main_thread())
        self.shell_stream.listen(self.io_loop)
        self.io_loop.add_callback(self._serve)

    async def _serve(self) -> None:
        """Handle one request after the other, in one context."""
        try:
            while True:
                await self.dispatch_shell(await self.shell_stream.request())
        except UNKNOWN:  # the runner replaces a kernel that ends, but not one that never answers
            traceback.print_exc()
            os._exit(1)

    def _abort_queues(self, *_: object) -> None:
        """Do nothing: the runner sends a request only after the last reply."""

    def _process_children(self) -> Any:
        """Return the child processes, without scanning all processes if there are none."""
        return super()._process_children() if processes.has_children() else []


class App(IPKernelApp):
    """A kernel application whose parts start one by one.

    `build` and `extend` may run before a fork. The fork then calls `connect_fork` (identity),
    `open` (output and signals), `begin` (extensions and startup files) and `start` (requests).
    """

    _sender: wire.Sender
    _is_extended = False

    def build(self) -> None:
        """Build the parts of the kernel that are the same for every attempt."""
        self._sender = wire.Sender()
        BaseIPythonApplication.initialize(self, list(OPTIONS))
        self.log.setLevel(self.log_level)  # log messages that no handler shows are not formatted
        self.session.key = b""  # no other process can use this channel
        self.init_pdb()
        self.init_blackhole()
        self.configure_tornado_logger()
        self.iopub_thread = Publisher(self._sender)
        self.iopub_socket = self.iopub_thread.background_socket
        self.init_kernel()
        self.init_shell()

    def init_kernel(self) -> None:
        """Create the kernel, which sends its messages without sockets."""
        self.kernel = Kernel.instance(
            parent=self,
            session=self.session,
            shell_stream=Stream(self._sender),
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        # a pause for outputs that arrive after their reply; here none do
        self.kernel._execute_sleep = 0.0

    def connect_fork(self, end: Any, connection_file: str) -> None:
        """Connect this fork's kernel to the socket `end`, and give it a session ID of its own."""
        self._sender.end = end
        self.connection_file = connection_file
        self.session.session, self.session.pid = str(uuid.uuid4()), os.getpid()
        self.kernel.ident = str(uuid.uuid4())
        self.kernel.shell.displayhook.topic = self.kernel._topic("execute_result")

    def open(self) -> None:
        """Capture printed output and install the signal handlers."""
        self.iopub_thread.thread.start()
        # OutStream runs this attribute in a thread. A property returns a function for each stream.
        OutStream._watch_pipe_fd = property(self.kernel.printed.watch)  # type: ignore[assignment]
        self.init_io()
        self.kernel._stdout, self.kernel._stderr = sys.stdout, sys.stderr
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count
        self.init_signal()
        self.init_path()
        IOLoop.current()  # creates the loop now, while no attempt waits

    def extend(self) -> None:
        """Load IPython extensions once. They may run the user's code if any are configured."""
        if not self._is_extended:
            self._is_extended = True
            self.init_extensions()

    def begin(self) -> None:
        """Load the extensions and run the startup files, which may contain code of the user."""
        self.init_gui_pylab()
        self.extend()
        self.init_code()
        sys.stdout.flush()
        sys.stderr.flush()


def build() -> App:
    """Build the parts of the kernel that are the same for every attempt."""
    app = App.instance()
    app.build()
    return app


def config_files() -> list[str]:
    """Return the paths of existing IPython configuration files of the user and the machine."""
    profile = os.path.join(get_ipython_dir(), "profile_default")
    places = [profile, *ENV_CONFIG_DIRS, *SYSTEM_CONFIG_DIRS]
    return [
        path
        for place in places
        for name in CONFIG_FILES
        for kind in CONFIG_KINDS
        if os.path.exists(path := os.path.join(place, name + kind))
    ]


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
