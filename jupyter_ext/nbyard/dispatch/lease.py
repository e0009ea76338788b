"""The lease of the dispatcher: acquired at the start, then renewed in a thread."""

import logging
import os
import threading
import time

from nbyard.dispatch.context import DispatchContext
from nbyard.errors import Busy, DatabaseAway, NbyardError, StoreUnusable, Unavailable
from nbyard.ipc.dispatcher_launcher import LEASE, is_dead, own_name
from nbyard.runner.process.clock import Stillness
from nbyard.settings import Settings
from nbyard.store import Store
from nbyard.store.leases import Lease, LeaseLost

log = logging.getLogger("nbyard.dispatch")
PAUSE_SECONDS = 0.25  # before a lease that another holds is checked again
GONE_SECONDS = 86_400.0  # exit after a database outage of one day


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
        stopping.wait(PAUSE_SECONDS)
    return None
