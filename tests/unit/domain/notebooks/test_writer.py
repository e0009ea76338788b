""" "Open in Notebook" creates a notebook whose first cell opens the dataset."""

import json
import os
from pathlib import Path
from typing import Any, get_args

import pytest

from nbyard.domain.datasets.table_descriptions import Column, TableFormat, TableInfo
from nbyard.domain.notebooks.writer import READERS, notebook_text, opening_notebook


def _code(text):
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    return "".join(cells[0]["source"])


def test_a_written_notebook_is_valid():
    import nbformat

    made = notebook_text([("One", "x = 1\ny = 2\n"), ("Two – zwei", "print('ä')")])
    found = nbformat.reads(made, as_version=4)
    nbformat.validate(found)
    assert [cell.source for cell in found.cells] == [
        "# One",
        "x = 1\ny = 2\n",
        "# Two – zwei",
        "print('ä')",
    ]
    assert found.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("file_format", [*READERS, "", "zip", "folder"])
def test_the_code_of_a_written_notebook_is_python(file_format):
    compile(_code(opening_notebook("Sales", "id", "sales.x", file_format)), "cell", "exec")


def test_every_table_format_can_be_opened():
    assert set(READERS) == set(get_args(TableFormat))


def test_a_table_is_opened_with_a_reader_for_its_format():
    code = _code(opening_notebook("Sales", "id", "sales.tsv", "tsv"))
    assert 'df = pl.read_csv(path, separator="\\t"' in code
    assert 'df = pandas.read_csv(path, sep="\\t")' in code
    assert code.endswith("df.head()")
    assert "polars" not in _code(opening_notebook("Photos", "id", "photos", "folder"))


@pytest.mark.parametrize(
    ("delimiter", "encoding", "comma"),
    [(",", "utf-8", False), (";", "cp1252", True), ("\t", "utf-16", False)],
)
def test_a_text_table_is_opened_as_it_was_imported(
    tmp_path, monkeypatch, delimiter, encoding, comma
):
    """`0049` stays unchanged in polars and in pandas."""
    monkeypatch.setenv("NBYARD_RESOURCES", os.fspath(tmp_path))
    names = ["phone", "{} 'a'", "x"]
    number = "1,5" if comma else "1.5"
    (tmp_path / "id").mkdir()
    lines = [delimiter.join(row) for row in (["phone", "{} 'a'", "x"], ["0049", "€", number])]
    (tmp_path / "id" / "t.csv").write_bytes("\n".join(lines).encode(encoding))
    columns = [Column(names[0], "string"), Column(names[1], "string"), Column(names[2], "float")]
    table = TableInfo(
        "csv", 1, columns, 3, delimiter=delimiter, encoding=encoding, decimal_comma=comma
    )
    code = _code(opening_notebook("T", "id", "t.csv", "csv", table))
    found: dict[str, Any] = {}
    exec(code, found)
    assert found["df"].to_dicts() == [dict(zip(names, ["0049", "€", 1.5], strict=True))]
    exec(code.partition("import pandas; ")[2].replace("df =", "import pandas; df ="), found)
    assert found["df"].to_dict("records") == [dict(zip(names, ["0049", "€", 1.5], strict=True))]


def test_no_notebook_names_very_many_columns():
    columns = [Column(f"c{place}", "string") for place in range(50)]
    table = TableInfo("csv", 1, columns, 50, delimiter=",", encoding="utf-8")
    assert "c0" not in _code(opening_notebook("T", "id", "t.csv", "csv", table))


@pytest.mark.parametrize("filename", ["a b.zip", "quo\"te's.zip", "back\\slash.zip", "Größe.zip"])
def test_the_notebook_finds_the_file_from_any_kernel(filename, tmp_path, monkeypatch):
    """Every kernel has NBYARD_RESOURCES."""
    monkeypatch.setenv("NBYARD_RESOURCES", os.fspath(tmp_path))
    names: dict[str, Any] = {}
    exec(_code(opening_notebook("X", "some-id", filename, "zip")), names)
    assert names["path"] == Path(tmp_path, "some-id", filename)
