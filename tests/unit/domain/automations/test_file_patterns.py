"""Globs of files below a folder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.automations.file_changes import MAX_PATTERN, path_pattern
from nbyard.errors import Invalid

NAMES = st.text("ab.[]*?!-\\{}()+^$| é", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", ["a", "a.csv"], [".hidden", "sub/a"]),
        ("*.csv", ["a.csv", "a.b.csv"], ["a.csv.part", ".a.csv", "sub/a.csv", "acsv"]),
        ("**/*.csv", ["a.csv", "sub/a.csv", "x/y/a.csv"], ["sub/.a.csv", ".git/a.csv"]),
        ("2026-??/*", ["2026-01/a"], ["2026-1/a", "2026-01/b/a", "a"]),
        ("in/**/done", ["in/done", "in/x/y/done"], ["done", "in/x/done.txt"]),
        ("[a-c]?[!x]", ["abc", "cd."], ["dbc", "abx", "ab"]),
        ("[]x", ["[]x"], ["]x"]),
        ("[!a]b", ["bb"], ["ab", "/b"]),
        ("[!]b", ["[!]b"], ["xb"]),
        ("**/x/**/y", ["x/y", "a/x/b/c/y", "x/x/y"], ["y", "x/z", "a/x/.b/y", "x/y/z"]),
        (".env", [".env"], ["env"]),
        ("a+(b)|c", ["a+(b)|c"], ["ab"]),
    ],
)
def test_patterns_match_as_in_a_shell(pattern, matching, others):
    found = path_pattern(pattern)
    assert [one for one in matching if not found.matches(one)] == []
    assert [one for one in others if found.matches(one)] == []


@pytest.mark.parametrize(
    "pattern", ["", "/a", "a/", "a//b", "../a", "a/./b", "**", "a/**", "x" * (MAX_PATTERN + 1)]
)
def test_other_patterns_are_refused(pattern):
    with pytest.raises(Invalid) as refused:
        path_pattern(pattern)
    assert refused.value.details[0].path == "on.pattern"


@given(NAMES)
def test_every_name_is_a_pattern_or_refused(name):
    try:
        found = path_pattern(name)
    except Invalid:
        return
    if not set(name) & set("*?["):
        assert found.matches(name)
        assert not found.matches(name + "x")


@pytest.mark.timeout(60)
def test_many_stars_are_fast():
    assert not path_pattern("*a" * 90 + "b").matches("a" * 255)
    assert not path_pattern("**/" * 60 + "x").matches("a/" * 500 + "b")


def test_folders_are_entered_only_if_needed():
    assert not path_pattern("*.csv").is_deep and path_pattern("**/*.csv").is_deep
