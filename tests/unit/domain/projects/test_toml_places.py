"""Errors about nbyard.toml name the line of their field."""

import pytest

from nbyard.domain.projects.toml_places import entry_path, mismatch_place, with_lines
from nbyard.errors import Detail, Invalid, NameTaken

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


def test_fields_below_a_key_have_its_line():
    error = Invalid.fields(
        [
            Detail.of("schedules.a b.when.x", "may not be empty"),
            Detail.of("files", "may not be empty"),
        ]
    )
    found = with_lines(error, "nbyard.toml", TEXT.encode())
    paths = ["nbyard.toml, line 8: schedules.a b.when.x", "files"]
    assert [one.path for one in found.details] == paths
    assert paths[0] in str(found)
    found = with_lines(error, "nbyard.toml", TEXT.encode(), "nbyard.toml")
    assert found.details[1].path == "nbyard.toml"


@pytest.mark.parametrize(
    "path", ["schedules.other.when", "schedules.other", "retention.y", "projects", "files.x"]
)
def test_fields_that_the_file_lacks_have_no_line(path):
    found = with_lines(Invalid.field(path, "may not be empty"), "nbyard.toml", TEXT.encode())
    assert found.details[0].path == path


def test_long_names_have_their_own_lines_and_are_cut_in_the_text():
    names = [f"{'x' * 150}{end}" for end in ("a.b", "a.c")]
    text = "".join(f'[schedules."{name}"]\nwhen = 1\n' for name in names)
    for name, line in zip(names, (2, 4), strict=True):
        path = entry_path("schedules", name) + ".when"
        found = with_lines(Invalid.field(path, "may not be empty"), "nbyard.toml", text.encode())
        shown = found.details[0].path
        assert shown.startswith(f"nbyard.toml, line {line}: schedules.xxx")
        assert shown.endswith(f"{name[-3:]}.when") and len(shown) < 160


def test_the_kind_of_the_error_and_its_hint_stay():
    why, hint = "The schedule 'x' already exists.", "Choose another name; 'x 2' is free."
    taken = NameTaken(why, hint=hint, details=[Detail("retention.x", why)])
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
