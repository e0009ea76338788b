"""How an engine is reached, before anybody is asked."""

import os
import subprocess

import pytest

from nbyard.diagnostics import probe_docker
from nbyard.dockerd import Engine, connection
from nbyard.dockerd.connection import Connection
from nbyard.errors import Unavailable
from nbyard.settings import Settings

NAMES = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


@pytest.fixture(autouse=True)
def no_engine_of_ours(monkeypatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "certificates", "way"),
    [
        ("", "", "by-local-socket"),
        ("unix:///x", "/keys", "by-local-socket"),
        ("tcp://far:2375", "", "by-tcp"),
        ("tcp://far:2376", "/keys", "by-tls"),
        ("ssh://far", "/keys", "over-ssh"),
    ],
)
def test_the_connection_is_described(url, certificates, way):
    assert Connection(url, certificates=certificates).way.code == way


def test_the_environment_variables_are_the_default(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://far:2376")
    assert Connection().way.code == "by-tcp"
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    assert (Connection().url, Connection().way.code) == ("tcp://far:2376", "by-tls")
    monkeypatch.delenv("DOCKER_TLS_VERIFY")
    monkeypatch.setenv("DOCKER_CERT_PATH", "/keys")
    assert Connection().way.code == "by-tls", "certificates are always checked"
    assert Connection("unix:///x").url == "unix:///x"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("far:2375", "the URL of an engine must begin with one of unix://, tcp://"),
        ("file:///etc/passwd", "the URL of an engine must begin with one of"),
        ("tcp://far:2376", "there is no cert.pem, key.pem in "),
    ],
)
def test_an_invalid_address_is_refused_before_connecting(tmp_path, url, words):
    (tmp_path / "ca.pem").touch()
    engine = Engine(url, certificates=str(tmp_path))
    with pytest.raises(Unavailable) as caught:
        engine.fresh_info()
    assert words in caught.value.message


def test_without_rights_on_the_socket_the_group_is_named(tmp_path, monkeypatch):
    """The engine runs, so that starting it would not help."""
    place = tmp_path / "docker.sock"
    place.touch()

    def refuse(_: Connection) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Connection, "_probe_socket", refuse)
    told = probe_docker(Settings(docker_host=f"unix://{place}"))
    assert str(told.finding).endswith("permission denied")
    assert f"usermod -aG {place.group()} ACCOUNT" in str(told.cure)
    assert "Start it" not in str(told.cure)
    assert "-aG docker " in str(probe_docker(Settings(docker_host="unix:///no/such.sock")).cure)


def test_user_and_port_come_from_the_url():
    words = connection.ssh_arguments("ssh://ada@far:2222", "/folder", 9.5)
    assert words[-6:] == ["-l", "ada", "-p", "2222", "--", "far"]
    assert "-oBatchMode=yes" in words and "-oConnectTimeout=9" in words
    assert connection.ssh_arguments("ssh://far", "/folder", 0.1)[-2:] == ["--", "far"]


def test_a_name_is_never_an_option():
    """I24."""
    words = connection.ssh_arguments("ssh://-oProxyCommand=x", "/folder", 10)
    assert words.index("--") == len(words) - 2


def test_without_ssh_the_error_names_the_package(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unavailable) as caught:
        connection.SshRelay("ssh://far", 1)
    assert "ssh is not installed" in caught.value.message and "OpenSSH" in caught.value.hint


def test_a_missing_remote_program_is_reported(monkeypatch, tmp_path):
    """G2."""
    (tmp_path / "ssh").write_text("#!/bin/sh\necho 'bash: docker: command not found' >&2; exit 127")
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    engine = Engine("ssh://far")
    with pytest.raises(Unavailable) as caught:
        engine.fresh_info()
    engine.close()
    assert "docker: command not found" in caught.value.message
    assert "docker version" in caught.value.hint


def test_leftovers_of_killed_processes_are_deleted(monkeypatch, tmp_path):
    """I12."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    ended = subprocess.Popen(["true"])
    ended.wait()
    names = [
        f"{connection.PREFIX}{ended.pid}-a",
        f"{connection.PREFIX}{os.getpid()}-b",
        f"{connection.PREFIX}x-c",
    ]
    for name in names:
        (tmp_path / name).mkdir()
    connection.forget_dead()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])
