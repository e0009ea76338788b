"""Leases: one holder at a time; the epoch blocks late writes of an old holder.

A holder renews its lease at intervals. Clocks may be set, and they differ between machines. So
other processes measure the silence of a holder with their own clock. The stored time is a hint.
"""

from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from nbyard.errors import Conflict
from nbyard.store.database.query_parts import Prepared
from nbyard.store.schema.tables import leases

# On PostgreSQL, the row stays locked until the commit. SQLAlchemy omits the clause on SQLite.
EPOCH = Prepared(select(leases.c.epoch).where(leases.c.name == bindparam("of")).with_for_update())
HELD = select(leases).where(leases.c.name == bindparam("of"))
FREE = datetime.fromtimestamp(0, UTC)


class Lease(msgspec.Struct, frozen=True):
    """A lease with its holder and its duration in seconds."""

    name: str
    holder: str
    epoch: int  # increases whenever the lease is taken or released
    until: datetime  # by the holder's clock
    seconds: float

    @property
    def is_free(self) -> bool:
        """Return whether the lease was released."""
        return self.until == FREE

    @property
    def seems_held(self) -> bool:
        """Return whether the holder renewed the lease recently, if all clocks agree."""
        now = datetime.now(UTC)
        # A later time was written by a clock that was ahead, or was set back since.
        return now < self.until <= now + timedelta(seconds=self.seconds)


class LeaseLost(Conflict):
    """Another dispatcher has the lease."""


class LeaseRows:
    """Queries on leases."""

    def get(self, c: Connection, name: str) -> Lease | None:
        """Return the lease, or None if it was never taken."""
        row = c.execute(HELD, {"of": name}).first()
        return Lease(*row) if row else None

    def take(
        self, c: Connection, name: str, holder: str, seconds: float, former: Lease | None = None
    ) -> Lease | None:
        """Acquire the lease if it is free or still equals `former`.

        `former` is a lease whose holder is known to be gone. Return None if another holder has it.
        """
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        known = self.get(c, name)
        if known is None:
            made = Lease(name, holder, 1, until, seconds)
            c.execute(insert(leases), [msgspec.structs.asdict(made)])
            return made
        # A holder that is alive after all has renewed its lease, which then has another `until`.
        if not known.is_free and known != former:
            return None
        made = Lease(name, holder, known.epoch + 1, until, seconds)
        # Compare-and-set on the epoch: two processes may try at once.
        where = (leases.c.name == name) & (leases.c.epoch == known.epoch)
        values = msgspec.structs.asdict(made)
        return made if c.execute(update(leases).where(where).values(**values)).rowcount else None

    def renew(self, c: Connection, lease: Lease, seconds: float) -> None:
        """Extend the lease by `seconds`.

        Raises:
            LeaseLost: The epoch has changed.
        """
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        where = (leases.c.name == lease.name) & (leases.c.epoch == lease.epoch)
        if c.execute(update(leases).where(where).values(until=until)).rowcount != 1:
            raise LeaseLost()

    def check(self, c: Connection, lease: Lease) -> None:
        """Check the lease; call it in the transaction that it protects.

        Raises:
            LeaseLost: The epoch has changed.
        """
        if EPOCH.ask(c, of=lease.name) != [(lease.epoch,)]:
            raise LeaseLost()

    def release(self, c: Connection, lease: Lease) -> None:
        """Release the lease and increase its epoch, so that a late renewal cannot retake it."""
        where = (leases.c.name == lease.name) & (leases.c.epoch == lease.epoch)
        c.execute(update(leases).where(where).values(until=FREE, epoch=lease.epoch + 1))

    def release_all(self, c: Connection) -> None:
        """Release all leases: the holders that a backup names serve the former store."""
        c.execute(update(leases).values(until=FREE, epoch=leases.c.epoch + 1))
