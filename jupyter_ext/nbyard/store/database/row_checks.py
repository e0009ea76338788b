"""Checks of rows that come from elsewhere, such as those of a backup.

SQLite stores any value in any column. Parts of paths are made of IDs, digests and file names.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Float, Integer, Table

from nbyard.domain.digest import is_digest
from nbyard.domain.ids import is_id
from nbyard.domain.naming.names import check_member_path
from nbyard.errors import Invalid
from nbyard.store.database.database_connection import json_value
from nbyard.store.schema.sql_column_types import Moment
from nbyard.store.schema.tables import Digest, Id, metadata

Check = Callable[[Any], bool]
INTEGERS = range(-(2**63), 2**63)
MOMENTS = range(-62135596800, 253402300800)  # seconds of the years 1 to 9999
NAME_LENGTH = 255
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
KERNELS = "environments"  # their kernel is the name of a folder
NAMES_BYTES = ("digest", "files")  # columns; others are only compared


def checks_of(table: Table) -> Mapping[str, Check]:
    """Return the check of each column of a table of the database."""
    known = metadata.tables.get(table.name)
    checks = {}
    for column in table.columns:
        declared = known.columns.get(column.name) if known is not None else None
        check = _check_of(column if declared is None else declared)
        checks[column.name] = _or_null(check) if column.nullable else check
    return checks


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _check_of(column: Column[Any]) -> Check:
    kind = column.type
    if isinstance(kind, JSON):
        return _is_json
    if isinstance(kind, Boolean):
        return lambda value: isinstance(value, bool)
    if isinstance(kind, Integer):
        return lambda value: type(value) is int and value in INTEGERS
    if isinstance(kind, Moment):
        return lambda value: _is_number(value) and int(value) in MOMENTS
    if isinstance(kind, Float):
        return _is_number
    return _check_of_text(column)


def _check_of_text(column: Column[Any]) -> Check:
    if column.type is Id and (column.primary_key or column.foreign_keys):
        return lambda value: _is_text(value) and is_id(value)
    if column.name == "worker":
        return lambda value: _is_text(value) and (is_id(value) or not value)
    if column.type is Digest and column.name.endswith(NAMES_BYTES):
        return lambda value: _is_text(value) and (is_digest(value) or not value)
    if column.name == "name" and getattr(column.type, "length", 0) == NAME_LENGTH:
        return _is_name
    if column.name == "filename" or (column.name == "kernel" and column.table.name == KERNELS):
        return lambda value: _is_text(value) and (_is_filename(value) or not value)
    return _is_text


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_json(value: Any) -> bool:
    if not _is_text(value):
        return False
    try:
        json_value(value)
    except (ValueError, RecursionError):
        return False
    return True


def _is_name(value: Any) -> bool:
    # Names of earlier versions may break the present rules.
    return _is_text(value) and bool(value.strip()) and not CONTROL.search(value)


def _is_filename(value: str) -> bool:
    try:
        return "/" not in check_member_path(value)
    except Invalid:
        return False
