"""Rules for connections, and proposals: by files that nodes write and read, or similar names.

The browser has the same rules in src/document/edges.ts. tests/cases/edges.json tests both.
"""

import posixpath
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from nbyard.domain.arguments.structs import ANY, Argument
from nbyard.domain.attempts.undeclared_files import OpenedFile
from nbyard.domain.workflows.structs import DATA, Edge, Node, Proposal
from nbyard.reasons.structs import Reason, because, text_reason

Refusal = Literal["unknown-node", "self", "unknown-port", "direction", "taken", "format", "cycle"]

FOLDER = "folder"
PLAIN_REASONS = {
    "unknown-node": because("edge-unknown-node"),
    "self": because("edge-self"),
    "direction": because("edge-direction"),
    "cycle": because("edge-cycle"),
}
# words that state a role or format, not the content
ROLE_WORDS = frozenset(
    {"input", "output", "in", "out", "path", "file", "data", "dataset", "df", "csv", "json"}
)
# minimum score of a proposal
ENOUGH = 0.6
SIMILAR = 0.5  # two names; less is chance
# scores of proposals from files
SAME_FILE, SAME_NAME = 1.0, 0.8
MAX_PAIRS = 50_000
SAME_NAMES, SIMILAR_NAMES = because("same-names-of-ends"), because("similar-names")

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+|\d+")
Ports = Mapping[str, Sequence[Argument]]


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


class Files(NamedTuple):
    """The files that nodes use. `opened` are files that they did not declare, by node.

    `folders` are the folders of the nodes' code, to resolve relative paths.
    """

    opened: Mapping[str, Sequence[OpenedFile]]
    folders: Mapping[str, str]

    def with_ports(self, ports: Ports) -> dict[str, list[Argument]]:
        """Return the ports by node, with a port for each undeclared file."""
        names = {*ports, *self.opened}
        new = {name: [file.argument() for file in self.opened.get(name, ())] for name in names}
        return {name: [*ports.get(name, ()), *new[name]] for name in names}

    def ends(self, ports: Ports, role: str) -> list["End"]:
        """Return the outputs or inputs (`role`) whose file is known, declared or not."""
        ends = []
        for node, folder in self.folders.items():
            for file in self.opened.get(node, ()):
                if file.role == role:
                    ends.append(End(node, file.name, _joined(folder, file.path), file.path))
            for argument in ports.get(node, ()):
                path = argument.default
                if argument.role != role or not isinstance(path, str) or "://" in path:
                    continue
                # Other defaults are folders, `-` or empty.
                if "." in posixpath.basename(path).strip("."):
                    ends.append(End(node, argument.name, _joined(folder, path)))
        return ends


class End(NamedTuple):
    """An output or input with the path of its file, `place`.

    `undeclared` is the path to declare first, empty for a declared output or input.
    """

    node: str
    port: str
    place: str
    undeclared: str = ""


def _joined(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path))


NO_FILES = Files({}, {})


def name_words(name: str) -> list[str]:
    """Split a name into words: `inputTrainCSV_2` → input, train, csv, 2."""
    return [word.lower() for word in _WORD.findall(_HUMP.sub("_", name))]


@lru_cache(maxsize=4096)
def name_likeness(output: str, wanted: str) -> float:
    """Return the similarity of two names, from 0 to 1. Words such as `input` are ignored."""
    if output == wanted:
        return 1.0
    output_words = [w for w in name_words(output) if w not in ROLE_WORDS]
    other = [w for w in name_words(wanted) if w not in ROLE_WORDS]
    if not output_words or not other:
        return 0.3
    shared = len(set(output_words) & set(other)) / len(set(output_words) | set(other))
    return max(shared, SequenceMatcher(None, "_".join(output_words), "_".join(other)).ratio() * 0.9)


def propose_edges(
    nodes: Mapping[str, Node], edges: Sequence[Edge], ports: Ports, files: Files = NO_FILES
) -> list[Proposal]:
    """Suggest connections for unconnected inputs, best first, without conflicts.

    A file that one node writes and another reads takes precedence over similar names. If two
    outputs fit equally well, none is proposed. With more than 50,000 pairs of outputs and inputs,
    names are not compared.
    """
    drawn = Drawn(nodes, files.with_ports(ports) if files.opened else ports, edges)
    best = {p.edge(): p for p in _by_files(nodes, edges, ports, files)}
    for alike in _candidates(nodes, edges, ports):
        same = best.get(alike.edge())
        if same is None or same.score < alike.score:
            best[alike.edge()] = replace(alike, by_file=same is not None and same.by_file)
    proposals = [p for p in best.values() if drawn.refusal(p.edge()) is None]
    chosen: list[Proposal] = []
    for _ in range(2):
        # one proposal for each input, then one for each output and target node
        clear = list(_unique_best(proposals, lambda p: (p.target, p.input)))
        clear = list(_unique_best(clear, lambda p: (p.source, p.output, p.target)))
        for proposal in sorted(clear, key=_rank):
            if drawn.refusal(proposal.edge()) is None:
                drawn.add(proposal.edge())
                chosen.append(proposal)
        # For inputs that several outputs fit, the second round leaves out those in use.
        used = {(edge.source, edge.output) for edge in [*edges, *(p.edge() for p in chosen)]}
        proposals = [p for p in proposals if (p.source, p.output) not in used]
    return sorted(chosen, key=_rank)


def _rank(proposal: Proposal) -> tuple[float, str]:
    return -proposal.score, repr(proposal.edge())


def _unique_best(
    proposals: Iterable[Proposal], key: Callable[[Proposal], Hashable]
) -> Iterator[Proposal]:
    """Yield the best proposal of each group, unless several are equally good.

    The same file is better than any name.
    """
    groups: dict[Hashable, list[Proposal]] = {}
    for proposal in proposals:
        groups.setdefault(key(proposal), []).append(proposal)
    for group in groups.values():
        best = max((proposal.by_file, proposal.score) for proposal in group)
        first, *others = (each for each in group if (each.by_file, each.score) == best)
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
    proposals = []
    for node, wanted in inputs:
        for source, output in outputs:
            is_dataset = nodes[source].type == "dataset"
            name = (nodes[source].label or source) if is_dataset else output.name
            alike = name_likeness(name, wanted.name)
            score, reason = round(alike, 3), SAME_NAMES if alike == 1.0 else SIMILAR_NAMES
            if output.format and output.format == wanted.format:
                # Unrelated names are just enough with equal formats: 0.43 + 0.57 × 0.3 = 0.601.
                score = round(0.43 + 0.57 * (alike if alike >= SIMILAR else 0.3), 3)
                code = "similar-names-same-format" if alike >= SIMILAR else "same-format"
                reason = because(code, format=output.format)
            if score >= ENOUGH and (source, output.name, node) not in feeds:
                proposals.append(Proposal(source, output.name, node, wanted.name, score, reason))
    return proposals


def _by_files(
    nodes: Mapping[str, Node], edges: Sequence[Edge], ports: Ports, files: Files
) -> Iterator[Proposal]:
    """Yield connections from nodes that write a file to nodes that read it.

    A file with the same name in another folder gets a lower score.
    """
    taken = {(edge.target, edge.input) for edge in edges}
    feeds = {(edge.source, edge.target) for edge in edges}
    by_name: dict[str, list[End]] = {}
    datasets = [
        End(name, DATA, _joined(files.folders.get(name, ""), posixpath.basename(node.path)))
        for name, node in nodes.items()
        if node.type == "dataset" and node.path
    ]
    for output in [*files.ends(ports, "output"), *datasets]:
        by_name.setdefault(posixpath.basename(output.place), []).append(output)
    for wanted in files.ends(ports, "input"):
        name = posixpath.basename(wanted.place)
        for output in by_name.get(name, ()):
            is_open = (wanted.node, wanted.port) not in taken
            is_new = bool(output.undeclared or wanted.undeclared)
            # Such a file may already travel along a connection to another port.
            if not is_open or (is_new and (output.node, wanted.node) in feeds):
                continue
            writer, reader = (
                nodes[end.node].label or posixpath.basename(nodes[end.node].path) or end.node
                for end in (output, wanted)
            )
            is_same = output.place == wanted.place
            score, code = (SAME_FILE, "same-file") if is_same else (SAME_NAME, "file-of-same-name")
            reason = because(code, writer=writer, reader=reader, file=name)
            if nodes[output.node].type == "dataset":
                reason = because("file-of-dataset", reader=reader, file=name)
            ends = (output.node, output.port, wanted.node, wanted.port)
            paths = (output.undeclared, wanted.undeclared)
            # The folder of uploaded code is unknown, so its relative paths may be other files.
            by_file = is_same and posixpath.isabs(output.place)
            yield Proposal(*ends, score, reason, *paths, by_file=by_file)
