"""The schedules of a project file, and what it leaves out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.automations.structs import AutomaticRun, Automation, FiringCounts
from nbyard.domain.automations.times.structs import Cron, Interval, Missed, Once, Phrase, Timing
from nbyard.domain.notices.structs import EVENTS, AutomationNotice
from nbyard.domain.projects.definitions import changed_fields
from nbyard.domain.projects.schedule_entries import PushedSchedule, ScheduleEntry, with_texts
from nbyard.errors import Invalid

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
BERLIN = "Europe/Berlin"
EIGHT = datetime.fromisoformat("2026-12-01T08:00")  # without a zone, as in the file
NEW = PushedSchedule("")
UNSET = msgspec.UNSET


def stored(entry: PushedSchedule, timing: Timing, words: str, zone: str) -> Automation:
    new = entry.new("morning")
    path = f"/store/projects/p/d/{entry.path}" if entry.path else ""
    return Automation(
        id="s",
        name="morning",
        owner="ann",
        revision=1,
        is_enabled=entry.enabled,
        run=msgspec.structs.replace(new.run, path=path),
        on=Phrase(words) if words else timing,
        timing=timing,
        values_from={},
        zone=zone,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        at_most=entry.at_most,
        mode=new.mode,
        overlap=entry.overlap,
        missed=entry.missed,
        next_due=None,
        counts=FiringCounts(),
        created_at=NOW,
        updated_at=NOW,
        notify=new.notify,
    )


SECONDS = st.integers(0, 10**9)
MOMENTS = (
    st.none()
    | SECONDS.map(lambda n: NOW + timedelta(seconds=n))
    | SECONDS.map(lambda n: EIGHT + timedelta(seconds=n))
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "when": st.sampled_from(["weekdays 8:00", " 0 8 * * 1-5 ", "every 2 hours"]),
    "path": st.sampled_from(["a.py", "deep/b.nbflow", "./a.py", ""]),
    "executable": st.sampled_from(["", "train"]),
    "parameters": st.dictionaries(st.text(), st.integers() | st.text()),
    "zone": st.sampled_from(["", "UTC", BERLIN]),
    "starts_at": MOMENTS,
    "ends_at": MOMENTS,
    "at_most": st.none() | st.integers(1, 9),
    "pinned": st.booleans(),
    "overlap": st.sampled_from(["skip", "queue", "replace"]),
    "missed": st.builds(Missed, st.sampled_from(["skip", "last", "all"])),
    "enabled": st.booleans(),
    "priority": st.integers(-9, 9),
    "force": st.booleans(),
    "notify": st.dictionaries(st.text(), st.lists(st.sampled_from(EVENTS), min_size=1), max_size=3),
}
ENTRIES = st.fixed_dictionaries({"when": FIELDS.pop("when")}, optional=FIELDS).map(
    lambda fields: ScheduleEntry(**fields)
)
STORED = ENTRIES.map(lambda entry: NEW.with_entry(entry, BERLIN))


@given(STORED, ENTRIES)
def test_a_stored_schedule_equals_what_was_asked(before, entry):
    """A second push changes nothing."""
    asked = before.with_entry(entry, BERLIN)
    kept = stored(asked, Cron("0 8 * * 1-5"), asked.when, asked.zone or BERLIN)
    assert PushedSchedule.of(kept, "/store/projects/p/d", BERLIN) == asked
    assert asked.with_entry(entry, BERLIN) == asked


@given(STORED, ENTRIES)
def test_omitted_fields_keep_their_values(before, entry):
    after = before.with_entry(entry, BERLIN)
    names_code = entry.path is not UNSET or entry.executable is not UNSET
    for name in before.__struct_fields__:
        if getattr(entry, name) is UNSET and not (names_code and name in {"path", "executable"}):
            assert getattr(after, name) == getattr(before, name)
    assert before.with_entry(ScheduleEntry(before.when), BERLIN) == before


@given(STORED, st.none() | ENTRIES)
def test_a_pulled_entry_describes_the_schedule(now, pushed):
    """On this server and on a new one."""
    entry = now.as_entry(pushed, BERLIN)
    assert now.with_entry(entry, BERLIN) == now
    assert NEW.with_entry(entry, BERLIN) == now


@given(ENTRIES)
def test_a_pull_after_a_push_changes_nothing(entry):
    assert NEW.with_entry(entry, BERLIN).as_entry(entry, BERLIN) == entry


def test_a_file_that_names_only_a_path_or_an_executable_names_the_code():
    before = PushedSchedule("@daily", "a.py")
    after = before.with_entry(ScheduleEntry("@daily", executable="train"), BERLIN)
    assert (after.path, after.executable) == ("", "train")
    after = after.with_entry(ScheduleEntry("@daily", "b.py"), BERLIN)
    assert (after.path, after.executable) == ("b.py", "")


def test_none_and_empty_lists_remove():
    before = PushedSchedule("@daily", "a.py", ends_at=NOW, at_most=3, notify={"team": ["failed"]})
    entry = ScheduleEntry("@daily", ends_at=None, at_most=None, notify={})
    assert before.with_entry(entry, BERLIN) == PushedSchedule("@daily", "a.py")


@pytest.mark.parametrize(
    ("timing", "when"),
    [
        (Cron("0 8 * * *"), "0 8 * * *"),
        (Interval(5400), "every 5400 seconds"),
        (Once(datetime(2027, 1, 31, 17, tzinfo=UTC)), "2027-01-31 18:00"),
    ],
)
def test_a_timing_that_was_not_typed_gets_words(timing, when):
    schedule = stored(PushedSchedule("", "a.py"), timing, "", BERLIN)
    assert PushedSchedule.of(schedule, "/store/projects/p/d", "UTC").when == when


def test_a_time_without_an_offset_is_of_the_zone():
    entry = ScheduleEntry("@daily", "a.py", zone=BERLIN, starts_at=EIGHT)
    at = datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert NEW.with_entry(entry, "UTC").starts_at == at
    kept = PushedSchedule("@daily", zone=BERLIN)
    assert kept.with_entry(ScheduleEntry("@daily", starts_at=EIGHT), "UTC").starts_at == at
    with pytest.raises(Invalid):
        NEW.with_entry(ScheduleEntry("@daily", zone="Moon/Base"), "UTC")


def test_fields_become_a_schedule():
    entry = PushedSchedule(
        "daily at 6",
        "a.py",
        parameters={"n": 1},
        pinned=True,
        enabled=False,
        notify={"team": ["failed"]},
    )
    new = entry.new("morning")
    assert new.run == AutomaticRun(path="a.py", parameters={"n": 1})
    assert new.run.force and not PushedSchedule("@daily", force=False).new("one").run.force
    assert (new.name, new.mode, new.is_enabled) == ("morning", "pinned", False)
    assert new.notify == [AutomationNotice("team", ["failed"])]


@pytest.mark.parametrize(
    ("given", "parameters", "texts"),
    [
        (UNSET, {"k": 1}, {"n": "2", "s": "x"}),
        ({}, {}, {}),
        ({"n": 2}, {"n": 2}, {}),
        ({"k": 1, "n": 3, "s": "x"}, {"k": 1, "n": 3}, {"s": "x"}),
        ({"k": 1, "n": "2", "s": "x"}, {"k": 1}, {"n": "2", "s": "x"}),
    ],
)
def test_values_that_were_typed_on_a_command_line(given, parameters, texts):
    """They are compared and replaced like the other values."""
    schedule = stored(PushedSchedule("@daily", "a.py"), Cron("0 8 * * *"), "@daily", BERLIN)
    run = msgspec.structs.replace(schedule.run, parameters={"k": 1}, texts={"n": "2", "s": "x"})
    schedule = msgspec.structs.replace(schedule, run=run)
    before = PushedSchedule.of(schedule, "/store/projects/p/d", BERLIN)
    after = before.with_entry(ScheduleEntry("@daily", parameters=given), BERLIN)
    made = with_texts(after.new("morning").run, run.texts)
    assert (made.parameters, made.texts) == (parameters, texts)
    is_same = (parameters, texts) == (run.parameters, run.texts)
    assert [*changed_fields(after, before)] == ([] if is_same else ["parameters"])


def test_a_time_is_spelled_as_before_if_it_is_the_same_moment():
    pushed = ScheduleEntry("@daily", "a.py", zone=BERLIN, starts_at=EIGHT, ends_at=None)
    now = NEW.with_entry(pushed, "UTC")
    assert now.as_entry(pushed, "UTC").starts_at == EIGHT
    moved = msgspec.structs.replace(now, zone="America/New_York")
    entry = moved.as_entry(pushed, "UTC")
    assert entry.starts_at == now.starts_at
    assert NEW.with_entry(entry, "UTC") == moved
    # The file named no zone, and the schedule has one.
    bare = ScheduleEntry("@daily", "a.py", starts_at=EIGHT)
    assert now.as_entry(bare, "UTC").starts_at == EIGHT
