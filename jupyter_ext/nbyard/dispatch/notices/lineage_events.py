"""The OpenLineage events of notices about ended runs."""

from collections.abc import Iterable

import nbyard
from nbyard.domain.lineage.openlineage import Event, run_events
from nbyard.domain.notices.structs import NoticeEvent
from nbyard.store import Connection, Store
from nbyard.store.notices.outbox import OutboxNotice

ENDS: tuple[NoticeEvent, ...] = ("succeeded", "failed", "cancelled", "recovered")
# The events of more tasks could not be sent in time.
MOST_TASKS = 100


def lineage_events(store: Store, c: Connection, group: Iterable[OutboxNotice]) -> list[Event]:
    """Return OpenLineage events for the notices about ended runs.

    A run with more than 100 tasks has no events of its tasks.
    """
    # A channel that reports a recovery does not report the same success too.
    ended = [
        outbox_notice.notice.run_id for outbox_notice in group if outbox_notice.notice.event in ENDS
    ]
    all_events: list[Event] = []
    for run_id in dict.fromkeys(ended):
        run = store.runs.by_id(c, run_id)
        if run is None:  # it was deleted
            continue
        record = store.lineage.run_record(c, run)
        events = run_events(record, nbyard.__version__)
        if len(record.tasks) > MOST_TASKS:
            events = [event for event in events if event["run"]["runId"] == run.id]
        all_events += events
    return all_events
