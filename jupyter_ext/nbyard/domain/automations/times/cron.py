"""Cron expressions: five fields, six with the seconds first, or a name such as @daily.

The rules are those of Debian's cron: day of month and day of week are alternatives unless one
begins with a star. A time that the clock skips is due when the clock changes. A time that the
clock repeats is due once.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError
from cronsim.cronsim import Field as CronField

from nbyard.errors import Invalid

MAX_EXPRESSION = 200
LEAST_SECONDS = 10
NAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
FIELDS = ("second", "minute", "hour", "day-of-month", "month", "day-of-week")
MINUTES, SIX = 5, 6
EARLIEST = datetime(2024, 1, 1, tzinfo=UTC)


class CronExpression(msgspec.Struct, frozen=True):
    """A checked expression: the five fields without seconds, and the seconds of each minute."""

    fields: str
    seconds: tuple[int, ...] = (0,)

    def check(self) -> None:
        """Check that due times are not too close, and that any date matches.

        Raises:
            Invalid: seconds are too close to each other, or the expression is never due.
        """
        # The first second of the next minute follows the last one of this minute.
        following = (*self.seconds[1:], self.seconds[0] + 60)
        gaps = (after - second for second, after in zip(self.seconds, following, strict=True))
        if min(gaps) < LEAST_SECONDS:
            raise _refused(f"at least {LEAST_SECONDS} seconds must lie between due times")
        try:
            next(CronSim(self.fields, EARLIEST))
        except (CronSimError, StopIteration, RuntimeError):
            raise _refused("no calendar has such a date") from None

    def after(self, moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield the due times after a moment in UTC, each once, in order."""
        # CronSim returns whole minutes after a moment; later seconds of this minute may be due.
        begin = (moment - timedelta(minutes=1)).astimezone(zone)
        newest = moment
        for minute in CronSim(self.fields, begin):
            start = minute.astimezone(UTC)
            for second in self.seconds:
                due = start + timedelta(seconds=second)
                # Several times in a gap of the clock become one; a repeated hour comes once.
                if due > newest:
                    newest = due
                    yield due


@lru_cache(maxsize=2_000)
def parse_cron(text: str) -> CronExpression:
    """Parse and check a cron expression.

    Raises:
        Invalid: the expression is refused. The reason names the field and its position.
    """
    if len(text) > MAX_EXPRESSION:
        raise _refused(f"may have at most {MAX_EXPRESSION} characters")
    stripped = text.strip()
    if stripped.startswith("@"):
        if stripped.lower() not in NAMES:
            raise _refused(f"{stripped[:40]} is not one of {', '.join(NAMES)}")
        return CronExpression(NAMES[stripped.lower()])
    places = [(match.group(), match.start() + 1) for match in re.finditer(r"\S+", text)]
    if len(places) not in {MINUTES, SIX}:
        raise _refused(
            "a cron expression has 5 fields (minute, hour, day of month, month, day of week), or"
            f" 6 with the seconds first; this has {len(places)}"
        )
    names = FIELDS[-len(places) :]
    parsed = [field_values(name, *place) for name, place in zip(names, places, strict=True)]
    seconds = tuple(sorted(parsed[0])) if len(places) == SIX else (0,)
    made = CronExpression(" ".join(word for word, _ in places[-MINUTES:]), seconds)
    made.check()
    return made


def looks_like_cron(text: str) -> bool:
    """Return whether a text is meant as a cron expression rather than as a phrase."""
    fields = text.split()
    return text.lstrip().startswith("@") or (
        len(fields) > 3
        and all(re.fullmatch(r"[\w*,/?#~@%()-]+", word) for word in fields)
        # The phrase `1st monday of the month` begins with a digit as well.
        and bool(re.match(r"(?!\d+[a-z])[\d*?~]|H(?![A-Za-z])", fields[0]))
        and bool(re.match(r"[\d*?~]|(L|W|LW|H)(?![A-Za-z])", fields[1]))
    )


def field_values(name: str, text: str, position: int) -> set[int]:
    """Return the numbers that one field of an expression matches.

    `name` is the field, `text` its content, and `position` its first character, counted from 1.

    Raises:
        Invalid: the field is refused.
    """
    try:
        values = CronField(FIELDS.index(name)).parse(text.upper())
    except (CronSimError, RecursionError):
        raise _refused(f"{text[:40]} at position {position} is not a valid {name}") from None
    return {value for value in values if isinstance(value, int)}


def _refused(reason: str) -> Invalid:
    return Invalid.field("on.expression", reason)
