"""Infers the types of a table's texts, and converts texts to values.

No other module does so. The first rows suggest a form for each column, and all rows are checked
against it. Rows that do not fit suggest the next form, until one fits all of them. Columns are
addressed by place, because a name may look like a pattern.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec
import polars as pl  # noqa: TID253  # the reader process exists for it

from nbyard.domain.datasets.table_descriptions import Column
from nbyard.reasons.structs import Reason, because
from nbyard.runner.handoff.text_format import NULLS, Form, day_month_swapped, form_of, form_pattern

MISFITS = 100
COLUMNS_AT_ONCE = 500
# So many decimal digits always fit 64 bits, a double, and a decimal of 128 bits.
DIGITS_OF_INT64 = 18
DIGITS_OF_FLOAT = 15
MAX_DIGITS = 38
ZONED = ("Z", "%z")


class Inferred(NamedTuple):
    """The inferred columns, whether words stand for missing values, and warnings for users."""

    columns: list[Column]
    null_words: bool
    warnings: list[Reason]


def infer_types(
    texts: pl.LazyFrame | pl.DataFrame,
    first: Sequence[Sequence[str]],
    names: Sequence[str],
    decimal_comma: bool,
) -> Inferred:
    """Infer the types of a table of texts.

    Args:
        texts: all rows, with nulls for empty texts; a lazy frame is never in memory as a whole.
        first: the texts of the first rows, by column.
        names: the names of the columns.
        decimal_comma: whether numbers have a decimal comma.
    """
    search = _Search(texts, [[*values] for values in first], decimal_comma)
    for start in range(0, len(names), COLUMNS_AT_ONCE):
        search.run(range(start, min(start + COLUMNS_AT_ONCE, len(names))))
    columns = [
        msgspec.structs.replace(search.columns[place], name=name)
        for place, name in enumerate(names)
    ]
    warnings = []
    if search.unclear:
        shown = [repr(names[place][:40]) for place in search.unclear[:5]]
        warnings.append(because("dates-unclear", names=shown))
    return Inferred(columns, search.null_words, warnings)


class _Search:
    def __init__(
        self, texts: pl.LazyFrame | pl.DataFrame, seen: list[list[str]], decimal_comma: bool
    ):
        self._texts = texts
        self._seen = seen
        self._comma = decimal_comma
        self.columns: dict[int, Column] = {}
        self.unclear: list[int] = []
        self.null_words = False

    def run(self, places: Sequence[int]) -> None:
        undecided, tried = list(places), set[tuple[int, Form]]()
        while undecided:
            forms = {place: form_of(self._seen[place], self._comma) for place in undecided}
            # A form that failed before fails again.
            forms |= {place: Form("string") for place, _ in tried & {*forms.items()}}
            tried |= {*forms.items()}
            asked: list[pl.Expr] = []
            for place, form in forms.items():
                text = pl.nth(place)
                is_number = form.type in ("int", "float")
                digits = text.str.len_bytes().max() if is_number else pl.lit(0)
                asked += [
                    text.is_null().any().alias(f"{place} nulls"),
                    text.is_in(NULLS).any().alias(f"{place} words"),
                    _misfits(text, form, self._comma).sum().alias(f"{place} misfits"),
                    digits.alias(f"{place} digits"),
                ]
                if other := day_month_swapped(form):
                    asked.append(_misfits(text, other, self._comma).sum().alias(f"{place} twin"))
            facts = _collect(self._texts.select(asked)).row(0, named=True)
            undecided = [place for place in forms if facts[f"{place} misfits"]]
            for place, form in forms.items():
                if place in undecided:
                    misfits = _misfits(pl.nth(place), form, self._comma)
                    misfit_texts = self._texts.select(pl.nth(place).filter(misfits).head(MISFITS))
                    self._seen[place] += _collect(misfit_texts).to_series().to_list()
                    continue
                column = self._column(place, form, facts[f"{place} digits"] or 0)
                if facts.get(f"{place} twin") == 0:
                    self.unclear.append(place)
                    column = Column("", "string")
                # Null words matter for reading: polars has to look for them in each cell.
                has_words = bool(facts[f"{place} words"])
                self.null_words |= has_words
                has_nulls = has_words or bool(facts[f"{place} nulls"])
                self.columns[place] = msgspec.structs.replace(column, nullable=has_nulls)

    def _column(self, place: int, form: Form, digits: int) -> Column:
        """Return the column for a form. `digits` decides between normal and longer numbers."""
        layout = "|".join(form.layouts)
        column = Column("", form.type, layout=layout, padded=form.padded)
        # 18 digits always fit 64 bits; 19 may or may not.
        if form.type == "int" and digits > DIGITS_OF_INT64:
            text = _bare(pl.nth(place), column)
            asked = [
                (_is_there(text) & text.cast(bits, strict=False).is_null()).any().alias(str(bits))
                for bits in (pl.Int64, pl.Int128)
            ]
            is_long, is_too_long = _collect(self._texts.select(asked)).row(0)
            if not is_long:
                return column
            if not is_too_long:
                return msgspec.structs.replace(column, layout="big")
            return Column("", "string")
        if form.type == "float" and digits > DIGITS_OF_FLOAT:
            return self._decimal(place, column)
        return column

    def _decimal(self, place: int, column: Column) -> Column:
        """Return the column. It gets exact decimals if floats would change an integer part."""
        text = _bare(pl.nth(place), column)
        point = "," if self._comma else "."
        whole = text.str.extract(rf"^[+-]?([0-9]*)(?:[{point}][0-9]*)?$")
        part = text.str.extract(rf"^[+-]?[0-9]*[{point}]?([0-9]*)$").str.len_bytes()
        long = text.filter(whole.str.len_bytes() > DIGITS_OF_FLOAT)
        facts = self._texts.select(
            whole.str.len_bytes().max().alias("whole"),
            part.max().alias("part"),
            (whole.is_null() & _is_there(text)).any().alias("other"),
            long.unique().head(MISFITS).implode().alias("long"),
        )
        row = _collect(facts).row(0, named=True)
        if row["other"] or row["whole"] + row["part"] > MAX_DIGITS:
            return column
        numbers = [number.replace(",", ".") if self._comma else number for number in row["long"]]
        # Floats are exact enough if they print as the same numbers.
        if all(Decimal(repr(float(number))) == Decimal(number) for number in numbers):
            return column
        return msgspec.structs.replace(column, type="decimal", layout=str(row["part"]))


def _collect(frame: pl.LazyFrame | pl.DataFrame) -> pl.DataFrame:
    return frame if isinstance(frame, pl.DataFrame) else frame.collect(engine="streaming")


def _misfits(text: pl.Expr, form: Form, decimal_comma: bool) -> pl.Expr:
    """Return an expression that is true for a present text that does not fit the form."""
    if form.type == "string":
        return pl.lit(value=False)
    if form.type == "null":
        return _is_there(text)
    misfits = ~text.str.contains(form_pattern(form, decimal_comma, or_null=True))
    if form.layouts:
        column = Column("", form.type, layout="|".join(form.layouts), padded=form.padded)
        misfits |= _is_there(text) & values_of(text, column, decimal_comma).is_null()
    return misfits.fill_null(value=False)


def _is_there(text: pl.Expr) -> pl.Expr:
    return text.is_not_null() & ~text.is_in(NULLS)


def _bare(text: pl.Expr, column: Column) -> pl.Expr:
    return text.str.strip_chars(" \t") if column.padded else text


def values_of(text: pl.Expr, column: Column, decimal_comma: bool) -> pl.Expr:
    """Return an expression for a column's typed values.

    A text that does not fit becomes null.
    """
    text = _bare(text, column)
    if decimal_comma and column.type in ("float", "decimal"):
        text = text.str.replace(",", ".", literal=True)
    if column.type == "bool":
        return text.str.to_lowercase().replace_strict(
            {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
        )
    if column.type == "int":
        return text.cast(pl.Int128 if column.layout == "big" else pl.Int64, strict=False)
    if column.type == "float":
        return text.cast(pl.Float64, strict=False)
    if column.type == "decimal":
        return text.cast(pl.Decimal(MAX_DIGITS, int(column.layout)), strict=False)
    if not column.layout:
        return text
    moments = []
    for layout in column.layout.split("|"):
        fraction = layout.replace(".%f", "%.f")
        if column.type == "date":
            moments.append(text.str.to_date(fraction, strict=False))
        elif column.type == "time":
            moments.append(text.str.to_time(fraction, strict=False))
        else:
            moment = text.str.to_datetime(
                fraction, time_unit="us", strict=False, ambiguous="earliest"
            )
            is_utc = layout.endswith("Z")
            moments.append(moment.dt.replace_time_zone("UTC") if is_utc else moment)
    return pl.coalesce(moments)
