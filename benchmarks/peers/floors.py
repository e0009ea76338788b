"""Measure the floors: what the machine needs to do nothing."""

import subprocess
import sys
from collections.abc import Callable

from peers.containers import nothing_in_container


def python() -> None:
    """Start Python and exit."""
    subprocess.run([sys.executable, "-c", "pass"], check=True)


def spawn() -> None:
    """Start a process that does nothing."""
    subprocess.run(["/bin/true"], check=True)


def kernel() -> None:
    """Start a kernel, wait until it responds, and stop it."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    client.stop_channels()
    manager.shutdown_kernel(now=True)


FLOORS: dict[str, Callable[[], None]] = {
    "python": python,
    "spawn": spawn,
    "kernel": kernel,
    "container": nothing_in_container,
}
