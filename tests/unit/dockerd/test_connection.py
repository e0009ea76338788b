"""How an engine is reached, before anybody is asked."""

from pathlib import Path

import pytest

from nbyard.diagnostics import probe_docker
from nbyard.dockerd import Engine
from nbyard.dockerd.connection import Connection
from nbyard.errors import Unavailable
from nbyard.settings import Settings

NAMES = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


@pytest.fixture(autouse=True)
def no_engine_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_the_connection_is_described(url: str, certificates: str, way: str):
    assert Connection(url, certificates=certificates).way.code == way


def test_the_environment_variables_are_the_default(monkeypatch: pytest.MonkeyPatch):
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
def test_an_invalid_address_is_refused_before_connecting(tmp_path: Path, url: str, words: str):
    (tmp_path / "ca.pem").touch()
    engine = Engine(url, certificates=str(tmp_path))
    with pytest.raises(Unavailable) as caught:
        engine.fresh_info()
    assert words in caught.value.message


def test_without_rights_on_the_socket_the_group_is_named(tmp_path: Path, monkeypatch):
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
