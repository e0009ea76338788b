"""Rows of firings: each due time and each event of an automation, once, and what it led to."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, select, update

from nbyard.domain.automations.own_changes import RunWindow
from nbyard.domain.automations.structs import (
    MOST_IN_CHAIN,
    Automation,
    Fire,
    Firing,
    FiringRow,
    Outcome,
    due_key,
)
from nbyard.domain.ids import new_id
from nbyard.domain.runs.causes import Cause
from nbyard.domain.state_machines import RUN
from nbyard.host import clock
from nbyard.reasons.structs import Reason, because
from nbyard.store.automations.queries import AutomationRows
from nbyard.store.database.compiled_statements import Prepared
from nbyard.store.database.query_parts import newest_first, with_run_state
from nbyard.store.notices.announce import announce_missed
from nbyard.store.schema.automation_tables import automation_firings
from nbyard.store.schema.tables import OF_SOURCE, runs

R, F = runs.c, automation_firings.c
RECENT = 10
KEPT_FIRINGS = 1_000
# Younger firings of events stay, so that an event that arrives again is recognized.
KEPT_TIME = timedelta(hours=1)
MISSED = ("missed", "failed")  # no run was created, though one was wanted
# The newest runs of all automations of an owner.
MOST_WINDOWS = 100
NOTHING = Fire()
# Backfills have their own firings.
OWN = F.backfill_id == ""
IS_WAITING = and_(OWN, F.outcome == "waiting")
WAITING = Prepared(
    select(F.automation_id)
    .distinct()
    .where(F.backfill_id == bindparam("of"), F.outcome == bindparam("how"))
)


class FiringRows:
    """Queries on the firings of automations, without those of backfills."""

    def add_due(
        self,
        c: Connection,
        automation: Automation,
        due_at: datetime,
        outcome: Outcome,
        reason: Reason | None = None,
        **columns: Any,
    ) -> None:
        """Record what a due time led to, and count it. `columns` are further ones."""
        self._insert(c, automation, due_key(due_at), outcome, reason, due_at=due_at, **columns)

    def add(  # noqa: PLR0913  these are the columns
        self,
        c: Connection,
        automation: Automation,
        event_key: str,
        cause: Cause,
        *,
        given: Fire = NOTHING,
        after_run: str = "",
        reason: Reason | None = None,
    ) -> str | None:
        """Record an event of an automation; return its firing.

        Return the ID of the firing, None if the event was recorded before. With a `reason`, the
        firing fails: it starts no run. It also fails if `after_run` caused the event and was itself
        started by a chain of automations that is too long.
        """
        if self.find(c, automation.id, event_key) is not None:
            return None
        chain = [*self._chain(c, after_run), automation.id]
        if len(chain) > MOST_IN_CHAIN:
            reason = because("automation-chain-too-long", most=MOST_IN_CHAIN)
        columns = {"cause": msgspec.to_builtins(cause), "chain": chain}
        outcome: Outcome = "failed" if reason else "waiting"
        given_values = msgspec.to_builtins(given)
        return self._insert(
            c, automation, event_key, outcome, reason, given=given_values, **columns
        )

    def add_fired(
        self, c: Connection, automation: Automation, fired: FiringRow, run_id: str
    ) -> str:
        """Record a run that was started besides the due times, and does not count as one."""
        cause, given = msgspec.to_builtins((fired.firing.cause, fired.given))
        columns = {"cause": cause, "given": given, "run_id": run_id}
        row = new_firing(automation.id, fired.event_key, "started", None, **columns)
        c.execute(insert(automation_firings), [row])
        self._forget(c, automation.id)
        AutomationRows().append_event(c, automation.id, automation.owner, "started")
        return str(row["id"])

    def _insert(
        self,
        c: Connection,
        automation: Automation,
        event_key: str,
        outcome: Outcome,
        reason: Reason | None,
        **columns: Any,
    ) -> str:
        row = new_firing(automation.id, event_key, outcome, reason, **columns)
        c.execute(insert(automation_firings), [row])
        firing = Firing(row["id"], automation.id, outcome, row["created_at"], row["due_at"])
        firing = msgspec.structs.replace(firing, count=row["count"])
        self._count(c, automation, firing, outcome, reason)
        self._forget(c, automation.id)
        return firing.id

    def _count(
        self,
        c: Connection,
        automation: Automation,
        firing: Firing,
        outcome: Outcome,
        reason: Reason | None,
    ) -> None:
        AutomationRows().count_outcome(c, automation.id, outcome, firing.count)
        if outcome in MISSED:
            announce_missed(c, automation, firing, reason)
        AutomationRows().append_event(c, automation.id, automation.owner, outcome)

    def _chain(self, c: Connection, run_id: str) -> list[str]:
        """Return the automations that led to a run."""
        chain = c.execute(select(R.chain).where(R.id == run_id)).scalar() if run_id else None
        return list(chain or ())

    def find(self, c: Connection, automation_id: str, event_key: str) -> str | None:
        """Return the ID of the firing of an event."""
        query = select(F.id).where(F.automation_id == automation_id, F.event_key == event_key)
        return c.execute(query).scalar()

    def get(self, c: Connection, firing_id: str) -> Firing | None:
        """Return a firing by ID, or None."""
        row = c.execute(select(automation_firings).where(F.id == firing_id)).first()
        return firing_of(row) if row else None

    def conclude(
        self,
        c: Connection,
        automation: Automation,
        firing: Firing,
        outcome: Outcome,
        reason: Reason | None = None,
        run_id: str = "",
    ) -> bool:
        """Record what a waiting firing led to; return False if it no longer waits."""
        where = and_(F.id == firing.id, F.outcome == "waiting")
        values = {"outcome": outcome, "reason": reason, "run_id": run_id}
        if c.execute(update(automation_firings).where(where).values(**values)).rowcount != 1:
            return False
        self._count(c, automation, firing, outcome, reason)
        return True

    def drop_waiting(
        self,
        c: Connection,
        automation: Automation,
        reason: Reason,
        ids: Sequence[str] | None = None,
    ) -> None:
        """Mark waiting firings of an automation as overlapped.

        `ids` selects some of them, None all.
        """
        where = and_(F.automation_id == automation.id, IS_WAITING)
        if ids is not None:
            where = and_(where, F.id.in_(ids))
        values = {"outcome": "overlapped", "reason": reason}
        count = c.execute(update(automation_firings).where(where).values(**values)).rowcount
        AutomationRows().count_outcome(c, automation.id, "overlapped", count)

    def with_firing(
        self, c: Connection, automation_id: str, dues: Collection[datetime]
    ) -> set[datetime]:
        """Return which of these due times have a firing."""
        # As a range: after years without a dispatcher there may be very many.
        is_within = F.due_at.between(min(dues), max(dues))
        query = select(F.due_at).where(F.automation_id == automation_id, OWN, is_within)
        return set(c.execute(query).scalars()).intersection(dues)

    def waiting(self, c: Connection) -> list[str]:
        """Return the IDs of automations with firings that wait."""
        return [row[0] for row in WAITING.ask(c, of="", how="waiting")]

    def waiting_of(self, c: Connection, automation_id: str, most: int) -> list[FiringRow]:
        """Return the firings of an automation that wait, oldest first."""
        where = and_(F.automation_id == automation_id, IS_WAITING)
        query = select(automation_firings).where(where).order_by(F.due_at, F.id).limit(most)
        return [
            FiringRow(firing_of(row), row.event_key, row.chain, msgspec.convert(row.given, Fire))
            for row in c.execute(query)
        ]

    def counts_of_waiting(self, c: Connection, automation_ids: Iterable[str]) -> dict[str, int]:
        """Return how many firings wait, by ID of those automations that have some."""
        where = and_(F.automation_id.in_([*automation_ids]), IS_WAITING)
        query = select(F.automation_id, func.count()).where(where).group_by(F.automation_id)
        return {row[0]: row[1] for row in c.execute(query)}

    def live_runs(self, c: Connection, automation_id: str) -> list[str]:
        """Return the IDs of the runs of an automation that have not ended, newest first."""
        is_live = and_(R.origin == "automation", R.state.in_(RUN.live))
        where = and_(OF_SOURCE, R.source_id == automation_id, is_live)
        return [*c.execute(select(R.id).where(where).order_by(R.id.desc())).scalars()]

    def run_windows(self, c: Connection, automation: Automation) -> list[RunWindow]:
        """Return when the newest runs of an automation were active."""
        is_led = and_(R.origin.in_(("automation", "retry")), R.started_at.is_not(None))
        query = select(R.id, R.started_at, R.finished_at, R.chain)
        query = query.where(R.owner == automation.owner, is_led)
        # A chain is JSON, which the two databases search in different ways.
        return [
            RunWindow(row.id, row.started_at, row.finished_at, row.chain)
            for row in c.execute(query.order_by(R.id.desc()).limit(MOST_WINDOWS))
            if automation.id in (row.chain or ())
        ]

    def times_since(self, c: Connection, automation_id: str, moment: datetime) -> list[datetime]:
        """Return when the firings of an automation after a moment arrived, in order."""
        where = and_(F.automation_id == automation_id, F.created_at > moment)
        return [*c.execute(select(F.created_at).where(where).order_by(F.created_at)).scalars()]

    def page(self, c: Connection, automation_id: str, limit: int, after: str) -> list[Firing]:
        """Return a page of firings, newest first."""
        query = with_run_state(automation_firings).where(F.automation_id == automation_id, OWN)
        return [firing_of(row) for row in c.execute(newest_first(query, F.id, limit, after))]

    def recent(self, c: Connection, automation_ids: Iterable[str]) -> dict[str, list[Firing]]:
        """Return the newest firings of automations by ID of the automation, newest first."""
        place = func.row_number().over(partition_by=F.automation_id, order_by=F.id.desc())
        of = and_(F.automation_id.in_([*automation_ids]), OWN)
        ranked = select(F.id, place.label("place")).where(of).subquery()
        newest = select(ranked.c.id).where(ranked.c.place <= RECENT)
        query = with_run_state(automation_firings).where(F.id.in_(newest)).order_by(F.id.desc())
        firings: dict[str, list[Firing]] = {}
        for row in c.execute(query):
            firings.setdefault(row.automation_id, []).append(firing_of(row))
        return firings

    def _forget(self, c: Connection, automation_id: str) -> None:
        """Delete the oldest firings beyond the number that is kept."""
        of = and_(F.automation_id == automation_id, OWN)
        newest = select(F.id).where(of).order_by(F.id.desc())
        oldest = newest.offset(KEPT_FIRINGS).limit(1).scalar_subquery()
        is_old = F.due_at.is_not(None) | (F.created_at < datetime.now(UTC) - KEPT_TIME)
        # With fewer firings, the subquery is null, and the comparison selects no row.
        where = and_(of, F.id <= oldest, is_old, F.outcome != "waiting")
        c.execute(delete(automation_firings).where(where))


def new_firing(
    automation_id: str, event_key: str, outcome: Outcome, reason: Reason | None, **columns: Any
) -> dict[str, Any]:
    """Return the row of a firing. `columns` replace the values that most firings have."""
    return {
        "id": new_id(),
        "automation_id": automation_id,
        "backfill_id": "",
        "event_key": event_key,
        "due_at": None,
        "since": None,
        "count": 1,
        "cause": None,
        "chain": [],
        "given": {},
        "outcome": outcome,
        "reason": reason,
        "run_id": "",
        "created_at": clock.now(),
        **columns,
    }


def firing_of(row: Row[Any]) -> Firing:
    """Return a firing. Queries that do not join the runs have no column `run_state`."""
    fields: dict[str, Any] = {n: getattr(row, n, None) for n in Firing.__struct_fields__}
    return Firing(**fields | {"cause": msgspec.convert(row.cause, Cause | None)})
