"""The dispatcher's loop: events or a timer wake it, and it ends when no work is left.

The lease of the store lets only one dispatcher write.
"""

import contextlib
import logging
import os
import threading
import time
from enum import StrEnum, auto
from functools import partial
from typing import NamedTuple, Self

from nbyard.blobs import Blobs
from nbyard.dispatch.attempts.clean_up import CleanUps
from nbyard.dispatch.attempts.monitor_controller import MonitorController
from nbyard.dispatch.automations.controller import AutomationController
from nbyard.dispatch.bisections.controller import BisectionController
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.dataset_imports import ImportController
from nbyard.dispatch.deployments.controller import DeploymentController
from nbyard.dispatch.environments.controller import EnvironmentController
from nbyard.dispatch.garbage import GarbageCollector
from nbyard.dispatch.image_controller import ImageController, offer_images
from nbyard.dispatch.model_probes import ModelProbeController
from nbyard.dispatch.notices.controller import NoticeController
from nbyard.dispatch.recovery import LeftoverSweeper
from nbyard.dispatch.runs.controller import RunController
from nbyard.dispatch.runs.rechecks import RecheckController
from nbyard.dispatch.runs.retention import RetentionController
from nbyard.dispatch.state.attempt_snapshot import ReportInbox
from nbyard.dispatch.threads import Threads
from nbyard.errors import Busy, DatabaseAway, NbyardError, StoreUnusable, Unavailable
from nbyard.host.entry_points import isolation_of
from nbyard.host.wakeup import NEWS, Listener, open_listener
from nbyard.ipc.dispatcher_launcher import LEASE, is_dead, own_name
from nbyard.ipc.struct_types import prepare_structs
from nbyard.runner.process.clock import Stillness
from nbyard.runtimes import protocol
from nbyard.settings import Settings
from nbyard.store import Store
from nbyard.store.leases import Lease, LeaseLost
from nbyard.tabular import Tables
from nbyard.transfer.dataset_links import ResourceLinks

LEASE_PAUSE_SECONDS = 0.25  # before a lease that another holds is checked again
GONE_SECONDS = 86_400.0  # exit after a database outage of one day
log = logging.getLogger("nbyard.dispatch")
CLOCK_SECONDS = 2.0  # between full rounds without events
CALM_SECONDS = 0.02  # pause without events before less urgent work
PAUSE_SECONDS = 0.25  # before a failed round is repeated, or the lease is checked again
MANY_WORDS = 10  # capacity of a socket's queue: more events may be lost
LEAVE_SECONDS = 5.0  # for threads to end on exit
# Kinds of work have threads of their own, so that slow downloads or builds delay no runs.
IMPORTS_AT_ONCE = 4
BUILDS_AT_ONCE = 2
DEPLOYMENTS_AT_ONCE = 8
MONITORS_AT_ONCE = 4
MODEL_PROBES_AT_ONCE = 2
AUTOMATIONS_AT_ONCE = 8
CHANNELS_AT_ONCE = 4


class LeaseKeeper:
    """Renews the lease; `holds` is set while it is surely valid."""

    def __init__(self, context: DispatchContext):
        self._context = context
        self.holds = threading.Event()
        self.holds.set()

    def start(self) -> None:
        """Renew the lease in a thread."""
        threading.Thread(target=self.renew, name="nbyard-lease", daemon=True).start()

    def renew(self) -> None:
        """Renew the lease until the dispatcher stops; exit if it is lost."""
        seconds = self._context.settings.lease_seconds
        last = time.monotonic()
        # A third of the duration leaves time for two retries.
        while not self._context.stopping.wait(seconds / 3):
            try:
                with self._context.store.write() as c:
                    self._context.store.leases.renew(c, self._context.lease, seconds)
                last = time.monotonic()
                self.holds.set()
            except LeaseLost:
                log.warning("the lease is lost")
                # At once, without a clean-up: another dispatcher is at work.
                os._exit(0)
            except (NbyardError, OSError) as error:
                if not isinstance(error, DatabaseAway):
                    log.warning("the lease could not be renewed: %s", error)
                # Another dispatcher may take over after the full time, so this one stops earlier.
                if time.monotonic() - last > seconds * 2 / 3:
                    self._stand_still(error, time.monotonic() - last)

    def _stand_still(self, error: Exception, since_seconds: float) -> None:
        """Start nothing until the lease is renewed, because another dispatcher may take over.

        Runs continue. This dispatcher also continues if the database is only locked or restarting.
        """
        comes_back = isinstance(error, Busy | Unavailable) and not isinstance(error, StoreUnusable)
        if not comes_back or since_seconds > GONE_SECONDS:
            os._exit(1)
        if self.holds.is_set():
            log.warning("this dispatcher stands still until it can be renewed")
            self.holds.clear()


def take_lease(store: Store, settings: Settings, stopping: threading.Event) -> Lease | None:
    """Acquire the lease; wait until a silent holder's expires.

    Return None if another holder is alive, or once `stopping` is set.
    """
    # The clocks of machines differ, so the silence of the holder is measured here.
    signs = Stillness()
    first: Lease | None = None
    while not stopping.is_set():
        with store.read() as c:
            known = store.leases.get(c, LEASE)
        first = first or known
        # It is free, or its holder is gone.
        if (
            known is None
            or known.is_free
            or is_dead(known.holder)
            or signs.seconds(known) >= known.seconds
        ):
            with store.write() as c:
                # `take` compares the lease with `known`: of several processes, only one gets it.
                taken = store.leases.take(c, LEASE, own_name(), settings.lease_seconds, known)
            if taken is not None:
                return taken
        elif known.seems_held or known != first:
            log.warning("the dispatcher %s serves this store; this one leaves", known.holder)
            return None
        stopping.wait(LEASE_PAUSE_SECONDS)
    return None


class Cue(StrEnum):
    """Why a round begins: by the clock, news of other writers, words of attempts, or in a calm."""

    CLOCK = auto()
    NEWS = auto()
    WORDS = auto()
    CALM = auto()


class Round(NamedTuple):
    """What a round includes: news of the store, and less urgent work, which it may owe instead."""

    has_news: bool
    has_time: bool
    owes: bool


# Whether the last round owes less urgent work × cue → the next round
ROUNDS = {
    (False, Cue.CLOCK): Round(has_news=True, has_time=True, owes=False),
    (True, Cue.CLOCK): Round(has_news=True, has_time=True, owes=False),
    (False, Cue.NEWS): Round(has_news=True, has_time=False, owes=True),
    (True, Cue.NEWS): Round(has_news=True, has_time=False, owes=True),
    (False, Cue.WORDS): Round(has_news=False, has_time=False, owes=False),
    (True, Cue.WORDS): Round(has_news=False, has_time=False, owes=True),
    (False, Cue.CALM): Round(has_news=False, has_time=False, owes=False),
    (True, Cue.CALM): Round(has_news=False, has_time=True, owes=False),
}


class Dispatcher:
    """The dispatcher; a lease ensures that each store has only one."""

    def __init__(self, context: DispatchContext):
        self.context = context
        self.threads = Threads()
        self.inbox = ReportInbox()
        self.clean_ups = CleanUps(self.threads)
        self.runs = RunController(context, self.threads, self.inbox, self.clean_ups)
        self._importers = Threads(IMPORTS_AT_ONCE)
        self._garbage = GarbageCollector(context, self.threads)
        self._retention = RetentionController(context, self.threads)
        self._rechecks = RecheckController(context, self.threads)
        self.sweeper = LeftoverSweeper(context, self.threads, self.clean_ups)
        self._stopping = context.stopping
        self._builders = Threads(BUILDS_AT_ONCE)
        self.environments = EnvironmentController(context, self._builders)
        self._images = ImageController(context, self._builders)
        self._deployers = Threads(DEPLOYMENTS_AT_ONCE)
        self.deployments = DeploymentController(
            context, self._deployers, self.inbox, self.runs.slots
        )
        self._lookers = Threads(MONITORS_AT_ONCE)
        self._monitors = MonitorController(context, self._lookers, self.runs.live)
        self._testers = Threads(MODEL_PROBES_AT_ONCE)
        self._model_probes = ModelProbeController(context, self._testers)
        self._starters = Threads(AUTOMATIONS_AT_ONCE)
        wake = partial(self.inbox.put, None)
        self.imports = ImportController(context, self._importers, self._garbage, wake)
        self.automations = AutomationController(context, self._starters, wake)
        self.bisections = BisectionController(context, self._starters, wake)
        self._senders = Threads(CHANNELS_AT_ONCE)
        self.notices = NoticeController(context, self._senders, wake)
        self.keeper = LeaseKeeper(context)
        self._is_importing = self.leaves_when_idle = False

    @classmethod
    def open(cls, settings: Settings, stopping: threading.Event | None = None) -> Self:
        """Open the store and its runtimes once the lease is free.

        The lease of a killed holder has to expire first.

        Raises:
            SystemExit: Another dispatcher keeps the lease, or `stopping` is set.
        """
        store = Store(settings.store_path, settings.database_url, isolation_of(settings))
        stopping = stopping or threading.Event()
        lease = take_lease(store, settings, stopping)
        if lease is None:
            store.close()
            raise SystemExit(0)
        blobs = Blobs(store.folder / "blobs", writes_always=settings.shared)
        tables = Tables(store.folder / "tables")
        links = ResourceLinks(store.folder / "resources")
        runtimes = protocol.load_all(settings)
        prepare_structs()  # before threads, which runtimes may start, decode them
        offer_images(runtimes.values(), settings, blobs)
        with store.read() as c:
            has_notebooks = store.executables.has_notebooks(c)
        for runtime in runtimes.values():
            runtime.open(store.id)
            if has_notebooks and isinstance(runtime, protocol.PreparesNotebooks):
                runtime.prepare_notebooks(store.id)
        return cls(
            DispatchContext(settings, store, blobs, tables, links, runtimes, lease, stopping)
        )

    def stop(self) -> None:
        """Exit after this round; runs continue."""
        self._stopping.set()
        self.inbox.ring()

    def leave_when_idle(self) -> None:
        """Exit as soon as no work is left, because another dispatcher is wanted."""
        self.leaves_when_idle = True
        self.inbox.ring()

    def run(self) -> None:
        """Execute rounds until stopped, idle or superseded.

        Raises:
            LeaseLost: Another dispatcher has the lease.
        """
        self.keeper.start()
        log.info("dispatcher %s of store %s", os.getpid(), self.context.store.id)
        try:
            with self.context.store.relayed(), open_listener(self.context.folder) as listener:
                self.inbox.ring = listener.ring
                self.context.store.deaf = listener.path.name  # own writes must not wake the loop
                self._loop(listener)
        finally:
            self._stopping.set()
            self.close()

    def close(self) -> None:
        """Release the lease and close all connections.

        Runs continue. The next dispatcher repeats interrupted steps.
        """
        self.end_threads()
        # A lost lease belongs to another dispatcher and is not released. A lease that is kept
        # shows that clean-ups are left to the next dispatcher.
        if not self.clean_ups:
            with contextlib.suppress(NbyardError), self.context.write() as c:
                self.context.store.leases.release(c, self.context.lease)
        self.deployments.close()
        self._monitors.close()
        self.automations.close()
        for runtime in self.context.runtimes.values():
            runtime.close()
        self.context.tables.close()
        self.context.store.close()

    def end_threads(self) -> None:
        """Start no more work in threads, and wait briefly for clean-ups and work in progress."""
        end = time.monotonic() + LEAVE_SECONDS
        for threads in self._other_threads:
            threads.close()
        # Threads drop what they have not begun, and no other process would clean up soon.
        self.clean_ups.wait(LEAVE_SECONDS)
        self.threads.close(max(0.0, end - time.monotonic()))
        for threads in self._other_threads:
            threads.settle(max(0.0, end - time.monotonic()))

    def settle(self, seconds: float) -> bool:
        """Wait for work in threads; return whether all of it ended."""
        return all(each.settle(seconds) for each in (self.threads, *self._other_threads))

    @property
    def _other_threads(self) -> tuple[Threads, ...]:
        makers = (self._importers, self._builders, self._deployers)
        own = (self._starters, self._senders)
        return *makers, self._lookers, self._testers, *own

    def _loop(self, listener: Listener) -> None:
        idle_since, clock = time.monotonic(), 0.0
        woken: set[str] | None = None
        cue, owes = Cue.CLOCK, False
        while not self._stopping.is_set():
            # Without a valid lease, another dispatcher may be active.
            if not self.keeper.holds.wait(PAUSE_SECONDS):
                continue
            if time.monotonic() >= clock:
                clock, cue = time.monotonic() + CLOCK_SECONDS, Cue.CLOCK
            has_news, has_time, owes = ROUNDS[owes, cue]
            if self.tick(woken, has_news=has_news, has_time=has_time):
                idle_since = time.monotonic()
            elif self.has_idled(time.monotonic() - idle_since) and self.release_if_idle():
                return
            timed = (self.automations, self.notices)
            parts = (self.runs, self.deployments, *timed)
            own = min(part.seconds_until_due() for part in parts)
            wait = min(own, clock - time.monotonic())
            words = listener.receive_words(min(wait, CALM_SECONDS) if owes else wait)
            are_lost = len(words) >= MANY_WORDS
            woken = None if are_lost else {word.decode("ascii", "replace") for word in words}
            cue = Cue.WORDS if words else Cue.CALM
            if are_lost or NEWS in words:
                cue = Cue.NEWS

    def has_idled(self, seconds: float) -> bool:
        """Return whether the dispatcher has been idle long enough to exit.

        It stays for automations and waiting notices, unless another dispatcher takes its
        place.
        """
        stays = self.automations.is_enabled or self.notices.is_waiting
        return self.leaves_when_idle or (seconds > self.context.settings.idle_seconds and not stays)

    def tick(
        self, woken: set[str] | None = None, *, has_news: bool = True, has_time: bool = True
    ) -> bool:
        """Execute one round over the attempts in `woken`, or over all if None.

        `has_news` means that the store has changed. With `has_time`, the round includes less urgent
        work. Return whether any work is in progress.
        """
        try:
            self.sweeper.tick()
            # Threads create these runs. Asked first, the ticks report new runs, which then start in
            # the same round.
            has_news |= self.automations.tick(has_news=has_news, has_time=has_time)
            has_news |= self.bisections.tick(has_news=has_news, has_time=has_time)
            is_busy = self.runs.tick(woken, has_news=has_news)
            self._monitors.tick()
            is_busy |= self.deployments.tick(has_news=has_news)
            is_busy |= self._model_probes.tick(has_news=has_news)
            self.notices.tick(has_time=has_time)
            if has_time:
                self._garbage.tick()
                self._retention.tick()
                self._rechecks.tick()
                makers = (self.imports, self.environments, self._images)
                # A list, because `any` would stop a generator at the first True.
                self._is_importing = any([maker.tick() for maker in makers])
            return is_busy or self._is_importing
        except LeaseLost:
            raise
        except DatabaseAway:
            pass  # already logged by the store
        except NbyardError as error:
            log.warning("this round failed: %s", error)
        except Exception:
            log.exception("this round failed")
        self._stopping.wait(PAUSE_SECONDS)  # the same round may fail at once again
        return True

    def release_if_idle(self) -> bool:
        """Release the lease unless new work exists.

        Writers take turns, so the next writer sees that the lease is free.
        """
        with self.context.write() as c:
            store = self.context.store
            if store.is_busy(c) if self.leaves_when_idle else store.has_work(c):
                return False
            store.leases.release(c, self.context.lease)
        return True
