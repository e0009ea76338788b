"""Files as polars frames. Runs in the reader process only."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastexcel
import msgspec
import polars as pl  # noqa: TID253  # this process exists for it

from nbyard.domain.tables import MAX_COLUMNS, BrokenTable, Column, ColumnType, TableInfo, TablePage
from nbyard.errors import Invalid
from nbyard.tabular.formats import NULLS
from nbyard.tabular.sources import TEXT_FORMATS, Source
from nbyard.tabular.values import to_json

IN_MEMORY_BYTES = 64 << 20
MAX_JSON_BYTES = 256 << 20
MAX_TEXT_COLUMNS = 5000
SAMPLED_TYPES = 10_000
MAX_WORDS = 200
# How polars begins when a file is not as its format demands.
OUT_OF_SPEC = ("out of specification", "out-of-spec", "parquet error: Error")


def csv_options(source: Source) -> dict[str, Any]:
    dialect = source.dialect
    if len(dialect.names) > MAX_TEXT_COLUMNS:
        raise Invalid(f"{len(dialect.names):,} columns are too many to look into")
    return {
        "separator": dialect.delimiter,
        "new_columns": dialect.names,
        "null_values": list(NULLS),
        "decimal_comma": dialect.decimal_comma,
        "try_parse_dates": True,
        "truncate_ragged_lines": True,
    }


def lazy(source: Source, types_from: int | None = SAMPLED_TYPES) -> pl.LazyFrame:
    """The whole table, unread; `types_from` rows decide the types of text (None: all rows)."""
    readers: dict[str, Callable[[], pl.LazyFrame]] = {
        "csv": lambda: _csv(source, types_from),
        "tsv": lambda: _csv(source, types_from),
        "jsonl": lambda: pl.scan_ndjson(source.path, infer_schema_length=types_from),
        "json": lambda: _json(source.path).lazy(),
        "parquet": lambda: pl.scan_parquet(source.path, glob=False, hive_partitioning=False),
        "arrow": lambda: pl.scan_ipc(source.path, glob=False, hive_partitioning=False),
        "excel": lambda: _excel(source).lazy(),
    }
    return readers[source.format]()


def _csv(source: Source, types_from: int | None) -> pl.LazyFrame:
    source.scan()
    return pl.scan_csv(
        source.utf8_path,
        infer_schema_length=types_from,
        low_memory=True,
        glob=False,
        **csv_options(source),
    )


def _json(path: Path) -> pl.DataFrame:
    if path.stat().st_size > MAX_JSON_BYTES:
        raise Invalid(f"a JSON list of more than {MAX_JSON_BYTES:,} bytes; use JSON lines instead")
    try:
        rows = msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except RecursionError as problem:
        raise Invalid("the JSON is nested too deeply") from problem
    except msgspec.DecodeError as problem:
        raise BrokenTable(f"the file is not JSON: {problem}") from problem
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid("the JSON is not a list of objects")
    return pl.DataFrame(rows, infer_schema_length=None, strict=False)


def sheets(path: Path) -> list[str]:
    return list(fastexcel.read_excel(path).sheet_names)


def _excel(source: Source) -> pl.DataFrame:
    names = sheets(source.path)
    if source.sheet and source.sheet not in names:
        raise Invalid.field("sheet", f"there is no sheet {source.sheet!r}")
    found = fastexcel.read_excel(source.path).load_sheet(source.sheet or names[0])
    frame: pl.DataFrame = found.to_polars()
    return frame


def columns(schema: pl.Schema) -> list[Column]:
    return [Column(name, type_name(dtype)) for name, dtype in list(schema.items())[:MAX_COLUMNS]]


def type_name(dtype: pl.DataType) -> ColumnType:
    tests: list[tuple[ColumnType, bool]] = [
        ("int", dtype.is_integer()),
        ("float", dtype.is_numeric()),
        ("list", isinstance(dtype, (pl.List, pl.Array))),
        ("struct", isinstance(dtype, pl.Struct)),
        ("datetime", isinstance(dtype, pl.Datetime)),
        ("string", isinstance(dtype, (pl.String, pl.Categorical, pl.Enum))),
        ("bool", dtype == pl.Boolean),
        ("date", dtype == pl.Date),
        ("time", dtype == pl.Time),
        ("duration", isinstance(dtype, pl.Duration)),
        ("binary", dtype == pl.Binary),
        ("null", dtype == pl.Null),
    ]
    return next((name for name, fits in tests if fits), "other")


def with_right_types(source: Source, use: Callable[[pl.LazyFrame], Any]) -> Any:
    """Use the table with types guessed from its beginning; where a later row does not fit, with
    types from all rows."""
    try:
        return use(lazy(source))
    except pl.exceptions.ComputeError:
        if source.format not in TEXT_FORMATS:
            raise
    return use(lazy(source, None))


def each_column(source: Source) -> Iterator[pl.Series]:
    """One column after the other, so that no more than one is in memory at a time."""
    if source.format in TEXT_FORMATS and source.path.stat().st_size > IN_MEMORY_BYTES:
        table = source.folder / "table.arrow"
        try:
            with_right_types(
                source, lambda frame: frame.sink_ipc(table, compression="uncompressed")
            )
            yield from _one_by_one(pl.scan_ipc(table))
        finally:
            table.unlink(missing_ok=True)
    elif source.format in ("parquet", "arrow"):
        yield from _one_by_one(lazy(source))
    else:
        frame: pl.DataFrame = with_right_types(source, lambda frame: frame.collect())
        yield from frame.get_columns()[:MAX_COLUMNS]


def _one_by_one(frame: pl.LazyFrame) -> Iterator[pl.Series]:
    for place in range(min(len(frame.collect_schema()), MAX_COLUMNS)):
        yield frame.select(pl.nth(place)).collect().to_series()


def info(source: Source) -> TableInfo:
    try:
        frame = lazy(source)
        schema = frame.collect_schema()
        rows: int = frame.select(pl.len()).collect().item() if len(schema) else 0
        names = sheets(source.path) if source.format == "excel" else []
    except (pl.exceptions.ComputeError, fastexcel.CalamineError) as problem:
        words = str(problem).partition("\n")[0][:MAX_WORDS]
        if isinstance(problem, fastexcel.CalamineError) or any(w in words for w in OUT_OF_SPEC):
            raise BrokenTable(f"the {source.format} file is damaged: {words}") from problem
        raise
    return TableInfo(source.format, rows, columns(schema), len(schema), sheets=names)


def page(source: Source, offset: int, limit: int, sort: str) -> TablePage:
    """Rows in the order of the file, or sorted by a column with the missing values last."""

    def read(frame: pl.LazyFrame) -> pl.DataFrame:
        names = frame.collect_schema().names()
        if sort:
            name = sort.removeprefix("-")
            if name not in names:
                raise Invalid.field("sort", f"there is no column {name!r}")
            # By place: a name may look like a pattern.
            by = pl.nth(names.index(name))
            frame = frame.sort(by, descending=sort.startswith("-"), nulls_last=True)
        shown = pl.nth(range(min(len(names), MAX_COLUMNS)))
        return frame.select(shown).slice(offset, limit).collect()

    found: pl.DataFrame = with_right_types(source, read)
    rows = [[to_json(value) for value in row] for row in found.iter_rows()]
    return TablePage(columns(found.schema), offset, _total(source), rows)


def _total(source: Source) -> int | None:
    if source.format in TEXT_FORMATS:
        scan = source.known_scan()
        return scan.rows if scan else None
    return info(source).rows
