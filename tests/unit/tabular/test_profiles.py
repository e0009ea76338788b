"""Profiles against what numpy and pandas say."""

import math
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.datasets.table_descriptions import Column, ColumnProfile
from nbyard.tabular.polars_frames import type_name
from nbyard.tabular.profiles import profile_column


def profiled(series: pl.Series) -> ColumnProfile:
    """The same of a lazy frame, which is not read as a whole."""
    column = Column(series.name, type_name(series.dtype))
    found = profile_column(series, column)
    assert profile_column(series.to_frame().lazy(), column) == found
    return found


@given(st.lists(st.none() | st.floats(width=64), max_size=60))
def test_any_floats(values: list[float | None]) -> None:
    found = profiled(pl.Series("x", values, dtype=pl.Float64))
    real = [value for value in values if value is not None and not math.isnan(value)]
    assert (found.count, found.nulls) == (len(real), len(values) - len(real))
    msgspec.json.encode(found)
    finite = [value for value in real if math.isfinite(value)]
    if found.histogram:
        assert sum(found.histogram.counts) == len(finite)
        assert len(found.histogram.edges) == len(found.histogram.counts) + 1


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=60))
def test_any_integers(values: list[int]) -> None:
    found = profiled(pl.Series("n", values, dtype=pl.Int64))
    assert found.distinct == len(set(values))
    assert found.histogram
    assert sum(found.histogram.counts) == len(values)


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), max_size=40))
def test_any_words(values: list[str | None]) -> None:
    found = profiled(pl.Series("w", values, dtype=pl.String))
    real = [value for value in values if value is not None]
    assert found.distinct == (len(set(real)) if real else None)
    assert all(real.count(str(top.value)) == top.count for top in found.top)
    assert [top.count for top in found.top] == sorted(
        (top.count for top in found.top), reverse=True
    )


@given(st.lists(st.none() | st.dates(), max_size=40))
def test_any_dates(values: list[Any]) -> None:
    found = profiled(pl.Series("d", values, dtype=pl.Date))
    real = [value for value in values if value is not None]
    if real:
        assert (found.min, found.max) == (min(real).isoformat(), max(real).isoformat())
        assert found.histogram
        assert sum(found.histogram.counts) == len(real)


def test_the_histogram_of_numpy() -> None:
    values = np.random.default_rng(3).normal(size=10_000)
    found = profiled(pl.Series("x", values)).histogram
    counts, edges = np.histogram(values, bins=20)
    assert found
    assert found.counts == counts.tolist()
    assert found.edges == pytest.approx(edges.tolist())


def test_a_few_whole_numbers_have_a_bar_each() -> None:
    found = profiled(pl.Series("n", [1, 1, 2, 4])).histogram
    assert found
    assert found.edges == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert found.counts == [2, 1, 0, 1]


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Float64])
def test_each_bar_has_equally_many_whole_numbers_except_the_last(dtype: Any) -> None:
    # a column of integers with missing values often has floats
    found = profiled(pl.Series("n", [*range(1, 32), None], dtype=dtype)).histogram
    assert found
    assert found.edges == [*np.arange(0.5, 30, 2), 30.5, 31.5]
    assert found.counts == [2] * 15 + [1]


@pytest.mark.parametrize(
    "series",
    [
        pl.Series("x", [[1], None]),
        pl.Series("x", [{"a": 1}]),
        pl.Series("x", [b"a"]),
        pl.Series("x", [None, None]),
        pl.Series("x", [], dtype=pl.String),
        pl.Series("x", ["a", "b"], dtype=pl.Categorical),
        pl.Series("x", ["1.10"]).str.to_decimal(scale=2),
        pl.Series("x", [1, 2], dtype=pl.Duration("ms")),
        pl.Series("x", [1, 2], dtype=pl.Time),
        pl.Series("x", [0, 2**40]).cast(pl.Datetime("us", "Europe/Madrid")),
        pl.Series("x", [2**63 + 5], dtype=pl.UInt64),
        pl.Series("x", [True, None]),
    ],
    ids=lambda series: str(series.dtype),
)
def test_every_type_has_a_profile(series: pl.Series) -> None:
    found = profiled(series)
    assert found.count + found.nulls == len(series)
    msgspec.json.encode(found)


def test_decimals_are_exact() -> None:
    texts = ["99999999999999999999.12", "-0.01", "5.00"]
    found = profiled(pl.Series("x", texts).str.to_decimal(scale=2))
    assert (found.type, found.min, found.max) == ("decimal", "-0.01", "99999999999999999999.12")
    assert found.quantiles["p50"] == "5.00"
    assert found.mean == "33333333333333333334.70"
    assert profiled(pl.Series("x", texts[:1]).str.to_decimal(scale=2)).mean == texts[0]
    assert profiled(pl.Series("x", ["1.10", "1.15"]).str.to_decimal(scale=2)).mean == 1.125
    assert found.histogram
    assert sum(found.histogram.counts) == 3
