"""Values of any kind become JSON that a browser reads the same."""

import json
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.datasets.table_descriptions import MAX_CELL_CHARACTERS
from nbyard.tabular.json_values import MARK, cut_text, to_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (2**53 - 1, 2**53 - 1),
        (2**53, str(2**53)),
        (-(2**70), str(-(2**70))),
        (1.5, 1.5),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 2, 29, 1, 2), "2024-02-29T01:02:00"),  # noqa: DTZ001
        (time(1, 2, 3), "01:02:03"),
        (timedelta(minutes=2), "120 s"),
        (Decimal("1.10"), "1.10"),
        (b"\x00\x01", "00 01"),
        ([1, [math.inf]], [1, ["inf"]]),
        ({"a": {1: 2**60}}, {"a": {"1": str(2**60)}}),
        ("lone \ud800", "lone ?"),
    ],
)
def test_values(value: Any, expected: Any) -> None:
    assert to_json(value) == expected


def test_long_and_deep_values_are_cut_with_a_mark() -> None:
    assert cut_text("x" * 1000) == "x" * 1000
    assert cut_text("x" * 1001) == "x" * 999 + MARK
    many = to_json(list(range(500)))
    assert isinstance(many, list)
    assert (len(many), many[-1]) == (101, MARK)
    assert str(to_json(b"x" * 10_000)).endswith(MARK)
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    assert MARK in json.dumps(to_json(deep), ensure_ascii=False)


KEYS = st.text(max_size=5)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
)


@given(ANYTHING)
def test_anything_becomes_strict_json(value: Any) -> None:
    written = msgspec.json.encode(to_json(value))
    json.loads(written, parse_constant=pytest.fail)


@given(st.text(max_size=3000))
def test_cut_text_is_valid_and_short(text: str) -> None:
    assert len(cut_text(text).encode().decode()) <= MAX_CELL_CHARACTERS
