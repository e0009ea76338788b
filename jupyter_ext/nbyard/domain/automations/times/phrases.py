"""Phrases in English for due times, such as `weekdays 8:00`."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from nbyard.domain.automations.times.cron import looks_like_cron, parse_cron
from nbyard.domain.automations.times.structs import Cron, Interval, Once, Timing
from nbyard.domain.automations.times.time_patterns import (
    COUNT,
    DATE,
    DAY,
    DAY_RANGE,
    DAYS,
    EVERY,
    LISTED,
    TIME,
    UNIT,
    WORKING_DAYS,
    Found,
    clock_of,
    seconds_of,
    unnamed,
)
from nbyard.domain.paging import check_length
from nbyard.errors import Invalid

MAX_PHRASE = 200
EXAMPLES = (
    "weekdays 8:00",
    "daily at 6",
    "every monday and thursday 9:30",
    "every 15 minutes",
    "in 2 hours",
    "tomorrow 8:00",
    "first day of the month 7:00",
    "2027-01-31 18:00",
    "0 8 * * 1-5",
)
NUMBERS = {"first": 1, "1st": 1, "second": 2, "third": 3}
WEEKS = {**NUMBERS, "2nd": 2, "3rd": 3, "fourth": 4, "4th": 4}
NTH = r"\d{1,2}(?:st|nd|rd|th)?"

Reader = Callable[[Found, datetime], Timing]


def read_phrase(text: str, now: datetime) -> Timing:
    """Parse a phrase or a cron expression as a timing.

    `now` is the present time in the time zone of the automation.

    Raises:
        Invalid: the phrase is unknown. The reason lists examples.
    """
    check_length("on.text", text, MAX_PHRASE)
    if looks_like_cron(text):
        try:
            parse_cron(text)
        except Invalid as error:
            raise refused_text(error) from None
        return Cron(" ".join(text.split()))
    plain = " ".join(re.sub(r"[,;]", " ", text.lower()).split())
    # Sentences of nbyard say `every 3 × 24 h` for `every 3 days`.
    plain = plain.replace(" × 24 h", " days")
    # `every 15min` becomes `every 15 min`.
    plain = re.sub(r"(\d)(s|m|h|d|w|min|mins|hrs?)\b", r"\1 \2", plain)
    for phrase in (plain, TIME_FIRST.sub(r"\g<rest> \g<time>", plain)):
        for pattern, read in PHRASES:
            if match := pattern.fullmatch(phrase):
                return read(match.groupdict(), now)
    raise _unknown(text)


def refused_text(error: Invalid) -> Invalid:
    """Return the error of a timing for the phrase in its place."""
    return Invalid.field("on.text", error.details[0].why, hint=error.hint_reason)


def _unknown(text: str) -> Invalid:
    return Invalid.field(
        "on.text",
        f"'{text.strip()[:80]}' is not a known phrase. Examples: {'; '.join(EXAMPLES)}",
    )


def read_delay(groups: Found, now: datetime) -> Timing:
    """Return the moment of `in 2 hours`.

    Raises:
        Invalid: the delay is too large.
    """
    try:
        return Once(now + timedelta(seconds=seconds_of(groups)))
    except OverflowError:
        raise Invalid.field("on.text", "the number is too large") from None


def _on_days(days: str, of_month: str = "*") -> Reader:
    def read(groups: Found, now: datetime) -> Timing:
        hour, minute = clock_of(groups)
        return Cron(f"{minute} {hour} {of_month} * {days}")

    return read


def read_named_days(groups: Found, now: datetime) -> Timing:
    """Return the weekly timing of `monday and thursday 9:30`."""
    hour, minute = clock_of(groups)
    named = re.findall(r"[a-z]+", groups["days"])
    chosen = sorted({DAYS.index(word[:3]) for word in named if word[:3] in DAYS})
    return Cron(f"{minute} {hour} * * {','.join(map(str, chosen))}")


def read_day_range(groups: Found, now: datetime) -> Timing:
    """Return the weekly timing of `mon-fri 8:00`."""
    hour, minute = clock_of(groups)
    first, last = (DAYS.index(groups[name][:3]) for name in ("first", "last"))
    # Sunday is 7 at the end of a range, so that it comes after Saturday.
    last = last or 7
    if first > last:
        return Cron(f"{minute} {hour} * * {first}-6,0-{last}")
    return Cron(f"{minute} {hour} * * {first}-{last}")


def _of_month(groups: Found, now: datetime) -> Timing:
    hour, minute = clock_of(groups)
    word = groups["number"] or "1"
    number = NUMBERS.get(word) or int(re.sub(r"\D", "", word))
    if not 1 <= number <= 31:
        raise _unknown(word)
    return Cron(f"{minute} {hour} {number} * *")


def read_week_of_month(groups: Found, now: datetime) -> Timing:
    """Return the timing of `first monday of the month 9:00`."""
    hour, minute = clock_of(groups)
    day, week = DAYS.index(groups["weekday"][:3]), WEEKS.get(groups["week"])
    return Cron(f"{minute} {hour} * * {day}" + (f"#{week}" if week else "L"))


def read_hourly(groups: Found, now: datetime) -> Timing:
    """Return the hourly timing of `hourly` or `every hour at :20`.

    Raises:
        Invalid: the minute is above 59.
    """
    minute = int(groups.get("past") or 0)
    if minute > 59:
        raise Invalid.field("on.text", f":{minute} is not a time of day")
    return Cron(f"{minute} * * * *")


def read_relative_day(groups: Found, now: datetime) -> Timing:
    """Return the moment of `tomorrow 8:00`."""
    hour, minute = clock_of(groups)
    day = now + timedelta(days=1 if groups["day"] == "tomorrow" else 0)
    return _once(day.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0))


def read_next_day(groups: Found, now: datetime) -> Timing:
    """Return the moment of `next monday 9:00`, after today."""
    hour, minute = clock_of(groups)
    # DAYS begins with Sunday, and `weekday` counts from Monday.
    ahead = (DAYS.index(groups["weekday"][:3]) - 1 - now.weekday()) % 7 or 7
    day = now + timedelta(days=ahead)
    return _once(day.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0))


def read_date(groups: Found, now: datetime) -> Timing:
    """Return the moment of `2027-01-31 18:00`.

    Raises:
        Invalid: the date does not exist.
    """
    hour, minute = clock_of(groups)
    try:
        day = datetime.fromisoformat(groups["date"])
    except ValueError:
        raise Invalid.field("on.text", f"{groups['date']} is not a date") from None
    return _once(day.replace(hour=hour, minute=minute, tzinfo=now.tzinfo))


def _once(moment: datetime) -> Timing:
    return Once(moment)


OF_MONTH = r"of (?:the|each|every) month"
WEEK = rf"(?P<week>{'|'.join(WEEKS)}|last)"
# The time may come first, as in `9:00 every monday`. A number before `monthly` is no time.
TIME_FIRST = re.compile(
    rf"(?!\d+ (?:week|month)ly)(?P<time>{unnamed(TIME)}) (?P<rest>"
    r"(?:on|every|each|daily|everyday|weekly|monthly|weekdays?|today|tomorrow)\b.*)"
)
WEEKLY = r"(?:weekly|(?:every|each) week)"
MONTHLY = r"(?:monthly|(?:every|each) month)"
PHRASES: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (EVERY, lambda groups, _: Interval(seconds_of(groups))),
        (rf"in {COUNT}{UNIT}", read_delay),
        (r"(?:hourly|every hour)(?: at (?::|minute )?(?P<past>\d{1,2}))?", read_hourly),
        (rf"(?:daily|nightly|every ?day|each day|(?:every|each) night)(?: {TIME})?", _on_days("*")),
        (rf"(?:on |every |each )?{WORKING_DAYS}(?: {TIME})?", _on_days("1-5")),
        (rf"(?:on |every |each )?weekends?(?: {TIME})?", _on_days("0,6")),
        (rf"{WEEKLY}(?: {TIME})?", _on_days("1")),
        (
            rf"(?:on |every |each |{WEEKLY} (?:(?:on|at) )?)?{LISTED}(?: {TIME})?",
            read_named_days,
        ),
        (rf"(?:(?:on|from) )?{DAY_RANGE}(?: {TIME})?", read_day_range),
        (
            rf"(?:monthly )?(?:on )?(?:the )?(?:day )?(?P<number>first|second|third|{NTH})"
            rf"(?: day)? {OF_MONTH}(?: {TIME})?",
            _of_month,
        ),
        (rf"(?:on |at )?(?:the )?last day {OF_MONTH}(?: {TIME})?", _on_days("*", "L")),
        (
            rf"(?:on )?(?:the )?last (?:weekday|working day) {OF_MONTH}(?: {TIME})?",
            _on_days("*", "LW"),
        ),
        (
            rf"(?:on |every )?(?:the )?{WEEK} (?P<weekday>{DAY}) {OF_MONTH}(?: {TIME})?",
            read_week_of_month,
        ),
        (
            rf"{MONTHLY}(?: on (?:the )?(?:day )?(?P<number>\d{{1,2}}))?(?: {TIME})?",
            _of_month,
        ),
        (rf"(?P<day>today|tomorrow)(?: {TIME})?", read_relative_day),
        (rf"(?:on )?next (?P<weekday>{DAY})(?: {TIME})?", read_next_day),
        (rf"(?:on |once at )?{DATE}[t ]?(?: ?{TIME})?", read_date),
    )
)
