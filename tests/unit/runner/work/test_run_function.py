"""Values of functions arrive in the annotated type."""

import enum
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, Literal, Optional

import pytest

from nbyard.runner.work.run_function import typed_value

DAY = date(2025, 2, 28)


class Color(enum.Enum):
    RED = "red"
    BLUE = 3


@pytest.mark.parametrize(
    ("hint", "value", "result"),
    [
        (date, "2025-02-28", DAY),
        (datetime, "2025-02-28T08:00Z", datetime(2025, 2, 28, 8, tzinfo=timezone.utc)),  # noqa: UP017
        (Decimal, "1.50", Decimal("1.50")),
        (Color, "RED", Color.RED),
        (Color, 3, Color.BLUE),
        (Optional[date], "2025-02-28", DAY),  # noqa: UP045
        (date | None, None, None),
        (str | date, "2025-02-28", "2025-02-28"),
        (list[date], ["2025-02-28"], [DAY]),
        (tuple[date, ...], ["2025-02-28"] * 2, (DAY, DAY)),
        (tuple[int, date], [1, "2025-02-28"], (1, DAY)),
        (set[Color], ["RED"], {Color.RED}),
        (dict[str, date], {"a": "2025-02-28"}, {"a": DAY}),
        (list[date] | None, ["2025-02-28"], [DAY]),
        (Literal["a"], "a", "a"),
        (Any, ["a"], ["a"]),
        (None, "a", "a"),
        (list, ["a"], ["a"]),
    ],
)
def test_a_value_is_converted_to_its_annotation(hint: Any, value: Any, result: Any) -> None:
    converted = typed_value(value, hint)
    assert converted == result and type(converted) is type(result)
