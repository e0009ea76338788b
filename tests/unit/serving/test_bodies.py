"""Bodies of requests are decompressed within limits."""

import gzip
import zlib

import pytest
from nbyard.serving.http.bodies import Body, BodyTooLarge, UnsupportedBody, decompress

from nbyard.serving.http.open_inference_protocol import MalformedRequest

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
    with pytest.raises(UnsupportedBody, match=r"'br' is .*; use gzip"):
        decompress(TEXT, "br", 10**6)


def test_the_header_sets_the_start_of_the_tensors() -> None:
    name = b"inference-header-content-length"
    assert Body(TEXT, {}).split_json_and_tensors() == (TEXT, None)
    assert Body(b"{}ab", {name: b"2"}).split_json_and_tensors() == (b"{}", b"ab")
    for told in (b"5", b"-1", b"x", b""):
        with pytest.raises(MalformedRequest, match="number up to 4"):
            Body(b"{}ab", {name: told}).split_json_and_tensors()


@pytest.mark.parametrize(
    ("told", "is_csv"),
    [(b"text/csv", True), (b"Text/CSV; charset=utf-8", True), (b"application/json", False)],
)
def test_the_content_type_selects_csv(told: bytes, is_csv: bool) -> None:
    assert Body(b"", {b"content-type": told}).is_csv is is_csv
