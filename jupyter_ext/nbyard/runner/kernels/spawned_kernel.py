"""Kernels that are spawned as their specifications say, for any language and environment.

Reserves ports for a kernel, so that no other process gets them before the kernel.

jupyter_client chooses free ports and releases them at once. A kernel whose port was taken in the
meantime ends, or never answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import socket
import sys
import time
from typing import Any

from .. import pythonpath_shim
from ..process.forks import die_with_parent
from ..process.pipes import wait_readable
from ..reasons import FROM_OUTSIDE, Explained, Reason, because, end_of
from .specifications import is_local, specification, specifications

PORTS = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")


class ReservedPorts:
    """A free port for each name in PORTS, or none if the system cannot reserve ports.

    The system gives no other process a port to which a socket is bound. The kernel can still bind
    it, because zmq reuses addresses and the socket does not listen.
    """

    def __init__(self, host: str) -> None:
        self._held: list[socket.socket] = []
        self.by_name: dict[str, int] = {}
        if sys.platform != "linux":  # elsewhere the kernel could not bind them
            return
        try:
            for name in PORTS:
                self._held.append(_bind(host, 0))
                self.by_name[name] = self._held[-1].getsockname()[1]
            # Binds each port as the kernel will. If that fails, jupyter_client chooses the ports.
            for port in self.by_name.values():
                with _bind(host, port) as kernels:
                    kernels.listen()
        except OSError:
            self.by_name = {}
            self.release()

    def release(self) -> None:
        """Release the ports, once the kernel has bound them or has ended."""
        while self._held:
            self._held.pop().close()


def _bind(host: str, port: int) -> socket.socket:
    with contextlib.ExitStack() as failed:
        end = failed.enter_context(socket.socket())
        end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        end.bind((host, port))
        failed.pop_all()
    return end


PROBE_SECONDS = 0.1
ASK_SECONDS = 1.0  # between requests to a kernel that has not answered; zmq keeps all of them
REPLY_SECONDS = 5.0
END_SECONDS = 2.0
# The path of a socket has at most 107 bytes, see unix(7). jupyter_client appends a name.
MAX_SOCKET_FOLDER = 80


class KernelMissing(Explained):
    """The kernel is not installed, or does not start."""


class KernelEnded(Explained):
    """The kernel died while it ran the notebook."""


def ended_at_start(kernel: str, exit_code: int | None) -> Reason:
    """Return the reason for a kernel that ended before it answered."""
    if exit_code is None:
        return because("kernel-ended", kernel=kernel)
    return because("kernel-ended-by", kernel=kernel, end=end_of(exit_code))


def check_after_sending(channel: Any) -> None:
    """Check a client's channel for messages whenever the client has sent one.

    jupyter_client sends outside the event loop, which consumes the signal for a reply that has just
    arrived. The loop would then wait forever. An Output widget sends while a cell runs.
    """
    send = channel.send

    def send_and_look(message: Any) -> None:
        send(message)
        _ = channel.socket.EVENTS  # reading this attribute makes pyzmq check for messages

    channel.send = send_and_look


class StartedKernel:
    """A kernel that jupyter_client starts in `directory`. Failures call it by the name `shown`."""

    def __init__(self, name: str, language: str, directory: str, shown: str) -> None:
        self._name = name
        self._language = language
        self._directory = directory
        self._shown = shown
        self._client: Any = None
        self._ports: ReservedPorts | None = None

    async def connect(self, client: Any) -> dict[str, Any]:
        """Start the kernel, connect the client, and wait for an answer.

        Return the language info.

        Raises:
            KernelMissing: There is no kernel of that name, or it does not start.
            KernelEnded: The kernel was killed while it started.
        """
        self._client = client
        self._check()
        try:
            return await self._connect(client)
        finally:
            if self._ports is not None:
                self._ports.release()

    async def _connect(self, client: Any) -> dict[str, Any]:
        parent = os.getpid()
        try:
            await client.async_start_new_kernel(
                cwd=self._directory,
                env=self._environment(),
                preexec_fn=lambda: die_with_parent(parent),
            )
        except OSError as error:
            reason = because("kernel-not-started", kernel=self._shown, error=str(error))
            raise KernelMissing(reason) from None
        client.kc = client.km.client()
        client.kc.start_channels(stdin=False, hb=False)
        client.kc.allow_stdin = False
        check_after_sending(client.kc.shell_channel)
        language_info = await self._probe()
        if self._language == "python":
            expressions = {"": pythonpath_shim.request()}
            # A silent request with an expression takes no number: the first cell stays number 1.
            client.kc.execute("", silent=True, user_expressions=expressions, store_history=False)
            await self._replies(1)
        return language_info

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}

    def _check(self) -> None:
        client = self._client
        manager = client.create_kernel_manager()
        if client.km is None:
            client.km = manager
        runtime_folder = os.environ.get("JUPYTER_RUNTIME_DIR", "")
        if runtime_folder:  # this folder is removed even if this process is killed
            manager.connection_file = os.path.join(runtime_folder, "kernel.json")
        if self._language == "python" and 0 < len(runtime_folder) < MAX_SOCKET_FOLDER:
            # unlike ports, sockets cannot collide, and other users cannot reach them
            manager.transport = "ipc"
            manager.ip = os.path.join(runtime_folder, "kernel")
        manager.kernel_spec_manager = specifications()
        spec = specification(self._name)
        if spec is None:
            present = sorted(specifications().find_kernel_specs())
            if not present:
                raise KernelMissing(because("no-kernel", kernel=self._shown))
            raise KernelMissing(because("kernel-missing", kernel=self._shown, present=present))
        if manager.transport == "tcp" and is_local(spec):
            self._ports = ReservedPorts(manager.ip)
            manager.cache_ports = not self._ports.by_name  # else jupyter_client chooses others
            for name, port in self._ports.by_name.items():
                setattr(manager, name, port)

    async def _probe(self) -> dict[str, Any]:
        """Send kernel info requests until the shell and IOPub channels answer.

        Return the language info. From then on, no output of the kernel is missed.
        """
        client, shell, iopub = self._client.kc, False, False
        due, asked = 0.0, 0
        while not (shell and iopub):
            if not await self._client.km.is_alive():
                reason = ended_at_start(self._shown, self.exit_code)
                was_killed = -(self.exit_code or 0) in FROM_OUTSIDE
                raise KernelEnded(reason) if was_killed else KernelMissing(reason)
            if not shell and time.monotonic() >= due:
                client.kernel_info()
                asked += 1
                due = time.monotonic() + ASK_SECONDS
            shell = shell or bool(await client.shell_channel.socket.poll(PROBE_SECONDS * 1000))
            if shell:
                iopub = bool(await client.iopub_channel.socket.poll(PROBE_SECONDS * 1000))
                if not iopub:
                    # zmq drops messages that are published before a subscription has arrived. Each
                    # request makes the kernel publish its status again.
                    client.kernel_info()
                    asked += 1
        language_info: dict[str, Any] = {}
        for message in await self._replies(asked):
            if message["msg_type"] == "kernel_info_reply":
                # private: adapts messages to an older kernel
                getattr(client, "_handle_kernel_info_reply", lambda _: None)(message)
                language_info = message["content"].get("language_info") or {}
        return language_info

    async def _replies(self, count: int) -> list[dict[str, Any]]:
        """Wait for `count` replies, so that no later request arrives while the kernel sends them.

        ipykernel 7 overlooks such a request until the next one arrives, and would wait forever.
        """
        replies: list[dict[str, Any]] = []
        with contextlib.suppress(queue.Empty):
            while len(replies) < count:
                replies.append(await self._client.kc.get_shell_msg(timeout=REPLY_SECONDS))
        return replies

    async def interrupt(self) -> None:
        """Interrupt the kernel, if it was started."""
        if self._client is not None and self._client.km is not None:
            await self._client.km.interrupt_kernel()

    @property
    def exit_code(self) -> int | None:
        """Return the exit code of the kernel, None while it runs."""
        manager = self._client.km if self._client is not None else None
        process = getattr(getattr(manager, "provisioner", None), "process", None)
        code: int | None = process.poll() if process is not None else None
        return code

    async def _ask_to_end(self) -> None:
        """Request the kernel's shutdown and wait for its end.

        The wait uses a pidfd, because jupyter_client would poll ten times a second.
        """
        manager = self._client.km
        pid = getattr(manager.provisioner, "pid", None)  # only of a process of this machine
        if pid and hasattr(os, "pidfd_open") and await manager.is_alive():
            handle = os.pidfd_open(pid)
            try:
                await manager.request_shutdown()
                # not `timeout`: Python 3.9 and 3.10 have neither it nor its exception
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(wait_readable(handle), END_SECONDS)
            finally:
                os.close(handle)
        await manager.shutdown_kernel(now=not await manager.is_alive())

    async def end(self, talk: Any, *, gracefully: bool) -> None:
        """Stop the kernel. With `gracefully`, let its exit handlers run first."""
        manager = self._client.km if self._client is not None else None
        if talk is not None:
            if gracefully and manager is not None:
                await self._ask_to_end()
            talk.stop_channels()
        if manager is not None and manager.has_kernel:
            await manager.shutdown_kernel(now=True)
