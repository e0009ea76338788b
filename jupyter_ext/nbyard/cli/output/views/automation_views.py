"""Print automations and backfills, previews of their due times, their firings, and channels."""

from datetime import datetime
from typing import Any

import click

from nbyard.cli.output.console import format_age, show_table
from nbyard.cli.output.views.views_by_noun import short_value, show_facts
from nbyard.domain.automations.backfills import Backfill, BackfillPreview
from nbyard.domain.automations.sentences import cause_reason
from nbyard.domain.automations.structs import Automation, TimePreview
from nbyard.domain.automations.times import zones
from nbyard.domain.automations.times.structs import Missed, Phrase
from nbyard.domain.automations.times.zones import zone_of

FORECASTS = {"run": "run", "succeeded": "already succeeded", "active": "active"}

# Settings for every node of the runs, shown if they are set.
OF_RUN = ("runtime", "environment", "kernel", "image", "containers")


def show_automation(automation: Automation) -> None:
    """Print the facts of an automation, one per line, and its newest firings."""
    run, counts, is_timed = automation.run, automation.counts, automation.timing is not None
    values = {**run.parameters, **run.texts}
    taken = [f"{name} = {field}" for name, field in automation.values_from.items()]
    show_facts(
        [
            ("name", automation.name),
            ("state", state_of(automation)),
            ("when", str(automation.sentence)),
            ("typed", automation.on.text if isinstance(automation.on, Phrase) else ""),
            ("runs", run.path or run.executable),
            ("parameters", ", ".join(f"{n}={short_value(v)}" for n, v in values.items())),
            ("values", ", ".join(taken)),
            *((name, getattr(run, name)) for name in OF_RUN),
            ("files", "pinned" if automation.mode == "pinned" else "as they are when a run starts"),
            ("next due", local_time(automation.next_due, automation.zone)),
            ("notify", ", ".join(f"{n.channel}:{','.join(n.events)}" for n in automation.notify)),
            ("overlap", automation.overlap),
            ("missed", _missed_text(automation.missed) if is_timed else ""),
            ("address", automation.address),
            ("started", counts.started),
            ("missed times", counts.missed if is_timed else ""),
            ("overlapped", counts.overlapped),
            ("failed", counts.failed),
            ("made", format_age(automation.created_at)),
            ("id", automation.id),
        ]
    )
    if automation.recent:
        rows = [[read(firing) for read in FIRING_COLUMNS.values()] for firing in automation.recent]
        show_table(rows, [*FIRING_COLUMNS])


def _missed_text(missed: Missed) -> str:
    """Return the policy for missed due times, with the limits that apply to it."""
    if missed.policy == "skip":
        return missed.policy
    most = f", at most {missed.most} runs" if missed.policy == "all" else ""
    return f"{missed.policy}, at most {missed.window_seconds} s late{most}"


def show_state(automation: Automation) -> None:
    """Print the state of an automation, and its next due time."""
    due = local_time(automation.next_due, automation.zone)
    next_run = f", next run {due}" if due else ""
    click.echo(f"{automation.name}: {state_of(automation)}{next_run}")


def state_of(automation: Automation) -> str:
    """Return whether an automation is enabled; without further due times it is finished."""
    if not automation.is_enabled:
        return "disabled"
    is_finished = automation.timing is not None and automation.next_due is None
    return "finished" if is_finished else "enabled"


def show_preview(preview: TimePreview) -> None:
    """Print a timing in words, then its next due times."""
    click.echo(preview.text)
    for due in preview.next:
        note = f"  {due.note}" if due.note else ""
        # The offset distinguishes the two equal times when clocks are set back.
        click.echo(f"{datetime.fromisoformat(due.local):%a %Y-%m-%d %H:%M:%S %z}{note}")


def local_time(moment: datetime | None, zone: str = "") -> str:
    """Return a moment in a time zone, by default that of the shell; empty for none."""
    local = moment and zones.local_time(moment, zone_of(zone) if zone else None)
    return f"{local:%a %Y-%m-%d %H:%M:%S %z}" if local else ""


def show_backfill(backfill: Backfill) -> None:
    """Print the facts of a backfill, and its due times."""
    counts = backfill.counts
    show_facts(
        [
            ("automation", backfill.automation),
            ("state", backfill.state),
            ("from", local_time(backfill.since, backfill.zone)),
            ("until", local_time(backfill.until, backfill.zone)),
            ("at once", backfill.at_once),
            *((name, getattr(counts, name)) for name in counts.__struct_fields__),
            ("made", format_age(backfill.created_at)),
            ("id", backfill.id),
        ]
    )
    rows = [
        [
            local_time(firing.due_at, backfill.zone),
            firing.outcome,
            firing.run_id,
            firing.run_state or "",
            firing.reason or "",
        ]
        for firing in backfill.firings
    ]
    show_table(rows, ["due", "outcome", "run", "state", "reason"])


def show_backfill_preview(preview: BackfillPreview) -> None:
    """Print the due times of a range, and what each would do."""
    for due_time in preview.times:
        local = f"{datetime.fromisoformat(due_time.local):%a %Y-%m-%d %H:%M:%S %z}"
        click.echo(f"{local}  {FORECASTS[due_time.forecast]}")
    click.echo(f"{preview.runs} of {len(preview.times)} due times would run ({preview.zone})")


FIRING_COLUMNS: dict[str, Any] = {
    "due": lambda f: f.due_at or f.created_at,
    "event": lambda f: cause_reason(f.cause) if f.cause else "",
    "outcome": lambda f: f.outcome,
    "times": lambda f: f.count,
    "run": lambda f: f.run_id,
    "state": lambda f: f.run_state or "",
    "reason": lambda f: f.reason or "",
}
BACKFILL_COLUMNS: dict[str, Any] = {
    "automation": lambda b: b.automation,
    "state": lambda b: b.state,
    "from": lambda b: local_time(b.since, b.zone),
    "until": lambda b: local_time(b.until, b.zone),
    "waiting": lambda b: b.counts.waiting,
    "active": lambda b: b.counts.active,
    "succeeded": lambda b: b.counts.succeeded,
    "failed": lambda b: b.counts.failed,
    "id": lambda b: b.id,
}


VIEWS: dict[str, Any] = {
    "backfills.get": show_backfill,
    "backfills.cancel": show_backfill,
    "automations.get": show_automation,
    "automations.enable": show_state,
    "automations.disable": show_state,
    "automations.rotate": lambda automation: click.echo(automation.secret),
}
