"""Calls of user_unit, with programs that stand in for it."""

from pathlib import Path

import pytest

from nbyard.errors import Unavailable
from nbyard.host import user_unit


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "systemctl"


def does(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_a_machine_without_systemctl_is_reported(program):
    with pytest.raises(Unavailable, match="no systemctl"):
        user_unit.check_session()
    assert user_unit.active_state("x.service") == ""


def test_arguments_are_passed_unchanged(program):
    does(program, 'for word; do echo "<$word>"; done; echo "$LC_ALL"')
    assert user_unit.systemctl("enable", "a b;c") == "<--user>\n<enable>\n<a b;c>\nC"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'Failed to connect to bus' >&2; exit 1", "failed: Failed to connect to bus"),
        ("exit 4", "failed: exit code 4"),
        ("kill -9 $$", "failed: exit code -9"),
    ],
)
def test_a_refusal_of_systemctl_is_shown(program, script, message):
    does(program, script)
    with pytest.raises(Unavailable) as refused:
        user_unit.check_session()
    assert refused.value.message == f"systemctl --user show --property=Version {message}"


def test_a_hanging_systemctl_is_stopped(program, monkeypatch):
    monkeypatch.setattr(user_unit, "SECONDS", 0.2)
    does(program, "exec /bin/sleep 60")
    with pytest.raises(Unavailable, match=r"in 0\.2 s"):
        user_unit.check_session()


def test_an_unusable_systemctl_is_reported(program):
    program.write_bytes(b"\0")
    program.chmod(0o755)
    with pytest.raises(Unavailable, match="Exec format error"):
        user_unit.check_session()
