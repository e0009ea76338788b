"""Lineage graphs: nodes are what the store knows, edges lead from what was used to what came of it.

A node of a lineage is a dataset version, a task, a result and so on, not a node of a workflow.
"""

from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from nbyard.domain.runs.git_states import GitState
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

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
    """A node by kind and key. The key is an ID, except that of a file."""

    kind: LineageKind
    key: str

    @property
    def id(self) -> str:
        """Return the ID of the node in its graph."""
        return f"{self.kind}:{self.key}"


class LineageRun(msgspec.Struct, frozen=True):
    """The run of a task or result. `git` is the state of the repository of its code."""

    id: str
    number: int
    name: str
    title: str
    git: GitState | None = None

    @property
    def label(self) -> str:
        """Return its number; scratch runs have none that users know."""
        return f"run {self.number}" if self.number > 0 else "scratch run"


class LineageNode(msgspec.Struct, frozen=True):
    """A node of a lineage graph.

    `subject` is the ID that opens its page: that of the dataset, executable, environment, run,
    artifact, model, image or deployment. `version` numbers datasets, executables, environments
    and models. `parameters` are the values of a task; a secret is shown as its credential's name.
    `packages` are the versions in an environment by name, if they are known.

    Edges lead to larger `column`s. A node that the caller may not see has neither name nor facts.
    A node that was deleted has only the name that its user recorded. `more_before` and
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
    """A connection between nodes, by their IDs. `name` is that of the input or output."""

    source: str
    target: str
    name: str = ""


class Lineage(msgspec.Struct, frozen=True):
    """What a start comes from, and what was made with it. Nodes are in the order of columns."""

    nodes: list[LineageNode]
    edges: list[LineageEdge]

    @property
    def left_out(self) -> int:
        """Return how many neighbours of nodes are left out."""
        return sum(node.more_before + node.more_after for node in self.nodes)


class Link(msgspec.Struct, frozen=True):
    """A connection as found in the store; `hint` names its new end if that was deleted."""

    source: Ref
    target: Ref
    name: str = ""
    hint: str = ""


class Found(msgspec.Struct, frozen=True):
    """Connections of some nodes. `totals` counts all neighbours of nodes with more of them."""

    links: list[Link]
    totals: dict[Ref, int] = {}


def check_start(kind: str) -> LineageStart:
    """Return a kind where a lineage can start.

    Raises:
        Invalid: it cannot.
    """
    for known in STARTS:
        if kind == known:
            return known
    raise Invalid.field("kind", because("must-be-one-of", names=[*STARTS]))
