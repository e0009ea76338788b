"""Computes the profile of a column: counts, spread, and a histogram or the most frequent values."""

import decimal
import itertools
import math
from collections.abc import Sequence
from typing import Any

import polars as pl  # noqa: TID253  # this process exists for it

from nbyard.domain.datasets.table_descriptions import Column, ColumnProfile, Histogram, TopValue
from nbyard.tabular.json_values import SAFE_INT, to_json

BINS = 20
TOP = 20
MAX_DIGITS = 60  # of a sum: a decimal has at most 38
NUMBERS = ("int", "float", "decimal")
MOMENTS = ("date", "datetime", "time", "duration")
QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}


def profile_column(values: pl.Series | pl.LazyFrame, column: Column) -> ColumnProfile:
    """Return the profile of one column. NaN counts as missing.

    A lazy frame must have only this column. Its strings or booleans are never in memory all at
    once.
    """
    if column.type in ("string", "bool"):
        return _profile_by_values(values, column)
    series = values.collect().to_series() if isinstance(values, pl.LazyFrame) else values
    present = series.drop_nulls()
    if series.dtype.is_float():
        present = present.drop_nans()
    count, nulls = len(present), len(series) - len(present)
    facts: dict[str, Any] = {}
    if count and column.type in (*NUMBERS, *MOMENTS):
        ordered = present.sort()
        places = {name: round(part * (count - 1)) for name, part in QUANTILES.items()}
        facts = {
            "distinct": ordered.n_unique(),
            "min": to_json(ordered[0]),
            "max": to_json(ordered[-1]),
            "quantiles": {name: to_json(ordered[place]) for name, place in places.items()},
        }
        if column.type in NUMBERS:
            facts |= _of_numbers(ordered)
        else:
            moments = ordered.to_physical()
            edges = _edges(moments[0], moments[-1], whole=False)
            # Dates are whole numbers here, so each bin is one day.
            if moments[-1] - moments[0] < BINS:
                edges = list(range(moments[0], moments[-1] + 2))
            shown = pl.Series([int(edge) for edge in edges]).cast(moments.dtype).cast(ordered.dtype)
            counts = _counts(moments, edges)
            facts["histogram"] = Histogram([str(to_json(edge)) for edge in shown], counts)
    return ColumnProfile(column.name, column.type, count, nulls, **facts)


def _of_numbers(ordered: pl.Series) -> dict[str, Any]:
    numbers = ordered.cast(pl.Float64) if isinstance(ordered.dtype, pl.Decimal) else ordered
    finite = numbers.filter(numbers.is_finite()) if numbers.dtype.is_float() else numbers
    histogram = None
    if len(finite):
        # Integers with missing values often are floats.
        edges = _edges(finite[0], finite[-1], whole=bool((finite == finite.round()).all()))
        histogram = Histogram([*edges], _counts(finite, edges))
    mean: Any = numbers.mean()
    scale = getattr(ordered.dtype, "scale", None)
    if isinstance(mean, float) and scale is not None and abs(mean) * 10**scale > SAFE_INT:
        # A float has too few digits, and a sum of the library may overflow.
        with decimal.localcontext(prec=MAX_DIGITS):
            counts = ordered.value_counts().iter_rows()
            mean = round(sum(value * count for value, count in counts) / len(ordered), scale)
    deviation = numbers.std()
    return {
        "mean": to_json(mean),
        "std": deviation if isinstance(deviation, float) and math.isfinite(deviation) else None,
        "histogram": histogram,
    }


def _edges(low: float, high: float, whole: bool) -> list[float]:
    if whole and high - low < BINS:
        return [low + step - 0.5 for step in range(int(high - low) + 2)]
    if whole and max(abs(low), abs(high)) < 2**52:
        # Each bin has equally many whole numbers. Otherwise, some would be higher for this alone.
        step = math.ceil((high - low + 1) / BINS)
        bins = math.ceil((high - low + 1) / step)
        return [low - 0.5 + step * place for place in range(bins)] + [high + 0.5]
    if low == high:
        # From 2**52 on, a float cannot hold halves.
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


def _profile_by_values(values: pl.Series | pl.LazyFrame, column: Column) -> ColumnProfile:
    if isinstance(values, pl.LazyFrame):
        grouped = values.select(pl.nth(0).alias("value")).group_by("value").len("count")
        counts = grouped.collect(engine="streaming")
    else:
        counts = values.alias("value").value_counts(name="count")
    if counts["value"].dtype != pl.Boolean:
        counts = counts.with_columns(pl.col("value").cast(pl.String))
    present = counts.drop_nulls("value")
    count, total = int(present["count"].sum()), int(counts["count"].sum())
    facts: dict[str, Any] = {}
    if count:
        # As in a dictionary: in the order of bytes, capital letters come first, and É after z.
        letters = (
            pl.col("value").cast(pl.String).str.normalize("NFKD").str.replace_all(r"\p{M}", "")
        )
        first = present.sort(letters.str.to_lowercase(), "value")
        top = present.sort(["count", "value"], descending=[True, False]).head(TOP)
        facts = {
            "distinct": present.height,
            "min": to_json(first["value"].first()),
            "max": to_json(first["value"].last()),
            "top": [TopValue(to_json(value), number) for value, number in top.iter_rows()],
        }
    return ColumnProfile(column.name, column.type, count, total - count, **facts)
