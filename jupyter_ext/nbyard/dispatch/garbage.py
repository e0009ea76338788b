"""Delete bytes that no row names, unused run templates and dangling links of projects.

Candidates are found with one query per subject. They are checked again and deleted while no
`Blobs.without_collection` block is active, so no new row can name them. A grace period protects
bytes that are named outside of rows for a moment, and users who want bytes back.
"""

import logging
import time
from collections.abc import Iterable

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.errors import NbyardError, NotFound
from nbyard.transfer.uploads import FOLDER as UPLOADS
from nbyard.transfer.uploads import Uploads

log = logging.getLogger("nbyard.dispatch")
EVERY_SECONDS = 3600.0
AGAIN_SECONDS = 10.0
# Processes that store bytes wait during a deletion, so each round deletes a limited number.
AT_ONCE = 10_000


class GarbageCollector:
    """Looks for unused bytes every hour and after deletions."""

    def __init__(self, context: DispatchContext, threads: Threads):
        self._context = context
        self._threads = threads
        self._uploads = Uploads(context.folder / UPLOADS, context.blobs)
        self._members: dict[str, set[str]] = {}
        self.unwanted: set[str] = set()
        self._not_before = 0.0

    def discard_soon(self, digest: str) -> None:
        """Delete these bytes soon, unless a row names them.

        The grace period does not apply to them.
        """
        self.unwanted.add(digest)

    def tick(self) -> None:
        """Start a collection if it is due, and delete what is unwanted."""
        if self.unwanted:
            # Bytes that cannot be deleted are left to the regular collections.
            self._threads.submit(
                "unwanted bytes", self.discard_unwanted, lambda _: self.unwanted.clear()
            )
        if time.monotonic() < self._not_before:
            return
        with self._context.store.read() as c:
            due = self._context.store.facts.collect_at(c)
        if not time.time() < due <= time.time() + EVERY_SECONDS:  # also if the clock was set back
            self._threads.submit("garbage", lambda: self._round(due))

    def _round(self, due: float) -> None:
        self._not_before = time.monotonic() + AGAIN_SECONDS
        try:
            is_done = self.collect()
        except NbyardError as error:  # the list of a folder is damaged, so its files are unknown
            log.warning("unused bytes were not looked for: %s", error)
            is_done = True
        with self._context.write() as c:
            facts = self._context.store.facts
            # Another time means that a deletion of rows has asked for another collection.
            if is_done and facts.collect_at(c) == due:
                facts.set_collect_at(c, time.time() + EVERY_SECONDS)

    def collect(self) -> bool:
        """Delete bytes unused beyond the grace period; return whether all of them are deleted.

        Return False if a process is storing bytes, or if there are too many for one round.
        """
        with self._context.write() as c:
            self._context.store.templates.delete_unused(c)
            self._context.store.projects.delete_dangling(c)
            self._context.store.grants.delete_dangling(c)
        before = time.time() - self._context.settings.garbage_grace_seconds
        old = (blob.digest for blob in self._context.blobs.stored() if blob.since < before)
        unnamed = self._unreferenced(old)
        return self.discard(unnamed[:AT_ONCE]) and len(unnamed) <= AT_ONCE

    def discard_unwanted(self) -> None:
        wanted = {*self.unwanted}
        if self.discard(wanted):
            self.unwanted -= wanted

    def discard(self, digests: Iterable[str]) -> bool:
        """Delete these bytes, except those that rows name.

        Return False and delete nothing if a process stores bytes.
        """
        wanted = list(digests)
        if not wanted:
            return True
        with self._context.blobs.exclusive_collection() as is_alone:
            for digest in self._unreferenced(wanted) if is_alone else ():
                self._context.blobs.delete(digest)
                self._context.tables.forget(digest)
                log.info("%s was deleted: nothing names it", digest)
        return is_alone

    def _unreferenced(self, digests: Iterable[str]) -> list[str]:
        with self._context.store.read() as c:
            named = self._context.store.digests(c)
        # Finished uploads have no row yet.
        named.update(self._uploads.finished_digests())
        # The lists of folders that no row names leave the cache here.
        self._members = {d: self._members_of(d) for d in named if d.startswith("tree:")}
        named.update(*self._members.values())
        return [digest for digest in digests if digest not in named]

    def _members_of(self, tree: str) -> set[str]:
        if tree in self._members:
            return self._members[tree]
        try:
            return {entry.digest for entry in self._context.blobs.tree(tree).files}
        except NotFound:
            return set()
