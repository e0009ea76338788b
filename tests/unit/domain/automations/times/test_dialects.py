"""Timings of other programs are refused with the name of the program and a replacement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.automations.times.cron import DIALECTS, foreign_dialect, parse_cron
from nbyard.domain.automations.times.phrases import EXAMPLES, read_phrase
from nbyard.errors import Invalid

from .test_phrases import NOW

FOREIGN = {
    "Amazon EventBridge": ["cron(0 12 * * ? *)", "rate(5 minutes)", "at(2027-01-31T18:00:00)"],
    "Go's cron": ["@every 1h30m"],
    "iCalendar": ["RRULE:FREQ=DAILY;BYHOUR=8", "FREQ=WEEKLY", "DTSTART:20270131\nRRULE:FREQ=DAILY"],
    "ISO 8601": ["R/2027-01-31T00:00:00Z/PT1H", "R5/PT15M", "PT1H", "P1D"],
    "systemd": [
        *("Mon..Fri 08:00", "Mon,Wed *-*-* 08:00:00", "*-*-* 08:00:00", "*:0/15", "*-*~7/1"),
        *("OnCalendar=daily", "*-*-01 04:00", "Mon *-*~07/1"),
    ],
}


@pytest.mark.parametrize(
    ("program", "text"), [(program, text) for program, texts in FOREIGN.items() for text in texts]
)
def test_the_program_is_named(program, text):
    for read in (lambda: read_phrase(f" {text} ", NOW), lambda: parse_cron(text)):
        with pytest.raises(Invalid) as refused:
            read()
        (detail,) = refused.value.details
        assert f"{text[:80]}' is " in detail.message and f" of {program}" in detail.message
        assert read_phrase(detail.message.rsplit("'", 2)[1], NOW)


@pytest.mark.parametrize("name", ["TZ", "CRON_TZ"])
def test_a_zone_before_the_fields_is_a_field_of_its_own(name):
    text = f"{name}=Europe/Berlin 0 8 * * *"
    wanted = foreign_dialect(text) or ""
    assert "to Europe/Berlin" in wanted and "'0 8 * * *'" in wanted
    with pytest.raises(Invalid, match="Europe/Berlin"):
        read_phrase(text, NOW)


@pytest.mark.parametrize(
    ("text", "zone", "rest"),
    [
        ("*/5 9-17 * * 1-5 Europe/Berlin", "Europe/Berlin", "*/5 9-17 * * 1-5"),
        ("0 0 8 * * 1-5  America/Argentina/Ushuaia", "America/Argentina/Ushuaia", "0 0 8 * * 1-5"),
        ("0 8 * * 1 UTC", "UTC", "0 8 * * 1"),
        ("0 8 * * 1 Etc/GMT+1", "Etc/GMT+1", "0 8 * * 1"),
        ("0 0 8 * * 1 Etc/GMT-14", "Etc/GMT-14", "0 0 8 * * 1"),
    ],
)
def test_a_zone_after_the_fields_is_a_field_of_its_own(text, zone, rest):
    with pytest.raises(Invalid) as refused:
        read_phrase(text, NOW)
    message = refused.value.details[0].message
    assert f"to {zone} " in message and f"'{rest}'" in message


@pytest.mark.parametrize("text", ["H H(0-7) * * *", "H/15 * * * *", "H 8 * * 1-5", "~ 8 * * *"])
def test_signs_of_jenkins_and_openbsd_are_named_with_their_place(text):
    with pytest.raises(Invalid) as refused:
        read_phrase(text, NOW)
    assert "belongs to another dialect" in refused.value.details[0].message
    assert "position 1" in refused.value.details[0].message


def test_a_sign_of_quartz_comes_with_its_weekdays():
    with pytest.raises(Invalid) as refused:
        read_phrase("0 0 8 ? * 2", NOW)
    assert "Sunday = 1" in refused.value.hint


@pytest.mark.parametrize("text", [*EXAMPLES, "*/5 * * * *", "0 8-17/2 * * *", "@daily", "hourly"])
def test_own_timings_belong_to_no_other_program(text):
    assert foreign_dialect(text) is None
    assert read_phrase(text, NOW)


def test_a_step_is_no_zone():
    assert foreign_dialect("0 0 8 * * MON/2") is None


@given(st.text(max_size=300))
def test_any_text_is_answered(text):
    found = foreign_dialect(text)
    assert found is None or len(found) <= 300


def test_each_program_has_examples():
    assert {program for _, program, _ in DIALECTS} == FOREIGN.keys()
