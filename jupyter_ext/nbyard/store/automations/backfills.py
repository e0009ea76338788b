"""Rows of backfills and of their firings."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, func, insert, select, update

from nbyard.domain.automations.backfills import Backfill, BackfillCounts, PastRun, counts_of
from nbyard.domain.automations.structs import Firing, FiringRow, Outcome
from nbyard.domain.state_machines import BACKFILL, RUN
from nbyard.reasons.structs import Reason
from nbyard.store import transition
from nbyard.store.automations.firings import firing_of, new_firing
from nbyard.store.database.query_parts import newest_first, with_run_state
from nbyard.store.events import Subject
from nbyard.store.schema.automation_tables import automation_firings, automations, backfills
from nbyard.store.schema.tables import OF_SOURCE, runs

A, B, F, R = automations.c, backfills.c, automation_firings.c, runs.c
WITH_NAME = select(backfills, A.name.label("automation"), A.zone).join(
    automations, A.id == B.automation_id
)
FIELDS = [f for f in Backfill.__struct_fields__ if f not in ("counts", "firings")]


class BackfillRow(msgspec.Struct, frozen=True):
    """A backfill with the template of its runs."""

    backfill: Backfill
    template_id: str


class BackfillRows:
    """Queries on backfills; queries with an `owner` see only the backfills of that owner."""

    def insert(self, c: Connection, row: dict[str, Any], firings: Iterable[FiringRow]) -> None:
        """Insert a running backfill with a firing for each due time."""
        transition.begin(c, BACKFILL, Subject(row["id"], row["owner"]), row)
        rows = []
        for fired in firings:
            firing = fired.firing
            of = (firing.automation_id, fired.event_key, firing.outcome, firing.reason)
            columns: dict[str, Any] = {"id": firing.id, "run_id": firing.run_id}
            columns |= {"due_at": firing.due_at, "backfill_id": row["id"]}
            rows.append(new_firing(*of, **columns))
        c.execute(insert(automation_firings), rows)

    def get(self, c: Connection, owner: str, backfill_id: str) -> BackfillRow | None:
        """Return a backfill by ID."""
        row = c.execute(WITH_NAME.where(B.owner == owner, B.id == backfill_id)).first()
        return _row(row) if row else None

    def by_id(self, c: Connection, backfill_id: str) -> BackfillRow | None:
        """Return a backfill of any owner."""
        row = c.execute(WITH_NAME.where(B.id == backfill_id)).first()
        return _row(row) if row else None

    def page(
        self, c: Connection, owner: str, limit: int, after: str, automation_id: str
    ) -> list[Backfill]:
        """Return a page of backfills, newest first; `automation_id` is empty for all."""
        query = WITH_NAME.where(B.owner == owner)
        query = query.where(B.automation_id == automation_id) if automation_id else query
        return [_row(row).backfill for row in c.execute(newest_first(query, B.id, limit, after))]

    def running(self, c: Connection) -> list[str]:
        """Return the IDs of the running backfills, the oldest first."""
        query = select(B.id).where(B.state.in_(BACKFILL.live)).order_by(B.id)
        return [*c.execute(query).scalars()]

    def firings(self, c: Connection, backfill_id: str) -> list[Firing]:
        """Return the firings of a backfill in order of due times."""
        query = with_run_state(automation_firings).where(F.backfill_id == backfill_id)
        return [firing_of(row) for row in c.execute(query.order_by(F.due_at))]

    def counts(self, c: Connection, backfill_ids: Iterable[str]) -> dict[str, BackfillCounts]:
        """Return how many due times led to what, by backfill ID."""
        joined = automation_firings.outerjoin(runs, R.id == F.run_id)
        query = select(F.backfill_id, F.outcome, R.state, func.count().label("times"))
        query = query.select_from(joined).where(F.backfill_id.in_([*backfill_ids]))
        counts_by_backfill: defaultdict[str, list[Any]] = defaultdict(list)
        for row in c.execute(query.group_by(F.backfill_id, F.outcome, R.state)):
            counts_by_backfill[row.backfill_id].append((row.outcome, row.state, row.times))
        return {key: counts_of(times) for key, times in counts_by_backfill.items()}

    # What the dispatcher does

    def first_waiting(self, c: Connection, backfill_id: str) -> Firing | None:
        """Return the firing of the earliest due time that waits."""
        is_waiting = and_(F.backfill_id == backfill_id, F.outcome == "waiting")
        query = select(automation_firings).where(is_waiting).order_by(F.due_at).limit(1)
        row = c.execute(query).first()
        return firing_of(row) if row else None

    def live_runs(self, c: Connection, backfill_id: str) -> list[str]:
        """Return the IDs of live runs of a backfill."""
        joined = automation_firings.join(runs, R.id == F.run_id)
        is_own = and_(F.backfill_id == backfill_id, F.outcome == "started", R.state.in_(RUN.live))
        return [*c.execute(select(R.id).select_from(joined).where(is_own)).scalars()]

    def past_runs(
        self, c: Connection, automation_id: str, first: datetime, last: datetime
    ) -> dict[datetime, list[PastRun]]:
        """Return the runs of an automation's due times in a range, newest first, by due time.

        A retry belongs to the due time of the run that it repeats.
        """
        is_own = and_(OF_SOURCE, R.source_id == automation_id, R.due_at.between(first, last))
        query = select(R.id, R.number, R.state, R.due_at).where(is_own).order_by(R.id.desc())
        runs_by_due_time: defaultdict[datetime, list[PastRun]] = defaultdict(list)
        for row in c.execute(query):
            runs_by_due_time[row.due_at].append(PastRun(row.id, row.number, row.state))
        return runs_by_due_time

    def conclude(
        self,
        c: Connection,
        firing: Firing,
        outcome: Outcome,
        reason: Reason | None = None,
        run_id: str = "",
    ) -> bool:
        """Record what a waiting due time led to; return False if it no longer waits."""
        # The user may have cancelled the backfill since the dispatcher read it.
        is_waiting = and_(F.id == firing.id, F.outcome == "waiting")
        values = {"outcome": outcome, "reason": reason, "run_id": run_id}
        return (
            c.execute(update(automation_firings).where(is_waiting).values(**values)).rowcount == 1
        )

    def replace_run(self, c: Connection, backfill_id: str, old: str, new: str) -> None:
        """Replace a run of the backfill by its retry, so that the result of the retry counts."""
        is_own = and_(F.backfill_id == backfill_id, F.run_id == old)
        c.execute(update(automation_firings).where(is_own).values(run_id=new))

    def finish(self, c: Connection, backfill: Backfill) -> bool:
        """Mark a backfill as done; return False if it has ended.

        Call it once all its due times are handled.
        """
        return self._end(c, backfill, "done")

    def cancel(self, c: Connection, backfill: Backfill) -> bool:
        """Cancel the due times that wait; return False if the backfill has ended."""
        if not self._end(c, backfill, "cancelled"):
            return False
        is_waiting = and_(F.backfill_id == backfill.id, F.outcome == "waiting")
        c.execute(update(automation_firings).where(is_waiting).values(outcome="cancelled"))
        return True

    def _end(self, c: Connection, backfill: Backfill, state: str) -> bool:
        subject = Subject(backfill.id, backfill.owner)
        now = datetime.now(UTC)
        # Without this reference, the next collection of garbage deletes the template.
        return transition.move(c, BACKFILL, subject, state, template_id="", finished_at=now)


def _row(row: Row[Any]) -> BackfillRow:
    fields = {name: getattr(row, name) for name in FIELDS}
    return BackfillRow(Backfill(**fields), row.template_id)
