"""Rows of firings, each with what it led to, and of backfills, which have their own."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, select, update

from nbyard.domain.automations.backfills import Backfill, BackfillCounts, PastRun, counts_of
from nbyard.domain.automations.file_changes import RunWindow
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
from nbyard.domain.runs.origins import Cause
from nbyard.domain.state_machines import BACKFILL, RUN
from nbyard.host import clock
from nbyard.reasons.structs import Reason, because
from nbyard.store import transition
from nbyard.store.automations.queries import AutomationRows
from nbyard.store.database.query_parts import Prepared, newest_first, with_run_state
from nbyard.store.events import Subject
from nbyard.store.named_rows import columns_of
from nbyard.store.notices.announce import announce_missed
from nbyard.store.schema.automation_tables import automation_firings, automations, backfills
from nbyard.store.schema.tables import OF_SOURCE, runs
from nbyard.store.visibility import is_own, may_see

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
A, B = automations.c, backfills.c
WITH_NAME = select(backfills, A.name.label("automation"), A.zone).join(
    automations, A.id == B.automation_id
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
        chain = [*self.chain_of(c, after_run), automation.id]
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
        columns = {"cause": cause, "chain": fired.chain, "given": given, "run_id": run_id}
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

    def chain_of(self, c: Connection, run_id: str) -> list[str]:
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
        query = query.where(is_own(automation.owner, R.owner), is_led)
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
        row = c.execute(WITH_NAME.where(may_see(owner, A.owner), B.id == backfill_id)).first()
        return _row(row) if row else None

    def by_id(self, c: Connection, backfill_id: str) -> BackfillRow | None:
        """Return a backfill of any owner."""
        row = c.execute(WITH_NAME.where(B.id == backfill_id)).first()
        return _row(row) if row else None

    def page(
        self, c: Connection, owner: str, limit: int, after: str, automation_id: str
    ) -> list[Backfill]:
        """Return a page of backfills, newest first; `automation_id` is empty for all."""
        query = WITH_NAME.where(may_see(owner, A.owner, c))
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
    return BackfillRow(Backfill(**columns_of(row, Backfill)), row.template_id)
