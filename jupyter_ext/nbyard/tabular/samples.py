"""Samples a table from all parts of its file, quickly whatever the size."""

import io
from typing import NamedTuple

import polars as pl  # noqa: TID253  # this process exists for it

from nbyard.domain.datasets.table_descriptions import MAX_TEXT_COLUMNS, TableInfo
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
    if total <= SPOTS * SPOT_ROWS:
        return Sample(info, frame, None)
    step = (total - SPOT_ROWS) // (SPOTS - 1)
    spots = [frame.slice(spot * step, SPOT_ROWS) for spot in range(SPOTS)]
    return Sample(info, pl.concat(spots), total)


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
    """Return whole lines from all parts of the file.

    If quotes may contain line breaks, only lines from the beginning are returned.
    """
    path = source.utf8_path if source.format != "jsonl" else source.path
    begin = source.dialect.body if source.format != "jsonl" and path == source.path else 0
    size = path.stat().st_size
    pieces = []
    with path.open("rb") as file:
        for spot in range(SPOTS):
            file.seek(begin + spot * (size - begin - SPOT_BYTES) // (SPOTS - 1))
            # The spot may lie within a line; skip its rest.
            if spot or begin == 0:
                file.readline(MAX_LINE_BYTES)
            pieces.append(file.read(SPOT_BYTES) + file.readline(MAX_LINE_BYTES))
        # In the middle of a file, it is unknown whether a quote is open.
        if source.format != "jsonl" and any(b'"' in piece for piece in pieces):
            file.seek(begin)
            text = file.read(WHOLE_BYTES)
            end = len(text)
            # Cut the text after the last line end outside of quotes.
            while (end := text.rfind(b"\n", 0, end)) >= 0:
                if text.count(b'"', 0, end) % 2 == 0:
                    return text[: end + 1]
            return text
    lines = b"\n".join(pieces).split(b"\n")
    return b"\n".join(line for line in lines if line.strip(b"\r")) + b"\n"
