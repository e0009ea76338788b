"""Samples a table from all parts of its file, quickly whatever the size."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from math import isqrt
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl  # noqa: TID253  # this process exists for it

from nbyard.domain.datasets.table_descriptions import MAX_COLUMNS, MAX_TEXT_COLUMNS, TableInfo
from nbyard.runner.handoff.text_format import MAX_LINE_BYTES
from nbyard.tabular import json_objects
from nbyard.tabular.polars_frames import (
    declared_frame,
    object_rows,
    text_options,
    typed_frame,
    typed_values,
)
from nbyard.tabular.prepare_source import Source
from nbyard.tabular.stored_schemas import check_width, info_of, text_info
from nbyard.tabular.type_inference import infer_types

SPOTS = 24
SPOT_BYTES = 64 << 10
SPOT_ROWS = 2500
WHOLE_BYTES = 4 << 20
FIRST_ROWS = 500
ROW = "\0row"  # the column of row numbers, a name that no table has
# A column with at most so many values, which repeat, names classes. A sample has FEW rows of each.
MAX_CLASSES = 20
FEW = 5
# A part of a file may begin inside of a quoted text; so many of its lines are skipped.
MAX_SKIPPED = 50


class Sample(NamedTuple):
    """A sample of a table.

    `total` is the approximate number of all rows, None if the sample has all. The columns have the
    types that fit all rows, if these were read before. Otherwise they have the types that fit the
    sample.
    """

    info: TableInfo
    frame: pl.LazyFrame
    total: int | None


def sample_table(source: Source) -> Sample:
    """Return a sample of a table, or all rows of a small one."""
    if source.format in ("csv", "tsv"):
        return _of_text(source)
    if source.format == "jsonl" and (size := source.path.stat().st_size) > WHOLE_BYTES:
        content = _pieces(source)
        rows = list(json_objects.rows_of(content.splitlines()))
        columns = json_objects.kinds_of(rows).columns()
        suggested = TableInfo("jsonl", None, columns, len(columns), encoding="utf-8")
        info = source.known_info() or suggested
        return Sample(
            info, _frame_of(rows, info), info.rows or _estimated(len(rows), size, content)
        )
    info = info_of(source, whole=True)
    if source.format in ("json", "jsonl"):
        return Sample(info, _frame_of(list(object_rows(source)), info), None)
    frame, total = declared_frame(source), info.rows or 0
    is_large = total > SPOTS * SPOT_ROWS
    return Sample(info, _parts_of(frame, total, SPOT_ROWS), total if is_large else None)


def _parts_of(frame: pl.LazyFrame, total: int, part: int) -> pl.LazyFrame:
    if total <= SPOTS * part:
        return frame
    step = (total - part) // (SPOTS - 1)
    return pl.concat([frame.slice(spot * step, part) for spot in range(SPOTS)])


def _frame_of(rows: list[json_objects.Row], info: TableInfo) -> pl.LazyFrame:
    return pl.concat(json_objects.read_frames(rows, info.columns)).lazy()


def _of_text(source: Source) -> Sample:
    size = source.path.stat().st_size
    if size <= WHOLE_BYTES:
        info = info_of(source, whole=True)
        check_width(info)
        return Sample(info, typed_frame(source, info, range(len(info.columns))), None)
    content = _pieces(source)
    texts = pl.read_csv(io.BytesIO(content), has_header=False, **text_options(source))
    names, comma = source.dialect.names, source.dialect.decimal_comma
    if known := source.known_info():
        info = known
    elif len(names) > MAX_TEXT_COLUMNS:
        info = info_of(source)
    else:
        first = [column.fill_null("").to_list() for column in texts.head(FIRST_ROWS).get_columns()]
        info = text_info(source, None, *infer_types(texts, first, names, comma))
    check_width(info)
    frame = typed_values(texts, info).lazy()
    return Sample(info, frame, info.rows or _estimated(texts.height, size, content))


def _estimated(rows: int, size: int, content: bytes) -> int:
    return round(rows * size / max(1, len(content)))


def _pieces(source: Source) -> bytes:
    path = source.utf8_path if source.format != "jsonl" else source.path
    begin = source.dialect.body if source.format != "jsonl" and path == source.path else 0
    return _lines_of_parts(source, path, begin, SPOT_BYTES)


def _lines_of_parts(source: Source, path: Path, begin: int, part: int) -> bytes:
    """Return whole lines from all parts of the file.

    If quotes may contain line breaks, all rows of a part are as wide as the header.
    """
    size = path.stat().st_size
    pieces = []
    with path.open("rb") as file:
        for spot in range(SPOTS):
            file.seek(begin + spot * (size - begin - part) // (SPOTS - 1))
            # The spot may lie within a line; skip its rest.
            if spot or begin == 0:
                file.readline(MAX_LINE_BYTES)
            pieces.append(file.read(part) + file.readline(MAX_LINE_BYTES))
        # In the middle of a file, it is unknown whether a quote is open.
        if source.format != "jsonl" and any(b'"' in piece for piece in pieces):
            pieces = [_whole_rows(piece, source) for piece in pieces]
            if pieces.count(b"") > SPOTS // 2:
                file.seek(begin)
                pieces = [_closed(file.read(WHOLE_BYTES))]
    lines = b"\n".join(pieces).split(b"\n")
    return b"\n".join(line for line in lines if line.strip(b"\r")) + b"\n"


def _closed(text: bytes) -> bytes:
    """Cut a text after its last line end outside of quotes."""
    end = len(text)
    while (end := text.rfind(b"\n", 0, end)) >= 0:
        if text.count(b'"', 0, end) % 2 == 0:
            return text[: end + 1]
    return text


def _whole_rows(text: bytes, source: Source) -> bytes:
    """Return the rows of a part, from its first line on that does not lie inside of quotes."""
    width = len(source.dialect.names)
    for _ in range(MAX_SKIPPED):
        closed = _closed(text)
        with suppress(csv.Error):
            if all(len(row) == width for row, _ in _rows(closed, source)):
                return closed
        text = text.partition(b"\n")[2]
    return b""


def _rows(text: bytes, source: Source) -> Iterator[tuple[list[str], bytes]]:
    """Yield the rows of a text table without its header, each with its bytes."""
    lines, start = text.splitlines(keepends=True), 0
    decoded = (line.decode(source.dialect.encoding, "replace") for line in lines)
    reader = csv.reader(decoded, delimiter=source.dialect.delimiter)
    for row in reader:
        if row:  # blank lines stay with the row after them
            yield row, b"".join(lines[start : reader.line_num])
            start = reader.line_num


def copy_sample(source: Source, rows: int, target: Path, part: int = SPOT_BYTES) -> bool:
    """Copy a fair sample of a table to `target`: see `fair_rows`. Text rows keep their bytes.

    Return False if the whole file should be used. A sample of more than 4 MB of text or 60,000 rows
    of Parquet is drawn from 24 parts of the file, each of `part` bytes.
    """
    if source.format == "parquet":
        return _copy_parquet(source, rows, target)
    if source.format not in ("csv", "tsv", "jsonl"):
        return False
    path, begin = source.path, source.dialect.body if source.format != "jsonl" else 0
    with path.open("rb") as file:
        head = file.read(begin)
        is_whole = path.stat().st_size - begin <= max(WHOLE_BYTES, SPOTS * part)
        text = file.read() if is_whole else _lines_of_parts(source, path, begin, part)
    if source.format == "jsonl":
        lines = [line for line in text.splitlines(keepends=True) if line.strip()]
        objects = list(json_objects.rows_of(lines))
        names = dict.fromkeys(name for row in objects for name in row)
        columns = ((str(row.get(name)) for row in objects) for name in names)
    else:
        try:
            read = list(_rows(text, source))
        except csv.Error:
            return False
        lines = [line for _, line in read]
        width = len(source.dialect.names)
        columns = ((row[at] if at < len(row) else "" for row, _ in read) for at in range(width))
    if len(lines) <= rows:
        return not is_whole and copy_sample(source, rows, target, 8 * part)
    copy = head + b"".join(lines[place] for place in fair_rows(len(lines), rows, columns))
    if path != source.original:  # it was rewritten as UTF-8
        copy = copy.decode().encode(source.encoding)
    target.write_bytes(copy)
    return True


def _copy_parquet(source: Source, rows: int, target: Path) -> bool:
    frame = declared_frame(source)
    schema = frame.collect_schema()
    total: int = frame.select(pl.len()).collect().item()
    if total <= rows:
        return False
    part = max(SPOT_ROWS, rows // SPOTS + 1)
    frame, total = _parts_of(frame, total, part), min(total, SPOTS * part)
    plain = [name for name, dtype in schema.items() if not dtype.is_nested()][:MAX_COLUMNS]
    # One column at a time, because some have long texts.
    columns = (frame.select(name).collect().to_series() for name in plain)
    places = fair_rows(total, rows, columns)
    sample = frame.with_row_index(ROW).filter(pl.col(ROW).is_in(places)).drop(ROW).collect()
    # With the schema of Arrow, which pyarrow and pandas read: types, categories and the index.
    sample.write_parquet(target, metadata=pl.read_parquet_metadata(source.path))
    return True


def fair_rows(count: int, rows: int, columns: Iterable[Iterable[Any]]) -> list[int]:
    """Return the places of `rows` of `count` rows, in order, as a fair sample.

    They are stretches from all parts, so that neighbours stay together, such as in a time series.
    Of each value of a column with few values, some rows are kept. Tables with equal numbers of
    rows have the same places, unless they lack a value.
    """
    chosen = spread(count, rows)
    taken, needed = set(chosen), set[int]()
    for column in columns:
        members: defaultdict[Any, list[int]] = defaultdict(list)
        for place, value in enumerate(column):
            members[value].append(place)
            if len(members) > min(MAX_CLASSES, count // 2):
                break
        else:
            few = max(1, min(FEW, rows // len(members) // 2))
            for places in members.values():
                # Rows that are taken anyway come first.
                held = sorted(places, key=lambda at: (at not in needed) + (at not in taken))[:few]
                if len(needed.union(held)) <= rows:
                    needed.update(held)
                    taken.update(held)
    rest = [place for place in chosen if place not in needed]
    return sorted([*needed, *(rest[at] for at in spread(len(rest), rows - len(needed)))])


def spread(count: int, wanted: int) -> list[int]:
    """Return at most `wanted` places of `count`, in order: stretches with equal gaps."""
    wanted = min(count, wanted)
    parts = isqrt(max(0, wanted - 1)) + 1
    gaps = max(1, parts - 1)
    return [at + (count - wanted) * (at * parts // wanted) // gaps for at in range(wanted)]
