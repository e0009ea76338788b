"""The due times of an automation's timing, within its start and end."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec

from nbyard.domain.automations.times.cron import LEAST_SECONDS, parse_cron
from nbyard.domain.automations.times.phrases import read_phrase, refused_text
from nbyard.domain.automations.times.structs import Cron, Interval, Once, OnTime, Phrase, Timing
from nbyard.domain.automations.times.zones import in_zone, zone_of
from nbyard.domain.paging import check_range
from nbyard.errors import Invalid

MOST_SECONDS = 10 * 366 * 86_400
MOST_RUNS = 1_000_000


class TimingPlan(msgspec.Struct, frozen=True):
    """A timing with its zone and limits. Intervals count from `anchor`."""

    timing: Timing
    zone: str
    anchor: datetime
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the due times after a moment, in UTC and in order."""
        with suppress(OverflowError):  # the calendar has an end, and a beginning
            if self.starts_at is not None:
                moment = max(moment, self.starts_at - timedelta(microseconds=1))
            for due in self._unlimited(moment):
                if self.ends_at is not None and due > self.ends_at:
                    return
                yield due

    def next(self, moment: datetime) -> datetime | None:
        """Return the first due time after a moment, None if there is none."""
        return next(self.after(moment), None)

    def _unlimited(self, moment: datetime) -> Iterator[datetime]:
        timing = self.timing
        if isinstance(timing, Cron):
            yield from parse_cron(timing.expression).after(moment, zone_of(self.zone))
        elif isinstance(timing, Once):
            if timing.at > moment:
                yield timing.at
        else:
            base = self.starts_at or self.anchor
            # Computed, because an interval of 10 s may have begun years ago. A start is due too.
            count = max(
                0 if self.starts_at else 1,
                int((moment - base).total_seconds() // timing.seconds) + 1,
            )
            due = base + timedelta(seconds=timing.seconds * count)
            while True:
                if due > moment:
                    yield due
                due += timedelta(seconds=timing.seconds)


def plan_of_timing(
    asked: OnTime,
    zone: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    now: datetime,
) -> TimingPlan:
    """Check a requested timing with its limits; return its plan.

    A phrase becomes a stored timing. Times without an offset are in the time zone
    `zone`, and become UTC.

    Raises:
        Invalid: a field is refused, or no time is due after now.
    """
    place = zone_of(zone)
    start = _limit("starts_at", starts_at, place)
    end = _limit("ends_at", ends_at, place)
    if start is not None and end is not None and end < start:
        raise Invalid.field("ends_at", "the end is before the start")

    def plan_of(timing: Timing) -> TimingPlan:
        # Intervals from a whole second have due times that are easy to read.
        anchor = now.replace(microsecond=0)
        plan = TimingPlan(checked_timing(timing, place), zone, anchor, start, end)
        if plan.next(now) is None:
            if end is not None and (start or now) >= end:
                raise Invalid.field("ends_at", "the end has passed")
            raise Invalid.field("on", "no time is due from now on")
        return plan

    if not isinstance(asked, Phrase):
        return plan_of(asked)

    read = read_phrase(asked.text, now.astimezone(place))
    try:
        return plan_of(read)
    except Invalid as error:
        # The request has the phrase, not the fields of its timing.
        is_field = error.details[0].path.startswith("on.")
        raise (refused_text(error) if is_field else error) from None


def first_due(plan: TimingPlan, now: datetime, count: int) -> list[datetime]:
    """Return up to `count` due times after now."""
    return list(islice(plan.after(now), count))


def check_runs(at_most: int | None) -> None:
    """Check the maximum number of an automation's runs.

    Raises:
        Invalid: the number is out of range.
    """
    check_range("at_most", at_most, 1, MOST_RUNS)


def _limit(field: str, moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if moment is None else in_zone(moment, zone, field)


def checked_timing(asked: Timing, zone: ZoneInfo) -> Timing:
    """Return a timing in the form that is stored.

    Raises:
        Invalid: the timing is refused.
    """
    if isinstance(asked, Cron):
        parse_cron(asked.expression)
        return Cron(" ".join(asked.expression.split()))
    if isinstance(asked, Once):
        return Once(in_zone(asked.at, zone, "on.at"))
    if isinstance(asked, Interval) and asked.seconds < LEAST_SECONDS:
        raise Invalid.field(
            "on.seconds", f"at least {LEAST_SECONDS} seconds must lie between due times"
        )
    check_range("on.seconds", asked.seconds, LEAST_SECONDS, MOST_SECONDS)
    return asked
