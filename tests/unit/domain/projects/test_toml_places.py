"""One pass over a project file finds the line of each key, which errors name."""

import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.projects.toml_places import entry_path, lines_of, mismatch_place, with_lines
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


LINES = {
    "project": 2,
    "project.name": 3,
    "project.metadata.b.c": 4,
    "project.task.goal": 5,
    "schedules.a b": 7,
    "schedules.a b.when": 8,
    "schedules.a b.notify.team.0": 12,
    "schedules.a b.notify.team": 11,
    "notifications.team": 14,
    "notifications.team.0": 14,
    "notifications.team.1": 15,
    "notifications.team.1.events": 16,
    "notifications.team.1.events.1": 19,
    "retention.x": 20,
}


def test_each_table_and_key_has_its_line():
    found, implied = lines_of(TEXT)
    assert {path: found.get(path) for path in LINES} == LINES
    wanted = {"schedules": 7, "project.task": 5, "notifications": 14, "retention": 20}
    assert wanted.items() <= implied.items() and "schedules" not in found


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
    assert lines_of(text)[0] == wanted


@given(st.text(max_size=200))
def test_any_text_has_lines(text):
    assert all(number > 0 for number in lines_of(text)[0].values())


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a = 1\r\nb = 2", {"a": 1, "b": 2}),
        ("a = 'x\u2028y\x85'\nb = 2", {"a": 1, "b": 2}),  # no lines of TOML
        ('"a\\"]" = 1\nb = "[x] # \\""\nc = 3', {'a"]': 1, "b": 2, "c": 3}),
        ("a = '''\n''x''''\nb = 1", {"a": 1, "b": 3}),
        ('a = """"\n\\"""""\nb = 1', {"a": 1, "b": 3}),
        ("a = [[1,\n 2], [{b = 3,\n c = []}]]", {"a.0.1": 2, "a.1.0.b": 2}),
        ("[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nd = 1", {"a.0.b.c": 3, "a.1.b.d": 6}),
        ("[ 'a' . b ] # [c]\nd . e = 1979-05-27 07:32:00\nf = +inf", {"a.b.d.e": 2, "a.b.f": 3}),
    ],
)
def test_lines_of_spellings(text, lines):
    if "{b = 3,\n" not in text:  # TOML 1.1
        assert tomllib.loads(text)
    found, _ = lines_of(text)
    assert {path: found.get(path) for path in lines} == lines


@pytest.mark.parametrize(
    "text",
    [
        "a = [\n" + "  '''\n''', # c\n" * 50_000 + "]",
        'a = """' + '\n\\"x' * 100_000 + '"""',
        "".join(f"[a.b{number}]\nc = {{d = 1}}\n" for number in range(20_000)),
        "a." * 100_000 + "a = 1",
        "[" + "a." * 100_000 + "a]",
    ],
    ids=["list", "string", "tables", "key", "header"],
)
def test_large_files_take_linear_time(text):
    start = time.process_time()
    lines_of(text)
    assert time.process_time() - start < 5
