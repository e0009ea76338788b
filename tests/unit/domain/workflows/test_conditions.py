"""Conditions of nodes: the grammar, its values, and names in sub-workflows."""

import operator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.workflows.conditions import (
    Reference,
    combined,
    holds,
    nodes_of,
    references,
    renamed,
)
from nbyard.errors import Invalid

ACCURACY = Reference("train", "accuracy")
SIGNS = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


@given(st.floats(-9, 9), st.floats(-9, 9), st.sampled_from(sorted(SIGNS)), st.booleans())
def test_comparisons_and_their_opposites(value, limit, sign, is_on):
    text = f"train.accuracy {sign} {limit!r}"
    values = {ACCURACY: value, Reference("", "on"): is_on}
    expected = SIGNS[sign](value, limit)
    assert holds(text, values) == expected
    assert holds(f"not ({text})", values) != expected
    assert holds(f"on and {text}", values) == (is_on and expected)
    assert holds(combined("on", f"{text} or on"), values) == is_on
    assert holds(renamed(f"on and {text}", {"on": repr(is_on)}), values) == (is_on and expected)


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("train.accuracy > 0.9", {ACCURACY}),
        ("0.5 < train.accuracy <= 1", {ACCURACY}),
        ("mode in ['full', 'fast'] or not changed(clean)", {("", "mode"), ("clean", "")}),
        ("'my-node'['val/loss'] < -1", {("my-node", "val/loss")}),
        ("part.train.accuracy != None", {("part.train", "accuracy")}),
        ("1 < 2", set()),
    ],
)
def test_the_values_that_a_condition_needs(text: str, used: set[Any]) -> None:
    assert references(text) == used
    assert nodes_of(text) == {node for node, _ in used if node}
    inner = renamed(text, {}, {node: f"part.{node}" for node, _ in used})
    assert nodes_of(inner) == {f"part.{node}" for node, _ in used if node}


@pytest.mark.parametrize(
    "text",
    [
        "train.accuracy >",
        "__import__('os').system('id')",
        "open('file')",
        "train.accuracy + 1 > 2",
        "train.accuracy is None",
        "1 if mode else 2",
        "(lambda: mode)()",
        "changed(a, b)",
        "rows[0] > 1",
        "[mode] == 1",
        "f'{mode}' == 'a'",
        "(" * 500,
        "a" * 2_000,
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        references(text)
    with pytest.raises(Invalid):
        renamed(text, {})


def test_values_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(Invalid):
        holds("train.accuracy > 0.9", {ACCURACY: "high"})
    assert nodes_of("") == set() and renamed("", {}) == combined("", "") == ""
