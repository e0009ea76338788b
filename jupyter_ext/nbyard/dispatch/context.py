"""The context that all controllers share."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock

from nbyard.blobs import Blobs
from nbyard.errors import OverQuota
from nbyard.runtimes.protocol import Runtime
from nbyard.settings import Settings
from nbyard.store import Connection, Store
from nbyard.store.leases import Lease
from nbyard.store.runs.quotas import DiskRoom
from nbyard.tabular import Tables
from nbyard.transfer.dataset_links import ResourceLinks

# Order: priority, then start of waiting in seconds since 1970, then ID
Turn = tuple[float, float, str]


@dataclass
class DispatchContext:
    """The store, the blobs and the runtimes of the dispatcher that holds the lease."""

    settings: Settings
    store: Store
    blobs: Blobs
    tables: Tables
    links: ResourceLinks
    runtimes: dict[str, Runtime]
    lease: Lease
    stopping: Event = field(default_factory=Event)  # no long work may start after it is set
    building: set[Path] = field(default_factory=set)  # folders with an installation in progress
    grants: dict[str, list[str]] = field(default_factory=dict)  # GPUs by revision of a deployment
    waits: dict[Turn, int] = field(default_factory=dict)  # GPUs that revisions wait for, by turn
    # Bytes that tasks wrote and that are not stored yet, by owner or project and by task.
    written: dict[str, dict[str, int]] = field(default_factory=dict)
    # Digests of tables whose types could not be inferred in time, with their lock.
    untyped: set[str] = field(default_factory=set)
    is_dry: bool = False  # forecasts write nothing, not even files that runs would write again
    typing: Lock = field(default_factory=Lock)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that commits only while this dispatcher holds the lease.

        Raises:
            LeaseLost: Another dispatcher has the lease.
        """
        with self.store.write() as c:
            self.store.leases.check(c, self.lease)
            yield c

    def check_disk(self, rooms: Iterable[DiskRoom], task_id: str, size: int) -> None:
        """Check that what a task wrote fits beside what other attempts have written.

        Raises:
            OverQuota: the bytes do not fit.
        """
        for room in rooms:
            written = self.written.setdefault(room.of, {})
            written[task_id] = size
            try:
                room.check(sum([*written.values()]))
            except OverQuota:
                del written[task_id]
                raise

    def forget_written(self, task_ids: Iterable[str]) -> None:
        """Forget what these tasks wrote."""
        for task_id in task_ids:
            for written in [*self.written.values()]:
                written.pop(task_id, None)

    def is_held(self, c: Connection) -> bool:
        """Return whether this dispatcher still holds the lease.

        Check this before actions without a write: another dispatcher may have the lease after a
        sleep of this machine.
        """
        known = self.store.leases.get(c, self.lease.name)
        return known is not None and known.epoch == self.lease.epoch

    def queues_itself(self, runtime: str) -> bool:
        """Return whether the runtime has its own queue, on other machines."""
        known = self.runtimes.get(runtime)
        return known is not None and known.queues_itself

    @property
    def folder(self) -> Path:
        """Return the folder of the store."""
        return self.store.folder
