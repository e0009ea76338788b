"""The workflow document: its content, strict parsing, and the rules of its graph.

A document is JSON with `version` 1 and the blocks `meta`, `nodes`, `edges`, `positions`,
`comments` and `groups`. A node names a file (`path`, relative to the document's folder) or a
stored object.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar, Literal

import msgspec

from nbyard.domain.arguments.structs import Argument, ValueType
from nbyard.domain.attempts.undeclared_files import Undeclared
from nbyard.domain.callers import Owned
from nbyard.domain.contracts.structs import Contracts
from nbyard.domain.environments.references import EnvironmentDefault, UsedEnvironment
from nbyard.domain.file_formats import OutputClass
from nbyard.domain.limits import Limits
from nbyard.domain.maps.structs import Map
from nbyard.domain.parsing.strict_json import read_json
from nbyard.domain.workflows.conditions import nodes_of
from nbyard.errors import BadRequest, Invalid
from nbyard.field_suggestions import add_key_names, add_suggestions, near_spelling
from nbyard.reasons.structs import Reason

NODE_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}\Z")
# The first character keeps these apart from nodes, because all have entries in `positions`.
COMMENT_ID = re.compile(r"#[A-Za-z0-9_-]{1,63}\Z")
GROUP_ID = re.compile(r"@[A-Za-z0-9_-]{1,63}\Z")
NUMBER = re.compile("([0-9]+)")
DATA = "data"
WORKFLOW = ".nbflow"
MAX_NODES = 10_000
# JavaScript does not treat it as an ordinary key of an object
PROTOTYPE = "__proto__"
Mode = Literal["muted", "bypassed"]
# The packages that its nodes import.
PACKAGES = ("joblib", "pandas", "scikit-learn")
Template = Literal["penguins", "forecast", "wine", "words", "diagnosis", "orders"]
NAME: Template = "penguins"


class Binding(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A value, or the name of the workflow parameter that provides it."""

    value: Any = msgspec.UNSET
    parameter: str | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        if (self.value is msgspec.UNSET) == (self.parameter is msgspec.UNSET):
            raise ValueError("needs either a value or a parameter")


class Parameter(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A workflow parameter: declared once, bound to node values, overridden per run."""

    type: ValueType = "string"
    default: Any = msgspec.UNSET
    help: str = ""
    choices: tuple[Any, ...] = ()

    def argument(self, name: str) -> Argument:
        return Argument(
            name,
            type=self.type,
            default=self.default,
            choices=self.choices,
            help=self.help,
            required=self.default is msgspec.UNSET,
        )


class Meta(msgspec.Struct, frozen=True, omit_defaults=True):
    """Identity and parameters of a workflow, and the environment of nodes that name none.
    The gallery of templates shows the `description`, a sentence. Other programs may store their own
    fields here. Unknown fields are ignored, but near misspellings of these fields are refused."""

    id: str = ""
    title: str = ""
    description: str = ""
    parameters: dict[str, Parameter] = {}
    environment: str = ""


class Pin(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The run (an ID) whose result a node uses instead of running. `number` is its number."""

    run: str
    number: int = 0


class Node(Limits, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A dataset or an executable on the canvas. `version` pins the node to a version by ID,
    `pin` to the result of a run. `environment` is a name, or `name@2` for version 2. `kernel`
    replaces a notebook's own kernel. If `path` is a workflow, a run has its nodes. A dataset node
    names a file (`path`), a `dataset` or an `artifact`, by ID or name.

    A `muted` node and the nodes that depend on it do not run. A `bypassed` node does not run; its
    inputs go to its consumers. A node with a `map` runs once for each element.

    A node is skipped if its condition `when` does not hold, or if all nodes that it depends on are
    skipped; with `join` "all", if any of them is. `contracts` are the rules for its outputs, by
    name."""

    type: Literal["executable", "dataset"]
    path: str = ""
    executable: str = ""
    dataset: str = ""
    artifact: str = ""
    label: str = ""
    arguments: dict[str, Binding] = msgspec.field(default_factory=dict)
    version: str = ""
    runtime: str = ""
    environment: str = ""
    image: str = ""
    requirements: str = ""
    kernel: str = ""
    pin: Pin | None = None
    mode: Mode | None = None
    when: str = ""
    join: Literal["any", "all"] = "any"
    contracts: Contracts = msgspec.field(default_factory=dict)
    map: Map | None = None
    PACKAGES: ClassVar = ("environment", "image", "requirements", "kernel")

    @property
    def names_packages(self) -> bool:
        return any(getattr(self, field) for field in self.PACKAGES)


class Edge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A connection from an output to an input. A dataset's only output is `data`."""

    source: str
    output: str
    target: str
    input: str


class Comment(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A text in Markdown on the canvas, with its width and height in pixels. Runs ignore it."""

    text: str = ""
    size: tuple[float, float] = (240, 120)


class Group(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A frame around nodes, comments and other groups, or one card if `folded`. Runs ignore it.
    An ID in several groups belongs to the first one. Missing IDs and circles are ignored."""

    title: str = ""
    color: Literal["", "blue", "green", "orange", "red", "cyan"] = ""
    folded: bool = False
    nodes: tuple[str, ...] = ()


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A workflow document as read from a `.nbflow` file. Only `meta` may have unknown fields."""

    version: Literal[1]
    meta: Meta = Meta()
    nodes: dict[str, Node] = {}
    edges: dict[str, Edge] = {}
    positions: dict[str, tuple[float, float]] = {}
    comments: dict[str, Comment] | msgspec.UnsetType = msgspec.UNSET
    groups: dict[str, Group] | msgspec.UnsetType = msgspec.UNSET


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem that blocks a run: its reason, and its place (node, edge, field)."""

    reason: Reason
    node: str = ""
    edge: str = ""
    field: str = ""


def read_document(text: str | bytes, strict: bool = False) -> Document:
    """Parse a `.nbflow` text; blank text is an empty document.
    Edges to missing nodes are left out, or refused when `strict`.

    Raises:
        Invalid: the document is malformed. The error names the place.
    """
    try:
        plain = _parse_versioned(text)
        document = msgspec.convert(plain, Document)
    except BadRequest as error:
        raise Invalid.field("document", error.reason) from None
    except msgspec.ValidationError as error:
        named = add_key_names(str(error), plain, Document, {"version": 1})
        message = add_suggestions(named, Document)
        raise Invalid.field("document", str(message)) from None
    known = Meta.__struct_fields__
    for name in plain.get("meta", {}):
        if name not in known and (near := near_spelling(name, known)):
            raise Invalid.field("document.meta", f"unknown field {name!r}; did you mean {near}?")
    if len(document.nodes) > MAX_NODES:
        raise Invalid.field("document.nodes", f"more than {MAX_NODES} nodes")
    _check_ids(document)
    edges = {
        key: edge
        for key, edge in document.edges.items()
        if edge.source in document.nodes and edge.target in document.nodes
    }
    if strict and (lost := sorted(document.edges.keys() - edges)):
        raise Invalid.field(
            "document.edges", f"the connection {lost[0][:150]!r} has no node at one of its ends"
        )
    return msgspec.structs.replace(document, edges=edges)


def _check_ids(document: Document) -> None:
    for name in document.nodes:
        if not NODE_ID.match(name) or name == PROTOTYPE:
            raise Invalid.field("document.nodes", f"{name[:70]!r} is not a valid node ID")
    for block, pattern, names in (
        ("comment", COMMENT_ID, document.comments),
        ("group", GROUP_ID, document.groups),
    ):
        for name in names or ():
            if not pattern.match(name):
                raise Invalid.field(
                    f"document.{block}s", f"{name[:70]!r} is not a valid {block} ID"
                )
    if PROTOTYPE in document.edges:
        raise Invalid.field("document.edges", f"{PROTOTYPE!r} is not a valid connection ID")


def _parse_versioned(text: str | bytes) -> Any:
    if not text.strip():
        return {"version": 1}
    plain = read_json(text)
    version = plain.get("version") if isinstance(plain, dict) else None
    if isinstance(version, int | float) and not isinstance(version, bool):
        if version != 1:
            raise BadRequest(f"version {version} is not known; upgrade nbyard")
        plain["version"] = 1  # 1.0 is the same number
    return plain


def dependencies(document: Document) -> list[Edge]:
    """Return the connections, and those from nodes that conditions name, without ports."""
    edges = list(document.edges.values())
    for name, node in document.nodes.items():
        with suppress(Invalid):  # reported as a problem of the node
            named = sorted(nodes_of(node.when) & document.nodes.keys())
            edges += [Edge(source, "", name, "") for source in named]
    return edges


def with_pins(document: Document, pins: Mapping[str, Pin | None]) -> Document:
    """Return the document with new pins of nodes. `pins` are by node, None removes a pin."""
    changed = {n: msgspec.structs.replace(document.nodes[n], pin=pin) for n, pin in pins.items()}
    return msgspec.structs.replace(document, nodes={**document.nodes, **changed})


def part_for_runs(document: Document) -> Document:
    """Return the document without positions, comments and groups, which do not affect runs."""
    none = msgspec.UNSET
    return msgspec.structs.replace(document, positions={}, comments=none, groups=none)


def topological_order(nodes: Iterable[str], edges: Iterable[Edge]) -> list[str]:
    """Return node IDs in topological order, otherwise in the given order.
    Lists that are sorted as text, with n10 before n2 as by the canvas, are sorted by number.

    Raises:
        Invalid: the connections have a cycle. The message names its nodes.
    """
    given = list(nodes)
    if given == sorted(given):
        numbered: dict[str, list[str | int]] = {
            node: [int(part) if at % 2 else part for at, part in enumerate(NUMBER.split(node))]
            for node in given
        }
        given.sort(key=numbered.__getitem__)
    after: dict[str, list[str]] = {node: [] for node in given}
    missing = dict.fromkeys(after, 0)
    place = {node: at for at, node in enumerate(after)}
    for edge in edges:
        after[edge.source].append(edge.target)
        missing[edge.target] += 1
    # A stack: its last entry is next, so that the entries are in reverse order.
    ready = [node for node in reversed(after) if not missing[node]]
    order: list[str] = []
    while ready:
        node = ready.pop()
        order.append(node)
        for target in sorted(after[node], key=lambda name: place[name], reverse=True):
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    if len(order) < len(missing):
        rest = sorted(node for node, count in missing.items() if count)
        raise Invalid.field(
            "document.edges", f"the connections form a cycle: {', '.join(rest[:8])}"
        )
    return order


def upstream(start: Iterable[str], edges: Iterable[Edge]) -> set[str]:
    """Return the nodes in `start` and all nodes that they depend on."""
    return _reach(start, ((edge.target, edge.source) for edge in edges))


def downstream(start: Iterable[str], edges: Iterable[Edge]) -> set[str]:
    """Return the nodes in `start` and all nodes that depend on them."""
    return _reach(start, ((edge.source, edge.target) for edge in edges))


def _reach(start: Iterable[str], pairs: Iterable[tuple[str, str]]) -> set[str]:
    after: dict[str, list[str]] = {}
    for source, other in pairs:
        after.setdefault(source, []).append(other)
    seen = set(start)
    todo = list(seen)
    while todo:
        for node in after.get(todo.pop(), ()):
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return seen


class Workflow(Owned, frozen=True):
    """A workflow that ran, or was pushed or linked. `document_id` is the ID in its document.

    `pushed_path` is the path among the pushed files of a project; empty for other files. `has_runs`
    is False for a workflow that was only pushed or linked. `same_as` are the IDs of workflows whose
    runs belong to its history: its pushed copies, or the file of a pushed copy before a rename.
    `shown_path` is `path` or, for a pushed file, `PROJECT:PATH`.
    """

    id: str
    document_id: str
    path: str
    title: str
    created_at: datetime
    updated_at: datetime
    pushed_path: str = ""
    has_runs: bool = True
    same_as: list[str] = msgspec.field(default_factory=list)
    shown_path: str = ""


class WorkflowFile(msgspec.Struct, frozen=True):
    """A workflow file that never ran. `path` is relative to the root.

    `pushed_id` is the ID of the workflow that is its pushed copy; empty without such a copy.
    """

    path: str
    title: str
    saved_at: datetime
    pushed_id: str = ""


class PushedFiles(msgspec.Struct, frozen=True):
    """The folder of all pushed files, and the ID of the only project to list; "" for all.

    `hidden` are the workflows that are copies of `sources`, which are listed instead. `same_as` has
    the hidden workflows by the ID of the listed one.
    """

    folder: str
    project: str
    hidden: Collection[str] = ()
    sources: Collection[str] = ()
    same_as: Mapping[str, list[str]] = {}


class CheckWorkflow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A workflow to check: its path below the root and its present text, saved or not."""

    path: str
    document: str


class NodeView(msgspec.Struct, frozen=True):
    """A node as the canvas shows it. A dataset's only argument is its output `data`.
    `image`, `environment`, `cpu`, `memory_bytes` and `gpu` (a number of GPUs) are the
    executable's, if the node sets none. `hinted_image` is the default image in containers.
    `undeclared` are files that the node opened in its last success, or missed in a later failure.
    `is_idle`: a node before it is muted. `tag_cell`: the cell to tag as parameters cell, with
    the parameters `tag_names`.
    `passed_on` are the outputs that nodes of a sub-workflow pass to each other.

    `default_environment` applies if neither the node nor its executable names packages.
    `used_environment` is the version that a run would use, and what names it."""

    name: str
    kind: str
    arguments: list[Argument]
    hints: list[Reason] = []
    executable: str = ""
    dataset: str = ""
    problem: Reason | None = None
    image: str = ""
    environment: str = ""
    hinted_image: str = ""
    undeclared: Undeclared | None = None
    is_idle: bool = False
    cpu: float | None = None
    memory_bytes: int | None = None
    gpu: int | None = None
    tag_cell: int | None = None
    tag_names: list[str] = []
    passed_on: list[str] = []
    default_environment: EnvironmentDefault | None = None
    used_environment: UsedEnvironment | None = None


class NodeLine(msgspec.Struct, frozen=True):
    """A node of a saved workflow in a list. `after` are its dependencies.
    `runtime` and `image` are empty if the run's options decide. `outputs` are the classes of its
    outputs by name."""

    node: str
    kind: str
    executable: str
    runtime: str
    image: str
    after: list[str]
    problem: Reason | None = None
    outputs: dict[str, OutputClass] = {}


class NeededImage(msgspec.Struct, frozen=True):
    """An image in which `nodes` of a workflow run: `base`, or an image built on it (`is_built`).
    The build adds `requirements` (the text of a file) and packages for notebooks. With a
    `dockerfile`, that path in the folder with the digest `bundle` is built instead."""

    base: str
    requirements: str
    for_notebooks: bool
    is_built: bool
    nodes: tuple[str, ...] = ()
    dockerfile: str = ""
    bundle: str = ""


class Proposal(msgspec.Struct, frozen=True):
    """A proposed connection. `score` is between 0 and 1, 1 for the best fit.
    Files to declare first: `writes` as an output of the source, `reads` as a target's input.
    `by_file`: both ends name the same file, not only the same name in another folder."""

    source: str
    output: str
    target: str
    input: str
    score: float
    reason: Reason
    writes: str = ""
    reads: str = ""
    by_file: bool = False

    def edge(self) -> Edge:
        return Edge(self.source, self.output, self.target, self.input)


class WorkflowCheck(msgspec.Struct, frozen=True):
    """The nodes of a workflow, their problems, and proposed connections.
    `copy_of` is the path of the original, if the file is a copy of another workflow's file."""

    nodes: dict[str, NodeView]
    problems: list[Problem]
    proposals: list[Proposal]
    copy_of: str = ""


class NewExample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A copy of a template to create in `folder`, by default the root or working directory.

    Its nodes run in `environment`, by default with the packages of their kernel.
    """

    folder: str = ""
    environment: str = ""
    template: Template = NAME


class ExampleTemplate(msgspec.Struct, frozen=True):
    """A template with its workflow, as it is copied."""

    name: Template
    document: Document


class Example(msgspec.Struct, frozen=True):
    """The created copy of a template. `path` is the path of its workflow."""

    path: str


class ExampleNeeds(msgspec.Struct, frozen=True):
    """The packages that the templates need, and those that their kernel lacks."""

    packages: list[str]
    missing: list[str]


class FilesOfWorkflow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Notebooks, scripts and folders from which to create the workflow file `path`.

    The default of `path` is named after the folder that contains all `files`.
    """

    files: list[str]
    path: str = ""


class ConnectedFiles(msgspec.Struct, frozen=True):
    """A created workflow: its `path`, nodes, number of connections, and results.

    `results` are declared outputs that no node reads, as `node.output`. `project` is the folder
    that became a project.
    """

    path: str
    nodes: list[str]
    connections: int
    results: list[str]
    project: str = ""
