"""Cron expressions for intervals on some days or hours, such as `every 15 minutes on weekdays`."""

import re
from collections.abc import Callable

from nbyard.domain.automations.times.structs import Cron, Timing
from nbyard.domain.automations.times.time_patterns import (
    CLOCK,
    DAY_RANGE,
    EVERY,
    LISTED,
    WORKING_DAYS,
    seconds_of,
    unnamed,
)

AT = unnamed(CLOCK)
INTERVAL = re.compile(rf"\b(?:{EVERY}|hourly)(?!\S)")
HOURS = re.compile(
    rf"\b(?:(?:from|between) )?(?P<from>{AT}) ?(?:-|–|to|till|until|and) ?(?P<to>{AT})(?!\S)"
)
DAYS_OF_WEEK = re.compile(
    rf"(?:(?:on|from) )?(?:{WORKING_DAYS}|weekends?|{unnamed(LISTED)}|{unnamed(DAY_RANGE)})"
)


def restricted_interval(plain: str, read: Callable[[str], Timing | None]) -> str | None:
    """Return the cron expression of an interval that days or hours of the day restrict.

    Return None for other phrases, and for intervals that divide neither an hour nor a day. `read`
    returns the timing of an accepted phrase.
    """
    interval, hours = INTERVAL.search(plain), HOURS.search(plain)
    if not interval:
        return None
    days = " ".join(HOURS.sub(" ", INTERVAL.sub(" ", plain, 1), 1).split())
    if not (days or hours) or (days and not DAYS_OF_WEEK.fullmatch(days)):
        return None
    limits = [f"daily {hours[name]}" for name in ("from", "to")] if hours else []
    timings = [read(phrase) for phrase in (days or "daily", *limits)]
    fields = [timing.expression.split() for timing in timings if isinstance(timing, Cron)]
    if len(fields) < len(timings):
        return None
    seconds = seconds_of({**interval.groupdict(), "unit": interval["unit"] or "hour"})
    between = "*"
    if hours:
        (minute, first, *_), (other_minute, last, *_) = fields[1:]
        # Until 17:00, 16:30 is the last time of `every 30 minutes`, and 17:00 of `every hour`.
        newest = int(last) - (seconds < 3600)
        if minute != "0" or other_minute != "0" or int(first) > newest:
            return None
        between = f"{first}-{newest}"
    for unit, most, steps, times in ((60, 60, "*", f"{{}} {between}"), (3600, 24, between, "0 {}")):
        count, remainder = divmod(seconds, unit)
        if not remainder and 0 < count < most and most % count == 0:
            step = f"{steps}/{count}" if count > 1 else steps
            return f"{times.format(step)} {' '.join(fields[0][2:])}"
    return None
