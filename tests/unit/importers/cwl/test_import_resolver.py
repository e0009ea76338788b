"""`$import` and `$include` of files beside a document."""

from typing import Any

import pytest

from nbyard.errors import Invalid, NotFound
from nbyard.importers.cwl.tools import MAX_FILES, Loader

FILES = {
    "one.yml": b"[a, b]",
    "sub/two.yml": b"{x: {$import: three.yml}, z: {$include: ../text.txt} }",
    "sub/three.yml": b"3",
    "text.txt": b"$import: one.yml\n",
    "again.yml": b"{a: {$import: sub/back.yml}}",
    "sub/back.yml": b"[{$import: ../again.yml}]",
    "many.yml": b"[" + b"{$import: one.yml}, " * MAX_FILES + b"]",
    "../above.yml": b"above",
    "bytes": b"\xff",
    "broken.yml": b"{",
}


def near(path: str) -> bytes:
    if path not in FILES:
        raise NotFound("gone")
    return FILES[path]


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        ({"a": {"$import": "one.yml"}}, {"a": ["a", "b"]}),
        ([{"$import": "one.yml"}, 1], ["a", "b", 1]),
        ([{"a": {"$import": "one.yml"}}], [{"a": ["a", "b"]}]),
        ({"$import": "sub/two.yml"}, {"x": 3, "z": "$import: one.yml\n"}),
        ({"$import": "./sub/../../above.yml"}, "above"),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
    ],
)
def test_imported_files_replace_their_reference(value: Any, whole: Any) -> None:
    assert Loader(near).resolve(value) == whole


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": {"$import": "gone.yml"}}, "a.$import: there is no file gone.yml"),
        ({"$import": "again.yml"}, "again.yml imports itself"),
        ({"$import": "many.yml"}, "more than 100 files"),
        ({"$import": "one.yml", "b": 1}, "must be the only key"),
        ({"$include": "bytes"}, "bytes is not UTF-8 text"),
        ({"$import": "broken.yml"}, "broken.yml: line 1"),
        ({"$import": "https://host/one.yml"}, "is not supported"),
        ({"$import": "/etc/passwd"}, "is not supported"),
        ({"$import": "file:one.yml"}, "is not supported"),
        ({"$import": "one.yml#x"}, "a part of a file"),
        ({"$import": 3}, "the path of a file is needed, not 3"),
    ],
)
def test_an_unresolvable_import_is_refused_at_its_place(value: Any, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        Loader(near).resolve(value)
    assert words in refused.value.message
