"""M3: bodies of requests are unpacked as they say, within bounds."""

import gzip
import json
import time
import zlib
from pathlib import Path

import pytest

from nbyard.domain.deployments.keys import hash_of_key, new_key_text
from nbyard.domain.deployments.structs import KEYS_SUFFIX
from nbyard.serving.http import requests
from nbyard.serving.http.open_inference_protocol import MalformedRequest
from nbyard.serving.http.requests import Access, Body, BodyTooLarge, UnsupportedBody, decompress

TEXT = b'{"x": 1}' * 50


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT, ""),
        (TEXT, "identity"),
        (gzip.compress(TEXT, mtime=0), "gzip"),
        (gzip.compress(TEXT[:8], mtime=0) + gzip.compress(TEXT[8:], mtime=0), " GZIP "),
        (zlib.compress(TEXT), "deflate"),
    ],
)
def test_a_compressed_body_is_restored(content: bytes, encoding: str) -> None:
    assert decompress(content, encoding, len(TEXT)) == TEXT


def test_compressed_bodies_have_the_same_size_limit() -> None:
    with pytest.raises(BodyTooLarge):
        decompress(gzip.compress(TEXT, mtime=0), "gzip", len(TEXT) - 1)
    with pytest.raises(BodyTooLarge):
        decompress(gzip.compress(bytes(10**8)), "gzip", 10**6)


@pytest.mark.parametrize(
    ("content", "words"),
    [(TEXT, "is not valid gzip: "), (gzip.compress(TEXT, mtime=0)[:-9], "its end is missing")],
)
def test_wrongly_compressed_bodies_are_reported(content: bytes, words: str) -> None:
    with pytest.raises(MalformedRequest, match=words):
        decompress(content, "gzip", 10**6)


def test_other_encodings_are_refused() -> None:
    with pytest.raises(UnsupportedBody, match="content encoding 'br' is not supported; use gzip"):
        decompress(TEXT, "br", 10**6)


def test_the_header_sets_the_start_of_the_tensors() -> None:
    name = b"inference-header-content-length"
    assert Body(TEXT, {}).split_json_and_tensors() == (TEXT, None)
    assert Body(b"{}ab", {name: b"2"}).split_json_and_tensors() == (b"{}", b"ab")
    for told in (b"5", b"-1", b"x", b""):
        with pytest.raises(MalformedRequest, match="a number up to 4, the length of the body"):
            Body(b"{}ab", {name: told}).split_json_and_tensors()


@pytest.mark.parametrize(
    ("told", "is_csv"),
    [(b"text/csv", True), (b"Text/CSV; charset=utf-8", True), (b"application/json", False)],
)
def test_the_content_type_selects_csv(told: bytes, is_csv: bool) -> None:
    assert Body(b"", {b"content-type": told}).is_csv is is_csv


SECRET = (b"x-nbyard-secret", b"s3cret")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Access:
    monkeypatch.setattr(requests, "LOOK_SECONDS", 0.0)
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
