"""Attempt folders on our side, while they live: written for the runner, read for the dispatcher,
reduced to a record in the end. What people see of them: `attempt_views`."""

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from nbyard.domain.attempts import structs as contract
from nbyard.host.project_files import read_small, write_new

MAX_STAGE = 4096
OURS = 0o700
OUTPUTS, UNFINISHED = "outputs", "unfinished"
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
# the names in a folder of an attempt that the work does not choose
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


def place(store: Path, attempt_id: str, worker: str = "") -> Path:
    """The folder of an attempt; where a worker has it, in that of the worker."""
    inside = f"{worker}/{contract.PLACES}/" if worker else ""
    return Path(f"{store}/attempts/{inside}{attempt_id}")


def is_own(name: str) -> bool:
    """Return whether a name in an attempt's folder is one of ours, or of a file that will be."""
    return name in OWN or any("." in one and name.startswith(f"{one}.") for one in OWN)


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
        with open(path, "rb", opener=only_a_file) as file:
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


def stamp(path: str) -> tuple[int, int]:
    """What differs once a file was written to; zero where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def last_signs(folder: Path) -> tuple[tuple[int, int], ...]:
    """What differs once the work has printed something or told of a cell."""
    return stamp(f"{folder}/{contract.LOG}"), stamp(f"{folder}/{contract.EVENTS}")


def only_a_file(path: str, flags: int) -> int:
    """No link is followed, and no writer waited for."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def ask_to_end(folder: Path, reason: str) -> None:
    """The file that asks the work to end, where there is work that is not at its end. It appears
    whole, and the first who asks gives the reason.

    Raises:
        OSError: it cannot be written, as on a full disk.
    """
    ended = (folder / contract.RESULT).exists() or not (folder / contract.TASK).exists()
    if ended or os.path.lexists(folder / contract.CANCEL):
        return
    part = f"{folder}/{contract.CANCEL}.{os.urandom(4).hex()}"
    try:
        write_new(part, reason.encode())
        with contextlib.suppress(FileExistsError):  # somebody else has asked just now
            os.link(part, folder / contract.CANCEL)
    finally:
        Path(part).unlink(missing_ok=True)


def present(store: Path) -> list[str]:
    """The ids of all attempts that have a folder."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(os.listdir(store / "attempts"))
    return []


def set_aside(store: Path, attempt_id: str) -> None:
    """What an attempt that is over has of its outputs, for the next at the same, in one step: then
    it is out of reach of who may be at it still."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(f"{store}/{UNFINISHED}", OURS)
    with contextlib.suppress(OSError):  # there is none, or it lies there
        os.rename(place(store, attempt_id) / OUTPUTS, unfinished(store, attempt_id))


def unfinished(store: Path, attempt_id: str) -> Path:
    """Where that is."""
    return Path(f"{store}/{UNFINISHED}/{attempt_id}")


def all_unfinished(store: Path) -> list[str]:
    """The ids of the attempts of which there is any."""
    with contextlib.suppress(FileNotFoundError):
        return sorted(os.listdir(f"{store}/{UNFINISHED}"))
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
    """Remove the whole folder, and what was set aside of it."""
    discard(place(store, attempt_id))
    discard(unfinished(store, attempt_id))


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
