"""What is shown of an attempt while it runs: its log and its progress."""

import msgspec

from nbyard.domain.attempts.monitor_links import MonitorLink
from nbyard.domain.datasets.previews import ShownMetric


class LogChunk(msgspec.Struct, frozen=True):
    """Log text of an attempt: from byte `start` up to `next`, where the next chunk starts.

    It has whole lines, if it contains any. `done` means that no more text follows. `over` means
    that the task has ended, so that no further attempt follows.
    """

    text: str
    next: int
    done: bool
    attempt: int = 0
    start: int = 0
    over: bool = False


class Activity(msgspec.Struct, frozen=True):
    """The progress of a running task: bytes of its log, cells as in `Cells`, and its links.

    `last_line` is the last line of its log, at most 80 characters. `metrics` are the newest values
    of at most 6 metrics that it recorded.
    """

    run: str
    node: str
    attempt: int
    log_bytes: int
    done: int
    total: int
    current: int | None = None
    links: list[MonitorLink] = []
    last_line: str = ""
    metrics: list[ShownMetric] = []
