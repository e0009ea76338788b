"""A kernel that is forked instead of spawned, and the part of a client that nbclient needs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import signal
import socket
import sys
import uuid
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from typing import Any

from jupyter_client._version import protocol_version
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.session import DELIM, Session

from . import wire
from .forked import serve
from .prepared import live_as
from .work import die_with_parent

LAUNCHER = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
NATIVE = "python3"
END_SECONDS = 5.0
_decode = json.JSONDecoder().decode
_known: dict[str, tuple[object, KernelSpec | None]] = {}


def is_forkable(name: str) -> bool:
    """Return whether a fork of this process can replace a spawned kernel of that name."""
    spec = specification(name)
    if spec is None:
        return False
    same = spec.argv[:1] in (["python"], ["python3"], [sys.executable])
    return same and is_ipykernel(spec) and not spec.env


def is_ipykernel(spec: KernelSpec) -> bool:
    """Return whether the kernel is launched with ipykernel's own command."""
    return [word for word in spec.argv[1:] if not word.startswith("-X")] == LAUNCHER


def specification(name: str) -> KernelSpec | None:
    """Return the current specification of the kernel of that name, or None."""
    seen = stamps(name)
    if name not in _known or _known[name][0] != seen:
        _known[name] = seen, _read(name)
    return _known[name][1]


def installed(name: str, language: str) -> str:
    """Return the name if it is installed, else that of an installed kernel of the language."""
    if os.path.isabs(name) or specification(name) is not None:
        return name
    others = sorted(specifications().find_kernel_specs(), key=lambda other: other != NATIVE)
    of_language = (
        other
        for other in others
        if (spec := specification(other)) is not None and spec.language.lower() == language
    )
    return next(of_language, name)


def stamps(name: str) -> list[tuple[int, int]]:
    """Return values that change when a kernel of that name is installed, changed or removed."""
    places = specifications().kernel_dirs
    return [stamp(os.path.join(place, name, "kernel.json")) for place in places]


class Specifications(KernelSpecManager):
    """Jupyter's kernel specifications. An absolute path names a specification by its folder."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        if not os.path.isabs(kernel_name):
            return super().get_kernel_spec(kernel_name)
        try:
            return KernelSpec.from_resource_dir(kernel_name)
        except (OSError, ValueError):
            raise NoSuchKernel(kernel_name) from None


@cache
def specifications() -> KernelSpecManager:
    """Return the manager of kernel specifications, created once."""
    return Specifications()


def _read(name: str) -> KernelSpec | None:
    try:
        return specifications().get_kernel_spec(name)
    except NoSuchKernel:
        return None


def stamp(path: str) -> tuple[int, int]:
    """Return a value that changes with the file, or (0, 0) if there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


class ForkedKernel:
    """The process of a forked kernel. A warm kernel runs nothing until `release`."""

    exit_code: int | None = None
    max_rss_bytes = 0

    def __init__(self, folder: str, *, is_ahead: bool = False) -> None:
        self._hear, tell = os.pipe()
        self._end, theirs = wire.pair()
        wait: int | None = None
        self._release = -1
        if is_ahead:
            wait, self._release = os.pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            die_with_parent(parent)
            place = os.path.join(folder, "kernel.json")
            live_as(partial(serve, place, theirs, tell, wait))
        theirs.close()
        os.close(tell)
        if wait is not None:
            os.close(wait)

    def release(self, told: bytes) -> None:
        """Tell a warm kernel about its attempt. It continues once this is written."""
        with os.fdopen(self._release, "wb") as words:
            words.write(told)

    async def connect(self, client: Any) -> dict[str, Any] | None:
        """Connect a client to the kernel.

        Return the language info, or None if the kernel ended while it started.
        """
        await readable(self._hear)
        is_up = os.read(self._hear, 1) == b"1"
        os.close(self._hear)
        if not is_up:
            await self.wait()
            return None
        client.kc = Talk(self, self._end)
        return language_info()

    def is_alive(self) -> bool:
        """Return whether the process runs. Record its exit code once it has ended."""
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
                await readable(handle)
            finally:
                os.close(handle)

    async def interrupt(self) -> None:
        """Send SIGINT to the kernel's process group."""
        self._send(signal.SIGINT)

    def _send(self, number: int) -> None:
        if self.is_alive():
            os.killpg(self.pid, number)

    async def end(self, talk: Talk | None, *, kindly: bool) -> None:
        """End the kernel. With `kindly`, let it run its exit handlers first."""
        if talk is not None and kindly:
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
    from ipykernel.ipkernel import IPythonKernel

    return dict(IPythonKernel.language_info)


async def readable(descriptor: int) -> None:
    """Wait until a descriptor is readable or its other end is closed."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, event.set)
    try:
        await event.wait()
    finally:
        loop.remove_reader(descriptor)


class Channel:
    """A channel of the client: received messages, and a way to send others."""

    def __init__(self, talk: Talk) -> None:
        self.come: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.send = talk.send

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        try:
            async with asyncio.timeout(timeout):
                return await self.come.get()
        except TimeoutError:
            raise queue.Empty from None


class Talk:
    """The client: sends requests to the kernel and receives its messages."""

    def __init__(self, kernel: ForkedKernel, end: socket.socket) -> None:
        self.shell_channel, self.iopub_channel = Channel(self), Channel(self)
        self._kernel = kernel
        self._line = wire.Line(end, self._heard)
        self._own = uuid.uuid4().hex
        self.close = self._line.close

    @cached_property
    def session(self) -> Any:
        """Return a session of jupyter_client, for code that builds messages itself."""
        session = Session()
        session.key = b""  # no other process can use this channel
        return session

    def _heard(self, channel: int, frames: list[bytes]) -> None:
        at = frames.index(DELIM) + 2  # skips the signature
        parts = (_decode(part.decode()) for part in frames[at : at + 4])
        header, parent, metadata, content = parts
        header["date"] = datetime.fromisoformat(header["date"])
        message = {
            "header": header,
            "msg_id": header["msg_id"],
            "msg_type": header["msg_type"],
            "parent_header": parent,
            "metadata": metadata,
            "content": content,
            "buffers": frames[at + 4 :],
        }
        to = self.iopub_channel if channel == wire.IOPUB else self.shell_channel
        to.come.put_nowait(message)

    def send(self, message: dict[str, Any]) -> None:
        """Send a message as `session` builds it."""
        self._line.say(wire.SHELL, self.session.serialize(message))

    def _ask(self, what: str, content: dict[str, Any]) -> str:
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": what,
            "username": "nbyard",
            "session": self._own,
            "date": datetime.now(UTC).isoformat(),
            "version": protocol_version,
        }
        parts = [json.dumps(part).encode() for part in (header, {}, {}, content)]
        self._line.say(wire.SHELL, [DELIM, b"", *parts])
        return str(header["msg_id"])

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
