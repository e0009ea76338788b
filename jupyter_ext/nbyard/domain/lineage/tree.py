"""A lineage as lines of text: two trees that grow from its starts."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from nbyard.domain.datasets.previews import one_line
from nbyard.domain.lineage.structs import Direction, Lineage, LineageNode

HEADS: Mapping[Direction, str] = {"back": "comes from", "forward": "used for"}
SHORT = 10
MAX_VALUE = 40


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
