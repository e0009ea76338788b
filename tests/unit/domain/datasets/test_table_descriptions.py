"""What is said about tables."""

from typing import get_args

import msgspec
import pytest

from nbyard.domain.datasets.table_descriptions import (
    Column,
    ColumnProfile,
    Histogram,
    Profile,
    TableFormat,
    TableInfo,
    TablePage,
    TopValue,
)
from nbyard.domain.file_formats import SUFFIXES
from nbyard.reasons.structs import because

COLUMNS = [Column("n", "int"), Column("when", "date", False)]


@pytest.mark.parametrize(
    "said",
    [
        TableInfo("csv", None, COLUMNS, 2, ";", "utf-8", True),
        TablePage(
            COLUMNS,
            100,
            None,
            [[1, "2024-02-29"], [None, "1999-12-31"]],
            [because("text-not-utf-8", encoding="latin-1")],
        ),
        Profile(
            2,
            True,
            [
                ColumnProfile("n", "int", 1, 1, histogram=Histogram([0.0, "Infinity"], [1])),
                ColumnProfile("when", "date", 2, 0, top=[TopValue("2024-02-29", 2)]),
            ],
            5000,
        ),
    ],
    ids=lambda said: type(said).__name__,
)
def test_a_description_survives_json(said):
    assert msgspec.json.decode(msgspec.json.encode(said), type=type(said)) == said


def test_table_formats_are_file_formats():
    assert set(get_args(TableFormat)) <= set(SUFFIXES.values())


def test_types_of_columns_are_a_closed_list():
    with pytest.raises(msgspec.ValidationError, match="int64"):
        msgspec.convert({"name": "n", "type": "int64"}, Column)
