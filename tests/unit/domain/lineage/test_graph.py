"""A walk over any records is a true part of them, and says what it leaves out."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.lineage.graph import Walk, column_by_node
from nbyard.domain.lineage.structs import (
    Direction,
    Found,
    Lineage,
    LineageNode,
    Link,
    Ref,
    hidden_node,
)

Edges = set[tuple[int, int]]
NODES = st.integers(0, 11)
EDGES = st.sets(st.tuples(NODES, NODES).filter(lambda pair: pair[0] < pair[1]), max_size=40)


def ref(number: int) -> Ref:
    return Ref("task", str(number))


class Records:
    """Numbered nodes; edges lead from smaller to larger numbers."""

    def __init__(self, edges: Edges, unseen: Collection[int] = (), most: int = 100):
        self.edges, self.unseen, self.most = edges, unseen, most
        self.expanded: set[tuple[Direction, Ref]] = set()

    def expand(self, refs: Collection[Ref], direction: Direction) -> Found:
        assert len(set(refs)) == len(refs) > 0
        assert not self.expanded & {(direction, one) for one in refs}, "once each"
        self.expanded |= {(direction, one) for one in refs}
        near = defaultdict(list)
        for a, b in sorted(self.edges):
            near[ref(b if direction == "back" else a)].append(Link(ref(a), ref(b), f"{a}-{b}"))
        links = [link for one in refs for link in near[one][: self.most]]
        totals = {one: len(near[one]) for one in refs if len(near[one]) > self.most}
        return Found(links, totals)

    def describe(self, hints: Mapping[Ref, str]) -> Mapping[Ref, LineageNode]:
        return {
            one: hidden_node("task")
            if int(one.key) in self.unseen
            else LineageNode("", "task", one.key)
            for one in hints
        }

    def walk(self, *starts: int, most: int = 1000) -> Lineage:
        return Walk(self.expand, self.describe, most).of([ref(one) for one in starts])


def reached(edges: Edges, start: int) -> set[int]:
    """What a start comes from, what follows from it, and the start."""
    found = {start}
    for a, b in ((0, 1), (1, 0)):
        side, level = set(), {start}
        while level:
            side |= level
            level = {edge[b] for edge in edges if edge[a] in level} - side
        found |= side
    return found


def between(edges: Edges, start: int) -> Edges:
    """The connections on the ways to and from a start."""
    back, on = {start}, {start}
    for a, b in sorted(edges, key=lambda edge: -edge[1]):
        if b in back:
            back.add(a)
    for a, b in sorted(edges):
        if a in on:
            on.add(b)
    return {(a, b) for a, b in edges if b in back or a in on}


@given(EDGES, NODES)
def test_the_graph_has_all_and_only_connected_records(edges: Edges, start: int) -> None:
    found = Records(edges).walk(start)
    assert {int(node.name) for node in found.nodes} == reached(edges, start)
    ids = {(one.source, one.target) for one in found.edges}
    assert ids == {(ref(a).id, ref(b).id) for a, b in between(edges, start)}
    assert found.left_out == 0
    assert [node.name for node in found.nodes if node.is_start] == [str(start)]


@given(EDGES, NODES, st.integers(1, 12), st.integers(1, 4))
def test_a_limited_graph_counts_omitted_records(
    edges: Edges, start: int, most: int, read: int
) -> None:
    found = Records(edges, most=read).walk(start, most=most)
    present = {int(node.name) for node in found.nodes}
    assert len(present) <= most and present <= reached(edges, start)
    shown = {(one.source, one.target) for one in found.edges}
    for node in found.nodes:
        number = int(node.name)
        before = {a for a, b in edges if b == number}
        after = {b for a, b in edges if a == number}
        # Only nodes before the start are asked for what is before them.
        if node.more_before:
            assert node.more_before <= len(
                before - {a for a in before if (ref(a).id, node.id) in shown}
            )
        if node.more_after:
            assert node.more_after <= len(
                after - {b for b in after if (node.id, ref(b).id) in shown}
            )
    if present != reached(edges, start):
        assert found.left_out > 0


@given(EDGES, NODES, st.sets(NODES))
def test_hidden_records_lead_no_further(edges: Edges, start: int, unseen: set[int]) -> None:
    unseen -= {start}
    found = Records(edges, unseen).walk(start)
    seen_edges = {(a, b) for a, b in edges if (a if a < start else b) not in unseen}
    visible = {int(node.name) for node in found.nodes if node.is_visible}
    assert not visible & unseen
    for node in found.nodes:
        if not node.is_visible:
            assert node.id.startswith("hidden:")
            assert (node.name, node.subject, node.file, node.digest, node.run) == (
                "",
                "",
                "",
                "",
                None,
            )
    assert len({node.id for node in found.nodes}) == len(found.nodes)
    assert visible <= reached(seen_edges | edges, start)


@given(EDGES)
def test_edges_lead_to_the_right(edges: Edges) -> None:
    refs = [ref(number) for number in range(12)]
    places = column_by_node(refs, [(ref(a), ref(b)) for a, b in edges])
    assert places.keys() == set(refs) and min(places.values()) >= 0
    assert all(places[ref(a)] < places[ref(b)] for a, b in edges)


def test_records_in_a_circle_are_shown() -> None:
    a, b = ref(1), ref(2)
    assert column_by_node([a, b], [(a, b), (b, a)]).keys() == {a, b}


def test_a_source_comes_just_before_its_first_use() -> None:
    links = [(ref(1), ref(2)), (ref(2), ref(3)), (ref(3), ref(4)), (ref(5), ref(4))]
    assert column_by_node([ref(n) for n in range(1, 6)], links)[ref(5)] == 2
