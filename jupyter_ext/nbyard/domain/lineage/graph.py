"""The graph of a lineage, and its lines of text: two trees that grow from its starts."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

import msgspec

from nbyard.domain.datasets.previews import one_line
from nbyard.domain.lineage.structs import (
    Direction,
    Found,
    Lineage,
    LineageEdge,
    LineageNode,
    Link,
    Ref,
)

Expand = Callable[[Collection[Ref], Direction], Found]
Describe = Callable[[Mapping[Ref, str]], Mapping[Ref, LineageNode]]
DIRECTIONS: tuple[Direction, ...] = ("back", "forward")
HEADS: Mapping[Direction, str] = {"back": "comes from", "forward": "used for"}
SHORT = 10
MAX_VALUE = 40


class Walk:
    """A lineage graph of at most `most` nodes, which grows level by level.

    `expand` returns the neighbours of a whole level in one direction. `describe` returns the
    nodes of a level. It is called with a name for each node, which is shown if the node was
    deleted.
    """

    def __init__(self, expand: Expand, describe: Describe, most: int):
        self._expand, self._describe, self._most = expand, describe, most
        self._nodes: dict[Ref, LineageNode] = {}
        # A dictionary instead of a set keeps the order of the links: a graph always looks the same.
        self._links: dict[tuple[Ref, Ref, str], None] = {}
        # Links to nodes that did not fit; some of these nodes are reached by another way later.
        self._cut: list[tuple[Direction, Link]] = []
        self._not_read: dict[Direction, Counter[Ref]] = {
            direction: Counter() for direction in DIRECTIONS
        }

    def of(self, starts: Sequence[Ref]) -> Lineage:
        """Return the graph around the start nodes, in both directions."""
        self._add(dict.fromkeys(starts, ""))
        for direction in DIRECTIONS:
            level, passed = [*dict.fromkeys(starts)], set(starts)
            while level:
                level = self._next(level, direction, passed)
        return self._graph(set(starts))

    def _add(self, refs: Mapping[Ref, str]) -> None:
        if refs:
            self._nodes |= self._describe(refs)

    def _next(self, level: Sequence[Ref], direction: Direction, passed: set[Ref]) -> list[Ref]:
        """Add the neighbours of a level to the graph; return those to expand next.

        `passed` are the nodes that were already expanded in this direction. It grows.
        """
        # The walk stops at nodes that the caller may not see.
        nodes = ((ref, self._nodes[ref]) for ref in level)
        known = [ref for ref, node in nodes if node.is_visible and not node.is_deleted]
        expansion = self._expand(known, direction) if known else Found([])
        neighbours: dict[Ref, set[Ref]] = defaultdict(set)
        new: dict[Ref, str] = {}
        following: dict[Ref, None] = {}
        for link in expansion.links:
            near, far = _ends(link, direction)
            neighbours[near].add(far)
            if far not in self._nodes and far not in new:
                if len(self._nodes) + len(new) >= self._most:
                    self._cut.append((direction, link))
                    continue
                new[far] = link.hint
            self._links[link.source, link.target, link.name] = None
            following[far] = None
        for near, total in expansion.totals.items():
            self._not_read[direction][near] += max(0, total - len(neighbours[near]))
        self._add(new)
        unpassed = [ref for ref in following if ref not in passed]
        passed.update(unpassed)
        return unpassed

    def _left_out(self) -> dict[Direction, Counter[Ref]]:
        """Count the neighbours that are not in the graph."""
        left_out = {direction: Counter(counts) for direction, counts in self._not_read.items()}
        # Several links may connect two nodes, for example two inputs with the same data. The
        # neighbour still counts once.
        for direction, near, far in {
            (direction, *_ends(link, direction)) for direction, link in self._cut
        }:
            left_out[direction][near] += far not in self._nodes
        return left_out

    def _graph(self, starts: Collection[Ref]) -> Lineage:
        left_out = self._left_out()
        # A node that was left out at first may have been reached by another way.
        for _, link in self._cut:
            if link.source in self._nodes and link.target in self._nodes:
                self._links[link.source, link.target, link.name] = None
        places = column_by_node(
            self._nodes, [(source, target) for source, target, _ in self._links]
        )
        order = sorted(self._nodes, key=lambda ref: places[ref])
        # The ID of a row that the user may not see would tell that two graphs have it in common.
        hidden = count(1)
        ids = {
            ref: ref.id if self._nodes[ref].is_visible else f"hidden:{next(hidden)}"
            for ref in order
        }
        nodes = [
            msgspec.structs.replace(
                self._nodes[ref],
                id=ids[ref],
                column=places[ref],
                is_start=ref in starts,
                more_before=left_out["back"][ref],
                more_after=left_out["forward"][ref],
            )
            for ref in order
        ]
        edges = [LineageEdge(ids[a], ids[b], name) for a, b, name in self._links]
        return Lineage(nodes, edges)


def column_by_node(refs: Collection[Ref], edges: Sequence[tuple[Ref, Ref]]) -> dict[Ref, int]:
    """Return the column number of each node, so that edges lead to larger columns.

    A node without incoming edges gets the column just before its first use.
    """
    before: dict[Ref, list[Ref]] = defaultdict(list)
    after: dict[Ref, list[Ref]] = defaultdict(list)
    for source, target in edges:
        before[target].append(source)
        after[source].append(target)
    order = _in_order(refs, before, after)
    places: dict[Ref, int] = {}
    for ref in order:
        places[ref] = max((places.get(earlier, -1) + 1 for earlier in before[ref]), default=0)
    for ref in order:
        if after[ref] and not before[ref]:
            places[ref] = min(places[later] for later in after[ref]) - 1
    return places


def _in_order(
    refs: Collection[Ref], before: Mapping[Ref, list[Ref]], after: Mapping[Ref, list[Ref]]
) -> list[Ref]:
    """Return the nodes in topological order, from their neighbours; nodes in cycles come last."""
    waits = {ref: len(before.get(ref, ())) for ref in refs}
    order = [ref for ref, left in waits.items() if not left]
    for ref in order:
        for target in after.get(ref, ()):
            waits[target] -= 1
            if not waits[target]:
                order.append(target)
    # Records that contradict each other may lead in circles; they are shown all the same.
    return [*order, *(ref for ref, left in waits.items() if left > 0)]


def _ends(link: Link, direction: Direction) -> tuple[Ref, Ref]:
    return (link.target, link.source) if direction == "back" else (link.source, link.target)


class TreeLine(NamedTuple):
    """A line of a tree: the branch characters, the name of the connection, and the node.

    The neighbours of a repeated node are listed only where it was shown first.
    """

    branch: str
    name: str
    node: LineageNode
    is_repeated: bool = False


def lines_of(lineage: Lineage) -> Iterator[str]:
    """Yield a lineage as lines of text: the starts, then a tree for each direction.

    The neighbours of a node are listed only once, below its first line.
    """
    starts = [node for node in lineage.nodes if node.is_start]
    for start in starts:
        yield words_of(start)
    for direction, head in HEADS.items():
        lines = [*tree_lines(lineage, direction)]
        if lines:
            yield f"{head}:"
        for line in lines:
            name = f"{line.name}: " if line.name else ""
            above = " (see above)" if line.is_repeated else ""
            yield f"{line.branch}{name}{words_of(line.node)}{above}"
    if lineage.left_out:
        yield f"{lineage.left_out} more, which this graph leaves out"


def tree_lines(lineage: Lineage, direction: Direction) -> Iterator[TreeLine]:
    """Yield the tree of one direction: each node below a node that it is connected to."""
    nodes = {node.id: node for node in lineage.nodes}
    link_names: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for edge in lineage.edges:
        near, far = edge.source, edge.target
        if direction == "back":
            near, far = far, near
        link_names[near][far] += [edge.name] if edge.name else []
    neighbours: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for near, ends in link_names.items():
        neighbours[near] = [(far, ", ".join(names)) for far, names in ends.items()]
    seen: set[str] = set()
    starts = [node.id for node in lineage.nodes if node.is_start]
    # The nodes still to print, the next one last. A long chain would exceed Python's recursion.
    left: list[tuple[str, str, str, str]] = []
    for start in reversed(starts):
        left += _branches(neighbours[start], "")
        seen.add(start)
    while left:
        key, name, branch, below = left.pop()
        # A result that several tasks use would repeat all that follows.
        is_repeated = key in seen and bool(neighbours[key])
        yield TreeLine(branch, name, nodes[key], is_repeated)
        if key not in seen:
            seen.add(key)
            left += _branches(neighbours[key], below)


def _branches(of: Sequence[tuple[str, str]], below: str) -> list[tuple[str, str, str, str]]:
    """Return the lines directly below a node, in reverse order, for a stack.

    `of` are the neighbours: pairs of key and connection name. `below` is the indentation. Each
    result has key, name, branch, and the indentation of the lines below.
    """
    last = len(of) - 1
    return [
        (
            key,
            name,
            f"{below}{'└─ ' if place == last else '├─ '}",
            f"{below}{'   ' if place == last else '│  '}",
        )
        for place, (key, name) in reversed([*enumerate(of)])
    ]


def words_of(node: LineageNode) -> str:
    """Return a line that describes a node: kind, name, version, run, parameters and state."""
    if not node.is_visible:
        return f"{node.kind} (not visible)"
    parts = [node.kind, node.name]
    if node.version:
        parts.append(f"version {node.version}")
    if node.run is not None and node.kind == "artifact":
        parts.append(f"of {node.workflow_node}, {node.run.label}")
    elif node.run is not None:
        parts.append(node.run.label)
        parts.append(str(node.run.git) if node.run.git else "")
    if node.kind == "environment" and not node.version and node.digest:
        parts.append(f"({node.digest.rpartition(':')[2][:SHORT]})")
    if node.packages:
        parts.append(f"({len(node.packages)} packages)")
    for name, value in node.parameters.items():
        is_plain = isinstance(value, str) and value.isprintable()
        text = value if is_plain else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        parts.append(f"{name}={one_line(text, MAX_VALUE)}")
    if node.kind in ("code", "artifact") and node.file not in ("", node.name):
        parts.append(f"({node.file})")
    if node.state not in ("", "ready", "succeeded"):
        parts.append(f"({node.state})")
    parts.append("(cached)" if node.cached else "")
    parts.append("(deleted)" if node.is_deleted else "")
    more = node.more_before + node.more_after
    parts.append(f"(+ {more} more)" if more else "")
    return " ".join(filter(None, parts))
