"""Suggestions for refused phrases: what to write instead of `at 8` or `wekdays 8:00`."""

import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches

from nbyard.reasons.structs import Reason, because

LEAST_LIKENESS = 0.75
SHORTEST = 4  # shorter words are like too many others
TIME = r"(?:at )?(?P<time>(?:\d{1,2}(?:[:.h]\d{2})?|noon|midnight)(?: ?[ap]\.?m\.?)?)"
CLOCK = r"(?:at )?(\d{1,2})(?::00)?"
UNITS = r"(?:seconds?|minutes?|mins?|[smhdw]|hours?|hrs?|days?|weeks?)"
EVERY = rf"(?P<phrase>(?:every|each) (?:(?:\d+|other|two|three) {UNITS}|week))"
NIGHTLY = r"(?:nightly|(?:every|each) night)"
NEAR, INTERVAL = "near-phrase", "interval-without-time"

# Patterns of refused phrases, the phrase to write instead, and the code of the reason.
INSTEAD = tuple(
    (re.compile(pattern), phrase, code)
    for pattern, phrase, code in (
        (TIME, r"daily at \g<time>", NEAR),
        (r"(?:every|each|in the) mornings?|mornings?", "daily at 8:00", NEAR),
        (r"(?:every|each|in the) evenings?|evenings?", "daily at 18:00", NEAR),
        (rf"{NIGHTLY} (?:at )?([6-9]|1[01])(:\d\d)?", r"daily at \1\2 pm", NEAR),
        (rf"{NIGHTLY} (?:at )?12", "daily at 0:00", NEAR),
        (rf"{NIGHTLY} {TIME}", r"daily at \g<time>", NEAR),
        (r"twice (?:a day|daily)", "every 12 hours", NEAR),
        (rf"(?:daily|every ?day|each day) {CLOCK} (?:and|&) {CLOCK}", r"0 \1,\2 * * *", NEAR),
        (r"bi-?weekly|(?:fort|every fort)night(?:ly)?", "every 2 weeks", NEAR),
        (r"quarterly|every (?:3 months|quarter)", "0 0 1 */3 *", NEAR),
        (r"yearly|annually|(?:every|each) year", "@yearly", NEAR),
        # The clock change would move the time of day of an interval.
        (rf"{EVERY} (?:at|on|from|starting|:?\d|[a-z]+day).*", r"\g<phrase>", INTERVAL),
        (rf"{TIME} {EVERY}", r"\g<phrase>", INTERVAL),
        (rf"{TIME} (?P<rest>(?!weekly|monthly).+)", r"\g<rest> \g<time>", NEAR),
    )
)
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
WORDS = (
    *(word for day in DAYS for word in (day, f"{day}s")),
    *("every", "each", "hourly", "daily", "nightly", "weekly", "monthly", "today", "tomorrow"),
    *("weekday", "weekdays", "weekend", "weekends", "working", "first", "last", "month"),
    *("second", "seconds", "minute", "minutes", "hour", "hours", "days", "week", "weeks"),
    *("noon", "midnight", "morning", "evening"),
)


def near_phrase(plain: str, text: str, is_known: Callable[[str], bool]) -> Reason | None:
    """Return the reason to refuse a phrase that names an accepted one; None if none is near.

    `plain` is the phrase in lower case and `text` is what the user typed. `is_known` returns
    whether a phrase is accepted.
    """
    spelled = re.sub(r"[a-z]+", lambda match: _nearest_word(match[0]), plain)
    suggestions = [*_instead_of(plain), *_instead_of(spelled)]
    if spelled != plain:
        suggestions.append((spelled, NEAR))
    for phrase, code in suggestions:
        if is_known(phrase):
            return because(code, text=text, phrase=phrase)
    return None


def _instead_of(plain: str) -> Iterator[tuple[str, str]]:
    for pattern, phrase, code in INSTEAD:
        if match := pattern.fullmatch(plain):
            yield match.expand(phrase), code


def _nearest_word(word: str) -> str:
    if word in WORDS or len(word) < SHORTEST:
        return word
    return next(iter(get_close_matches(word, WORDS, 1, LEAST_LIKENESS)), word)
