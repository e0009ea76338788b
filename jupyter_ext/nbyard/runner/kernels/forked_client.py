"""The client of a forked kernel, with the interface that nbclient uses."""

from __future__ import annotations

import asyncio
import queue
import socket
from typing import Any, Protocol

from jupyter_client.session import Session

from . import wire


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
