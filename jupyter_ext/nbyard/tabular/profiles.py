"""Profile a column: counts, spread, and a histogram or the most frequent values."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import polars as pl  # noqa: TID253  # this process exists for it

from nbyard.domain.datasets.tables import Column, ColumnProfile, Histogram, TopValue
from nbyard.tabular.values import to_json

BINS = 20
TOP = 20
QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}


def profile(values: pl.Series | pl.LazyFrame, column: Column) -> ColumnProfile:
    """Return the profile of one column; NaN counts as missing.

    A lazy frame has only this column. If its values are strings or booleans, they are never all in
    memory.
    """
    if column.type in ("string", "bool"):
        return _words(values, column)
    series = values.collect().to_series() if isinstance(values, pl.LazyFrame) else values
    present = series.drop_nulls()
    if series.dtype.is_float():
        present = present.drop_nans()
    count, nulls = len(present), len(series) - len(present)
    facts: dict[str, Any] = {}
    if count and column.type in ("int", "float", "decimal"):
        facts = _numbers(present)
    elif count and column.type in ("date", "datetime", "time", "duration"):
        facts = _moments(present)
    return ColumnProfile(column.name, column.type, count, nulls, **facts)


def _numbers(present: pl.Series) -> dict[str, Any]:
    ordered = present.sort()
    numbers = ordered.cast(pl.Float64) if isinstance(ordered.dtype, pl.Decimal) else ordered
    finite = numbers.filter(numbers.is_finite()) if numbers.dtype.is_float() else numbers
    deviation = numbers.std()
    return {
        "distinct": ordered.n_unique(),
        "min": to_json(ordered[0]),
        "max": to_json(ordered[-1]),
        "mean": to_json(numbers.mean()),
        "std": deviation if isinstance(deviation, float) and math.isfinite(deviation) else None,
        "quantiles": _quantiles(ordered),
        "histogram": _histogram(finite),
    }


def _quantiles(ordered: pl.Series) -> dict[str, Any]:
    last = len(ordered) - 1
    return {name: to_json(ordered[round(part * last)]) for name, part in QUANTILES.items()}


def _histogram(ordered: pl.Series) -> Histogram | None:
    if not len(ordered):
        return None
    edges = _edges(ordered[0], ordered[-1], whole=ordered.dtype.is_integer())
    return Histogram([*edges], _counts(ordered, edges))


def _edges(low: float, high: float, whole: bool) -> list[float]:
    if whole and high - low < BINS:
        return [low + step - 0.5 for step in range(int(high - low) + 2)]
    if low == high:
        return [low - 0.5, high + 0.5] if abs(low) < 2**52 else [float(low), float(high)]
    # Divided before subtracting: the range of two finite numbers may be infinite.
    width = high / BINS - low / BINS
    return [low + step * width for step in range(BINS)] + [float(high)]


def _counts(ordered: pl.Series, edges: Sequence[float]) -> list[int]:
    inner = pl.Series(edges[1:-1], dtype=pl.Float64)
    numbers = ordered.cast(pl.Float64) if len(inner) else ordered
    places = (
        [int(place) for place in numbers.search_sorted(inner, side="left")] if len(inner) else []
    )
    bounds = [0, *places, len(ordered)]
    return [high - low for low, high in itertools.pairwise(bounds)]


def _moments(present: pl.Series) -> dict[str, Any]:
    ordered = present.sort()
    physical = ordered.to_physical()
    edges = _edges(physical[0], physical[-1], whole=True)
    # Dates are whole numbers here, so each bin is one day.
    if physical[-1] - physical[0] < BINS:
        edges = list(range(physical[0], physical[-1] + 2))
    shown = pl.Series([int(edge) for edge in edges]).cast(physical.dtype).cast(ordered.dtype)
    return {
        "distinct": ordered.n_unique(),
        "min": to_json(ordered[0]),
        "max": to_json(ordered[-1]),
        "quantiles": _quantiles(ordered),
        "histogram": Histogram([str(to_json(edge)) for edge in shown], _counts(physical, edges)),
    }


def _words(values: pl.Series | pl.LazyFrame, column: Column) -> ColumnProfile:
    counts = _frequencies(values)
    present = counts.drop_nulls("value")
    count, total = int(present["count"].sum()), int(counts["count"].sum())
    facts: dict[str, Any] = {}
    if count:
        top = present.sort(["count", "value"], descending=[True, False]).head(TOP)
        facts = {
            "distinct": present.height,
            "min": to_json(present["value"].min()),
            "max": to_json(present["value"].max()),
            "top": [TopValue(to_json(value), number) for value, number in top.iter_rows()],
        }
    return ColumnProfile(column.name, column.type, count, total - count, **facts)


def _frequencies(values: pl.Series | pl.LazyFrame) -> pl.DataFrame:
    """Return how often each value occurs."""
    if isinstance(values, pl.LazyFrame):
        grouped = values.select(pl.nth(0).alias("value")).group_by("value").len("count")
        found = grouped.collect(engine="streaming")
    else:
        found = values.alias("value").value_counts(name="count")
    is_text = found["value"].dtype != pl.Boolean
    return found.with_columns(pl.col("value").cast(pl.String)) if is_text else found
