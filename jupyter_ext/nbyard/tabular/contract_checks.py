"""Checks the rules of a contract on one file, in the reader process.

All aggregates come from one pass over the used columns. A second pass collects counter-examples of
broken rules only. Columns are named by their places, because a name may look like a pattern.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl  # noqa: TID253  # this process exists for it

from nbyard.domain.contracts import structs as rules
from nbyard.domain.contracts.structs import Breach, CheckedFile, ContractQuestion, Rule, bounds_text
from nbyard.domain.datasets.previews import cell_text
from nbyard.domain.datasets.table_descriptions import TableInfo
from nbyard.reasons.structs import Reason, because
from nbyard.tabular import json_objects
from nbyard.tabular.json_values import to_json
from nbyard.tabular.polars_frames import declared_frame, object_rows, typed_frame
from nbyard.tabular.prepare_source import Source
from nbyard.tabular.profiles import NUMBERS
from nbyard.tabular.stored_schemas import check_width, info_of
from nbyard.tabular.text_tables import decode_json

# Names that no place has.
ROW, ROWS = "row", "rows"
END_OF_DAY = time(23, 59, 59)
# An integer fits where a float is expected: text tables do not distinguish 1 and 1.0. A column
# without any value has every type.
ALSO_FITS = {"float": ("int", "decimal"), "decimal": ("int", "float"), "datetime": ("date",)}
Facts = Mapping[str, Any]
Judge = Callable[[Facts], Reason | None]


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
        chosen = [pl.nth(place).alias(str(place)) for place in places]
        return frame.select(chosen) if chosen else frame

    def column(self, name: str) -> pl.Expr:
        """Return the values of a column, with NaN as missing."""
        values = pl.col(self.places[name])
        return values.fill_nan(None) if self.types[name] == "float" else values

    def figures(self, rule: rules.CloseRule) -> dict[str, pl.Expr]:
        """Return the figure of a rule, and what its distance from the last one is a share of."""
        if rule.figure == ROWS:
            return {"value": pl.len(), "scale": pl.len()}
        values = self.column(rule.name).cast(pl.Float64, strict=False)
        scale = pl.max_horizontal(values.mean().abs(), values.std())
        return {"value": values.mean(), "scale": scale}


def check_contract(file: CheckedFile, asked: ContractQuestion) -> list[Breach]:
    """Check the contract of a file; return its breaches.

    Each has the count and the first counter-examples.
    """
    on_figures = [
        rule
        for rule in asked.contract
        if isinstance(rule, rules.MetricRule)
        or (isinstance(rule, rules.CloseRule) and rule.figure in ("content", "metric"))
    ]
    on_table = [rule for rule in asked.contract if rule not in on_figures]
    breaches = [*TableCheck(Table(file), on_table, asked).breaches()] if on_table else []
    reasons = ((rule, _figure_problem(rule, file, asked)) for rule in on_figures)
    return breaches + [Breach(rule, reason) for rule, reason in reasons if reason]


class TableCheck:
    """The check of rules on a table."""

    def __init__(self, table: Table, contract: Sequence[Rule], asked: ContractQuestion):
        self._table, self._contract, self._asked = table, contract, asked
        named = (name for rule in contract for name in rule.columns_used())
        self._frame = table.frame([name for name in named if name in table.places])

    def breaches(self) -> Iterator[Breach]:
        """Yield the broken rules; several rules on a missing column are one breach of a level."""
        known: set[tuple[str, str]] = set()
        judges: list[tuple[Rule, list[str], Judge]] = []
        selected = [pl.len().alias(ROWS)]
        for at, rule in enumerate(self._contract):
            gone = [name for name in rule.columns_used() if name not in self._table.places]
            if new := [name for name in gone if (rule.level, name) not in known]:
                known |= {(rule.level, name) for name in new}
                yield Breach(rule, because("columns-missing", columns=new))
            elif not gone:
                exprs, judge = self._ask(rule)
                selected += [expr.alias(f"{at} {name}") for name, expr in exprs.items()]
                judges.append((rule, [f"{at} {name}" for name in exprs], judge))
        row = self._frame.select(selected).collect(engine="streaming").row(0, named=True)
        for rule, names, judge in judges:
            facts = {name.partition(" ")[2]: row[name] for name in names} | {ROWS: row[ROWS]}
            if reason := judge(facts):
                yield Breach(rule, reason)

    def _ask(self, rule: Rule) -> tuple[dict[str, pl.Expr], Judge]:
        """Return the aggregates that a rule needs, and the function that judges them."""
        exprs: dict[str, pl.Expr] = {}
        judge: Judge
        match rule:
            case rules.ColumnsRule():
                judge = partial(self._unexpected, rule)
            case rules.TypeRule():
                judge = partial(self._type_problem, rule)
            case rules.RowsRule(min=low, max=high):
                judge = lambda facts: _outside(rule, ROWS, facts[ROWS], low, high)  # noqa: E731
            case rules.UniqueRule(columns=columns):
                first, *others = map(self._table.column, columns)
                # Most keys rise from row to row, which is quicker to see than counting values.
                exprs = {} if others else {"rises": (first > first.shift()).sum()}
                judge = partial(self._repeated, rule)
            case rules.FreshRule(column=name):
                moments = self._table.column(name)
                if self._table.types[name] == "string":
                    moments = moments.str.to_datetime(strict=False)
                exprs = {"newest": moments.max()}
                judge = partial(self._age_problem, rule)
            case rules.CloseRule():
                exprs = {"value": self._table.figures(rule)["value"]}
                judge = partial(self._distance, rule)
            case _:
                misfits = self._misfits(rule)
                exprs = {"count": misfits.sum()}
                judge = partial(self._rows_problem, rule, misfits)
        return exprs, judge

    def _misfits(self, rule: Rule) -> pl.Expr:
        """Return an expression that is true for the values that break a rule."""
        match rule:
            case rules.NullsRule(column=name):
                return self._table.column(name).is_null()
            case rules.RangeRule(column=name, min=low, max=high):
                values = given = self._table.column(name)
                if isinstance(high if low is None else low, str):
                    moments = self._table.types[name] in ("date", "datetime", "time")
                    values = (
                        values.dt.to_string("iso:strict") if moments else values.cast(pl.String)
                    )
                elif self._table.types[name] not in NUMBERS:
                    values = values.cast(pl.Float64, strict=False)
                out = values.is_null() & given.is_not_null()
                out |= pl.lit(value=False) if low is None else values < low
                return (out | (values > high) if high is not None else out).fill_null(value=False)
            case rules.ValuesRule(column=name, values=values):
                texts = [str(v).lower() if isinstance(v, bool) else str(v) for v in values]
                return self._not_in(name, pl.Series(values=texts, dtype=pl.String))
            case rules.ReferenceRule(column=name, dataset=dataset, other=other):
                known = Table(self._asked.references[dataset])
                same = known.frame([other or name]).select(known.column(other or name).unique())
                return self._not_in(name, same.collect().to_series())
        raise TypeError(type(rule).__name__)

    def _not_in(self, name: str, known: pl.Series) -> pl.Expr:
        kind = pl.Float64 if self._table.types[name] in NUMBERS else pl.String
        values = self._table.column(name).cast(kind)
        known = known.cast(kind, strict=False).drop_nulls()
        return values.is_not_null() & ~values.is_in(known.implode())

    def _unexpected(self, rule: rules.ColumnsRule, _: Facts) -> Reason | None:
        extra = [name for name in self._table.places if name not in rule.columns][:20]
        return because("columns-unexpected", columns=extra) if rule.closed and extra else None

    def _type_problem(self, rule: rules.TypeRule, _: Facts) -> Reason | None:
        has = self._table.types[rule.column]
        if has in (rule.type, "null", *ALSO_FITS.get(rule.type, ())):
            return None
        values = self._table.column(rule.column)
        misfits = values.is_not_null()
        if has == "string" and rule.type in NUMBERS:
            misfits &= values.cast(pl.Float64, strict=False).is_null()
        params = {"column": rule.column, "type": has, "wanted": rule.type}
        return because("rule-type", **params, examples=self._examples([rule.column], misfits))

    def _repeated(self, rule: rules.UniqueRule, facts: Facts) -> Reason | None:
        if facts.get("rises", -2) == facts[ROWS] - 1:
            return None
        cells = pl.struct(map(self._table.column, rule.columns))
        row = self._table.column(rule.columns[0]) if len(rule.columns) == 1 else cells
        distinct = self._frame.select(row.n_unique()).collect(engine="streaming").item()
        counted = {**facts, "count": facts[ROWS] - distinct}
        return self._rows_problem(rule, cells.is_duplicated(), counted)

    def _rows_problem(self, rule: Rule, misfits: pl.Expr, facts: Facts) -> Reason | None:
        count, rows, columns = facts["count"] or 0, facts[ROWS], [*rule.columns_used()]
        if count <= (rule.most * rows if isinstance(rule, rules.NullsRule) else 0):
            return None
        params = {"rule": rules.kind_of(rule), "column": ", ".join(columns)}
        examples = self._examples(columns, misfits)
        return because("rule-rows-broken", **params, count=count, rows=rows, examples=examples)

    def _examples(self, columns: Sequence[str], misfits: pl.Expr) -> list[str]:
        """Return the first counter-examples as texts: the number of the row, and its values."""
        shown = [pl.col(self._table.places[name]) for name in columns]
        # Before the filter, because duplicates refer to whole columns.
        marked = self._frame.with_columns(misfits.alias(ROWS)).with_row_index(ROW, 1)
        first = marked.filter(pl.col(ROWS)).select(ROW, *shown).head(rules.MAX_EXAMPLES).collect()
        texts = [", ".join(cell_text(to_json(v)) for v in values) for _, *values in first.rows()]
        pairs = zip(first[ROW], texts, strict=True)
        return [f"#{number}: {text}" if text else f"#{number}" for number, text in pairs]

    def _age_problem(self, rule: rules.FreshRule, facts: Facts) -> Reason | None:
        newest = facts["newest"]
        if not isinstance(newest, date):  # also a datetime
            return because("rule-figure-missing", rule="fresh", name=rule.column)
        if not isinstance(newest, datetime):
            newest = datetime.combine(newest, END_OF_DAY)
        moment = newest if newest.tzinfo else newest.replace(tzinfo=UTC)
        if (self._asked.now - moment.timestamp()) <= 3600 * rule.hours:
            return None
        params = {"value": newest.isoformat(), "wanted": f"≤ {rule.hours:g} h"}
        return because("rule-figure", rule="fresh", name=rule.column, **params)

    def _distance(self, rule: rules.CloseRule, facts: Facts) -> Reason | None:
        last, columns = self._asked.last, [*rule.columns_used()]
        table = Table(last) if last else None
        if table is None or not table.places.keys() >= {*columns}:
            return None
        figures = table.frame(columns).select(**table.figures(rule))
        value, scale = figures.collect(engine="streaming").row(0)
        near = (rule.name or ROWS, facts["value"], value, scale)
        return None if value is None else _near(rule, *near)


def _outside(rule: Rule, name: str, value: Any, low: Any, high: Any) -> Reason | None:
    if value is None:
        return because("rule-figure-missing", rule=rules.kind_of(rule), name=name)
    number = float(value) if isinstance(value, int | float) else math.nan
    # NaN is in no range.
    if (-math.inf if low is None else low) <= number <= (math.inf if high is None else high):
        return None
    params = {"value": f"{value}", "wanted": bounds_text(low, high)}
    return because("rule-figure", rule=rules.kind_of(rule), name=name, **params)


def _near(rule: rules.CloseRule, name: str, value: Any, last: Any, scale: float) -> Reason | None:
    margin = rule.within * scale
    low, high = (last - margin, last + margin) if margin else (last, last)
    return _outside(rule, name, value, low, high)


def _figure_problem(rule: Rule, file: CheckedFile, asked: ContractQuestion) -> Reason | None:
    """Return why a rule on a metric or on the bytes is broken."""
    if isinstance(rule, rules.MetricRule):
        return _outside(rule, rule.name, _metric(file, rule.name), rule.min, rule.max)
    if not isinstance(rule, rules.CloseRule) or asked.last is None:
        return None
    if rule.figure == "content":
        params = {"rule": "close", "name": rule.figure, "value": "≠", "wanted": "="}
        return None if asked.is_same else because("rule-figure", **params)
    last, value = _metric(asked.last, rule.name), _metric(file, rule.name)
    return _near(rule, rule.name, value, last, abs(last)) if isinstance(last, int | float) else None


def _metric(file: CheckedFile, name: str) -> Any:
    """Return a number of a flat JSON object, else one that the task recorded."""
    if file.filename.lower().endswith(".json"):
        value = decode_json(Path(file.path).read_bytes())
        if isinstance(value, dict) and isinstance(value.get(name), int | float):
            return value[name]
    return file.metrics.get(name)
