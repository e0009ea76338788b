"""J2: a pull changes what differs, and keeps comments."""

from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.projects.definitions import (
    EnvironmentEntry,
    ProjectDefinition,
    ScheduleEntry,
    read_definition,
)
from nbyard.domain.projects.structs import NewProject, ProjectTask
from nbyard.domain.projects.toml_writer import updated_toml
from nbyard.domain.schedules.structs import Missed

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
    enabled=st.booleans(),
    missed=st.builds(Missed, st.sampled_from(["skip", "last"]), st.integers(0, 9)),
)
ENVIRONMENTS = st.builds(EnvironmentEntry, st.lists(st.text(max_size=9), max_size=2))
DEFINITIONS = st.builds(
    ProjectDefinition,
    PROJECTS,
    st.dictionaries(NAMES, SCHEDULES, max_size=2),
    st.dictionaries(NAMES, ENVIRONMENTS, max_size=2),
)


def test_only_what_differs_changes():
    known = read_definition(TEXT.encode())
    later = ScheduleEntry("weekdays 9:00", "a.py")
    wanted = ProjectDefinition(NewProject("wine"), {"morning": later})
    found = updated_toml(TEXT, known, wanted)
    assert "# About wine" in found and "# the name" in found and "# Every morning" in found
    assert 'when = "weekdays 9:00"' in found and "evening" not in found
    assert read_definition(found.encode()) == wanted
    assert updated_toml(found, wanted, wanted) == found


@given(DEFINITIONS)
def test_a_new_file_has_all(wanted):
    text = updated_toml("", ProjectDefinition(wanted.project), wanted)
    assert read_definition(text.encode()) == wanted


@given(DEFINITIONS, DEFINITIONS)
def test_a_file_can_become_any_other(known, wanted):
    text = updated_toml("", ProjectDefinition(known.project), known)
    assert read_definition(updated_toml(text, known, wanted).encode()) == wanted
