"""The outbox: rules write notices in the transaction of the change, and the queries read them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, or_, select, update

from nbyard.domain.automations.structs import Automation, Firing
from nbyard.domain.contracts.structs import DRIFTS
from nbyard.domain.ids import new_id
from nbyard.domain.notices.rules import Occurrence, StoredRule, projects_in, wanted_channels
from nbyard.domain.notices.structs import LONGEST_ASKED, ChannelCounts, Notice, NoticeEvent
from nbyard.reasons.structs import Reason, joined, separate
from nbyard.store.database.project_filter import projects_linked_to_source, projects_of_runs
from nbyard.store.database.query_parts import Prepared, newest_first
from nbyard.store.events import Move, Subject
from nbyard.store.notices.channels import RuleRows
from nbyard.store.schema.notice_tables import notice_channels, notices
from nbyard.store.schema.tables import HISTORY, runs
from nbyard.store.visibility import is_own

N, R = notices.c, runs.c
ENDS: Mapping[str, NoticeEvent] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
}
RETRIES = ("attempt-failed", "attempt-lost")
RUN_COLUMNS = (R.id, R.owner, R.number, R.title, R.name, R.path, R.source_id)
C = notice_channels.c
KEPT = 1_000
MOST_AT_ONCE = 500
# A later time was written before the clock was set back.
LATEST = timedelta(seconds=2 * LONGEST_ASKED)
WAITING = Prepared(select(N.id).where(N.outcome == bindparam("how")).limit(bindparam("most")))


def announce_moves(c: Connection, moves: Iterable[Move]) -> None:
    """Write notices about ended runs, repeated attempts and deviations from contracts."""
    announced = [move for move in moves if _is_end(move) or _is_retry(move) or _drift(move)]
    rules = _rules(c, {move.subject.owner for move in announced})
    if not rules:
        return
    known = {row.id: row for row in _runs(c, {move.subject.run_id for move in announced})}
    projects = projects_of_runs(c, projects_in(rules), known)
    occurrences: list[Occurrence] = []
    for move in announced:
        run = known.get(move.subject.run_id)
        if run is not None:
            occurrences += _about_move(c, move, run, projects[run.id])
    announce(c, occurrences, rules)


def announce_missed(c: Connection, of: Automation, firing: Firing, reason: Reason | None) -> None:
    """Write notices about due times or an event that led to no run."""
    owner, path, rules = of.owner, of.run.path, _rules(c, {of.owner})
    facts: dict[str, Any] = {"reason": msgspec.to_builtins(reason), "count": firing.count}
    if firing.due_at is not None:
        facts["due_at"] = firing.due_at.astimezone(UTC).isoformat()
    occurrence = Occurrence(
        "automation-missed",
        f"{firing.id}:automation-missed",
        owner,
        of.name,
        path,
        of.id,
        projects=projects_linked_to_source(c, projects_in(rules), owner, of.id, path),
        facts=facts,
    )
    announce(c, [occurrence], rules)


def announce_long(c: Connection, run_id: str, rules: Sequence[StoredRule]) -> None:
    """Write notices about a run that takes long, by the rules whose time has passed."""
    projects = projects_of_runs(c, projects_in(rules), {run_id})[run_id]
    occurrences = [_about_run(row, projects, "running-long") for row in _runs(c, {run_id})]
    announce(c, occurrences, rules)


def announce_expiry(c: Connection, of: Subject, name: str, at: datetime, why: Reason) -> None:
    """Write notices about a deployment that stops soon."""
    facts = {"reason": msgspec.to_builtins(why)}
    event_id = f"{of.id}:expiring:{at:%Y%m%dT%H%M%S}"
    occurrence = Occurrence("deployment-expiring", event_id, of.owner, name, facts=facts)
    announce(c, [occurrence], _rules(c, {of.owner}))


def announce(c: Connection, occurrences: Sequence[Occurrence], rules: Sequence[StoredRule]) -> None:
    """Write one notice for each event and channel that reports it.

    A channel that reports a recovery does not report the same success too.
    """
    chosen = {
        (channel, occurrence.event_id): occurrence
        for occurrence in occurrences
        for channel in wanted_channels(rules, occurrence)
    }
    recovered = {
        (key[0], occurrence.run_id)
        for key, occurrence in chosen.items()
        if occurrence.event == "recovered"
    }
    rows = [
        {
            "id": new_id(),
            "owner": occurrence.owner,
            "channel_id": channel,
            "event": occurrence.event,
            "event_id": occurrence.event_id,
            "title": occurrence.title,
            "run_id": occurrence.run_id,
            "facts": dict(occurrence.facts),
            "outcome": "waiting",
            "message_id": "",
            "attempts": 0,
            "reason": None,
            "created_at": datetime.now(UTC),
            "sent_at": None,
        }
        for (channel, _), occurrence in chosen.items()
        if not (occurrence.event == "succeeded" and (channel, occurrence.run_id) in recovered)
    ]
    if not rows:
        return
    ids = {row["event_id"] for row in rows}
    # A restarted dispatcher does not remember which long runs it has announced.
    known = c.execute(select(N.channel_id, N.event_id).where(N.event_id.in_(ids)))
    present = {(row.channel_id, row.event_id) for row in known}
    new = [row for row in rows if (row["channel_id"], row["event_id"]) not in present]
    if new:
        c.execute(insert(notices), new)


def _is_end(move: Move) -> bool:
    return move.machine.name == "run" and move.to in ENDS


def _is_retry(move: Move) -> bool:
    reason = move.columns.get("reason")
    is_queued = move.machine.name == "task" and move.to == "queued"
    return is_queued and isinstance(reason, Reason) and reason.code in RETRIES


def _drift(move: Move) -> Reason | None:
    """Return which rules that only warn an ended task breaks, None for other moves."""
    warning = move.columns.get("warning") if move.machine.name == "task" else None
    known = separate(warning) if isinstance(warning, Reason) else []
    return joined(reason for reason in known if reason.code in DRIFTS)


def _rules(c: Connection, owners: Iterable[str]) -> list[StoredRule]:
    return [rule for owner in owners for rule in RuleRows().of_owner(c, owner)]


def _runs(c: Connection, ids: set[str]) -> list[Any]:
    """Return the columns of runs that notices show.

    Scratch runs are left out.
    """
    return [*c.execute(select(*RUN_COLUMNS).where(R.id.in_(ids), HISTORY))]


def _about_move(c: Connection, move: Move, run: Any, projects: Collection[str]) -> list[Occurrence]:
    if _is_end(move):
        ended = _about_run(run, projects, ENDS[move.to])
        if move.to == "succeeded" and _last_failed(c, run):
            return [ended, _about_run(run, projects, "recovered")]
        return [ended]
    node = move.event_data.get("node", "")
    if drift := _drift(move):
        facts = {"node": node, "reason": msgspec.to_builtins(drift)}
        return [_about_run(run, projects, "drifted", f"drifted:{move.subject.id}", **facts)]
    reason = move.columns["reason"]
    facts = {"node": node, "reason": msgspec.to_builtins(reason)}
    suffix = f"retried:{move.subject.id}:{reason.params.get('number', 0)}"
    return [_about_run(run, projects, "retried", suffix, **facts)]


def _about_run(
    run: Any, projects: Collection[str], event: NoticeEvent, suffix: str = "", **facts: Any
) -> Occurrence:
    return Occurrence(
        event,
        f"{run.id}:{suffix or event}",
        run.owner,
        run.name or run.title or run.path,
        run.path,
        run.source_id,
        run.id,
        projects,
        {"number": run.number, **facts},
    )


def _last_failed(c: Connection, run: Any) -> bool:
    """Return whether the earlier run of the file failed; cancelled runs do not count.

    For a run of an automation, only its own runs count: others may have other parameters.
    """
    if not run.path:
        return False
    before = (R.path == run.path) & is_own(run.owner, R.owner) & (R.id < run.id) & HISTORY
    if run.source_id:
        before &= R.source_id == run.source_id
    query = (
        select(R.state)
        .where(before, R.state.in_(("succeeded", "failed")))
        .order_by(R.id.desc())
        .limit(1)
    )
    return bool(c.execute(query).scalar() == "failed")


class OutboxNotice(msgspec.Struct, frozen=True):
    """A waiting notice with the facts that its message needs."""

    notice: Notice
    owner: str
    facts: dict[str, Any]


class NoticeRows:
    """Queries on notices."""

    def is_waiting(self, c: Connection) -> bool:
        """Return whether any notice waits."""
        return bool(WAITING.ask(c, how="waiting", most=1))

    def due(self, c: Connection, now: datetime) -> list[str]:
        """Return the IDs of channels with notices that may be sent now."""
        is_due = or_(C.retry_at.is_(None), C.retry_at <= now, C.retry_at > now + LATEST)
        query = select(N.channel_id).distinct().join(notice_channels, C.id == N.channel_id)
        return [*c.execute(query.where(N.outcome == "waiting", is_due)).scalars()]

    def next_retry(self, c: Connection, now: datetime) -> datetime | None:
        """Return the earliest later time at which a channel may be tried again."""
        query = select(func.min(C.retry_at)).join(notices, N.channel_id == C.id)
        return c.execute(query.where(N.outcome == "waiting", C.retry_at > now)).scalar()

    def waiting(self, c: Connection, channel_id: str) -> list[OutboxNotice]:
        """Return the notices of a channel that wait, the oldest first."""
        query = select(notices).where(N.outcome == "waiting", N.channel_id == channel_id)
        rows = c.execute(query.order_by(N.id).limit(MOST_AT_ONCE))
        return [OutboxNotice(_notice(row), row.owner, row.facts) for row in rows]

    def sent_times(self, c: Connection, channel_id: str, since: datetime) -> list[datetime]:
        """Return the times after `since` when a channel got a message."""
        recent = (N.channel_id == channel_id) & (N.outcome == "sent") & (N.sent_at > since)
        query = select(func.max(N.sent_at)).where(recent).group_by(N.message_id)
        return [*c.execute(query).scalars()]

    def assign(self, c: Connection, ids: Collection[str], message_id: str) -> None:
        """Put notices into one message. They stay together in all attempts to send it."""
        statement = update(notices).where(N.id.in_(ids), N.message_id == "")
        c.execute(statement.values(message_id=message_id))

    def note_sent(self, c: Connection, channel_id: str, message_id: str, at: datetime) -> None:
        """Record that a message was accepted, and delete the oldest notices of the channel."""
        values = {"outcome": "sent", "sent_at": at, "reason": None, "attempts": N.attempts + 1}
        c.execute(self._of_message(channel_id, message_id).values(**values))
        self._forget(c, channel_id)

    def note_failed(
        self, c: Connection, channel_id: str, message_id: str, why: Reason, *, is_final: bool
    ) -> None:
        """Record why a message was not accepted; a final failure is not tried again."""
        values = {"reason": why, "attempts": N.attempts + 1}
        values |= {"outcome": "failed"} if is_final else {}
        c.execute(self._of_message(channel_id, message_id).values(**values))
        self._forget(c, channel_id)

    def page(
        self, c: Connection, channel_id: str, limit: int, after: str, outcome: str
    ) -> list[Notice]:
        """Return a page of the notices of a channel, newest first.

        An empty `outcome` selects all of them.
        """
        query = select(notices).where(N.channel_id == channel_id)
        query = query.where(N.outcome == outcome) if outcome else query
        return [_notice(row) for row in c.execute(newest_first(query, N.id, limit, after))]

    def counts(self, c: Connection, ids: Sequence[str]) -> dict[str, ChannelCounts]:
        """Return how many notices of channels wait or failed, by the ID of the channel."""
        query = select(N.channel_id, N.outcome, func.count()).group_by(N.channel_id, N.outcome)
        query = query.where(N.channel_id.in_(ids), N.outcome.in_(("waiting", "failed")))
        counts_by_channel: dict[str, dict[str, int]] = {}
        for channel_id, outcome, count in c.execute(query):
            counts_by_channel.setdefault(channel_id, {})[outcome] = count
        return {
            channel_id: ChannelCounts(**counted)
            for channel_id, counted in counts_by_channel.items()
        }

    def _of_message(self, channel_id: str, message_id: str) -> Any:
        of_message = (N.channel_id == channel_id) & (N.message_id == message_id)
        return update(notices).where(of_message, N.outcome == "waiting")

    def _forget(self, c: Connection, channel_id: str) -> None:
        """Delete the oldest notices beyond the number that is kept."""
        newest = select(N.id).where(N.channel_id == channel_id).order_by(N.id.desc())
        oldest = newest.offset(KEPT).limit(1).scalar_subquery()
        # With fewer notices, the subquery is null, and the comparison selects no row.
        old = (N.channel_id == channel_id) & (N.id <= oldest) & (N.outcome != "waiting")
        c.execute(delete(notices).where(old))


def _notice(row: Row[Any]) -> Notice:
    return Notice(**{name: getattr(row, name) for name in Notice.__struct_fields__})
