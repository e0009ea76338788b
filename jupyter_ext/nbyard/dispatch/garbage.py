"""Bytes that no row names any more go away, after a grace.

They are found by one question per noun, and asked for again and deleted while nobody is between
putting bytes and committing the row that names them (`Blobs.keeping`). The grace is for what is
named outside of rows for a moment, and for people who want bytes back from the disk.
"""

import logging
import time
from collections.abc import Iterable

from nbyard.dispatch.context import Room
from nbyard.dispatch.threads import Threads
from nbyard.errors import NbyardError, NotFound
from nbyard.transfer.uploads import FOLDER as UPLOADS
from nbyard.transfer.uploads import Uploads

log = logging.getLogger("nbyard.dispatch")
EVERY_SECONDS = 3600.0
AGAIN_SECONDS = 10.0
AT_ONCE = 10_000


class Collector:
    """Looks every hour, and when something was deleted."""

    def __init__(self, room: Room, threads: Threads):
        self._room = room
        self._threads = threads
        self._uploads = Uploads(room.folder / UPLOADS, room.blobs)
        self._members: dict[str, set[str]] = {}
        self._not_before = 0.0

    def tick(self) -> None:
        """Begin a round when it is time."""
        if time.monotonic() < self._not_before:
            return
        with self._room.store.read() as c:
            due = self._room.store.facts.collect_at(c)
        if not time.time() < due <= time.time() + EVERY_SECONDS:  # a clock may be set back
            self._threads.submit("garbage", lambda: self._round(due))

    def _round(self, due: float) -> None:
        self._not_before = time.monotonic() + AGAIN_SECONDS
        try:
            is_done = self.collect()
        except NbyardError as error:  # a damaged list of a folder: what it holds is not known
            log.warning("unused bytes were not looked for: %s", error)
            is_done = True
        with self._room.write() as c:
            facts = self._room.store.facts
            if is_done and facts.collect_at(c) == due:
                facts.set_collect_at(c, time.time() + EVERY_SECONDS)

    def collect(self) -> bool:
        """Delete what nobody names and nobody put for the time of the grace; whether that is done:
        somebody may be putting bytes just now, or there is very much."""
        before = time.time() - self._room.settings.garbage_grace_seconds
        old = (found.digest for found in self._room.blobs.stored() if found.since < before)
        unnamed = self._unnamed(old)
        return self.discard(unnamed[:AT_ONCE]) and len(unnamed) <= AT_ONCE

    def discard(self, digests: Iterable[str], wait_seconds: float = 0) -> bool:
        """Delete these bytes unless somebody names them; False: not within this time, for somebody
        is putting some."""
        wanted = list(digests)
        if not wanted:
            return True
        with self._room.blobs.collecting(wait_seconds) as is_alone:
            for digest in self._unnamed(wanted) if is_alone else ():
                self._room.blobs.delete(digest)
                self._room.tables.forget(digest)
                log.info("%s was deleted: nothing names it", digest)
        return is_alone

    def _unnamed(self, digests: Iterable[str]) -> list[str]:
        with self._room.store.read() as c:
            named = self._room.store.digests(c)
        named.update(self._uploads.taken())
        self._members = {d: self._listed(d) for d in named if d.startswith("tree:")}
        named.update(*self._members.values())
        return [digest for digest in digests if digest not in named]

    def _listed(self, tree: str) -> set[str]:
        """The files of a folder, which is for ever the same."""
        if tree in self._members:
            return self._members[tree]
        try:
            return {entry.digest for entry in self._room.blobs.tree(tree).files}
        except NotFound:
            return set()
