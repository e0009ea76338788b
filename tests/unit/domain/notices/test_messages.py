"""Messages: what they say, and that names of users cannot do harm in them."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.notices.messages import (
    LAST_LINES,
    MOST_LISTED,
    TITLES,
    TYPES,
    FailedNode,
    NoticeContent,
    cloud_event,
    duration_text,
    harmless_text,
    last_lines,
    message_of,
)
from nbyard.domain.notices.structs import EVENTS
from nbyard.reasons.structs import because, text_reason

AT = datetime(2026, 11, 26, 8, tzinfo=UTC)
FAILED = NoticeContent(
    event="failed",
    event_id="r1:failed",
    title="report",
    at=AT,
    run_id="r1",
    file="report.ipynb",
    number=42,
    state="failed",
    seconds=190,
    usual_seconds=65,
    failed=FailedNode("train", text_reason("KeyError: 'x'"), 7, ["line 1", "KeyError: 'x'"]),
    link="https://lab/lab?nbyard-run=r1",
)


def test_a_failure_names_run_duration_cell_lines_and_link():
    made = message_of([FAILED], "m1", "/nbyard/s")
    assert made.title == "“report” failed (run 42)"
    assert made.is_failure
    assert made.body.splitlines() == [
        "Run 42 of report.ipynb failed after 3 min 10 s (usually 1 min 5 s)",
        "Node train, cell 7 from the top: KeyError: 'x'",
        "    line 1",
        "    KeyError: 'x'",
        "https://lab/lab?nbyard-run=r1",
        "Event r1:failed",
    ]


def test_an_event_has_the_format_of_cloudevents():
    event = cloud_event(FAILED, "/nbyard/s")
    assert {name: event[name] for name in ("specversion", "id", "source", "type", "subject")} == {
        "specversion": "1.0",
        "id": "r1:failed",
        "source": "/nbyard/s",
        "type": "nbyard.run.failed",
        "subject": "runs/r1",
    }
    assert event["time"] == "2026-11-26T08:00:00Z"
    assert event["data"]["cell"] == 7 and event["data"]["last_lines"][-1] == "KeyError: 'x'"
    assert msgspec.json.decode(msgspec.json.encode(event)) == event


def test_an_event_keeps_a_duration_of_zero_and_omits_what_is_unknown():
    data = cloud_event(msgspec.structs.replace(FAILED, seconds=0.0, number=0), "/")["data"]
    assert data["seconds"] == 0.0 and not {"number", "due_at", "count"} & {*data}


def test_a_missed_due_time_says_when_and_why():
    one = NoticeContent(
        "automation-missed",
        "s:1",
        "nightly",
        AT,
        reason=because("due-time-missed"),
        due_at=AT,
        count=3,
    )
    made = message_of([one], "m", "/")
    assert made.title == "“nightly” started no run"
    assert made.body.splitlines() == [
        "3 due times",
        "Due at 2026-11-26 08:00:00 UTC",
        "Reason: No dispatcher ran at this time",
        "Event s:1",
    ]
    assert "subject" not in made.events[0]


def test_a_firing_without_a_run_says_why():
    why = because("watched-files-unreadable", path="/in", message="Permission denied")
    one = NoticeContent("automation-missed", "f:1", "arrivals", AT, reason=why)
    made = message_of([one], "m", "/")
    assert made.title == "“arrivals” started no run" and made.is_failure
    assert made.body.splitlines()[0] == f"Reason: {why}"
    assert made.events[0]["type"] == "nbyard.automation.missed"


def test_a_digest_lists_its_events():
    many = [msgspec.structs.replace(FAILED, event_id=f"r{n}") for n in range(MOST_LISTED + 5)]
    made = message_of(many, "m1", "/")
    assert made.title == "nbyard: 25 events"
    assert len(made.events) == MOST_LISTED + 5
    lines = made.body.splitlines()
    assert lines[0].startswith("• “report” failed · Run 42")
    assert lines[-2:] == ["… and 5 more", "Message m1"]


def test_each_event_has_a_title_and_a_type():
    assert set(TITLES) == set(TYPES) == set(EVENTS)


@pytest.mark.parametrize("name", ["<!channel> @everyone", "@HERE", "<@U123>", "@channel <!here>"])
def test_a_name_alerts_no_group_but_programs_get_it_unchanged(name):
    made = message_of([msgspec.structs.replace(FAILED, title=name)], "m", "/")
    for text in (made.title, made.body):
        assert "@everyone" not in text and "<!" not in text and "<@" not in text
        assert "@here" not in text.lower() and "@channel" not in text
    assert made.events[0]["data"]["title"] == name


@given(st.text())
def test_a_title_is_one_line_without_control_characters(name):
    made = message_of([msgspec.structs.replace(FAILED, title=name)], "m", "/")
    assert len(made.title.splitlines()) == 1
    assert "\r" not in made.title + made.body
    assert all(char == "\n" or char >= " " for char in made.body)


def test_last_lines_have_no_colours():
    text = "\n".join(f"\x1b[31mline {n}\x1b[0m\r" for n in range(50)) + "\n\n"
    assert last_lines(text) == [f"line {n}" for n in range(50 - LAST_LINES, 50)]
    assert len(last_lines("x" * 9999)[0]) == 300


def test_text_without_mentions_stays_as_it_is():
    text = "mail ann@example.org, a < b"
    assert harmless_text(text) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59, "59.0 s"), (60, "1 min 0 s"), (7500, "2 h 5 min"), (-1, "0.0 s")],
)
def test_durations(seconds, text):
    assert duration_text(seconds) == text
