"""Bodies are bounded, strictly read, and refused by the name of the field."""

import gzip
import json
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders

from nbyard.domain.runs.structs import NewRun
from nbyard.errors import BadRequest, NbyardError, TooLarge, UnsupportedContent
from nbyard.rest.operation_handler import Body

LIMIT = 1000


def read(content: bytes, kind: Any = Any, step: int = 7, **headers: str) -> Any:
    body = Body(LIMIT)
    for at in range(0, len(content), step):
        body.add(content[at : at + step])
    return body.read(HTTPHeaders({k.replace("_", "-"): v for k, v in headers.items()}), kind)


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON ; charset=utf-8"])
def test_pieces_become_one_value(kind):
    content = json.dumps({"path": "ä.py", "force": True}).encode()
    assert read(content, NewRun, Content_Type=kind) == NewRun(path="ä.py", force=True)
    assert read(content, NewRun) == NewRun(path="ä.py", force=True)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_content_types_of_forms_are_refused(kind):
    with pytest.raises(UnsupportedContent):
        read(b"{}", Content_Type=kind)


def test_a_body_may_be_as_long_as_allowed_and_no_longer():
    whole = b'"' + b"x" * (LIMIT - 2) + b'"'
    assert len(read(whole)) == LIMIT - 2
    with pytest.raises(TooLarge) as refused:
        read(whole + b" ")
    assert "1,000 bytes" in refused.value.message


def test_a_too_long_body_is_not_kept():
    body = Body(LIMIT)
    for _ in range(10_000):
        body.add(b"x" * LIMIT)
    assert sum(map(len, body.pieces)) <= LIMIT


def test_compressed_bodies_are_limited_by_their_full_size():
    content = json.dumps({"path": "x" * 500}).encode()
    assert read(gzip.compress(content), NewRun, Content_Encoding="GZIP") == NewRun("x" * 500)
    assert read(content, NewRun, Content_Encoding="identity") == NewRun("x" * 500)
    bomb = gzip.compress(b" " * 10**6)
    assert len(bomb) < LIMIT * 2
    with pytest.raises(TooLarge):
        read(bomb[:LIMIT], Content_Encoding="gzip")


@pytest.mark.parametrize("cut", [1, 8, 12, 30])
def test_a_truncated_compressed_body_is_refused(cut):
    with pytest.raises(BadRequest, match="gzip"):
        read(gzip.compress(b'{"path": "a.py"}')[:-cut], Content_Encoding="gzip")


@pytest.mark.parametrize(
    ("content", "encoding", "error"),
    [
        (b"", "identity", BadRequest),
        (gzip.compress(b"", mtime=0), "gzip", BadRequest),
        (b"{}", "gzip", BadRequest),
        (b"{}", "br", UnsupportedContent),
        (b"{", "identity", BadRequest),
        (b"\xff\xfe", "identity", BadRequest),
        (b'{"path": 1, "path": 2}', "identity", BadRequest),
        (b"NaN", "identity", BadRequest),
    ],
)
def test_unreadable_bodies_are_refused(content, encoding, error):
    with pytest.raises(NbyardError) as refused:
        read(content, Content_Encoding=encoding)
    assert type(refused.value) is error
