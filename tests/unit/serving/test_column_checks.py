"""Rules of single values, and the fast look at a column."""

import math
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.serving.column_checks import CHECKS, LEAST, MOST, UnfitValue, is_plain, shown_value

anything = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=12)
    | st.just([1])
)


@given(st.sampled_from(sorted(CHECKS)), st.lists(anything, max_size=4))
def test_plain_values_are_unchanged(kind, values):
    if is_plain(kind, values):
        for value in values:
            assert CHECKS[kind](value) == (float(value) if kind == "float" else value)


@given(st.sampled_from(sorted(CHECKS)), anything)
def test_a_checked_value_is_refused_or_of_its_type(kind, value):
    types = {"int": int, "float": float, "str": str, "bool": bool, "date": date}
    try:
        found = CHECKS[kind](value)
    except UnfitValue as error:
        assert str(error)
    else:
        assert type(found) is types.get(kind, datetime)


@pytest.mark.parametrize("value", [LEAST, MOST, 0, 5.0, -3.0])
def test_whole_numbers_of_64_bits_are_integers(value):
    assert CHECKS["int"](value) == value


@pytest.mark.parametrize("value", [LEAST - 1, MOST + 1, 1.5, True, "1", None, 1e300, math.nan])
def test_other_values_are_no_integers(value):
    assert not is_plain("int", [value])
    with pytest.raises(UnfitValue):
        CHECKS["int"](value)


@pytest.mark.parametrize("value", [math.nan, math.inf, 10**400, True, "1"])
def test_values_that_json_lacks_are_no_floats(value):
    assert not is_plain("float", [value])
    with pytest.raises(UnfitValue):
        CHECKS["float"](value)


@pytest.mark.parametrize("value", [2**64 + 1, -(2**70), 2**100])
def test_a_large_integer_is_a_float_if_representable(value):
    found = CHECKS["float"](value)
    assert (type(found), found) == (float, float(value))
    assert not is_plain("float", [value]), "as it is no answer could say it"


def test_both_infinities_are_kept():
    assert not is_plain("float", [math.inf, -math.inf])


@pytest.mark.parametrize(
    "text", ["2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", "2026-01-31T12:00:00"]
)
def test_times_are_in_utc(text):
    assert CHECKS["datetime"](text) == datetime(2026, 1, 31, 12)  # noqa: DTZ001


@pytest.mark.parametrize("text", ["2026-02-30", "2026-W01-1", "20260131", "tomorrow", 20260131, ""])
def test_an_invalid_date_is_refused(text):
    with pytest.raises(UnfitValue, match="a date such as"):
        CHECKS["date"](text)


def test_dates_and_times_with_an_invalid_zone_are_distinguished():
    assert CHECKS["date"]("2026-01-31") == date(2026, 1, 31)
    with pytest.raises(UnfitValue, match="out of range"):
        CHECKS["datetime"]("0001-01-01T00:00:00+05:00")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (None, "null"),
        ("it's", '"it\'s"'),
        ("x", "'x'"),
        (1.5, "1.5"),
        (1e20, "about 100000000000000000000"),
        ([True, {"a": None}], '[true, {"a": null}]'),
        (math.inf, "inf"),
        ({1, 2}, "{1, 2}"),
    ],
)
def test_values_are_shown_as_json(value, text):
    """The request was JSON."""
    assert shown_value(value) == text


def test_an_integer_beyond_64_bits_is_reported():
    with pytest.raises(UnfitValue, match="of 64 bits"):
        CHECKS["int"](1e20)  # as JSON reads 99999999999999999999


def test_long_values_are_shortened():
    assert len(shown_value("x" * 1000)) <= 60
