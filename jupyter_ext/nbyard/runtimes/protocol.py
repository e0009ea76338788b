"""Where an attempt lives: the seam of every runtime (entry point group `nbyard.runtimes`)."""

from collections.abc import Collection
from pathlib import Path
from typing import Literal, Protocol

import msgspec


class Order(msgspec.Struct, frozen=True):
    """All a runtime may know about an attempt; it never sees the store.

    `folder` is the attempt folder, task.json already in it. `site` is what `start` of this runtime
    returned earlier ("" before). `image` or `requirements` (a file inside `code/`, relative to the
    attempt folder) matter to containers only. `gpu` is how many GPUs it wants, `gpus` those of this
    machine that it was granted, by index or UUID. `warm`: it may share what its run keeps warm.
    `ports` are those of a container that have to be reached from its engine's machine. One that is
    `offline` gets no network. Where it waits among others elsewhere, a higher `priority` comes
    first. Of files that the work writes beside its outputs, so many bytes and so many files are
    brought back (`caps`).
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
    """What a runtime sees of an attempt now.

    `absent`: never started here. `starting`: with a `reason` it waits there for its turn, which has
    a limit where the runtime queues itself. `running`: with a `reason` its engine does not answer
    just now. `finished`: result.json is in the folder. `lost`: it was started and is gone without a
    result; `reason` says why in words ("container removed outside"). `unbegun`: it was started, and
    is forgotten where it waited; nobody has begun it, and `start` sends it again.
    """

    state: Literal["absent", "starting", "unbegun", "running", "finished", "lost"]
    reason: str = ""


class Runtime(Protocol):
    """Four verbs, idempotent by attempt id, and a sweep. May block; called from threads.

    The dispatcher opens it before its first order and closes it after the last. One that keeps
    something for the steps of a run to come may have `end_run(run_id)`: none will come any more.
    One that knows what is installed where it works has `locks()`, each environment once: results
    depend on them, and tasks wait with its words while it raises Unavailable."""

    name: str
    queues_itself: bool
    """Whether the work is done elsewhere, so that it takes no slots of this machine."""

    def open(self, store_id: str) -> None:
        """Orders of this store will come soon. Returns at once."""

    def close(self) -> None:
        """Let go of what it holds; what runs goes on."""

    def start(self, order: Order) -> str:
        """Make the attempt live, or do nothing when it already is; the site it lives at. One that
        is `unbegun` is sent again; should two begin it after all, one of them gives way.

        Raises:
            Unavailable: the engine cannot be reached (the task waits).
            NbyardError: it can never start; the message is the reason of the failure.
        """

    def poll(self, order: Order) -> Observation:
        """What has become of it."""

    def logs(self, order: Order) -> None:
        """Bring log, events and executed notebook in the folder up to date."""

    def stop(self, order: Order, reason: str) -> None:
        """Ask it to end at once, kill it after 3 s, and leave nothing of it. Returns at once."""

    def sweep(self, store_id: str, live: Collection[str]) -> list[str]:
        """Remove what carries this store's label but belongs to none of the live attempts."""
