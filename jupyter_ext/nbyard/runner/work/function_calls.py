"""Calls the functions of one file for many attempts, as requests come in.

This process is a child of the supervisor. calls.jsonl has one line for each call. The FIFO `more`
wakes this process when lines were added. Events are reported through a pipe. The output of each
call follows a mark, so that the supervisor can assign it to an attempt.

Copies the files that a call wrote into the code folder to the attempt, before the next call.

All calls of a worker process share that folder. Events from inotify(7) show which files each call
wrote. Without inotify, no files are copied.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from ..attempt_folder import CODE, AttemptFolder, BadTask
from ..process.clock import Clock
from ..process.inotify import (
    CLOSE_WRITE,
    CREATE,
    IS_FOLDER,
    MODIFY,
    MOVED_TO,
    NO_LINKS,
    ONLY_FOLDERS,
    OVERFLOW,
    Inotify,
)
from ..reasons import because, system_error
from .run_function import CallFailed, Functions
from .status_pipe import Report
from .work_outcome import check_outputs, failure_record

OTHERS = "others.json"
MASK = CREATE | MODIFY | CLOSE_WRITE | MOVED_TO | ONLY_FOLDERS | NO_LINKS
NAMED = 100  # files that are not copied; the others are counted


class WrittenFiles:
    """Watches a code folder and copies the files that each call wrote.

    At most `most_bytes` and `most_files` are copied for each call. `folders` lists the subfolders:
    listing them here would count as reading the code.
    """

    def __init__(
        self, folder: str, folders: Iterable[str], most_bytes: int, most_files: int
    ) -> None:
        self._folder = folder
        self._most_bytes, self._most_files = most_bytes, most_files
        self._places: dict[int, str] = {}
        self.inotify: Inotify | None = None
        if most_bytes and most_files:
            with contextlib.suppress(OSError, AttributeError):  # no inotify on this system
                self.inotify = Inotify()
                for subfolder in ("", *folders):
                    self._add(subfolder)

    def copy_to(self, place: str) -> bool:
        """Copy the files that were written since the last call to the attempt folder `place`.

        Return whether files were written. Links and files beyond the limits are only named, in
        `others.json`.
        """
        written = self._new_files()
        if not written:
            return False
        left, sizes = list[tuple[str, str, int]](), list[tuple[int, str]]()
        for path in sorted(written):
            with contextlib.suppress(OSError):  # it is gone, or out of reach
                file_stat = os.lstat(self._at(path))
                if stat.S_ISREG(file_stat.st_mode):
                    sizes.append((file_stat.st_size, path))
                else:
                    left.append((path, "link", 0))
        if not sizes and not left:
            return False
        os.makedirs(os.path.join(place, CODE), exist_ok=True)
        left += self._copy(sorted(sizes), place)
        if left:
            named = [
                # a name that is not UTF-8 has no place in JSON
                {"path": path.encode("utf-8", "backslashreplace").decode(), "why": why}
                | {"size_bytes": size}
                for path, why, size in left[:NAMED]
            ]
            with open(os.path.join(place, OTHERS), "w", encoding="utf-8") as file:
                json.dump({"left_out": named, "more": len(left) - len(named)}, file)
        return True

    def _copy(self, sizes: Iterable[tuple[int, str]], place: str) -> Iterator[tuple[str, str, int]]:
        """Copy files, the smallest first.

        Yield path, reason and size of those not copied.
        """
        import shutil  # most calls write no such file

        count = size = 0
        for bytes_, path in sizes:
            if size + bytes_ > self._most_bytes:
                yield path, "too-large", bytes_
            elif count >= self._most_files:
                yield path, "too-many", bytes_
            else:
                count, size = count + 1, size + bytes_
                target = os.path.join(place, CODE, path)
                try:
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    shutil.copyfile(self._at(path), target, follow_symlinks=False)
                except OSError:
                    with contextlib.suppress(OSError):
                        os.unlink(target)  # a part may have been written
                    yield path, "unreadable", bytes_

    def _new_files(self) -> set[str]:
        """Return the files that were written since the last time, relative to the folder."""
        paths = set[str]()
        for number, mask, name in self.inotify.read() if self.inotify else ():
            if mask & OVERFLOW:  # the dispatcher leaves out what did not change
                paths.update(self._watch(""))
                continue
            path = _join(self._places.get(number, ""), os.fsdecode(name))
            if number not in self._places or not name or _is_cache(path):
                continue
            if mask & IS_FOLDER:
                paths.update(self._watch(path))
            else:
                paths.add(path)
        return paths

    def _watch(self, folder: str) -> list[str]:
        """Watch a new folder and its subfolders. Return the files in them."""
        folders, files = [folder], list[str]()
        for subfolder in folders:
            with contextlib.suppress(OSError):  # deleted meanwhile, or too many watches
                self._add(subfolder)
                with os.scandir(self._at(subfolder)) as entries:
                    for entry in entries:
                        if not _is_cache(entry.name):
                            is_folder = entry.is_dir(follow_symlinks=False)
                            (folders if is_folder else files).append(_join(subfolder, entry.name))
        return files

    def _add(self, folder: str) -> None:
        if self.inotify:
            self._places[self.inotify.add(self._at(folder), MASK)] = folder

    def _at(self, path: str) -> str:
        return os.path.join(self._folder, path)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _is_cache(path: str) -> bool:
    """Return whether a file or folder is hidden or a cache of Python, which users do not need."""
    name = path.rpartition("/")[2]
    return name.startswith(".") or name == "__pycache__" or name.endswith(".pyc")


CALLS, MORE, PLACES = "calls.jsonl", "more", "calls"
IDLE_SECONDS = 5.0
# A dispatcher that is killed may have added a line without a wake-up.
LOOK_SECONDS = 1.0
OUTPUT = 1
MARK = b"\0nbyard "
NOBODY = "-" * 36


def mark_of(mark: str, attempt_id: str) -> bytes:
    """Return the mark that is printed before the output of an attempt.

    The text `mark` is the worker's, so that output of functions cannot contain it by chance.
    """
    return MARK + f"{mark} {attempt_id}\n".encode()


class Calls:
    """Reads the calls in calls.jsonl.

    A call of an attempt that was read before is ignored.
    """

    def __init__(self, folder: AttemptFolder) -> None:
        # Open for writing too: without a writer, select would report the end of the file forever.
        self._more = os.open(folder.at(MORE), os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._file = open(folder.at(CALLS), "rb")  # noqa: SIM115  open as long as there are calls
        self._seen: set[str] = set()
        self._rest = b""

    def new_calls(self) -> Iterator[dict[str, Any]]:
        """Yield the calls that were added since the last time."""
        while data := self._file.read(1 << 20):
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                call = read_call(line)
                if call is not None and call["attempt_id"] not in self._seen:
                    self._seen.add(call["attempt_id"])
                    yield call

    def wait(self) -> bool:
        """Wait up to IDLE_SECONDS for more calls. Return whether some have come."""
        until = time.monotonic() + IDLE_SECONDS
        size = self._file.tell()
        while time.monotonic() < until:
            if os.fstat(self._file.fileno()).st_size > size:
                return True
            if select.select([self._more], [], [], LOOK_SECONDS)[0]:
                os.read(self._more, 4096)
        return False


def read_call(line: bytes) -> dict[str, Any] | None:
    """Parse one line of calls.jsonl.

    Return None for a line that was only partly written.
    """
    try:
        call = json.loads(line)
        return call if isinstance(call["attempt_id"], str) else None
    except (ValueError, KeyError, TypeError):
        return None


def main(path: str, descriptor: int) -> int:
    """Carry out the calls in the folder `path` until none has come for IDLE_SECONDS.

    `descriptor` is the pipe for reports. Return the exit status.
    """
    report, folder = Report(descriptor), AttemptFolder(path)
    task = folder.task()
    calls = Calls(folder)
    worker = Worker(folder, task, report)
    while True:
        for call in calls.new_calls():
            worker.do(call)
        worker.end_output()
        if not calls.wait():
            report.end(None)
            return 0


class Worker:
    """Calls functions in this process.

    Their file is imported once, before the first call.
    """

    def __init__(self, folder: AttemptFolder, task: dict[str, Any], report: Report) -> None:
        self._folder = folder
        self._mark = task["mark"]
        self._report = report
        self._directory = os.getcwd()
        self._clock = Clock()
        self._functions: Functions | None = None
        self._broken: dict[str, Any] | None = None
        work = task["work"]
        self._written = WrittenFiles(
            folder.at(CODE),
            work.get("folders", ()),
            most_bytes=work.get("most_bytes", 0),
            most_files=work.get("most_files", 0),
        )
        try:
            self._functions = Functions(folder.inside(work["path"]))
        except CallFailed as error:
            self._broken = error.failure
        report.stage("running")

    def do(self, call: dict[str, Any]) -> None:
        """Call the function for one attempt, and report the attempt's result."""
        name = call["attempt_id"]
        self._begin(name)
        if call.get("timeout_seconds"):
            seconds = call["timeout_seconds"]
            self._report.send({"type": "call", "attempt_id": name, "timeout_seconds": seconds})
        started_at = self._clock.now()
        failed = self._outcome(call)
        has_others = False
        with suppress(OSError):  # a full disk does not undo what the call has done
            has_others = self._written.copy_to(Place(self._folder.path, name).path)
        self._report.send(
            {
                "type": "result",
                "attempt_id": name,
                "token": call["token"],
                "state": "failed" if failed else "succeeded",
                "started_at": started_at,
                "finished_at": self._clock.now(),
                "outputs": [] if failed else list(call["outputs"]),
                "failure": failed,
                "has_others": has_others,
            }
        )

    def _outcome(self, call: dict[str, Any]) -> dict[str, Any] | None:
        if self._functions is None:
            return self._broken
        place = Place(self._folder.path, call["attempt_id"])
        os.environ["NBYARD_ATTEMPT"] = place.path
        os.environ["NBYARD_ATTEMPT_ID"] = call["attempt_id"]
        os.environ["NBYARD_NODE_ID"] = call["node"]
        try:
            # The previous function may have changed the working directory.
            os.chdir(self._directory)
            self._functions.call(place, call, call["outputs"])
        except CallFailed as error:
            return error.failure
        except BadTask as error:
            return failure_record("preparation", because("task-unusable", problem=str(error)))
        except OSError as error:
            return failure_record("preparation", system_error(error))
        if not call["outputs"]:
            return None
        return check_outputs(place, call["outputs"])[1]

    def end_output(self) -> None:
        """Print a mark, after which output belongs to no attempt."""
        self._begin(NOBODY)

    def _begin(self, name: str) -> None:
        os.write(OUTPUT, mark_of(self._mark, name))


class Place(AttemptFolder):
    """The attempt folder of one call, inside the worker's.

    It exists once it contains a file.
    """

    def __init__(self, worker: str, attempt_id: str) -> None:
        self.path = f"{worker}/{PLACES}/{attempt_id}"
