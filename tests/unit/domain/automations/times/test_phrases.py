"""Phrases for due times."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.automations.times.due_times import first_due, plan_of_timing
from nbyard.domain.automations.times.phrases import EXAMPLES, read_phrase, refused_text
from nbyard.domain.automations.times.sentences import sentence_of
from nbyard.domain.automations.times.structs import Cron, Interval, Once, Phrase
from nbyard.errors import Invalid

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 22, 0, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("weekdays 8:00", "0 8 * * 1-5"),
        ("Weekdays at 8:00", "0 8 * * 1-5"),
        ("  every   weekday 8 ", "0 8 * * 1-5"),
        ("8:00 on weekdays", "0 8 * * 1-5"),
        ("weekends noon", "0 12 * * 0,6"),
        ("daily at 6", "0 6 * * *"),
        ("daily", "0 0 * * *"),
        ("every day 18:30", "30 18 * * *"),
        ("everyday at 6 pm", "0 18 * * *"),
        ("daily at 12 am", "0 0 * * *"),
        ("every monday 9:30", "30 9 * * 1"),
        ("Mondays, Wednesdays and Fridays at 7:15", "15 7 * * 1,3,5"),
        ("mon & thu 9:30", "30 9 * * 1,4"),
        ("mon-fri 8:00", "0 8 * * 1-5"),
        ("on mon-fri 8:00", "0 8 * * 1-5"),
        ("from tuesday to saturday 8:00", "0 8 * * 2-6"),
        ("sat-mon 8:00", "0 8 * * 6-6,0-1"),
        ("friday through sunday 8:00", "0 8 * * 5-7"),
        ("first day of the month 7:00", "0 7 1 * *"),
        ("15th of each month 7:00", "0 7 15 * *"),
        ("last day of the month 17:00", "0 17 L * *"),
        ("on the last day of each month", "0 0 L * *"),
        ("the last working day of the month at 6 pm", "0 18 LW * *"),
        ("first monday of the month 9:00", "0 9 * * 1#1"),
        ("every 3rd tuesday of the month at noon", "0 12 * * 2#3"),
        ("2nd Wednesday of the month", "0 0 * * 3#2"),
        ("on the fourth sunday of every month", "0 0 * * 0#4"),
        ("last friday of the month 17:30", "30 17 * * 5L"),
        ("monthly", "0 0 1 * *"),
        ("monthly on day 3 at 6", "0 6 3 * *"),
        ("weekly on tuesday 5:00", "0 5 * * 2"),
        ("nightly", "0 0 * * *"),
        ("every night at 2:30", "30 2 * * *"),
        ("nightly at 23:00", "0 23 * * *"),
        ("each night at 11 pm", "0 23 * * *"),
        ("every month at 6", "0 6 1 * *"),
        ("every week at 9:00", "0 9 * * 1"),
        ("each week 9:00", "0 9 * * 1"),
        ("every week at monday", "0 0 * * 1"),
        ("every week on monday at 8", "0 8 * * 1"),
        ("9:00 every monday", "0 9 * * 1"),
        ("at 9am on mondays and fridays", "0 9 * * 1,5"),
        ("at 8 every day", "0 8 * * *"),
        ("9:00 weekly", "0 9 * * 1"),
        ("9:00 weekly on friday", "0 9 * * 5"),
        ("9:00 every week", "0 9 * * 1"),
        ("at 9 monthly", "0 9 1 * *"),
        ("hourly", "0 * * * *"),
        ("every hour at :20", "20 * * * *"),
        ("0 8 * * 1-5", "0 8 * * 1-5"),
        ("@daily", "@daily"),
    ],
)
def test_phrases_for_days(text, expression):
    assert read_phrase(text, NOW) == Cron(expression)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("every 15 minutes", 900),
        ("every 15min", 900),
        ("every minute", 60),
        ("every other hour", 7200),
        ("every half an hour", 1800),
        ("every 2 days", 172_800),
        ("each week", 604_800),
        ("every 90s", 90),
    ],
)
def test_phrases_for_intervals(text, seconds):
    assert read_phrase(text, NOW) == Interval(seconds)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("in 2 hours", "2026-11-26T00:00"),
        ("in half an hour", "2026-11-25T22:30"),
        ("in a minute", "2026-11-25T22:01"),
        ("tomorrow 8:00", "2026-11-26T08:00"),
        ("8:00 tomorrow", "2026-11-26T08:00"),
        ("next monday 9:00", "2026-11-30T09:00"),
        ("next wednesday", "2026-12-02T00:00"),
        ("on next sun at noon", "2026-11-29T12:00"),
        ("today 23:15", "2026-11-25T23:15"),
        ("2027-01-31 18:00", "2027-01-31T18:00"),
        ("on 2027-01-31 at 6pm", "2027-01-31T18:00"),
        ("2027-01-31T18:00", "2027-01-31T18:00"),
    ],
)
def test_phrases_for_a_moment(text, moment):
    timing = read_phrase(text, NOW)
    assert isinstance(timing, Once)
    assert timing.at == datetime.fromisoformat(moment).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("whenever", "is not a known"),
        ("", "is not a known"),
        ("every", "is not a known"),
        ("nightly at 25", "is not a time"),
        ("32nd of each month", "is not a known"),
        ("weekdays 25:00", "is not a time"),
        ("daily at 13 pm", "is not a time"),
        ("every hour at :75", "is not a time"),
        ("2026-02-30 8:00", "is not a date"),
        ("in 99999999999 weeks", "the number is too"),
        ("x" * 300, "may have at most"),
        ("0 8 ? * MON", "is not a valid"),
        ("rate(5 minutes)", "is not a known"),
    ],
)
def test_other_phrases_are_refused(text, why):
    with pytest.raises(Invalid) as refused:
        read_phrase(text, NOW)
    (detail,) = refused.value.details
    assert detail.path == "on.text" and why in detail.message


def test_the_error_of_a_field_keeps_its_hint_for_the_text():
    error = Invalid.field("on.at", "no time is due", hint="Write a number.")
    refused = refused_text(error)
    assert refused.details[0].path == "on.text"
    assert refused.hint == "Write a number."


def test_the_refusal_lists_examples_that_are_accepted():
    with pytest.raises(Invalid) as refused:
        read_phrase("some day", NOW)
    assert all(example in refused.value.details[0].message for example in EXAMPLES)
    for example in EXAMPLES:
        read_phrase(example, NOW)


CLOCKS = st.tuples(st.integers(0, 23), st.sampled_from(["", ":00", ":05", ":59"])).map(
    lambda parts: "{}{}".format(*parts)
)
DAYS = st.sampled_from(
    ["daily", "every day", "weekdays", "every monday", "on tue and sat", "on weekends", "tomorrow"]
)


@given(DAYS, CLOCKS, st.sampled_from(["", "at "]))
def test_the_time_may_come_first(days, clock, at):
    assert read_phrase(f"{at}{clock} {days}", NOW) == read_phrase(f"{days} {at}{clock}", NOW)


PHRASES = st.one_of(
    st.tuples(DAYS, CLOCKS).map(" ".join),
    st.tuples(st.sampled_from(["nightly", "every month", "15th of each month"])).map(" ".join),
    st.builds("every {} {}".format, st.integers(1, 90), st.sampled_from(["minutes", "h", "days"])),
    st.builds("every hour at :{:02}".format, st.integers(0, 59)),
    st.builds("in {} minutes".format, st.integers(1, 9000)),
)


@given(PHRASES)
def test_the_sentence_of_a_phrase_is_a_phrase_too(phrase):
    plan = plan_of_timing(Phrase(phrase), ZONE.key, None, None, NOW)
    sentence = str(sentence_of(plan)).removesuffix(f" ({ZONE.key})")
    again = plan_of_timing(Phrase(sentence), ZONE.key, None, None, NOW)
    assert first_due(again, NOW, 5) == first_due(plan, NOW, 5)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        read_phrase(text, NOW)
    except Invalid as error:
        assert error.details[0].path == "on.text"
