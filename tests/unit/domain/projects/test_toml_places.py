"""Errors about nbyard.toml name the line of their field."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.projects.toml_places import lines_of, mismatch_place, with_lines
from nbyard.errors import Detail, Invalid, NameTaken
from nbyard.reasons.structs import because

TEXT = """# a file
[project]
name = "x"  # c
metadata = {team = "c", b.c = 1}
task.goal = "a"

[schedules."a b"]
when = \"\"\"x
[y]
\"\"\"
notify = {team = [
  "failed",
]}
[[notifications.team]]
[[notifications.team]]
events = [
 "a",
 # c
 "b"]
[retention.x]
"""
LINES = {
    "project": 2,
    "project.name": 3,
    "project.metadata.b.c": 4,
    "project.task": 5,
    "project.task.goal": 5,
    "schedules": 7,
    "schedules.a b": 7,
    "schedules.a b.when": 8,
    "schedules.a b.notify.team.0": 11,
    "notifications.team.0": 14,
    "notifications.team.1": 15,
    "notifications.team.1.events": 16,
    "retention.x": 20,
}


def test_each_table_and_key_has_its_line():
    found = lines_of(TEXT)
    assert {path: found.get(path) for path in LINES} == LINES


WORDS = st.text("abc_- ", min_size=1, max_size=5)


@given(st.dictionaries(WORDS, st.dictionaries(WORDS, st.integers(), max_size=3), max_size=4))
def test_lines_are_those_of_the_keys(tables):
    lines, wanted = [], {}
    for table, keys in tables.items():
        lines += ["# note", f'["{table}"]']
        wanted[table] = len(lines)
        for key, value in keys.items():
            lines.append(f'"{key}" = {value}')
            wanted[f"{table}.{key}"] = len(lines)
    text = "\n".join(lines)
    assert tomllib.loads(text) == tables
    assert lines_of(text) == wanted


@given(st.text(max_size=200))
def test_any_text_is_answered(text):
    assert all(number > 0 for number in lines_of(text).values())


def test_fields_below_a_key_have_its_line():
    error = Invalid.fields(
        [Detail.of("schedules.a b.when.x", because("empty")), Detail.of("files", because("empty"))]
    )
    found = with_lines(error, "nbyard.toml", TEXT.encode())
    paths = ["nbyard.toml, line 8: schedules.a b.when.x", "files"]
    assert [one.path for one in found.details] == paths
    assert paths[0] in str(found)
    found = with_lines(error, "nbyard.toml", TEXT.encode(), "nbyard.toml")
    assert found.details[1].path == "nbyard.toml"


def test_the_kind_of_the_error_and_its_hint_stay():
    why, hint = because("schedule-exists", name="x"), because("free-name", name="x 2")
    taken = NameTaken(why, hint=hint, details=[Detail.of("retention.x", why)])
    found = with_lines(taken, "nbyard.toml", TEXT.encode())
    assert isinstance(found, NameTaken) and found.hint == taken.hint
    assert "line 20" in str(found)
    bare = NameTaken(why)
    assert with_lines(bare, "nbyard.toml", b"") is bare


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("Expected `str`, got `int` - at `$.project.name`", "project.name"),
        ("Invalid enum value 'a' - at `$.x.y[0].events[12]`", "x.y.0.events.12"),
        ("Object contains unknown field `a` - at `$.x`", "x.a"),
        ("Object missing required field `project`", "project"),
        ("Expected `object`, got `array`", ""),
    ],
)
def test_the_place_of_a_mismatch(words, place):
    assert mismatch_place(words) == (place, words.partition(" - at")[0])
