"""Events: appended in commit order, read after an ID."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, text

from nbyard.domain.events import Event
from nbyard.domain.paging import MAX_COUNT
from nbyard.store.database.query_parts import Prepared
from nbyard.store.schema.tables import events

# An arbitrary, unique lock key. The lock makes event IDs visible in order.
ADVISORY_LOCK = 7_220_151
LOCK = text("select pg_advisory_xact_lock(:key)")
# The owner of an event that all users see.
EVERYBODY = ""
INSERT = Prepared(insert(events))
LAST = Prepared(select(func.max(events.c.id)))
AFTER = (
    select(events)
    .where(
        events.c.id > bindparam("cursor"),
        events.c.id <= bindparam("until"),
        events.c.owner.in_([bindparam("of"), EVERYBODY]),
    )
    .order_by(events.c.id)
    .limit(bindparam("most"))
)


class Subject(msgspec.Struct, frozen=True):
    """The object that an event is about."""

    id: str
    owner: str
    run_id: str = ""


NewEvent = tuple[str, Subject, Mapping[str, Any]]


def append(c: Connection, topic: str, subject: Subject, data: Mapping[str, Any]) -> None:
    """Append an event; it becomes visible when the transaction commits."""
    append_all(c, [(topic, subject, data)])


def append_all(c: Connection, new_events: Sequence[NewEvent]) -> None:
    """Append events, each as (topic, subject, data)."""
    # PostgreSQL assigns IDs before the commit; SQLite has a single writer anyway.
    if c.dialect.name == "postgresql":
        c.execute(LOCK, {"key": ADVISORY_LOCK})
    now = datetime.now(UTC)
    rows = [
        {
            "at": now,
            "owner": subject.owner,
            "topic": topic,
            "subject_id": subject.id,
            "run_id": subject.run_id,
            "data": dict(data),
        }
        for topic, subject, data in new_events
    ]
    INSERT.run(c, rows)


def events_after(
    c: Connection, owner: str, cursor: int, limit: int, until: int = MAX_COUNT
) -> list[Event]:
    """Return events after `cursor` up to the event `until`, oldest first."""
    rows = c.execute(AFTER, {"cursor": cursor, "until": until, "of": owner, "most": limit})
    return [Event(r.id, r.at, r.topic, r.subject_id, r.run_id, r.data) for r in rows]


def subjects_after(run_id: str, cursor: int) -> Any:
    """Return a query for the subject IDs of the run's events after the cursor."""
    return select(events.c.subject_id).where(events.c.run_id == run_id, events.c.id > cursor)


def newest_id(c: Connection) -> int:
    """Return the ID of the newest event, or 0."""
    return int(LAST.ask(c)[0][0] or 0)


def oldest_id(c: Connection) -> int:
    """Return the ID of the oldest stored event, or 0."""
    return int(c.execute(select(func.min(events.c.id))).scalar() or 0)


class EventSubject(msgspec.Struct, frozen=True):
    """The subject of an event, for listeners that follow all events."""

    id: int
    topic: str
    subject_id: str
    run_id: str


SUBJECTS = Prepared(
    select(events.c.id, events.c.topic, events.c.subject_id, events.c.run_id)
    .where(events.c.id > bindparam("cursor"))
    .order_by(events.c.id)
)


def all_subjects_after(c: Connection, cursor: int) -> list[EventSubject]:
    """Return all events after the cursor, of all owners."""
    return [EventSubject(*row) for row in SUBJECTS.ask(c, cursor=cursor)]


OF_RUNS_AND_VERSIONS = (
    select(events)
    .where(
        events.c.id > bindparam("cursor"),
        events.c.id <= bindparam("until"),
        events.c.topic.in_(("run", "dataset-version")),
    )
    .order_by(events.c.id)
)


def of_runs_and_versions(c: Connection, cursor: int, until: int) -> list[Event]:
    """Return the events of runs and of versions of datasets after `cursor`, of all owners."""
    rows = c.execute(OF_RUNS_AND_VERSIONS, {"cursor": cursor, "until": until})
    return [Event(r.id, r.at, r.topic, r.subject_id, r.run_id, r.data) for r in rows]


OF_TOPIC = Prepared(
    select(func.max(events.c.id)).where(
        events.c.id > bindparam("cursor"), events.c.topic == bindparam("of")
    )
)


def has_topic_after(c: Connection, topic: str, cursor: int) -> bool:
    """Return whether there is an event of a topic after the cursor, of any owner."""
    return OF_TOPIC.ask(c, cursor=cursor, of=topic)[0][0] is not None


def delete_oldest(c: Connection, keep: int, until: int = MAX_COUNT) -> None:
    """Delete all but the newest `keep` events; keep all after the event `until`."""
    last = min(newest_id(c) - keep, until)
    c.execute(delete(events).where(events.c.id <= last))
