"""Reads and writes the attempt folder on the server's side, for every runtime.

Files that the work could write are not trusted: no link is followed.
"""

import errno
import os
import shutil
import stat
import time
from pathlib import Path

import msgspec

from nbyard.attempts.folders import cancel_reason
from nbyard.domain.attempts.failure_reader import decode_result
from nbyard.domain.attempts.other_files import OtherFiles
from nbyard.domain.attempts.structs import OTHERS, RESULT, TASK, Failure, Result, TaskFile
from nbyard.errors import NbyardError, TooLarge
from nbyard.host.project_files import write_new
from nbyard.reasons.structs import because

# Work in a container may write this file, so its size is limited.
MAX_RESULT_BYTES = 64 * 2**20


def read_task(folder: Path) -> TaskFile:
    """Return the task of an attempt.

    Raises:
        NbyardError: task.json is missing or damaged.
    """
    try:
        return msgspec.json.decode((folder / TASK).read_bytes(), type=TaskFile)
    except (OSError, msgspec.DecodeError) as error:
        raise NbyardError(because("file-unreadable", file=TASK, message=str(error))) from error


def read_file(path: Path) -> bytes | None:
    """Return at most MAX_RESULT_BYTES of a regular file, None for anything else."""
    try:
        # Without O_NONBLOCK, opening a FIFO would wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        return file.read(MAX_RESULT_BYTES)


def has_result(folder: Path) -> bool:
    """Return whether result.json exists."""
    return os.path.lexists(folder / RESULT)


def read_result(folder: Path) -> Result | None:
    """Return the result of an attempt, or None before its end.

    Raises:
        NbyardError: result.json is damaged.
    """
    data = read_file(folder / RESULT)
    if data is None:
        return None
    try:
        return decode_result(data)
    except msgspec.DecodeError as error:
        raise NbyardError(because("file-unreadable", file=RESULT, message=str(error))) from error


def write_result(folder: Path, result: Result, *, replace: bool = False) -> None:
    """Write result.json, unless there is one already or `replace` is set."""
    temporary = folder / f"result.json.{os.getpid()}.{os.urandom(4).hex()}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(result))
        file.flush()
        os.fsync(handle)
    try:
        if replace:
            os.replace(temporary, folder / RESULT)
        else:
            # Unlike a rename, a link fails if there is a result already: the first one stays.
            os.link(temporary, folder / RESULT)
    except FileExistsError:
        return
    finally:
        temporary.unlink(missing_ok=True)
    parent = os.open(folder, os.O_RDONLY)
    os.fsync(parent)
    os.close(parent)


def write_others(folder: Path, left: OtherFiles | None) -> None:
    """Write others.json, which must exist before the result. Do nothing if `left` is None."""
    if left is not None:
        part = f"{folder}/{OTHERS}.{os.urandom(4).hex()}"
        write_new(part, msgspec.json.encode(left))
        os.replace(part, folder / OTHERS)


def read_others(folder: Path) -> OtherFiles | None:
    """Return which other files of the work were not fetched, None without such files.

    Raises:
        MsgspecError: The file is damaged. Work in a container could do that.
    """
    data = read_file(folder / OTHERS)
    return None if data is None else msgspec.json.decode(data, type=OtherFiles)


def cancel_unstarted(folder: Path) -> None:
    """Write the result of an attempt that was cancelled before its work began."""
    task, now = read_task(folder), time.time()
    result = Result(
        attempt_id=task.attempt_id,
        token=task.token,
        state="cancelled",
        started_at=now,
        finished_at=now,
        failure=Failure("cancelled", cancel_reason(folder) or because("cancel-file")),
    )
    write_result(folder, result)


def check_size(folder: Path, needed_bytes: int) -> None:
    """Check that the disk of a folder has space for an output, before it is fetched.

    Raises:
        TooLarge: It would not even fit on the empty disk.
        OSError: The disk has too little space now.
    """
    disk = shutil.disk_usage(folder)
    if needed_bytes > disk.total:
        raise TooLarge(because("disk-full-for-bytes", needed=needed_bytes))
    if needed_bytes > disk.free:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
