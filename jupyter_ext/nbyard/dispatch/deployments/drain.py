"""Shut down containers of a deployment: drain, signal, kill and confirm that they are gone."""

import time
from collections.abc import Callable

from nbyard.dispatch.service_health import is_connected
from nbyard.dockerd import Engine
from nbyard.store.deployments import RevisionRow

DRAIN_LEAST_SECONDS = 2.0


class Shutdowns:
    """The shutdowns of one deployment's containers, by revision number.

    `wait_for_log_end` is called before the engine deletes a container with its output.
    """

    def __init__(self, engine: Engine, wait_for_log_end: Callable[[int], None]):
        self._engine = engine
        self._wait_for_log_end = wait_for_log_end
        self._leaving: dict[int, float] = {}
        self._ending: dict[int, float] = {}
        self._gone: set[int] = set()

    @property
    def is_busy(self) -> bool:
        """Return whether any shutdown is in progress."""
        return bool(self._leaving or self._ending)

    def is_ending(self, number: int) -> bool:
        """Return whether the container got SIGTERM and is not yet known to be gone."""
        return number in self._ending

    def is_drained(self, revision_row: RevisionRow) -> bool:
        """Return whether all connections have ended, or the time to stop is over."""
        since = self._leaving.setdefault(revision_row.number, time.monotonic())
        waited = time.monotonic() - since
        if waited < DRAIN_LEAST_SECONDS:
            return False
        # Unknown (None) counts as connected, so wait until the timeout.
        used = [
            is_connected(port, address)
            for place in revision_row.places
            for port, address in ((place.port, place.host), (place.inside_port, place.inside))
            if port and address
        ]
        return waited >= drain_seconds(revision_row) or not any(each is not False for each in used)

    def has_stopped(self, revision_row: RevisionRow, container: str) -> bool:
        """Send SIGTERM, then kill the container after a timeout; return whether it is gone."""
        number = revision_row.number
        engine_container = None if number in self._gone else self._engine.container(container)
        if engine_container is not None and engine_container.status == "running":
            if number not in self._ending:
                self._ending[number] = time.monotonic()
                self._engine.signal(container, "SIGTERM")
            if time.monotonic() - self._ending[number] < drain_seconds(revision_row):
                return False
        return self.is_gone(number, container)

    def is_gone(self, number: int, container: str) -> bool:
        """Kill and remove the container; return False if the engine still has it."""
        if number not in self._gone:
            # The engine deletes the output together with the container.
            self._wait_for_log_end(number)
            self._engine.remove(container)
            # `remove` passes over a conflict, for example with a removal that is under way.
            if self._engine.container(container) is not None:
                return False
            self._gone.add(number)
        self._ending.pop(number, None)
        self._leaving.pop(number, None)
        return True

    def reset(self, number: int) -> None:
        """Reset the shutdown, because a new container starts for the revision."""
        self._gone.discard(number)
        self._ending.pop(number, None)
        self._leaving.pop(number, None)


def drain_seconds(revision_row: RevisionRow) -> float:
    """Return the seconds that the revision has to finish its requests."""
    return revision_row.revision.spec.stop_seconds
