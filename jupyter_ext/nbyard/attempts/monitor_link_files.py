"""Store the Monitor links of live attempts, one file per attempt.

The files lie beside the attempt folders, not inside: a task can write to its folder, and a
container must not choose the proxy's target.
"""

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from nbyard.domain.attempts.monitor_links import MonitorLink, link_path
from nbyard.host.project_files import read_small, write_whole
from nbyard.reasons.structs import Reason

FOLDER = "monitors"
LOOPBACK = "127.0.0.1"


class LinkTarget(msgspec.Struct, frozen=True):
    """The target of a Monitor link: a port, and whether it responds."""

    name: str
    port: int
    answers: bool = False
    is_trusted: bool = False  # its pages have the same rights as JupyterLab
    reason: Reason | None = None  # why it will never respond


class TensorBoardProcess(msgspec.Struct, frozen=True):
    """The TensorBoard process that was started beside an attempt. It listens on `port`.

    With the start time, a reused pid is not mistaken for the process.
    """

    pid: int
    started: float
    port: int


class MonitorData(msgspec.Struct, frozen=True):
    """The Monitor data of one attempt."""

    ports: dict[str, int] = {}  # the chosen ports by name
    spots: list[LinkTarget] = []  # the targets of links
    board: TensorBoardProcess | None = None


def read_monitor(store: Path, attempt_id: str) -> MonitorData | None:
    """Return the Monitor data of an attempt; None if it has none, like most attempts."""
    try:
        return msgspec.json.decode(read_small(f"{_path(store, attempt_id)}"), type=MonitorData)
    except (OSError, msgspec.MsgspecError):
        return None


def write_monitor(store: Path, attempt_id: str, monitor: MonitorData) -> None:
    """Replace the Monitor data of an attempt."""
    _make_folder(store)
    write_whole(_path(store, attempt_id), msgspec.json.encode(monitor))


def remove_monitor(store: Path, attempt_id: str) -> None:
    """Remove the Monitor data of an attempt and the log of its TensorBoard."""
    for path in (_path(store, attempt_id), log_path(store, attempt_id)):
        # Most attempts never had a monitor.
        path.unlink(missing_ok=True)


def stored_attempts(store: Path) -> set[str]:
    """Return the IDs of the attempts whose Monitor links are stored."""
    with contextlib.suppress(FileNotFoundError):
        # The temporary files of `write_whole` begin with a dot.
        names = [name for name in os.listdir(store / FOLDER) if not name.startswith(".")]
        return {name.removesuffix(".json") for name in names if name.endswith(".json")}
    return set()


def links_of_attempt(store: Path, attempt_id: str) -> list[MonitorLink]:
    """Return the Monitor links of a running attempt."""
    monitor = read_monitor(store, attempt_id)
    return [
        MonitorLink(spot.name, link_path(attempt_id, spot.name), spot.answers, spot.reason)
        for spot in (monitor.spots if monitor else ())
    ]


def open_log(store: Path, attempt_id: str) -> BinaryIO:
    """Open the log of an attempt's TensorBoard for writing; older content is lost."""
    _make_folder(store)
    return open(log_path(store, attempt_id), "wb")


def log_path(store: Path, attempt_id: str) -> Path:
    """Return the path of the log of an attempt's TensorBoard."""
    return store / FOLDER / f"{attempt_id}.log"


def _make_folder(store: Path) -> None:
    (store / FOLDER).mkdir(mode=0o700, exist_ok=True)


def _path(store: Path, attempt_id: str) -> Path:
    return store / FOLDER / f"{attempt_id}.json"
