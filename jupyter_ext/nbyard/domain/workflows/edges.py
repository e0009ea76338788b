"""Rules for connections.

The browser has the same rules in src/document/edges.ts. tests/cases/edges.json tests both.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from nbyard.domain.arguments.structs import ANY, Argument
from nbyard.domain.workflows.structs import DATA, Edge, Node
from nbyard.reasons.structs import Reason, because, text_reason

Refusal = Literal["unknown-node", "self", "unknown-port", "direction", "taken", "format", "cycle"]
Ports = Mapping[str, Sequence[Argument]]

FOLDER = "folder"
PLAIN_REASONS = {
    "unknown-node": because("edge-unknown-node"),
    "self": because("edge-self"),
    "direction": because("edge-direction"),
    "cycle": because("edge-cycle"),
}


def reason_of_refusal(refusal: Refusal, edge: Edge, ports: Ports) -> Reason:
    """Return the reason for users why a connection is refused."""
    fields = msgspec.structs.asdict(edge)
    match refusal:
        case "unknown-port":
            return because("edge-unknown-port", **fields)
        case "taken":
            return because("edge-taken", input=edge.input, target=edge.target)
        case "format":
            output = _kind(port_of(ports, edge.source, edge.output))
            wanted = _kind(port_of(ports, edge.target, edge.input))
            params = {"output": edge.output, "given": output}
            return because("edge-format", **params, input=edge.input, wanted=wanted)
    return PLAIN_REASONS[refusal]


def _kind(port: Argument | None) -> Reason:
    if port is None or port.type == "list":
        return because("folder-of-files")
    if port.format == ANY:
        return because("any-file-or-folder")
    return text_reason(port.format) or because("any-file")


def formats_fit(output: str, wanted: str) -> bool:
    """Return whether an input accepts the format of an output.

    Equal formats fit. An empty format fits any format but a folder. An input of format `any`
    accepts files and folders.
    """
    return wanted in (output, ANY) or (FOLDER not in (output, wanted) and not (output and wanted))


def ports_fit(output: Argument, wanted: Argument) -> bool:
    """Return whether an input accepts the data of an output. A single file fits a list."""
    return wanted.type == "list" or formats_fit(output.format, wanted.format)


class Drawn:
    """The connections of a workflow, to check new ones. `ports` are the arguments by node."""

    def __init__(self, nodes: Mapping[str, Node], ports: Ports, edges: Iterable[Edge] = ()):
        self._nodes, self._ports = nodes, ports
        self._taken: set[tuple[str, str]] = set()
        self._after: dict[str, list[str]] = {}
        self._before: dict[str, list[str]] = {}
        for edge in edges:
            self.add(edge)

    def add(self, edge: Edge) -> None:
        """Add a connection without checking it."""
        self._taken.add((edge.target, edge.input))
        self._after.setdefault(edge.source, []).append(edge.target)
        self._before.setdefault(edge.target, []).append(edge.source)

    def refusal(self, edge: Edge) -> Refusal | None:
        """Return the code why a connection may not be added; None if it may."""
        return self._ends(edge) or self._fit(edge)

    def _ends(self, edge: Edge) -> Refusal | None:
        if edge.source not in self._nodes or edge.target not in self._nodes:
            return "unknown-node"
        if edge.source == edge.target:
            return "self"
        output = port_of(self._ports, edge.source, edge.output)
        wanted = port_of(self._ports, edge.target, edge.input)
        if output is None or wanted is None:
            return "unknown-port"
        return None if (output.role, wanted.role) == ("output", "input") else "direction"

    def _fit(self, edge: Edge) -> Refusal | None:
        if (edge.target, edge.input) in self._taken:
            return "taken"
        output = port_of(self._ports, edge.source, edge.output)
        wanted = port_of(self._ports, edge.target, edge.input)
        if output is None or wanted is None:
            return "format"
        if not ports_fit(output, wanted):
            return "format"
        return "cycle" if self._leads(edge.target, edge.source) else None

    def _leads(self, start: str, goal: str) -> bool:
        """Return whether connections lead from one node to another.

        The search alternates between both ends. A long chain costs little, whatever its order.
        """
        ahead, behind = {start}, {goal}
        forward, backward = [start], [goal]
        while forward and backward:
            if _step(forward, ahead, self._after, behind):
                return True
            if _step(backward, behind, self._before, ahead):
                return True
        return False


def _step(
    todo: list[str], seen: set[str], arrows: Mapping[str, list[str]], wanted: set[str]
) -> bool:
    for node in arrows.get(todo.pop(), ()):
        if node in wanted:
            return True
        if node not in seen:
            seen.add(node)
            todo.append(node)
    return False


def data_port(file_format: str) -> Argument:
    """Return the output `data`, the only port of a dataset."""
    return Argument(DATA, role="output", format=file_format)


def port_of(ports: Ports, node: str, name: str) -> Argument | None:
    """Return the input or output with a name, None if the node has no such port."""
    matches = (a for a in ports.get(node, ()) if a.name == name and a.role != "value")
    return next(matches, None)
