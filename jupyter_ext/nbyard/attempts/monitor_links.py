"""What is known of the Monitor links of live attempts: a file for each, beside their folders.

Not in these, which the work can write to: a container must not choose where the proxy asks.
"""

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from nbyard.domain.attempts.monitors import MonitorLink, link_path
from nbyard.host.project_files import read_small, write_whole

FOLDER = "monitors"
LOOPBACK = "127.0.0.1"


class Spot(msgspec.Struct, frozen=True):
    """Where a link leads, and whether it answers there; the pages of one that `is_trusted` may do
    what JupyterLab may."""

    name: str
    port: int
    answers: bool = False
    is_trusted: bool = False
    reason: str = ""


class Board(msgspec.Struct, frozen=True):
    """The TensorBoard that was started beside the attempt, never a bare pid; `port` is where it
    listens."""

    pid: int
    started: float
    port: int


class Monitor(msgspec.Struct, frozen=True):
    """Of one attempt: the `ports` that were chosen for it, by name, and what came of them."""

    ports: dict[str, int] = {}
    spots: list[Spot] = []
    board: Board | None = None


def read(store: Path, attempt_id: str) -> Monitor | None:
    """None where there is none, as for most."""
    try:
        return msgspec.json.decode(read_small(f"{_path(store, attempt_id)}"), type=Monitor)
    except (OSError, msgspec.MsgspecError):
        return None


def write(store: Path, attempt_id: str, monitor: Monitor) -> None:
    """Replace what was known."""
    _make_folder(store)
    write_whole(_path(store, attempt_id), msgspec.json.encode(monitor))


def forget(store: Path, attempt_id: str) -> None:
    """Remove what was known, and what a board printed."""
    for path in (_path(store, attempt_id), log_path(store, attempt_id)):
        path.unlink(missing_ok=True)


def present(store: Path) -> set[str]:
    """The ids of all attempts of which something is known."""
    with contextlib.suppress(FileNotFoundError):
        return {name.removesuffix(".json") for name in os.listdir(store / FOLDER) if _is_one(name)}
    return set()


def links(store: Path, attempt_id: str) -> list[MonitorLink]:
    """The links of a running attempt."""
    monitor = read(store, attempt_id)
    return [
        MonitorLink(spot.name, link_path(attempt_id, spot.name), spot.answers, spot.reason)
        for spot in (monitor.spots if monitor else ())
    ]


def open_log(store: Path, attempt_id: str) -> BinaryIO:
    """For what the board of an attempt prints."""
    _make_folder(store)
    return open(log_path(store, attempt_id), "wb")


def log_path(store: Path, attempt_id: str) -> Path:
    """What the board of an attempt prints."""
    return store / FOLDER / f"{attempt_id}.log"


def _make_folder(store: Path) -> None:
    (store / FOLDER).mkdir(mode=0o700, exist_ok=True)


def _path(store: Path, attempt_id: str) -> Path:
    return store / FOLDER / f"{attempt_id}.json"


def _is_one(name: str) -> bool:
    return name.endswith(".json") and not name.startswith(".")
