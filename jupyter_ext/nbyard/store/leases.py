"""Leases: one holder at a time; the epoch fences what an old holder still tries to write."""

from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from nbyard.errors import Conflict
from nbyard.store.prepared import Prepared
from nbyard.store.tables import leases

EPOCH = Prepared(select(leases.c.epoch).where(leases.c.name == bindparam("of")).with_for_update())


class Lease(msgspec.Struct, frozen=True):
    """Who holds it, for the how manieth time it was taken, and until when."""

    name: str
    holder: str
    epoch: int
    until: datetime


class LeaseLost(Conflict):
    """Another dispatcher has taken over."""


class LeaseRows:
    """Queries on leases."""

    def get(self, c: Connection, name: str) -> Lease | None:
        row = c.execute(select(leases).where(leases.c.name == name)).first()
        return Lease(row.name, row.holder, row.epoch, row.until) if row else None

    def take(self, c: Connection, name: str, holder: str, seconds: float) -> Lease | None:
        """The lease, when nobody holds it now; None otherwise."""
        now = datetime.now(UTC)
        until = now + timedelta(seconds=seconds)
        known = self.get(c, name)
        if known is None:
            row = {"name": name, "holder": holder, "epoch": 1, "until": until}
            c.execute(insert(leases), [row])
            return Lease(name, holder, 1, until)
        where = (leases.c.name == name) & (leases.c.epoch == known.epoch) & (leases.c.until < now)
        values = {"holder": holder, "epoch": known.epoch + 1, "until": until}
        if c.execute(update(leases).where(where).values(**values)).rowcount != 1:
            return None
        return Lease(name, holder, known.epoch + 1, until)

    def renew(self, c: Connection, lease: Lease, seconds: float) -> None:
        """Raises LeaseLost when the epoch moved on."""
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        where = (leases.c.name == lease.name) & (leases.c.epoch == lease.epoch)
        if c.execute(update(leases).where(where).values(until=until)).rowcount != 1:
            raise LeaseLost()

    def check(self, c: Connection, lease: Lease) -> None:
        """Raises LeaseLost when the epoch moved on; call it in the transaction it guards."""
        if EPOCH.ask(c, of=lease.name) != [(lease.epoch,)]:
            raise LeaseLost()

    def release(self, c: Connection, lease: Lease) -> None:
        """The epoch moves on: a renewal that is on its way must not take it back."""
        past = datetime.now(UTC) - timedelta(seconds=1)
        where = (leases.c.name == lease.name) & (leases.c.epoch == lease.epoch)
        c.execute(update(leases).where(where).values(until=past, epoch=lease.epoch + 1))
