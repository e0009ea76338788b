"""A pull changes what differs, and keeps comments."""

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from nbyard.domain.automations.times.structs import Missed
from nbyard.domain.notices.structs import EVENTS
from nbyard.domain.projects.definitions import (
    EnvironmentEntry,
    ProjectDefinition,
    read_definition,
)
from nbyard.domain.projects.notifications import NotificationEntry, sorted_entries
from nbyard.domain.projects.schedule_entries import ScheduleEntry
from nbyard.domain.projects.structs import NewProject, ProjectTask
from nbyard.domain.projects.toml_writer import updated_toml
from nbyard.domain.runs.retention import PolicyRules

TEXT = """# About wine
[project]
name = "wine"  # the name
description = ""

# Every morning
[schedules.morning]
path = "a.py"
when = "weekdays 8:00"  # early

[schedules.evening]
path = "b.py"
when = "daily at 20"
"""
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1)
VALUES = st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=9)
PROJECTS = st.builds(
    NewProject,
    name=NAMES,
    description=st.text(max_size=9),
    metadata=st.dictionaries(NAMES, st.text(max_size=9), max_size=2),
    task=st.builds(ProjectTask, st.text(max_size=9)),
)
SCHEDULES = st.builds(
    ScheduleEntry,
    when=st.just("@daily"),
    path=NAMES,
    parameters=st.dictionaries(NAMES, VALUES, max_size=2),
    at_most=st.just(msgspec.UNSET) | st.none() | st.integers(1, 9),
    enabled=st.booleans(),
    missed=st.builds(Missed, st.sampled_from(["skip", "last"]), st.integers(0, 9)),
    notify=st.dictionaries(NAMES, st.lists(st.sampled_from(EVENTS), unique=True), max_size=2),
)
ENVIRONMENTS = st.builds(EnvironmentEntry, st.lists(st.text(max_size=9), max_size=2))
NOTIFICATIONS = st.builds(
    NotificationEntry,
    st.lists(st.sampled_from(EVENTS), min_size=1, unique=True),
    st.text(max_size=5),
    st.sampled_from([0.0, 2.0, 2.5]),
    st.none() | st.floats(1, 1e6),
)
POLICIES = st.builds(
    PolicyRules,
    older_than_days=st.none() | st.floats(0, 1e4),
    keep=st.none() | st.integers(0, 99),
    states=st.lists(st.sampled_from(["failed", "succeeded"]), unique=True),
    max_bytes=st.none() | st.integers(0, 10**12),
)
DEFINITIONS = st.builds(
    ProjectDefinition,
    PROJECTS,
    st.dictionaries(NAMES, SCHEDULES, max_size=2),
    st.dictionaries(NAMES, ENVIRONMENTS, max_size=2),
    st.dictionaries(
        NAMES, st.lists(NOTIFICATIONS, min_size=1, max_size=3).map(sorted_entries), max_size=2
    ),
    st.dictionaries(NAMES, POLICIES, max_size=2),
)

# The first factor equals its default and is another object, as after decoding.
FACTORS = [NotificationEntry(long_factor=float(factor)) for factor in ("2", "2.5", "0")]
SORTED = ProjectDefinition(NewProject("0"), notifications={"0": sorted_entries(FACTORS)})


def test_only_what_differs_changes():
    known = read_definition(TEXT.encode())
    later = ScheduleEntry("weekdays 9:00", "a.py")
    wanted = ProjectDefinition(NewProject("wine"), {"morning": later})
    found = updated_toml(TEXT, known, wanted)
    assert "# About wine" in found and "# the name" in found and "# Every morning" in found
    assert 'when = "weekdays 9:00"' in found and "evening" not in found
    assert read_definition(found.encode()) == wanted
    assert updated_toml(found, wanted, wanted) == found


def test_numbers_and_single_rules_are_written_as_people_write_them():
    wanted = ProjectDefinition(
        NewProject("wine"),
        notifications={"team": [NotificationEntry(["failed"], "a.py", long_seconds=60.0)]},
        retention={"recent": PolicyRules(older_than_days=90.0, keep=20)},
    )
    text = updated_toml("", ProjectDefinition(wanted.project), wanted)
    assert "[notifications.team]\n" in text and "long_seconds = 60\n" in text
    assert "[retention.recent]\nolder_than_days = 90\nkeep = 20\n" in text
    later = ProjectDefinition(
        NewProject("wine"), notifications={"team": [NotificationEntry([e]) for e in EVENTS[:2]]}
    )
    text = updated_toml(text, wanted, later)
    assert text.count("[[notifications.team]]") == 2 and "recent" not in text


@given(DEFINITIONS)
@example(SORTED)
def test_a_new_file_has_all_fields(wanted):
    text = updated_toml("", ProjectDefinition(wanted.project), wanted)
    assert read_definition(text.encode()) == wanted


@given(DEFINITIONS, DEFINITIONS)
@example(ProjectDefinition(NewProject("0")), SORTED)
def test_a_file_can_become_any_other(known, wanted):
    text = updated_toml("", ProjectDefinition(known.project), known)
    assert read_definition(updated_toml(text, known, wanted).encode()) == wanted
