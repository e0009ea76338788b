"""Fill a store with what starts runs and tells of them: schedules, triggers and notices."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Table, insert, select, update

from nbyard.domain.ids import new_id
from nbyard.store import Store
from nbyard.store.schema.automation_tables import automation_firings, automations
from nbyard.store.schema.notice_tables import notice_channels, notices
from nbyard.store.schema.tables import runs
from parts.filled import START

NAMES = 200
WITH_PAST = 20
# A store keeps 1,000 ticks and firings of each.
PAST = 1_000
NOTICES = 20_000
# Every second run of an executable comes from the newest schedule.
FROM_SCHEDULE = 2
TEXTS = ("reason", "run_id")


def fill_beside(store: Store, owner: str, past: int = PAST, sent: int = NOTICES) -> None:
    """Write schedules, triggers and a channel: with their newest `past` events and `sent` notices.

    Run this after runs are written.
    """
    with store.write() as c:
        for rows in (_schedules(owner, past), _triggers(owner, past), _notices(owner, sent)):
            for table, row in rows:
                c.execute(insert(table), row)
        newest = (
            select(automations.c.id).order_by(automations.c.id.desc()).limit(1).scalar_subquery()
        )
        of_schedule = (runs.c.workflow_id == "") & (runs.c.number % FROM_SCHEDULE == 0)
        values = {"source_id": newest, "origin": "schedule", "origin_id": newest}
        c.execute(update(runs).where(of_schedule).values(values))


def _named(number: int, owner: str, noun: str) -> dict[str, Any]:
    own = {"id": new_id(), "name": f"{noun} {number}", "owner": owner, "revision": 1}
    place = {"path": "", "run": {"executable": "load"}, "root": "/", "start": "/"}
    counts = dict.fromkeys(("started_count", "overlapped_count", "failed_count"), 0)
    times = {"created_at": START, "updated_at": START}
    return {**own, **place, **counts, **times, "template_id": "", "overlap": "skip"}


def _schedules(owner: str, past: int) -> Iterator[tuple[Table, Any]]:
    for number in range(NAMES):
        named = _named(number, owner, "schedule")
        timing: dict[str, Any] = {"timing": {"kind": "cron", "expression": "@hourly"}}
        when = {"zone": "UTC", "anchor": START, "handled_until": START, "words": "", "missed": {}}
        more = {"is_enabled": False, "missed_count": 0, "mode": "follows"}
        yield automations, [{**named, **timing, **when, **more}]
        if number >= NAMES - WITH_PAST:
            ticks = ((at, START + timedelta(minutes=at)) for at in range(past))
            shown = {"schedule_id": named["id"], "count": 1, "outcome": "started"}
            row = {**shown, "reason": None, "run_id": ""}
            yield (
                automation_firings,
                [{**row, "id": new_id(), "due_at": due, "created_at": due} for _, due in ticks],
            )


def _triggers(owner: str, past: int) -> Iterator[tuple[Table, Any]]:
    for number in range(NAMES):
        named = _named(number, owner, "trigger")
        on = {"kind": "webhook", "event": {"kind": "webhook"}, "values_from": {}, "secret": ""}
        source = {"source_id": "", "source_path": "", "since_event": 0}
        yield automations, [{**named, **on, **source, "is_enabled": False, "mode": "follows"}]
        if number >= NAMES - WITH_PAST:
            cause = {"kind": "fire"}
            shown = {"trigger_id": named["id"], "outcome": "started", "reason": None, "run_id": ""}
            row = {**shown, "cause": cause, "chain": [], "given": {}, "created_at": START}
            yield (
                automation_firings,
                [{**row, "id": new_id(), "event_key": f"k{at}"} for at in range(past)],
            )


def _notices(owner: str, sent: int) -> Iterator[tuple[Table, Any]]:
    texts = dict.fromkeys(("address", "sealed", "base_url"), "")
    named = {"id": new_id(), "name": "team", "owner": owner, "revision": 1, "kind": "webhook"}
    times = {"created_at": START, "updated_at": START}
    rest: dict[str, Any] = {"service": "json", "allowed_hosts": [], "digest": {}, "error": None}
    yield notice_channels, [{**texts, **named, **times, **rest}]
    shown = {"owner": owner, "channel_id": named["id"], "event": "failed", "title": "penguins"}
    row = {**shown, "run_id": "", "facts": {}, "message_id": "", "attempts": 1, "reason": None}
    row |= {"outcome": "sent", "created_at": START}
    yield notices, [{**row, "id": new_id(), "event_id": f"e{at}"} for at in range(sent)]
