"""A kernel that is forked instead of started, and what its client needs to know of it."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import signal
import sys
import threading
from functools import partial
from typing import Any

from jupyter_client.connect import KernelConnectionInfo, write_connection_file
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase

from .prepared import forget_others, keep_only, live_as
from .work import die_with_parent

LAUNCHER = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
# What it would write into the history of its user is no history of his.
END_SECONDS = 3.0
OPTIONS = ["--HistoryManager.enabled=False"]


def is_forkable(name: str) -> bool:
    """Whether starting the kernel of that name would give what a fork of us is already."""
    try:
        spec = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        return False
    same = spec.argv[:1] in (["python"], ["python3"], [sys.executable])
    plain = [word for word in spec.argv[1:] if not word.startswith("-X")]
    return same and plain == LAUNCHER and not spec.env


class ForkedKernel:
    """The process of a kernel; `connection_file` is valid when `bound` has been heard."""

    def __init__(self, folder: str) -> None:
        self.connection_file = os.path.join(folder, "kernel.json")
        write_connection_file(
            self.connection_file, ip=os.path.join(folder, "kernel"), transport="ipc"
        )
        self._hear, tell = os.pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            die_with_parent(parent)
            live_as(partial(_serve, self.connection_file, tell))
        os.close(tell)

    async def attach(self, owner: Any) -> bool:
        """Make it the kernel of a KernelManager when it listens; false when it ended instead."""
        provisioner = ForkedProvisioner(kernel_spec=owner.kernel_spec, parent=owner)
        provisioner.pid = self.pid
        owner.provisioner = provisioner
        if not await self._bound():
            return False
        owner.load_connection_file(self.connection_file)
        return True

    async def end(self, client: Any) -> None:
        """Ask it to end, and wait for that as long as its manager would."""
        client.kc.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(client.km.shutdown_wait_time):
                await client.km.provisioner.wait()

    async def _bound(self) -> bool:
        """Wait until it listens; false when it ended instead."""
        await _readable(self._hear)
        return os.read(self._hear, 1) == b"1"


async def _readable(descriptor: int) -> None:
    """Wait until something can be read, or the other end is closed."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, event.set)
    try:
        await event.wait()
    finally:
        loop.remove_reader(descriptor)


def _serve(connection_file: str, tell: int) -> int:
    """In the fork: be a kernel until asked to end."""
    keep_only(tell)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parent = str(os.getppid())
    os.environ |= {"PYDEVD_DISABLE_FILE_VALIDATION": "1", "JPY_PARENT_PID": parent}
    forget_others()
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", "-f", connection_file]
    app: Any = IPKernelApp.instance()
    app.initialize([*sys.argv[1:], *OPTIONS, f"--IPKernelApp.parent_handle={parent}"])
    os.write(tell, b"1")
    os.close(tell)
    app.start()
    # its last answer needs the thread for outputs, which `app.close` would end before this one
    app.control_thread.stop()
    app.control_thread.join(END_SECONDS)
    # what an interpreter does at its end, but for the frames of those we were forked from
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    return 0


class ForkedProvisioner(KernelProvisionerBase):
    """The seam of jupyter_client for the life of a kernel's process."""

    pid = 0
    exit_code: int | None = None

    @property
    def has_process(self) -> bool:
        return self.pid != 0 and self.exit_code is None

    async def poll(self) -> int | None:
        if self.has_process:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code

    async def wait(self) -> int | None:
        """Until it is gone; woken by its end."""
        if self.has_process:
            handle = os.pidfd_open(self.pid)
            try:
                await _readable(handle)
            finally:
                os.close(handle)
        return await self.poll()

    async def send_signal(self, signum: int) -> None:
        if self.has_process:
            os.killpg(self.pid, signum)

    async def kill(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGTERM)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        raise NotImplementedError("it was forked already")

    async def cleanup(self, restart: bool = False) -> None:
        """Nothing is left of it."""
