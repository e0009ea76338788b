"""Fill a store with what starts runs and tells of them: automations and notices."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Table, insert, select, update

from nbyard.domain.ids import new_id
from nbyard.store import Store
from nbyard.store.automations.firings import new_firing
from nbyard.store.schema.automation_tables import automation_firings, automations
from nbyard.store.schema.notice_tables import notice_channels, notices
from nbyard.store.schema.tables import runs
from parts.filled import START

NAMES = 200
WITH_PAST = 20
# A store keeps 1,000 firings of each.
PAST = 1_000
NOTICES = 20_000
# Every second run of an executable comes from the newest automation.
FROM_AUTOMATION = 2
TEXTS = ("reason", "run_id")


def fill_beside(store: Store, owner: str, past: int = PAST, sent: int = NOTICES) -> None:
    """Write automations and a channel: with their newest `past` events and `sent` notices.

    Run this after runs are written.
    """
    with store.write() as c:
        for rows in (
            _automations(owner, past, {"kind": "webhook"}, "hook"),
            _automations(owner, past, {"kind": "cron", "expression": "@hourly"}, "hourly"),
            _notices(owner, sent),
        ):
            for table, row in rows:
                c.execute(insert(table), row)
        newest = (
            select(automations.c.id).order_by(automations.c.id.desc()).limit(1).scalar_subquery()
        )
        of_automation = (runs.c.workflow_id == "") & (runs.c.number % FROM_AUTOMATION == 0)
        values = {"source_id": newest, "origin": "automation", "origin_id": newest}
        c.execute(update(runs).where(of_automation).values(values))


COUNTS = ("started_count", "missed_count", "overlapped_count", "failed_count")


def _automations(owner: str, past: int, on: dict[str, Any], of: str) -> Iterator[tuple[Table, Any]]:
    """Yield automations that start on a time or event, and past firings of some."""
    for number in range(NAMES):
        own = {"id": new_id(), "name": f"{of} {number}", "owner": owner, "revision": 1}
        place = {"path": "", "run": {"executable": "load"}, "root": "/", "start": "/"}
        times = {"created_at": START, "updated_at": START, "anchor": START, "handled_until": START}
        source = {"source_id": "", "source_path": "", "since_event": 0, "values_from": {}}
        more = {"template_id": "", "overlap": "skip", "is_enabled": False, "mode": "follows"}
        start = {"kind": on["kind"], "event": on, "zone": "UTC", "missed": {}, "secret": ""}
        is_timed = on["kind"] == "cron"
        counts = dict.fromkeys(COUNTS, 0)
        timing = {"timing": on if is_timed else None}
        yield (
            automations,
            [{**own, **place, **times, **source, **more, **start, **counts, **timing}],
        )
        if number >= NAMES - WITH_PAST:
            rows = []
            for at in range(past):
                due = START + timedelta(minutes=at)
                what = {"due_at": due} if is_timed else {"cause": {"kind": "fire"}}
                rows.append(new_firing(str(own["id"]), f"k{at}", "started", None, **what))
            yield automation_firings, rows


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
