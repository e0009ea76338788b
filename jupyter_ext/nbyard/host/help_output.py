"""Runs a program with `--help`, within bounds: time, output, no input, and nothing left behind."""

import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from nbyard.domain.commands.command_line import FILE
from nbyard.domain.commands.interpreters import PYTHON
from nbyard.errors import Invalid

SECONDS = 10.0
MAX_BYTES = 256 * 1024
CHUNK = 64 * 1024
# What belongs to Jupyter or to us is none of its business.
FOREIGN = ("JPY_", "JUPYTER", "NBYARD_", "PYDEVD_")
# Plain text in wide lines, at once.
PLAIN = {"COLUMNS": "200", "LINES": "1000", "NO_COLOR": "1", "PAGER": "cat", "TERM": "dumb"}


@contextmanager
def placed(path: Path | None, name: str, content: bytes) -> Iterator[Path]:
    """Give the place of a program. What was uploaded has none: it gets a folder for that time."""
    if path is not None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="nbyard-help-") as folder:
        file = Path(folder, name)
        file.write_bytes(content)
        file.chmod(0o700)
        yield file


def started(command: Sequence[str], path: Path) -> list[str]:
    """Return the command that starts a file where it is, with our own Python where one is meant."""
    words = [word.replace(FILE, str(path)) for word in command]
    return [sys.executable, *words[1:]] if words[:1] == [PYTHON] else words


def ask(command: Sequence[str], seconds: float = SECONDS) -> str:
    """What the program prints to `--help`, on both streams, at most `MAX_BYTES`.

    It runs in an empty folder that is removed, and is killed with all of its group after `seconds`.

    Raises:
        Invalid: it cannot be started, or prints nothing in that time.
    """
    kept = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
    with tempfile.TemporaryDirectory(prefix="nbyard-help-") as folder:
        try:
            process = subprocess.Popen(
                [*command, "--help"],
                cwd=folder,
                env={**kept, **PLAIN},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise Invalid.field("command", f"cannot be started: {error}") from None
        try:
            text = _read(process, time.monotonic() + seconds)
        finally:
            _end(process)
    if not text.strip():
        raise Invalid.field("command", f"printed nothing to --help within {seconds:g} s")
    return text


def _read(process: subprocess.Popen[bytes], until: float) -> str:
    """Until the end of its output, the limit or the time."""
    assert process.stdout is not None
    found = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while len(found) < MAX_BYTES and selector.select(max(0.0, until - time.monotonic())):
            chunk = os.read(process.stdout.fileno(), CHUNK)
            if not chunk:
                break
            found += chunk
    return found[:MAX_BYTES].decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    # Before the leader is waited for: until then its group's number is not given to others.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
