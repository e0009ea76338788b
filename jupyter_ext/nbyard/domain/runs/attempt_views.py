"""The parts of a running attempt that users see: its log and its progress."""

import msgspec

from nbyard.domain.attempts.monitor_links import MonitorLink
from nbyard.domain.datasets.previews import ShownMetric


class LogChunk(msgspec.Struct, frozen=True):
    """Log text of an attempt: from byte `start` up to `next`, where the next chunk starts.

    A chunk ends with a line end, if it contains any. `done` means that this log has no more text.
    `over` means that the task has ended, so that no other attempt follows.
    """

    text: str
    next: int
    done: bool
    attempt: int = 0
    start: int = 0
    over: bool = False


class Activity(msgspec.Struct, frozen=True):
    """The progress of a running task.

    `log_bytes` is the size of its log. `done` and `total` count the cells of its notebook, and
    `current` is the index of the running cell, whose output starts at byte `log_start` of the log.
    `last_line` is the last line of this output, at most 80 characters. `metrics` are the newest
    values of at most 6 metrics that the code recorded.
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
    log_start: int = 0
