"""Elements: keys by content, labels, sweeps, and the state of a map from those of its elements."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.maps.elements import (
    counts_of,
    fitting,
    keys_of,
    label_of,
    read_sweep,
    tolerates,
)
from nbyard.domain.state_machines import TASK
from nbyard.errors import Invalid

VALUES = st.lists(st.one_of(st.integers(0, 9), st.text(max_size=2), st.booleans()), max_size=12)
ENDS = st.lists(st.sampled_from(sorted(TASK.terminal)), max_size=30)
POLICIES = st.sampled_from(["first", "all", "0", "3", "0%", "25%", "100%"])


def by_key(values: list[object]) -> dict[str, object]:
    keys = [*keys_of({"n": value} for value in values)]
    assert len({*keys}) == len(keys)
    return dict(zip(keys, values, strict=True))


@given(VALUES, st.randoms())
def test_keys_do_not_depend_on_the_order(values, order):
    shuffled = [*values]
    order.shuffle(shuffled)
    assert by_key(shuffled).keys() == by_key(values).keys()


@given(VALUES, VALUES)
def test_new_elements_change_no_known_key(values, more):
    assert by_key(values).items() <= by_key(values + more).items()


def test_equal_elements_have_keys_of_their_own():
    first, second, third = keys_of([{"n": 1}, {"n": 2}, {"n": 1}])
    assert third == f"{first}-2" and second != first


def test_values_of_other_types_are_other_elements():
    assert len({*keys_of([{"n": 1}, {"n": "1"}, {"n": True}])}) == 3


def test_labels_are_short():
    assert label_of({"lr": 0.1, "depth": 3}) == "lr=0.1 depth=3"
    assert len(label_of({"text": "x" * 500})) == 80


INT, FLOAT, TEXT = (Argument("n", type=kind) for kind in ("int", "float", "string"))


@pytest.mark.parametrize(
    ("argument", "text", "values"),
    [
        (FLOAT, "0.01,0.1", [0.01, 0.1]),
        (INT, "1..4", [1, 2, 3, 4]),
        (INT, "3..1", [3, 2, 1]),
        (INT, " 1, 2 ", [1, 2]),
        (TEXT, "a,b", ["a", "b"]),
        (TEXT, "1..4", ["1..4"]),
        (TEXT, '["a,b", "c"]', ["a,b", "c"]),
        (INT, "[]", []),
    ],
)
def test_sweeps_are_read_by_type(argument, text, values):
    assert read_sweep(argument, text) == values


@pytest.mark.parametrize("text", ["", "1,x", "1..", "0..10000", "[1", '["x"]'])
def test_wrong_sweeps_are_refused(text):
    with pytest.raises(Invalid):
        read_sweep(INT, text)


def test_texts_of_tables_are_parsed():
    assert fitting(INT, "3") == 3 and fitting(TEXT, "3") == "3" and fitting(FLOAT, 1) == 1.0


@given(ENDS)
def test_what_went_in_came_out_failed_or_was_skipped(states):
    reason = counts_of(states, len(states))
    if not states:
        assert reason.code == "map-empty"
        return
    said, ends = reason.params, Counter(states)
    assert said["total"] == said["succeeded"] + said["failed"] + said["skipped"] == len(states)
    assert said["skipped"] == ends["skipped"] + ends["cancelled"]


@given(ENDS, st.integers(1, 5))
def test_a_lost_element_is_noticed(states, more):
    with pytest.raises(Invalid):
        counts_of(states, len(states) + more)


@pytest.mark.parametrize("state", sorted(TASK.live))
def test_a_live_element_is_no_end(state):
    with pytest.raises(Invalid):
        counts_of(["succeeded", state], 2)


@given(POLICIES, st.integers(1, 40), st.integers(0, 40))
def test_more_failures_never_help(policy, total, lost):
    assert tolerates(policy, 0, total)
    assert tolerates(policy, lost, total) or not tolerates(policy, lost + 1, total)
    assert policy != "all" or tolerates(policy, lost, total)


def test_policies_count_or_share():
    assert tolerates("3", 3, 9) and not tolerates("3", 4, 9)
    assert tolerates("25%", 2, 8) and not tolerates("25%", 3, 8)
    assert not tolerates("first", 1, 9)
