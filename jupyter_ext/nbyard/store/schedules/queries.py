"""Rows of schedules and of their ticks."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, select, update

from nbyard.domain.ids import new_id
from nbyard.domain.schedules.due_times import TimingPlan
from nbyard.domain.schedules.structs import (
    AutomaticRun,
    Missed,
    Outcome,
    Schedule,
    ScheduleCounts,
    Tick,
    Timing,
)
from nbyard.domain.state_machines import RUN
from nbyard.errors import StaleWrite
from nbyard.reasons.structs import Reason
from nbyard.store.database.compiled_statements import Prepared
from nbyard.store.database.query_parts import (
    newest_first,
    newest_of_each,
    with_run_state,
)
from nbyard.store.facts import FactRows
from nbyard.store.named_rows import NamedRows
from nbyard.store.notices.announce import announce_missed
from nbyard.store.notices.channels import RuleRows
from nbyard.store.schema.schedule_tables import schedule_ticks, schedules
from nbyard.store.schema.tables import OF_SOURCE, runs

R, S, T = runs.c, schedules.c, schedule_ticks.c
RECENT = 10
KEPT_TICKS = 1_000
MOST_SET_BACK = 100
MISSED = ("missed", "failed")  # no run was created, though the policies wanted one
COUNTED: dict[str, str] = {
    "started": "started_count",
    "missed": "missed_count",
    "overlapped": "overlapped_count",
    "failed": "failed_count",
}
JSON_FIELDS = {"run": AutomaticRun, "timing": Timing, "missed": Missed}
NEXT = Prepared(select(func.min(S.next_due)))
DUE = Prepared(
    select(S.id).where(S.next_due <= bindparam("now")).order_by(S.next_due).limit(bindparam("most"))
)
AHEAD = Prepared(
    select(S.id)
    .where(S.handled_until > bindparam("now"), S.next_due.is_not(None))
    .limit(bindparam("most"))
)
WAITING = Prepared(select(T.schedule_id).distinct().where(T.outcome == bindparam("how")))


class ScheduleRow(msgspec.Struct, frozen=True):
    """A schedule with the columns that only the dispatcher and its service use."""

    schedule: Schedule
    root: str
    start: str
    template_id: str
    anchor: datetime
    handled_until: datetime

    @property
    def plan(self) -> TimingPlan:
        """Return the timing of the schedule, with its start and end."""
        schedule = self.schedule
        return TimingPlan(
            schedule.timing, schedule.zone, self.anchor, schedule.starts_at, schedule.ends_at
        )


class ScheduleRows(NamedRows[ScheduleRow]):
    """Queries on schedules; queries with an `owner` see only the schedules of that owner."""

    table, noun = schedules, "schedule"

    @staticmethod
    def read(row: Row[Any]) -> ScheduleRow:
        """Return a schedule with its other columns."""
        known = row._mapping
        fields = {name: known[name] for name in Schedule.__struct_fields__ if name in known}
        for name, kind in JSON_FIELDS.items():
            fields[name] = msgspec.convert(known[name], kind)
        counts = ScheduleCounts(*(known[column] for column in COUNTED.values()))
        others = ("root", "start", "template_id", "anchor", "handled_until")
        return ScheduleRow(Schedule(**fields, counts=counts), *(known[name] for name in others))

    def below(self, c: Connection, owner: str, folder: str) -> list[ScheduleRow]:
        """Return the schedules of files below a real folder, with their names in order."""
        is_below = S.root.startswith(f"{folder}/", autoescape=True)
        query = select(schedules).where(S.owner == owner, is_below).order_by(S.name)
        return [self.read(row) for row in c.execute(query)]

    def change(self, c: Connection, schedule: Schedule, change: str, **columns: Any) -> bool:
        """Update a schedule if its revision is unchanged; return whether it was."""
        where = and_(S.id == schedule.id, S.revision == schedule.revision)
        values = {"revision": schedule.revision + 1, "updated_at": datetime.now(UTC), **columns}
        if c.execute(update(schedules).where(where).values(**values)).rowcount != 1:
            return False
        self.append_event(c, schedule.id, schedule.owner, change)
        return True

    def delete(self, c: Connection, schedule: Schedule) -> None:
        """Delete a schedule with its ticks; its runs stay."""
        c.execute(delete(schedule_ticks).where(T.schedule_id == schedule.id))
        RuleRows().delete_of_schedule(c, schedule.id)
        c.execute(delete(schedules).where(S.id == schedule.id))
        FactRows().keep_name(c, schedule.id, schedule.name)
        self.append_event(c, schedule.id, schedule.owner, "deleted")

    # What is due

    def next_due(self, c: Connection) -> datetime | None:
        """Return the earliest due time of all schedules, None if there is none."""
        timestamp = NEXT.ask(c)[0][0]
        # A prepared query returns the seconds as the column stores them.
        return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)

    def due(self, c: Connection, now: datetime, most: int) -> list[str]:
        """Return the IDs of schedules that are due, the longest due first."""
        return [row[0] for row in DUE.ask(c, now=now, most=most)]

    def ids_handled_beyond_now(self, c: Connection, now: datetime) -> list[str]:
        """Return the IDs of schedules handled beyond now: the clock was set back."""
        return [row[0] for row in AHEAD.ask(c, now=now, most=MOST_SET_BACK)]

    def waiting(self, c: Connection) -> list[str]:
        """Return the IDs of schedules with due times that wait.

        Such a due time waits until an earlier run has ended.
        """
        return [row[0] for row in WAITING.ask(c, how="waiting")]

    def is_enabled(self, c: Connection) -> bool:
        """Return whether any due time lies ahead or waits."""
        return self.next_due(c) is not None or bool(self.waiting(c))

    def advance(
        self, c: Connection, row: ScheduleRow, next_due: datetime | None, until: datetime
    ) -> None:
        """Set the next due time.

        Raises:
            StaleWrite: the schedule was changed meanwhile.
        """
        # A user may have changed the schedule while its due times were handled.
        is_same = and_(S.revision == row.schedule.revision, S.next_due == row.schedule.next_due)
        values = {"next_due": next_due, "handled_until": until}
        statement = update(schedules).where(S.id == row.schedule.id, is_same).values(**values)
        if c.execute(statement).rowcount != 1:
            raise StaleWrite()

    # Ticks

    def record(  # noqa: PLR0913  these are the columns
        self,
        c: Connection,
        schedule: Schedule,
        due_at: datetime,
        outcome: Outcome,
        *,
        reason: Reason | None = None,
        run_id: str = "",
        since: datetime | None = None,
        count: int = 1,
    ) -> None:
        """Record what a due time led to, and count it."""
        row = {
            "id": new_id(),
            "schedule_id": schedule.id,
            "due_at": due_at,
            "since": since,
            "count": count,
            "outcome": outcome,
            "reason": reason,
            "run_id": run_id,
            "created_at": datetime.now(UTC),
        }
        c.execute(insert(schedule_ticks), [row])
        self._count(c, schedule, outcome, count)
        if outcome in MISSED:
            announce_missed(c, schedule, due_at, count, reason)
        self._forget(c, schedule.id)
        self.append_event(c, schedule.id, schedule.owner, outcome)

    def conclude(
        self,
        c: Connection,
        schedule: Schedule,
        tick: Tick,
        outcome: Outcome,
        reason: Reason | None = None,
        run_id: str = "",
    ) -> bool:
        """Record what a waiting due time led to; return False if it no longer waits."""
        where = and_(T.id == tick.id, T.outcome == "waiting")
        values = {"outcome": outcome, "reason": reason, "run_id": run_id}
        if c.execute(update(schedule_ticks).where(where).values(**values)).rowcount != 1:
            return False
        self._count(c, schedule, outcome, 1)
        if outcome in MISSED:
            announce_missed(c, schedule, tick.due_at, 1, reason)
        self.append_event(c, schedule.id, schedule.owner, outcome)
        return True

    def drop_waiting(self, c: Connection, schedule_id: str, reason: Reason) -> None:
        """Mark the waiting due times of a schedule as overlapped."""
        where = and_(T.schedule_id == schedule_id, T.outcome == "waiting")
        values = {"outcome": "overlapped", "reason": reason}
        count = c.execute(update(schedule_ticks).where(where).values(**values)).rowcount
        counted = {"overlapped_count": S.overlapped_count + count}
        c.execute(update(schedules).where(S.id == schedule_id).values(**counted))

    def with_tick(
        self, c: Connection, schedule_id: str, dues: Collection[datetime]
    ) -> set[datetime]:
        """Return which of these due times have a tick."""
        # As a range: after years without a dispatcher there may be very many.
        is_within = T.due_at.between(min(dues), max(dues))
        query = select(T.due_at).where(T.schedule_id == schedule_id, is_within)
        return set(c.execute(query).scalars()).intersection(dues)

    def first_waiting(self, c: Connection, schedule_id: str) -> Tick | None:
        """Return the earliest due time that waits."""
        where = and_(T.schedule_id == schedule_id, T.outcome == "waiting")
        query = select(schedule_ticks).where(where).order_by(T.due_at).limit(1)
        row = c.execute(query).first()
        return _tick(row) if row else None

    def count_waiting(self, c: Connection, schedule_id: str) -> int:
        """Return how many due times wait."""
        return self.counts_of_waiting(c, [schedule_id]).get(schedule_id, 0)

    def counts_of_waiting(self, c: Connection, schedule_ids: Iterable[str]) -> dict[str, int]:
        """Return how many due times wait, by ID of those schedules that have some."""
        where = and_(T.schedule_id.in_([*schedule_ids]), T.outcome == "waiting")
        query = select(T.schedule_id, func.count()).where(where).group_by(T.schedule_id)
        return {row[0]: row[1] for row in c.execute(query)}

    def live_runs(self, c: Connection, schedule_id: str) -> list[str]:
        """Return the IDs of the runs of a schedule that have not ended, newest first."""
        is_live = and_(R.origin == "schedule", R.state.in_(RUN.live))
        where = and_(OF_SOURCE, R.source_id == schedule_id, is_live)
        return [*c.execute(select(R.id).where(where).order_by(R.id.desc())).scalars()]

    def ticks(self, c: Connection, schedule_id: str, limit: int, after: str) -> list[Tick]:
        """Return a page of ticks, newest first."""
        query = with_run_state(schedule_ticks).where(T.schedule_id == schedule_id)
        return [_tick(row) for row in c.execute(newest_first(query, T.id, limit, after))]

    def recent(self, c: Connection, schedule_ids: Iterable[str]) -> dict[str, list[Tick]]:
        """Return the newest ticks of schedules by ID of the schedule, newest first."""
        ticks_by_schedule: dict[str, list[Tick]] = {}
        query = newest_of_each(schedule_ticks, T.schedule_id, schedule_ids, RECENT)
        for row in c.execute(query):
            ticks_by_schedule.setdefault(row.schedule_id, []).append(_tick(row))
        return ticks_by_schedule

    def _count(self, c: Connection, schedule: Schedule, outcome: Outcome, count: int) -> None:
        if name := COUNTED.get(outcome):
            values = {name: S[name] + count}
            c.execute(update(schedules).where(S.id == schedule.id).values(**values))

    def _forget(self, c: Connection, schedule_id: str) -> None:
        """Delete the oldest ticks beyond the number that is kept."""
        newest = select(T.id).where(T.schedule_id == schedule_id).order_by(T.id.desc())
        oldest = newest.offset(KEPT_TICKS).limit(1).scalar_subquery()
        # With fewer ticks, the subquery is null, and the comparison selects no row.
        where = and_(T.schedule_id == schedule_id, T.id <= oldest, T.outcome != "waiting")
        c.execute(delete(schedule_ticks).where(where))


def _tick(row: Row[Any]) -> Tick:
    # Queries that do not join the runs have no column `run_state`.
    fields: dict[str, Any] = {n: getattr(row, n, None) for n in Tick.__struct_fields__}
    return Tick(**fields)
