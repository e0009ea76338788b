"""Arrows proposed by the likeness of names, types and formats, with the reason in words."""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from nbyard.domain.arguments import Argument
from nbyard.domain.edges import Drawn
from nbyard.domain.workflows import Edge, Node, Proposal

ROLE_WORDS = frozenset(
    {"input", "output", "in", "out", "path", "file", "data", "dataset", "df", "csv", "json"}
)
ENOUGH = 0.6
MAX_PAIRS = 50_000

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+|\d+")
Ports = Mapping[str, Sequence[Argument]]


def words(name: str) -> list[str]:
    """`inputTrainCSV_2` → input, train, csv, 2."""
    return [word.lower() for word in _WORD.findall(_HUMP.sub("_", name))]


@lru_cache(maxsize=4096)
def likeness(output: str, wanted: str) -> float:
    """How alike two names are, from 0 to 1, once words that only tell the role are left out."""
    if output == wanted:
        return 1.0
    one = [w for w in words(output) if w not in ROLE_WORDS]
    other = [w for w in words(wanted) if w not in ROLE_WORDS]
    if not one or not other:
        return 0.3
    shared = len(set(one) & set(other)) / len(set(one) | set(other))
    return max(shared, SequenceMatcher(None, "_".join(one), "_".join(other)).ratio() * 0.9)


def propose(nodes: Mapping[str, Node], edges: Sequence[Edge], ports: Ports) -> list[Proposal]:
    """The best arrows for inputs that have none, best first; no two of them clash.

    Where two fit equally well nothing is proposed: that choice is a person's. Nothing is proposed
    either where there are more than 50,000 pairs to compare.
    """
    drawn = Drawn(nodes, ports, edges)
    found = [p for p in _candidates(nodes, edges, ports) if drawn.refusal(p.edge()) is None]
    found = list(_clear(found, lambda p: (p.target, p.input)))
    found = list(_clear(found, lambda p: (p.source, p.output, p.target)))
    chosen = []
    for proposal in sorted(found, key=lambda p: (-p.score, repr(p.edge()))):
        if drawn.refusal(proposal.edge()) is None:
            drawn.add(proposal.edge())
            chosen.append(proposal)
    return chosen


def _clear(found: Iterable[Proposal], key: Callable[[Proposal], Hashable]) -> Iterator[Proposal]:
    """The best of each group, where it is better than the others."""
    groups: dict[Hashable, list[Proposal]] = {}
    for proposal in found:
        groups.setdefault(key(proposal), []).append(proposal)
    for group in groups.values():
        best = max(proposal.score for proposal in group)
        first, *others = (proposal for proposal in group if proposal.score == best)
        if not others:
            yield first


def _candidates(nodes: Mapping[str, Node], edges: Sequence[Edge], ports: Ports) -> list[Proposal]:
    taken = {(edge.target, edge.input) for edge in edges}
    feeds = {(edge.source, edge.output, edge.target) for edge in edges}
    outputs = [(n, a) for n in nodes for a in ports.get(n, ()) if a.role == "output"]
    inputs = [
        (node, argument)
        for node, item in nodes.items()
        for argument in ports.get(node, ())
        if argument.role == "input" and item.type == "executable"
        if (node, argument.name) not in taken
    ]
    if len(outputs) * len(inputs) > MAX_PAIRS:
        return []
    found = []
    for node, wanted in inputs:
        for source, output in outputs:
            score, reason = _score(nodes[source], source, output, wanted)
            if score >= ENOUGH and (source, output.name, node) not in feeds:
                found.append(Proposal(source, output.name, node, wanted.name, score, reason))
    return found


def _score(node: Node, source: str, output: Argument, wanted: Argument) -> tuple[float, str]:
    name = (node.label or source) if node.type == "dataset" else output.name
    alike = likeness(name, wanted.name)
    if output.format and output.format == wanted.format:
        return round(0.43 + 0.57 * alike, 3), f"alike names, both {output.format}"
    return round(alike, 3), "same name" if alike == 1.0 else "alike names"
