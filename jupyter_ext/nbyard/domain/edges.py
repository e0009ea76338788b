"""Which arrow may be drawn. The browser's twin is src/document/edges.ts; both read
tests/cases/edges.json."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from nbyard.domain.arguments import Argument
from nbyard.domain.workflows import DATA, Edge, Node, downstream

Refusal = Literal["unknown-node", "self", "unknown-port", "direction", "taken", "format", "cycle"]
Ports = Mapping[str, Sequence[Argument]]

FOLDER = "folder"
WORDS: dict[str, str] = {
    "unknown-node": "an arrow needs a node at both ends",
    "self": "a node cannot feed itself",
    "unknown-port": "{edge.source}.{edge.output} → {edge.target}.{edge.input}: no such port",
    "direction": "arrows go from an output to an input",
    "taken": "{edge.input} of {edge.target} already has an arrow",
    "format": "the output {edge.output} does not fit the input {edge.input}: other formats",
    "cycle": "the arrows would form a circle",
}


def in_words(refusal: Refusal, edge: Edge) -> str:
    return WORDS[refusal].format(edge=edge)


def formats_fit(output: str, wanted: str) -> bool:
    """Equal, or one is open and neither is a folder."""
    return output == wanted or (FOLDER not in (output, wanted) and not (output and wanted))


def check_edge(
    edge: Edge, edges: Iterable[Edge], nodes: Mapping[str, Node], ports: Ports
) -> Refusal | None:
    """Why the arrow may not be added to `edges`, or None. `ports` are the arguments by node; a
    dataset has the one output `data`."""
    if edge.source not in nodes or edge.target not in nodes:
        return "unknown-node"
    if edge.source == edge.target:
        return "self"
    output, wanted = _port(ports, edge.source, edge.output), _port(ports, edge.target, edge.input)
    if output is None or wanted is None:
        return "unknown-port"
    if output.role != "output" or wanted.role != "input":
        return "direction"
    others = list(edges)
    if any((o.target, o.input) == (edge.target, edge.input) for o in others):
        return "taken"
    if not formats_fit(output.format, wanted.format):
        return "format"
    return "cycle" if edge.source in downstream([edge.target], others) else None


def data_port(file_format: str) -> Argument:
    """The only output of a dataset."""
    return Argument(DATA, role="output", format=file_format)


def _port(ports: Ports, node: str, name: str) -> Argument | None:
    found = (a for a in ports.get(node, ()) if a.name == name and a.role != "value")
    return next(found, None)
