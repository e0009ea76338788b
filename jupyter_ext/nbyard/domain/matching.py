"""Arrows proposed by the likeness of names, types and formats, with the reason in words."""

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from nbyard.domain.arguments import Argument
from nbyard.domain.edges import check_edge
from nbyard.domain.workflows import Edge, Node, Proposal

ROLE_WORDS = frozenset(
    {"input", "output", "in", "out", "path", "file", "data", "dataset", "df", "csv", "json"}
)
ENOUGH = 0.6


def words(name: str) -> list[str]:
    """`inputTrainCSV_2` → input, train, csv, 2."""
    return [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


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


def propose(
    nodes: Mapping[str, Node],
    edges: Sequence[Edge],
    ports: Mapping[str, Sequence[Argument]],
) -> list[Proposal]:
    """The best arrows for inputs that have none, best first; no two of them clash."""
    found = sorted(_candidates(nodes, edges, ports), key=lambda p: (-p.score, p.edge().__repr__()))
    drawn, chosen = list(edges), []
    for proposal in found:
        if check_edge(proposal.edge(), drawn, nodes, ports) is None:
            drawn.append(proposal.edge())
            chosen.append(proposal)
    return chosen


def _candidates(
    nodes: Mapping[str, Node], edges: Sequence[Edge], ports: Mapping[str, Sequence[Argument]]
) -> list[Proposal]:
    taken = {(edge.target, edge.input) for edge in edges}
    outputs = [
        (node, argument)
        for node in nodes
        for argument in ports.get(node, ())
        if argument.role == "output"
    ]
    found = []
    for node, item in nodes.items():
        inputs = [a for a in ports.get(node, ()) if a.role == "input"]
        for wanted in (a for a in inputs if (node, a.name) not in taken):
            for source, output in outputs:
                label = nodes[source].label or source
                score, reason = _score(label, output, wanted, nodes[source].type == "dataset")
                if source != node and item.type == "executable" and score >= ENOUGH:
                    found.append(Proposal(source, output.name, node, wanted.name, score, reason))
    return found


def _score(label: str, output: Argument, wanted: Argument, dataset: bool) -> tuple[float, str]:
    alike = likeness(label if dataset else output.name, wanted.name)
    if output.format and output.format == wanted.format:
        return round(min(1.0, alike + 0.3), 3), f"alike names, both {output.format}"
    return round(alike, 3), "same name" if alike == 1.0 else "alike names"
