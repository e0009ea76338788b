"""What is set up for pip counts for uv, unless uv was told otherwise."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nbyard.host import installers
from nbyard.host.installers import for_uv

Conf = Callable[..., dict[str, str]]


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Conf:
    """Variables of a user with such files; nothing else is configured."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    monkeypatch.setattr(installers, "SYSTEM", str(tmp_path / "etc"))

    def write(files: dict[str, str] | None = None, **variables: str) -> dict[str, str]:
        for name, text in (files or {}).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return {"XDG_CONFIG_DIRS": str(tmp_path / "xdg"), **variables}

    return write


def test_each_option_is_translated_for_uv(conf: Conf) -> None:
    text = """[global]
index-url = https://a.test/simple
extra-index-url =
    https://b.test/simple
    https://c.test/simple
find-links = /wheels https://links.test
trusted-host = a.test b.test:8080
cert = /etc/ca.pem
client-cert = /etc/own.pem
proxy = http://proxy.test:3128
timeout = 60
"""
    assert for_uv(conf({"home/.config/pip/pip.conf": text})) == {
        "UV_DEFAULT_INDEX": "https://a.test/simple",
        "UV_INDEX": "https://b.test/simple https://c.test/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/wheels,https://links.test",
        "UV_INSECURE_HOST": "a.test b.test:8080",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "SSL_CLIENT_CERT": "/etc/own.pem",
        "ALL_PROXY": "http://proxy.test:3128",
    }


def test_without_configuration_nothing_is_set(conf: Conf) -> None:
    assert for_uv(conf()) == {}
    assert for_uv(conf({"home/.pip/pip.conf": "[global\n"})) == {}
    assert for_uv(conf({"home/.pip/pip.conf": "[global]\nno-index = false\n"})) == {}


def test_files_sections_and_variables_win_in_pips_order(conf: Conf) -> None:
    def index(name: str, section: str = "global") -> str:
        return f"[{section}]\nindex-url = https://{name}.test\n"

    steps = {
        "xdg/pip/pip.conf": "xdg",
        "etc/pip.conf": "etc",
        "home/.pip/pip.conf": "legacy",
        "home/.config/pip/pip.conf": "user",
        "prefix/pip.conf": "prefix",
    }
    for place, name in steps.items():
        found = for_uv(conf({place: index(name)}))
        assert found == {"UV_DEFAULT_INDEX": f"https://{name}.test"}, place
    found = for_uv(conf({"etc/pip.conf": index("etc") + index("install", "install")}))
    assert found["UV_DEFAULT_INDEX"] == "https://install.test"
    own = conf(PIP_INDEX_URL="https://variable.test")
    assert for_uv(own)["UV_DEFAULT_INDEX"] == "https://variable.test"


def test_a_named_file_replaces_that_of_the_user(conf: Conf, tmp_path: Path) -> None:
    named = tmp_path / "named.conf"
    named.write_text("[global]\ncert = /ca.pem\n")
    files = {"home/.config/pip/pip.conf": "[global]\nindex-url = https://user.test\n"}
    assert for_uv(conf(files, PIP_CONFIG_FILE=str(named))) == {"SSL_CERT_FILE": "/ca.pem"}
    assert for_uv(conf(PIP_CONFIG_FILE=os.devnull)) == {}


@pytest.mark.parametrize(
    "own", [{"UV_INDEX_URL": "https://u.test"}, {"UV_NO_INDEX": "1"}, {"UV_FIND_LINKS": "/w"}]
)
def test_uvs_own_variables_win(conf: Conf, own: dict[str, str]) -> None:
    """What they do not speak of stays as pip has it."""
    given = conf(PIP_INDEX_URL="https://p.test", PIP_CERT="/ca.pem", **own)
    assert for_uv(given) == {"SSL_CERT_FILE": "/ca.pem"}
    assert for_uv(given | {"SSL_CERT_FILE": "/other.pem"}) == {}


@pytest.mark.parametrize(
    ("text", "wins"),
    [
        ('index-url = "https://u.test"', True),
        ('[[index]]\nurl = "https://u.test"', True),
        ("[pip]\nno-index = true", True),
        ("offline = true", False),
        ("not toml", False),
    ],
)
def test_uvs_own_file_wins_where_it_names_an_index(conf: Conf, text: str, wins: bool) -> None:
    given = conf({"home/.config/uv/uv.toml": text}, PIP_INDEX_URL="https://p.test")
    assert (for_uv(given) == {}) == wins
    assert for_uv(given | {"UV_NO_CONFIG": "1"}) != {}


def test_a_named_file_of_uv_wins(conf: Conf, tmp_path: Path) -> None:
    given = conf({"own.toml": "no-index = true"}, PIP_INDEX_URL="https://p.test")
    assert for_uv(given | {"UV_CONFIG_FILE": str(tmp_path / "own.toml")}) == {}
