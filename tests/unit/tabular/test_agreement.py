"""Preview, profile and runs agree with each other, and with pandas and polars."""

import csv
import io
import math
import tempfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import msgspec
import pandas
import polars as pl
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbyard.domain.datasets.table_descriptions import Profile, TableInfo, TablePage
from nbyard.runner.handoff.text_format import NULLS
from nbyard.runner.handoff.text_tables import TOLD
from nbyard.runner.handoff.value_files import read_value
from nbyard.tabular.json_values import to_json
from nbyard.tabular.reader_answers import Question, answer_question

pytestmark = pytest.mark.slow

moments = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))  # noqa: DTZ001
days = st.dates(date(1, 1, 1))
gaps = st.sampled_from(["", "", "NA"])
texts = st.text("ab1 ,\"\n'é€", max_size=5)
# What stands in one column, most often of one kind.
COLUMNS: dict[str, st.SearchStrategy[str]] = {
    "small": st.integers(-9, 9).map(str),
    "huge": st.integers(-(10**38) + 1, 10**38 - 1).map(str),
    "phone": st.from_regex(r"\A\+?0?[1-9]{1,4}\Z"),
    "padded": st.tuples(st.sampled_from(["", " "]), st.integers(0, 9)).map(
        lambda v: f"{v[0]}{v[1]}"
    ),
    "float": st.floats(allow_nan=False).map(repr),
    "money": st.decimals(-(10**20), 10**20, places=2).map(str),
    "bool": st.sampled_from(["true", "False", "TRUE"]),
    "day": days.map(date.isoformat),
    "point": days.map(lambda day: f"{day.day}.{day.month:02}.{day.year:04}"),
    "slash": days.map(lambda day: f"{day.day:02}/{day.month:02}/{day.year:04}"),
    "moment": moments.map(datetime.isoformat),
    "clock": st.times().map(time.isoformat),
    "text": texts,
}
columns = st.sampled_from(sorted(COLUMNS)).flatmap(
    lambda kind: st.lists(
        COLUMNS[kind] | COLUMNS[kind] | COLUMNS[kind] | gaps, min_size=1, max_size=8
    )
)
mixed = st.lists(st.one_of(*COLUMNS.values()), min_size=1, max_size=8)
TABLE = settings(deadline=None)


@st.composite
def tables(draw: Any) -> tuple[list[str], list[list[str]]]:
    found = draw(st.lists(columns | columns | mixed, min_size=1, max_size=4))
    height = min(map(len, found))
    names = [f"{' ' * place}c{place}" for place in range(len(found))]
    rows = [[*row] for row in zip(*(values[:height] for values in found), strict=True)]
    # A lone value of nothing but blanks is a blank line, which pandas takes for no row.
    return names, [row for row in rows if len(row) > 1 or row[0].strip()]


class Asked:
    """The answers about a file, as the reader process gives them."""

    def __init__(self, folder: str, content: bytes, filename: str = "x.csv"):
        self.path = Path(folder) / filename
        self.path.write_bytes(content)
        self._question = Question("", str(self.path), self.path.name, folder, limit=1000)
        self.info: TableInfo = self._ask("info", TableInfo, count=True)
        self.page: TablePage = self._ask("page", TablePage)
        self.profile: Profile = self._ask("profile", Profile)
        self.sample: Profile = self._ask("sample", Profile)
        self.sorted: TablePage = self._ask("page", TablePage, sort=self.info.columns[0].name)
        (Path(folder) / TOLD).write_bytes(msgspec.json.encode(self.info))

    def _ask(self, about: str, kind: Any, **more: Any) -> Any:
        question = msgspec.structs.replace(self._question, about=about, **more)
        return msgspec.json.decode(msgspec.json.encode(answer_question(question)), type=kind)


def written(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *rows])
    return text.getvalue().encode()


def plain(value: Any, kind: str) -> Any:
    """As a preview shows it, whatever the library."""
    if value is None or value is pandas.NaT or value is pandas.NA or value != value:  # noqa: PLR0124
        return None
    if kind == "date" and isinstance(value, datetime):
        value = value.date()
    if kind == "datetime" and isinstance(value, pandas.Timestamp):
        value = value.to_pydatetime()
    if kind in ("int", "float") and not isinstance(value, (int, float)):
        value = int(value) if kind == "int" else float(value)
    return to_json(value)


@given(tables())
@TABLE
def test_all_readers_give_the_same_types_and_values(
    table: tuple[list[str], list[list[str]]],
) -> None:
    names, rows = table
    with tempfile.TemporaryDirectory() as folder:
        asked = Asked(folder, written(names, rows))
        kinds = [column.type for column in asked.info.columns]
        for answered in (asked.page, asked.sorted, asked.profile, asked.sample):
            assert [column.name for column in answered.columns] == names
            assert [column.type for column in answered.columns] == kinds
        assert asked.info.rows == asked.page.total == asked.profile.rows == len(rows)
        assert sorted(map(repr, asked.sorted.rows)) == sorted(map(repr, asked.page.rows))
        shown = [[row[place] for row in asked.page.rows] for place in range(len(names))]
        for library in (pandas.DataFrame, pl.DataFrame, pyarrow.Table):
            assert handed_over(asked, library, kinds) == shown, library
        check_texts(rows, shown, kinds)
        for place, column in enumerate(asked.profile.columns):
            present = [value for value in shown[place] if value is not None]
            assert (column.count, column.nulls) == (len(present), len(rows) - len(present))
            if present and column.distinct is not None:
                assert column.distinct == len(set(map(repr, present)))
                assert {repr(column.min), repr(column.max)} <= set(map(repr, present))


def handed_over(asked: Asked, library: Any, kinds: Sequence[str]) -> list[list[Any]]:
    """The columns that a function of a run gets."""
    frame = read_value(str(asked.path), library)
    if library is pandas.DataFrame:
        found = [[*frame.iloc[:, place].astype(object)] for place in range(len(kinds))]
    else:
        named = frame.to_dict(as_series=False) if library is pl.DataFrame else frame.to_pydict()
        found = [*named.values()]
    return [
        [plain(value, kind) for value in values] for values, kind in zip(found, kinds, strict=True)
    ]


def check_texts(
    rows: Sequence[Sequence[str]], shown: Sequence[Sequence[Any]], kinds: Sequence[str]
) -> None:
    """Nothing of a text is lost: what is shown as text or integer is what stands in the file."""
    for place, kind in enumerate(kinds):
        for row, value in zip(rows, shown[place], strict=True):
            text = row[place]
            assert (value is None) == (text in NULLS)
            if value is None:
                continue
            if kind == "string":
                assert value == text
            elif kind == "int":
                assert str(value) == text.strip()
            elif kind == "float":
                assert float(value) == float(text)


FRAMES = st.fixed_dictionaries(
    {
        "i": st.none() | st.integers(-(2**63), 2**63 - 1),
        "u": st.none() | st.integers(0, 2**64 - 1),
        "f": st.none() | st.floats(allow_nan=False),
        "b": st.none() | st.booleans(),
        "d": st.none() | days,
        "t": st.none() | st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001
        "s": st.none() | st.text('xyz€",\n ', min_size=1, max_size=5),
    }
)
SCHEMA: dict[str, Any] = {
    **{"i": pl.Int64, "u": pl.UInt64, "f": pl.Float64, "b": pl.Boolean, "d": pl.Date},
    **{"t": pl.Datetime("us"), "s": pl.String},
}
KINDS = {
    **{"i": "int", "u": "int", "f": "float", "b": "bool", "d": "date", "t": "datetime"},
    "s": "string",
}


@given(st.lists(FRAMES, min_size=1, max_size=8), st.booleans())
@TABLE
def test_tables_of_pandas_and_polars_are_restored(
    rows: list[dict[str, Any]], of_polars: bool
) -> None:
    frame = pl.DataFrame(rows, SCHEMA)
    if of_polars:
        content = frame.write_csv().encode()
    else:
        # with all of its types, so that whole numbers with gaps stay whole
        content = frame.to_pandas(use_pyarrow_extension_array=True).to_csv(index=False).encode()
    with tempfile.TemporaryDirectory() as folder:
        asked = Asked(folder, content)
    for place, name in enumerate(frame.columns):
        values = [row[name] for row in rows]
        present = [value for value in values if value is not None]
        column = asked.profile.columns[place]
        if name == "f" and all(value.is_integer() and abs(value) < 1e15 for value in present):
            continue  # whole numbers, which pandas writes as such
        assert column.type == (KINDS[name] if present else "null"), name
        shown = [row[place] for row in asked.page.rows]
        assert shown == [to_json(value) for value in values], name
        assert (column.count, column.nulls) == (len(present), len(values) - len(present))
        if present and name in "iufd":
            assert (column.min, column.max) == (to_json(min(present)), to_json(max(present)))
            assert column.distinct == len(set(present))
        finite = [value for value in present if math.isfinite(value)] if name in "iuf" else []
        if finite and len(finite) == len(present) and max(map(abs, finite)) < 1e100:
            mean = pandas.Series([float(value) for value in finite]).mean()
            error = 1e-9 * max(map(abs, finite))
            assert math.isclose(float(column.mean or 0), mean, abs_tol=error)
