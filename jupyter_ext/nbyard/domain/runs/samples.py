"""Samples of data for check runs: the first rows of tables and the first files of folders."""

import msgspec

from nbyard.domain.paging import check_range

ROWS = 100
FILES = 3
MAX_ROWS = 1_000_000
MAX_FILES = 10_000
# Formats whose first rows are a valid file of the same format.
SAMPLED = frozenset({"csv", "tsv", "jsonl", "parquet"})


class Sample(msgspec.Struct, frozen=True):
    """The part of its inputs that a task gets: `rows` of each table, `files` of each folder."""

    rows: int = ROWS
    files: int = FILES

    @property
    def mark(self) -> str:
        """Return a text for cache keys, so that results of a sample are only used for samples."""
        return f"first {self.rows} rows {self.files} files"


def check_sample(rows: int, files: int) -> Sample:
    """Check the numbers of rows and files; return them as a sample.

    Raises:
        Invalid: a number is out of range.
    """
    for name, count, most in (("rows", rows, MAX_ROWS), ("files", files, MAX_FILES)):
        check_range(name, count, 1, most)
    return Sample(rows, files)
