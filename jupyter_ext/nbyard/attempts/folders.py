"""Write, read and clean up attempt folders.

The dispatcher writes a folder for the runner and reads it while the attempt runs. At the end the
folder is reduced to a record. `attempt_views` renders what users see of it.
"""

import contextlib
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from nbyard.domain.attempts import structs as contract
from nbyard.domain.attempts.failure_reader import decode_result
from nbyard.domain.attempts.metric_series import read_points
from nbyard.domain.attempts.other_files import MAX_DEPTH
from nbyard.domain.datasets.previews import MAX_METRICS as ON_CARD
from nbyard.domain.datasets.previews import ShownMetric
from nbyard.domain.runs.previews.node_results import last_metrics
from nbyard.host.project_files import read_small, write_new
from nbyard.reasons.structs import Reason, because, text_reason

MAX_STAGE = 4096
OURS = 0o700
OUTPUTS, UNFINISHED = "outputs", "unfinished"
T = TypeVar("T")
_decode_call = msgspec.json.Decoder(contract.Call).decode
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
# Names in an attempt folder that nbyard reserves.
OWN = frozenset(
    {
        *KEPT,
        contract.HEARTBEAT,
        contract.OTHERS,
        contract.UNTYPED,
        contract.MORE,
        contract.PLACES,
        "code",
        "inputs",
        OUTPUTS,
        "secrets",
        "scratch",
    }
)
METRICS_END = 64 << 10
METRICS_START = 1 << 20


def attempt_folder_of(store: Path, attempt_id: str, worker: str = "") -> Path:
    """Return the folder of an attempt; inside the worker's folder if it runs in a `worker`."""
    inside = f"{worker}/{contract.PLACES}/" if worker else ""
    return Path(f"{store}/attempts/{inside}{attempt_id}")


def is_record(name: str) -> bool:
    """Return whether `keep_record` keeps a file of this name, or with such a prefix."""
    return name in KEPT or any("." in kept and name.startswith(f"{kept}.") for kept in KEPT)


def is_own(name: str) -> bool:
    """Return whether a name in an attempt folder is reserved for nbyard.

    These are the names in OWN, and names that begin with one of its file names and a dot.
    """
    # Unfinished files have such names, for example `task.json.tmp` of `write_task`.
    return name in OWN or any("." in own and name.startswith(f"{own}.") for own in OWN)


def write_task(folder: Path, task: contract.TaskFile) -> None:
    """Write task.json atomically. Call it last: a folder without task.json is incomplete."""
    part = f"{folder}/{contract.TASK}.tmp"
    write_new(part, msgspec.json.format(msgspec.json.encode(task)))
    # A runner never sees half of the file: the rename is atomic.
    os.replace(part, f"{folder}/{contract.TASK}")


def read_task(folder: Path) -> contract.TaskFile:
    """Read task.json of an attempt.

    Raises:
        OSError: the file does not exist or cannot be read.
        msgspec.MsgspecError: the content is not a valid task.
    """
    return msgspec.json.decode(read_small(f"{folder}/{contract.TASK}"), type=contract.TaskFile)


def surroundings_in(folder: Path) -> contract.Surroundings | None:
    """Return the recorded surroundings of an attempt or worker: machine, packages and image.

    Returns None if the file is missing or invalid.
    """
    try:
        content = (folder / contract.SURROUNDINGS).read_bytes()
        surroundings = msgspec.json.decode(content, type=contract.Surroundings)
    except (OSError, msgspec.DecodeError):
        return None
    # In a container, the packages of the image count, not those of this machine.
    with contextlib.suppress(OSError, msgspec.DecodeError):
        content = (folder / contract.IMAGE).read_bytes()
        image = msgspec.json.decode(content, type=contract.Image)
        return msgspec.structs.replace(surroundings, image=image, lock=image.lock)
    return surroundings


def is_preparing_image(folder: Path) -> bool:
    """Return whether the first event of the attempt reports an image build or pull."""
    try:
        with open(folder / contract.EVENTS, "rb") as events:
            event = msgspec.json.decode(events.readline(MAX_STAGE))
    except (OSError, msgspec.DecodeError):
        return False
    return isinstance(event, dict) and event.get("stage") == contract.IMAGE_STAGE


def make_calls(folder: Path) -> None:
    """Create the files that `add_calls` needs: the list of calls and the FIFO."""
    (folder / contract.CALLS).touch()
    with contextlib.suppress(FileExistsError):
        os.mkfifo(folder / contract.MORE)


def add_calls(folder: Path, calls: Iterable[contract.Call]) -> None:
    """Append calls of functions to a worker's list, and wake the worker."""
    # The list is written first: the worker reads it as soon as the FIFO wakes it.
    with open(folder / contract.CALLS, "ab", 0) as file:
        # A killed writer may have left half a line; the newline ends it.
        file.write(b"\n" + b"".join(msgspec.json.encode(call) + b"\n" for call in calls))
    with contextlib.suppress(OSError):  # the worker does not listen yet, or has exited
        handle = os.open(folder / contract.MORE, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            os.write(handle, b".")
        finally:
            os.close(handle)


def read_calls(folder: Path) -> list[contract.Call]:
    """Return all calls that were sent to a worker."""
    return _lines(folder / contract.CALLS, 0, _decode_call)[0]


def read_results(folder: Path, after: int) -> tuple[list[contract.Result], int]:
    """Return a worker's results from byte `after` on, and the byte to continue from."""
    return _lines(folder / contract.RESULTS, after, decode_result)


def _lines(path: Path, after: int, decode: Callable[[bytes], T]) -> tuple[list[T], int]:
    """Decode the complete lines after a byte; skip lines that cannot be decoded."""
    decoded: list[T] = []
    try:
        with open(path, "rb", opener=only_a_file) as file:
            file.seek(after)
            content = file.read()
    except OSError:
        return decoded, after
    # The writer may be in the middle of the last line; it is read with the next call.
    whole = content[: content.rfind(b"\n") + 1]
    for line in whole.splitlines():
        with contextlib.suppress(msgspec.MsgspecError, ValueError):
            decoded.append(decode(line))
    return decoded, after + len(whole)


def read_result(folder: Path) -> contract.Result | None:
    """Return result.json, or None while it is missing or invalid."""
    # The task's code may have changed its folder in any way.
    with contextlib.suppress(OSError, ValueError):
        return decode_result(read_small(f"{folder}/{contract.RESULT}"))
    return None


def file_stamp(path: str) -> tuple[int, int]:
    """Return the size and mtime (ns) of a file, to detect writes; zeros without a file."""
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def last_signs(folder: Path) -> tuple[tuple[int, int], ...]:
    """Return the stamps of log and events, which change whenever the task makes progress."""
    return file_stamp(f"{folder}/{contract.LOG}"), file_stamp(f"{folder}/{contract.EVENTS}")


def only_a_file(path: str, flags: int) -> int:
    """Open a file as an `opener` that neither follows links nor blocks on a FIFO."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def request_stop(folder: Path, reason: Reason) -> None:
    """Ask a running attempt to stop by creating its cancel file.

    The file appears atomically. The reason of the first caller is kept. If no attempt is running,
    no file is created.

    Raises:
        OSError: the file cannot be written, for example because the disk is full.
    """
    ended = (folder / contract.RESULT).exists() or not (folder / contract.TASK).exists()
    if ended or os.path.lexists(folder / contract.CANCEL):
        return
    part = f"{folder}/{contract.CANCEL}.{os.urandom(4).hex()}"
    try:
        write_new(part, cancel_file(reason))
        # A rename would replace the reason of an earlier caller. A link fails instead.
        with contextlib.suppress(FileExistsError):  # another caller was faster
            os.link(part, folder / contract.CANCEL)
    finally:
        Path(part).unlink(missing_ok=True)


def cancel_file(reason: Reason) -> bytes:
    """Return the content of the cancel file: the reason, and its text for the runner's log."""
    return msgspec.json.encode({**msgspec.to_builtins(reason), "text": str(reason)})


def cancel_reason(folder: Path) -> Reason | None:
    """Return the reason in the cancel file of an attempt; None if there is no such file."""
    try:
        with open(folder / contract.CANCEL, "rb", opener=only_a_file) as file:
            data = file.read(MAX_STAGE)
    except OSError:
        return None
    try:
        return msgspec.json.decode(data, type=Reason)
    except msgspec.MsgspecError:  # written by hand
        return text_reason(data.decode("utf-8", "replace").strip()[:1000]) or because("cancel-file")


def ids_with_folder(store: Path) -> list[str]:
    """Return the ids of all attempts that have a folder."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(os.listdir(store / "attempts"))
    return []


def set_outputs_aside(store: Path, attempt_id: str) -> None:
    """Move the outputs of a finished attempt aside, for the next attempt of the task.

    After the rename, processes of the attempt that still run cannot reach them by path.
    """
    with contextlib.suppress(FileExistsError):
        os.mkdir(f"{store}/{UNFINISHED}", OURS)
    with contextlib.suppress(OSError):  # there are no outputs, or they were already moved
        os.rename(
            attempt_folder_of(store, attempt_id) / OUTPUTS, set_aside_folder(store, attempt_id)
        )


def set_aside_folder(store: Path, attempt_id: str) -> Path:
    """Return the folder of an attempt's outputs that were set aside."""
    return Path(f"{store}/{UNFINISHED}/{attempt_id}")


def all_unfinished(store: Path) -> list[str]:
    """Return the ids of all attempts whose outputs were set aside."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(os.listdir(f"{store}/{UNFINISHED}"))
    return []


def holds_more_than_record(folder: Path) -> bool:
    """Return whether a folder holds what `keep_record` removes."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return not set(os.listdir(folder)).issubset(KEPT)
    return False


def keep_record(folder: Path) -> None:
    """Reduce a folder to its record: remove code, staged inputs and collected outputs."""
    with contextlib.suppress(OSError):
        # The task may have removed the rights on its own folder, for example by `chmod 500`.
        mode = os.lstat(folder).st_mode
        if stat.S_ISDIR(mode) and mode & OURS != OURS:
            folder.chmod(OURS)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for name in os.listdir(folder):
            if name == contract.PLACES:
                for call in os.listdir(folder / name):
                    keep_record(folder / name / call)
                    with contextlib.suppress(OSError):  # a call that printed nothing has no record
                        os.rmdir(folder / name / call)
            elif name not in KEPT:
                delete_path(folder / name)


def output_bytes(folder: Path, paths: Iterable[str]) -> int:
    """Return the size of an attempt's outputs in bytes, also of declared ones in other places."""
    others = {path for path in paths if not path.startswith(f"{OUTPUTS}/")}
    places = [f"{folder}/{path}" for path in (OUTPUTS, *others)]
    return sum(
        os.path.getsize(place) if os.path.isfile(place) else folder_bytes(place) for place in places
    )


def folder_bytes(folder: str) -> int:
    """Return the size of all files in a folder in bytes, at any depth."""
    size, folders = 0, [folder]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    with contextlib.suppress(OSError):
                        size += entry.stat(follow_symlinks=False).st_size
    return size


def remove_folder(store: Path, attempt_id: str) -> None:
    """Remove an attempt's whole folder, and its outputs that were set aside."""
    delete_path(attempt_folder_of(store, attempt_id))
    delete_path(set_aside_folder(store, attempt_id))


def delete_path(path: Path) -> None:
    """Remove a file, a link or a whole folder."""
    try:
        is_folder = stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    if is_folder:
        moved = [""]
        while moved:
            moved.clear()
            with contextlib.suppress(OSError):
                _discard_folder(os.fspath(path), None, moved)
    else:
        path.unlink(missing_ok=True)


def _discard_folder(
    name: str, parent: int | None, moved: list[str], top: int | None = None, levels: int = 0
) -> None:
    """Remove a folder through open directory handles.

    If another process replaces a name meanwhile, nothing outside the folder is touched. Folders
    deeper than MAX_DEPTH are `moved` to the top: a task may nest more of them than a process can
    open at once.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        handle = os.open(name, flags, dir_fd=parent)
    except PermissionError:
        # The task has removed the rights on this folder.
        allow_us(name, parent)
        handle = os.open(name, flags, dir_fd=parent)
    try:
        if os.fstat(handle).st_mode & OURS != OURS:
            with contextlib.suppress(OSError):  # the folder belongs to another user
                os.fchmod(handle, OURS)
        with os.scandir(handle) as entries:
            members = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for item, is_folder in members:
            with contextlib.suppress(OSError):
                if not is_folder:
                    os.unlink(item, dir_fd=handle)
                elif top is not None and levels >= MAX_DEPTH:
                    there = os.urandom(16).hex()
                    os.rename(item, there, src_dir_fd=handle, dst_dir_fd=top)
                    moved.append(there)
                else:
                    _discard_folder(item, handle, moved, handle if top is None else top, levels + 1)
    finally:
        os.close(handle)
    os.rmdir(name, dir_fd=parent)


def allow_us(name: str, parent: int | None) -> None:
    """Allow us to read and change a folder, never what a link with its name leads to."""
    if not hasattr(os, "O_PATH"):  # macOS
        os.chmod(name, OURS, dir_fd=parent, follow_symlinks=False)
        return
    handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    try:
        os.chmod(f"/proc/self/fd/{handle}", OURS)
    finally:
        os.close(handle)


def last_values(folder: Path, most: int = ON_CARD) -> list[ShownMetric]:
    """Return the newest values of at most `most` metrics in an attempt's folder."""
    path = folder / contract.METRICS
    end = read_end(path, METRICS_END)
    # Only the end of a long file is read, so its beginning determines the order of the metrics.
    first = read_lines(path, METRICS_END) if len(end) == METRICS_END else []
    return last_metrics(read_points(end.splitlines()), read_points(first), most)


def logged_steps(folder: Path, name: str) -> dict[int, float]:
    """Return the values of a metric, by step or by place."""
    points = read_points(read_lines(folder / contract.METRICS, METRICS_START))
    own = [point for point in points if point.name == name]
    return {
        int(point.step) if isinstance(point.step, float) else place: point.value
        for place, point in enumerate(own)
        if isinstance(point.value, float)
    }


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
