"""Suggestions for refused phrases: what to write instead of `at 8` or `wekdays 8:00`."""

import re
from collections.abc import Callable
from difflib import get_close_matches

from nbyard.domain.automations.times.cron import looks_like_cron
from nbyard.domain.automations.times.structs import Cron, Timing
from nbyard.domain.automations.times.time_patterns import (
    CLOCK,
    COUNT,
    DATE,
    DAY,
    DAY_RANGE,
    EVERY,
    LISTED,
    NIGHTLY,
    WORKING_DAYS,
    seconds_of,
    unnamed,
)

AT = unnamed(CLOCK)
RESTRICTED_INTERVAL = re.compile(rf"\b(?:{EVERY}|hourly)(?!\S)")
HOURS = re.compile(
    rf"\b(?:(?:from|between) )?(?P<from>{AT}) ?(?:-|–|to|till|until|and) ?(?P<to>{AT})(?!\S)"
)
DAYS_OF_WEEK = re.compile(
    rf"(?:(?:on|from) )?(?:{WORKING_DAYS}|weekends?|{unnamed(LISTED)}|{unnamed(DAY_RANGE)})"
)
LEAST_LIKENESS = 0.75
SHORTEST = 4  # shorter words are like too many others
TIME = rf"(?:at )?(?P<time>{unnamed(CLOCK)})"
WHOLE_HOUR = r"(?:at )?(\d{1,2})(?::00)?"
INTERVAL = rf"(?P<phrase>{EVERY})"
WEEKS = rf"(?P<phrase>(?:every|each) {COUNT}?weeks?)"
DAY_AND_TIME = rf"(?:on )?(?:today|tomorrow|{unnamed(DATE)}|{DAY})(?: {unnamed(TIME)})?"
NEAR = "'{text}' is not a known phrase. The nearest one is '{phrase}'"
WITHOUT_TIME = (
    "'{text}' is an interval, which has no time of day. Write '{phrase}', and set the start to the"
    " first due time"
)

# Patterns of refused phrases, the phrase to write instead, and the text of the refusal.
INSTEAD = tuple(
    (re.compile(pattern), phrase, code)
    for pattern, phrase, code in (
        (TIME, r"daily at \g<time>", NEAR),
        (r"(?:every|each|in the) mornings?|mornings?", "daily at 8:00", NEAR),
        (r"(?:every|each|in the) evenings?|evenings?", "daily at 18:00", NEAR),
        (
            r"(?:every|each) (?:afternoon|evening) (?:at )?([1-9]|1[01])(:\d\d)?",
            r"daily at \1\2 pm",
            NEAR,
        ),
        (rf"(?:every|each) (?:morning|afternoon|evening) {TIME}", r"daily at \g<time>", NEAR),
        (rf"{NIGHTLY} (?:at )?([6-9]|1[01])(:\d\d)?", r"daily at \1\2 pm", NEAR),
        (rf"{NIGHTLY} (?:at )?12(?: ?p\.?m\.?)?", "daily at 0:00", NEAR),
        (rf"{NIGHTLY} (?:at )?12(:\d\d)(?: ?p\.?m\.?)?", r"daily at 0\1", NEAR),
        (rf"{NIGHTLY} {TIME}", r"daily at \g<time>", NEAR),
        (r"twice (?:a day|daily)", "every 12 hours", NEAR),
        (r"bi-?weekly|(?:fort|every fort)night(?:ly)?", "every 2 weeks", NEAR),
        # The clock change would move the time of day of an interval. An interval that days or
        # hours restrict is a cron expression.
        (
            rf"{INTERVAL} (?:(?:starting|from) )?(?:{TIME}|(?:at )?:\d\d)",
            r"\g<phrase>",
            WITHOUT_TIME,
        ),
        (rf"{INTERVAL} (?:starting|from) {DAY_AND_TIME}", r"\g<phrase>", WITHOUT_TIME),
        (rf"{WEEKS} {DAY_AND_TIME}", r"\g<phrase>", WITHOUT_TIME),
        (rf"{TIME} {INTERVAL}", r"\g<phrase>", WITHOUT_TIME),
        (rf"{TIME} (?P<rest>(?!weekly|monthly).+)", r"\g<rest> \g<time>", NEAR),
    )
)
# The same for cron expressions.
CRON_INSTEAD = tuple(
    (re.compile(pattern), expression)
    for pattern, expression in (
        (rf"(?:daily|every ?day|each day) {WHOLE_HOUR} (?:and|&) {WHOLE_HOUR}", r"0 \1,\2 * * *"),
        (r"quarterly|every (?:3 months|quarter)", "0 0 1 */3 *"),
        (r"yearly|annually|(?:every|each) year", "@yearly"),
    )
)
AT_CRON = re.compile(r"\s*(?:at|on)\s+(?P<cron>.+?)\s*", re.IGNORECASE)
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
WORDS = (
    *(word for day in DAYS for word in (day, f"{day}s")),
    *("every", "each", "hourly", "daily", "nightly", "weekly", "monthly", "today", "tomorrow"),
    *("weekday", "weekdays", "weekend", "weekends", "working", "first", "last", "month"),
    *("second", "seconds", "minute", "minutes", "hour", "hours", "days", "week", "weeks"),
    *("noon", "midnight", "morning", "afternoon", "evening"),
)


def restricted_interval(plain: str, read: Callable[[str], Timing | None]) -> str | None:
    """Return the cron expression of an interval that days or hours of the day restrict.

    Return None for other phrases, and for intervals that divide neither an hour nor a day. `read`
    returns the timing of an accepted phrase.
    """
    interval, hours = RESTRICTED_INTERVAL.search(plain), HOURS.search(plain)
    if not interval:
        return None
    days = " ".join(HOURS.sub(" ", RESTRICTED_INTERVAL.sub(" ", plain, 1), 1).split())
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


def near_phrase(text: str, plain: str, read: Callable[[str], Timing | None]) -> str | None:
    """Return the reason to refuse a phrase that names an accepted one; None if none is near.

    `text` is what the user typed and `plain` is that in lower case, without commas. `read` returns
    the timing of a text that is accepted as a whole, None for others.
    """
    spelled = re.sub(r"[a-z]+", lambda match: _nearest_word(match[0]), plain)
    expressions, phrases = [], []
    # The cron expression of `at 0 8,20 * * *` keeps its commas.
    if (match := AT_CRON.fullmatch(text)) and looks_like_cron(match["cron"]):
        expressions.append(" ".join(match["cron"].split()))
    for each in (plain, spelled):
        expressions += [
            *(match.expand(cron) for at, cron in CRON_INSTEAD if (match := at.fullmatch(each))),
            *filter(None, [restricted_interval(each, read)]),
        ]
        phrases += [
            (match.expand(phrase), code)
            for pattern, phrase, code in INSTEAD
            if (match := pattern.fullmatch(each))
        ]
    phrases.append((spelled, NEAR))
    # Words in another order are no cron expression, even if they look like one.
    ordered = [pair for pair in phrases if not looks_like_cron(pair[0])]
    for phrase, why in (*((expression, NEAR) for expression in expressions), *ordered):
        if read(phrase):
            return why.format(text=text.strip()[:80], phrase=phrase)
    return None


def _nearest_word(word: str) -> str:
    if word in WORDS or len(word) < SHORTEST:
        return word
    return next(iter(get_close_matches(word, WORDS, 1, LEAST_LIKENESS)), word)
