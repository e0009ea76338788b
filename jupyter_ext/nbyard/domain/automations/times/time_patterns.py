"""Regular expressions of times, days and intervals in phrases, and what their groups mean."""

import re
from typing import Any

from nbyard.errors import Invalid

SECONDS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "day": 86_400}
SECONDS |= {"week": 604_800, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
COUNTS = {"a": 1, "an": 1, "one": 1, "other": 2, "two": 2, "three": 3, "half an": 0.5}
UNIT = r"(?P<unit>seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)"
COUNT = r"(?:(?P<count>\d+|an?|one|two|three|other|half an) )"
EVERY = rf"(?:every|each) {COUNT}?{UNIT}"

HALF = r"(?P<half>am|pm|a\.m\.|p\.m\.)"
MINUTE = r"(?:[:.h](?P<minute>\d{2}))?"
CLOCK = rf"(?P<hour>\d{{1,2}}|noon|midnight){MINUTE} ?{HALF}?"
TIME = rf"(?:at )?{CLOCK}"
DATE = r"(?P<date>\d{4}-\d{2}-\d{2})"

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
DAY = r"(?:sun|mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur)(?:day)?s?"
WORKING_DAYS = r"(?:weekdays?|working days?)"
LISTED = rf"(?P<days>{DAY}(?:(?: and | & | ){DAY})*)"
DAY_RANGE = rf"(?P<first>{DAY}) ?(?:-|–|to|through) ?(?P<last>{DAY})"

Found = dict[str, Any]


def unnamed(pattern: str) -> str:
    """Return a pattern without its named groups, to use it beside others."""
    return re.sub(r"\?P<\w+>", "?:", pattern)


def seconds_of(groups: Found) -> int:
    """Return the seconds of a count and a unit."""
    unit = groups["unit"]
    seconds = SECONDS[unit if unit in SECONDS else unit.rstrip("s")]
    count = groups.get("count") or "1"
    return int(seconds * (COUNTS[count] if count in COUNTS else int(count)))


def clock_of(groups: Found) -> tuple[int, int]:
    """Return hour and minute; midnight if the phrase has no time.

    Raises:
        Invalid: the time does not exist, such as 25:00.
    """
    word, half = groups.get("hour") or "0", (groups.get("half") or "").replace(".", "")
    hour = {"noon": 12, "midnight": 0}.get(word)
    if hour is None:
        hour = int(word)
        if half and not 1 <= hour <= 12:
            raise Invalid.field("on.text", f"{word} {half} is not a time of day")
        hour = hour % 12 + (12 if half == "pm" else 0) if half else hour
    minute = int(groups.get("minute") or 0)
    if hour > 23 or minute > 59:
        given = f"{word}:{groups.get('minute') or '00'}"
        raise Invalid.field("on.text", f"{given} is not a time of day")
    return hour, minute
