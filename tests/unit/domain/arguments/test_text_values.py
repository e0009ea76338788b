"""Dates, times and decimal numbers are checked as texts."""

from typing import Any

import pytest

from nbyard.domain.arguments.structs import check_text_value
from nbyard.errors import Invalid


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("date", "2025-02-28", "2025-02-28"),
        ("datetime", "2025-02-28 08:00", "2025-02-28 08:00"),
        ("datetime", "2025-02-28", "2025-02-28"),
        ("datetime", "2025-02-28T08:00:00.5Z", "2025-02-28T08:00:00.5Z"),
        ("time", "08:00+01:00", "08:00+01:00"),
        ("decimal", "-.5e3", "-.5e3"),
        ("decimal", 0.1, "0.1"),
        ("decimal", 3, "3"),
    ],
)
def test_a_valid_text_is_unchanged(kind: str, value: Any, text: str) -> None:
    assert check_text_value(kind, value, "x") == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *[("date", value) for value in ("2025-02-30", "2025-2-3", "0000-01-01", " 2025-01-01", 1)],
        *[("datetime", value) for value in ("2025-02-28T24:01", "2025-02-28T08:00+99:00", None)],
        *[("time", value) for value in ("8:00", "25:00", True)],
        *[("decimal", value) for value in ("nan", "1_0", "", "1" * 1001, True, float("inf"))],
    ],
)
def test_an_unfit_value_is_refused_with_its_field(kind: str, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        check_text_value(kind, value, "parameters.x")
    assert [detail.path for detail in refused.value.details] == ["parameters.x"]
