"""The server writes a workflow file with the same bytes as the browser."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.parsing.canonical_json import canonical

CASES = json.loads((Path(__file__).parents[3] / "cases" / "canonical.json").read_text("utf-8"))

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_shared_cases(case: dict[str, str]) -> None:
    assert canonical(json.loads(case["text"])) == case["canonical"]


@given(VALUES)
def test_writing_again_changes_nothing(value: object) -> None:
    text = canonical(value)
    assert canonical(json.loads(text)) == text


@given(VALUES)
def test_the_text_can_be_encoded(value: object) -> None:
    assert canonical(value).encode("utf-8").endswith(b"\n")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_its_value(value: float) -> None:
    assert float(canonical(value)) == value


@given(st.dictionaries(st.text(), st.integers()))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_unsupported_values_become_null() -> None:
    assert canonical([float("inf"), float("-inf"), float("nan"), 10**400]) == (
        "[null, null, null, null]\n"
    )


def test_tuples_are_lists() -> None:
    assert canonical({"a": (1, 2)}) == '{\n  "a": [1, 2]\n}\n'
