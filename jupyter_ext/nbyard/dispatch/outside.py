"""States of what code mentions outside of its bundle: files of this machine, and datasets."""

import glob
import hashlib
import os
import stat
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from itertools import islice

from nbyard.dispatch.room import Room
from nbyard.domain.digest import DATASET, digest_of
from nbyard.domain.executables import ExecutableVersion
from nbyard.domain.functions import spot
from nbyard.domain.ids import new_id
from nbyard.domain.outside import Mentions, is_read_for, mentions_in, mentions_of
from nbyard.domain.runs import TaskPlan, ValueOf
from nbyard.domain.runtimes import PROCESS
from nbyard.errors import NbyardError
from nbyard.store.tasks import TaskRecord

MOST_FILES = 500  # of a bundle that are looked into
MOST_BYTES = 4 << 20
MOST_PATHS = 200
MOST_MATCHES = 1_000
DIGESTED_BYTES = 16 << 20  # larger files count by size and time
SETTLED_SECONDS = 3.0  # clocks of file systems are coarse
REMEMBERED = 5_000

Signature = tuple[int, ...]


class Outside:
    """Used by the loop and by threads."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._mentions: dict[tuple[str, str], Mentions] = {}
        self._digests: dict[Signature, str] = {}
        own = (str(room.folder), sys.prefix, sys.base_prefix)
        self._left_out = tuple(f"{one.rstrip('/')}/" for one in own)

    def mentions(self, version: ExecutableVersion, files: Mapping[str, str]) -> Mentions:
        """What the code of a version mentions with the files of its bundle, of notebooks only if it
        runs others; for threads."""
        is_notebook = {name: name.lower().endswith(".ipynb") for name in files}
        found = self.mentions_in(version, files, (name for name in files if not is_notebook[name]))
        if found.runs_notebooks:
            found |= self.mentions_in(version, files, filter(is_notebook.get, files))
        return found

    def mentions_in(
        self, version: ExecutableVersion, files: Mapping[str, str], read: Iterable[str]
    ) -> Mentions:
        """What the code of a version mentions, and those `files` of its bundle that it `read`."""
        found = self._of_file(spot(version.file).file, version.content_digest)
        names = [one for one in read if one in files and is_read_for(one)]
        names.sort(key=lambda one: (one.count("/"), one))
        for name in names[:MOST_FILES]:
            found |= self._of_file(name, files[name].partition(" ")[0])
        return found

    def _of_file(self, name: str, digest: str) -> Mentions:
        known = self._mentions.get((name, digest))
        if known is None:
            try:
                with self._room.blobs.open(digest) as handle:
                    known = mentions_of(name, handle.read(MOST_BYTES))
            except (NbyardError, OSError):  # such as a folder with a model
                return Mentions()
            if len(self._mentions) >= REMEMBERED:
                self._mentions.clear()
            self._mentions[name, digest] = known
        return known

    def is_asked(self, task: TaskRecord, mentions: Mentions) -> bool:
        """Whether anything outside may count."""
        asked = mentions | _of_values(task.plan)
        return bool(asked.ids or asked.asks_datasets or self._paths(task, asked))

    def states(self, task: TaskRecord, mentions: Mentions) -> dict[str, str]:
        """Return the states of what is mentioned, empty of files that are not there."""
        asked = mentions | _of_values(task.plan)
        found = {path: self._state(os.path.expanduser(path)) for path in self._paths(task, asked)}
        if not asked.ids and not asked.asks_datasets:
            return found
        try:
            with self._room.store.read() as c:
                for name in asked.datasets(self._room.store.datasets.names(c, task.owner)):
                    version = self._room.store.datasets.newest_ready(c, name)
                    found[f"{DATASET}{name}"] = (version.digest or version.id) if version else ""
        except NbyardError:  # what is unknown is never the same
            found[DATASET] = new_id()
        return found

    def _paths(self, task: TaskRecord, asked: Mentions) -> Collection[str]:
        """Only processes of this machine see its files."""
        if task.plan.runtime != PROCESS:
            return ()
        own = self._left_out
        paths = [one for one in asked.paths if not os.path.expanduser(one).startswith(own)]
        return sorted(paths)[:MOST_PATHS]

    def _state(self, path: str) -> str:
        if glob.has_magic(path) and not os.path.lexists(path):
            found = () if "**" in path else islice(glob.iglob(path), MOST_MATCHES)
            told = [[one, self._state(one)] for one in sorted(found)]
            return digest_of(told) if told else ""
        try:
            seen = os.stat(path)
            if stat.S_ISDIR(seen.st_mode):
                return "folder"
            if not stat.S_ISREG(seen.st_mode):
                return "special"
            if seen.st_size > DIGESTED_BYTES:
                return f"{seen.st_size} {seen.st_mtime_ns}"
            return self._digest(path, seen)
        except (OSError, ValueError):
            return ""

    def _digest(self, path: str, seen: os.stat_result) -> str:
        same = (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
        known = self._digests.get(same)
        if known is None:
            with open(path, "rb") as handle:
                known = f"sha256:{hashlib.file_digest(handle, 'sha256').hexdigest()}"
            newest = max(seen.st_mtime_ns, seen.st_ctime_ns) / 1e9
            if abs(time.time() - newest) > SETTLED_SECONDS:
                if len(self._digests) >= REMEMBERED:
                    self._digests.clear()
                self._digests[same] = known
        return known


def _of_values(plan: TaskPlan) -> Mentions:
    values = {name: one.value for name, one in plan.bindings.items() if isinstance(one, ValueOf)}
    return mentions_in(values)
