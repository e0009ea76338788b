"""J2: the file nbyard.toml, its entries, and their differences."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.notices.structs import EVENTS, ScheduleNotice
from nbyard.domain.projects.definitions import (
    EnvironmentEntry,
    ProjectChange,
    ScheduleEntry,
    changed_entries,
    entry_of,
    push_name,
    read_definition,
    stored_form,
)
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.schedules.structs import (
    Cron,
    Interval,
    Missed,
    Once,
    Schedule,
    ScheduleCounts,
    Timing,
)
from nbyard.errors import Invalid

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
BERLIN = "Europe/Berlin"
EIGHT = datetime.fromisoformat("2026-12-01T08:00")  # without a zone, as in the file
WHOLE = b"""
[project]
name = "wine"
metadata = {team = "cellar"}
[schedules.morning]
path = "quality.nbflow"
when = "weekdays 8:00"
parameters = {n = 2}
starts_at = 2026-12-01T08:00:00
[schedules.morning.missed]
policy = "all"
[environments.analysis]
requirements = ["polars>=1"]
"""


def test_a_whole_file():
    found = read_definition(WHOLE)
    assert found.project.metadata == {"team": "cellar"}
    morning = found.schedules["morning"]
    assert (morning.parameters, morning.missed.policy) == ({"n": 2}, "all")
    assert morning.starts_at == EIGHT
    assert found.environments == {"analysis": EnvironmentEntry(["polars>=1"])}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "project"),
        (b"[project]", "name"),
        (b"[project]\nname = 1", "name"),
        (b"[project]\nname = 'a'\n[schedule.x]\nwhen = ''", "schedule"),
        (b"[project]\nname = 'a'\n[schedules.x]\npath = ''", "when"),
        (b"[project]\nname = 'a'\n[schedules.x]\nwhen = ''\noverlap = 'no'", "overlap"),
        (b"[project]\nname = 'a'\n[schedules.x]\nwhen = ''\nnotify = 'team'", "notify"),
        (b"[project]\nname = 'a'\n[schedules.x]\nwhen = ''\nnotify.team = ['late']", "late"),
        (b"[project\nname = 'a'", "line 1"),
        (b"[project]\nname = 'a'\nname = 'b'", "overwrite"),
        (b"\xff", "byte 0"),
        (b"a = " + b"[" * 5000, "nested|recursion|TOML"),
        (b"#" * (2 << 20), "MiB"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(text, words):
    with pytest.raises(Invalid, match=f"(?i){words}") as refused:
        read_definition(text)
    assert refused.value.details[0].path == "nbyard.toml"


def stored(entry: ScheduleEntry, timing: Timing, words: str, zone: str) -> Schedule:
    new = entry.new("morning")
    path = f"/store/projects/p/d/{entry.path}" if entry.path else ""
    return Schedule(
        id="s",
        name="morning",
        owner="ann",
        revision=1,
        is_enabled=entry.enabled,
        run=msgspec.structs.replace(new.run, path=path),
        timing=timing,
        words=words,
        zone=zone,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        at_most=entry.at_most,
        mode=new.mode,
        overlap=entry.overlap,
        missed=entry.missed,
        next_due=None,
        counts=ScheduleCounts(),
        created_at=NOW,
        updated_at=NOW,
        notify=new.notify,
    )


MOMENTS = st.none() | st.integers(0, 10**9).map(lambda n: NOW + timedelta(seconds=n))
ENTRIES = st.builds(
    ScheduleEntry,
    when=st.sampled_from(["weekdays 8:00", " 0 8 * * 1-5 ", "every 2 hours"]),
    path=st.sampled_from(["a.py", "deep/b.nbflow", "./a.py", ""]),
    parameters=st.dictionaries(st.text(), st.integers() | st.text()),
    zone=st.sampled_from(["", "UTC", BERLIN]),
    starts_at=MOMENTS,
    ends_at=MOMENTS,
    at_most=st.none() | st.integers(1, 9),
    pinned=st.booleans(),
    overlap=st.sampled_from(["skip", "queue", "replace"]),
    missed=st.builds(Missed, st.sampled_from(["skip", "last", "all"])),
    enabled=st.booleans(),
    priority=st.integers(-9, 9),
    notify=st.dictionaries(st.text(), st.lists(st.sampled_from(EVENTS), min_size=1)),
)


@given(ENTRIES)
def test_a_stored_entry_equals_what_was_asked(entry):
    """A second push changes nothing."""
    asked = stored_form(entry, BERLIN)
    kept = stored(asked, Cron("0 8 * * 1-5"), asked.when, asked.zone or BERLIN)
    assert entry_of(kept, "/store/projects/p/d", BERLIN) == asked
    assert stored_form(asked, BERLIN) == asked


@pytest.mark.parametrize(
    ("timing", "when"),
    [
        (Cron("0 8 * * *"), "0 8 * * *"),
        (Interval(5400), "every 5400 seconds"),
        (Once(datetime(2027, 1, 31, 17, tzinfo=UTC)), "2027-01-31 18:00"),
    ],
)
def test_a_timing_that_was_not_typed_gets_words(timing, when):
    entry = ScheduleEntry("", "a.py")
    assert entry_of(stored(entry, timing, "", BERLIN), "/store/projects/p/d", "UTC").when == when


def test_a_time_without_an_offset_is_of_the_zone():
    entry = ScheduleEntry("@daily", "a.py", zone=BERLIN, starts_at=EIGHT)
    assert stored_form(entry, "UTC").starts_at == datetime(2026, 12, 1, 7, tzinfo=UTC)
    with pytest.raises(Invalid):
        stored_form(ScheduleEntry("@daily", zone="Moon/Base"), "UTC")


def test_an_entry_becomes_a_schedule():
    entry = ScheduleEntry(
        "daily at 6",
        "a.py",
        parameters={"n": 1},
        pinned=True,
        enabled=False,
        notify={"team": ["failed"]},
    )
    new = entry.new("morning")
    assert new.run == NewRun(path="a.py", parameters={"n": 1})
    assert (new.name, new.mode, new.is_enabled) == ("morning", "pinned", False)
    assert new.notify == [ScheduleNotice("team", ["failed"])]


def test_differences():
    a, b = EnvironmentEntry(["a"]), EnvironmentEntry(["b"])
    wanted: dict[str, Any] = {"new": a, "same": a, "other": b}
    present = {"old": a, "same": a, "other": a}
    changes = [
        ProjectChange("add", "environment", "new"),
        ProjectChange("change", "environment", "other", ["requirements"]),
    ]
    found = changed_entries("environment", wanted, present, keeps_others=True)
    assert found == changes
    deleted = ProjectChange("delete", "environment", "old")
    found = changed_entries("environment", wanted, present)
    assert sorted(found, key=str) == sorted([*changes, deleted], key=str)
    assert changed_entries("environment", wanted, wanted) == []


def test_the_folder_of_a_push_is_named_by_its_digest():
    assert push_name(f"tree:{'ab' * 32}") == "ab" * 8
