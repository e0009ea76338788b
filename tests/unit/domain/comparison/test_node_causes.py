"""Changes of values and packages, and their order at a node."""

from nbyard.domain.comparison.node_causes import (
    MAX_CHARS,
    NodeCauses,
    differing_names,
    package_change,
    value_change,
)

from .records import code, task


def test_changes_as_texts() -> None:
    assert str(value_change("n", "1", None)) == "n is no longer set (1)"
    assert str(package_change("cow", None, "1")) == "gained cow 1"
    assert str(package_change("cow", "1", None)) == "lost cow 1"


def test_values_come_before_code_and_are_cut() -> None:
    old = task("a", values={"n": "1" * 500})
    found = list(NodeCauses(old, task("a", code=code("new", 2)), 3).find())
    assert [(one.kind, one.distance) for one in found] == [("parameter", 3), ("code", 3)]
    assert found[0].before is not None and len(found[0].before) == MAX_CHARS
    assert [one.number for one in found[1].code] == [1, 2]


def test_names_that_differ_are_sorted() -> None:
    assert differing_names({"b": 1, "a": 1, "c": 1}, {"c": 1, "d": 1}) == ["a", "b", "d"]
