"""Attempt folders on our side: written for the runner, read for people and the dispatcher."""

import contextlib
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from nbyard.domain import attempts as contract
from nbyard.domain.metrics import Metrics, metrics_of, read_points
from nbyard.domain.runs import Activity, Attempt, Cells, LogChunk, Task
from nbyard.domain.states import ATTEMPT
from nbyard.domain.usage import Usage, read_samples, usage_of
from nbyard.files import read_small, write_new, write_whole

LOG_CHUNK = 256 * 1024
MAX_NOTEBOOK = 256 * 2**20
MAX_USAGE = 8 * 2**20
MAX_METRICS = 16 * 2**20
MAX_SEEN = 20_000
MAX_STAGE = 4096
OURS = 0o700
T = TypeVar("T")
KEPT = (
    contract.TASK,
    contract.LOG,
    contract.EVENTS,
    contract.USAGE,
    contract.METRICS,
    contract.EXECUTED,
    contract.RESULT,
    contract.RUNNER,
    contract.SURROUNDINGS,
    contract.IMAGE,
    contract.CANCEL,
    contract.CALLS,
    contract.RESULTS,
)


def place(store: Path, attempt_id: str, worker: str = "") -> Path:
    """The folder of an attempt; where a worker has it, in that of the worker."""
    inside = f"{worker}/{contract.PLACES}/" if worker else ""
    return Path(f"{store}/attempts/{inside}{attempt_id}")


def write_task(folder: Path, task: contract.TaskFile) -> None:
    """task.json, whole and last: a folder without it was never finished."""
    part = f"{folder}/{contract.TASK}.tmp"
    write_new(part, msgspec.json.format(msgspec.json.encode(task)))
    os.replace(part, f"{folder}/{contract.TASK}")


def read_task(folder: Path) -> contract.TaskFile:
    """task.json of an attempt.

    Raises:
        OSError: there is none.
        msgspec.MsgspecError: it is not as it was written.
    """
    return msgspec.json.decode(read_small(f"{folder}/{contract.TASK}"), type=contract.TaskFile)


def surroundings(store: Path, task: Task) -> contract.Surroundings | None:
    """What the newest attempt was made for; None when there is none."""
    if not task.attempts:
        return None
    return surroundings_in(place(store, task.attempts[-1].worker or task.attempts[-1].id))


def surroundings_in(folder: Path) -> contract.Surroundings | None:
    """What the attempt or the worker of this folder was made for; None when it cannot be read."""
    try:
        content = (folder / contract.SURROUNDINGS).read_bytes()
        found = msgspec.json.decode(content, type=contract.Surroundings)
    except (OSError, msgspec.DecodeError):
        return None
    with contextlib.suppress(OSError, msgspec.DecodeError):
        content = (folder / contract.IMAGE).read_bytes()
        image = msgspec.json.decode(content, type=contract.Image)
        return msgspec.structs.replace(found, image=image, lock=image.lock)
    return found


def makes_image(folder: Path) -> bool:
    """Whether the first that the attempt tells is that its image is built or pulled."""
    try:
        with open(folder / contract.EVENTS, "rb") as events:
            told = msgspec.json.decode(events.readline(MAX_STAGE))
    except (OSError, msgspec.DecodeError):
        return False
    return isinstance(told, dict) and told.get("stage") == contract.IMAGE_STAGE


def make_calls(folder: Path) -> None:
    """Make ready for `add_calls`."""
    (folder / contract.CALLS).touch()
    with contextlib.suppress(FileExistsError):
        os.mkfifo(folder / contract.MORE)


def add_calls(folder: Path, calls: Iterable[contract.Call]) -> None:
    """Tell a worker of more to do, and knock."""
    with open(folder / contract.CALLS, "ab", 0) as file:
        # behind half a line of somebody who was killed
        file.write(b"\n" + b"".join(msgspec.json.encode(call) + b"\n" for call in calls))
    with contextlib.suppress(OSError):  # nobody is there yet, or any more
        handle = os.open(folder / contract.MORE, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            os.write(handle, b".")
        finally:
            os.close(handle)


def read_calls(folder: Path) -> list[contract.Call]:
    """All that a worker was told."""
    return _lines(folder / contract.CALLS, 0, contract.Call)[0]


def read_results(folder: Path, after: int) -> tuple[list[contract.Result], int]:
    """What calls came to, from that byte on, and where to go on."""
    return _lines(folder / contract.RESULTS, after, contract.Result)


def _lines(path: Path, after: int, kind: type[T]) -> tuple[list[T], int]:
    """The whole lines that can be read as such."""
    found: list[T] = []
    try:
        with open(path, "rb", opener=_only_a_file) as file:
            file.seek(after)
            content = file.read()
    except OSError:
        return found, after
    whole = content[: content.rfind(b"\n") + 1]
    decode = msgspec.json.Decoder(kind).decode
    for line in whole.splitlines():
        with contextlib.suppress(msgspec.MsgspecError, ValueError):
            found.append(decode(line))
    return found, after + len(whole)


def read_result(folder: Path) -> contract.Result | None:
    """result.json, or None while it is not there or cannot be read as one."""
    # work may have done anything to its folder
    with contextlib.suppress(OSError, ValueError):
        return msgspec.json.decode(read_small(f"{folder}/{contract.RESULT}"), type=contract.Result)
    return None


def silent_seconds(folder: Path) -> float:
    """How long ago the work last wrote to its log or told of a cell; 0 when it never did."""
    last = 0.0
    for name in (contract.LOG, contract.EVENTS):
        with contextlib.suppress(OSError):
            last = max(last, (folder / name).stat().st_mtime)
    return max(0.0, time.time() - last) if last else 0.0


def log(store: Path, task: Task, after: int, before: int = 0) -> LogChunk:
    """Log text of the newest attempt from byte `after` on, or the last of it that ends at `before`;
    never half a character, and no half line where more than fits is there."""
    if not task.attempts:
        return LogChunk("", 0, task.state in ("succeeded", "failed", "cancelled", "skipped"))
    attempt = task.attempts[-1]
    path = place(store, attempt.id, attempt.worker) / contract.LOG
    found = piece(path, after, before, done=attempt.state in ATTEMPT.terminal)
    return msgspec.structs.replace(found, attempt=attempt.number)


def piece(path: Path, after: int, before: int = 0, *, done: bool) -> LogChunk:
    """The same of any log; `done` when nothing more is written to it."""
    content, start, end = b"", after, True
    with contextlib.suppress(FileNotFoundError), path.open("rb") as handle:
        size = handle.seek(0, os.SEEK_END)
        stop = min(before or after + LOG_CHUNK, size)
        start = max(after, stop - LOG_CHUNK)
        handle.seek(start)
        content = handle.read(max(0, stop - start))
        end = start + len(content) >= size
        if before and start > after:
            start, content = _from_a_line_on(start, content)
    if not end and not before:
        content = content[: content.rfind(b"\n") + 1] or content
    if not (done and end):
        content = _whole_characters(content)
    text = content.decode("utf-8", "replace")
    return LogChunk(text, start + len(content), done and end, start=start)


def _from_a_line_on(start: int, content: bytes) -> tuple[int, bytes]:
    """Without what is no whole line, or no whole character, at the start."""
    skipped = content.find(b"\n", 0, -1) + 1
    if not skipped:
        skipped = next((at for at, byte in enumerate(content[:4]) if not 0x80 <= byte < 0xC0), 0)
    return start + skipped, content[skipped:]


def _whole_characters(content: bytes) -> bytes:
    """Without a half character at the end."""
    for back in range(1, min(4, len(content)) + 1):
        byte = content[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return content[:-back] if back < length else content
    return content


def cells(store: Path, task: Task) -> Cells:
    """The executed notebook of the newest attempt, and how far it is."""
    if not task.attempts:
        return Cells(None, 0, 0)
    folder = place(store, task.attempts[-1].id, task.attempts[-1].worker)
    done, total, current = _cell_progress(folder)
    return Cells(_notebook(folder / contract.EXECUTED), done, total, current)


def usage(store: Path, attempt: Attempt) -> Usage:
    """What an attempt used over time, as far as it was written down."""
    path = place(store, attempt.worker or attempt.id) / contract.USAGE
    samples = read_samples(_recorded(path, MAX_USAGE))
    return usage_of(samples, attempt.number, attempt.state in ATTEMPT.terminal)


def metrics(store: Path, attempt: Attempt) -> Metrics:
    """What the work of an attempt recorded of itself."""
    path = place(store, attempt.id, attempt.worker) / contract.METRICS
    points = read_points(_recorded(path, MAX_METRICS))
    return metrics_of(points, attempt.number, attempt.state in ATTEMPT.terminal)


def _recorded(path: Path, most: int) -> list[bytes]:
    """The lines of a file; the work may have put anything in its place."""
    with contextlib.suppress(OSError), open(path, "rb", opener=_only_a_file) as handle:
        return (handle.read(most) or b"").splitlines()
    return []


def _only_a_file(path: str, flags: int) -> int:
    """No link is followed, and no writer waited for."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


class Progress:
    """How far attempts are, for who asks often: what did not grow is not read again."""

    def __init__(self, store: Path):
        self._store = store
        self._seen: dict[str, tuple[tuple[int, int], tuple[int, int, int | None]]] = {}

    def of(self, run: str, node: str, attempt_id: str, number: int, worker: str = "") -> Activity:
        folder = os.fspath(place(self._store, attempt_id, worker))
        size, _ = _stamp(f"{folder}/{contract.LOG}")
        stamp = _stamp(f"{folder}/{contract.EVENTS}")
        seen, told = self._seen.get(attempt_id, (None, (0, 0, None)))
        if seen != stamp and stamp[0]:
            told = _cell_progress(Path(folder))
            if len(self._seen) > MAX_SEEN:
                self._seen.clear()
            self._seen[attempt_id] = (stamp, told)
        return Activity(run, node, number, size, *told)


def _stamp(path: str) -> tuple[int, int]:
    """What differs once a file was written to; zero where there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _cell_progress(folder: Path) -> tuple[int, int, int | None]:
    """Cells of the source that are behind us, all of them, and which of the executed runs."""
    done, total, current = 0, 0, None
    for event in _events(folder):
        if event.get("type") == "cell":
            total = event.get("cells", total)
            cell, state = event.get("cell"), event.get("state")
            current = event.get("index") if state == "running" else None
            if isinstance(cell, int):  # the one with the parameters' values is none of them
                done = cell + (state == "done")
    return done, total, current


def _notebook(path: Path) -> dict[str, Any] | None:
    with contextlib.suppress(FileNotFoundError, ValueError, RecursionError):
        if path.stat().st_size <= MAX_NOTEBOOK:
            found = json.loads(path.read_bytes())
            return found if isinstance(found, dict) else None
    return None


def _events(folder: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of events.jsonl."""
    with contextlib.suppress(FileNotFoundError), (folder / contract.EVENTS).open("rb") as handle:
        for line in handle:
            with contextlib.suppress(ValueError, RecursionError):
                event = json.loads(line)
                if line.endswith(b"\n") and isinstance(event, dict):
                    yield event


def ask_to_end(folder: Path, reason: str) -> None:
    """The file that asks the work to end, where there is work that is not at its end."""
    with contextlib.suppress(OSError):
        ended = (folder / contract.RESULT).exists() or not (folder / contract.TASK).exists()
        if not ended and not (folder / contract.CANCEL).exists():
            write_whole(folder / contract.CANCEL, reason.encode())


def present(store: Path) -> list[str]:
    """The ids of all attempts that have a folder."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(os.listdir(store / "attempts"))
    return []


def keep_record(folder: Path) -> None:
    """Remove what is no record: code, staged inputs, outputs that were taken."""
    _open_up(folder)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for name in os.listdir(folder):
            if name == contract.PLACES:
                _keep_records(folder / name)
            elif name not in KEPT:
                discard(folder / name)


def _keep_records(calls: Path) -> None:
    for name in os.listdir(calls):
        keep_record(calls / name)
        with contextlib.suppress(OSError):  # a call that printed nothing has no record there
            os.rmdir(calls / name)


def remove(store: Path, attempt_id: str) -> None:
    """Remove the whole folder."""
    discard(place(store, attempt_id))


def discard(path: Path) -> None:
    """Remove a file, a link or a whole folder."""
    try:
        is_folder = stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    if is_folder:
        with contextlib.suppress(OSError):
            _discard_folder(os.fspath(path), None)
    else:
        path.unlink(missing_ok=True)


def _discard_folder(name: str, parent: int | None) -> None:
    """Through open folders: whatever else is made of a name meanwhile, nothing else is touched."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        handle = os.open(name, flags, dir_fd=parent)
    except PermissionError:
        os.chmod(name, OURS, dir_fd=parent)
        handle = os.open(name, flags, dir_fd=parent)
    try:
        if os.fstat(handle).st_mode & OURS != OURS:
            with contextlib.suppress(OSError):  # another user's
                os.fchmod(handle, OURS)
        with os.scandir(handle) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for item, is_folder in found:
            with contextlib.suppress(OSError):
                _discard_folder(item, handle) if is_folder else os.unlink(item, dir_fd=handle)
    finally:
        os.close(handle)
    os.rmdir(name, dir_fd=parent)


def _open_up(folder: Path) -> None:
    with contextlib.suppress(OSError):
        mode = os.lstat(folder).st_mode
        if stat.S_ISDIR(mode) and mode & OURS != OURS:
            folder.chmod(OURS)
