"""Manages the network of each run: created when needed, removed soon after its last container."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from msgspec.structs import replace

from nbyard.dockerd import RUN, STORE, ContainerSpec, Engine
from nbyard.errors import NbyardError
from nbyard.runtimes.docker.attempt_container_spec import network_name
from nbyard.runtimes.protocol import Order

# Creating a network takes longer than many a task. The next task comes within milliseconds.
LINGER_SECONDS = 1.0


class Networks:
    """Creates and removes the networks of runs. `kind` is bridge, internal or none."""

    def __init__(self, kind: str):
        self._kind = kind
        self._lock = threading.Lock()
        self._users: Counter[str] = Counter()
        self._uses: Counter[str] = Counter()

    @contextmanager
    def use(self, engine: Engine, order: Order) -> Iterator[Callable[[], str]]:
        """Create the run's network in the background, and yield a function that waits for it.

        The function returns the network's ID, or "none". A container must join the network within
        the block. Without a call of the function, the network is removed again.
        """
        if self._kind == "none" or order.offline:
            yield lambda: "none"
            return
        run = order.run_id
        with self._lock:
            self._users[run] += 1
            self._uses[run] += 1
        is_wanted = threading.Event()
        try:
            with ThreadPoolExecutor(1, network_name(run)) as aside:
                making = aside.submit(self._make, engine, order)

                def made() -> str:
                    is_wanted.set()
                    return making.result()

                yield made
        finally:
            with self._lock:
                self._users[run] -= 1
            if not is_wanted.is_set():
                with suppress(NbyardError):
                    self.remove(engine, run)

    def _make(self, engine: Engine, order: Order) -> str:
        with self._lock:
            # Within the lock: `remove` must not delete a network that was just found.
            is_internal = self._kind == "internal"
            labels = {STORE: order.store_id, RUN: order.run_id}
            return engine.network(network_name(order.run_id), labels, internal=is_internal)

    def with_network(self, spec: ContainerSpec, network: str) -> ContainerSpec:
        """Return the specification with a network. Only a bridge network can publish ports."""
        return replace(spec, network=network, ports=spec.ports if self._kind == "bridge" else [])

    def remove_after_pause(self, engine: Engine, run: str) -> None:
        """Remove the network after a pause, unless it is in use or was used meanwhile."""
        uses = self._uses[run]
        time.sleep(LINGER_SECONDS)
        if self._uses[run] == uses:
            self.remove(engine, run)

    def remove(self, engine: Engine, run: str) -> bool:
        """Remove the network unless it is in use. Return whether it was removed."""
        with self._lock:
            return not self._users[run] and engine.remove_network(network_name(run))
