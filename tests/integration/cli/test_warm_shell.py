"""`nbyard run` in a fork of a process with its imports differs only in its speed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import psutil
import pytest

from nbyard.testing.conformance.runtimes import wait_until

PATIENCE_SECONDS = 60.0
NBYARD = (sys.executable, "-c", "from nbyard.cli.warm_shell import main; main()")
SLOW = """\
import pathlib, time
while not pathlib.Path({go!r}).exists():
    time.sleep(0.05)
"""
Start = Callable[..., Popen[str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the sockets, the store and the project of these tests."""
    made = tmp_path_factory.mktemp("warm")
    (made / "project").mkdir()
    (made / "project/good.py").write_text("print('hello')\n")
    (made / "project/bad.py").write_text("raise SystemExit(3)\n")
    return made


@pytest.fixture
def go(place: Path, tmp_path: Path) -> Iterator[Path]:
    """Return the file that ends `slow.py` of this test."""
    (place / "project/slow.py").write_text(SLOW.format(go=str(tmp_path / "go")))
    yield tmp_path / "go"
    (tmp_path / "go").touch()


@pytest.fixture(scope="module")
def start(place: Path) -> Iterator[Start]:
    """Start commands in the project; afterwards, all warm processes are stopped."""
    own = {"NBYARD_STORE_DIR": str(place / "store"), "NBYARD_IDLE_SECONDS": "60"}
    private = {**own, "XDG_RUNTIME_DIR": str(place)}

    def begin(*words: str, **more: str) -> Popen[str]:
        variables = {**os.environ, **private, **more}
        cwd = place / "project"
        return Popen([*NBYARD, *words], cwd=cwd, env=variables, stdout=PIPE, stderr=PIPE, text=True)

    yield begin
    for process in warm_processes(place):
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def warm_processes(place: Path) -> list[psutil.Process]:
    """Return the warm processes with a socket below a folder; each leads a session."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "nbyard.cli.warm_process" in (words := process.info["cmdline"] or [])
        and words[-1].startswith(str(place))
        and leads_session(process.pid)
    ]


def leads_session(pid: int) -> bool:
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def ended(process: Popen[str]) -> subprocess.CompletedProcess[str]:
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture(scope="module")
def warm(start: Start, place: Path) -> psutil.Process:
    """Return the warm process that the first command started."""
    assert ended(start("run", "good.py")).returncode == 0
    wait_until(lambda: any((place / f"nbyard-{os.getuid()}").glob("*.sock")))
    (process,) = warm_processes(place)
    return process


def test_command_in_a_warm_process_exits_like_any_other(
    start: Start, warm: psutil.Process, go: Path
):
    slow = start("run", "slow.py")
    wait_until(lambda: bool(warm.children()))
    go.touch()
    assert ended(slow).returncode == 0
    failed, cold = (
        ended(start("run", "bad.py", **more)) for more in ({}, {"NBYARD_WARM_SHELL": "0"})
    )
    assert failed.returncode == cold.returncode == 1
    assert "exit code 3" in failed.stdout + failed.stderr
    assert ended(start("run", "none.py")).returncode == 3
    assert warm.is_running()
    assert not warm.children()


def test_command_has_the_folder_and_variables_of_the_caller(
    start: Start, warm: psutil.Process, tmp_path: Path
):
    assert ended(start("run", "good.py", NBYARD_STORE_DIR=str(tmp_path / "other"))).returncode == 0
    assert (tmp_path / "other" / "store.sqlite").exists()


def test_ctrl_c_stops_the_command_but_not_its_run(start: Start, warm: psutil.Process, go: Path):
    slow = start("run", "slow.py")
    assert slow.stderr is not None
    shown = ""
    while "running" not in shown:
        shown += slow.stderr.readline()
    slow.send_signal(signal.SIGINT)
    assert ended(slow).returncode == 130
    assert not warm.children()
    go.touch()
    assert ended(start("run", "good.py")).returncode == 0


def test_command_stops_when_its_caller_is_killed(start: Start, warm: psutil.Process, go: Path):
    slow = start("run", "slow.py")
    wait_until(lambda: bool(warm.children()))
    slow.kill()
    ended(slow)
    wait_until(lambda: not warm.children())


def test_other_code_or_environment_uses_another_warm_process(
    monkeypatch: pytest.MonkeyPatch,
):
    from nbyard.cli import warm_shell

    before = warm_shell.socket_path()
    assert warm_shell.socket_path() == before
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    elsewhere = warm_shell.socket_path()
    monkeypatch.delenv("TZ")
    monkeypatch.setattr(warm_shell, "newest_change", lambda: 1)
    assert len({before, elsewhere, warm_shell.socket_path()}) == 3


def test_socket_folder_writable_by_others_is_not_used(tmp_path: Path):
    from nbyard.cli import warm_shell

    folder = tmp_path / "shared"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    with pytest.raises(PermissionError):
        warm_shell.check_folder(folder)
    assert warm_shell.run_warm(folder / "a.sock", ["run"]) is None


def test_idle_warm_process_exits(start: Start, tmp_path: Path):
    own = {"XDG_RUNTIME_DIR": str(tmp_path), "NBYARD_IDLE_SECONDS": "0.5"}
    assert ended(start("run", "good.py", **own)).returncode == 0
    folder = tmp_path / f"nbyard-{os.getuid()}"
    wait_until(lambda: folder.exists() and not warm_processes(tmp_path))
    wait_until(lambda: not [*folder.glob("*.sock")])


def test_setting_disables_warm_processes(start: Start, tmp_path: Path):
    own = {"XDG_RUNTIME_DIR": str(tmp_path), "NBYARD_WARM_SHELL": "0"}
    assert ended(start("run", "good.py", **own)).returncode == 0
    assert not warm_processes(tmp_path)
