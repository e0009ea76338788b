"""Reserves ports for a kernel, so that no other process gets them before the kernel.

jupyter_client chooses free ports and releases them at once. A kernel whose port was taken in the
meantime ends, or never answers.
"""

from __future__ import annotations

import contextlib
import socket
import sys

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
