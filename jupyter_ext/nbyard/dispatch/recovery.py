"""Remove leftovers of ended work, such as folders, secrets and containers."""

import logging
import time
from collections.abc import Collection, Iterator
from functools import partial

from nbyard.attempts import folders
from nbyard.dispatch.attempts.clean_up import CleanUps, clear_attempt
from nbyard.dispatch.attempts.function_workers import clear_worker
from nbyard.dispatch.automations.store_events import KINDS
from nbyard.dispatch.cache import partial_results
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.domain.deployments.structs import check_name
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.errors import NbyardError
from nbyard.ipc.crash_points import crash_point
from nbyard.runner import secret_files
from nbyard.runtimes.protocol import Order, Runtime
from nbyard.store import Store
from nbyard.transfer.uploads import FOLDER as UPLOADS
from nbyard.transfer.uploads import Uploads

log = logging.getLogger("nbyard.dispatch")
EVERY_SECONDS = 20.0
KEEP_EVENTS = 200_000


class LiveAttempts(Collection[str]):
    """The IDs of live attempts, function workers, model probes and deployment checks.

    Each access queries the store. An engine may respond slowly, and work that started meanwhile
    must not be swept.
    """

    def __init__(self, store: Store):
        self._store = store

    def _ids(self) -> set[str]:
        with self._store.read() as c:
            live = {attempt.id for attempt in self._store.attempts.live(c)}
            live |= {
                check_name(*revision_key)
                for revision_key in self._store.deployments.started_revisions(c)
            }
            live |= self._store.model_probes.begun(c)
            return live | self._store.workers.live(c)

    def __contains__(self, attempt_id: object) -> bool:
        return attempt_id in self._ids()

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids())

    def __len__(self) -> int:
        return len(self._ids())


class LeftoverSweeper:
    """Removes leftovers at the start and then every 20 s.

    Running attempts need no recovery. They are adopted, because every controller step can repeat.
    """

    def __init__(self, context: DispatchContext, threads: Threads, clean_ups: CleanUps):
        self._context = context
        self._threads = threads
        self._clean_ups = clean_ups
        self.next_sweep_at = 0.0
        self._is_first = True
        self._uploads = Uploads(context.folder / UPLOADS, context.blobs)

    def tick(self) -> None:
        """Sweep if it is due; call engines in threads, because they may hang."""
        if time.monotonic() < self.next_sweep_at:
            return
        self.next_sweep_at = time.monotonic() + EVERY_SECONDS
        # Later rounds clean up themselves; only a crash leaves folders behind.
        if self._is_first:
            self.tidy_folders()
            self._is_first = False
        self._threads.submit("sweep unfinished", partial(partial_results.sweep, self._context))
        for name, runtime in self._context.runtimes.items():
            work = partial(self._sweep, name, runtime)
            self._threads.submit(f"sweep {name}", work, runtime=name)
        store = self._context.store
        # of attempts that ended unnoticed
        removed = secret_files.delete_unused_secrets(store.id, LiveAttempts(store))
        if removed:
            log.warning("secrets of %s were removed from memory", ", ".join(removed))
        store.reserve.keep()
        self._context.blobs.sweep()
        self._uploads.sweep()
        with self._context.store.read() as c:
            events, automations = self._context.store.events, self._context.store.automations
            # Automations must still see what happened while no dispatcher ran.
            is_read = not automations.enabled_kinds(c).isdisjoint(KINDS)
            until = automations.cursor(c) if is_read else events.newest_id(c)
            # The margin of 10 % avoids a deletion in every sweep.
            many = events.newest_id(c) - events.oldest_id(c) > 1.1 * KEEP_EVENTS
        if many:
            with self._context.write() as c:
                self._context.store.events.delete_oldest(c, KEEP_EVENTS, until)

    def tidy_folders(self) -> None:
        """Finish the cleanup of a killed dispatcher.

        Ended attempts whose folder holds more than their record are cleaned up. Folders of unknown
        attempts are deleted.
        """
        present = folders.ids_with_folder(self._context.folder)
        # After a move of a store that is about to commit the attempts of these folders.
        with self._context.store.write() as c:
            marks = self._context.store.workers.marks(c)
            known = self._context.store.attempts.ids(c) | marks.keys()
            live = {attempt.id for attempt in self._context.store.attempts.live(c)}
            live |= self._context.store.workers.live(c)
        for attempt_id in present:
            if attempt_id not in known:
                folders.remove_folder(self._context.folder, attempt_id)
                crash_point("swept")
            elif attempt_id in marks and attempt_id not in live:
                # The worker may still wait for calls.
                place = folders.attempt_folder_of(self._context.folder, attempt_id)
                store_id, mark = self._context.store.id, marks[attempt_id]
                order = Order(attempt_id, store_id, "", "", place, mark)
                if runtime := self._context.runtimes.get(PROCESS):
                    clear = partial(clear_worker, order, runtime)
                    self._clean_ups.add(f"clear {attempt_id}", clear, PROCESS)
            elif attempt_id not in live:
                self._clear_attempt(attempt_id)

    def _clear_attempt(self, attempt_id: str) -> None:
        """Clean up after an attempt, whose container or Dask task may still be there."""
        store = self._context.store
        place = folders.attempt_folder_of(self._context.folder, attempt_id)
        if not folders.holds_more_than_record(place):
            return
        with store.read() as c:
            attempt = store.attempts.get(c, attempt_id)
        if attempt is not None:
            order = Order(
                attempt_id, store.id, attempt.run_id, "", place, attempt.mark, attempt.site
            )
            clear = partial(clear_attempt, self._context, attempt, order)
            self._clean_ups.add(f"clear {attempt_id}", clear, attempt.runtime)

    def _sweep(self, name: str, runtime: Runtime) -> None:
        try:
            removed = runtime.sweep(self._context.store.id, LiveAttempts(self._context.store))
        except NbyardError as error:
            log.debug("%s was not swept: %s", name, error)
            return
        if removed:
            log.warning("%s: removed %s", name, ", ".join(removed))
