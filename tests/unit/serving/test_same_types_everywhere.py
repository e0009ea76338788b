"""Preview, profile, nodes, batches and requests read the tables of `tests/cases/tables.json` alike.

A node with a model runs the mode batch (`nbyard.kinds.model.MODE`), so files show both.
"""

import json
from contextlib import nullcontext
from itertools import product
from pathlib import Path
from typing import Any

import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest

from nbyard.domain.file_formats import TEXT_TABLES, is_text_table
from nbyard.domain.models.schema_notations import TYPES
from nbyard.kinds.model import MODE
from nbyard.runner.handoff.text_tables import TOLD
from nbyard.runner.handoff.value_files import Unfit, read_value
from nbyard.serving.batch.table_files import CannotRead, files_of, frame_of, read_pieces
from nbyard.serving.codec import Column, Schema, ValueRefused
from nbyard.serving.http.open_inference_protocol import MalformedRequest
from nbyard.serving.http.plain_json_and_mlflow import read_csv, read_invocation
from nbyard.tabular.format_detection import promises_table

from ..tabular.test_agreement import Asked, handed_over

CASES = json.loads((Path(__file__).parents[2] / "cases" / "tables.json").read_text())
READABLE = [
    case for case in CASES["readable"] if not case.get("filename", "").endswith(("json", "jsonl"))
]
UNREADABLE = [
    case for case in CASES["unreadable"] if not case.get("sound") and "filename" not in case
]
LIBRARIES = (pandas.DataFrame, polars.DataFrame, pyarrow.Table)


def content_of(case: dict[str, Any], encoding: str) -> bytes:
    text: str = case["text"] + case.get("then", "") * case.get("times", 1) + case.get("end", "")
    return text.encode(case.get("encoding", encoding))


def schema_of(case: dict[str, Any]) -> Schema:
    """Return the schema of a model that takes the columns of a table."""
    return Schema(
        [
            Column(name, TYPES.get(kind, "str"), any(row[place] is None for row in case["rows"]))
            for place, (name, kind) in enumerate(case["types"].items())
        ]
    )


def rows_in(frame: Any, schema: Schema) -> list[list[Any]]:
    """Return the values that a model gets, dates and times as texts."""
    values = frame.astype(object)
    plain = values.where(values.notna(), None).to_numpy().tolist()
    return [
        [
            value.isoformat()[: 10 if column.type == "date" else None]
            if hasattr(value, "isoformat")
            else value
            for value, column in zip(row, schema.columns, strict=True)
        ]
        for row in plain
    ]


def batch_rows(path: Path, schema: Schema) -> list[list[Any]]:
    frames = [frame_of(schema, batch) for batch in read_pieces(str(path), schema)]
    return [row for frame in frames for row in rows_in(frame, schema)]


@pytest.mark.parametrize("case", READABLE, ids=lambda case: case["about"])
def test_a_table_is_read_alike_everywhere(tmp_path: Path, case: dict[str, Any]) -> None:
    content, rows, kinds = content_of(case, "utf-8"), case["rows"], list(case["types"].values())
    asked = Asked(str(tmp_path), content, case.get("filename", "x.csv"))
    for answer in (asked.info, asked.page, asked.profile):
        assert {column.name: column.type for column in answer.columns} == case["types"]
    assert asked.page.rows == rows
    assert asked.profile.rows == len(rows)
    columns = [[row[place] for row in rows] for place in range(len(kinds))]
    for library in LIBRARIES:
        assert handed_over(asked, library, kinds) == columns, library
    schema = schema_of(case)
    if case.get("predictions") == "refused":
        with pytest.raises(CannotRead):
            batch_rows(asked.path, schema)
        with pytest.raises(MalformedRequest):
            read_csv(content, schema)
        return
    assert batch_rows(asked.path, schema) == rows
    if not rows:
        asked.path.write_bytes(content.rstrip())
        assert batch_rows(asked.path, schema) == []
    if asked.path.suffix == ".csv":
        assert rows_in(schema.frame(read_csv(content, schema)), schema) == rows
    records = [dict(zip(schema.names, row, strict=True)) for row in rows]
    of_json = read_invocation({"dataframe_records": records}, schema)
    assert rows_in(schema.frame(of_json), schema) == rows


@pytest.mark.parametrize("case", READABLE, ids=lambda case: case["about"])
def test_a_table_without_a_description_has_the_same_columns_in_a_node(
    tmp_path: Path, case: dict[str, Any]
) -> None:
    filename = case.get("filename", "x.csv")
    if Asked(str(tmp_path), content_of(case, "utf-8"), filename).info.is_irregular:
        return  # some libraries refuse such a table without a description
    (tmp_path / TOLD).unlink()
    path = tmp_path / filename
    for library in LIBRARIES:
        frame = read_value(str(path), library)
        names = frame.column_names if library is pyarrow.Table else list(frame.columns)
        assert names == list(case["types"])
        assert len(frame) == len(case["rows"])


def test_what_has_no_preview_is_refused_everywhere(tmp_path: Path) -> None:
    path, schema = tmp_path / "x.csv", Schema([Column("a", "str"), Column("b", "str")])
    for case in UNREADABLE:
        content = content_of(case, "latin-1")
        path.write_bytes(content)
        # Arrow takes text after a closing quote as part of the value.
        is_refused = '"x' not in case["text"]
        with pytest.raises((CannotRead, ValueRefused)) if is_refused else nullcontext():
            batch_rows(path, schema)
        with pytest.raises((MalformedRequest, ValueRefused)):
            read_csv(content, schema)


@pytest.mark.parametrize("case", CASES["names"], ids=lambda case: case["filename"])
def test_a_name_means_the_same_format_everywhere(tmp_path: Path, case: dict[str, Any]) -> None:
    filename, known = case["filename"], case["format"]
    assert is_text_table(filename) == (known in TEXT_TABLES)
    assert promises_table(filename) == bool(known)
    (tmp_path / filename).touch()
    if not known:
        with pytest.raises(CannotRead):
            files_of(str(tmp_path))
        with pytest.raises(Unfit, match="is wanted"):
            read_value(str(tmp_path / filename), pandas.DataFrame)
        return
    assert files_of(str(tmp_path)) == [str(tmp_path / filename)]
    with pytest.raises(Unfit) as refused:  # the file is empty
        read_value(str(tmp_path / filename), pandas.DataFrame)
    assert "is wanted" not in str(refused.value)


def first_value(schema: Schema, frame: Any) -> Any:
    return rows_in(frame, schema)[0][0]


def of_json(schema: Schema, case: dict[str, Any], folder: Path) -> Any:
    columns = read_invocation({"dataframe_records": [{"a": case["json"], "b": "x"}]}, schema)
    return first_value(schema, schema.frame(columns))


def of_csv(schema: Schema, case: dict[str, Any], folder: Path) -> Any:
    columns = read_csv(f"a,b\n{case['cell']},x\n".encode(), schema)
    return first_value(schema, schema.frame(columns))


def of_file(schema: Schema, case: dict[str, Any], folder: Path) -> Any:
    path = folder / "in.csv"
    path.write_text(f"a,b\n{case['cell']},x\n")
    return batch_rows(path, schema)[0][0]


@pytest.mark.parametrize("case", CASES["cells"], ids=lambda case: f"{case['type']} {case['cell']}")
def test_a_value_means_the_same_in_json_csv_and_files(case: dict[str, Any], tmp_path: Path) -> None:
    assert MODE.startswith("nbyard.serving.batch:")
    ways = (of_csv, of_file, of_json) if "json" in case else (of_csv, of_file)
    for way, nullable in product(ways, [case["nullable"]] if "nullable" in case else [True, False]):
        schema = Schema([Column("a", case["type"], nullable), Column("b", "str")])
        if case.get("refused") or (case.get("missing") and not nullable):
            with pytest.raises(ValueRefused) as refused:
                way(schema, case, tmp_path)
            assert (refused.value.row, refused.value.field) == (0, "a"), (way, nullable)
        else:
            read = way(schema, case, tmp_path)
            wanted = case.get("value")
            assert read == wanted and type(read) is type(wanted), (way, nullable)
