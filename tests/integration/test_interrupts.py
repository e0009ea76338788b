"""Ctrl-C stops the command that follows a run, but not the run."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

Shell = Callable[..., Popen[str]]
SECONDS = 60
SCRIPT = """\
import os, time
print("begins", flush=True)
while not os.path.exists({go!r}):
    time.sleep(0.05)
print("ends", flush=True)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "slow.py").write_text(SCRIPT.format(go=str(tmp_path / "go")))
    return folder


@pytest.fixture
def shell(root: Path) -> Iterator[Shell]:
    """Start a command as a terminal does, with all its processes in one group."""
    variables = {
        **os.environ,
        "NBYARD_STORE_DIR": str(root.parent / "store"),
        "NBYARD_IDLE_SECONDS": "1",
        "PYTHONUNBUFFERED": "1",
    }
    started: list[Popen[str]] = []

    def start(*words: str) -> Popen[str]:
        command = [sys.executable, "-m", "nbyard.cli.main", *words]
        child = Popen(
            command, cwd=root, env=variables, stdout=PIPE, stderr=PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        started.append(child)
        return child

    yield start
    (root.parent / "go").touch()
    for child in started:
        child.communicate(timeout=SECONDS)


def said(shell: Shell, *words: str) -> subprocess.CompletedProcess[str]:
    child = shell(*words)
    out, err = child.communicate(timeout=SECONDS)
    return subprocess.CompletedProcess(words, child.returncode, out, err)


def until(shell: Shell, word: str, *words: str) -> None:
    end = time.monotonic() + SECONDS
    while (now := said(shell, *words)).stdout.strip() != word:
        assert time.monotonic() < end, now
        time.sleep(0.1)


def interrupt(child: Popen[str], seen: str) -> str:
    """Press Ctrl-C after the command printed a text; return its standard error."""
    stream = child.stdout if seen == "begins" else child.stderr
    assert stream is not None
    told = ""
    while seen not in told:
        line = stream.readline()
        assert line, child.communicate()
        told += line
    os.killpg(child.pid, signal.SIGINT)
    _, err = child.communicate(timeout=SECONDS)
    assert child.returncode == 130, err
    assert "Traceback" not in err
    return err


CREATE = ("artifacts", "create", "--executable", "slow.py", "--name", "one")


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "seen"),
    [
        ((*CREATE, "--wait", "--log"), "begins"),
        ((*CREATE, "--log"), "begins"),
        ((*CREATE, "--wait"), "running"),
        (("run", "slow.py", "--name", "one"), "running"),
    ],
)
def test_run_continues_when_its_starting_command_is_interrupted(shell, root, words, seen):
    told = interrupt(shell(*words), seen)
    assert "nbyard runs cancel 1" in told
    assert said(shell, "runs", "status", "one").stdout == "running\n"
    (root.parent / "go").touch()
    until(shell, "succeeded", "runs", "status", "one")


@pytest.mark.sample(1)
@pytest.mark.parametrize("words", [("artifacts", "log", "one"), ("runs", "log", "one", "main")])
def test_run_continues_when_a_following_command_is_interrupted(shell, root, words):
    assert said(shell, *CREATE).returncode == 0
    interrupt(shell(*words, "--follow"), "begins")
    assert said(shell, "artifacts", "status", "one").stdout == "running\n"
    follower = shell(*words, "--follow")
    (root.parent / "go").touch()
    assert follower.communicate(timeout=SECONDS)[0] == "begins\nends\n"
    assert follower.returncode == 0
    until(shell, "succeeded", "artifacts", "status", "one")
