"""The interface of runtimes, which run attempts (entry point group `nbyard.runtimes`)."""

from collections.abc import Collection
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from nbyard.domain.reasons import Reason


class Order(msgspec.Struct, frozen=True):
    """All that a runtime may know about an attempt. Runtimes never see the store.

    - `folder`: the attempt folder, with task.json in it.
    - `site`: what `start` of this runtime returned earlier, "" before.
    - `image`, `requirements`: for containers only. `requirements` is a file inside `code/`,
      relative to the attempt folder.
    - `gpu`: how many GPUs the attempt requests.
    - `gpus`: the GPUs of this machine that it was granted, by index or UUID.
    - `warm`: whether it may share what its run keeps warm.
    - `priority`: a higher one comes first where attempts wait elsewhere.
    - `ports`: ports of a container that must be reachable from its engine's machine.
    - `offline`: the attempt gets no network.
    - `caps`: limits in bytes and files for fetching what the work writes beside its outputs.
    """

    attempt_id: str
    store_id: str
    run_id: str
    node_id: str
    folder: Path
    mark: str
    site: str = ""
    image: str = ""
    requirements: str = ""
    cpu: float | None = None
    memory_bytes: int | None = None
    gpu: int | None = None
    gpus: list[str] = []
    warm: bool = False
    ports: list[int] = []
    priority: float = 0.0
    offline: bool = False
    caps: tuple[int, int] = (0, 0)


class Observation(msgspec.Struct, frozen=True):
    """The state of an attempt as its runtime sees it.

    - `absent`: it was never started here.
    - `starting`: with a `reason`, it waits for its turn. That has a limit where the runtime queues
      itself.
    - `running`: with a `reason`, its engine does not respond at the moment.
    - `finished`: result.json is in the folder.
    - `lost`: it was started and is gone without a result. `reason` is why (its container was
      removed from outside).
    - `unbegun`: it was started, but was dropped from the queue before it began. `start` sends it
      again.
    """

    state: Literal["absent", "starting", "unbegun", "running", "finished", "lost"]
    reason: Reason | None = None


class Runtime(Protocol):
    """Four operations, idempotent by attempt ID, and a sweep. They may block; threads call them.

    The dispatcher calls `open` before its first order and `close` after the last. Optional methods:

    - `end_run(run_id)`: no further attempts of this run will come, so free what is kept for it.
    - `locks()`: return the installed packages where the work is done, each environment once.
      Results depend on them. While it raises Unavailable, tasks wait with its message.
    """

    name: str
    queues_itself: bool
    """Whether the work is done elsewhere, so that it takes no slots of this machine."""

    def open(self, store_id: str) -> None:
        """Prepare for orders of this store. Return at once."""

    def close(self) -> None:
        """Release all resources. Running attempts continue."""

    def start(self, order: Order) -> str:
        """Start the attempt unless it is running already. Return its site.

        An `unbegun` attempt is sent again. If both then begin, one of them gives way.

        Raises:
            Unavailable: The engine cannot be reached (the task waits).
            NbyardError: The attempt can never start. The message is the reason of the failure.
        """

    def poll(self, order: Order) -> Observation:
        """Return the state of the attempt."""

    def logs(self, order: Order) -> None:
        """Update log, events and executed notebook in the folder."""

    def stop(self, order: Order, reason: Reason) -> None:
        """Ask the work to stop, kill it after 3 s and clean up. Return at once."""

    def sweep(self, store_id: str, live: Collection[str]) -> list[str]:
        """Remove what carries this store's label but belongs to no live attempt."""
