"""The dispatcher's loop: woken by events, else by the clock; gone when there is nothing to do."""

import contextlib
import logging
import os
import threading
import time

from nbyard.blobs import Blobs
from nbyard.dispatch.attempts.monitor_links import MonitorController
from nbyard.dispatch.context import Room
from nbyard.dispatch.deployments.controller import DeploymentController
from nbyard.dispatch.environments.controller import EnvironmentController
from nbyard.dispatch.garbage import Collector
from nbyard.dispatch.images import ImageController
from nbyard.dispatch.imports import ImportController
from nbyard.dispatch.model_probes import TrialController
from nbyard.dispatch.recovery import Sweeper
from nbyard.dispatch.runs.controller import RunController
from nbyard.dispatch.state.reports import Inbox
from nbyard.dispatch.threads import Threads
from nbyard.errors import Busy, DatabaseAway, NbyardError, StoreUnusable, Unavailable
from nbyard.host.wakeup import NEWS, Listener, listening
from nbyard.images.environments import offer_images
from nbyard.ipc.dispatcher_launcher import LEASE, is_dead, own_name
from nbyard.runner.clock import Stillness
from nbyard.runtimes import registry
from nbyard.settings import Settings
from nbyard.store import Store
from nbyard.store.leases import Lease, LeaseLost
from nbyard.tabular import Tables
from nbyard.transfer.dataset_links import ResourceLinks

log = logging.getLogger("nbyard.dispatch")
CLOCK_SECONDS = 2.0  # between looks at everything, when nothing is heard
CALM_SECONDS = 0.02  # of silence: then there is time for what nobody waits for in milliseconds
PAUSE_SECONDS = 0.25  # before something is tried again: a round, the lease
MANY_WORDS = 10  # so many fit into the queue of a socket: more may have been lost
LEAVE_SECONDS = 5.0  # for threads to end when this process does
IMPORTS_AT_ONCE = 4
BUILDS_AT_ONCE = 2
DEPLOYMENTS_AT_ONCE = 8
MONITORS_AT_ONCE = 4
TRIALS_AT_ONCE = 2
GONE_SECONDS = 86_400.0  # a database that is away for a day does not come back


class Dispatcher:
    """One for each store, held by a lease."""

    def __init__(self, room: Room):
        self._room = room
        self._threads = Threads()
        self._inbox = Inbox()
        self._runs = RunController(room, self._threads, self._inbox)
        self._importers = Threads(IMPORTS_AT_ONCE)
        self._garbage = Collector(room, self._threads)
        self._imports = ImportController(room, self._importers, self._garbage)
        self._sweeper = Sweeper(room, self._threads)
        self._stopping = room.stopping
        self._builders = Threads(BUILDS_AT_ONCE)
        self._environments = EnvironmentController(room, self._builders)
        self._images = ImageController(room, self._builders)
        self._deployers = Threads(DEPLOYMENTS_AT_ONCE)
        slots = self._runs.slots
        self._deployments = DeploymentController(room, self._deployers, self._inbox, slots)
        self._lookers = Threads(MONITORS_AT_ONCE)
        self._monitors = MonitorController(room, self._lookers, self._runs.live)
        self._testers = Threads(TRIALS_AT_ONCE)
        self._trials = TrialController(room, self._testers)
        self._holds = threading.Event()
        self._holds.set()
        self._is_importing = False
        self._has_failed = False
        self._makes_way = False

    @classmethod
    def open(cls, settings: Settings, stopping: threading.Event | None = None) -> "Dispatcher":
        """Take the lease, waiting for that of a holder that was killed to run out. Once `stopping`
        is set it is not waited for, and nothing is begun.

        Raises:
            SystemExit: somebody else keeps it.
        """
        store = Store(settings.store_path, settings.database_url)
        stopping = stopping or threading.Event()
        lease = _take(store, settings, stopping)
        if lease is None:
            store.close()
            raise SystemExit(0)
        blobs = Blobs(store.folder / "blobs")
        tables = Tables(store.folder / "tables")
        links = ResourceLinks(store.folder / "resources")
        runtimes = registry.load_all(settings)
        network, sources = settings.docker_build_network, settings.allowed_package_sources
        offer_images(runtimes.values(), blobs, network, sources)
        for runtime in runtimes.values():
            runtime.open(store.id)
        return cls(Room(settings, store, blobs, tables, links, runtimes, lease, stopping))

    def stop(self) -> None:
        """Leave after this tick; what runs goes on without us."""
        self._stopping.set()
        self._inbox.ring()

    def make_way(self) -> None:
        """Leave as soon as there is nothing to do: another one is wanted."""
        self._makes_way = True
        self._inbox.ring()

    def run(self) -> None:
        """Tick until stopped, idle or superseded.

        Raises:
            LeaseLost: another dispatcher has taken over.
        """
        renewing = threading.Thread(target=self._renew, name="nbyard-lease", daemon=True)
        renewing.start()
        log.info("dispatcher %s of store %s", os.getpid(), self._room.store.id)
        try:
            with self._room.store.relayed(), listening(self._room.folder) as listener:
                self._inbox.ring = listener.ring
                self._room.store.deaf = listener.path.name  # what we write is no news to us
                self._loop(listener)
        finally:
            self._stopping.set()
            self.close()

    def close(self) -> None:
        """What runs goes on without us; what we are just doing is repeated by the next one."""
        self.end_threads()
        with contextlib.suppress(NbyardError), self._room.write() as c:
            self._room.store.leases.release(c, self._room.lease)
        self._deployments.close()
        self._monitors.close()
        for runtime in self._room.runtimes.values():
            runtime.close()
        self._room.tables.close()
        self._room.store.close()

    def end_threads(self) -> None:
        """Begin nothing more in threads, and wait a little for what is under way."""
        end = time.monotonic() + LEAVE_SECONDS
        for threads in self._beside:
            threads.close()
        self._threads.close(LEAVE_SECONDS)
        for threads in self._beside:
            threads.settle(max(0.0, end - time.monotonic()))

    def settle(self, seconds: float) -> bool:
        """Wait for what is under way in threads; whether all of it came to an end."""
        return all(each.settle(seconds) for each in (self._threads, *self._beside))

    @property
    def _beside(self) -> tuple[Threads, ...]:
        """Threads for what is no task of a run."""
        makers = (self._importers, self._builders, self._deployers)
        return *makers, self._lookers, self._testers

    def _loop(self, listener: Listener) -> None:
        idle_since = time.monotonic()
        woken: set[str] | None = None
        has_news = has_time = True
        is_owed, clock = False, 0.0
        while not self._stopping.is_set():
            if not self._holds.wait(PAUSE_SECONDS):
                continue
            if time.monotonic() >= clock:
                clock = time.monotonic() + CLOCK_SECONDS
                has_news = has_time = True
            if self.tick(woken, has_news=has_news, has_time=has_time):
                idle_since = time.monotonic()
            elif self._has_idled(time.monotonic() - idle_since) and self._leave():
                return
            if self._has_failed:
                self._stopping.wait(PAUSE_SECONDS)
            is_owed = not has_time and (has_news or is_owed)
            own = min(self._runs.patience(), self._deployments.patience())
            wait = min(own, clock - time.monotonic())
            words = listener.hear(min(wait, CALM_SECONDS) if is_owed else wait)
            has_news, has_time = NEWS in words, is_owed and not words
            woken = {word.decode("ascii", "replace") for word in words}
            if len(words) >= MANY_WORDS:
                woken, has_news = None, True

    def _has_idled(self, seconds: float) -> bool:
        """Whether that is long enough to leave."""
        return self._makes_way or seconds > self._room.settings.idle_seconds

    def tick(
        self, woken: set[str] | None = None, *, has_news: bool = True, has_time: bool = True
    ) -> bool:
        """One round: over these attempts, over everything when None; with time, also of what nobody
        waits for in milliseconds. Whether there is work under way."""
        self._has_failed = True
        try:
            self._sweeper.tick()
            is_busy = self._runs.tick(woken, has_news=has_news)
            self._monitors.tick()
            is_busy |= self._deployments.tick(has_news=has_news)
            is_busy |= self._trials.tick(has_news=has_news)
            if has_time:
                self._garbage.tick()
                makers = (self._imports, self._environments, self._images)
                self._is_importing = any([maker.tick() for maker in makers])
            self._has_failed = False
            return is_busy or self._is_importing
        except LeaseLost:
            raise
        except DatabaseAway:
            pass  # the store has logged it
        except NbyardError as error:
            log.warning("this round failed: %s", error)
        except Exception:
            log.exception("this round failed")
        return True

    def _leave(self) -> bool:
        """Give the lease back unless work came in the meantime. Writers take turns: who submits
        later sees that nobody holds it."""
        with self._room.write() as c:
            if self._room.store.has_work(c):
                return False
            self._room.store.leases.release(c, self._room.lease)
        return True

    def _renew(self) -> None:
        seconds = self._room.settings.lease_seconds
        last = time.monotonic()
        while not self._stopping.wait(seconds / 3):
            try:
                with self._room.store.write() as c:
                    self._room.store.leases.renew(c, self._room.lease, seconds)
                last = time.monotonic()
                self._holds.set()
            except LeaseLost:
                log.warning("the lease is lost")
                os._exit(0)
            except (NbyardError, OSError) as error:
                if not isinstance(error, DatabaseAway):
                    log.warning("the lease could not be renewed: %s", error)
                if time.monotonic() - last > seconds * 2 / 3:
                    self._stand_still(error, time.monotonic() - last)

    def _stand_still(self, error: Exception, since_seconds: float) -> None:
        """Begin nothing until the lease is renewed: another may take over meanwhile. What runs goes
        on, and with a database that is only locked or restarted so does this dispatcher."""
        comes_back = isinstance(error, Busy | Unavailable) and not isinstance(error, StoreUnusable)
        if not comes_back or since_seconds > GONE_SECONDS:
            os._exit(1)
        if self._holds.is_set():
            log.warning("this dispatcher stands still until it can be renewed")
            self._holds.clear()


def _is_over(lease: Lease, signs: Stillness) -> bool:
    """Whether nobody holds it any more."""
    return lease.is_free or is_dead(lease.holder) or signs.seconds(lease) >= lease.seconds


def _take(store: Store, settings: Settings, stopping: threading.Event) -> Lease | None:
    """None when another one gives signs of life, or this one is not wanted any more."""
    signs = Stillness()
    first: Lease | None = None
    while not stopping.is_set():
        with store.read() as c:
            known = store.leases.get(c, LEASE)
        first = first or known
        if known is None or _is_over(known, signs):
            with store.write() as c:
                taken = store.leases.take(c, LEASE, own_name(), settings.lease_seconds, known)
            if taken is not None:
                return taken
        elif known.seems_held or known != first:
            log.warning("the dispatcher %s serves this store; this one leaves", known.holder)
            return None
        stopping.wait(PAUSE_SECONDS)
    return None
