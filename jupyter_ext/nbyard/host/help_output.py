"""Runs a program with `--help`, with limits on time and output, without input, and cleans up."""

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
# Variables of Jupyter, of nbyard and of the debugger; the program does not need them.
FOREIGN = ("JPY_", "JUPYTER", "NBYARD_", "PYDEVD_")
# Ask for plain text in wide lines, without a pager.
PLAIN = {"COLUMNS": "200", "LINES": "1000", "NO_COLOR": "1", "PAGER": "cat", "TERM": "dumb"}


@contextmanager
def program_on_disk(path: Path | None, name: str, content: bytes) -> Iterator[Path]:
    """Yield the path of a program.

    If there is none, the content is written to a temporary folder.
    """
    if path is not None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="nbyard-help-") as folder:
        file = Path(folder, name)
        file.write_bytes(content)
        file.chmod(0o700)
        yield file


def command_to_start(command: Sequence[str], path: Path) -> list[str]:
    """Return the command that starts the file at `path`.

    The word `python` becomes this interpreter.
    """
    argv = [word.replace(FILE, str(path)) for word in command]
    return [sys.executable, *argv[1:]] if argv[:1] == [PYTHON] else argv


def run_help(command: Sequence[str]) -> str:
    """Return what a program prints for `--help` on both streams, at most MAX_BYTES.

    The program runs in an empty temporary folder. Its process group is killed after SECONDS.

    Raises:
        Invalid: The program cannot be started, or prints nothing in that time.
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
                # Without a terminal, the program cannot ask for a password. Its children share the
                # group that is killed.
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = f"cannot be started: {error}"
            raise Invalid.field("command", why) from None
        try:
            text = _read(process, time.monotonic() + SECONDS)
        finally:
            # Kill before waiting for the leader: until then its group id cannot be reused.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
    if not text.strip():
        raise Invalid.field("command", f"printed nothing for --help within {SECONDS:g} s")
    return text


def _read(process: subprocess.Popen[bytes], until: float) -> str:
    """Read output until its end, the size limit, or the time `until`."""
    assert process.stdout is not None
    output = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while len(output) < MAX_BYTES and selector.select(max(0.0, until - time.monotonic())):
            chunk = os.read(process.stdout.fileno(), CHUNK)
            if not chunk:
                break
            output += chunk
    return output[:MAX_BYTES].decode("utf-8", "replace")
