"""What a refused phrase is refused with: the nearest phrase that is accepted."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nbyard.domain.automations.times.due_times import plan_of_timing
from nbyard.domain.automations.times.phrases import EXAMPLES, read_phrase
from nbyard.domain.automations.times.structs import Phrase
from nbyard.errors import Invalid

NOW = datetime(2026, 11, 25, 22, 0, tzinfo=ZoneInfo("Europe/Berlin"))


def refusal(text):
    with pytest.raises(Invalid) as refused:
        plan_of_timing(Phrase(text), "Europe/Berlin", None, None, NOW)
    return refused.value.details[0].message


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("at 8", "daily at 8"),
        ("8:30 pm", "daily at 8:30 pm"),
        ("noon", "daily at noon"),
        ("every morning", "daily at 8:00"),
        ("Evenings", "daily at 18:00"),
        ("nightly at 8", "daily at 8 pm"),
        ("every night at 12", "daily at 0:00"),
        ("nightly at 14:00", "daily at 14:00"),
        ("nightly 9am", "daily at 9am"),
        ("every morning at 8", "daily at 8"),
        ("every afternoon at 3", "daily at 3 pm"),
        ("every evening at 20:30", "daily at 20:30"),
        ("nightly 12pm", "daily at 0:00"),
        ("every night at 12:30", "daily at 0:30"),
        ("twice a day", "every 12 hours"),
        ("every day 8:00 and 20:00", "0 8,20 * * *"),
        ("biweekly", "every 2 weeks"),
        ("every 3 months", "0 0 1 */3 *"),
        ("yearly", "@yearly"),
        ("9:30 mondays", "mondays 9:30"),
        ("wekdays 8:00", "weekdays 8:00"),
        ("evry mornin", "daily at 8:00"),
        ("tomorow at 8", "tomorrow at 8"),
        ("at 0 8,20 * * MON", "0 8,20 * * MON"),
        ("At @daily", "@daily"),
        ("evry 15 minuts on wekdays", "*/15 * * * 1-5"),
    ],
)
def test_the_refusal_names_the_nearest_phrase(text, phrase):
    why = refusal(text)
    assert f"'{text}' is not" in why and f"is '{phrase}'" in why
    read_phrase(phrase, NOW)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("every 2 days at 8:00", "every 2 days"),
        ("8:00 every other day", "every other day"),
        ("every 2 weeks on monday 9:00", "every 2 weeks"),
        ("every 2 hours at :15", "every 2 hours"),
        ("every 2 hours from 9", "every 2 hours"),
        ("every 2 days starting tomorrow 8:00", "every 2 days"),
        ("every 10 sec at 8", "every 10 sec"),
    ],
)
def test_an_interval_has_no_time_of_day(text, phrase):
    """The clock change would move it; the start of the automation sets the first due time."""
    why = refusal(text)
    assert f"Write '{phrase}'" in why and "set the start" in why


@pytest.mark.parametrize(
    "text",
    [
        *("whenever", "at 25", "", "3 monthly"),
        # these restrict an interval: no phrase and no cron expression means the same
        *("every 2 days on weekdays", "every 45 minutes on weekdays"),
        "hourly from 9 to 99",
        # each word is known, but the phrase would be refused
        *("evry 5 seconds", "8:00 tody", "0 8; * * mondays"),
    ],
)
def test_without_a_near_phrase_the_refusal_lists_examples(text):
    assert "Examples: " in refusal(text)


WORDS = st.sampled_from(
    [
        *("at", "on", "from", "to", "every", "evry", "seconds", "minutes", "hours", "days", "week"),
        *("mondy", "weekdays", "nightly", "tody", "weekly", "monthly", "month", "@daily"),
        *("5", "15", "8", "9:00", "12pm", "9am", "0", "*", "*/2", "1,4", "2026-11-25"),
    ]
)
CHANGED = st.builds(
    lambda example, at, inserted: example[:at] + inserted + example[at + 1 :],
    st.sampled_from(EXAMPLES),
    st.integers(0, 30),
    st.sampled_from(["", "x", " ", "at 8 "]),
)


@given(CHANGED | st.lists(WORDS, min_size=2, max_size=6).map(" ".join))
@example("evry 5 seconds")
@example("8:00 tody")
def test_a_named_phrase_is_accepted(text):
    def plan(text):
        return plan_of_timing(Phrase(text), "Europe/Berlin", None, None, NOW)

    try:
        plan(text)
    except Invalid as error:
        named = re.search(r"The nearest one is '(.*)'|Write '(.*)', and", error.details[0].message)
        if named:
            plan(named[1] or named[2])
