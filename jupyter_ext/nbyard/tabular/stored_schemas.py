"""Returns the schema of a table, which is inferred from all rows once and then stored."""

from collections.abc import Sequence

from nbyard.domain.datasets.table_descriptions import (
    MAX_COLUMNS,
    MAX_TEXT_COLUMNS,
    Column,
    TableInfo,
)
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because
from nbyard.runner.handoff.text_format import form_of
from nbyard.tabular import text_tables
from nbyard.tabular.prepare_source import ENCODINGS, Source

FIRST_ROWS = 1000
# Up to this size, all rows are read before the first page appears.
SOON_BYTES = 64 << 20


def info_of(source: Source, whole: bool = False) -> TableInfo:
    """Return the schema of a table, with types that fit all rows.

    Unless `whole` is set, a large file that was not read before gets types that fit its first rows.

    Raises:
        BrokenTable: The file is not a table.
        Invalid: The table cannot be read.
    """
    if known := source.known_info():
        return known
    is_text = source.format in ("csv", "tsv")
    if (is_text or source.format == "jsonl") and not whole:
        if source.original.stat().st_size > SOON_BYTES:
            return _of_first_rows(source)
        if is_text and len(source.dialect.names) > MAX_TEXT_COLUMNS:
            return _of_first_rows(source)
    if is_text:
        info = _of_text(source)
    elif source.format == "jsonl":
        from nbyard.tabular.json_objects import JsonValueTypes

        kinds = JsonValueTypes()
        scan = source.scan_lines(kinds.add)
        columns = kinds.columns()
        info = TableInfo("jsonl", scan.rows, columns, len(columns), encoding="utf-8")
    else:
        from nbyard.tabular import polars_frames

        info = polars_frames.declared_schema(source)
    source.remember(info)
    return info


def _of_text(source: Source) -> TableInfo:
    scan = source.scan()
    dialect = source.dialect
    if len(dialect.names) > MAX_TEXT_COLUMNS:
        return _of_first_rows(source)
    from nbyard.tabular import polars_frames, type_inference

    lazy = polars_frames.text_frame(source)
    rows = lazy if source.path.stat().st_size > polars_frames.IN_MEMORY_BYTES else lazy.collect()
    first = _first_texts(source, len(dialect.names))
    types = type_inference.infer_types(rows, first, dialect.names, dialect.decimal_comma)
    return text_info(source, scan.rows, *types)


def _of_first_rows(source: Source) -> TableInfo:
    if source.format == "jsonl":
        from nbyard.tabular.json_objects import kinds_of, rows_of

        lines = text_tables.lines_page(source.path, 0, FIRST_ROWS, None)
        columns = kinds_of(rows_of(lines)).columns()
        return TableInfo("jsonl", None, columns, len(columns), encoding="utf-8")
    scan, dialect = source.known_scan(), source.dialect
    width = len(dialect.names) if len(dialect.names) <= MAX_TEXT_COLUMNS else MAX_COLUMNS
    columns = []
    for name, texts in zip(dialect.names, _first_texts(source, width), strict=False):
        form = form_of(texts, dialect.decimal_comma)
        layout = "|".join(form.layouts)
        columns.append(Column(name, form.type, layout=layout, padded=form.padded))
    return text_info(source, scan.rows if scan else None, columns)


def _first_texts(source: Source, width: int) -> list[tuple[str, ...]]:
    first = text_tables.read_page(source.path, source.dialect, 0, FIRST_ROWS, None)
    return list(zip(*(row[:width] for row in first), strict=True)) or [()] * width


def check_width(info: TableInfo) -> None:
    """Check the number of columns of a text table for its profile.

    Raises:
        Invalid: The table has too many columns.
    """
    if info.column_count > MAX_TEXT_COLUMNS:
        raise Invalid(
            f"{info.column_count:,} columns are too many for a profile: the maximum for a text"
            f" table is {MAX_TEXT_COLUMNS:,}"
        )


def text_info(
    source: Source,
    rows: int | None,
    columns: list[Column],
    null_words: bool = True,
    warnings: Sequence[Reason] = (),
) -> TableInfo:
    """Return the schema of a text table with these columns.

    `rows` is None if they were not counted.
    """
    dialect, scan = source.dialect, source.known_scan()
    notes: list[Reason] = []
    is_wide = source.encoding.startswith("utf-16")
    has_carriage_returns = source.path != source.original and not is_wide
    has_ragged_lines = scan is not None and scan.ragged > 0
    encoding = "UTF-16" if is_wide else ENCODINGS.get(dialect.encoding)
    if encoding:
        notes.append(because("text-not-utf-8", encoding=encoding))
    if dialect.skipped:
        notes.append(because("lines-before-table", count=dialect.skipped))
    if dialect.renamed:
        shown = [name[:40] for name in dialect.renamed[:5]]
        notes.append(because("columns-renamed", names=shown))
    if scan and scan.first_ragged:
        notes.append(because("ragged-lines", first=scan.first_ragged, count=scan.ragged))
    return TableInfo(
        format=source.format,
        rows=rows,
        columns=columns,
        column_count=len(dialect.names),
        delimiter=dialect.delimiter,
        encoding=source.encoding if is_wide else dialect.encoding,
        decimal_comma=dialect.decimal_comma,
        null_words=null_words,
        skipped_lines=dialect.skipped,
        is_irregular=source.is_irregular or has_carriage_returns or has_ragged_lines,
        warnings=[*notes, *warnings],
    )
