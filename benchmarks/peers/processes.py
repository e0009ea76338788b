"""Run the processes of contenders, marked by an environment variable to find them again."""

import os
import secrets
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

MARK = "NBYARD_BENCHMARK"
SECONDS = 900
LEAVING_SECONDS = 120.0


class Marked:
    """Starts processes that carry a mark; their children inherit it."""

    def __init__(self, folder: Path):
        self.mark = f"{MARK}={secrets.token_hex(8)}"
        self._cwd = folder
        self._variables = {**os.environ, **dict([self.mark.split("=")])}

    def forget(self, *names: str) -> None:
        """Remove variables of ours that could affect other tools."""
        for name in names:
            self._variables.pop(name, None)

    def add(self, **variables: str) -> None:
        """Add variables for all processes that are started from now on."""
        self._variables |= variables

    def call(self, *command: str | Path, cwd: Path | None = None) -> None:
        """Run a command to its end; an error contains its last output."""
        words = list(map(str, command))
        ended = subprocess.run(
            words,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._variables,
            cwd=cwd or self._cwd,
            timeout=SECONDS,
        )
        if ended.returncode:
            said = ended.stdout.decode(errors="replace")[-4000:]
            raise RuntimeError(f"{' '.join(words)[:300]} ended with {ended.returncode}:\n{said}")

    def start(self, *command: str | Path, log: Path) -> subprocess.Popen[bytes]:
        """Start a process that keeps running, and communicate through its pipes."""
        with log.open("ab") as errors:
            return subprocess.Popen(
                list(map(str, command)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self._variables,
                cwd=self._cwd,
            )

    def alive(self) -> set[int]:
        """Return the pids of all marked processes."""
        mark = self.mark.encode()
        return {pid for pid, words in environments().items() if mark in words}


def environments() -> dict[int, list[bytes]]:
    """Return the environment of every process that we may read."""
    found = {}
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:
            continue
        found[int(place.parent.name)] = words
    return found


def check_left(left: Callable[[], set[str]]) -> None:
    """Check that no process is left after some seconds."""
    deadline = time.monotonic() + LEAVING_SECONDS
    while found := left():
        assert time.monotonic() < deadline, f"still there: {found}"
        time.sleep(0.02)


def described(pid: int) -> str:
    """Return a process as text: its pid and its command line."""
    try:
        words = (Path("/proc") / str(pid) / "cmdline").read_bytes()
    except OSError:
        return f"{pid}: gone"
    said = words.replace(b"\0", b" ").decode(errors="replace")
    return f"{pid}: {said[:200]}"
