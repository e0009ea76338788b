"""Manage the processes of ./dev, found by variables in their environment."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

PATIENCE_SECONDS = 10.0
MARK = "NBYARD_DEV"
ATTEMPT = "NBYARD_ATTEMPT"


class Process:
    """A child process in its own session; its output is printed with its name in front."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, env: dict[str, str]):
        self._child = subprocess.Popen(
            command,
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self.name = name
        self._printer = threading.Thread(target=self._print, daemon=True)
        self._printer.start()

    def _print(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            if line.strip():
                print(f"{self.name:>6} | {line.rstrip()}", flush=True)  # noqa: T201

    def runs(self) -> bool:
        """Return whether the process is running."""
        return self._child.poll() is None

    def stop(self) -> None:
        """Terminate the process, and kill its session if it stays."""
        with contextlib.suppress(ProcessLookupError):
            self._child.terminate()
        try:
            self._child.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        assert self._child.stdin is not None
        self._child.stdin.close()


def marked(folder: Path) -> Iterator[psutil.Process]:
    """Yield the processes, also detached ones, that descend from ./dev on this folder.

    Processes of an attempt have another environment, which names the attempt's folder.
    """
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            variables = process.environ()
            of_attempt = variables.get(ATTEMPT, "").startswith(f"{folder}{os.sep}")
            if of_attempt or variables.get(MARK) == str(folder):
                yield process


def stop_dispatchers(folder: Path) -> None:
    """Stop dispatchers, so that the next one runs the present code."""
    for process in marked(folder):
        with contextlib.suppress(psutil.Error):
            if "nbyard.dispatch" in process.cmdline():
                process.terminate()


def sweep(folder: Path) -> None:
    """Stop dispatchers, runners and kernels, which outlive their server by design."""
    left = list(marked(folder))
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(left, PATIENCE_SECONDS / 2)
    while left := list(marked(folder)):
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, PATIENCE_SECONDS)
