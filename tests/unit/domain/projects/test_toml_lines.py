"""One pass over a project file finds the line of each table and key."""

import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.projects.toml_places import lines_of

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
