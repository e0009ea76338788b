"""A sample of a table from all over the file, read within a moment whatever its size."""

import io

import polars as pl  # noqa: TID253  # this process exists for it

from nbyard.tabular.formats import MAX_LINE_BYTES
from nbyard.tabular.frames import csv_options, lazy, with_right_types
from nbyard.tabular.sources import TEXT_FORMATS, Source

SPOTS = 24
SPOT_BYTES = 128 << 10
SPOT_ROWS = 2500
WHOLE_BYTES = 4 << 20
TYPED_ROWS = 500


def sample(source: Source) -> tuple[pl.DataFrame, int | None]:
    """Some rows, and about how many there are; None when these are all."""
    if source.format in TEXT_FORMATS:
        return _of_text(source)
    frame = lazy(source)
    total: int = frame.select(pl.len()).collect().item()
    if total <= SPOTS * SPOT_ROWS:
        return frame.collect(), None
    step = (total - SPOT_ROWS) // (SPOTS - 1)
    spots = [frame.slice(spot * step, SPOT_ROWS).collect() for spot in range(SPOTS)]
    return pl.concat(spots), total


def _of_text(source: Source) -> tuple[pl.DataFrame, int | None]:
    size = source.path.stat().st_size
    if size <= WHOLE_BYTES:
        return with_right_types(source, lambda frame: frame.collect()), None
    content = _pieces(source)
    frame = _parse(source, content)
    known = source.known_scan()
    return frame, known.rows if known else round(frame.height * size / max(1, len(content)))


def _pieces(source: Source) -> bytes:
    """Whole lines from everywhere; only the beginning where lines may lie within quotes."""
    path = source.utf8_path if source.format != "jsonl" else source.path
    begin = source.dialect.body if source.format != "jsonl" and path == source.path else 0
    size = path.stat().st_size
    pieces = []
    with path.open("rb") as file:
        for spot in range(SPOTS):
            file.seek(begin + spot * (size - begin - SPOT_BYTES) // (SPOTS - 1))
            if spot or begin == 0:
                file.readline(MAX_LINE_BYTES)
            pieces.append(file.read(SPOT_BYTES) + file.readline(MAX_LINE_BYTES))
        if source.format != "jsonl" and any(b'"' in piece for piece in pieces):
            file.seek(begin)
            return _whole_rows(file.read(WHOLE_BYTES))
    lines = b"\n".join(pieces).split(b"\n")
    return b"\n".join(line for line in lines if line.strip(b"\r")) + b"\n"


def _whole_rows(text: bytes) -> bytes:
    """Cut after the last line at which no quote is open."""
    end = len(text)
    while (end := text.rfind(b"\n", 0, end)) >= 0:
        if text.count(b'"', 0, end) % 2 == 0:
            return text[: end + 1]
    return text


def _parse(source: Source, content: bytes) -> pl.DataFrame:
    # Deciding the types by all rows is slow; it is done where the first ones mislead.
    try:
        return _parse_as(source, content, TYPED_ROWS)
    except pl.exceptions.ComputeError:
        return _parse_as(source, content, None)


def _parse_as(source: Source, content: bytes, types_from: int | None) -> pl.DataFrame:
    file = io.BytesIO(content)
    if source.format == "jsonl":
        return pl.read_ndjson(file, infer_schema_length=types_from)
    options = csv_options(source)
    return pl.read_csv(file, has_header=False, infer_schema_length=types_from, **options)
