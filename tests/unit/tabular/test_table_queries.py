"""Preview and profile of files: every format, and what is wrong in words."""

import csv
import json
import math
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import polars as pl
import pytest

from nbyard.domain.datasets.table_descriptions import BrokenTable, Profile, TableInfo, TablePage
from nbyard.errors import Invalid
from nbyard.reasons.structs import because
from nbyard.tabular import TableFile, Tables
from nbyard.tabular.reader_answers import Question
from nbyard.tabular.table_queries import Reader

from ...workbooks import write_excel

CASES = json.loads((Path(__file__).parents[2] / "cases" / "tables.json").read_text())

# The reader processes live as long as the fixture of this module.
pytestmark = [pytest.mark.leaves_running, pytest.mark.slow]

Make = Callable[..., TableFile]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    tables = Tables(tmp_path_factory.mktemp("tables"))
    yield tables
    tables.close()


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(content: bytes | str, filename: str = "data.csv", key: str = "") -> TableFile:
        path = tmp_path / "blob"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return TableFile(path, filename, key)

    return write


def types(found: TableInfo | TablePage | Profile) -> dict[str, str]:
    return {column.name: column.type for column in found.columns}


@pytest.mark.parametrize("case", CASES["readable"], ids=lambda case: case["about"])
def test_readable_text(tables: Tables, make: Make, case: dict[str, Any]) -> None:
    content = case["text"].encode(case.get("encoding", "utf-8"))
    file = make(content, case.get("filename", "data.csv"))
    info = tables.info(file, count=True)
    assert types(info) == case["types"]
    page = tables.page(file)
    assert page.rows == case["rows"]
    assert info.rows == len(case["rows"])
    for name in ("delimiter", "encoding"):
        if name in case.get("info", {}):
            assert getattr(info, name) == case["info"][name]
    for word in case.get("warnings", []):
        assert any(word in str(warning) for warning in info.warnings), info.warnings
    assert bool(info.warnings) == bool(case.get("warnings"))
    for sample in (True, False):
        profile = tables.profile(file, sample=sample)
        assert profile.rows == len(case["rows"])
        assert [column.name for column in profile.columns] == list(case["types"])


@pytest.mark.parametrize("case", CASES["unreadable"], ids=lambda case: case["about"])
def test_unreadable_files_have_a_reason_and_place(
    tables: Tables, make: Make, case: dict[str, Any]
) -> None:
    text = case["text"] + case.get("then", "") * case.get("times", 1) + case.get("end", "")
    file = make(text.encode("latin-1"), case.get("filename", "data.csv"))
    with pytest.raises(Invalid) as caught:
        tables.info(file, count=True)
    assert case["says"] in caught.value.message
    assert isinstance(caught.value, BrokenTable) != case.get("sound", False)


def test_a_huge_field_is_refused_with_the_limit(tables: Tables, make: Make) -> None:
    file = make(b'a\n"' + b"x" * (40 << 20) + b'"\n')
    with pytest.raises(BrokenTable, match=r"line 2 is longer than 33,554,432 bytes|8,388,608"):
        tables.info(file, count=True)


def test_very_many_columns_are_cut_with_a_warning(tables: Tables, make: Make) -> None:
    names = [f"c{place}" for place in range(100_000)]
    file = make(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    info = tables.info(file)
    assert (info.column_count, len(info.columns), info.rows) == (100_000, 500, None)
    page = tables.page(file)
    assert page.warnings[0] == because("first-columns-shown", last=500, count=100_000)
    assert len(page.rows[0]) == 500
    for look in (lambda: tables.info(file, count=True), lambda: tables.profile(file, sample=True)):
        with pytest.raises(BrokenTable, match=r"line 1 .* 100,000 .* 50"):
            look()


def test_many_columns_have_no_profile(tables: Tables, make: Make) -> None:
    names = [f"c{place}" for place in range(6000)]
    file = make(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    assert tables.info(file, count=True).column_count == 6000
    with pytest.raises(Invalid, match="too many") as caught:
        tables.profile(file, sample=False)
    assert not isinstance(caught.value, BrokenTable)


def test_later_bytes_may_show_another_encoding(tables: Tables, make: Make) -> None:
    file = make(b"a,b\n" + b"x,y\n" * 100_000 + "caf\u00e9,z\n".encode("latin-1"), key="latin")
    info = tables.info(file, count=True)
    assert (info.encoding, info.rows) == ("latin-1", 100_001)
    assert tables.page(file, 100_000, 5).rows == [["caf\u00e9", "z"]]
    assert tables.profile(file, sample=False).columns[0].distinct == 2


PHONES = "+491,0049,1\n0049,+491,2\n"
DAYS = "31.12.2024,31/12/2024 10:30,23:59\n1.2.2024,01/02/2024 00:00,00:00:01\n"


@pytest.mark.parametrize(
    ("text", "types", "first", "extremes"),
    [
        ("a\n18446744073709551615\n", ["int"], [str(2**64 - 1)], [str(2**64 - 1)]),
        ("a, b\n1, 1\n2, 2\nx, x\n", ["string", "string"], ["1", " 1"], ["x", " x"]),
        ("a, b\n1, 1\n2, 2\n", ["int", "int"], [1, 1], [2, 2]),
        ("a,b,c\n" + PHONES, ["string", "string", "int"], ["+491", "0049", 1], ["0049", "0049", 2]),
        (
            "a,b,c\n" + DAYS,
            ["date", "datetime", "time"],
            ["2024-12-31", "2024-12-31T10:30:00", "23:59:00"],
            ["2024-12-31", "2024-12-31T10:30:00", "23:59:00"],
        ),
        ("a\n99999999999999999999.12\n", ["decimal"], *[["99999999999999999999.12"]] * 2),
        ("a\n" + "1\n" * 20_000 + "0049\n", ["string"], ["1"], ["1"]),
    ],
    ids=["huge", "padded texts", "padded numbers", "phones", "days", "decimals", "late"],
)
def test_preview_and_profile_have_the_same_types_and_values(
    tables: Tables,
    make: Make,
    text: str,
    types: list[str],
    first: list[Any],
    extremes: list[Any],
) -> None:
    file = make(text)
    page = tables.page(file, 0, 1)
    assert [column.type for column in page.columns] == types
    assert page.rows == [first]
    names = text.partition("\n")[0].split(",")
    for sample in (True, False):
        profile = tables.profile(file, sample=sample)
        assert [column.name for column in profile.columns] == names
        assert [column.type for column in profile.columns] == types
        assert [column.max for column in profile.columns] == extremes
    sort = tables.page(file, 0, 1, sort=f"-{names[0]}")
    assert [column.type for column in sort.columns] == types
    assert sort.rows[0][0] == extremes[0]


@pytest.mark.parametrize("filename", ["x.jsonl", "x.json"])
def test_late_keys_and_types_are_read(tables: Tables, make: Make, filename: str) -> None:
    rows: list[dict[str, Any]] = [{"a": 1, "f": 1}] * 20_000
    rows.append({"b": "x", "f": 2.5, "big": 2**64 - 1, "s": {"k": [1]}, "m": 1})
    rows.append({"a": 2, "m": "x"})
    lines = [json.dumps(row) for row in rows]
    list_text = "[\n" + ",\n".join(lines) + "]"
    file = make("\n".join(lines) if filename == "x.jsonl" else list_text, filename)
    kinds = {"a": "int", "f": "float", "b": "string", "big": "int", "s": "struct", "m": "other"}
    info = tables.info(file, count=True)
    assert (info.rows, types(info)) == (20_002, kinds)
    page = tables.page(file, 20_000, 5)
    assert types(page) == kinds
    assert page.rows == [
        [None, 2.5, "x", str(2**64 - 1), {"k": [1]}, 1],
        [2, None, None, None, None, "x"],
    ]
    assert tables.page(file, 0, 1, sort="-a").rows == [page.rows[1]]
    for sample in (True, False):
        profile = tables.profile(file, sample=sample)
        assert types(profile) == kinds
        found = {column.name: column for column in profile.columns}
        assert (found["a"].count, found["a"].nulls, found["a"].max) == (20_001, 1, 2)
        assert (found["big"].max, found["f"].max) == (str(2**64 - 1), 2.5)
        assert [found[name].count for name in ("s", "m", "b")] == [1, 2, 1]


def test_types_are_inferred_once(tables: Tables, tmp_path: Path) -> None:
    """Also by the sample of a large table, whose rows do not show what a late one is."""
    path = tmp_path / "blob"
    path.write_text("a,b\n" + "1,1.5\n" * 900_000 + "x,1.5\n")
    info = tables.info(TableFile(path, "x.csv"), count=True)
    assert types(info) == {"a": "string", "b": "float"}
    stored = msgspec.json.decode(msgspec.json.encode(info), type=TableInfo)
    file = TableFile(path, "x.csv", "late", info=stored)
    sampled = tables.profile(file, sample=True)
    assert (sampled.sampled, sampled.total) == (True, 900_001)
    for columns in (sampled.columns, tables.page(file).columns):
        assert [column.type for column in columns] == ["string", "float"]


def test_the_same_bytes_with_another_suffix_are_another_table(tables: Tables, make: Make) -> None:
    text = "a\tb,c\n1\t2,3\n"
    assert types(tables.info(make(text, "x.csv", "same"), count=True)).keys() == {"a\tb", "c"}
    assert types(tables.info(make(text, "x.tsv", "same"), count=True)).keys() == {"a", "b,c"}


@pytest.mark.parametrize("first", ["x", "caf\u00e9"])
def test_a_late_windows_character_sets_the_encoding(tables: Tables, make: Make, first: str) -> None:
    text = f"a,b\n{first},y\n" + "x,y\n" * 100_000 + "\u20ac,\u201cq\u201d\n"
    file = make(text.encode("cp1252"))
    assert tables.info(file, count=True).encoding == "cp1252"
    page = tables.page(file, 100_001, 5)
    assert page.rows == [["\u20ac", "\u201cq\u201d"]]
    warning = because("text-not-utf-8", encoding="Windows-1252 (cp1252)")
    assert page.warnings == [warning]
    profile = tables.profile(file, sample=False)
    assert (profile.warnings, profile.columns[0].max) == ([warning], "\u20ac")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_mentioned(tables: Tables, make: Make, encoding: str) -> None:
    file = make("a,b\n\u20ac,2\n".encode(encoding))
    warning = because("text-not-utf-8", encoding="UTF-16")
    page = tables.page(file)
    assert (page.rows, page.warnings) == ([["\u20ac", 2]], [warning])
    assert tables.profile(file, sample=False).warnings == [warning]


@pytest.fixture
def frame() -> pl.DataFrame:
    chance = random.Random(7)
    return pl.DataFrame(
        {
            "n": list(range(5000)),
            "x": [chance.gauss(0, 1) for _ in range(5000)],
            "word": [chance.choice(["red", "green", "blue"]) for _ in range(5000)],
            "gap": [None if place % 4 else place / 8 for place in range(5000)],
        }
    )


WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    "data.csv": lambda frame, path: frame.write_csv(path),
    "data.tsv": lambda frame, path: frame.write_csv(path, separator="\t"),
    "data.jsonl": lambda frame, path: frame.write_ndjson(path),
    "data.json": lambda frame, path: frame.write_json(path),
    "data.parquet": lambda frame, path: frame.write_parquet(path),
    "data.arrow": lambda frame, path: frame.write_ipc(path),
    "data.feather": lambda frame, path: frame.write_ipc(path, compression="zstd"),
}


@pytest.mark.parametrize("filename", WRITERS)
def test_every_format_gives_the_same_table(
    tables: Tables, tmp_path: Path, frame: pl.DataFrame, filename: str
) -> None:
    WRITERS[filename](frame, tmp_path / "blob")
    file = TableFile(tmp_path / "blob", filename)
    info = tables.info(file, count=True)
    assert types(info) == {"n": "int", "x": "float", "word": "string", "gap": "float"}
    assert info.rows == 5000
    page = tables.page(file, 4990, 100)
    assert [row[0] for row in page.rows] == list(range(4990, 5000))
    assert page.rows[2] == [4992, pytest.approx(frame["x"][4992]), frame["word"][4992], 624.0]
    assert page.rows[3][3] is None
    top = tables.page(file, 0, 2, sort="-x").rows
    assert [row[1] for row in top] == pytest.approx(
        frame["x"].sort(descending=True).head(2).to_list()
    )
    # Equal values keep their order, also from one page to the next.
    pages = [tables.page(file, offset, 100, sort="word").rows for offset in (0, 100)]
    expected = frame.sort("word", maintain_order=True)["n"].head(200).to_list()
    assert [row[0] for page in pages for row in page] == expected
    check_profile(tables.profile(file, sample=False), frame.to_pandas())
    assert not [path for path in tables.folder.iterdir() if path.name.startswith("tmp")]


def check_profile(profile: Profile, frame: pd.DataFrame) -> None:
    assert (profile.rows, profile.sampled, profile.total) == (len(frame), False, len(frame))
    for column in profile.columns:
        series = frame[column.name]
        assert column.nulls == series.isna().sum()
        assert column.count == series.count()
        assert column.distinct == series.nunique()
        if column.type == "string":
            expected = series.value_counts()
            assert {top.value: top.count for top in column.top} == expected.to_dict()
            continue
        assert column.mean == pytest.approx(series.mean())
        assert column.std == pytest.approx(series.std())
        assert (column.min, column.max) == pytest.approx((series.min(), series.max()))
        middle = series.quantile(0.5, interpolation="nearest")
        assert column.quantiles["p50"] == pytest.approx(middle, abs=0.5)
        assert column.histogram
        assert sum(column.histogram.counts) == column.count
        assert len(column.histogram.edges) == len(column.histogram.counts) + 1


def test_excel_and_its_sheets(tables: Tables, tmp_path: Path) -> None:
    path = tmp_path / "blob"
    rows: list[list[Any]] = [["a", "b", "c", "d"], [1, "x", 1.5, "0049"], [2, None, 2, None]]
    write_excel(path, {"One": rows, "Two": [["c"], [1.5]]})
    info = tables.info(TableFile(path, "book.xlsx"), count=True)
    assert (info.sheet, info.sheets, info.rows) == ("One", ["One", "Two"], 2)
    assert types(info) == {"a": "int", "b": "string", "c": "float", "d": "string"}
    first = tables.page(TableFile(path, "book.xlsx"))
    assert first.rows == [[1, "x", 1.5, "0049"], [2, None, 2.0, None]]
    assert (first.sheet, first.sheets) == ("One", ["One", "Two"])
    words = "this is the sheet 'One' of 2; the others are 'Two'"
    assert list(map(str, first.warnings)) == [words]
    second = TableFile(path, "book.xlsx", "book", "Two")
    page = tables.page(second)
    assert (page.rows, page.sheet, page.sheets) == ([[1.5]], "Two", ["One", "Two"])
    assert page.warnings == []
    for sample in (True, False):
        assert tables.profile(TableFile(path, "book.xlsx"), sample=sample).rows == 2
        profile = tables.profile(second, sample=sample)
        assert (profile.rows, profile.sheet, profile.sheets) == (1, "Two", ["One", "Two"])
    with pytest.raises(Invalid, match=r"'Three'; .*: 'One', 'Two'"):
        tables.page(TableFile(path, "book.xlsx", sheet="Three"))


@pytest.mark.parametrize(
    "filename",
    ["x.csv", *(pytest.param(name, marks=pytest.mark.long) for name in ("x.parquet", "x.jsonl"))],
)
def test_each_of_many_columns_can_be_shown(tables: Tables, tmp_path: Path, filename: str) -> None:
    names = [f"c{place}" for place in range(1_200)]
    frame = pl.DataFrame({name: [place, place + 1] for place, name in enumerate(names)})
    WRITERS["data" + Path(filename).suffix](frame, tmp_path / "blob")
    file = TableFile(tmp_path / "blob", filename, f"many-{filename[2:]}")
    assert len(tables.info(file, count=True).columns) == 1_200
    for start, stop in ((0, 500), (500, 1_000), (1_000, 1_200)):
        page = tables.page(file, column_offset=start)
        assert [column.name for column in page.columns] == names[start:stop]
        assert page.rows[1] == list(range(start + 1, stop + 1))
        assert (page.column_offset, page.column_count) == (start, 1_200)
        later = because("columns-shown", first=start + 1, last=stop, count=1_200)
        first = because("first-columns-shown", last=500, count=1_200)
        assert page.warnings == [later if start else first]
        for sample in (True, False):
            profile = tables.profile(file, sample=sample, column_offset=start)
            assert [column.name for column in profile.columns] == names[start:stop]
            assert [column.max for column in profile.columns] == list(range(start + 1, stop + 1))
            assert (profile.column_offset, profile.column_count) == (start, 1_200)
            assert profile.warnings == page.warnings
    whole = tables.whole_profile(file)
    assert [column.name for column in whole.columns] == names
    with pytest.raises(Invalid, match="only 1,200 columns"):
        tables.page(file, column_offset=1_200)


def test_pages_of_a_file_with_quoted_lines_by_its_index(tables: Tables, tmp_path: Path) -> None:
    rows = [[str(place), f'line one\nline, "two" {place}'] for place in range(30_000)]
    with (tmp_path / "blob").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "text"], *rows])
    table = TableFile(tmp_path / "blob", "x.csv", "sha256:quoted")
    assert tables.page(table, 3, 2).total == 30_000
    for offset in (0, 999, 1000, 1001, 25_432, 29_999):
        assert tables.page(table, offset, 1).rows == [[offset, rows[offset][1]]]
    assert tables.page(table, 30_000, 5).rows == []
    assert tables.page(table, 0, 1).total == 30_000
    assert tables.profile(table, sample=False).rows == 30_000
    assert tables.folder.joinpath("sha256-quoted").exists()
    tables.forget("sha256:quoted")
    assert not tables.folder.joinpath("sha256-quoted").exists()


@pytest.mark.parametrize("quoted", [False, True])
def test_a_sample_of_a_large_file(tables: Tables, tmp_path: Path, quoted: bool) -> None:
    word = '"a ""b"""' if quoted else "ab"
    line = "".join(f"{place},{word},{place / 7:.4f}\n" for place in range(1000))
    (tmp_path / "blob").write_text("n,w,x\n" + line * 400)
    profile = tables.profile(TableFile(tmp_path / "blob", "x.csv"), sample=True)
    assert profile.sampled
    assert 10_000 < profile.rows < 400_000
    assert profile.total == pytest.approx(400_000, rel=0.05)
    assert [column.type for column in profile.columns] == ["int", "string", "float"]
    assert profile.columns[1].top[0].value == ('a "b"' if quoted else "ab")


def test_values_are_json_for_a_browser(tables: Tables, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "float": [math.inf, -math.inf, math.nan],
            "int": [2**53, 2**60, 1],
            "long": ["x" * 5000, "y", None],
            "nested": [[1, 2], [], None],
            "when": pl.Series(["2024-02-29", None, None]).str.to_date(),
            "bytes": [b"\x00\xff", b"", None],
        }
    )
    frame.write_parquet(tmp_path / "blob")
    file = TableFile(tmp_path / "blob", "x.parquet")
    first = tables.page(file).rows[0]
    assert first[:2] == ["inf", str(2**53)]
    assert len(first[2]) == 1000
    assert first[2].endswith("\u2026")
    assert first[3:] == [[1, 2], "2024-02-29", "00 ff"]
    profile = tables.profile(file, sample=False)
    assert profile.columns[0].max == "inf"
    assert profile.columns[0].nulls == 1
    json.loads(msgspec.json.encode(profile), parse_constant=pytest.fail)


def test_column_names_that_look_like_patterns(tables: Tables, make: Make) -> None:
    file = make("^.*$,*,-x\n1,2,3\n3,2,1\n", key="patterns")
    assert tables.page(file, sort="-^.*$").rows == [[3, 2, 1], [1, 2, 3]]
    assert tables.page(file, sort="--x").rows == [[1, 2, 3], [3, 2, 1]]
    assert tables.page(file, sort="+-x").rows == [[3, 2, 1], [1, 2, 3]]
    assert len(tables.profile(file, sample=False).columns) == 3
    with pytest.raises(Invalid, match="no column"):
        tables.page(file, sort="y")


def test_a_profile_is_kept_under_its_key(tables: Tables, make: Make) -> None:
    file = make("a\n1\n", key="kept")
    first = tables.profile(file, sample=False)
    file.path.unlink()
    assert tables.profile(file, sample=True) == first
    with pytest.raises(Invalid, match="key"):
        tables.forget("../up")


def test_dates_and_booleans_have_histograms(tables: Tables, make: Make) -> None:
    rows = "".join(f"2024-01-{day:02},{'false' if day % 2 else 'true'}\n" for day in range(1, 31))
    day, even = tables.profile(make("day,even\n" + rows), sample=True).columns
    assert (day.type, day.min, day.max, day.distinct) == ("date", "2024-01-01", "2024-01-30", 30)
    assert day.histogram
    assert sum(day.histogram.counts) == 30
    assert day.histogram.edges[0] == "2024-01-01"
    assert (even.type, {top.value: top.count for top in even.top}) == (
        "bool",
        {False: 15, True: 15},
    )


def test_a_killed_reader_is_replaced(tables: Tables, make: Make) -> None:
    file = make("a\n1\n")
    tables.page(file)
    process = tables.quick.process
    assert process
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert tables.page(file).rows == [[1]]


def test_memory_is_capped(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": pl.int_range(0, 60_000_000, eager=True)})
    frame.write_parquet(tmp_path / "blob", compression="zstd")
    (tmp_path / "ok").write_text("a\n1\n")
    with closing(Tables(tmp_path / "t", memory_bytes=1 << 30, slow_seconds=60)) as small:
        with pytest.raises(Invalid, match=r"memory|read"):
            small.profile(TableFile(tmp_path / "blob", "x.parquet"), sample=False)
        assert small.page(TableFile(tmp_path / "ok", "x.csv")).rows == [[1]]


def test_endless_work_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "blob").write_text("a\n" + "1\n" * 1_000_000)
    with (
        closing(Tables(tmp_path / "t", slow_seconds=0.001)) as hasty,
        pytest.raises(Invalid, match="too long"),
    ):
        hasty.info(TableFile(tmp_path / "blob", "x.csv"), count=True)


def test_a_stalled_reader_is_killed(tmp_path: Path) -> None:
    """Long before it took too long, and the next one reads."""
    (tmp_path / "blob").write_text("a\n1\n")
    asked = Question("info", str(tmp_path / "blob"), filename="x.csv", folder=str(tmp_path))
    question = msgspec.json.encode(asked)
    with closing(Reader(tmp_path)) as reader:
        reader.ask(question, 60)
        assert reader.process
        os.kill(reader.process.pid, signal.SIGSTOP)
        reader.still_seconds = 0.05
        with pytest.raises(Invalid, match="need more memory"):
            reader.ask(question, 3600)
        assert reader.process is None


def test_an_idle_reader_exits_and_is_started_again(tmp_path: Path) -> None:
    (tmp_path / "blob").write_text("a\n1\n")
    file = TableFile(tmp_path / "blob", "x.csv")
    with closing(Tables(tmp_path / "t", idle_seconds=0.01)) as tables:
        assert tables.page(file).rows == [[1]]
        process = tables.quick.process
        assert process and process.wait(20) == 0
        assert tables.page(file).rows == [[1]]


def test_polars_is_not_loaded_in_this_process() -> None:
    code = "import sys, nbyard.tabular; print({'polars', 'pandas', 'fastexcel'} & {*sys.modules})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_text_is_never_code(tables: Tables, make: Make) -> None:
    file = make("a,b\n=cmd|'/c calc'!A1,\"<script>alert(1)</script>\"\n@SUM(1),+1\n")
    assert tables.page(file).rows[0] == ["=cmd|'/c calc'!A1", "<script>alert(1)</script>"]


def test_a_page_has_limits(tables: Tables, make: Make) -> None:
    file = make("a\n" + "1\n" * 3000)
    assert len(tables.page(file, 0, 10**9).rows) == 1000
    assert tables.page(file, -5, 1).offset == 0
    assert tables.page(file, 0, -1).rows == []


def test_an_owner_finds_no_stored_results_of_another(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n")
    file = TableFile(tmp_path / "a.csv", "a.csv", "sha256-1")
    tables = Tables(tmp_path / "tables")
    try:
        tables.of_owner("ann").preview(file)
        assert tables.of_owner("ann").known_preview(file) is not None
        for other in ("bob", ""):
            assert tables.of_owner(other).known_preview(file) is None
        tables.forget("sha256-1")
        assert tables.of_owner("ann").known_preview(file) is None
    finally:
        tables.close()
