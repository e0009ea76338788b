"""Runs: executions of a workflow version or of one executable, with tasks and attempts."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.missing_modules import Missing
from nbyard.domain.attempts.monitor_links import MonitorLink
from nbyard.domain.attempts.other_files import OtherFiles
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.callers import Owned
from nbyard.domain.contracts.structs import Contracts, Verdict
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.file_formats import OutputClass, guess_class, is_text_table
from nbyard.domain.limits import Limits
from nbyard.domain.maps.structs import Element, MapPlan
from nbyard.domain.naming.runtime_names import DASK, DOCKER, PROCESS
from nbyard.domain.paging import check_range
from nbyard.domain.presentation import shown
from nbyard.domain.runs.origins import SCRATCH, AskedOrigin, GitState, Origin
from nbyard.domain.state_machines import AttemptState, RunState, TaskState
from nbyard.domain.workflows.active_nodes import Scope
from nbyard.domain.workflows.conditions import nodes_of
from nbyard.domain.workflows.structs import Edge, Mode
from nbyard.reasons.structs import Reason, because, joined, reason_text

ROWS = 100
FILES = 3
MAX_ROWS = 1_000_000
MAX_FILES = 10_000
# Formats of which some rows are a valid file of the same format.
SAMPLED = frozenset({"csv", "tsv", "jsonl", "parquet"})


class Sample(msgspec.Struct, frozen=True):
    """The part of its inputs that a task gets: `rows` of each table, `files` of each folder."""

    rows: int = ROWS
    files: int = FILES

    @property
    def mark(self) -> str:
        """Return a text for cache keys, so that results of a sample are only used for samples."""
        return f"{self.rows} spread rows {self.files} files"


def check_sample(rows: int, files: int) -> Sample:
    """Check the numbers of rows and files; return them as a sample.

    Raises:
        Invalid: a number is out of range.
    """
    for name, count, most in (("rows", rows, MAX_ROWS), ("files", files, MAX_FILES)):
        check_range(name, count, 1, most)
    return Sample(rows, files)


class ValueOf(msgspec.Struct, frozen=True, omit_defaults=True, tag="value", tag_field="kind"):
    """A plain value. `is_default` if it is the argument's default."""

    value: Any
    is_default: bool = False


class BytesOf(msgspec.Struct, frozen=True, tag="bytes", tag_field="kind"):
    """A stored file or folder by digest. `origin` describes its source for users.

    With a `typed` table, the task also gets the column types. `source` is `dataset:VERSION`,
    `artifact:ID` or "".
    """

    digest: str
    filename: str
    origin: str = ""
    typed: bool = False
    source: str = ""

    @property
    def cache_key(self) -> str:
        """Return the digest for cache keys, marked if the task also gets the column types."""
        return f"{self.digest} typed" if self.typed else self.digest


def bytes_of(digest: str, filename: str, origin: str = "", source: str = "") -> BytesOf:
    """Return a stored file as a binding. Text tables are `typed`."""
    return BytesOf(digest, filename, origin, is_text_table(filename), source)


class ResultOf(msgspec.Struct, frozen=True, omit_defaults=True, tag="result", tag_field="kind"):
    """The output of another task of this run. With `each`, elements of a map get those of elements.

    Such an element needs only the element of the same key there.
    """

    node: str
    output: str
    each: bool = False


class SecretOf(msgspec.Struct, frozen=True, tag="secret", tag_field="kind"):
    """A credential, in the `version` that it had when the run was requested.

    The record of a run never contains its secrets.
    """

    credential_id: str
    name: str
    version: int


Binding = ValueOf | BytesOf | ResultOf | SecretOf


def shown_values(bindings: Mapping[str, Binding]) -> dict[str, Any]:
    """Return the values of parameters to show. A secret is shown as its credential's name."""
    values = {k: b.value for k, b in bindings.items() if isinstance(b, ValueOf)}
    return values | {k: b.name for k, b in bindings.items() if isinstance(b, SecretOf)}


class TaskPlan(Limits, frozen=True):
    """A frozen node: the data that its attempts need, fixed when the run was created.

    `reuse` is the ID of an earlier task whose result is used. `pinned` is the number of that
    task's run if the node is pinned to it. `warm` allows warm containers. In a container,
    `requirements_digest` is the lock of its `environment`. `kernel` is set if a notebook runs
    with another kernel than its own. `ports` and `tensorboard` are the links that its executable
    declares. With `sample`, the attempts get only some rows and files. `mixed_files` are the
    paths beside the code that come from another version of the executable, with its ID;
    `mixed_bundle` is the digest of the bundle with them. `when` and `join` decide whether the task
    is skipped; values stand in place of parameters. `contracts` are the rules for its outputs,
    `data_contracts` those for its inputs from datasets.
    """

    node: str
    label: str
    executable_id: str
    executable_version_id: str
    arguments: list[Argument]
    bindings: dict[str, Binding]
    runtime: str
    image: str = ""
    warm: bool = False
    requirements: str = ""
    requirements_digest: str = ""
    environment: UsedEnvironment | None = None
    kernel: str = ""
    force: bool = False
    reuse: str = ""
    pinned: int = 0
    ports: dict[str, int] = msgspec.field(default_factory=dict)
    tensorboard: str = ""
    sample: Sample | None = None
    mixed_files: dict[str, str] = msgspec.field(default_factory=dict)
    mixed_bundle: str = ""
    when: str = ""
    join: Literal["any", "all"] = "any"
    contracts: Contracts = msgspec.field(default_factory=dict)
    data_contracts: Contracts = msgspec.field(default_factory=dict)
    map: MapPlan | None = None
    element: Element | None = None

    @property
    def code_identity(self) -> str:
        """Return what identifies the code and the files beside the code."""
        return f"{self.executable_version_id} {self.mixed_bundle}".rstrip()

    @property
    def is_monitored(self) -> bool:
        """Return whether attempts have links to ports; users could not open those on Dask."""
        return bool(self.ports or self.tensorboard) and self.runtime in (DOCKER, PROCESS)

    @property
    def warning(self) -> Reason | None:
        """Return a warning about settings without effect in the task's runtime; else None."""
        if self.runtime != DASK or self.pinned:
            return None
        reasons = []
        if self.requirements_digest and self.environment:
            reasons.append(because("environment-not-on-dask", name=self.environment.name))
        elif self.requirements_digest:
            reasons.append(because("requirements-not-on-dask"))
        if self.ports or self.tensorboard:
            reasons.append(because("no-links-on-dask"))
        return joined(reasons)

    def edges(self) -> list[Edge]:
        """Return the connections to this task, which may be one of an element."""
        results = ((n, b) for n, b in self.bindings.items() if isinstance(b, ResultOf))
        return [Edge(result.node, result.output, self.node, name) for name, result in results]

    def needs(self) -> set[str]:
        """Return the IDs of the nodes whose results this node and its condition use."""
        return {edge.source for edge in self.edges()} | nodes_of(self.when)

    def optional_needs(self) -> set[str]:
        """Return the IDs of the nodes that may be skipped, as they lead to optional inputs only."""
        if self.join == "all":
            return set()
        required = {a.name for a in self.arguments if a.required}
        needed = {edge.source for edge in self.edges() if edge.input in required}
        return self.needs() - needed - nodes_of(self.when) - self.follows()

    @property
    def decides_by_element(self) -> bool:
        """Return whether the condition is about elements that those of this map follow."""
        return bool(nodes_of(self.when) & self.follows())

    def without(self, nodes: Collection[str]) -> "TaskPlan":
        """Return the plan without the inputs that come from these nodes."""
        gone = {edge.input for edge in self.edges() if edge.source in nodes}
        bindings = {name: own for name, own in self.bindings.items() if name not in gone}
        return msgspec.structs.replace(self, bindings=bindings)

    def follows(self) -> set[str]:
        """Return the IDs of the maps whose elements the elements of this one follow."""
        return {b.node for b in self.bindings.values() if isinstance(b, ResultOf) and b.each}


BY_NODES = "set by each node"


# Fields whose values may be paths of files.
VALUES = ("parameters", "texts")


class NewRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run to start: `path` (a workflow, notebook or script below the root) or an executable.

    `executable` is an ID or a name. `parameters` are workflow parameters or the executable's
    arguments. An input takes a dataset's name or a path. `texts` are such values as typed on a
    command line, parsed as their declared types. `environment`, `kernel` (for notebooks) and
    `image` override those of nodes. `containers` is "fresh" for a new container per node, or
    "warm" to keep containers for the next similar node. Empty means the settings decide. Runs of
    higher `priority` (-100 to 100) go first.

    `pins` selects by node the run (ID, name or number) whose result it uses in this run. Empty
    means none, whatever the workflow says. `force` ignores the cache; pins are still used. `gpu`
    is the number of GPUs for each node that sets none. `arguments` are those of a script or
    Dockerfile without a description. With `replace`, the name moves here from a run that has
    ended; that run keeps its number. `origin` is what sends the request, empty for manual. `sweep`
    has the values of parameters to try, such as `0.01,0.1`, `1..10` or a JSON list. All
    combinations run. In a workflow, their names are `NODE.NAME`.
    """

    path: str = ""
    executable: str = ""
    name: str | msgspec.UnsetType = msgspec.UNSET
    replace: bool = False
    parameters: Annotated[
        dict[str, Any], shown("Parameters", order=21, more=True, widget="parameters", option="")
    ] = {}
    texts: dict[str, str] = {}
    runtime: Annotated[
        str,
        shown(
            "Runtime",
            "A local process, a container, or a Dask cluster.",
            option="",
            order=22,
            more=True,
            empty=BY_NODES,
            widget="runtime",
        ),
    ] = ""
    environment: Annotated[
        str,
        shown(
            "Environment",
            option="",
            order=23,
            more=True,
            picker="environment",
            placeholder=BY_NODES,
        ),
    ] = ""
    kernel: Annotated[
        str,
        shown(
            "Kernel",
            "Used by notebooks in local processes.",
            option="",
            order=24,
            more=True,
            picker="kernel",
            placeholder=BY_NODES,
        ),
    ] = ""
    image: Annotated[
        str,
        shown(
            "Image",
            "For runs in containers.",
            option="",
            order=25,
            more=True,
            picker="image",
            placeholder=BY_NODES,
        ),
    ] = ""
    containers: Literal["", "fresh", "warm"] = ""
    scope: Scope = "all"
    nodes: list[str] = []
    force: bool = False
    priority: int = 0
    pins: dict[str, str] = {}
    gpu: int | None = None
    arguments: list[Argument] = []
    origin: Literal["", AskedOrigin] = ""
    sweep: dict[str, str] = {}


def from_program(body: Any) -> Any:
    """Set the origin `client` of a run that names none; return other request bodies unchanged."""
    is_unnamed = isinstance(body, NewRun) and not body.origin
    return msgspec.structs.replace(body, origin="client") if is_unnamed else body


class ArtifactType(msgspec.Struct, frozen=True, omit_defaults=True):
    """The type of a value that the code passed to `nbyard.output`.

    Data frames have their kind (`frame`), the number of rows, and names and types of columns.
    Arrays have `dtype` and `shape`. `output_class` is the declared class of any output. `verdict`
    is the result of checking its contract.
    """

    media_type: str = ""
    frame: str = ""
    rows: int | None = None
    columns: list[tuple[str, str]] = []
    dtype: str = ""
    shape: list[int] = []
    output_class: OutputClass | Literal[""] = ""
    verdict: Verdict | None = None


MODEL_TYPE = "application/vnd.nbyard.model"  # a folder with a model file, or saved by MLflow


class Artifact(msgspec.Struct, frozen=True):
    """A named file or folder from a task. `type` is set if the code declared it.

    `output_class` is the declared class, or a guess from the file name.
    """

    id: str
    run_id: str
    node: str
    name: str
    filename: str
    format: str
    digest: str
    size_bytes: int
    created_at: datetime
    type: ArtifactType | None = None
    output_class: OutputClass = "data"


def class_of(filename: str, file_format: str, artifact_type: ArtifactType | None) -> OutputClass:
    """Return the declared class of an output, or the guess."""
    if artifact_type is not None and artifact_type.output_class:
        return artifact_type.output_class
    if artifact_type is not None and artifact_type.media_type == MODEL_TYPE:
        return "model"
    return guess_class(filename, file_format)


class Attempt(msgspec.Struct, frozen=True):
    """One attempt at a task. `reason` is why it was lost or failed, `gpus` are its GPUs.

    `folder` contains its record on the store's machine: log, executed notebook, task, result. On a
    shared store, it and `site` are empty.
    Its times, in approximate order: attempt recorded (`created_at`), inputs staged and handed to
    the runtime (`prepared_at`), supervisor started (`started_at`), kernel or program ready
    (`working_at`), task ended (`finished_at`), outputs stored (`published_at`).

    Attempts at functions of one file may share a process, the `worker`. Their `folder` is then
    the worker's, and contains their own files in `calls`. `links` lead to the ports on which the
    attempt listens while it runs.
    """

    id: str
    task_id: str
    number: int
    state: AttemptState
    runtime: str
    site: str
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    reason: Reason | None = None
    usage: dict[str, float] = {}
    gpus: list[str] = []
    folder: str = ""
    worker: str = ""
    prepared_at: datetime | None = None
    working_at: datetime | None = None
    published_at: datetime | None = None
    links: list[MonitorLink] = []

    @property
    def why(self) -> str:
        """Return in English why the attempt failed or was lost."""
        return reason_text(self.reason)


class Task(msgspec.Struct, frozen=True):
    """The task of one node. `reason` is why it ran, was cached or failed.

    `waits` is what a queued task waits for, `place` is its place in the queue. `warning` names
    settings without effect. `pinned` is the number of the run to whose result the node is
    pinned, else null. `arguments` are values of parameters. `inputs` are the data from outside
    the run, kept as long as the record. `other_files` are files that the last attempt wrote
    beside its declared outputs, or null. `element` is set if it is an element of a map.
    """

    id: str
    run_id: str
    node: str
    label: str
    state: TaskState
    cached: bool
    reason: Reason | None
    runtime: str
    created_at: datetime
    waits: Reason | None = None
    place: int | None = None
    pinned: int | None = None
    failure: Failure | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    needs: list[str] = []
    attempts: list[Attempt] = []
    artifacts: list[Artifact] = []
    arguments: dict[str, Any] = {}
    inputs: dict[str, BytesOf] = {}
    executable_id: str = ""
    executable_version_id: str = ""
    warning: Reason | None = None
    environment: UsedEnvironment | None = None
    missing: Missing | None = None
    other_files: OtherFiles | None = None
    element: Element | None = None

    @property
    def why(self) -> str:
        """Return in English why the task is in its state, and what it waits for."""
        return reason_text(self.reason, self.waits)

    @property
    def title(self) -> str:
        """Return the node, with the label of an element."""
        label = self.element.label if self.element else ""
        return f"{self.node} ({label})" if label else self.node


class Run(Owned, frozen=True):
    """One run. `number` counts the runs of the store; scratch runs have negative numbers.

    `name` is unique, if set. The `reason` of a failed run is that of its first failed task. In a
    retry, the reason begins with the retried run. `origin` is what started the run. Clean-ups
    never delete a `kept` run. `git` is the state of the repository of its code. A list with
    `details` has the `metrics` of each node, and the names of `changed` parameters.
    """

    id: str
    number: int
    name: str
    title: str
    state: RunState
    path: str
    workflow_id: str
    workflow_version_id: str
    parameters: dict[str, Any]
    runtime: str
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    reason: Reason | None = None
    priority: int = 0
    kept: bool = False
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    origin: Origin = Origin()
    git: GitState | None = None
    tags: list[str] = msgspec.field(default_factory=list)
    metrics: dict[str, dict[str, float | str]] = msgspec.field(default_factory=dict)
    changed: list[str] = msgspec.field(default_factory=list)

    @property
    def is_scratch(self) -> bool:
        """Return whether the run is kept out of history and deleted automatically."""
        return self.origin.kind in SCRATCH

    @property
    def places(self) -> list[tuple[str, str]]:
        """Return the kinds and IDs of what projects link to have this run."""
        source = ("automation", self.origin.source_id)
        return [("run", self.id), ("workflow", self.workflow_id), source]

    @property
    def scheduled_at(self) -> str:
        """Return the due time of the run in UTC as text, else the time of its creation."""
        moment = (self.origin.due_at or self.created_at).astimezone(UTC)
        return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


class RunDetail(msgspec.Struct, frozen=True):
    """A run with its tasks in topological order. `edges` are the connections that it used.

    `modes` has the modes of its muted and bypassed nodes. `source` is the name of the automation
    that started the run. `is_source_deleted` is true after its deletion.
    """

    run: Run
    tasks: list[Task]
    edges: list[Edge] = []
    modes: dict[str, Mode] = {}
    source: str = ""
    is_source_deleted: bool = False

    @property
    def source_text(self) -> str:
        """Return `source` for people; empty if none is known."""
        return self.source and f"{self.source}{' (deleted)' if self.is_source_deleted else ''}"


class TaskPage(msgspec.Struct, frozen=True):
    """A page of the tasks of a run, in topological order.

    `next` is the cursor of the next page, null on the last. `last` is the number of the newest
    event whose change the tasks include.
    """

    run: Run
    items: list[Task]
    last: int
    next: str | None = None
