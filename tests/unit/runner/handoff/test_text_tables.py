"""A text table of a run has the types that its preview and its profile have."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pandas
import polars
import pyarrow
import pytest

from nbyard.runner.handoff.text_tables import TOLD
from nbyard.runner.handoff.value_files import Unfit, read_value
from nbyard.tabular import TableFile, Tables

LIBRARIES = (pandas.DataFrame, polars.DataFrame, pyarrow.Table)

# The reader processes live as long as the fixture of this module.
pytestmark = pytest.mark.leaves_running


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    tables = Tables(tmp_path_factory.mktemp("tables"))
    yield tables
    tables.close()


def read_as(tables: Tables, folder: Path, text: str, wanted: Any, encoding: str = "utf-8") -> Any:
    path = folder / "x.csv"
    path.write_bytes(text.encode(encoding))
    info = tables.info(TableFile(path, path.name), count=True)
    (folder / TOLD).write_bytes(msgspec.json.encode(info))
    return read_value(str(path), wanted)


def values(frame: Any) -> dict[str, list[Any]]:
    """As plain Python, whatever the library."""
    if isinstance(frame, pandas.DataFrame):
        return {
            name: [_plain(value) for value in column.astype(object)]
            for name, column in frame.items()
        }
    found = (
        frame.to_pydict() if isinstance(frame, pyarrow.Table) else frame.to_dict(as_series=False)
    )
    return {name: [_plain(value) for value in column] for name, column in found.items()}


def _plain(value: Any) -> Any:
    if value is None or value is pandas.NaT or value is pandas.NA or value != value:  # noqa: PLR0124
        return None
    if isinstance(value, pandas.Timestamp):
        value = value.to_pydatetime()
    return value.replace(tzinfo=UTC) if getattr(value, "tzinfo", None) else value


BIG = 2**64 - 1
HUGE = "9" * 30
TEXTS = {
    "n": ("1", "3"),
    "big": (BIG, "1"),
    " padded": ("  1", " 2"),
    "phone": ("+491", "0049"),
    "code": ("0049", "1"),
    "amount": ("99999999999999999999.12", "0.5"),
    "x": ("1.5", "-inf"),
    "flag": ("True", "FALSE"),
    "day": ("31.12.2024", "1.2.2024"),
    "at": ("2024-01-02 10:30", "2024-01-02 11:30:01.5"),
    "zoned": ("2024-01-02T10:00:00+02:00", "2024-01-02T10:00:00-0100"),
    "time": ("10:30", "10:30:01"),
    "none": ("", "NA"),
    "huge": ("1", HUGE),
}
ROWS = [TEXTS, [first for first, _ in TEXTS.values()], [""] * len(TEXTS)]
ROWS.append([last for _, last in TEXTS.values()])
TEXT = "".join(",".join(map(str, row)) + "\n" for row in ROWS)
VALUES: dict[str, list[Any]] = {
    "n": [1, None, 3],
    "big": [BIG, None, 1],
    " padded": [1, None, 2],
    "phone": ["+491", None, "0049"],
    "code": ["0049", None, "1"],
    "amount": [Decimal("99999999999999999999.12"), None, Decimal("0.5")],
    "x": [1.5, None, float("-inf")],
    "flag": [True, None, False],
    "day": [date(2024, 12, 31), None, date(2024, 2, 1)],
    "at": [
        datetime(2024, 1, 2, 10, 30),  # noqa: DTZ001
        None,
        datetime(2024, 1, 2, 11, 30, 1, 500_000),  # noqa: DTZ001
    ],
    "zoned": [datetime(2024, 1, 2, 8, tzinfo=UTC), None, datetime(2024, 1, 2, 11, tzinfo=UTC)],
    "time": [time(10, 30), None, time(10, 30, 1)],
    "none": [None, None, None],
    "huge": [1, None, int(HUGE)],
}


@pytest.mark.parametrize("wanted", LIBRARIES)
def test_every_library_gives_the_values_of_the_store(
    tables: Tables, tmp_path: Path, wanted: Any
) -> None:
    found = values(read_as(tables, tmp_path, TEXT, wanted))
    if wanted is pandas.DataFrame:  # which has no dates without a time
        found["day"] = [moment and moment.date() for moment in found["day"]]
    assert found == VALUES
    own = {"huge"} if wanted is pyarrow.Table else set()  # it has no integers of more than 64 bits
    for name, column in VALUES.items():
        if name in own:
            continue
        assert [*map(type, found[name])] == [*map(type, column)], name


@pytest.mark.parametrize("wanted", LIBRARIES)
def test_other_encodings_delimiters_and_decimal_commas(
    tables: Tables, tmp_path: Path, wanted: Any
) -> None:
    text = "größe;a;a\n1,5; 1;x\n2;2;y\n"
    for encoding in ("latin-1", "utf-8-sig"):
        found = read_as(tables, tmp_path, text, wanted, encoding)
        assert values(found) == {"größe": [1.5, 2.0], "a": [1, 2], "a_2": ["x", "y"]}


def test_integers_stay_integers(tables: Tables, tmp_path: Path) -> None:
    found = read_as(tables, tmp_path, "a,b,c\n1,1,true\n,2,\n", pandas.DataFrame)
    assert [str(kind) for kind in found.dtypes] == ["Int64", "int64", "boolean"]


def test_years_outside_nanoseconds_are_read(tables: Tables, tmp_path: Path) -> None:
    found = read_as(tables, tmp_path, "a\n9999-12-31\n0001-01-01\n", pandas.DataFrame)
    assert values(found) == {"a": [datetime(9999, 12, 31), datetime(1, 1, 1)]}  # noqa: DTZ001


def test_a_file_that_changed_is_refused(tables: Tables, tmp_path: Path) -> None:
    read_as(tables, tmp_path, "a\n31.12.2024\n", pandas.DataFrame)
    (tmp_path / "x.csv").write_text("a\n12/31/2024\n")
    for wanted in LIBRARIES:
        with pytest.raises(Unfit, match=r"12/31/2024.* %d\.%m\.%Y"):
            read_value(str(tmp_path / "x.csv"), wanted)


def test_undescribed_tables_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a\n0049\n")
    assert values(read_value(str(tmp_path / "x.csv"), pandas.DataFrame)) == {"a": [49]}


@pytest.mark.parametrize("library", [pandas.DataFrame, polars.DataFrame, pyarrow.Table])
def test_an_undescribed_table_with_tabs_is_read(tmp_path: Path, library: Any) -> None:
    for name in ("x.tsv", "x.TAB"):
        (tmp_path / name).write_text("a\tb,c\n1\tx\n")
        assert values(read_value(str(tmp_path / name), library)) == {"a": [1], "b,c": ["x"]}
