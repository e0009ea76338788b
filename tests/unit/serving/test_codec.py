"""The one codec of every mode: records and columns in, frames for models, answers out."""

from datetime import date, datetime
from typing import Any

import numpy
import pandas
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.serving.batch.table_files import batch_of, frame_of
from nbyard.serving.codec import BadAnswer, Column, Schema, ValueRefused

ALL = [
    Column("i", "int"), Column("f", "float"), Column("s", "str"), Column("b", "bool"),
    Column("d", "date"), Column("t", "datetime"),
]  # fmt: skip
NULLABLE = [Column(one.name, one.type, True) for one in ALL]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "i": st.integers(-(2**63), 2**63 - 1),
    "f": st.floats(allow_nan=False, allow_infinity=False),
    "s": st.text(max_size=8),
    "b": st.booleans(),
    "d": st.dates(),
    "t": st.datetimes(),
}
RECORD = {"i": 1, "f": 0.5, "s": "x", "b": True, "d": "2026-01-31", "t": "2026-01-31T12:00:00Z"}


def told(record: dict[str, Any]) -> dict[str, Any]:
    """As JSON has it."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in record.items()
    }


@given(st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=5))
def test_values_of_a_model_are_returned_unchanged(records):
    schema = Schema(ALL)
    columns = schema.read([told(record) for record in records])
    found = schema.answer(schema.frame(columns), len(records))
    rows = [dict(zip(schema.names, row, strict=True)) for row in zip(*found, strict=True)]
    times = {"d": date.fromisoformat, "t": datetime.fromisoformat}
    back = [{k: times.get(k, lambda v: v)(v) for k, v in row.items()} for row in rows]
    assert back == records


@given(
    st.lists(
        st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()}),
        min_size=1,
        max_size=5,
    )
)
def test_nulls_come_back_as_nulls(records):
    schema = Schema(NULLABLE)
    found = schema.answer(schema.frame(schema.read([told(one) for one in records])), len(records))
    nulls = [[value is None for value in column] for column in found]
    assert nulls == [[record[name] is None for record in records] for name in schema.names]
    assert schema.names.index("i") == 0
    assert found[0] == [record["i"] for record in records]


@pytest.mark.parametrize("is_nullable", [False, True])
def test_columns_of_a_model_always_have_their_types(is_nullable):
    schema = Schema(NULLABLE if is_nullable else ALL)
    frame = schema.frame(schema.read([RECORD]))
    kinds = [str(kind) for kind in frame.dtypes]
    whole = ["int64", "float64", "bool", "datetime64[us]"]
    known = ["Int64", "float64", "boolean", "datetime64[us]"] if is_nullable else whole
    assert [kinds[0], kinds[1], kinds[3], kinds[5]] == known
    if is_nullable:
        assert [str(kind) for kind in schema.frame(schema.read([{}])).dtypes][:2] == kinds[:2]


def test_columns_of_one_type_become_one_block():
    schema = Schema([Column("a", "float"), Column("b", "float")])
    frame = schema.frame(schema.read([{"b": 2, "a": 1.5}, {"a": 3, "b": 4}]))
    assert frame.to_dict("list") == {"a": [1.5, 3.0], "b": [2.0, 4.0]}
    assert list(frame.dtypes) == [numpy.dtype("float64")] * 2


@pytest.mark.parametrize(
    ("records", "row", "field", "words"),
    [
        ([RECORD, {**RECORD, "i": "1"}], 1, "i", "a whole number is needed, not '1'"),
        ([{**RECORD, "i": 2**63}], 0, "i", "a whole number of 64 bits is needed"),
        ([{**RECORD, "i": None}], 0, "i", "a whole number is needed, not null"),
        ([{**RECORD, "f": float("nan")}], 0, "f", "finite number is needed"),
        ([{**RECORD, "s": 1}], 0, "s", "text is needed, not 1"),
        ([{**RECORD, "b": 1}], 0, "b", "true or false is needed"),
        ([{**RECORD, "d": "31.1.2026"}], 0, "d", "a date such as"),
        ([{**RECORD, "t": "noon"}], 0, "t", "a time such as"),
        ([{**RECORD, "z": 1}], 0, "z", "unknown field; known fields: i, f"),
        ([RECORD, {k: v for k, v in RECORD.items() if k != "s"}], 1, "s", "is missing"),
        ([RECORD, 7], 1, "", "an object with the fields"),
        (["ifsbdt"], 0, "", "an object with the fields"),
    ],
)
def test_an_error_names_row_and_field(records, row, field, words):
    with pytest.raises(ValueRefused, match=words) as caught:
        Schema(ALL).read(records)
    assert (caught.value.row, caught.value.field) == (row, field)
    assert f"row {row}" in str(caught.value)


def test_a_field_that_may_be_null_may_be_missing():
    assert Schema([Column("x", "int", True)]).read([{}, {"x": 2}]) == [[None, 2]]


def test_a_large_number_is_a_float_also_beside_null():
    schema = Schema([Column("x", "float", True)])
    for values in ([2**70], [2**70, None]):
        columns = schema.check([values])
        assert schema.frame(columns)["x"][0] == 2.0**70


def test_no_records_are_no_rows():
    assert Schema(ALL).read([]) == [[] for _ in ALL]


ONE = Schema([Column("y", "int")], BadAnswer)
TWO = Schema([Column("y", "int"), Column("p", "float")], BadAnswer)


@pytest.mark.parametrize(
    "answer",
    [
        pandas.DataFrame({"y": [1, 2]}),
        pandas.DataFrame([[1], [2]]),
        pandas.Series([1, 2]),
        pandas.Series([1, 2], dtype="Int64"),
        numpy.array([1, 2]),
        numpy.array([[1], [2]]),
        numpy.array([1.0, 2.0]),
        pandas.array([1, 2], dtype="Int64"),
        [1, 2],
        (1, 2),
    ],
)
def test_a_single_column_may_be_returned_in_many_forms(answer):
    assert ONE.answer(answer, 2) == [[1, 2]]


def test_columns_are_found_by_name():
    frame = pandas.DataFrame({"p": [0.5], "y": numpy.array([1], "uint8")})
    assert TWO.answer(frame, 1) == [[1], [0.5]]


@pytest.mark.parametrize(
    ("schema", "answer", "words"),
    [
        (ONE, pandas.DataFrame({"y": [1]}), "has 1 rows for 2"),
        (ONE, pandas.DataFrame({"y": [1, None]}), "row 1, field 'y': a whole number .* not null"),
        (ONE, pandas.DataFrame({"y": [1, 2.5]}), "row 1, field 'y': a whole number .* not 2.5"),
        (ONE, pandas.DataFrame({"x": [1, 2]}), "field 'y': is missing; there are: x"),
        (ONE, pandas.DataFrame({"y": [1, 2], "x": [1, 2]}), "'x': is not in the output schema"),
        (TWO, pandas.DataFrame({"y": [1, 2], "p": [0.1, float("inf")]}), "row 1, field 'p'"),
        (TWO, [1, 2], "a DataFrame with the columns y, p is needed, not list"),
        (ONE, None, "a DataFrame"),
        (ONE, "12", "a DataFrame with the columns y is needed, not str"),
        (ONE, {"y": 1, "x": 2}, "a DataFrame with the columns y is needed, not dict"),
        (ONE, {1, 2}, "a DataFrame"),
        (ONE, numpy.array([2**63, 1], "uint64"), "64 bits"),
    ],
)
def test_an_unfit_prediction_is_reported(schema, answer, words):
    with pytest.raises(BadAnswer, match=words):
        schema.answer(answer, 2)


@pytest.mark.parametrize(
    ("kind", "dtype"), [("float", "Float64"), ("int", "Int64"), ("bool", "boolean"), ("str", "str")]
)
def test_missing_values_of_pandas_are_null(kind, dtype):
    answer = pandas.DataFrame({"y": pandas.array([None], dtype=dtype)})
    assert Schema([Column("y", kind, True)], BadAnswer).answer(answer, 1) == [[None]]
    with pytest.raises(BadAnswer, match=r"row 0, field 'y': .*null"):
        Schema([Column("y", kind)], BadAnswer).answer(answer, 1)


def test_times_with_a_zone_are_returned_in_utc():
    schema = Schema([Column("t", "datetime", True)])
    series = pandas.Series(pandas.to_datetime(["2026-01-31T13:00+01:00", None], utc=True))
    assert schema.answer(series, 2) == [["2026-01-31T12:00:00", None]]


FINE = "2026-01-31T12:00:00.123456789"


def test_nanoseconds_are_kept_and_other_times_use_microseconds():
    schema = Schema([Column("t", "datetime", True)])
    told = [FINE + "Z", None, "2026-01-31T12:00:00+02:00"]
    frame = schema.frame(schema.read([{"t": one} for one in told]))
    assert str(frame["t"].dtype) == "datetime64[ns]"
    assert schema.answer(frame, 3) == [[FINE, None, "2026-01-31T10:00:00"]]
    coarse = schema.frame(schema.read([{"t": "2026-01-31T12:00:00.123456000"}]))
    assert str(coarse["t"].dtype) == "datetime64[us]"


def test_a_time_outside_nanoseconds_is_refused():
    schema = Schema([Column("t", "datetime")])
    with pytest.raises(ValueRefused, match="from 1677-09-22 to 2262-04-10"):
        schema.read([{"t": "1500-01-01T00:00:00.123456789"}])
    columns = schema.read([{"t": FINE}, {"t": "0001-01-01T00:00:00"}])
    with pytest.raises(ValueRefused, match="a time with nanoseconds"):
        schema.frame(columns)


def test_predictions_of_datasets_are_in_microseconds():
    schema = Schema([Column("t", "datetime")])
    times = pyarrow.array(numpy.array([FINE, "2026-01-31T12:00:00"], "datetime64[ns]"))
    frame = frame_of(schema, pyarrow.record_batch({"t": times}))
    assert str(frame["t"].dtype) == "datetime64[ns]"
    found = batch_of(schema, frame, 2).column("t")
    assert str(found.type) == "timestamp[us]"
    assert found[0].as_py() == datetime.fromisoformat(FINE[:26])
