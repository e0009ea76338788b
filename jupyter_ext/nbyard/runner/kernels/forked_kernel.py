"""The process of a forked kernel, as seen from the process that forks it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from functools import partial
from typing import Any

from ipykernel.ipkernel import IPythonKernel

from ..process.forks import fork_child
from ..process.pipes import wait_readable
from . import wire
from .forked_client import Talk
from .forked_server import serve

END_SECONDS = 5.0


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
