"""Transfers files of an attempt to a worker that cannot access the attempt folder, and back.

Files are sent in pieces beside the Dask task, so that neither scheduler nor worker ever holds a
whole file in memory. What comes back was written by the work, so no link is followed.
"""

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbyard.attempts.folders import output_bytes
from nbyard.domain.attempts.other_files import (
    MAX_DEPTH,
    MOST_SEEN,
    FileFilter,
    OtherFiles,
    summarize_files,
    within_caps,
)
from nbyard.domain.attempts.structs import CANCEL, EXECUTED, RESULT, RUNNER, TASK, USAGE, TaskFile
from nbyard.domain.ignore_rules import CACHES
from nbyard.errors import NbyardError
from nbyard.reasons.structs import because
from nbyard.runner import secret_files
from nbyard.runner.attempt_folder import CODE
from nbyard.runtimes.attempt_files import check_size
from nbyard.runtimes.dask import folder_entries as listings
from nbyard.runtimes.dask import worker_functions as program
from nbyard.runtimes.dask.cluster import WorkerGone
from nbyard.runtimes.dask.folder_entries import Entry

SENT = (CODE, "inputs", "outputs", TASK, CANCEL)
ENTRIES = 500
LIMITS = {"skipped_patterns": [*CACHES], "most": MOST_SEEN, "depth": MAX_DEPTH}

# A function of `worker_functions` at a place: takes the function's name and its arguments.
Ask = Callable[..., Any]


def send_files(folder: Path, ask: Ask) -> None:
    """Send all files that the work needs.

    Links among the inputs are replaced by their targets. `ask` calls a function of
    `worker_functions` about the attempt's place.
    """
    entries = listings.list_entries(str(folder), list(SENT), follow="inputs")
    for batch in _batches(entries):
        ask("fill", _with_data(batch, listings.read_files(str(folder), batch)))
    secrets = str(folder / secret_files.SECRETS)
    if os.path.lexists(secrets):
        entries = listings.list_entries(secrets, os.listdir(secrets))
        batch = [piece for entry in entries for piece in _pieces(entry)]
        ask("store_secrets", _with_data(batch, listings.read_files(secrets, batch)))
    # The runner starts once the transfer is marked as complete, so secrets must be there.
    ask("fill", [])


def fetch_growing_files(folder: Path, ask: Ask, executed: list[int]) -> tuple[dict[str, Any], bool]:
    """Fetch what was added to growing files, such as the log, and a changed executed notebook.

    `executed` is the stamp of the notebook fetched last, and is updated. Return the worker's
    report, and whether anything was fetched.
    """
    is_new = False
    while True:
        have = dict.fromkeys(program.GROWING, 0)
        for name in have:
            with suppress(FileNotFoundError):
                have[name] = os.lstat(folder / name).st_size
        news: dict[str, Any] = ask("attempt_progress", have, executed)
        for name, piece in news["pieces"].items():
            if piece:
                handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
                with os.fdopen(handle, "wb") as file:
                    file.seek(have[name])
                    file.write(piece)
        if news["executed"] is not None:
            executed[:], data = news["executed"]
            temporary = folder / f"{EXECUTED}.fetched"
            temporary.write_bytes(data)
            temporary.replace(folder / EXECUTED)
            is_new = True
        is_new = is_new or any(news["pieces"].values())
        if all(len(piece) < program.PIECE_BYTES for piece in news["pieces"].values()):
            return news, is_new


def fetch_results(folder: Path, ask: Ask, task: TaskFile) -> bytes:
    """Fetch all results into the folder.

    Return the bytes of result.json, which is not written.
    """
    apart = [o.path for o in task.outputs.values() if not o.path.startswith("outputs/")]
    entries = ask("outputs", ["outputs", *apart, EXECUTED, USAGE, RUNNER])
    size = sum(entry["size"] for entry in entries)
    check_size(folder, size - output_bytes(folder, apart))  # an earlier fetch may have got some
    links = [entry for entry in entries if entry["kind"] == "link"]
    for batch in _batches([entry for entry in entries if entry["kind"] != "link"]):
        _store(folder, _with_data(batch, ask("take", batch)))
    # Created last, so that no file is written through a link.
    _store(folder, links)
    return fetch_result_file(ask)


def fetch_result_file(ask: Ask) -> bytes:
    """Return the bytes of result.json."""
    return b"".join(
        piece for batch in _batches(ask("outputs", [RESULT])) for piece in ask("take", batch)
    )


def fetch_others(
    folder: Path, ask: Ask, task: TaskFile, caps: tuple[int, int]
) -> OtherFiles | None:
    """Fetch the files that the work wrote into its copy of the code.

    At most `caps` bytes and files are fetched. Files of the code whose size is unchanged are
    fetched in addition. Return a summary of the files that were not fetched.
    """
    declared = {
        os.path.relpath(os.path.normpath(output.path), CODE) for output in task.outputs.values()
    }
    files = FileFilter(declared)
    entries: dict[str, Entry] = {}  # by paths in the code folder
    for entry in ask("others", CODE, LIMITS):
        path = entry["path"].partition("/")[2]
        entries[path] = {**entry, "path": f"{CODE}/{path}"}
    for path, entry in entries.items():
        if entry["kind"] in ("too-many", "unreadable"):
            files.leave(path or "./", entry["kind"])
        else:
            files.add(path, entry["size"], is_file=entry["kind"] == "file")
    entry_by_file = {file: entries[files.places[file.path]] for file in files.written}
    new = [file for file, entry in entry_by_file.items() if not _is_whole(folder, entry)]
    same = [file for file in entry_by_file.keys() - {*new} if file.size_bytes <= caps[0]]
    # Too large to compare its content: its time shows whether the work wrote the file.
    large = [
        file
        for file in entry_by_file.keys() - {*new, *same}
        if os.lstat(folder / entry_by_file[file]["path"]).st_mtime_ns
        != entry_by_file[file]["mtime"]
    ]
    wanted, beyond = within_caps([*new, *large], *caps)
    torn = _fetch_files(folder, ask, [entry_by_file[file] for file in (*wanted, *same)])
    for file in (*wanted, *same):
        if entry_by_file[file]["path"] in torn:
            with suppress(OSError):
                (folder / entry_by_file[file]["path"]).unlink()
            files.leave(file.path, "unreadable", file.size_bytes)
    return summarize_files("", [], [*files.left.values(), *beyond])


def _fetch_files(folder: Path, ask: Ask, entries: list[Entry]) -> set[str]:
    """Fetch files. Return the paths of those that could not be fetched whole.

    A file may change meanwhile, there may be no space, or its worker may be gone. This is no
    failure, as the work is done.
    """
    missing = Counter(piece["path"] for entry in entries for piece in _pieces(entry))
    with suppress(WorkerGone):
        for batch in _batches(entries):
            for piece in _with_data(batch, ask("take", batch)):
                with suppress(OSError, NbyardError):
                    if len(piece["data"]) == piece["size"]:
                        _store(folder, [piece])
                        missing[piece["path"]] -= 1
    return {path for path, count in missing.items() if count}


def _is_whole(folder: Path, entry: Entry) -> bool:
    """Return whether the local folder has this file with the same size."""
    with suppress(OSError):
        file_stat = os.lstat(folder / entry["path"])
        return stat.S_ISREG(file_stat.st_mode) and file_stat.st_size == entry["size"]
    return False


def _store(folder: Path, entries: list[Entry]) -> None:
    try:
        listings.write_entries(str(folder), entries)
    except ValueError as error:
        raise NbyardError(because("text", text=str(error))) from error


def _batches(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Yield batches of file pieces, each of at most PIECE_BYTES and ENTRIES entries."""
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
