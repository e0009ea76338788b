"""What the controllers stand on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock

from nbyard.blobs import Blobs
from nbyard.runtimes.protocol import Runtime
from nbyard.settings import Settings
from nbyard.store import Connection, Store
from nbyard.store.leases import Lease
from nbyard.tabular import Tables
from nbyard.transfer.dataset_links import ResourceLinks

# by priority, then by the moment since when it waits, in seconds since 1970, then by its id
Turn = tuple[float, float, str]


@dataclass
class Room:
    """Rows, bytes and runtimes of the one dispatcher that holds the lease. Once it is `stopping`
    nothing long is begun; `building` are folders in which something is being installed, `grants`
    the GPUs that revisions of deployments have, `waits` how many others of them wait for, by whose
    turn it is. `untyped` are digests of tables whose types could not be inferred in time, which is
    tried under `typing`."""

    settings: Settings
    store: Store
    blobs: Blobs
    tables: Tables
    links: ResourceLinks
    runtimes: dict[str, Runtime]
    lease: Lease
    stopping: Event = field(default_factory=Event)
    building: set[Path] = field(default_factory=set)
    grants: dict[str, list[str]] = field(default_factory=dict)
    waits: dict[Turn, int] = field(default_factory=dict)
    untyped: set[str] = field(default_factory=set)
    typing: Lock = field(default_factory=Lock)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that only the holder of the lease can commit.

        Raises:
            LeaseLost: another dispatcher has taken over.
        """
        with self.store.write() as c:
            self.store.leases.check(c, self.lease)
            yield c

    def is_held(self, c: Connection) -> bool:
        """Whether the lease is still this dispatcher's, for who is about to act and not to write:
        another one may have taken over while this one slept."""
        known = self.store.leases.get(c, self.lease.name)
        return known is not None and known.epoch == self.lease.epoch

    def queues_itself(self, runtime: str) -> bool:
        """Whether it is not this machine that does the work."""
        known = self.runtimes.get(runtime)
        return known is not None and known.queues_itself

    @property
    def folder(self) -> Path:
        return self.store.folder
