"""Who may call a served model: the proxy with its secret, and programs with a key."""

import json
import time
from pathlib import Path

import pytest

from nbyard.domain.deployments.keys import hash_of_key, new_key_text
from nbyard.domain.deployments.structs import KEYS_SUFFIX
from nbyard.serving.http import access
from nbyard.serving.http.access import Access

SECRET = (b"x-nbyard-secret", b"s3cret")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Access:
    monkeypatch.setattr(access, "LOOK_SECONDS", 0.0)
    (tmp_path / "1.secret").write_text("s3cret")
    return Access(str(tmp_path / "1.secret"))


def give(folder: Path, keys: dict[str, float | None], *, leaving: bool = False) -> None:
    hashes = {hash_of_key(key): expiry for key, expiry in keys.items()}
    new = folder / "new"
    new.write_text(json.dumps({"keys": hashes, "leaving": leaving}))
    new.replace(folder / f"1{KEYS_SUFFIX}")


def bearer(key: str) -> tuple[bytes, bytes]:
    return (b"authorization", f"Bearer {key}".encode())


def test_without_a_secret_each_request_is_accepted():
    assert Access().admits([])


def test_the_secret_is_enough_even_before_the_first_key(made):
    assert made.admits([SECRET])
    assert not made.admits([])
    assert not made.admits([SECRET, SECRET])


@pytest.mark.parametrize(
    "headers",
    [
        [bearer("other")],
        [(b"authorization", b"right")],
        [(b"authorization", b"Basic right")],
        [(b"authorization", b"Bearer")],
        [bearer("right x")],
        [bearer("right"), bearer("right")],
        [bearer("right"), (b"x-nbyard-secret", b"guess")],
        [(b"authorization", b"Bearer " + hash_of_key("right").encode())],
    ],
)
def test_other_headers_are_refused(made, tmp_path, headers):
    give(tmp_path, {"right": None})
    assert made.admits([bearer("right")])
    assert not made.admits(headers)


def test_a_key_is_valid_until_it_expires_or_is_revoked(made, tmp_path):
    key = new_key_text()
    give(tmp_path, {key: time.time() + 60})
    assert made.admits([bearer(key)])
    assert not made.is_leaving
    give(tmp_path, {key: time.time() - 1}, leaving=True)
    assert not made.admits([bearer(key)])
    assert made.is_leaving
    give(tmp_path, {key: None})
    assert made.admits([bearer(key)])
    give(tmp_path, {})
    assert not made.admits([bearer(key)])


@pytest.mark.parametrize("content", ["", '{"keys": {"half'])
def test_a_partial_key_file_changes_nothing(made, tmp_path, content):
    give(tmp_path, {"right": None})
    assert made.admits([bearer("right")])
    (tmp_path / "1.keys").write_text(content)
    assert made.admits([bearer("right")])
    (tmp_path / "1.keys").unlink()
    assert made.admits([bearer("right")])
