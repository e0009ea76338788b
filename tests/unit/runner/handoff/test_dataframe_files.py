"""Data frames come back equal, with their types, nulls, zones, categories and index."""

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy
import pandas
import polars
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import pandas as frames
from polars.testing import assert_frame_equal
from polars.testing.parametric import dataframes

import nbyard
from nbyard.domain.attempts.missing_modules import Missing, missing_from
from nbyard.domain.attempts.structs import Failure
from nbyard.reasons.structs import because
from nbyard.runner.handoff.value_files import Unfit, form_of, read_value

pytestmark = pytest.mark.slow

# What a name of a column may be: anything that is text.
names = st.text(st.characters(codec="utf-8"), max_size=8)
texts = st.text(st.characters(codec="utf-8"), max_size=8)
whole = st.integers(-(2**63), 2**63 - 1)
# Times that pandas knows to the microsecond.
moments = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001
# By pandas' name of the type: values, and whether there may be nulls.
TYPES: dict[str, tuple[st.SearchStrategy[Any], bool]] = {
    "int64": (whole, False),
    "Int64": (whole, True),
    "uint8": (st.integers(0, 255), False),
    "float32": (st.floats(width=32), False),
    "float64": (st.floats(), False),
    "Float64": (st.floats(allow_nan=False), True),
    "bool": (st.booleans(), False),
    "boolean": (st.booleans(), True),
    "str": (texts, True),
    "string": (texts, True),
    "datetime64[us]": (moments, True),
    "datetime64[us, Europe/Madrid]": (moments, True),
    "datetime64[us, UTC]": (moments, True),
    "timedelta64[us]": (st.timedeltas(timedelta(-9999), timedelta(9999)), True),
}
NOT_OF_AN_INDEX = ("Int64", "Float64", "boolean", "string", "float32", "uint8")
TABLE = settings(deadline=None)


def through(folder: Path, value: Any, wanted: Any = None) -> Any:
    path = str(folder / "x.parquet")
    form = form_of(value)
    assert form.format == "parquet"
    form.write(path)
    return read_value(path, wanted)


@st.composite
def series(draw: Any, rows: int) -> pandas.Series:
    kind = draw(st.sampled_from([*TYPES, "category", "ordered"]))
    if kind in ("category", "ordered"):
        known = draw(st.lists(texts, unique=True, min_size=1, max_size=4))
        chosen = draw(st.lists(st.none() | st.sampled_from(known), min_size=rows, max_size=rows))
        return pandas.Series(pandas.Categorical(chosen, known, ordered=kind == "ordered"))
    values, is_nullable = TYPES[kind]
    values = values | st.none() if is_nullable else values
    found = draw(st.lists(values, min_size=rows, max_size=rows))
    if "," in kind:
        naive = pandas.Series(found, dtype="datetime64[us]")
        return naive.dt.tz_localize("UTC").dt.tz_convert(kind[15:-1])
    return pandas.Series(found, dtype=kind)


@st.composite
def tables(draw: Any) -> pandas.DataFrame:
    rows = draw(st.integers(0, 4))
    called = draw(st.lists(names, unique=True, max_size=5))
    found = pandas.DataFrame({name: draw(series(rows)) for name in called})
    index = draw(st.sampled_from(["range", "named", "two"]))
    if index == "named":
        found.index = pandas.Index(draw(series(len(found))), name=draw(names))
    elif index == "two" and len(found):
        levels = [range(len(found)), ["é"] * len(found)]
        found.index = pandas.MultiIndex.from_arrays(levels, names=["at", None])
    return found


@given(value=tables())
@TABLE
def test_pandas(tmp_path_factory: Any, value: pandas.DataFrame) -> None:
    try:
        found = through(tmp_path_factory.getbasetemp(), value)
    except Unfit:
        is_empty = value.index.dtype == "category" and value.index.isna().all()
        is_other = is_empty or value.index.dtype in NOT_OF_AN_INDEX
        assert is_other or value.index.name in value.columns
        return
    pandas.testing.assert_frame_equal(found, value, check_freq=False)


@given(value=dataframes(excluded_dtypes=[polars.Object], max_cols=5, max_size=4))
@TABLE
def test_polars(tmp_path_factory: Any, value: polars.DataFrame) -> None:
    found = through(tmp_path_factory.getbasetemp(), value)
    assert_frame_equal(found, value)
    assert found.schema == value.schema


def test_a_table_of_pyarrow(tmp_path: Path) -> None:
    value = pyarrow.table(
        {
            "when": pyarrow.array([datetime(2020, 1, 1, tzinfo=UTC), None]),
            "exact": pyarrow.array([Decimal("1.10"), None]),
            "parts": pyarrow.array([{"a": [1, 2]}, None]),
            "kind": pyarrow.array(["x", "y"]).dictionary_encode(),
        }
    ).replace_schema_metadata({"unit": "m"})
    found = through(tmp_path, value)
    assert found.schema.equals(value.schema, check_metadata=True)
    assert found.to_pylist() == value.to_pylist()


@pytest.mark.parametrize(
    "value",
    [
        pandas.DataFrame(),
        pandas.DataFrame(index=[3, 4]),
        pandas.DataFrame({"a": pandas.Series(dtype="Int8")}),
        pandas.DataFrame({1: [1], 2: [2]}),
        pandas.DataFrame({("a", 1): [1], ("a", 2): [2]}),
        pandas.DataFrame({pandas.Timestamp("2020"): [1]}),
        pandas.DataFrame({"": [1], " ": [2], "a\nb": [3], "__index_level_0__": [4]}),
        pandas.DataFrame({"p": pandas.period_range("2020", periods=2, freq="M")}),
        pandas.DataFrame({"i": pandas.interval_range(0, 2)}),
        pandas.DataFrame({"d": [date(2020, 1, 2), None], "t": [time(1, 2), None]}, dtype=object),
        pandas.DataFrame(
            {"x": [1, 2]}, index=pandas.date_range("2020", periods=2, tz="Asia/Tokyo")
        ),
    ],
)
def test_rare_types_are_kept(tmp_path: Path, value: pandas.DataFrame) -> None:
    pandas.testing.assert_frame_equal(through(tmp_path, value), value, check_freq=False)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (pandas.DataFrame(index=pandas.CategoricalIndex([], ["a"])), "its index has categories"),
        (pandas.DataFrame([[1, 2]], columns=["a", "a"]), "two of its columns are called 'a'"),
        (pandas.DataFrame({"a": [1, "x"]}), "column a"),
        (pandas.DataFrame({1: [1], "b": [2]}), "the names of its columns"),
        (pandas.DataFrame({"z": [1j]}), "column z"),
        (pandas.DataFrame({"a": [1]}, pandas.Index([1], dtype="Int64")), "its index is Int64 and"),
        (polars.DataFrame({"a": [object()]}), "Object"),
        (pyarrow.table([[1], [2]], names=["a", "a"]), "two of its columns"),
    ],
)
def test_data_that_would_be_lost_are_refused_with_a_reason(
    tmp_path: Path, value: Any, words: str
) -> None:
    with pytest.raises(Unfit, match=f"be handed over: .*{words}"):
        through(tmp_path, value)


def test_a_data_frame_is_described_with_its_columns() -> None:
    told = form_of(pandas.DataFrame({"a": numpy.array([1], "int32"), "b": ["x"]})).description
    expected = {"frame": "pandas.DataFrame", "rows": 1}
    assert told == expected | {"columns": [["a", "int32"], ["b", "str"]]}
    assert form_of(polars.DataFrame({"a": [1]})).description["columns"] == [["a", "Int64"]]


def test_another_library_reads_the_file_on_request(tmp_path: Path) -> None:
    made = pandas.DataFrame({"a": [1, 2]})
    assert through(tmp_path, made, polars.DataFrame).to_dict(as_series=False) == {"a": [1, 2]}
    assert through(tmp_path, made, pyarrow.Table).to_pydict() == {"a": [1, 2]}
    (tmp_path / "x.csv").write_text("a,b\n1,x\n")
    for wanted in (pandas.DataFrame, polars.DataFrame, pyarrow.Table):
        assert isinstance(read_value(str(tmp_path / "x.csv"), wanted), wanted)


def test_an_invalid_parquet_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_text("hello")
    for wanted in (None, pandas.DataFrame, polars.DataFrame):
        with pytest.raises(Unfit):
            read_value(str(tmp_path / "x.parquet"), wanted)


PROGRAM = """
import sys
sys.modules["pyarrow"] = None
import nbyard, {library}
try:
    nbyard.output("x", {library}.DataFrame({{"a": [1]}}))
    print(nbyard.input("x"))
except nbyard.Unfit as error:
    print(error)
"""


@pytest.mark.parametrize(("library", "words"), [("polars", "i64"), ("pandas", "pyarrow")])
def test_polars_needs_no_package_and_pandas_names_its_own(
    tmp_path: Path, library: str, words: str
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(library=library)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert words in ran.stdout


@given(value=frames.data_frames(frames.columns(3, dtype=float)))
@TABLE
def test_numbers_of_any_kind(tmp_path_factory: Any, value: pandas.DataFrame) -> None:
    found = through(tmp_path_factory.getbasetemp(), value)
    pandas.testing.assert_frame_equal(found, value)


def test_a_missing_pyarrow_is_named(tmp_path, monkeypatch) -> None:
    """In a run, this is a missing module. Outside a run, no file remains."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBYARD_ATTEMPT", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Unfit, match="pip install pyarrow") as refused:
        nbyard.output("table", pandas.DataFrame({"a": [1]}))
    assert list(tmp_path.iterdir()) == []
    missing = missing_from(
        Failure("error", because("text", text=f"Unfit: {refused.value}")), "cows"
    )
    assert missing == Missing("pyarrow", ["pyarrow"], "cows")


@pytest.mark.parametrize("wanted", [None, pandas.DataFrame])
def test_a_missing_engine_of_pandas_is_named(tmp_path, monkeypatch, wanted: Any) -> None:
    """The error of pandas itself has the same name."""
    path = str(tmp_path / "x.parquet")
    form_of(pandas.DataFrame({"a": [1]})).write(path)
    monkeypatch.setattr(
        "nbyard.runner.handoff.dataframe_files.find_spec", lambda name: name == "pandas" or None
    )
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Unfit, match="travels as Parquet") as refused:
        read_value(path, wanted)
    missing = missing_from(Failure("error", because("text", text=str(refused.value))), "")
    assert missing == Missing("pyarrow", ["pandas", "pyarrow"], "")
