"""The kernel of ipykernel, which speaks with nobody but the runner that has forked it.

Shell, magics, displays, comms and signals are ipykernel's own. What zmq would carry goes through
`wire`, and so the threads that serve its sockets are not needed. All of it that belongs to no
attempt can be built before there is one, and before a fork.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from ipykernel.iostream import BackgroundSocket, IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from IPython.core.application import (
    ENV_CONFIG_DIRS,
    SYSTEM_CONFIG_DIRS,
    BaseIPythonApplication,
)
from IPython.paths import get_ipython_dir
from jupyter_client.session import DELIM, Session
from tornado.ioloop import IOLoop
from traitlets import Any as AnyTrait
from traitlets import default
from traitlets.config import Config

from . import processes, wire
from .printed import Printed

CONFIG_FILES = ("ipython_config", "ipython_kernel_config")
CONFIG_KINDS = (".py", ".json")
REHEARSED = "x = 1\n"


class Frame:
    """A part of a message, as zmq would give it."""

    def __init__(self, content: bytes) -> None:
        self.bytes = content
        self.buffer = memoryview(content)


class Socket:
    """What ipykernel sends on, with as much of a zmq socket as it asks for."""

    def __init__(self, speaker: wire.Speaker, channel: int) -> None:
        self._speaker = speaker
        self._channel = channel

    def send_multipart(self, frames: Sequence[bytes], *_: object, **__: object) -> None:
        self._speaker.say(self._channel, frames)


class Letters(Session):
    """Messages as Jupyter writes them, unsigned. Most answer the same one, and say nothing of
    themselves."""

    _answered: tuple[Any, bytes] = None, b""

    def serialize(self, msg: dict[str, Any], ident: Any = None) -> list[bytes]:
        parent = msg["parent_header"]
        if parent is not self._answered[0]:
            self._answered = parent, self.pack(parent)
        metadata = self.pack(msg["metadata"]) if msg["metadata"] else b"{}"
        idents = ident if isinstance(ident, list) else [] if ident is None else [ident]
        parts = [self.pack(msg["header"]), self._answered[1], metadata, self.pack(msg["content"])]
        return [*idents, DELIM, b"", *parts]

    def deserialize(
        self, msg_list: Sequence[Any], content: bool = True, copy: bool = True
    ) -> dict[str, Any]:
        parts = [json.loads(frame.bytes) for frame in msg_list[1:5]]
        message = dict(zip(("header", "parent_header", "metadata", "content"), parts, strict=True))
        header = message["header"]
        header["date"] = datetime.fromisoformat(header["date"])
        kind = {name: header[name] for name in ("msg_id", "msg_type")}
        return {**message, **kind, "buffers": [frame.buffer for frame in msg_list[5:]]}


class Stream(Socket):
    """Where the kernel hears its runner and answers. Other event loops may watch it, too."""

    def __init__(self, speaker: wire.Speaker) -> None:
        super().__init__(speaker, wire.SHELL)
        self._assembler = wire.Assembler()
        self._requests: asyncio.Queue[list[Any]] = asyncio.Queue()
        self.io_loop: Any = None

    def hold(self) -> None:
        """The next message goes with the one after it."""
        self._speaker.hold()

    def listen(self, loop: Any) -> None:
        self.io_loop = loop
        loop.add_handler(self.getsockopt(), self._hear, IOLoop.READ)

    def _hear(self, descriptor: int, _events: int) -> None:
        assert self._speaker.end is not None
        while (packet := wire.hear(self._speaker.end)) is not None:
            if not packet:
                self.io_loop.remove_handler(descriptor)
                return
            message = self._assembler.feed(packet)
            if message is not None:
                self._requests.put_nowait([Frame(frame) for frame in message[1]])

    def send_multipart(self, frames: Sequence[bytes], *_: object, **__: object) -> None:
        self.hold()  # that it is idle is said after each answer
        super().send_multipart(frames)

    async def request(self) -> list[Any]:
        return await self._requests.get()

    def getsockopt(self, _option: object = None) -> int:
        assert self._speaker.end is not None
        return self._speaker.end.fileno()

    def flush(self, *_: object, **__: object) -> bool:
        """Whether there is something to hear."""
        return not self._requests.empty()


class Publisher(IOPubThread):
    """Says what there is to say at once, in the order in which it comes; its thread only sees to
    what was printed and not flushed."""

    def __init__(self, speaker: wire.Speaker) -> None:
        self.socket = Socket(speaker, wire.IOPUB)
        self.session = False
        self.background_socket = BackgroundSocket(self)
        self.io_loop: Any = self
        self._due: deque[tuple[float, Callable[[], None]]] = deque()
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.thread = threading.Thread(target=self._see_to_it, name="IOPub", daemon=True)
        self._turn = threading.RLock()
        self._more = threading.Condition()

    def schedule(self, f: Callable[[], None]) -> None:
        with self._turn:
            f()

    def send_multipart(self, *args: Any, **options: Any) -> None:
        with self._turn:
            self.socket.send_multipart(*args, **options)

    def call_later(self, seconds: float, work: Callable[[], None]) -> None:
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
        """Nothing of it has to be ended."""

    close = stop


class Kernel(IPythonKernel):
    shell: Any
    shell_stream = AnyTrait()
    _supports_kernel_subshells = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.printed = Printed()

    async def do_execute(self, *args: Any, **options: Any) -> Any:
        """What it printed is told before its end is."""
        reply = await super().do_execute(*args, **options)
        self.printed.tell()
        return reply

    def _publish_status(self, status: str, *more: Any) -> None:
        if status == "busy":
            self.shell_stream.hold()  # what it is busy with comes next
        super()._publish_status(status, *more)

    def start(self) -> None:
        self.io_loop: Any = IOLoop.current()
        self.shell.exit_now = False
        self.shell_channel_thread = SimpleNamespace(parent_thread=threading.main_thread())
        self.shell_stream.listen(self.io_loop)
        self.io_loop.add_callback(self._serve)

    async def _serve(self) -> None:
        """One request after the other, in one context."""
        while True:
            await self.dispatch_shell(await self.shell_stream.request())

    def _abort_queues(self, *_: object) -> None:
        """Nobody asks twice before he is answered."""

    def _process_children(self) -> Any:
        """Without a look at every process of the machine when it has none of its own."""
        return super()._process_children() if processes.has_children() else []


class App(IPKernelApp):
    """Its parts are begun one by one, some before a fork and some behind it."""

    _speaker: wire.Speaker
    _is_extended = False

    def build(self) -> None:
        """All that belongs to no attempt."""
        self._speaker = wire.Speaker()
        BaseIPythonApplication.initialize(self, [])
        self.log.setLevel(self.log_level)  # what nobody shows is not put into words
        self.session.key = b""  # nobody else can be on the line
        self.init_pdb()
        self.init_blackhole()
        self.configure_tornado_logger()
        self.iopub_thread = Publisher(self._speaker)
        self.iopub_socket = self.iopub_thread.background_socket
        self.init_kernel()
        self.init_shell()

    @default("session")
    def _letters(self) -> Session:
        return Letters(parent=self)

    def parse_command_line(self, argv: object = None) -> None:
        """To build a parser for it takes as long as half of the rest."""
        self.update_config(_options())

    def init_kernel(self) -> None:
        self.kernel = Kernel.instance(
            parent=self,
            session=self.session,
            shell_stream=Stream(self._speaker),
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        self.kernel._execute_sleep = 0.0  # for outputs that overtake their answer; here none can

    def be_own(self, end: Any, connection_file: str) -> None:
        """From now on it is one of its kind."""
        self._speaker.end = end
        self.connection_file = connection_file
        self.session.session, self.session.pid = str(uuid.uuid4()), os.getpid()
        self.kernel.ident = str(uuid.uuid4())
        self.kernel.shell.displayhook.topic = self.kernel._topic("execute_result")

    def open(self) -> None:
        """Be there for what is printed."""
        self.iopub_thread.thread.start()
        OutStream._watch_pipe_fd = property(self.kernel.printed.watch)  # type: ignore[assignment]
        self.init_io()
        self.kernel._stdout, self.kernel._stderr = sys.stdout, sys.stderr
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count
        self.init_signal()
        self.init_path()
        IOLoop.current()  # makes the one that it is to serve in, before anybody waits for that

    def rehearse(self) -> None:
        """Go where a beginning and a first cell will go, and do nothing there: what is shared with
        those above is copied the first time it is touched, now while nobody waits."""
        shell = self.kernel.shell
        set(sys.modules)
        text = shell.transform_cell(REHEARSED)
        exec(compile(shell.compile.ast_parse(text), "", "exec"), {})
        inspect.signature(shell.run_cell)
        self.session.serialize(self.session.msg("status", {}))
        IOLoop.current().run_sync(lambda: asyncio.sleep(0))

    def extend(self) -> None:
        """With what is configured: may run code of its user, unless there is no configuration."""
        if not self._is_extended:
            self._is_extended = True
            self.init_extensions()

    def begin(self) -> None:
        """What may run code of its user."""
        self.init_gui_pylab()
        self.extend()
        self.init_code()
        sys.stdout.flush()
        sys.stderr.flush()


def build() -> App:
    """All of it that belongs to no attempt."""
    app = App.instance()
    app.build()
    return app


def config_files() -> list[str]:
    """Where its user, or who runs the machine, has configured IPython."""
    profile = os.path.join(get_ipython_dir(), "profile_default")
    places = [profile, *ENV_CONFIG_DIRS, *SYSTEM_CONFIG_DIRS]
    return [
        path
        for place in places
        for name in CONFIG_FILES
        for kind in CONFIG_KINDS
        if os.path.exists(path := os.path.join(place, name + kind))
    ]


def _options() -> Config:
    """What would be said on its command line."""
    options = Config()
    options.IPKernelApp.connection_file = "kernel.json"  # some look for this to know where they are
    # What it would write into the history of its user is no history of his.
    options.HistoryManager.enabled = False
    return options
