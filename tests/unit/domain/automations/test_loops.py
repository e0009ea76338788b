"""Loops among automations and datasets."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.automations.loops import Link, find_loop


def links(text):
    pairs = (pair.split(">") for pair in text.split())
    return [Link(source, target, target.upper()) for source, target in pairs]


def test_a_loop_is_named_from_the_new_target():
    assert find_loop(links("a>b b>c"), links("c>a")[0]) == ["A", "B", "C", "A"]
    assert find_loop([], links("a>a")[0]) == ["A", "A"]
    assert find_loop(links("a>b b>a x>y"), links("y>x")[0]) == ["X", "Y", "X"]


def test_other_links_close_no_loop():
    assert find_loop(links("a>b a>c b>d c>d"), links("d>e")[0]) is None
    assert find_loop(links("b>a"), links("c>a")[0]) is None


NODES = st.sampled_from("abcde")
GRAPHS = st.lists(st.tuples(NODES, NODES), max_size=12)


def reaches(pairs, start, goal):
    seen, left = {start}, [start]
    while left:
        here = left.pop()
        for source, target in pairs:
            if source == here and target not in seen:
                seen.add(target)
                left.append(target)
    return goal in seen


@given(GRAPHS, NODES, NODES)
def test_a_loop_is_found_exactly_if_the_target_reaches_the_source(pairs, source, target):
    known = [Link(one, other, other) for one, other in pairs]
    loop = find_loop(known, Link(source, target, target))
    assert (loop is not None) is reaches(pairs, target, source)
    if loop is not None:
        assert loop[0] == loop[-1] == target and loop[-2:] != [source]
        steps = [*pairwise(loop)]
        assert steps[-1] == (source, target)
        assert all(step in pairs for step in steps[:-1])
