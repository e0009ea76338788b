"""Leases: one holder at a time; the epoch fences what an old holder still tries to write.

A holder writes a new moment into its lease now and then. Clocks may be set, and differ from machine
to machine: that it has given no sign of life for as long as it promised to is for others to see
with a count of their own; what the moment itself says is only a hint."""

from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from nbyard.errors import Conflict
from nbyard.store.database.compiled_statements import Prepared
from nbyard.store.schema.tables import leases

EPOCH = Prepared(select(leases.c.epoch).where(leases.c.name == bindparam("of")).with_for_update())
HELD = select(leases).where(leases.c.name == bindparam("of"))
FREE = datetime.fromtimestamp(0, UTC)


class Lease(msgspec.Struct, frozen=True):
    """Who holds it, for the how manieth time it was taken, until when by the holder's clock, and
    for how many seconds it is each time."""

    name: str
    holder: str
    epoch: int
    until: datetime
    seconds: float

    @property
    def is_free(self) -> bool:
        """Whether it was given back."""
        return self.until == FREE

    @property
    def seems_held(self) -> bool:
        """Whether its holder has just given a sign of life, should all clocks agree."""
        now = datetime.now(UTC)
        return now < self.until <= now + timedelta(seconds=self.seconds)


class LeaseLost(Conflict):
    """Another dispatcher has taken over."""


class LeaseRows:
    """Queries on leases."""

    def get(self, c: Connection, name: str) -> Lease | None:
        row = c.execute(HELD, {"of": name}).first()
        return Lease(*row) if row else None

    def take(
        self, c: Connection, name: str, holder: str, seconds: float, former: Lease | None = None
    ) -> Lease | None:
        """The lease, when nobody holds it, or when it still is as `former`, whose holder is known
        to be gone; None otherwise."""
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        known = self.get(c, name)
        if known is None:
            made = Lease(name, holder, 1, until, seconds)
            c.execute(insert(leases), [msgspec.structs.asdict(made)])
            return made
        if not known.is_free and known != former:
            return None
        made = Lease(name, holder, known.epoch + 1, until, seconds)
        where = (leases.c.name == name) & (leases.c.epoch == known.epoch)
        values = msgspec.structs.asdict(made)
        return made if c.execute(update(leases).where(where).values(**values)).rowcount else None

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
        where = (leases.c.name == lease.name) & (leases.c.epoch == lease.epoch)
        c.execute(update(leases).where(where).values(until=FREE, epoch=lease.epoch + 1))
