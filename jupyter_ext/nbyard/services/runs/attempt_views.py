"""Reads the folders of attempts for the API, during and after the run."""

import contextlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from nbyard.attempts import folders
from nbyard.attempts.folders import attempt_folder_of, file_stamp, surroundings_in
from nbyard.domain.attempts import structs as contract
from nbyard.domain.attempts.metric_series import (
    Metrics,
    Usage,
    metrics_of,
    read_points,
    read_samples,
    usage_of,
)
from nbyard.domain.attempts.structs import Cells
from nbyard.domain.datasets.previews import MAX_METRICS as ON_CARD
from nbyard.domain.datasets.previews import ShownMetric, last_line
from nbyard.domain.runs.attempt_views import Activity, LogChunk
from nbyard.domain.runs.structs import Attempt, Task
from nbyard.domain.state_machines import ATTEMPT
from nbyard.logs import log_files
from nbyard.logs.log_files import without_gap_reasons

MAX_NOTEBOOK = 256 * 2**20
MAX_USAGE = 8 * 2**20
MAX_METRICS = 16 * 2**20
MAX_SEEN = 20_000
LOG_END = 4 << 10


class CellsSeen(NamedTuple):
    """The number of cells done, the number of all cells, and the index of the running cell.

    `log_start` is where the output of the newest cell starts in the log.
    """

    done: int = 0
    total: int = 0
    current: int | None = None
    log_start: int = 0


def surroundings(store: Path, task: Task) -> contract.Surroundings | None:
    """Return what was recorded about where a task's newest attempt ran, None without an attempt."""
    if not task.attempts:
        return None
    return surroundings_in(
        attempt_folder_of(store, task.attempts[-1].worker or task.attempts[-1].id)
    )


def log(store: Path, task: Task, after: int, before: int = 0) -> LogChunk:
    """Return a piece of the log of a task's newest attempt.

    For the limits see `log_files.piece`.
    """
    if not task.attempts:
        return LogChunk("", 0, task.state in ("succeeded", "failed", "cancelled", "skipped"))
    attempt = task.attempts[-1]
    path = attempt_folder_of(store, attempt.id, attempt.worker) / contract.LOG
    piece = log_files.read_piece(path, after, before, done=attempt.state in ATTEMPT.terminal)
    return msgspec.structs.replace(piece, attempt=attempt.number)


def cells(store: Path, task: Task) -> Cells:
    """Return the executed notebook of a task's newest attempt, and its progress."""
    if not task.attempts:
        return Cells(None, 0, 0)
    folder = attempt_folder_of(store, task.attempts[-1].id, task.attempts[-1].worker)
    path, notebook = folder / contract.EXECUTED, None
    # Scripts have no notebook, and code in the task may have damaged the file.
    with contextlib.suppress(FileNotFoundError, ValueError, RecursionError):
        if path.stat().st_size <= MAX_NOTEBOOK:
            notebook = json.loads(path.read_bytes())
    return Cells(notebook if isinstance(notebook, dict) else None, *_cells_seen(folder)[:3])


def usage(store: Path, attempt: Attempt) -> Usage:
    """Return the recorded resource usage of an attempt over time."""
    path = attempt_folder_of(store, attempt.worker or attempt.id) / contract.USAGE
    samples = read_samples(folders.read_lines(path, MAX_USAGE))
    return usage_of(samples, attempt.number, attempt.state in ATTEMPT.terminal)


def metrics(store: Path, attempt: Attempt) -> Metrics:
    """Return the metrics that the code of an attempt recorded."""
    path = attempt_folder_of(store, attempt.id, attempt.worker) / contract.METRICS
    points = read_points(folders.read_lines(path, MAX_METRICS))
    return metrics_of(points, attempt.number, attempt.state in ATTEMPT.terminal)


def last_values(store: Path, attempt: Attempt, most: int = ON_CARD) -> list[ShownMetric]:
    """Return the last values of an attempt's metrics, at most `most` metrics."""
    return folders.last_values(attempt_folder_of(store, attempt.id, attempt.worker), most)


Stamps = tuple[tuple[int, int], ...]


class Progress:
    """Reads the progress of attempts for frequent requests.

    Unchanged files are not read again.
    """

    def __init__(self, store: Path):
        self._store = store
        self._seen: dict[str, tuple[Stamps, Activity]] = {}

    def of(self, run: str, node: str, attempt_id: str, number: int, worker: str = "") -> Activity:
        """Return the progress of an attempt.

        `worker` is the ID of the function worker whose folder contains the attempt, "" for other
        attempts.
        """
        folder = attempt_folder_of(self._store, attempt_id, worker)
        files = (contract.LOG, contract.EVENTS, contract.METRICS)
        # Size and time of the files are cheaper than reading them for every window.
        stamps = tuple(file_stamp(f"{folder}/{name}") for name in files)
        seen, activity = self._seen.get(attempt_id, ((), Activity(run, node, number, 0, 0, 0)))
        if seen != stamps:
            seen = seen or ((0, 0),) * len(files)
            log, events, metrics = (new != old for new, old in zip(stamps, seen, strict=True))
            change: dict[str, Any] = {"log_bytes": stamps[0][0]}
            if events:
                change |= _cells_seen(folder)._asdict()
            if log or events:
                printed = stamps[0][0] - change.get("log_start", activity.log_start)
                end = folders.read_end(folder / contract.LOG, min(LOG_END, max(printed, 0)))
                change["last_line"] = last_line(without_gap_reasons(end.decode("utf-8", "replace")))
            if metrics:
                change["metrics"] = folders.last_values(folder)
            activity = msgspec.structs.replace(activity, **change)
            # Nothing reports the end of an attempt here. After a reset, files are read once more.
            if len(self._seen) > MAX_SEEN:
                self._seen.clear()
            self._seen[attempt_id] = (stamps, activity)
        return activity


def _cells_seen(folder: Path) -> CellsSeen:
    done, total, current, log_start = 0, 0, None, 0
    with contextlib.suppress(FileNotFoundError), (folder / contract.EVENTS).open("rb") as handle:
        for line in handle:
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            # The last line may be incomplete, because the task is still writing.
            is_whole = line.endswith(b"\n") and isinstance(event, dict)
            if not is_whole or event.get("type") != "cell":
                continue
            total = event.get("cells", total)
            cell, state = event.get("cell"), event.get("state")
            current = event.get("index") if state == "running" else None
            if isinstance(start := event.get("log_bytes"), int):
                log_start = start
            if isinstance(cell, int):  # the injected cell with the parameters has no number
                done = cell + (state == "done")
    return CellsSeen(done, total, current, log_start)
