"""Rows of firings: each event that reached a trigger, once, and what it led to."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, bindparam, delete, insert, select, update

from nbyard.domain.ids import new_id
from nbyard.domain.runs.causes import Cause
from nbyard.domain.state_machines import RUN
from nbyard.domain.triggers.own_changes import RunWindow
from nbyard.domain.triggers.structs import MOST_IN_CHAIN, Fire, Firing, FiringOutcome, Trigger
from nbyard.host import clock
from nbyard.reasons.structs import Reason, because
from nbyard.store.database.compiled_statements import Prepared
from nbyard.store.database.query_parts import newest_first, newest_of_each, with_run_state
from nbyard.store.notices.announce import announce_failed_firing
from nbyard.store.schema.tables import OF_SOURCE, runs
from nbyard.store.schema.trigger_tables import trigger_firings
from nbyard.store.triggers.queries import TriggerRows

R, F = runs.c, trigger_firings.c
RECENT = 10
KEPT_FIRINGS = 1_000
# Younger firings stay, so that an event that arrives again is recognized.
KEPT_TIME = timedelta(hours=1)
RUNS = ("trigger", "retry")
# The newest runs of all triggers of an owner.
MOST_WINDOWS = 100
NOTHING = Fire()
WAITING = Prepared(select(F.trigger_id).distinct().where(F.outcome == bindparam("how")))


class FiringRow(msgspec.Struct, frozen=True):
    """A firing with the columns that only the dispatcher uses."""

    firing: Firing
    event_key: str
    chain: list[str]
    given: Fire


class FiringRows:
    """Queries on firings."""

    def add(  # noqa: PLR0913  these are the columns
        self,
        c: Connection,
        trigger: Trigger,
        event_key: str,
        cause: Cause,
        *,
        given: Fire = NOTHING,
        after_run: str = "",
        reason: Reason | None = None,
    ) -> str | None:
        """Record an event that reached a trigger; return its firing.

        Return the ID of the firing, None if the event was recorded before. With a `reason`, the
        firing fails: it starts no run. It also fails if `after_run` caused the event and was itself
        started by a chain of triggers that is too long.
        """
        if self.find(c, trigger.id, event_key) is not None:
            return None
        chain = [*self._chain(c, after_run), trigger.id]
        if len(chain) > MOST_IN_CHAIN:
            reason = because("trigger-chain-too-long", most=MOST_IN_CHAIN)
        row = {
            "id": new_id(),
            "trigger_id": trigger.id,
            "event_key": event_key,
            "cause": msgspec.to_builtins(cause),
            "chain": chain,
            "given": msgspec.to_builtins(given),
            "outcome": "failed" if reason else "waiting",
            "reason": reason,
            "run_id": "",
            "created_at": clock.now(),
        }
        c.execute(insert(trigger_firings), [row])
        if reason:
            TriggerRows().count_outcome(c, trigger.id, "failed")
            announce_failed_firing(c, trigger, str(row["id"]), reason)
        self._forget(c, trigger.id)
        TriggerRows().append_event(c, trigger.id, trigger.owner, str(row["outcome"]))
        return str(row["id"])

    def _chain(self, c: Connection, run_id: str) -> list[str]:
        """Return the triggers that led to a run; none for other runs."""
        chain = c.execute(select(R.chain).where(R.id == run_id)).scalar() if run_id else None
        return list(chain or ())

    def find(self, c: Connection, trigger_id: str, event_key: str) -> str | None:
        """Return the ID of the firing of an event."""
        query = select(F.id).where(F.trigger_id == trigger_id, F.event_key == event_key)
        return c.execute(query).scalar()

    def get(self, c: Connection, firing_id: str) -> Firing | None:
        """Return a firing by ID, or None."""
        row = c.execute(select(trigger_firings).where(F.id == firing_id)).first()
        return _firing(row) if row else None

    def conclude(
        self,
        c: Connection,
        trigger: Trigger,
        firing_id: str,
        outcome: FiringOutcome,
        reason: Reason | None = None,
        run_id: str = "",
    ) -> bool:
        """Record what a waiting firing led to; return False if it no longer waits."""
        where = and_(F.id == firing_id, F.outcome == "waiting")
        values = {"outcome": outcome, "reason": reason, "run_id": run_id}
        if c.execute(update(trigger_firings).where(where).values(**values)).rowcount != 1:
            return False
        TriggerRows().count_outcome(c, trigger.id, outcome)
        if outcome == "failed":
            announce_failed_firing(c, trigger, firing_id, reason)
        TriggerRows().append_event(c, trigger.id, trigger.owner, outcome)
        return True

    def mark_overlapped(
        self, c: Connection, trigger: Trigger, reason: Reason, ids: Sequence[str] | None = None
    ) -> None:
        """Mark waiting firings of a trigger as overlapped.

        `ids` selects some of them, None all.
        """
        where = and_(F.trigger_id == trigger.id, F.outcome == "waiting")
        if ids is not None:
            where = and_(where, F.id.in_(ids))
        values = {"outcome": "overlapped", "reason": reason}
        count = c.execute(update(trigger_firings).where(where).values(**values)).rowcount
        TriggerRows().count_outcome(c, trigger.id, "overlapped", count)

    def waiting(self, c: Connection) -> list[str]:
        """Return the IDs of triggers with firings that wait."""
        return [row[0] for row in WAITING.ask(c, how="waiting")]

    def waiting_of(self, c: Connection, trigger_id: str, most: int) -> list[FiringRow]:
        """Return the firings of a trigger that wait, oldest first."""
        where = and_(F.trigger_id == trigger_id, F.outcome == "waiting")
        query = select(trigger_firings).where(where).order_by(F.id).limit(most)
        return [
            FiringRow(_firing(row), row.event_key, row.chain, msgspec.convert(row.given, Fire))
            for row in c.execute(query)
        ]

    def live_runs(self, c: Connection, trigger_id: str) -> list[str]:
        """Return the IDs of the runs of a trigger that have not ended, newest first."""
        is_live = and_(R.origin == "trigger", R.state.in_(RUN.live))
        where = and_(OF_SOURCE, R.source_id == trigger_id, is_live)
        return [*c.execute(select(R.id).where(where).order_by(R.id.desc())).scalars()]

    def run_windows(self, c: Connection, trigger: Trigger) -> list[RunWindow]:
        """Return when the newest runs to which a trigger led were active, newest first."""
        where = and_(R.owner == trigger.owner, R.origin.in_(RUNS), R.started_at.is_not(None))
        query = select(R.id, R.started_at, R.finished_at, R.chain).where(where)
        # A chain is JSON, which the two databases search in different ways.
        return [
            RunWindow(row.id, row.started_at, row.finished_at, row.chain)
            for row in c.execute(query.order_by(R.id.desc()).limit(MOST_WINDOWS))
            if trigger.id in (row.chain or ())
        ]

    def times_since(self, c: Connection, trigger_id: str, moment: datetime) -> list[datetime]:
        """Return when the firings of a trigger after a moment arrived, in order."""
        where = and_(F.trigger_id == trigger_id, F.created_at > moment)
        return [*c.execute(select(F.created_at).where(where).order_by(F.created_at)).scalars()]

    def page(self, c: Connection, trigger_id: str, limit: int, after: str) -> list[Firing]:
        """Return a page of firings, newest first."""
        query = with_run_state(trigger_firings).where(F.trigger_id == trigger_id)
        return [_firing(row) for row in c.execute(newest_first(query, F.id, limit, after))]

    def recent(self, c: Connection, trigger_ids: Iterable[str]) -> dict[str, list[Firing]]:
        """Return the newest firings of triggers by ID of the trigger, newest first."""
        firings_by_trigger: dict[str, list[Firing]] = {}
        query = newest_of_each(trigger_firings, F.trigger_id, trigger_ids, RECENT)
        for row in c.execute(query):
            firings_by_trigger.setdefault(row.trigger_id, []).append(_firing(row))
        return firings_by_trigger

    def _forget(self, c: Connection, trigger_id: str) -> None:
        """Delete the oldest firings beyond the number that is kept."""
        newest = select(F.id).where(F.trigger_id == trigger_id).order_by(F.id.desc())
        oldest = newest.offset(KEPT_FIRINGS).limit(1).scalar_subquery()
        is_old = F.created_at < datetime.now(UTC) - KEPT_TIME
        # With fewer firings, the subquery is null, and the comparison selects no row.
        where = and_(F.trigger_id == trigger_id, F.id <= oldest, is_old, F.outcome != "waiting")
        c.execute(delete(trigger_firings).where(where))


def _firing(row: Row[Any]) -> Firing:
    fields: dict[str, Any] = {n: getattr(row, n, None) for n in Firing.__struct_fields__}
    return Firing(**fields | {"cause": msgspec.convert(row.cause, Cause)})
