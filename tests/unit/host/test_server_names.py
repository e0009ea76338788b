"""Names of servers in a configuration file."""

from pathlib import Path

import pytest

from nbyard.errors import Invalid
from nbyard.host.server_names import read_servers, server_of

HUB = """
default = "hub"
[servers.hub]
url = "https://hub.example.org/user/ada/"
token_file = "{folder}/token"
[servers.other]
url = "http://127.0.0.1:8888/"
token_env = "OTHER_TOKEN"
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("NBYARD_SERVER", raising=False)
    path = tmp_path / "config.toml"
    monkeypatch.setenv("NBYARD_CONFIG", str(path))
    path.write_text(HUB.format(folder=tmp_path))
    (tmp_path / "token").write_text("secret\n")
    (tmp_path / "token").chmod(0o600)
    return path


def test_flags_win_over_the_environment_and_that_over_the_file(config, monkeypatch) -> None:
    assert server_of("") == "hub"
    monkeypatch.setenv("NBYARD_SERVER", "8889")
    assert server_of("") == "8889"
    assert server_of("other") == "other"
    assert server_of("local") == ""
    monkeypatch.setenv("NBYARD_SERVER", "local")
    assert server_of("") == ""


def test_without_a_file_no_server_is_known(config: Path) -> None:
    config.unlink()
    assert server_of("") == "" and read_servers().servers == {}


def test_the_file_is_in_the_configuration_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("NBYARD_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "nbyard").mkdir()
    (tmp_path / "nbyard/config.toml").write_text('default = "local"')
    assert read_servers().default == "local"


def test_tokens_come_from_a_file_or_a_variable(config: Path, monkeypatch) -> None:
    servers = read_servers().servers
    monkeypatch.setenv("OTHER_TOKEN", "t")
    assert servers["hub"].token() == "secret" and servers["other"].token() == "t"
    monkeypatch.delenv("OTHER_TOKEN")
    assert servers["other"].token() == ""


def test_a_token_that_others_can_read_is_refused(config: Path) -> None:
    (config.parent / "token").chmod(0o644)
    with pytest.raises(Invalid) as refused:
        read_servers().servers["hub"].token()
    assert "Other users can read" in refused.value.details[0].message
    (config.parent / "token").unlink()
    with pytest.raises(Invalid):
        read_servers().servers["hub"].token()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("default = ", "Invalid value"),
        ("[servers.hub]\nurl = 1\n", "servers"),
        ('[servers.hub]\ntoken = "x"\nurl = "u"\n', "token"),
        ("[servers.hub]\n", "url"),
    ],
)
def test_an_invalid_file_is_refused_with_its_field(config: Path, text: str, word: str) -> None:
    config.write_text(text)
    with pytest.raises(Invalid) as refused:
        server_of("")
    assert (
        word in refused.value.details[0].message and str(config) in refused.value.details[0].message
    )
