"""The rules of channels in a project file."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.notices.structs import DEFAULT_EVENTS, EVENTS
from nbyard.domain.projects.definitions import read_definition
from nbyard.domain.projects.structs import NotificationEntry, entry_of_rule, sorted_entries
from nbyard.errors import Invalid

PROJECT = '[project]\nname = "wine"\n'
ENTRIES = st.builds(
    NotificationEntry,
    st.lists(st.sampled_from(EVENTS), min_size=1, max_size=4),
    st.sampled_from(["", "a.nbflow", "b/c.py"]),
    st.sampled_from([0.0, 2.0, 3.5]),
    st.none() | st.sampled_from([1.0, 60.5]),
)


def read(text: str):
    return read_definition((PROJECT + text).encode()).notifications


def test_one_rule_is_a_table_and_several_are_an_array():
    table = read('[notifications.team]\nevents = ["failed"]\npath = "a.nbflow"\n')
    array = read('[[notifications.team]]\nevents = ["failed"]\npath = "a.nbflow"\n')
    assert table == array == {"team": [NotificationEntry(["failed"], "a.nbflow")]}
    both = read(
        '[[notifications.team]]\npath = "b.py"\n[[notifications.team]]\nevents = ["retried"]\n'
    )
    assert [one.path for one in both["team"]] == ["b.py", ""]
    assert read("[notifications.team]\n") == {"team": [NotificationEntry([*DEFAULT_EVENTS])]}
    assert read("[notifications]\n") == read("") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("notifications = 1\n", "object"),
        ("[notifications]\nteam = 1\n", "array"),
        ('[notifications.team]\nevents = ["exploded"]\n', "exploded"),
        ('[notifications.team]\nurl = "https://h/s3cr3t"\n', "url"),
    ],
)
def test_wrong_rules_are_refused(text, words):
    with pytest.raises(Invalid, match=words) as caught:
        read_definition(f"{text if text[0] == 'n' else ''}{PROJECT}{text}".encode())
    assert caught.value.details[0].path.startswith("nbyard.toml: notifications")


@given(st.lists(ENTRIES, max_size=4), st.randoms())
def test_the_order_of_rules_and_events_has_no_meaning(entries, luck):
    mixed = [
        msgspec.structs.replace(one, events=luck.sample(one.events, len(one.events)))
        for one in luck.sample(entries, len(entries))
    ]
    assert sorted_entries(mixed) == sorted_entries(entries)
    assert sorted_entries(sorted_entries(entries)) == sorted_entries(entries)


def test_the_order_ignores_how_defaults_came_about():
    entries = [NotificationEntry(), NotificationEntry(long_factor=2.5)]
    decoded = msgspec.convert([{"long_factor": 2.0}, {"long_factor": 2.5}], list[NotificationEntry])
    assert sorted_entries(entries) == sorted_entries(decoded)


@given(ENTRIES)
def test_a_stored_rule_gives_its_entry_again(entry):
    rule = entry.rule("/store/p/push", "p")
    assert rule.project == "p"
    assert rule.path in ("", f"/store/p/push/{entry.path}")
    assert entry_of_rule(rule, entry.path) == entry
