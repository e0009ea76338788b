"""Words for ssh, and what happens where there is none."""

import os
import subprocess
from pathlib import Path

import pytest

from nbyard.dockerd import Engine, ssh_relay
from nbyard.errors import Unavailable


def test_user_and_port_come_from_the_url():
    words = ssh_relay.ssh_arguments("ssh://ada@far:2222", "/folder", 9.5)
    assert words[-6:] == ["-l", "ada", "-p", "2222", "--", "far"]
    assert "-oBatchMode=yes" in words and "-oConnectTimeout=9" in words
    assert ssh_relay.ssh_arguments("ssh://far", "/folder", 0.1)[-2:] == ["--", "far"]


def test_a_name_is_never_an_option():
    words = ssh_relay.ssh_arguments("ssh://-oProxyCommand=x", "/folder", 10)
    assert words.index("--") == len(words) - 2


def test_without_ssh_the_error_names_the_package(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unavailable) as caught:
        ssh_relay.SshRelay("ssh://far", 1)
    assert "ssh is not installed" in caught.value.message and "OpenSSH" in caught.value.hint


def test_a_missing_remote_program_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "ssh").write_text("#!/bin/sh\necho 'bash: docker: command not found' >&2; exit 127")
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    engine = Engine("ssh://far")
    with pytest.raises(Unavailable) as caught:
        engine.fresh_info()
    engine.close()
    assert "docker: command not found" in caught.value.message
    assert "docker version" in caught.value.hint


def test_leftovers_of_killed_processes_are_deleted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    ended = subprocess.Popen(["true"])
    ended.wait()
    names = [
        f"{ssh_relay.PREFIX}{ended.pid}-a",
        f"{ssh_relay.PREFIX}{os.getpid()}-b",
        f"{ssh_relay.PREFIX}x-c",
    ]
    for name in names:
        (tmp_path / name).mkdir()
    ssh_relay.forget_dead()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])
