"""Write notices to the outbox as rules require, in the transaction of the change itself."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, insert, select

from nbyard.domain.automations.structs import Automation, Firing
from nbyard.domain.ids import new_id
from nbyard.domain.notices.rules import Occurrence, StoredRule, projects_in, wanted_channels
from nbyard.domain.notices.structs import NoticeEvent
from nbyard.domain.state_machines import Machine
from nbyard.reasons.structs import Reason
from nbyard.store.database.project_filter import projects_linked_to_source, projects_of_runs
from nbyard.store.events import Subject
from nbyard.store.notices.channels import RuleRows
from nbyard.store.schema.notice_tables import notices
from nbyard.store.schema.scratch_runs import HISTORY
from nbyard.store.schema.tables import runs

N, R = notices.c, runs.c
ENDS: Mapping[str, NoticeEvent] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
}
RETRIES = ("attempt-failed", "attempt-lost")
RUN_COLUMNS = (R.id, R.owner, R.number, R.title, R.name, R.path, R.source_id)


class Moved(Protocol):
    """The fields of a `transition.Move` that notices need."""

    @property
    def machine(self) -> Machine: ...

    @property
    def subject(self) -> Subject: ...

    @property
    def to(self) -> str: ...

    @property
    def columns(self) -> Mapping[str, Any]: ...

    @property
    def event_data(self) -> Mapping[str, Any]: ...


def announce_moves(c: Connection, moves: Iterable[Moved]) -> None:
    """Write notices about ended runs and repeated attempts."""
    announced = [move for move in moves if _is_end(move) or _is_retry(move)]
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
        _row(channel, occurrence)
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


def _is_end(move: Moved) -> bool:
    return move.machine.name == "run" and move.to in ENDS


def _is_retry(move: Moved) -> bool:
    reason = move.columns.get("reason")
    is_queued = move.machine.name == "task" and move.to == "queued"
    return is_queued and isinstance(reason, Reason) and reason.code in RETRIES


def _rules(c: Connection, owners: Iterable[str]) -> list[StoredRule]:
    return [rule for owner in owners for rule in RuleRows().of_owner(c, owner)]


def _runs(c: Connection, ids: set[str]) -> list[Any]:
    """Return the columns of runs that notices show.

    Scratch runs are left out.
    """
    return [*c.execute(select(*RUN_COLUMNS).where(R.id.in_(ids), HISTORY))]


def _about_move(
    c: Connection, move: Moved, run: Any, projects: Collection[str]
) -> list[Occurrence]:
    if _is_end(move):
        ended = _about_run(run, projects, ENDS[move.to])
        if move.to == "succeeded" and _last_failed(c, run):
            return [ended, _about_run(run, projects, "recovered")]
        return [ended]
    reason = move.columns["reason"]
    facts = {"node": move.event_data.get("node", ""), "reason": msgspec.to_builtins(reason)}
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
    before = (R.path == run.path) & (R.owner == run.owner) & (R.id < run.id) & HISTORY
    if run.source_id:
        before &= R.source_id == run.source_id
    query = (
        select(R.state)
        .where(before, R.state.in_(("succeeded", "failed")))
        .order_by(R.id.desc())
        .limit(1)
    )
    return bool(c.execute(query).scalar() == "failed")


def _row(channel_id: str, occurrence: Occurrence) -> dict[str, Any]:
    return {
        "id": new_id(),
        "owner": occurrence.owner,
        "channel_id": channel_id,
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
