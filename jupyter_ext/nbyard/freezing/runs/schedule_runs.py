"""Create the runs of due schedules: from the pinned template, or from the present files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.domain.runs.origins import Origin
from nbyard.errors import NotFound
from nbyard.freezing.freezing_context import FreezingContext
from nbyard.freezing.runs.run_creation import create_run
from nbyard.freezing.runs.templates import FrozenRequest, freeze, store_template
from nbyard.host.project_files import ProjectFiles
from nbyard.reasons.structs import because

if TYPE_CHECKING:
    from nbyard.blobs import Blobs
    from nbyard.domain.runs.templates import RunTemplate
    from nbyard.domain.schedules.backfills import Backfill
    from nbyard.settings import Settings
    from nbyard.store import Connection, Store
    from nbyard.store.schedules.queries import ScheduleRow


def freeze_due(
    settings: Settings, store: Store, blobs: Blobs, row: ScheduleRow
) -> FrozenRequest | None:
    """Freeze the present files for a run of a schedule; return None for a pinned schedule."""
    schedule = row.schedule
    if schedule.mode == "pinned":
        return None
    files = ProjectFiles(Path(row.root), Path(row.start))
    return freeze(FreezingContext(settings, store, blobs, files), schedule.owner, schedule.run)


def create_due(
    store: Store, c: Connection, row: ScheduleRow, due: datetime, frozen: FrozenRequest | None
) -> str:
    """Queue the run of a due time, unless it exists; return its ID.

    `frozen` is the result of `freeze_due`.
    """
    template = pinned_template(store, c, row) if frozen is None else store_template(c, frozen)
    schedule = row.schedule
    made, _ = create_run(
        store,
        c,
        template,
        submission_key=submission_key(schedule.id, due),
        origin=Origin("schedule", schedule.id, due),
    )
    return made


def create_backfill_run(
    store: Store, c: Connection, template: RunTemplate, backfill: Backfill, due: datetime
) -> str:
    """Queue the run of a backfill for a past due time, unless it exists; return its ID."""
    made, _ = create_run(
        store,
        c,
        template,
        submission_key=f"backfill:{backfill.id}:{due.astimezone(UTC).isoformat()}",
        origin=Origin("backfill", backfill.schedule_id, due, backfill_id=backfill.id),
    )
    return made


def submission_key(schedule_id: str, due: datetime) -> str:
    """Return the key that makes the run of a due time unique."""
    # In UTC, so that a change of the schedule's zone does not run the same moment again.
    return f"schedule:{schedule_id}:{due.astimezone(UTC).isoformat()}"


def pinned_template(store: Store, c: Connection, row: ScheduleRow) -> RunTemplate:
    """Return the template that a pinned schedule froze.

    Raises:
        NotFound: the template was deleted.
    """
    template = store.templates.get(c, row.schedule.owner, row.template_id)
    if template is None:
        raise NotFound(because("no-template"))
    return template
