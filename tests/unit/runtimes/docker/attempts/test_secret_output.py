"""What a command with secrets prints, past the log of the engine."""

import contextlib
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from nbyard.dockerd import ATTEMPT, EngineInfo, OwnedObject
from nbyard.dockerd.engine_messages import refusal_error
from nbyard.domain.attempts.structs import CommandWork, NotebookWork, TaskFile
from nbyard.errors import NbyardError, Unavailable
from nbyard.runner import secret_files
from nbyard.runtimes.docker import attempt_container_spec
from nbyard.runtimes.docker.attempt_container_spec import PIPE, PRINTS
from nbyard.runtimes.docker.attempts import secret_output
from nbyard.runtimes.docker.attempts.secret_output import END, READY, SCRIPT
from nbyard.runtimes.docker.files.log_copy import FORGOTTEN
from nbyard.runtimes.protocol import Order

INFO = EngineInfo(2**30, 2, 0.0, frozenset(), False, False, runtime="runc")
TASK = TaskFile("a", "t", "m", CommandWork(["tool"]), {})


class Collecting:
    """The collector's program on this machine, and a command that prints to it."""

    def __init__(self, folder: Path, file_bytes: int):
        self.folder = folder
        secret_output.make_pipe(str(folder), (os.getuid(), os.getgid()))
        self.words = ["sh", "-c", SCRIPT, "sh", str(folder), PIPE, str(file_bytes), "2"]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.words, start_new_session=True)

    def kill(self) -> None:
        """With all of its programs, as when its container is killed."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def reads_the_pipe(self) -> bool:
        # The shell closes its input before it opens the pipe.
        with contextlib.suppress(FileNotFoundError):
            return os.readlink(f"/proc/{self.process.pid}/fd/0") == str(self.folder / PIPE)
        return False

    def command(self, script: str) -> "subprocess.Popen[bytes]":
        work = CommandWork(["sh", "-c", script])
        argv = attempt_container_spec.argv_of(work, opens_files=False, apart=True)
        place = f"{attempt_container_spec.FOLDER}/secrets/.printed/{PIPE}"
        return subprocess.Popen([str(self.folder / PIPE) if w == place else w for w in argv])

    def read(self) -> bytes:
        return b"".join(
            piece for _, piece in secret_output.read_output(str(self.folder), lambda: True)
        )


@pytest.fixture
def collecting(tmp_path):
    made = []

    def make(file_bytes: int = 1 << 20) -> Collecting:
        made.append(Collecting(tmp_path / "printed", file_bytes))
        return made[0]

    yield make
    made[0].kill()


def test_all_output_arrives_in_order(collecting):
    """Also through the names of the streams, which would truncate a file."""
    one = collecting()
    command = one.command("echo a; echo b >&2; echo c >/dev/stderr; echo d >/dev/stdout; exit 3")
    assert (command.wait(20), one.process.wait(20)) == (3, 0)
    assert (one.folder / END).exists() and (one.folder / READY).exists()
    assert one.read() == b"a\nb\nc\nd\n"


def test_a_command_survives_its_collector_and_loses_nothing(collecting, tmp_path):
    one = collecting()
    command = one.command(
        f"echo begun; while ! test -e {tmp_path}/go; do sleep 0.02; done; echo ended"
    )
    followed: list[bytes] = []
    is_over = (one.folder / END).exists
    reader = threading.Thread(
        target=lambda: followed.extend(
            p for _, p in secret_output.read_output(str(one.folder), is_over)
        )
    )
    while not (one.folder / "1").exists() or one.read() != b"begun\n":
        assert command.poll() is None
    reader.start()
    one.kill()
    one.start()
    while not one.reads_the_pipe():
        assert one.process.poll() is None
    (tmp_path / "go").touch()
    assert (command.wait(20), one.process.wait(20)) == (0, 0)
    reader.join(20)
    assert one.read() == b"".join(followed) == b"begun\nended\n"


def test_the_oldest_output_is_dropped_at_the_limit(collecting):
    """What is read then begins with a whole line: a secret may have been cut."""
    one = collecting(1000)
    lines = 1_500_000
    command = one.command(f"seq 1000000000 {1000000000 + lines}")
    assert (command.wait(60), one.process.wait(60)) == (0, 0)
    text = one.read()
    shown = text.split()
    sizes = {n: (one.folder / n).stat().st_size for n in os.listdir(one.folder) if n.isdigit()}
    assert sizes["1"] == 0 and sum(size > 0 for size in sizes.values()) <= 3
    assert text.endswith(b"%d\n" % (1000000000 + lines)) and all(len(one) == 10 for one in shown)
    assert int(shown[-1]) - int(shown[0]) == len(shown) - 1, "no gap in it"


def test_an_overtaken_reader_reports_a_gap_and_continues(tmp_path):
    """It continues with the first complete line, because a secret may have been cut."""
    for name, text in (("1", b"one\n"), ("2", b"two\n"), ("3", b"cut\nthree\n")):
        (tmp_path / name).write_bytes(text)
    reading = secret_output.read_output(str(tmp_path), (tmp_path / END).exists)
    assert next(reading) == (True, b"one\n")
    (tmp_path / "2").write_bytes(b"")
    (tmp_path / END).touch()
    assert list(reading) == [(True, FORGOTTEN), (True, b"three\n")]
    (tmp_path / "1").write_bytes(b"")
    assert list(secret_output.read_output(str(tmp_path), lambda: True)) == [(True, b"three\n")]


def test_without_the_programs_there_is_no_collector(tmp_path):
    words = ["/bin/sh", "-c", SCRIPT, "sh", str(tmp_path), PIPE, "1", "1"]
    assert subprocess.run(words, env={"PATH": "/nowhere"}, check=False).returncode == 127
    assert not (tmp_path / READY).exists()


class FakeEngine:
    """Its containers end at once, or are ready."""

    def __init__(self, folder: Path, error: NbyardError | None = None, is_ready: bool = False):
        self.info = INFO
        self.calls: list[str] = []
        self._folder, self._error, self._is_ready = folder, error, is_ready

    def create(self, spec: Any) -> None:
        self.calls.append(f"create {spec.name} {spec.network}")

    def start(self, name: str) -> None:
        self.calls.append("start")
        if self._error:
            raise self._error
        if self._is_ready:
            (self._folder / ".printed" / READY).touch()

    def remove(self, name: str) -> None:
        self.calls.append("remove")

    def container(self, name: str) -> Any:
        return None


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Of the attempt's secrets."""
    monkeypatch.setattr(secret_files, "SHARED", str(tmp_path))
    found = Path(secret_files.secrets_folder("s", "a"))
    found.mkdir()
    return found


def started(engine: Any, task: TaskFile = TASK, staging: str = "bind") -> bool:
    order = Order("a", "s", "r", "n", Path("/nowhere"), "m")
    return secret_output.start_collector(engine, order, task, "image", staging)


def test_only_a_command_with_secrets_on_this_machine_has_one(place):
    engine = FakeEngine(place, is_ready=True)
    assert started(engine) and engine.calls == ["remove", "create nby-a-printed none", "start"]
    assert attempt_container_spec.is_owned(
        OwnedObject("container", "nby-a-printed", {ATTEMPT: "a"}, 0.0)
    )
    engine.calls.clear()
    assert not started(engine, replace(TASK, work=NotebookWork("n", "", "", {})))
    assert not started(engine, staging="volume")
    engine.info = replace(INFO, runtime="kata-runtime")
    assert not started(engine)
    place.joinpath(".printed", PIPE).unlink()
    place.joinpath(".printed", READY).unlink()
    place.joinpath(".printed").rmdir()
    place.rmdir()
    engine.info = INFO
    assert not started(engine) and engine.calls == []


def test_an_image_that_cannot_collect_prints_into_the_log_of_the_engine(place):
    for error in (None, refusal_error(500, 'exec: "sh": executable file not found in $PATH')):
        engine = FakeEngine(place, error)
        assert not started(engine) and engine.calls[-1] == "remove"
    for error in (Unavailable("gone"), refusal_error(500, "no such network")):
        with pytest.raises(NbyardError, match=error.message):
            started(FakeEngine(place, error))


def test_the_shell_of_a_command_opens_what_it_declares(tmp_path):
    order = Order("a", "s", "r", "n", tmp_path, "m")
    task = replace(TASK, work=CommandWork(["tool"], stdin="inputs/i", stdout="outputs/o"))
    for apart in (False, True):
        spec = attempt_container_spec.container_spec(order, task, INFO, "image", "bind", apart)
        assert (PRINTS in spec.labels, attempt_container_spec.STREAMS in spec.labels) == (
            apart,
            apart,
        )
        assert spec.takes_stdin is not apart and spec.argv[-1] == "tool"
        assert ("/nbyard/attempt/secrets/.printed/pipe" in spec.argv) is apart
