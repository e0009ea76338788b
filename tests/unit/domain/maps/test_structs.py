"""Maps in documents: plain JSON, with values that are refused early."""

import msgspec
import pytest

from nbyard.domain.maps.structs import Files, Grid, Items, Map, Range, Rows, Search


@pytest.mark.parametrize(
    ("each", "names"),
    [
        (Grid({"lr": [0.1], "depth": [1, 2]}), ("lr", "depth")),
        (Items("lr"), ("lr",)),
        (Rows(("lr", "depth")), ("lr", "depth")),
        (Files("image"), ("image",)),
        (Search({"lr": Range(0.1, 1, log=True), "model": ["a"]}, by="halton"), ("lr", "model")),
    ],
)
def test_a_map_survives_json_and_names_its_arguments(each, names):
    own = Map(each, "10%", 4)
    assert msgspec.json.decode(msgspec.json.encode(own), type=Map) == own
    assert own.names == names


def test_defaults_are_not_written():
    assert msgspec.json.encode(Map(Items("n"))) == b'{"each":{"kind":"list","over":"n"}}'


@pytest.mark.parametrize(
    "wrong",
    [{"on_failure": "never"}, {"on_failure": "101%"}, {"on_failure": "-1"}, {"at_most": 0}],
)
def test_wrong_limits_are_refused(wrong):
    plain = {"each": {"kind": "list", "over": "n"}, **wrong}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(plain, Map)


def test_unknown_fields_are_refused():
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"each": {"kind": "list", "over": "n", "values": [1]}}, Map)


@pytest.mark.parametrize(
    "wrong",
    [
        {"space": {}},
        {"space": {"n": []}},
        {"space": {"n": {"low": 2, "high": 1}}},
        {"space": {"n": {"low": 0, "high": 1, "log": True}}},
        {"space": {"n": {"low": 0}}},
        {"count": 0},
        {"count": 10_001},
        {"direction": "up"},
    ],
)
def test_wrong_searches_are_refused(wrong):
    plain = {"kind": "search", "space": {"n": [1]}, **wrong}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"each": plain}, Map)
