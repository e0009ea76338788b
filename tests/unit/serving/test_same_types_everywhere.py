"""A value has one meaning in JSON, in CSV over HTTP, and in files of batches and nodes.

A node with a model runs the mode batch (`nbyard.kinds.model.MODE`), so files show both.
"""

from pathlib import Path
from typing import Any

import pytest

from nbyard.kinds.model import MODE
from nbyard.serving.arrow import frame_of
from nbyard.serving.batch.table_files import read_pieces
from nbyard.serving.codec import Column, Schema, ValueRefused
from nbyard.serving.http.plain_json_and_mlflow import read_csv, read_invocation

REFUSED = object()
# the type, the cell in CSV, the value in JSON, and what the model gets
CASES = [
    ("int", "2", 2, 2),
    ("int", "2.0", 2.0, 2),
    ("int", "1e3", 1e3, 1000),
    ("int", "2.5", 2.5, REFUSED),
    ("int", "1_000", "1_000", REFUSED),
    ("int", "9223372036854775808", 2**63, REFUSED),
    ("float", "2", 2, 2.0),
    ("float", "2.5e-1", 0.25, 0.25),
    ("float", "inf", float("inf"), REFUSED),
    ("float", "x", "x", REFUSED),
    ("bool", "true", True, True),
    ("bool", "FALSE", False, False),
    ("bool", "1", True, True),
    ("bool", "0", False, False),
    ("bool", "yes", "yes", REFUSED),
    ("date", "2025-02-28", "2025-02-28", "2025-02-28"),
    ("date", "2025-02-30", "2025-02-30", REFUSED),
    ("datetime", "2025-02-28T08:00:00+01:00", "2025-02-28T08:00:00+01:00", "2025-02-28T07:00:00"),
    ("datetime", "noon", "noon", REFUSED),
]
NULLS = [
    *[(kind, "", None, None) for kind in ("int", "float", "bool", "date", "datetime")],
    ("float", "nan", None, None),
    ("float", "NaN", None, None),
    *[(kind, "NA", None, None) for kind in ("int", "float", "bool", "date", "datetime")],
]


def first_value(schema: Schema, frame: Any) -> Any:
    values = frame.astype(object)
    value = values.where(values.notna(), None)["a"][0]
    text = value.isoformat() if hasattr(value, "isoformat") else value
    return text[:10] if schema.columns[0].type == "date" and text else text


def of_json(schema: Schema, value: Any) -> Any:
    columns = read_invocation({"dataframe_records": [{"a": value, "b": "x"}]}, schema)
    return first_value(schema, schema.frame(columns))


def of_csv(schema: Schema, cell: str) -> Any:
    columns = read_csv(f"a,b\n{cell},x\n".encode(), schema)
    return first_value(schema, schema.frame(columns))


def of_file(schema: Schema, cell: str, folder: Path) -> Any:
    path = folder / "in.csv"
    path.write_text(f"a,b\n{cell},x\n")
    (batch,) = read_pieces(str(path), schema)
    return first_value(schema, frame_of(schema, batch))


@pytest.mark.parametrize(
    ("kind", "cell", "value", "result", "nullable"),
    [
        *[(*case, False) for case in CASES],
        *[(*case, True) for case in [*CASES, *NULLS]],
        *[(*case[:3], REFUSED, False) for case in NULLS],
        ("str", "NA", "NA", "NA", False),
        ("str", "NA", None, None, True),
    ],
)
def test_a_value_means_the_same_in_json_csv_and_files(
    kind: str, cell: str, value: Any, result: Any, nullable: bool, tmp_path: Path
) -> None:
    schema = Schema([Column("a", kind, nullable), Column("b", "str")])
    assert MODE.startswith("nbyard.serving.batch:")
    ways = [
        lambda: of_json(schema, value),
        lambda: of_csv(schema, cell),
        lambda: of_file(schema, cell, tmp_path),
    ]
    for way in ways:
        if result is REFUSED:
            with pytest.raises(ValueRefused) as refused:
                way()
            assert (refused.value.row, refused.value.field) == (0, "a")
        else:
            read = way()
            assert read == result and type(read) is type(result)
