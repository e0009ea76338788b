"""Tables of other programs and people: preview and data frames agree on each."""

import bz2
import gzip
import json
import lzma
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import polars as pl
import pyarrow
import pytest

from nbyard.domain.datasets.table_descriptions import BrokenTable, Profile, TableInfo, TablePage
from nbyard.domain.notebooks.writer import opening_notebook
from nbyard.tabular.reader_answers import Question, answer_question

from ...workbooks import write_excel
from .test_agreement import Asked, handed_over

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CASES = json.loads((Path(__file__).parents[2] / "cases" / "tables.json").read_text())
ODD = {
    case["about"]: case
    for case in CASES["readable"]
    if not {"filename", "encoding"} & case.keys() and "\r" not in case["text"]
}
WAYS: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "of Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "without a last line end": lambda text: text.removesuffix("\n").encode(),
    "with a mark": lambda text: text.encode("utf-8-sig"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ODD)
def test_an_odd_table_is_read_alike_everywhere(tmp_path: Path, name: str, way: str) -> None:
    text, rows = ODD[name]["text"], ODD[name]["rows"]
    if way == "of Windows":
        rows = [[v.replace("\n", "\r\n") if isinstance(v, str) else v for v in r] for r in rows]
    asked = Asked(str(tmp_path), WAYS[way](text))
    assert {column.name: column.type for column in asked.info.columns} == ODD[name]["types"]
    assert asked.page.rows == rows
    assert asked.profile.rows == len(rows)
    kinds = [column.type for column in asked.info.columns]
    columns = [[row[place] for row in rows] for place in range(len(kinds))]
    for library in (pandas.DataFrame, pl.DataFrame, pyarrow.Table):
        assert handed_over(asked, library, kinds) == columns, library


@pytest.mark.parametrize("name", [name for name in ODD if "predictions" not in ODD[name]])
def test_the_notebook_of_an_odd_table_opens_it(tmp_path: Path, name: str) -> None:
    case = ODD[name]
    asked = Asked(str(tmp_path), case["text"].encode())
    frame = opened(tmp_path, "x.csv", asked.info)
    assert len(frame) == len(case["rows"])
    assert len(frame.columns) == len(case["types"])


def opened(folder: Path, filename: str, info: TableInfo) -> Any:
    """Return the data frame of the notebook that opens a file of a dataset."""
    place = folder / "data"
    place.mkdir()
    (place / filename).write_bytes((folder / filename).read_bytes())
    notebook = json.loads(opening_notebook("x", "data", filename, info.format, info))
    code = "".join(notebook["cells"][1]["source"])
    scope: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NBYARD_RESOURCES", str(folder))
        exec(code, scope)
    return scope["df"]


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".zst", zstd.compress),
    ],
)
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_a_compressed_table_has_a_preview(
    tmp_path: Path, name: str, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    content = b"a,b\n1,x\n" if name == "x.csv" else b'{"a": 1, "b": "x"}\n'
    page = page_of(tmp_path, f"{name}{suffix}", pack(content))
    assert page.rows == [[1, "x"]]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"x","y"\n"r","s",1\n"t","u",2\n"v","w",3\n', ["x", "y"]),  # R
        ('a,"b, total"\nx,NA\ny,31\nz,25\nu,3\n', ["a", "b, total"]),
        ("a,b,c,d,e\nx,y,z\nu,v,1\nu,v,2\nu,v,3\n", ["a", "b", "c", "d", "e"]),
        ("a,b,\nx,y\nz,1\nu,2\nv,3\n", ["a", "b", "column 3"]),
        ('a,b,c\nx,"1 y, z, u",v\ny,"2 y, z, u",1\nz,"3 y, z, u",2\n', ["a", "b", "c"]),
        ("Report\u2028\nof, May\nid,size,name\n1,5,x\n2,5,y\n3,6,z\n", ["id", "size", "name"]),
    ],
)
def test_a_header_is_no_title(tmp_path: Path, text: str, names: list[str]) -> None:
    page = page_of(tmp_path, "x.csv", text.encode())
    assert [column.name for column in page.columns] == names


def test_a_comma_of_thousands_is_no_decimal_comma(tmp_path: Path) -> None:
    page = page_of(tmp_path, "x.tsv", b'a\tb\nx\t"2,800"\ny\t"1,700"\n')
    assert page.rows == [["x", "2,800"], ["y", "1,700"]]


def page_of(folder: Path, filename: str, content: bytes, about: str = "page") -> Any:
    path = folder / filename
    path.write_bytes(content)
    return answer_question(Question(about, str(path), filename, str(folder), limit=10))


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("x.csv.gz", gzip.compress(b"a,b\n1,2\n" * 999, mtime=0)[:-20]),
        ("x.csv.zst", b"\x28\xb5\x2f\xfd"),
    ],
)
def test_a_damaged_compression_is_refused(tmp_path: Path, name: str, packed: bytes) -> None:
    with pytest.raises(BrokenTable):
        page_of(tmp_path, name, packed)


@pytest.mark.parametrize("name", ["x.jsonl", "x.json"])
def test_numbers_that_only_python_writes_in_json(tmp_path: Path, name: str) -> None:
    rows = [{"a": 1.5}, {"a": float("nan")}, {"a": float("-inf")}]
    lines = [json.dumps(row) for row in rows]
    text = "\n".join(lines) if name == "x.jsonl" else f"[{', '.join(lines)}]"
    page: TablePage = page_of(tmp_path, name, text.encode())
    assert [column.type for column in page.columns] == ["float"]
    assert [row[0] for row in page.rows] == [1.5, "nan", "-inf"]


@pytest.mark.parametrize("sheet", ["Data", ""])
def test_a_title_above_the_table_of_a_sheet_is_left_out(tmp_path: Path, sheet: str) -> None:
    """The first sheet with a table is shown, not a cover."""
    path = tmp_path / "x.xlsx"
    table: list[list[Any]] = [["Sales of May"], [], ["shop", "n", ""], ["a", 1, "x"], ["b", 2, "y"]]
    cover: list[list[Any]] = [["Read me"]]
    write_excel(path, {"Cover": cover, "Data": table})
    question = Question("info", str(path), path.name, str(tmp_path), sheet=sheet, count=True)
    info: Any = answer_question(question)
    assert (info.sheet, info.rows) == ("Data", 2)
    assert [(column.name, column.type) for column in info.columns][:2] == [
        ("shop", "string"),
        ("n", "int"),
    ]
    assert info.skipped_lines == 2
    assert opened(tmp_path, "x.xlsx", info).shape[0] == 2


def test_bins_of_whole_numbers_hold_equally_many(tmp_path: Path) -> None:
    text = "n\n" + "".join(f"{n}\n" for n in range(1, 31)) * 4
    profile: Profile = page_of(tmp_path, "x.csv", text.encode(), "profile")
    histogram = profile.columns[0].histogram
    assert histogram is not None
    assert set(histogram.counts) == {8}
    assert (histogram.edges[0], histogram.edges[-1]) == (0.5, 30.5)


def test_texts_are_ordered_as_in_a_dictionary(tmp_path: Path) -> None:
    text = "n\npear\nZebra\nÄpfel\nBanana\nÉcole\n"
    profile: Profile = page_of(tmp_path, "x.csv", text.encode(), "profile")
    assert (profile.columns[0].min, profile.columns[0].max) == ("Äpfel", "Zebra")
