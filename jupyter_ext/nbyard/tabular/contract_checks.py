"""Checks the rules of a contract on one file, in the reader process.

All aggregates come from one pass over the used columns. A second pass collects counter-examples of
broken rules only. Columns are named by their places, because a name may look like a pattern.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import polars as pl  # noqa: TID253  # this process exists for it

from nbyard.domain.contracts import structs as rules
from nbyard.domain.contracts.structs import MAX_EXAMPLES, Breach, Rule, bounds_text
from nbyard.domain.datasets.previews import cell_text
from nbyard.domain.datasets.table_descriptions import TableInfo
from nbyard.reasons.structs import Reason, because
from nbyard.tabular import json_objects
from nbyard.tabular.contract_questions import CheckedFile, ContractQuestion
from nbyard.tabular.json_values import to_json
from nbyard.tabular.polars_frames import declared_frame, object_rows, typed_frame
from nbyard.tabular.prepare_source import Source
from nbyard.tabular.profiles import NUMBERS
from nbyard.tabular.stored_schemas import check_width, info_of
from nbyard.tabular.text_tables import decode_json

# The number of the row, a name that no place has.
ROW, ROWS = "row", "rows"
SECONDS_OF_HOUR = 3600.0
END_OF_DAY = time(23, 59, 59)
# An integer fits where a float is expected: text tables do not distinguish 1 and 1.0.
ALSO_FITS = {"float": ("int", "decimal"), "decimal": ("int", "float"), "datetime": ("date",)}
TEXT = "string"


class Table:
    """A table with typed columns, of which only the used ones are read."""

    def __init__(self, file: CheckedFile):
        self._source = source = Source(Path(file.path), file.filename, Path(file.folder))
        self.info: TableInfo = info_of(source, whole=True)
        if source.format in ("csv", "tsv"):
            check_width(self.info)
        self.places = {column.name: str(at) for at, column in enumerate(self.info.columns)}
        self.types = {column.name: column.type for column in self.info.columns}

    def frame(self, columns: Sequence[str]) -> pl.LazyFrame:
        """Return a lazy frame of these columns, named by their places."""
        places = sorted({int(self.places[name]) for name in columns})
        if self._source.format in ("csv", "tsv"):
            # Without any column, the rows could not be counted.
            return typed_frame(self._source, self.info, places or [0])
        if self._source.format in ("json", "jsonl"):
            used = [self.info.columns[place] for place in places]
            chunks = pl.concat(json_objects.read_frames(object_rows(self._source), used))
            return chunks.rename({str(at): str(place) for at, place in enumerate(places)}).lazy()
        frame = declared_frame(self._source)
        return (
            frame.select(pl.nth(place).alias(str(place)) for place in places) if places else frame
        )

    def column(self, name: str) -> pl.Expr:
        """Return the values of a column, with NaN as missing."""
        values = pl.col(self.places[name])
        return values.fill_nan(None) if self.types[name] == "float" else values

    def numbers(self, name: str) -> pl.Expr:
        """Return the values of a column as floats."""
        return self.column(name).cast(pl.Float64, strict=False)


Facts = Mapping[str, Any]
Judge = Callable[[Facts], Reason | None]
Ask = tuple[dict[str, pl.Expr], Judge]


def check_contract(file: CheckedFile, asked: ContractQuestion) -> list[Breach]:
    """Check the contract of a file; return its breaches.

    Each has the count and the first counter-examples.
    """
    contract, breaches = asked.contract, list[Breach]()
    of_table = [rule for rule in contract if _needs_table(rule)]
    if of_table:
        breaches = _table_breaches(Table(file), of_table, asked)
    for rule in contract:
        if not _needs_table(rule) and (reason := _figure_problem(rule, file, asked)):
            breaches.append(Breach(rule, reason))
    return breaches


def _needs_table(rule: Rule) -> bool:
    is_other = isinstance(rule, rules.CloseRule) and rule.figure in ("content", "metric")
    return not (is_other or isinstance(rule, rules.MetricRule))


def _table_breaches(table: Table, contract: list[Rule], asked: ContractQuestion) -> list[Breach]:
    breaches: list[Breach] = []
    usable: list[Rule] = []
    # Several rules on a missing column are one breach of each level.
    known: set[tuple[str, str]] = set()
    for rule in contract:
        gone = [name for name in rule.columns_used() if name not in table.places]
        if new := [name for name in gone if (rule.level, name) not in known]:
            known |= {(rule.level, name) for name in new}
            breaches.append(Breach(rule, because("columns-missing", columns=new)))
        elif not gone:
            usable.append(rule)
    frame = table.frame([name for rule in usable for name in rule.columns_used()])
    asks: list[tuple[Rule, Ask]] = []
    for at, rule in enumerate(usable):
        exprs, problem = _ask(rule, table, frame, asked)
        asks.append((rule, ({f"{at} {name}": e for name, e in exprs.items()}, problem)))
    wanted = {name: expr for _, (exprs, _) in asks for name, expr in exprs.items()}
    selected = [pl.len().alias(ROWS), *(expr.alias(name) for name, expr in wanted.items())]
    row = frame.select(selected).collect(engine="streaming").row(0, named=True)
    for rule, (exprs, problem) in asks:
        facts = {name.partition(" ")[2]: row[name] for name in exprs} | {ROWS: row[ROWS]}
        if reason := problem(facts):
            breaches.append(Breach(rule, reason))
    return breaches


def _ask(rule: Rule, table: Table, frame: pl.LazyFrame, asked: ContractQuestion) -> Ask:
    """Return the aggregates that a rule needs, and the function that judges them."""
    exprs: dict[str, pl.Expr] = {}
    judge: Judge
    match rule:
        case rules.ColumnsRule():
            judge = partial(_unexpected, rule, table)
        case rules.TypeRule():
            judge = partial(_type_problem, rule, table, frame)
        case rules.RowsRule():
            judge = partial(_count_problem, rule)
        case rules.UniqueRule(columns=columns):
            first, *others = (table.column(name) for name in columns)
            # Most keys rise from row to row, which is quicker to see than counting values.
            exprs = {} if others else {"rises": (first > first.shift()).sum()}
            judge = partial(_repeated, rule, table, frame)
        case rules.FreshRule(column=name):
            moments = table.column(name)
            if table.types[name] == TEXT:
                moments = moments.str.to_datetime(strict=False)
            exprs = {"newest": moments.max()}
            judge = partial(_age_problem, rule, asked.now)
        case rules.CloseRule(figure="mean", name=name):
            exprs = {"mean": table.numbers(name).mean()}
            judge = partial(_mean_problem, rule, asked.last)
        case rules.CloseRule():
            judge = partial(_size_problem, rule, asked.last)
        case _:
            misfits = _misfits(rule, table, asked)
            exprs = {"count": misfits.sum()}
            judge = partial(_rows_problem, rule, table, frame, misfits)
    return exprs, judge


def _misfits(rule: Rule, table: Table, asked: ContractQuestion) -> pl.Expr:
    """Return an expression that is true for the values that break a rule."""
    match rule:
        case rules.NullsRule(column=name):
            return table.column(name).is_null()
        case rules.RangeRule(column=name, min=low, max=high):
            values = given = table.column(name)
            if isinstance(high if low is None else low, str):
                moments = table.types[name] in ("date", "datetime", "time")
                values = values.dt.to_string("iso:strict") if moments else values.cast(pl.String)
            elif table.types[name] not in NUMBERS:
                values = values.cast(pl.Float64, strict=False)
            out = values.is_null() & given.is_not_null()
            out |= pl.lit(value=False) if low is None else values < low
            return (out | (values > high) if high is not None else out).fill_null(value=False)
        case rules.ValuesRule(column=name, values=values):
            return _not_in(
                table, name, pl.Series(values=[_plain(v) for v in values], dtype=pl.String)
            )
        case rules.ReferenceRule(column=name, dataset=dataset, other=other):
            known = Table(asked.references[dataset])
            column = known.column(other or name)
            same = known.frame([other or name]).select(column.unique())
            if known.types[other or name] in NUMBERS and table.types[name] in NUMBERS:
                same = same.cast(pl.Float64)
            return _not_in(table, name, same.collect().to_series())
    raise TypeError(type(rule).__name__)


def _not_in(table: Table, name: str, known: pl.Series) -> pl.Expr:
    values = table.column(name)
    if table.types[name] in NUMBERS:
        known, values = known.cast(pl.Float64, strict=False), values.cast(pl.Float64)
    else:
        known, values = known.cast(pl.String), values.cast(pl.String)
    return values.is_not_null() & ~values.is_in(known.drop_nulls().implode())


def _plain(value: rules.Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unexpected(rule: rules.ColumnsRule, table: Table, _: Facts) -> Reason | None:
    extra = [name for name in table.places if name not in rule.columns]
    return because("columns-unexpected", columns=extra[:20]) if rule.closed and extra else None


def _type_problem(
    rule: rules.TypeRule, table: Table, frame: pl.LazyFrame, _: Facts
) -> Reason | None:
    has = table.types[rule.column]
    # A column without any value has every type.
    if has in (rule.type, "null", *ALSO_FITS.get(rule.type, ())):
        return None
    values = table.column(rule.column)
    misfits = values.is_not_null()
    if has == TEXT and rule.type in NUMBERS:
        misfits &= values.cast(pl.Float64, strict=False).is_null()
    params = {"column": rule.column, "type": has, "wanted": rule.type}
    return because("rule-type", **params, examples=_examples(table, frame, [rule.column], misfits))


def _rows_problem(
    rule: Rule, table: Table, frame: pl.LazyFrame, misfits: pl.Expr, facts: Facts
) -> Reason | None:
    count, rows = facts["count"] or 0, facts[ROWS]
    if count <= (rule.most * rows if isinstance(rule, rules.NullsRule) else 0):
        return None
    columns = [*rule.columns_used()]
    return because(
        "rule-rows-broken",
        rule=msgspec.to_builtins(rule)["rule"],
        column=", ".join(columns),
        count=count,
        rows=rows,
        examples=_examples(table, frame, columns, misfits),
    )


def _examples(
    table: Table, frame: pl.LazyFrame, columns: Sequence[str], misfits: pl.Expr
) -> list[str]:
    """Return the first counter-examples as texts: the number of the row, and its values."""
    shown = [pl.col(table.places[name]) for name in columns]
    # The row is counted before the filter, which refers to whole columns for duplicates.
    rows = frame.with_columns(misfits.alias(ROWS)).with_row_index(ROW, 1).filter(pl.col(ROWS))
    first = rows.select(pl.col(ROW), *shown).head(MAX_EXAMPLES).collect()
    texts = ((n, ", ".join(cell_text(to_json(v)) for v in values)) for n, *values in first.rows())
    return [f"#{number}: {text}" if text else f"#{number}" for number, text in texts]


def _outside(rule: Rule, name: str, value: Any, low: Any, high: Any) -> Reason | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    params = {"rule": msgspec.to_builtins(rule)["rule"], "name": name}
    if value is None:
        return because("rule-figure-missing", **params)
    # NaN is in no range.
    is_inside = not math.isnan(number) and number >= (-math.inf if low is None else low)
    if is_inside and number <= (math.inf if high is None else high):
        return None
    return because("rule-figure", **params, value=f"{value}", wanted=bounds_text(low, high))


def _repeated(
    rule: rules.UniqueRule, table: Table, frame: pl.LazyFrame, facts: Facts
) -> Reason | None:
    if facts.get("rises", -2) == facts[ROWS] - 1:
        return None
    cells = [table.column(name) for name in rule.columns]
    row = cells[0] if len(cells) == 1 else pl.struct(cells)
    count = facts[ROWS] - frame.select(row.n_unique()).collect(engine="streaming").item()
    repeated = pl.struct(cells).is_duplicated()
    return _rows_problem(rule, table, frame, repeated, {**facts, "count": count})


def _count_problem(rule: rules.RowsRule, facts: Facts) -> Reason | None:
    return _outside(rule, ROWS, facts[ROWS], rule.min, rule.max)


def _age_problem(rule: rules.FreshRule, now: float, facts: Facts) -> Reason | None:
    newest = facts["newest"]
    if not isinstance(newest, date):  # also a datetime
        return because("rule-figure-missing", rule="fresh", name=rule.column)
    if not isinstance(newest, datetime):
        newest = datetime.combine(newest, END_OF_DAY)
    moment = newest if newest.tzinfo else newest.replace(tzinfo=UTC)
    if (now - moment.timestamp()) / SECONDS_OF_HOUR <= rule.hours:
        return None
    params = {"value": newest.isoformat(), "wanted": f"≤ {rule.hours:g} h"}
    return because("rule-figure", rule="fresh", name=rule.column, **params)


def _near(rule: rules.CloseRule, name: str, value: Any, last: Any, scale: float) -> Reason | None:
    margin = rule.within * scale
    low, high = (last - margin, last + margin) if margin else (last, last)
    return _outside(rule, name, value, low, high)


def _mean_problem(rule: rules.CloseRule, last: CheckedFile | None, facts: Facts) -> Reason | None:
    table = Table(last) if last else None
    if table is None or rule.name not in table.places:
        return None
    values = table.numbers(rule.name)
    asked = (values.mean().alias("mean"), values.std().alias("deviation"))
    mean, deviation = table.frame([rule.name]).select(asked).collect().row(0)
    if mean is None:
        return None
    return _near(rule, rule.name, facts["mean"], mean, max(abs(mean), deviation or 0.0))


def _size_problem(rule: rules.CloseRule, last: CheckedFile | None, facts: Facts) -> Reason | None:
    if last is None:
        return None
    rows = int(Table(last).frame([]).select(pl.len()).collect().item())
    return _near(rule, ROWS, facts[ROWS], rows, rows)


def _figure_problem(rule: Rule, file: CheckedFile, asked: ContractQuestion) -> Reason | None:
    """Return why a rule on a metric or on the bytes is broken."""
    if isinstance(rule, rules.MetricRule):
        return _outside(rule, rule.name, _metric(file, rule.name), rule.min, rule.max)
    if not isinstance(rule, rules.CloseRule) or asked.last is None:
        return None
    if rule.figure == "content":
        params = {"rule": "close", "name": rule.figure, "value": "≠", "wanted": "="}
        return None if asked.is_same else because("rule-figure", **params)
    last = _metric(asked.last, rule.name)
    if not isinstance(last, int | float):
        return None
    return _near(rule, rule.name, _metric(file, rule.name), last, abs(last))


def _metric(file: CheckedFile, name: str) -> Any:
    """Return a number of a flat JSON object, else one that the task recorded."""
    if file.filename.lower().endswith(".json"):
        value = decode_json(Path(file.path).read_bytes())
        if isinstance(value, dict) and isinstance(value.get(name), int | float):
            return value[name]
    return file.metrics.get(name)
