"""The notebooks of "New Notebook" open their data with only the base dependencies."""

import json
import zipfile
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import polars as pl
import pytest

from nbyard.domain.notebooks.writer import READERS, opening_notebook

WITHOUT = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, *rest):
        hidden = name.partition(".")[0] in ("pandas", "pyarrow", "openpyxl")
        return None if hidden else self.finder.find_spec(name, *rest)

sys.meta_path[:] = map(Without, sys.meta_path)
"""
FRAME = pl.DataFrame({"city": ["Oslo", "Bergen"], "people": [709037, None]})
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = '<c t="inlineStr"><is><t>{}</t></is></c>'


def _excel(path: Path) -> None:
    rows: list[list[str | int]] = [["city", "people"], ["Oslo", 709037], ["Bergen"]]
    cells = "".join(
        "<row>"
        + "".join(SHEET.format(v) if isinstance(v, str) else f"<c><v>{v}</v></c>" for v in r)
        + "</row>"
        for r in rows
    )
    links = (
        f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r" Type="{OFFICE}/%s" Target="%s"/>'
    )
    end = "</Relationships>"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("_rels/.rels", links % ("officeDocument", "xl/workbook.xml") + end)
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            '<sheet name="One" sheetId="1" r:id="r"/></sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels", links % ("worksheet", "worksheets/s1.xml") + end
        )
        book.writestr(
            "xl/worksheets/s1.xml",
            f'<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>',
        )


WRITERS: dict[str, Any] = {
    "csv": lambda path: FRAME.write_csv(path, null_value="NA"),
    "tsv": lambda path: FRAME.write_csv(path, separator="\t"),
    "jsonl": FRAME.write_ndjson,
    "json": FRAME.write_json,
    "parquet": FRAME.write_parquet,
    "arrow": FRAME.write_ipc,
    "excel": _excel,
}


@pytest.mark.leaves_running  # the client's loop
def test_generated_notebook_opens_each_kind_of_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBYARD_RESOURCES", str(tmp_path))
    cells = [nbformat.v4.new_code_cell(WITHOUT)]
    for file_format in READERS:
        for name in (f"plain.{file_format}", f"pattern[1].{file_format}"):
            place = tmp_path / file_format / name
            place.parent.mkdir(exist_ok=True)
            WRITERS[file_format](place)
            text = opening_notebook("Cities", file_format, name, file_format)
            made = nbformat.reads(text, as_version=4).cells[1]
            made.id = f"opens-{len(cells)}"
            cells += [made, nbformat.v4.new_code_cell("import json; print(json.dumps(df.rows()))")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    printed = [cell.outputs[0].text for cell in cells if "json.dumps" in cell.source]
    assert len(printed) == 2 * len(WRITERS)
    for text in printed:
        assert json.loads(text) == [["Oslo", 709037], ["Bergen", None]]
