"""`/invocations` takes CSV, as MLflow's server does."""

import pytest

from nbyard.serving.codec import Column, Schema, ValueRefused
from nbyard.serving.http.open_inference_protocol import MalformedRequest
from nbyard.serving.http.plain_json_and_mlflow import read_csv

SCHEMA = Schema(
    [
        *(Column("n", "int"), Column("x", "float", True), Column("s", "str")),
        *(Column("b", "bool"), Column("t", "datetime", True)),
    ]
)


def test_rows_are_read_in_the_types_of_their_columns() -> None:
    text = '\ufeffs,n,x,b,t\r\n"a,\nb",1,2.5,True,2026-01-31T00:00:00Z\r\n,-2,,false,\r\n'
    found = read_csv(text.encode(), SCHEMA)
    assert found[:4] == [[1, -2], [2.5, None], ["a,\nb", ""], [True, False]]
    assert found[4][0].isoformat() == "2026-01-31T00:00:00" and found[4][1] is None


def test_a_header_alone_has_no_rows() -> None:
    assert read_csv(b"n,x,s,b,t\n", SCHEMA) == [[], [], [], [], []]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1.5,2,a,true,", "row 0, field 'n': a whole number is needed, not 1.5"),
        ("1_000,2,a,true,", "row 0, field 'n': a whole number is needed, not '1_000'"),
        (",2,a,true,", "row 0, field 'n': a whole number is needed, not null"),
        ("1,inf,a,true,", "row 0, field 'x': a finite number is needed"),
        ("1,2,a,yes,", "row 0, field 'b': true or false is needed, not 'yes'"),
        ("1,2,a,true,noon", "row 0, field 't': a time such as"),
    ],
)
def test_an_unfit_value_is_named(row: str, words: str) -> None:
    with pytest.raises(ValueRefused) as caught:
        read_csv(f"n,x,s,b,t\n{row}\n".encode(), SCHEMA)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the body is not CSV: the file is empty"),
        (b"n,x\n1\n", r"the body\[0\]: a list of 2 values is needed"),
        (b"\xff\xfe", "the body is not CSV: "),
        (b'n\n"1\n', "the body is not CSV: "),
    ],
)
def test_invalid_csv_is_reported(content: bytes, words: str) -> None:
    with pytest.raises(MalformedRequest, match=words):
        read_csv(content, SCHEMA)


def test_a_repeated_name_gets_a_number() -> None:
    schema = Schema([Column("n", "int")])
    with pytest.raises(ValueRefused) as caught:
        read_csv(b"n,n\n1,2\n", schema)
    assert caught.value.field == "n_2"
