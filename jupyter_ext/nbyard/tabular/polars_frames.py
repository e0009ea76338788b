"""Reads files as polars frames, in the reader process only."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import fastexcel
import msgspec
import polars as pl  # noqa: TID253  # this process exists for it

from nbyard.domain.datasets.table_descriptions import BrokenTable, Column, ColumnType, TableInfo
from nbyard.errors import Invalid
from nbyard.reasons.structs import because
from nbyard.runner.handoff.text_format import NULLS
from nbyard.tabular import json_objects
from nbyard.tabular import text_tables as lines_of
from nbyard.tabular.json_values import SAFE_INT, to_json
from nbyard.tabular.prepare_source import Source
from nbyard.tabular.type_inference import values_of

IN_MEMORY_BYTES = 64 << 20
MAX_JSON_BYTES = 256 << 20
MAX_WORDS = 200
SAMPLE_ROWS = 100
UNNAMED = re.compile(r"\A__UNNAMED__(?=[0-9]+\Z)")
# The beginnings of polars' messages about files that violate their format.
OUT_OF_SPEC = ("out of specification", "out-of-spec", "parquet error: Error")


def text_options(source: Source) -> dict[str, Any]:
    """Return the options with which polars reads a table as text.

    Columns are named by their places.
    """
    return {
        "separator": source.dialect.delimiter,
        "new_columns": [str(place) for place in range(len(source.dialect.names))],
        "infer_schema": False,
        "truncate_ragged_lines": True,
    }


def text_frame(source: Source, **more: Any) -> pl.LazyFrame:
    """Return a lazy frame of a text table, with all values as texts and empty ones as null.

    `more` replaces options of polars.
    """
    # The scan finds blank lines and the encoding, on which `utf8_path` depends.
    source.scan()
    options = text_options(source) | more
    # The path of a file may contain `*` or `[`, which are no patterns here.
    return pl.scan_csv(source.utf8_path, low_memory=True, glob=False, **options)


def typed_frame(source: Source, info: TableInfo, places: Sequence[int]) -> pl.LazyFrame:
    """Return a lazy frame of some columns, given by their places, with typed values."""
    columns = {place: info.columns[place] for place in places}
    # polars reads plain values as nbyard does.
    read = {
        place: json_objects.DTYPES[column.type]
        for place, column in columns.items()
        if column.type in json_objects.DTYPES
        and not (column.layout or column.padded or info.decimal_comma)
    }
    # Looking for null words in each cell takes as long as reading it.
    nulls = list(NULLS) if info.null_words else None
    texts = text_frame(
        source,
        schema_overrides={str(place): dtype for place, dtype in read.items()},
        null_values=nulls,
    )
    return texts.select(pl.nth(place) if place in read else _value(place, info) for place in places)


def typed_values(texts: pl.DataFrame, info: TableInfo) -> pl.DataFrame:
    """Return the typed values of a frame of texts with all columns."""
    return with_nulls(texts).select(_value(place, info) for place in range(len(info.columns)))


def _value(place: int, info: TableInfo) -> pl.Expr:
    return values_of(pl.nth(place), info.columns[place], info.decimal_comma).alias(str(place))


def with_nulls(texts: pl.DataFrame) -> pl.DataFrame:
    """Replace texts that stand for a missing value by null."""
    return texts.select(
        pl.when(~pl.nth(place).is_in(NULLS)).then(pl.nth(place)) for place in range(texts.width)
    )


def converted_rows(
    rows: Sequence[Sequence[str]], columns: Sequence[Column], decimal_comma: bool
) -> list[list[Any]]:
    """Return rows of texts as JSON values.

    A text that does not fit its column's type stays text.
    """
    if not rows or not columns:
        return [[] for _ in rows]
    schema = {str(place): pl.String for place in range(len(columns))}
    texts = with_nulls(pl.DataFrame(rows, schema, orient="row"))
    values = texts.select(
        values_of(pl.nth(place), column, decimal_comma).alias(str(place))
        for place, column in enumerate(columns)
    )
    return [
        [to_json(text if value is None else value) for text, value in zip(*pair, strict=True)]
        for pair in zip(texts.iter_rows(), values.iter_rows(), strict=True)
    ]


def declared_frame(source: Source) -> pl.LazyFrame:
    """Return a lazy frame of a file that declares its types, such as Parquet."""
    if source.format == "parquet":
        return pl.scan_parquet(source.path, glob=False, hive_partitioning=False)
    if source.format == "arrow":
        return pl.scan_ipc(source.path, glob=False, hive_partitioning=False)
    book = fastexcel.read_excel(source.path)
    name, header = _sheet(source, book)
    # By default, fastexcel decides the types from the first 1,000 rows.
    sheet = book.load_sheet(name, header_row=header, schema_sample_rows=None)
    frame: pl.DataFrame = sheet.to_polars()
    frame.columns = [UNNAMED.sub("column ", column) for column in frame.columns]
    # Excel has no integers: each number is a float.
    floats = [c for c in frame.get_columns() if c.dtype == pl.Float64 and not c.is_null().all()]
    whole = [c.name for c in floats if ((c == c.round()) & (c.abs() <= SAFE_INT)).all()]
    return frame.with_columns(frame[name].cast(pl.Int64) for name in whole).lazy()


def object_rows(source: Source) -> Iterator[json_objects.Row]:
    """Yield the rows of JSON lines or of a JSON list.

    Raises:
        Invalid: the file is too large, too deep or no list of objects.
        BrokenTable: the JSON is damaged.
    """
    if source.format == "jsonl":
        return json_objects.rows_of(lines_of.each_line(source.path))
    if source.path.stat().st_size > MAX_JSON_BYTES:
        raise Invalid(f"a JSON list of more than {MAX_JSON_BYTES:,} bytes; use JSON lines instead")
    try:
        rows = lines_of.decode_json(source.path.read_bytes().removeprefix(lines_of.BOM))
    except RecursionError as problem:
        raise Invalid("the JSON is nested too deeply") from problem
    except msgspec.DecodeError as problem:
        raise BrokenTable(f"the file is not JSON: {problem}") from problem
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid("the JSON is not a list of objects")
    return iter(rows)


def _sheet(source: Source, book: Any) -> tuple[str, int]:
    """Return the chosen sheet and the row with the names of its columns.

    By default it is the first sheet with a table, which a cover does not have.
    """
    names: Sequence[str] = book.sheet_names
    if source.sheet and source.sheet not in names:
        known = [repr(name) for name in names[:10]]
        raise Invalid.field(
            "sheet", f"there is no sheet '{source.sheet}'; there are: {', '.join(known)}"
        )
    for name in [source.sheet] if source.sheet else names:
        try:
            sample = book.load_sheet(name, header_row=None, n_rows=SAMPLE_ROWS, dtypes="string")
            rows = sample.to_polars().rows()
        except fastexcel.FastExcelError:  # an empty sheet
            rows = []
        widths = [sum(cell is not None for cell in row) for row in rows]
        if source.sheet or max(widths, default=0) > 1:
            # Rows before the names, such as a title, have one cell at most.
            first = next((place for place, width in enumerate(widths) if width > 1), 0)
            return name, first if widths and widths[first] >= max(widths[first:]) else 0
    return names[0], 0


def type_name(dtype: pl.DataType) -> ColumnType:
    """Return nbyard's name of a polars type."""
    tests: list[tuple[ColumnType, bool]] = [
        ("int", dtype.is_integer()),
        ("decimal", isinstance(dtype, pl.Decimal)),
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


@contextlib.contextmanager
def separate_columns(
    source: Source, info: TableInfo, places: Sequence[int]
) -> Iterator[Sequence[pl.Series | pl.LazyFrame]]:
    """Open the columns at these places, each as a series or a lazy frame, for a `with` block.

    The columns of a large table are in memory only while they are used. Temporary files are deleted
    when the block ends.
    """
    parts: list[Path] = []
    try:
        if source.format in ("csv", "tsv"):
            frame = typed_frame(source, info, places)
            if source.path.stat().st_size <= IN_MEMORY_BYTES:
                whole: pl.DataFrame = frame.collect()
                yield whole.get_columns()
            else:
                parts.append(source.folder / "table.arrow")
                frame.sink_ipc(parts[0], compression="uncompressed")
                yield _separate(pl.scan_ipc(parts[0]), range(len(places)))
        elif source.format in ("jsonl", "json"):
            columns = [info.columns[place] for place in places]
            for number, chunk in enumerate(json_objects.read_frames(object_rows(source), columns)):
                parts.append(source.folder / f"part-{number}.arrow")
                chunk.write_ipc(parts[-1])
            # Else the last chunk would stay in memory while the columns are used.
            del chunk
            yield _separate(pl.scan_ipc(parts, glob=False), range(len(places)))
        else:
            yield _separate(declared_frame(source), places)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _separate(frame: pl.LazyFrame, places: Sequence[int]) -> Sequence[pl.LazyFrame]:
    return [frame.select(pl.nth(place)) for place in places]


def declared_schema(source: Source) -> TableInfo:
    """Return the schema of a file that declares its types, or of a JSON list.

    Raises:
        BrokenTable: The file is damaged.
        Invalid: A JSON list is too large, or has items that are not objects.
    """
    if source.format == "json":
        kinds = json_objects.kinds_of(object_rows(source))
        columns = kinds.columns()
        return TableInfo("json", kinds.rows, columns, len(columns), encoding="utf-8")
    try:
        frame = declared_frame(source)
        schema = frame.collect_schema()
        rows: int = frame.select(pl.len()).collect().item() if len(schema) else 0
    except (pl.exceptions.ComputeError, fastexcel.CalamineError) as problem:
        message = str(problem).partition("\n")[0][:MAX_WORDS]
        # Other errors are limits of polars, so the file may be fine.
        if isinstance(problem, fastexcel.CalamineError) or any(w in message for w in OUT_OF_SPEC):
            why = f"the {source.format} file is damaged: {message}"
            raise BrokenTable(why) from problem
        raise
    columns = [Column(name, type_name(dtype)) for name, dtype in schema.items()]
    table_info = TableInfo(source.format, rows, columns, len(columns))
    if source.format != "excel":
        return table_info
    book = fastexcel.read_excel(source.path)
    names = list(book.sheet_names)
    (shown, skipped), warnings = _sheet(source, book), []
    if skipped:
        warnings.append(because("lines-before-table", count=skipped))
    if len(names) > 1 and not source.sheet:
        others = [repr(name[:40]) for name in names if name != shown][:5]
        params = {"sheet": repr(shown), "count": len(names), "others": others}
        warnings.append(because("first-sheet", **params))
    return msgspec.structs.replace(
        table_info, sheet=shown, sheets=names, skipped_lines=skipped, warnings=warnings
    )


def read_page(
    source: Source, info: TableInfo, shown: Sequence[int], offset: int, limit: int, sort: str
) -> list[list[Any]]:
    """Return `limit` rows from `offset`, in the order of the file or sorted by the column `sort`.

    `shown` has the places of the wanted columns. A + or - before the column's name is the
    direction. Missing values are sorted last; equal ones keep their order, also between pages.

    Raises:
        Invalid: There is no such column to sort by.
    """
    by = None
    if sort:
        name = sort[1:] if sort.startswith(("+", "-")) else sort
        names = [column.name for column in info.columns]
        if name not in names:
            raise Invalid.field("sort", f"there is no column '{name}'")
        by = names.index(name)
    order = {"descending": sort.startswith("-"), "nulls_last": True, "maintain_order": True}
    if source.format in ("json", "jsonl"):
        rows, wanted = list(object_rows(source)), slice(offset, offset + limit)
        if by is not None:
            keys = pl.concat(json_objects.read_frames(rows, [info.columns[by]])).to_series()
            places = keys.alias("").to_frame().with_row_index("place").sort("", **order)["place"]
            rows = [rows[place] for place in places[wanted]]
        else:
            rows = rows[wanted]
        kept = [info.columns[place].name for place in shown]
        return [[to_json(row.get(name)) for name in kept] for row in rows]
    if source.format in ("csv", "tsv"):
        every = range(len(info.columns))
        frame = typed_frame(source, info, every)
    else:
        frame = declared_frame(source)
    if by is not None:
        # By place, because a name may look like a pattern.
        frame = frame.sort(pl.nth(by), **order)
    page = frame.select(pl.nth(list(shown))).slice(offset, limit).collect()
    return [[to_json(value) for value in row] for row in page.iter_rows()]
