"""Lineage graphs: nodes are rows of the store, edges lead from a source to its results.

A node of a lineage is a dataset version, a task, a result and so on, not a node of a workflow.
"""

from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from nbyard.domain.paging import check_choice
from nbyard.domain.runs.origins import GitState

LineageKind = Literal[
    "dataset",
    "file",
    "code",
    "environment",
    "run",
    "task",
    "artifact",
    "model",
    "image",
    "deployment",
]
# Where a lineage can start. A run stands for all its tasks.
LineageStart = Literal["artifact", "dataset", "model", "image", "deployment", "run"]
STARTS: tuple[LineageStart, ...] = get_args(LineageStart)
Direction = Literal["back", "forward"]


class Ref(NamedTuple):
    """A reference to a lineage node. The `key` is the ID of its row, except for a file."""

    kind: LineageKind
    key: str

    @property
    def id(self) -> str:
        """Return the ID of the node in its graph."""
        return f"{self.kind}:{self.key}"


class LineageRun(msgspec.Struct, frozen=True):
    """The run that a task or result belongs to. `git` is the state of its code's repository."""

    id: str
    number: int
    name: str
    title: str
    git: GitState | None = None

    @property
    def label(self) -> str:
        """Return the run's number as text; scratch runs have no number that users know."""
        return f"run {self.number}" if self.number > 0 else "scratch run"


class LineageNode(msgspec.Struct, frozen=True):
    """A node of a lineage graph.

    `subject` is the ID of the dataset, executable, environment, run, artifact, model, image or
    deployment, to open its page. `version` is the version number of a dataset, executable,
    environment or model. `parameters` are the values of a task; a secret is shown as its
    credential's name. `packages` are the versions in an environment by name, if known.

    Edges lead to larger `column`s. A node that the caller may not see has only its kind. A
    deleted node has only the name that a record of its use contains. `more_before` and
    `more_after` count neighbours that the graph leaves out.
    """

    id: str
    kind: LineageKind
    name: str = ""
    column: int = 0
    subject: str = ""
    version: int = 0
    state: str = ""
    cached: bool = False
    file: str = ""
    digest: str = ""
    size_bytes: int | None = None
    created_at: datetime | None = None
    run: LineageRun | None = None
    workflow_node: str = ""
    parameters: dict[str, Any] = {}
    packages: dict[str, str] = {}
    is_start: bool = False
    is_visible: bool = True
    is_deleted: bool = False
    more_before: int = 0
    more_after: int = 0


def hidden_node(kind: LineageKind) -> LineageNode:
    """Return a node that the caller may not see."""
    return LineageNode("", kind, is_visible=False)


class LineageEdge(msgspec.Struct, frozen=True):
    """A connection between nodes, by their IDs. `name` is the name of the input or output."""

    source: str
    target: str
    name: str = ""


class Lineage(msgspec.Struct, frozen=True):
    """The lineage graph of the start nodes. Its nodes are in the order of columns."""

    nodes: list[LineageNode]
    edges: list[LineageEdge]

    @property
    def left_out(self) -> int:
        """Return how many neighbours the graph leaves out."""
        return sum(node.more_before + node.more_after for node in self.nodes)


class Link(msgspec.Struct, frozen=True):
    """A connection that the store records.

    `hint` is a name for the neighbour at its far end, which is shown if that node was deleted.
    """

    source: Ref
    target: Ref
    name: str = ""
    hint: str = ""


class Found(msgspec.Struct, frozen=True):
    """The connections of some nodes in one direction.

    `totals` counts all neighbours of the nodes for which `links` has only some.
    """

    links: list[Link]
    totals: dict[Ref, int] = {}


def check_start(kind: str) -> LineageStart:
    """Check that a lineage can start at this kind of node; return the kind.

    Raises:
        Invalid: no lineage starts at this kind.
    """
    return check_choice("kind", kind, STARTS)
