"""Read metrics and other files of attempts safely: the task's code may have replaced them."""

import contextlib
import os
from pathlib import Path

from nbyard.attempts.folders import only_a_file
from nbyard.domain.attempts import structs as contract
from nbyard.domain.attempts.metric_series import read_points
from nbyard.domain.datasets.previews import MAX_METRICS as ON_CARD
from nbyard.domain.datasets.previews import ShownMetric
from nbyard.domain.runs.previews.node_results import last_metrics

METRICS_END = 64 << 10


def last_values(folder: Path, most: int = ON_CARD) -> list[ShownMetric]:
    """Return the newest values of at most `most` metrics in an attempt's folder."""
    path = folder / contract.METRICS
    end = read_end(path, METRICS_END)
    # Only the end of a long file is read, so its beginning determines the order of the metrics.
    first = read_lines(path, METRICS_END) if len(end) == METRICS_END else []
    return last_metrics(read_points(end.splitlines()), read_points(first), most)


def read_end(path: Path, most: int) -> bytes:
    """Return at most the last `most` bytes of a file; b"" if it cannot be read."""
    with contextlib.suppress(OSError), open(path, "rb", opener=only_a_file) as handle:
        handle.seek(max(0, handle.seek(0, os.SEEK_END) - most))
        return handle.read(most) or b""
    return b""


def read_lines(path: Path, most: int) -> list[bytes]:
    """Return the lines in the first `most` bytes of a file; empty if it cannot be read."""
    # The opener follows no link and does not block on a pipe.
    with contextlib.suppress(OSError), open(path, "rb", opener=only_a_file) as handle:
        return (handle.read(most) or b"").splitlines()
    return []
