"""Events: appended in commit order, read after an id."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, text

from nbyard.domain.events import Event
from nbyard.store.tables import events

# any number that nobody else uses: ids of events then become visible in order
ADVISORY_LOCK = 7_220_151


class Subject(msgspec.Struct, frozen=True):
    """What an event is about."""

    id: str
    owner: str
    run_id: str = ""


def append(c: Connection, topic: str, subject: Subject, data: Mapping[str, Any]) -> None:
    """Write an event; it becomes visible with the transaction."""
    if c.dialect.name == "postgresql":
        c.execute(text("select pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    row = {
        "at": datetime.now(UTC),
        "owner": subject.owner,
        "topic": topic,
        "subject_id": subject.id,
        "run_id": subject.run_id,
        "data": dict(data),
    }
    c.execute(insert(events), [row])


def after(c: Connection, owner: str, cursor: int, limit: int) -> list[Event]:
    """Events after the cursor, oldest first."""
    query = (
        select(events)
        .where(events.c.id > cursor, events.c.owner == owner)
        .order_by(events.c.id)
        .limit(limit)
    )
    return [Event(r.id, r.at, r.topic, r.subject_id, r.run_id, r.data) for r in c.execute(query)]


def last(c: Connection) -> int:
    """The id of the newest event, 0 when there is none."""
    return int(c.execute(select(func.max(events.c.id))).scalar() or 0)


def first(c: Connection) -> int:
    """The id of the oldest event still kept, 0 when there is none."""
    return int(c.execute(select(func.min(events.c.id))).scalar() or 0)


def runs_after(c: Connection, cursor: int) -> tuple[set[str], int]:
    """The runs that something happened to after the cursor, and the cursor after that."""
    newest = max(last(c), cursor)
    query = select(events.c.run_id).where(events.c.id > cursor, events.c.id <= newest).distinct()
    return set(c.execute(query).scalars()) - {""}, newest


def trim(c: Connection, keep: int) -> None:
    """Forget all but the newest `keep` events."""
    c.execute(delete(events).where(events.c.id <= last(c) - keep))
