"""Values of JSON become the types of requests, or are refused by the name of the field."""

import msgspec
import pytest

from nbyard.domain.datasets.structs import NewDataset
from nbyard.domain.executables.structs import ExecutablePatch
from nbyard.domain.parsing.typed_json import check_texts, convert_json
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid


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


def test_omitted_and_null_are_distinguished():
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
def test_texts_that_databases_cannot_store_are_refused(value, place):
    with pytest.raises(Invalid) as refused:
        check_texts(value)
    assert refused.value.details[0].path == place
    assert "\0" not in refused.value.message + refused.value.details[0].message


def test_other_texts_are_unchanged():
    check_texts({"a": ["\u0001\U0001f427\ufffe", 1, None, True, {"b": 1.5}], "": ""})


def test_an_unknown_field_is_refused_with_a_suggestion():
    with pytest.raises(Invalid) as refused:
        convert_json({"pth": "a.py"}, NewRun)
    assert refused.value.details[0].path == "pth"
    assert refused.value.details[0].message.endswith("did you mean path?")
