"""Answers the questions that a reader process receives."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from nbyard.domain.contracts.structs import Breach, CheckedFile, ContractQuestion
from nbyard.domain.datasets.previews import FilePreview
from nbyard.domain.datasets.table_descriptions import (
    MAX_COLUMNS,
    MAX_PAGE_ROWS,
    ColumnProfile,
    Profile,
    TableInfo,
    TablePage,
)
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because
from nbyard.tabular import text_tables
from nbyard.tabular.json_values import to_json
from nbyard.tabular.prepare_source import Source
from nbyard.tabular.previews import preview
from nbyard.tabular.stored_schemas import FIRST_ROWS, check_width, info_of

TEXTS = ("csv", "tsv")
SAMPLE_FILE = "sample-rows"
# One sort does not keep a processor busy all the time. More threads would need more memory.
COLUMNS_AT_ONCE = 2


class Question(msgspec.Struct, omit_defaults=True):
    """A question about a file."""

    about: str  # its kind
    path: str = ""
    filename: str = ""
    folder: str = ""  # for intermediate files
    sheet: str = ""
    count: bool = False
    offset: int = 0
    limit: int = 100
    sort: str = ""
    column_offset: int = 0
    contract: ContractQuestion | None = None


Answer = TableInfo | TablePage | Profile | FilePreview | bool | list[Breach]


def answer_question(question: Question) -> Answer:
    """Answer one question about a file."""
    path, folder = Path(question.path), Path(question.folder)
    if question.about == "preview":

        def read_table() -> TablePage:
            return _page(question, Source(path, question.filename, folder))

        return preview(path, question.filename, folder, read_table)
    if question.contract:
        from nbyard.tabular.contract_checks import check_contract

        metrics = question.contract.metrics
        file = CheckedFile(question.path, question.filename, question.folder, metrics)
        return check_contract(file, question.contract)
    source = Source(path, question.filename, folder, question.sheet)
    if question.about == "sample-rows":
        from nbyard.tabular.samples import copy_sample

        return copy_sample(source, question.limit, folder / SAMPLE_FILE)
    if question.about == "info":
        return info_of(source, question.count)
    answers: dict[str, Callable[[Question, Source], TablePage | Profile]] = {
        "page": _page,
        "sample": _sample,
        "profile": _profile,
    }
    return answers[question.about](question, source)


def _requested_places(question: Question, info: TableInfo) -> range:
    start = max(0, question.column_offset)
    if start and start >= len(info.columns):
        raise Invalid.field("column_offset", f"only {len(info.columns):,} columns can be shown")
    return range(start, min(start + MAX_COLUMNS, len(info.columns)))


def _warnings(info: TableInfo, shown: range) -> list[Reason]:
    known = info.warnings
    if len(shown) == info.column_count:
        return known
    ends = {"last": shown.stop, "count": info.column_count}
    if shown.start == 0:
        return [because("first-columns-shown", **ends), *known]
    return [because("columns-shown", first=shown.start + 1, **ends), *known]


def _page(question: Question, source: Source) -> TablePage:
    info = info_of(source)
    shown = _requested_places(question, info)
    offset, limit = max(0, question.offset), min(max(0, question.limit), MAX_PAGE_ROWS)
    columns = [info.columns[place] for place in shown]
    # Only text can be read from the middle of a file; other formats and sorting need polars.
    if question.sort or source.format not in (*TEXTS, "jsonl"):
        from nbyard.tabular import polars_frames

        rows = polars_frames.read_page(source, info, shown, offset, limit, question.sort)
    elif source.format == "jsonl":
        from nbyard.tabular.json_objects import rows_of

        lines = text_tables.lines_page(source.path, offset, limit, _scan(source, offset))
        objects = rows_of(lines, offset)
        rows = [[to_json(row.get(column.name)) for column in columns] for row in objects]
    else:
        from nbyard.tabular import polars_frames

        # The scan comes first: it may find that the dialect has another encoding.
        scan = _scan(source, offset)
        read = text_tables.read_page(source.path, source.dialect, offset, limit, scan)
        cells = [row[shown.start : shown.stop] for row in read]
        rows = polars_frames.converted_rows(cells, columns, info.decimal_comma)
    return TablePage(columns, offset, info.rows, rows, _warnings(info, shown), *_place(info, shown))


def _place(info: TableInfo, shown: range) -> tuple[int, int, str, list[str]]:
    return shown.start, info.column_count, info.sheet, info.sheets


def _scan(source: Source, offset: int) -> text_tables.Scan | None:
    """Return the index of rows.

    It is created if the page is far from the start of the file.
    """
    known = source.known_scan()
    far = offset > 10 * FIRST_ROWS and source.format != "jsonl"
    return known or (source.scan() if far else None)


def _sample(question: Question, source: Source) -> Profile:
    import polars as pl

    from nbyard.tabular import samples

    info, lazy, total = samples.sample_table(source)
    shown = _requested_places(question, info)
    frame = lazy.select(pl.nth(list(shown))).collect()
    columns = _profiles(frame.get_columns(), info, shown)
    warnings = _warnings(info, shown)
    rows = frame.height
    return Profile(rows, total is not None, columns, total or rows, warnings, *_place(info, shown))


def _profile(question: Question, source: Source) -> Profile:
    from nbyard.tabular import polars_frames

    info = info_of(source, whole=True)
    if source.format in TEXTS:
        check_width(info)
    shown = _requested_places(question, info)
    with polars_frames.separate_columns(source, info, shown) as series:
        columns = _profiles(series, info, shown)
    rows = columns[0].count + columns[0].nulls if columns else info.rows or 0
    return Profile(rows, False, columns, rows, _warnings(info, shown), *_place(info, shown))


def _profiles(series: Iterable[Any], info: TableInfo, shown: range) -> list[ColumnProfile]:
    from concurrent.futures import ThreadPoolExecutor

    from nbyard.tabular.profiles import profile_column

    with ThreadPoolExecutor(COLUMNS_AT_ONCE) as threads:
        columns = [info.columns[place] for place in shown]
        return list(threads.map(profile_column, series, columns))
