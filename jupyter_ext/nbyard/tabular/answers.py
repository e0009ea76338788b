"""The questions that a reader process answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from nbyard.domain.tables import (
    MAX_COLUMNS,
    MAX_PAGE_ROWS,
    BrokenTable,
    Column,
    ColumnType,
    Profile,
    TableInfo,
    TablePage,
)
from nbyard.errors import Invalid
from nbyard.tabular import formats, texts
from nbyard.tabular.sources import Source
from nbyard.tabular.values import to_json

TYPED_ROWS = 1000


class Question(msgspec.Struct, omit_defaults=True):
    """One question; `folder` is where its leftovers may lie."""

    about: str
    path: str = ""
    filename: str = ""
    folder: str = ""
    sheet: str = ""
    count: bool = False
    offset: int = 0
    limit: int = 100
    sort: str = ""


def answer(question: Question) -> TableInfo | TablePage | Profile:
    source = Source(Path(question.path), question.filename, Path(question.folder), question.sheet)
    answers: dict[str, Callable[[Question, Source], TableInfo | TablePage | Profile]] = {
        "info": _info,
        "page": _page,
        "sample": _sample,
        "profile": _profile,
    }
    return answers[question.about](question, source)


def _info(question: Question, source: Source) -> TableInfo:
    if source.format in ("csv", "tsv"):
        scan = source.scan() if question.count else source.known_scan()
        dialect = source.dialect
        return TableInfo(
            format=source.format,
            rows=scan.rows if scan else None,
            columns=_text_columns(source),
            column_count=len(dialect.names),
            delimiter=dialect.delimiter,
            encoding=source.encoding if source.encoding.startswith("utf-16") else dialect.encoding,
            decimal_comma=dialect.decimal_comma,
            warnings=_warnings(source),
        )
    if source.format == "jsonl":
        scan = source.scan() if question.count else source.known_scan()
        names, rows = _objects(texts.lines_page(source.path, 0, TYPED_ROWS, None), 0)
        columns = _object_columns(names, rows)
        return TableInfo(
            "jsonl", scan.rows if scan else None, columns, len(names), encoding="utf-8"
        )
    from nbyard.tabular import frames

    return frames.info(source)


def _page(question: Question, source: Source) -> TablePage:
    offset, limit = max(0, question.offset), min(max(0, question.limit), MAX_PAGE_ROWS)
    if question.sort or source.format not in ("csv", "tsv", "jsonl"):
        from nbyard.tabular import frames

        return frames.page(source, offset, limit, question.sort)
    scan = source.known_scan() or (source.scan() if offset > 10 * TYPED_ROWS else None)
    total = scan.rows if scan else None
    if source.format == "jsonl":
        names, first = _objects(texts.lines_page(source.path, 0, TYPED_ROWS, None), 0)
        _, found = _objects(texts.lines_page(source.path, offset, limit, scan), offset)
        rows = [[to_json(row.get(name)) for name in names[:MAX_COLUMNS]] for row in found]
        return TablePage(_object_columns(names, first), offset, total, rows)
    columns = _text_columns(source)
    comma = source.dialect.decimal_comma
    rows = [
        [_typed(text, column.type, comma) for text, column in zip(row, columns, strict=False)]
        for row in texts.page(source.path, source.dialect, offset, limit, scan)
    ]
    return TablePage(columns, offset, total, rows, _warnings(source))


def _typed(text: str, type_name: ColumnType, comma: bool) -> object:
    if text in formats.NULLS:
        return None
    value = formats.convert(text, type_name, comma)
    return to_json(text if value is None else value)


def _text_columns(source: Source) -> list[Column]:
    dialect = source.dialect
    first = texts.page(source.path, dialect, 0, TYPED_ROWS, None)
    width = min(len(dialect.names), MAX_COLUMNS)
    values = list(zip(*(row[:width] for row in first), strict=True)) or [()] * width
    return [
        Column(name, formats.type_of(texts_of, dialect.decimal_comma))
        for name, texts_of in zip(dialect.names, values, strict=False)
    ]


def _warnings(source: Source) -> list[str]:
    found = []
    dialect, scan = source.dialect, source.known_scan()
    if len(dialect.names) > MAX_COLUMNS:
        found.append(f"only the first {MAX_COLUMNS} of {len(dialect.names):,} columns are shown")
    if dialect.renamed:
        shown = ", ".join(repr(name[:40]) for name in dialect.renamed[:5])
        found.append(f"columns without a name of their own were renamed: {shown}")
    if scan and scan.ragged:
        found.append(f"{scan.first_ragged} ({scan.ragged:,} such lines)")
    return found


def _objects(lines: list[bytes], offset: int) -> tuple[list[str], list[dict[str, Any]]]:
    names: dict[str, None] = {}
    rows = []
    for number, line in enumerate(lines, offset + 1):
        try:
            row = msgspec.json.decode(line.removeprefix(b"\xef\xbb\xbf"))
        except RecursionError as problem:
            raise Invalid(f"row {number:,} is nested too deeply") from problem
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise BrokenTable(f"row {number:,} is not JSON: {problem}") from problem
        if not isinstance(row, dict):
            raise Invalid(f"row {number:,} is not a JSON object")
        names.update(dict.fromkeys(row))
        rows.append(row)
    return list(names), rows


def _object_columns(names: list[str], rows: list[dict[str, Any]]) -> list[Column]:
    kinds: dict[type, ColumnType] = {
        bool: "bool",
        int: "int",
        float: "float",
        str: "string",
        list: "list",
        dict: "struct",
    }
    found = []
    for name in names[:MAX_COLUMNS]:
        types = {kinds[type(row[name])] for row in rows if row.get(name) is not None}
        both: ColumnType = "float" if types == {"int", "float"} else "other"
        found.append(Column(name, types.pop() if len(types) == 1 else both if types else "null"))
    return found


def _sample(question: Question, source: Source) -> Profile:
    from nbyard.tabular import profiles, samples

    frame, total = samples.sample(source)
    columns = [profiles.profile(column) for column in frame.get_columns()[:MAX_COLUMNS]]
    return Profile(frame.height, total is not None, columns, total or frame.height)


def _profile(question: Question, source: Source) -> Profile:
    from nbyard.tabular import frames, profiles

    columns = [profiles.profile(column) for column in frames.each_column(source)]
    rows = columns[0].count + columns[0].nulls if columns else 0
    warnings = _warnings(source) if source.format in ("csv", "tsv") else []
    return Profile(rows, False, columns, rows, warnings)
