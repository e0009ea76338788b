"""Cron expressions: five fields, six with the seconds first, or a name such as @daily.

The rules are those of Debian's cron: day of month and day of week are alternatives unless one
begins with a star. A time that the clock skips is due when the clock changes. A time that the
clock repeats is due once.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError
from cronsim.cronsim import RANGES, SYMBOLIC_DAYS, SYMBOLIC_MONTHS
from cronsim.cronsim import Field as CronField

from nbyard.errors import Invalid

# Patterns with the program that reads such a timing, and a phrase of nbyard.
DIALECTS = (
    (r"cron ?\(.*\)?", "Amazon EventBridge", "0 8 * * 1-5"),
    (r"rate ?\(.*\)?", "Amazon EventBridge", "every 15 minutes"),
    (r"at ?\(.*\)?", "Amazon EventBridge", "2027-01-31 18:00"),
    (r"@every\b.*", "Go's cron", "every 2 hours"),
    (r"(dtstart|rrule|freq=).*", "iCalendar", "every monday and thursday 9:30"),
    (r"(r\d*/.*|p(t?\d+[a-z])+.*)", "ISO 8601", "every 15 minutes"),
    # A calendar event has a date with a star, a range with dots, or a repetition.
    (r"(oncalendar|onbootsec|onunitactivesec)=.*", "systemd", "weekdays 8:00"),
    (r"\*:.*|.*(\*-|\.\.|:\*|:\d+/\d).*", "systemd", "weekdays 8:00"),
)
PATTERNS = [
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), program, instead)
    for pattern, program, instead in DIALECTS
]
ZONE = re.compile(r"(?:CRON_)?TZ=(?P<zone>\S+)\s+(?P<rest>.+)", re.DOTALL)
# A zone after the five or six fields, as Grafana and others write it.
ZONE_AFTER = re.compile(
    r"(?P<rest>(?:\S+\s+){5,6}?)(?P<zone>[A-Z][A-Za-z_]+/[A-Za-z][A-Za-z0-9_/+-]*|UTC)"
)
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
# W is also the end of LW, the last working day of a month.
FOREIGN = re.compile(r"[?H~%]|(?<!L)W")
# Signs of other dialects with what to write instead.
SPREAD = (
    "Write a number of your choice. Jenkins derives it from the name of a job, other programs"
    " choose it at random."
)
INSTEAD = {
    "?": (
        "Write * instead of ?. Quartz and Amazon EventBridge count weekdays from Sunday = 1; here,"
        " Sunday is 0 or 7 and Monday is 1."
    ),
    "W": (
        "nbyard cannot choose the working day nearest to a date. Write a day of the month, or LW"
        " for the last working day."
    ),
    "H": SPREAD,
    "~": SPREAD,
}
LETTERS = frozenset(("H", "W", "L", "LW"))
RANGE = re.compile(r"(\d+)-(\d+)", re.ASCII)
YEAR = re.compile(r"[\d*?,/-]+")
SURE_YEAR = re.compile(r"20\d\d([,/-][\d,/-]+)?")
WORD = re.compile(r"[A-Za-z]+")
DAYS = "SUNDAY MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY"
MONTHS = "JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER"
FULL_NAMES = {name: name[:3] for name in f"{DAYS} {MONTHS}".split()}
MINUTES, SIX, SEVEN = 5, 6, 7
EARLIEST = datetime(2024, 1, 1, tzinfo=UTC)


def foreign_dialect(text: str) -> str | None:
    """Return the reason to refuse a timing in another program's syntax; None for other texts."""
    stripped = text.strip()
    if match := ZONE.fullmatch(stripped) or ZONE_AFTER.fullmatch(stripped):
        rest = match["rest"].strip()
        return (
            f"the time zone is a field of its own: set it to {match['zone'][:80]} and the timing"
            f" to '{rest[:80]}'"
        )
    for pattern, program, instead in PATTERNS:
        if pattern.fullmatch(stripped):
            return (
                f"'{stripped[:80]}' is a timing of {program}. Write a phrase or cron expression,"
                f" such as '{instead}'"
            )
    return None


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
    if foreign := foreign_dialect(stripped):
        raise _refused(foreign)
    if stripped.startswith("@"):
        if stripped.lower() not in NAMES:
            raise _refused(f"{stripped[:40]} is not one of {', '.join(NAMES)}")
        return CronExpression(NAMES[stripped.lower()])
    places = [(match.group(), match.start() + 1) for match in re.finditer(r"\S+", text)]
    is_last_a_year = len(places) == SEVEN and YEAR.fullmatch(places[-1][0])
    # Of six fields, the last is a day of the week, which has no such number.
    if is_last_a_year or (len(places) == SIX and SURE_YEAR.fullmatch(places[-1][0])):
        why = (
            f"the field {places[-1][0]} at position {places[-1][1]} is a year, which nbyard does"
            " not support"
        )
        raise _refused(
            why,
            "Remove the year. Set a start and an end to limit it to some dates.",
        )
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
    # The letters of other words, such as names of days, are no foreign characters.
    plain = WORD.sub(lambda w: w[0] if w[0].upper() in LETTERS else " " * len(w[0]), text)
    if foreign := FOREIGN.search(plain.upper()):
        at = position + foreign.start()
        why = f"{foreign[0]} at position {at} ({name}) belongs to another dialect of cron"
        raise _refused(why, INSTEAD.get(foreign[0]))
    try:
        values = CronField(FIELDS.index(name)).parse(text.upper())
    except (CronSimError, RecursionError):
        why = f"{text[:40]} at position {position} is not a valid {name}"
        raise _refused(why, _suggestion(name, text.upper())) from None
    return {value for value in values if isinstance(value, int)}


def _suggestion(name: str, text: str) -> str | None:
    """Return a hint with a valid field to write instead of a refused one; None if unknown.

    It corrects whole names of days and months, and descending ranges.
    """
    field = FIELDS.index(name)
    symbols = {FIELDS[-1]: SYMBOLIC_DAYS, FIELDS[-2]: SYMBOLIC_MONTHS}.get(name, [])
    known = {symbol: str(number) for number, symbol in enumerate(symbols, RANGES[field][0])}
    known |= {full: known[short] for full, short in FULL_NAMES.items() if short in known}
    short = WORD.sub(lambda w: FULL_NAMES.get(w[0], w[0]) if w[0] in known else w[0], text)
    known |= {f"{name}L": f"{number}L" for name, number in known.items()}
    numbers = WORD.sub(lambda w: known.get(w[0], w[0]), text)
    if match := RANGE.fullmatch(numbers):
        short = _ascending_ranges(field, int(match[1]), int(match[2])) or short
    for mended in (short, numbers):
        with suppress(CronSimError, RecursionError):
            CronField(field).parse(mended)
            if mended != text:
                return f"Write {mended}"
    return None


def _ascending_ranges(field: int, first: int, last: int) -> str:
    """Return the ascending ranges that replace a descending one, such as 22-23,0-6 for 22-6.

    The result is empty if the range is not descending, or beyond the field.
    """
    lowest, highest = RANGES[field][0], RANGES[field][-1]
    if not highest >= first > last >= lowest:
        return ""
    if FIELDS[field] == FIELDS[-1]:  # Sunday is both 0 and 7
        first, highest = first % 7, 6
    pairs = [(first, last)] if first <= last else [(first, highest), (lowest, last)]
    return ",".join(f"{low}-{high}" if low < high else str(high) for low, high in pairs)


def _refused(reason: str, hint: str | None = None) -> Invalid:
    return Invalid.field("on.expression", reason, hint=hint)
