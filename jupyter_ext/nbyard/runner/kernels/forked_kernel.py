"""A kernel in a fork of the runner: what runs there, its process, and its client for nbclient."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import queue
import signal
import socket
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ipykernel.ipkernel import IPythonKernel
from jupyter_client.session import Session

from .. import pythonpath_shim
from ..process.environ_stamps import adopt_attempt
from ..process.forks import fork_child
from ..process.pipes import read_whole, wait_readable
from ..process.processes import keep_only
from . import wire
from .in_process_kernel import kernel_app
from .kernel_imports import forget_others

END_SECONDS = 5.0


def serve(connection_file: str, end: socket.socket, tell: int, wait: int | None) -> int:
    """Run a kernel in this fork until the client requests its shutdown.

    Return the exit status. `end` is the socket to the client. `tell` is a pipe that reports when
    the kernel is ready. `wait` is a pipe from which a warm kernel reads its attempt, None for a
    kernel that has one already.
    """
    keep_only(end.fileno(), tell, *([] if wait is None else [wait]))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The variables and arguments that jupyter_client and the specification give to a kernel.
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    sys.argv = ["ipykernel_launcher", "-f", connection_file]
    app = kernel_app()
    of_the_end = forget_others()
    app.connect_fork(end, connection_file)
    app.open()
    os.write(tell, b"1")
    os.close(tell)
    # The kernel is ready. Below, it runs startup files of the user, which belong to an attempt.
    if wait is not None:
        if not (message := read_whole(wait)):
            os._exit(0)  # no attempt came
        adopt_attempt(json.loads(message))
    app.shell.starting_dir = os.getcwd()
    app.shell.history_manager.dir_hist[:] = [Path.cwd()]
    pythonpath_shim.offer(pythonpath_shim.folder())
    app.begin()
    shut_down = app.kernel.do_shutdown

    def do_shutdown(restart: bool) -> Any:
        # ipykernel needs psutil at its shutdown. Importing it again would take more than 10 ms.
        for name, module in of_the_end.items():
            sys.modules.setdefault(name, module)
        return shut_down(restart)

    app.kernel.do_shutdown = do_shutdown
    app.start()
    # do what the interpreter does at exit, without unwinding the frames inherited by the fork
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    return 0


class Alive(Protocol):
    """The process of a kernel, as its client needs it."""

    def is_alive(self) -> bool: ...


class Channel:
    """A channel of the client: `come` has the received messages, `send` sends one."""

    def __init__(self, talk: Talk) -> None:
        self.come: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.send = talk.send

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        try:
            async with asyncio.timeout(timeout):
                return await self.come.get()
        except TimeoutError:
            # nbclient expects the exception that jupyter_client's channels raise.
            raise queue.Empty from None


class Talk:
    """The client: sends requests to the kernel and receives its messages."""

    def __init__(self, kernel: Alive, end: socket.socket) -> None:
        self.shell_channel, self.iopub_channel = Channel(self), Channel(self)
        self._kernel = kernel
        self.has_received = False
        self._line = wire.Line(end, self._receive)
        self.close = self._line.close
        self.session: Any = Session()
        self.session.key = b""  # no other process can use this channel

    def _receive(self, channel: int, frames: list[bytes]) -> None:
        self.has_received = True
        message = self.session.deserialize(self.session.feed_identities(frames)[1])
        to = self.iopub_channel if channel == wire.IOPUB else self.shell_channel
        to.come.put_nowait(message)

    def send(self, message: dict[str, Any]) -> None:
        """Send a message that was built with `session`."""
        self._line.send(wire.SHELL, self.session.serialize(message))

    def _ask(self, what: str, content: dict[str, Any]) -> str:
        message = self.session.msg(what, content)
        self.send(message)
        return str(message["msg_id"])

    def execute(self, code: str, *, store_history: bool, stop_on_error: bool) -> str:
        """Send code to the kernel. Return the ID of the request."""
        content = {
            "code": code,
            "silent": False,
            "store_history": store_history,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": stop_on_error,
        }
        return self._ask("execute_request", content)

    def ask_to_end(self) -> None:
        """Send a shutdown request."""
        self._ask("shutdown_request", {"restart": False})

    async def is_alive(self) -> bool:
        return self._kernel.is_alive()


class ForkedKernel:
    """A forked kernel's process.

    With `is_ahead`, the kernel waits for an attempt until `release`.
    """

    exit_code: int | None = None
    max_rss_bytes = 0

    def __init__(self, folder: str, *, is_ahead: bool = False) -> None:
        self._read_end, write_end = os.pipe()
        self._end, theirs = wire.pair()
        wait: int | None = None
        self._release = -1
        if is_ahead:
            wait, self._release = os.pipe()
        place = os.path.join(folder, "kernel.json")
        self.pid = fork_child(partial(serve, place, theirs, write_end, wait))
        theirs.close()
        # With this end open, the kernel's death would not end the wait in `connect`.
        os.close(write_end)
        if wait is not None:
            os.close(wait)

    def release(self, message: bytes) -> None:
        """Send a waiting kernel its attempt (JSON), so that the kernel continues."""
        with os.fdopen(self._release, "wb") as pipe:
            pipe.write(message)

    async def connect(self, client: Any) -> dict[str, Any] | None:
        """Wait until the kernel is ready, and connect a client to it.

        Return the language info, or None if the kernel ended while it started.
        """
        await wait_readable(self._read_end)
        is_up = os.read(self._read_end, 1) == b"1"
        os.close(self._read_end)
        if not is_up:
            await self.wait()
            return None
        client.kc = Talk(self, self._end)
        return language_info()

    def is_alive(self) -> bool:
        """Return whether the kernel's process runs.

        Once it has ended, record its exit code and memory.
        """
        if self.exit_code is None:
            pid, status, used = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.exit_code = os.waitstatus_to_exitcode(status)
                self.max_rss_bytes = used.ru_maxrss * 1024  # forks are only used on Linux
        return self.exit_code is None

    async def wait(self) -> None:
        """Wait until the kernel has ended."""
        while self.is_alive():
            handle = os.pidfd_open(self.pid)
            try:
                await wait_readable(handle)
            finally:
                os.close(handle)

    async def interrupt(self) -> None:
        """Send SIGINT to the kernel's process group."""
        self._send(signal.SIGINT)

    def _send(self, number: int) -> None:
        if self.is_alive():
            os.killpg(self.pid, number)

    async def end(self, talk: Talk | None, *, gracefully: bool) -> None:
        """Stop the kernel. With `gracefully`, let its exit handlers run first."""
        if talk is not None and gracefully:
            talk.ask_to_end()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_SECONDS):
                    await self.wait()
        self._send(signal.SIGKILL)
        await self.wait()
        if talk is not None:
            talk.close()


def language_info() -> dict[str, Any]:
    """Return the language info that ipykernel sends in its kernel info."""
    return dict(IPythonKernel.language_info)
