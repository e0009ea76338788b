"""Types of texts, inferred from all rows."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from nbyard.domain.datasets.table_descriptions import Column
from nbyard.reasons.structs import Reason, because
from nbyard.runner.handoff.text_format import NULLS
from nbyard.tabular.type_inference import infer_types, values_of


def inferred(
    texts: Sequence[str], first: int = 2, comma: bool = False
) -> tuple[Column, list[Any], list[Reason]]:
    present = [None if text in NULLS else text for text in texts]
    frame = pl.DataFrame({"0": present}, {"0": pl.String})
    columns, _, warnings = infer_types(frame.lazy(), [texts[:first]], ["x"], comma)
    values = frame.select(values_of(pl.nth(0), columns[0], comma)).to_series()
    return columns[0], values.to_list(), warnings


@pytest.mark.parametrize(
    ("texts", "column", "values"),
    [
        (["1", "2", "x"], Column("x", "string", False), ["1", "2", "x"]),
        (["1", "2", "3.5"], Column("x", "float", False), [1.0, 2.0, 3.5]),
        (["1", "", str(2**64 - 1)], Column("x", "int", layout="big"), [1, None, 2**64 - 1]),
        (["1", "2", str(2**63 - 1)], Column("x", "int", False), [1, 2, 2**63 - 1]),
        (["1", "2", "9" * 50], Column("x", "string", False), ["1", "2", "9" * 50]),
        (["1", "2", "0049"], Column("x", "string", False), ["1", "2", "0049"]),
        (["1", "2", "+49"], Column("x", "string", False), ["1", "2", "+49"]),
        (
            ["1", "2", "99999999999999999999.12"],
            Column("x", "decimal", False, "2"),
            [Decimal("1"), Decimal("2"), Decimal("99999999999999999999.12")],
        ),
        (["0.12345678901234567890", "1"], Column("x", "float", False), [0.12345678901234568, 1.0]),
        (
            ["1e300", "1234567890123456789.5"],
            Column("x", "float", False),
            [1e300, 1.2345678901234568e18],
        ),
        (["1000000000000000.0", "2"], Column("x", "float", False), [1e15, 2.0]),
        (
            ["9999999999999999.12", "2"],
            Column("x", "decimal", False, "2"),
            [Decimal("9999999999999999.12"), Decimal(2)],
        ),
        (["1e300", "2e300", "-3.5e20"], Column("x", "float", False), [1e300, 2e300, -3.5e20]),
        (["", "", "7"], Column("x", "int"), [None, None, 7]),
        (["", "NA", ""], Column("x", "null"), [None, None, None]),
        (["true", "FALSE", ""], Column("x", "bool"), [True, False, None]),
        ([" 1", "2", "3 "], Column("x", "int", False, padded=True), [1, 2, 3]),
        (["1", "2", " 3"], Column("x", "int", False, padded=True), [1, 2, 3]),
        (
            ["31.12.2024", "1.2.2024", ""],
            Column("x", "date", True, "%d.%m.%Y"),
            [date(2024, 12, 31), date(2024, 2, 1), None],
        ),
        (
            ["05/06/2024", "06/06/2024", "05/13/2024"],
            Column("x", "date", False, "%m/%d/%Y"),
            [date(2024, 5, 6), date(2024, 6, 6), date(2024, 5, 13)],
        ),
        (["2023-02-28", "2023-02-27", "2023-02-29"], Column("x", "string", False), None),
        (
            ["2024-01-02T10:00", "2024-01-02T10:01", "2024-01-02 10:00:01.5"],
            Column("x", "datetime", False, "%Y-%m-%dT%H:%M|%Y-%m-%d %H:%M:%S.%f"),
            [
                datetime(2024, 1, 2, 10, 0),  # noqa: DTZ001
                datetime(2024, 1, 2, 10, 1),  # noqa: DTZ001
                datetime(2024, 1, 2, 10, 0, 1, 500_000),  # noqa: DTZ001
            ],
        ),
        (
            ["2024-01-02T10:00:00+02:00", "2024-01-02T10:00:00-0100"],
            Column("x", "datetime", False, "%Y-%m-%dT%H:%M:%S%z"),
            [datetime(2024, 1, 2, 8, tzinfo=UTC), datetime(2024, 1, 2, 11, tzinfo=UTC)],
        ),
        (
            ["2024-01-02T10:00:00Z"],
            Column("x", "datetime", False, "%Y-%m-%dT%H:%M:%SZ"),
            [datetime(2024, 1, 2, 10, tzinfo=UTC)],
        ),
        (
            ["10:30", "10:30:15", "00:00:00.25"],
            Column("x", "time", False, "%H:%M|%H:%M:%S|%H:%M:%S.%f"),
            [time(10, 30), time(10, 30, 15), time(0, 0, 0, 250_000)],
        ),
    ],
    ids=str,
)
def test_all_rows_decide(texts: list[str], column: Column, values: list[Any] | None) -> None:
    found, converted, warnings = inferred(texts)
    assert (found, warnings) == (column, [])
    assert converted == (texts if values is None else values)


def test_ambiguous_dates_stay_text_with_a_warning() -> None:
    found, values, warnings = inferred(["05/06/2024", "07/06/2024"])
    assert (found.type, values) == ("string", ["05/06/2024", "07/06/2024"])
    assert warnings == [because("dates-unclear", names=["'x'"])]


@pytest.mark.parametrize("texts", [["1", "NA"], ["x", "NA"], ["2024-01-01", "NA"], ["NA", "NA"]])
def test_markers_of_missing_values_are_null(texts: list[str]) -> None:
    frame = pl.DataFrame({"0": texts})
    (column,), null_words, _ = infer_types(frame, [texts[:1]], ["x"], False)
    assert (column.nullable, null_words) == (True, True)
    assert column.type == inferred(texts)[0].type
    (column,), null_words, _ = infer_types(frame.head(1), [texts[:1]], ["x"], False)
    assert null_words is column.nullable is (texts[0] == "NA")


def test_decimal_commas() -> None:
    found, values, _ = inferred(["1,5", "", "-2"], comma=True)
    assert (found.type, values) == ("float", [1.5, None, -2.0])
    found, values, _ = inferred(["12345678901234567,25", "1"], comma=True)
    assert (found.type, values[0]) == ("decimal", Decimal("12345678901234567.25"))
