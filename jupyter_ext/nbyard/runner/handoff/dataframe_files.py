"""Stores data frames of pandas, polars and pyarrow as Parquet files.

A file is read by the library that wrote it.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Protocol

MARK = b"nbyard.frame"  # in the metadata of files that pyarrow wrote of its own tables
# The attribute of a pandas frame for categories that no row has, which Parquet drops.
CATEGORIES = "nbyard.categories"
MAX_COLUMNS = 2000


class Library(Protocol):
    """A library of data frames."""

    name: str
    frame: str

    def write(self, frame: Any, path: str) -> None:
        """Write a frame as a Parquet file.

        Raises:
            ValueError: Part of the frame would be lost, such as duplicate columns.
        """

    def read(self, path: str) -> Any:
        """Read a frame from a Parquet file."""

    def read_csv(self, path: str) -> Any:
        """Read a frame from a text table that another program wrote."""

    def describe(self, frame: Any) -> dict[str, Any]:
        """Return the number of rows, and names and types of the columns."""


class Pandas:
    """Data frames of pandas."""

    name, frame = "pandas", "DataFrame"

    def write(self, frame: Any, path: str) -> None:
        """Write a data frame as Parquet.

        Raises:
            ValueError: names of columns or types would change.
        """
        _check_names(frame.columns)
        import pyarrow

        # Parquet would change some types, which shows on the frame without rows.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kept = pyarrow.Table.from_pandas(frame.iloc[:0]).to_pandas()
        if not kept.columns.equals(frame.columns):
            raise ValueError("the names of its columns would not come back as they are: use text")
        if frame.index.dtype == "category" and frame.index.isna().all():
            raise ValueError("its index has categories and no value: use reset_index()")
        others = _types(kept)
        for at, (what, kind) in enumerate(_types(frame)):
            _, other = others[at]
            if kind != other:
                raise ValueError(f"{what} is {kind} and would come back as {other}: convert it")
        unseen = [
            (place, kind.categories.tolist(), str(kind.categories.dtype), bool(kind.ordered))
            for place, kind in enumerate(frame.dtypes)
            if kind == "category" and not frame.iloc[:, place].notna().any()
        ]
        if unseen:
            frame = frame.copy(deep=False)
            frame.attrs = {**frame.attrs, CATEGORIES: unseen}
        frame.to_parquet(path, engine="pyarrow")

    def read(self, path: str) -> Any:
        import pandas

        parquet = pandas.read_parquet(path, engine="pyarrow")
        for place, values, kind, is_ordered in parquet.attrs.pop(CATEGORIES, ()):
            index = pandas.Index(values, dtype=kind)
            # The code -1 stands for a missing value.
            nothing = [-1] * len(parquet)
            column = pandas.Categorical.from_codes(nothing, index, ordered=is_ordered)
            parquet.isetitem(place, column)
        return parquet

    def read_csv(self, path: str) -> Any:
        return _read_text("of_pandas", path)

    def describe(self, frame: Any) -> dict[str, Any]:
        return _frame_metadata(self, len(frame), frame.dtypes.items())


class Polars:
    """Data frames of polars."""

    name, frame = "polars", "DataFrame"

    def write(self, frame: Any, path: str) -> None:
        frame.write_parquet(path)

    def read(self, path: str) -> Any:
        import polars

        # polars would read a name such as `a[1].parquet` as a pattern.
        return polars.read_parquet(path, glob=False)

    def read_csv(self, path: str) -> Any:
        return _read_text("of_polars", path)

    def describe(self, frame: Any) -> dict[str, Any]:
        return _frame_metadata(self, frame.height, frame.schema.items())


class Arrow:
    """Tables of pyarrow."""

    name, frame = "pyarrow", "Table"

    def write(self, frame: Any, path: str) -> None:
        import pyarrow.parquet

        _check_names(frame.column_names)
        marked = {**(frame.schema.metadata or {}), MARK: self.name.encode()}
        marked_table = frame.replace_schema_metadata(marked)
        # The compliant form would rename the items of lists to `element`.
        pyarrow.parquet.write_table(marked_table, path, use_compliant_nested_type=False)

    def read(self, path: str) -> Any:
        import pyarrow.parquet

        with pyarrow.parquet.ParquetFile(path) as file:
            table = file.read()
        kept = {k: v for k, v in (table.schema.metadata or {}).items() if k != MARK}
        return table.replace_schema_metadata(kept or None)

    def read_csv(self, path: str) -> Any:
        return _read_text("of_pyarrow", path)

    def describe(self, frame: Any) -> dict[str, Any]:
        return _frame_metadata(
            self, frame.num_rows, ((field.name, field.type) for field in frame.schema)
        )


def _read_text(way: str, path: str) -> Any:
    from . import text_format, text_tables

    try:
        return getattr(text_tables, way)(path, text_tables.table_description(path))
    except text_format.damage_errors() as error:
        raise ValueError(str(error)) from None


LIBRARIES: Sequence[Library] = (Pandas(), Polars(), Arrow())


def library_of(value: Any) -> Library | None:
    """Return the data frame library of a value, or None if the value is no data frame.

    Imports no library: a value's library has been imported already.
    """
    for library in LIBRARIES:
        frame = getattr(sys.modules.get(library.name), library.frame, None)
        if frame is not None and isinstance(value, frame):
            return library
    return None


def library_named(wanted: Any) -> Library | None:
    """Return the library whose data frame class is `wanted`, or None for any other class."""
    top = str(getattr(wanted, "__module__", "")).partition(".")[0]
    name = getattr(wanted, "__name__", "")
    matching_libraries = (
        library for library in LIBRARIES if (library.name, library.frame) == (top, name)
    )
    return next(matching_libraries, None)


def read_frame(path: str) -> Any:
    """Read a Parquet file with the library that wrote it, or with an installed one.

    Raises:
        ImportError: No library that reads Parquet is installed.
    """
    pandas, polars, arrow = LIBRARIES
    if find_spec("pyarrow") is None:
        is_of_pandas = find_spec("pandas") is not None and find_spec("polars") is None
        # its error names the missing package
        return (pandas if is_of_pandas else polars).read(path)
    import pyarrow.parquet

    try:
        metadata = pyarrow.parquet.read_metadata(path)
    except NotImplementedError:  # types that only polars has
        return polars.read(path)
    of_table = metadata.metadata or {}
    if MARK in of_table:
        return arrow.read(path)
    order = [polars, pandas] if str(metadata.created_by).startswith("Polars") else [pandas, polars]
    installed_libraries = (library for library in order if find_spec(library.name) is not None)
    return next(installed_libraries, arrow).read(path)


def frame_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that the loaded libraries raise for invalid frames and files."""
    arrow = getattr(sys.modules.get("pyarrow"), "ArrowException", None)
    polars = getattr(sys.modules.get("polars.exceptions"), "PolarsError", None)
    own = [module for module in (arrow, polars) if module is not None]
    return (ValueError, TypeError, NotImplementedError, OverflowError, *own)


def _frame_metadata(library: Library, rows: int, columns: Any) -> dict[str, Any]:
    named = [[str(name), str(kind)] for name, kind in columns]
    return {
        "frame": f"{library.name}.{library.frame}",
        "rows": rows,
        "columns": named[:MAX_COLUMNS],
    }


def _types(frame: Any) -> list[tuple[str, Any]]:
    levels = [("its index", frame.index.get_level_values(at)) for at in range(frame.index.nlevels)]
    index_types = [(what, values.dtype) for what, values in levels]
    return index_types + [(f"column {name}", kind) for name, kind in frame.dtypes.items()]


def _check_names(names: Any) -> None:
    """Raise ValueError for duplicate names: such columns would become one in a Parquet file."""
    seen: set[str] = set()
    for name in map(str, names):
        if name in seen:
            raise ValueError(f"two of its columns are called {name!r}")
        seen.add(name)
