"""Print automations and backfills, previews of their due times, their firings, and channels."""

from datetime import datetime
from typing import Any

import click
from msgspec import structs

from nbyard.cli.output.console import columns, show_items
from nbyard.cli.output.views.views_by_noun import facts_of, short_value, show_facts
from nbyard.domain.automations.backfills import Backfill, BackfillPreview
from nbyard.domain.automations.sentences import cause_reason
from nbyard.domain.automations.structs import Automation, TimePreview
from nbyard.domain.automations.times import zones
from nbyard.domain.automations.times.structs import Missed, Phrase
from nbyard.domain.automations.times.zones import zone_of

FORECASTS = {"run": "run", "succeeded": "already succeeded", "active": "active"}


def show_automation(automation: Automation) -> None:
    """Print the facts of an automation, one per line, and its newest firings."""
    run, is_timed = automation.run, automation.timing is not None
    values = {**run.parameters, **run.texts}
    facts = facts_of(
        automation,
        "name state when=sentence typed runs parameters values runtime=run.runtime"
        " environment=run.environment kernel=run.kernel image=run.image containers=run.containers"
        " files next_due notify overlap missed address started=counts.started missed_times"
        " overlapped=counts.overlapped failed=counts.failed made=created_at id",
        state=state_of,
        typed=lambda a: a.on.text if isinstance(a.on, Phrase) else "",
        runs=lambda _: run.path or run.executable,
        parameters=lambda _: ", ".join(f"{n}={short_value(v)}" for n, v in values.items()),
        values=lambda a: ", ".join(f"{name} = {field}" for name, field in a.values_from.items()),
        files=lambda a: "pinned" if a.mode == "pinned" else "as they are when a run starts",
        next_due=lambda a: local_time(a.next_due, a.zone),
        notify=lambda a: ", ".join(f"{n.channel}:{','.join(n.events)}" for n in a.notify),
        missed=lambda a: _missed_text(a.missed) if is_timed else "",
        missed_times=lambda a: a.counts.missed if is_timed else "",
    )
    show_facts(facts)
    if automation.recent:
        show_items(automation.recent, FIRING_COLUMNS)


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
    range_ = [(name, read(backfill)) for name, read in BACKFILL_RANGE.items()]
    counts = structs.asdict(backfill.counts).items()
    rest = facts_of(backfill, "made=created_at id")
    show_facts([*range_, ("at once", backfill.at_once), *counts, *rest])
    due = columns(
        "due outcome run=run_id state=run_state reason",
        due=lambda firing: local_time(firing.due_at, backfill.zone),
    )
    show_items(backfill.firings, due)


def show_backfill_preview(preview: BackfillPreview) -> None:
    """Print the due times of a range, and what each would do."""
    for due_time in preview.times:
        local = f"{datetime.fromisoformat(due_time.local):%a %Y-%m-%d %H:%M:%S %z}"
        click.echo(f"{local}  {FORECASTS[due_time.forecast]}")
    click.echo(f"{preview.runs} of {len(preview.times)} due times would run ({preview.zone})")


AUTOMATION_COLUMNS = columns(
    "name state when=sentence next runs started=counts.started missed=counts.missed"
    " failed=counts.failed id",
    state=state_of,
    next=lambda a: local_time(a.next_due, a.zone),
    runs=lambda a: a.run.path or a.run.executable,
)
FIRING_COLUMNS = columns(
    "due event outcome times=count run=run_id state=run_state reason",
    due=lambda f: f.due_at or f.created_at,
    event=lambda f: cause_reason(f.cause) if f.cause else "",
)
BACKFILL_RANGE = columns(
    "automation state from until",
    until=lambda b: local_time(b.until, b.zone),
    **{"from": lambda b: local_time(b.since, b.zone)},
)
BACKFILL_COLUMNS = BACKFILL_RANGE | columns(
    "waiting=counts.waiting active=counts.active succeeded=counts.succeeded failed=counts.failed id"
)


VIEWS: dict[str, Any] = {
    "backfills.get": show_backfill,
    "backfills.cancel": show_backfill,
    "automations.get": show_automation,
    "automations.enable": show_state,
    "automations.disable": show_state,
    "automations.rotate": lambda automation: click.echo(automation.secret),
}
