"""Files of an attempt to a worker that does not see our folder, and back.

They travel in pieces beside the task, so that neither scheduler nor worker ever holds a whole file
in memory. What comes back was written by the work: nothing is opened through a link.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nbyard.domain.attempts import CANCEL, EXECUTED, RESULT, RUNNER, TASK, USAGE, TaskFile
from nbyard.errors import NbyardError
from nbyard.runner import memory
from nbyard.runtimes.dask import worker as program
from nbyard.runtimes.dask.worker import Entry

SENT = ("code", "inputs", "outputs", TASK, CANCEL)
ENTRIES = 500

# A function of `worker`, at the place: its name, then its words.
Ask = Callable[..., Any]


def send(folder: Path, ask: Ask) -> None:
    """All that the work needs; links among the inputs become what they name."""
    entries = program.listing(str(folder), list(SENT), follow="inputs")
    for batch in _batches(entries):
        ask("fill", _with_data(batch, program.read(str(folder), batch)))
    secrets = str(folder / memory.SECRETS)
    if os.path.lexists(secrets):
        entries = program.listing(secrets, os.listdir(secrets))
        batch = [piece for entry in entries for piece in _pieces(entry)]
        ask("give", _with_data(batch, program.read(secrets, batch)))
    ask("fill", [])


def follow(folder: Path, ask: Ask, executed: list[int]) -> tuple[dict[str, Any], bool]:
    """Bring what grows up to date; what the worker says, and whether anything was new."""
    is_new = False
    while True:
        have = {name: _size(folder / name) for name in program.GROWING}
        news: dict[str, Any] = ask("news", have, executed)
        for name, piece in news["pieces"].items():
            _append(folder / name, have[name], piece)
        if news["executed"] is not None:
            executed[:], data = news["executed"]
            _replace(folder / EXECUTED, data)
            is_new = True
        is_new = is_new or any(news["pieces"].values())
        if all(len(piece) < program.PIECE_BYTES for piece in news["pieces"].values()):
            return news, is_new


def fetch(folder: Path, ask: Ask, task: TaskFile) -> bytes:
    """All results into the folder, but for result.json: its bytes are returned."""
    apart = [o.path for o in task.outputs.values() if not o.path.startswith("outputs/")]
    entries = ask("outputs", ["outputs", *apart, EXECUTED, USAGE, RUNNER])
    links = [entry for entry in entries if entry["kind"] == "link"]
    for batch in _batches([entry for entry in entries if entry["kind"] != "link"]):
        _store(folder, _with_data(batch, ask("take", batch)))
    _store(folder, links)
    return b"".join(
        piece for batch in _batches(ask("outputs", [RESULT])) for piece in ask("take", batch)
    )


def _store(folder: Path, entries: list[Entry]) -> None:
    try:
        program.write(str(folder), entries)
    except ValueError as error:
        raise NbyardError(str(error)) from error


def _batches(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Pieces of files, a few megabytes and some hundred entries at a time."""
    batch: list[Entry] = []
    room = program.PIECE_BYTES
    for entry in entries:
        for piece in _pieces(entry):
            if batch and (piece["size"] > room or len(batch) >= ENTRIES):
                yield batch
                batch, room = [], program.PIECE_BYTES
            batch.append(piece)
            room -= piece["size"]
    if batch:
        yield batch


def _pieces(entry: Entry) -> Iterator[Entry]:
    for offset in range(0, max(entry["size"], 1), program.PIECE_BYTES):
        size = min(program.PIECE_BYTES, entry["size"] - offset)
        yield {**entry, "offset": offset, "size": size}


def _with_data(batch: list[Entry], data: list[bytes]) -> list[Entry]:
    return [{**entry, "data": piece} for entry, piece in zip(batch, data, strict=True)]


def _size(path: Path) -> int:
    try:
        return path.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0


def _append(path: Path, offset: int, piece: bytes) -> None:
    if piece:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        with os.fdopen(handle, "wb") as file:
            file.seek(offset)
            file.write(piece)


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.fetched")
    temporary.write_bytes(data)
    temporary.replace(path)
