"""Bodies are bounded, strictly read, and refused by the name of the field."""

import gzip
import json
from typing import Any

import msgspec
import pytest
from tornado.httputil import HTTPHeaders

from nbyard.domain.datasets.structs import NewDataset
from nbyard.domain.executables.structs import ExecutablePatch
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import BadRequest, Invalid, NbyardError, TooLarge, UnsupportedContent
from nbyard.rest.bodies import Body, check_texts, convert_json

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
def test_what_a_form_of_a_foreign_page_can_send_is_refused(kind):
    with pytest.raises(UnsupportedContent):
        read(b"{}", Content_Type=kind)


def test_a_body_may_be_as_long_as_allowed_and_no_longer():
    whole = b'"' + b"x" * (LIMIT - 2) + b'"'
    assert len(read(whole)) == LIMIT - 2
    with pytest.raises(TooLarge) as refused:
        read(whole + b" ")
    assert "1,000 bytes" in refused.value.message


def test_what_is_too_long_is_not_kept():
    body = Body(LIMIT)
    for _ in range(10_000):
        body.add(b"x" * LIMIT)
    assert sum(map(len, body._pieces)) <= LIMIT


def test_packed_bodies_are_bounded_by_what_they_unpack_to():
    content = json.dumps({"path": "x" * 500}).encode()
    assert read(gzip.compress(content), NewRun, Content_Encoding="GZIP") == NewRun("x" * 500)
    assert read(content, NewRun, Content_Encoding="identity") == NewRun("x" * 500)
    bomb = gzip.compress(b" " * 10**6)
    assert len(bomb) < LIMIT * 2
    with pytest.raises(TooLarge):
        read(bomb[:LIMIT], Content_Encoding="gzip")


@pytest.mark.parametrize("cut", [1, 8, 12, 30])
def test_a_packed_body_that_was_cut_off_is_refused(cut):
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
def test_what_cannot_be_read_is_refused(content, encoding, error):
    with pytest.raises(NbyardError) as refused:
        read(content, Content_Encoding=encoding)
    assert type(refused.value) is error


@pytest.mark.parametrize(
    ("kind", "value", "place"),
    [
        (NewRun, [], "body"),
        (NewRun, {"path": 1}, "path"),
        (NewRun, {"pth": "x"}, "pth"),
        (NewRun, {"nodes": ["a", 1]}, "nodes.1"),
        (NewRun, {"force": "true"}, "force"),
        (NewRun, {"texts": {"n": 1}}, "texts"),
        (NewRun, {"scope": "everything"}, "scope"),
        (NewRun, {"name": None}, "name"),
        (NewDataset, {}, "source"),
        (NewDataset, {"source": {"kind": "url"}}, "source.url"),
        (NewDataset, {"source": {"kind": "ftp", "url": "x"}}, "source.kind"),
        (NewDataset, {"source": {"kind": "url", "url": "x", "path": "y"}}, "source.path"),
        (ExecutablePatch, {"name": "x"}, "revision"),
        (ExecutablePatch, {"revision": 1, "arguments": [{"role": "value"}]}, "arguments.0.name"),
    ],
)
def test_a_refused_field_is_named(kind, value, place):
    with pytest.raises(Invalid) as refused:
        convert_json(value, kind)
    assert [detail.path for detail in refused.value.details] == [place]


def test_what_is_left_out_and_what_is_null_are_told_apart():
    assert convert_json({"revision": 1}, ExecutablePatch).name is msgspec.UNSET
    with pytest.raises(Invalid):
        convert_json({"revision": 1, "name": None}, ExecutablePatch)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("a\0", "body"),
        ({"a": {"b": ["", "\0"]}}, "a.b.1"),
        ({"a": {"\0": 1}}, "a"),
        ([{"x": "\0"}], "0.x"),
    ],
)
def test_texts_that_no_database_can_keep_are_refused(value, place):
    with pytest.raises(Invalid) as refused:
        check_texts(value)
    assert refused.value.details[0].path == place
    assert "\0" not in refused.value.message + refused.value.details[0].message


def test_other_texts_are_left_alone():
    check_texts({"a": ["\u0001\U0001f427\ufffe", 1, None, True, {"b": 1.5}], "": ""})


def test_a_field_that_nothing_knows_is_refused_with_the_one_that_was_meant():
    with pytest.raises(Invalid) as refused:
        convert_json({"pth": "a.py"}, NewRun)
    assert refused.value.details[0].path == "pth"
    assert refused.value.details[0].message.endswith("unknown field `pth`; is path meant?")
