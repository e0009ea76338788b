"""Sentences, as reasons, that explain a timing, and notes on due times near a clock change."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim.explain import Expression

from nbyard.domain.automations.times.cron import CronExpression, parse_cron
from nbyard.domain.automations.times.due_times import TimingPlan
from nbyard.domain.automations.times.structs import Cron, DueTime, Interval
from nbyard.domain.automations.times.zones import local_time, zone_of
from nbyard.reasons.structs import Reason, because, joined

DAYS = (
    *("day-sunday", "day-monday", "day-tuesday", "day-wednesday"),
    *("day-thursday", "day-friday", "day-saturday"),
)
UNITS = ((86_400, "due-every-days"), (3600, "due-every-hours"), (60, "due-every-minutes"))
WORKING = {1, 2, 3, 4, 5}
SHOWN = "%Y-%m-%d %H:%M:%S"
WEEK = 7
SECOND = timedelta(seconds=1)


def sentence_of(plan: TimingPlan, at_most: int | None = None) -> Reason:
    """Return a sentence that explains a timing with its limits and its number of runs."""
    zone = zone_of(plan.zone)
    timing = plan.timing
    limits = [
        because("due-from", time=_shown(plan.starts_at, zone)) if plan.starts_at else None,
        because("due-until", time=_shown(plan.ends_at, zone)) if plan.ends_at else None,
        because("due-at-most", count=at_most) if at_most else None,
    ]
    if isinstance(timing, Interval):
        sentence = interval_sentence(timing.seconds)
    elif isinstance(timing, Cron):
        sentence = because(
            "due-in-zone", times=cron_sentence(parse_cron(timing.expression)), zone=plan.zone
        )
    else:
        once = because("due-once", time=_shown(timing.at, zone))
        sentence = because("due-in-zone", times=once, zone=plan.zone)
    return joined([sentence, *limits]) or sentence


def due_times(plan: TimingPlan, dues: Sequence[datetime]) -> list[DueTime]:
    """Return due times with their local times, and with notes where the clock changes."""
    zone = zone_of(plan.zone)
    local = [local_time(due, zone) for due in dues]
    before = [*local[:1], *local]
    return [
        DueTime(due, here.isoformat(), clock_note(plan, former, here))
        for due, here, former in zip(dues, local, before, strict=False)
    ]


def clock_note(plan: TimingPlan, former: datetime, local: datetime) -> Reason | None:
    """Return a note on how a clock change affects a due time; None without a change.

    `local` is the due time, `former` the due time before it, both in the zone of the automation.
    """
    if isinstance(plan.timing, Cron):
        # The clock skipped the due time if the expression does not match the local time.
        plain = local.replace(tzinfo=UTC)
        dues = parse_cron(plan.timing.expression).after(plain - SECOND, ZoneInfo("UTC"))
        if next(dues, None) != plain:
            return because("clock-skips", due=local.strftime("%H:%M"))
    first, second = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    if _hours(first) > _hours(second):
        code = "clock-repeated" if local.fold else "clock-repeats"
        return because(code, time=local.strftime("%H:%M"))
    hours = _hours(local.utcoffset()) - _hours(former.utcoffset())
    if not hours:
        return None
    return because("clock-forward" if hours > 0 else "clock-back", hours=abs(hours))


def _hours(offset: timedelta | None) -> float:
    return (offset or timedelta()).total_seconds() / 3600


def _shown(moment: datetime, zone: ZoneInfo) -> str:
    return local_time(moment, zone).strftime(SHOWN).removesuffix(":00")


def interval_sentence(seconds: int) -> Reason:
    """Return a sentence for an interval, in the largest unit that divides it."""
    for size, code in UNITS:
        if seconds % size == 0:
            return because(code, count=seconds // size)
    return because("due-every-seconds", count=seconds)


def cron_sentence(expression: CronExpression) -> Reason:
    """Return a sentence for a cron expression. The library cronsim explains unusual ones."""
    minute, hour, day, month, weekday = expression.fields.split()
    is_plain = minute.isdecimal() and month == "*" and expression.seconds == (0,)
    if is_plain and hour == day == weekday == "*":
        return because("due-hourly", minute=int(minute))
    if is_plain and hour.isdecimal():
        time = f"{int(hour):02}:{int(minute):02}"
        if day == weekday == "*":
            return because("due-daily", time=time)
        if day == "*" and (days := days_of_week(weekday)):
            if days == WORKING:
                return because("due-weekdays", time=time)
            # Weeks begin on Monday.
            named = [because(DAYS[number % WEEK]) for number in sorted(d or WEEK for d in days)]
            return because("due-on-days", days=named, time=time)
        if day.isdecimal() and weekday == "*":
            return because("due-monthly", day=int(day), time=time)
    seconds = ",".join(map(str, expression.seconds))
    explanation = Expression([seconds, *expression.fields.upper().split()]).explain()
    return because("due-cron", words=explanation)


def days_of_week(field: str) -> set[int]:
    """Return the days of a field such as `1-5` or `0,6`, from 0 for Sunday; else empty."""
    days: set[int] = set()
    for part in field.split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            return set()
        days |= {day % WEEK for day in range(int(first), int(last or first) + 1)}
    return days
