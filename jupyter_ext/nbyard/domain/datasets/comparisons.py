"""Differences between two versions of a dataset: columns with figures, or files of a folder.

Columns are matched by name, files by path.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from nbyard.domain.datasets.structs import DatasetVersion
from nbyard.domain.datasets.table_descriptions import ColumnProfile, ColumnType, Profile
from nbyard.reasons.structs import Reason

MAX_FILES = 1_000
FIGURES = ("type", "count", "nulls", "distinct", "min", "mean", "max")


class ColumnFigures(msgspec.Struct, frozen=True):
    """A column in numbers. `count` leaves nulls out."""

    type: ColumnType
    count: int
    nulls: int
    distinct: int | None = None
    min: Any = None
    mean: float | str | None = None
    max: Any = None


class ColumnChange(msgspec.Struct, frozen=True):
    """A column of either version, before (`old`) and after (`new`).

    `differs` names the figures that changed. A column with a new type is *retyped*.
    """

    name: str
    change: Literal["same", "changed", "retyped", "added", "removed"]
    old: ColumnFigures | None = None
    new: ColumnFigures | None = None
    differs: list[str] = []


class FileChange(msgspec.Struct, frozen=True):
    """A file of a folder that is in one version only, or has different bytes."""

    path: str
    change: Literal["changed", "added", "removed"]
    old_bytes: int | None = None
    new_bytes: int | None = None


class Comparison(msgspec.Struct, frozen=True):
    """Two versions side by side.

    `same` means equal bytes. `columns` are the columns of both tables in the order of the new
    one. `files` are the files that differ between two folders; `file_changes` counts all of
    them. `note` says why the comparison is limited.
    """

    old: DatasetVersion
    new: DatasetVersion
    same: bool
    columns: list[ColumnChange] = []
    files: list[FileChange] = []
    file_changes: int = 0
    note: Reason | None = None


class Content(msgspec.Struct, frozen=True):
    """The content of a file in a folder: its digest and size."""

    digest: str
    size_bytes: int


def compare_columns(old: Profile, new: Profile) -> list[ColumnChange]:
    """Compare all columns of both versions. Removed columns stay near their old position."""
    then = {column.name: column for column in old.columns}
    now = {column.name: column for column in new.columns}
    order = list(now)
    place = 0
    for name in then:
        if name in now:
            place = max(place, order.index(name) + 1)
        else:
            order.insert(place, name)
            place += 1
    changes = []
    for name in order:
        before, after = _figures(then.get(name)), _figures(now.get(name))
        change: Literal["same", "changed", "retyped", "added", "removed"] = "same"
        differs = []
        if before is None:
            change = "added"
        elif after is None:
            change = "removed"
        else:
            differs = [
                figure for figure in FIGURES if getattr(before, figure) != getattr(after, figure)
            ]
            if differs:
                change = "retyped" if "type" in differs else "changed"
        changes.append(ColumnChange(name, change, before, after, differs))
    return changes


def _figures(column: ColumnProfile | None) -> ColumnFigures | None:
    if column is None:
        return None
    return ColumnFigures(**{figure: getattr(column, figure) for figure in FIGURES})


def compare_files(old: Mapping[str, Content], new: Mapping[str, Content]) -> list[FileChange]:
    """Return the differences between two folders, by path."""
    changes = []
    for path in sorted({*old, *new}):
        then, now = old.get(path), new.get(path)
        if then is None and now is not None:
            changes.append(FileChange(path, "added", None, now.size_bytes))
        elif then is not None and now is None:
            changes.append(FileChange(path, "removed", then.size_bytes))
        elif then is not None and now is not None and then.digest != now.digest:
            changes.append(FileChange(path, "changed", then.size_bytes, now.size_bytes))
    return changes
