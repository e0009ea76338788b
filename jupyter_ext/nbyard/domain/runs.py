"""Runs: one execution of a workflow version or of one executable; tasks and attempts below it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from nbyard.domain.arguments import Argument
from nbyard.domain.attempts import Failure
from nbyard.domain.limits import Limits
from nbyard.domain.states import AttemptState, RunState, TaskState
from nbyard.domain.workflows import Edge, Scope


class ValueOf(msgspec.Struct, frozen=True, tag="value", tag_field="kind"):
    """A plain value."""

    value: Any


class BytesOf(msgspec.Struct, frozen=True, tag="bytes", tag_field="kind"):
    """Stored bytes; `origin` tells people where they came from."""

    digest: str
    filename: str
    origin: str = ""


class ResultOf(msgspec.Struct, frozen=True, tag="result", tag_field="kind"):
    """The output of another task of this run."""

    node: str
    output: str


Binding = ValueOf | BytesOf | ResultOf


class TaskPlan(Limits, frozen=True):
    """A node, frozen: everything its attempts need, decided when the run was created. `reuse` is
    the task of an earlier run whose result it takes over."""

    node: str
    label: str
    executable_id: str
    executable_version_id: str
    arguments: list[Argument]
    bindings: dict[str, Binding]
    runtime: str
    image: str = ""
    requirements: str = ""
    requirements_digest: str = ""
    cache: bool = True
    force: bool = False
    reuse: str = ""

    def needs(self) -> set[str]:
        """The nodes whose results this one takes."""
        return {b.node for b in self.bindings.values() if isinstance(b, ResultOf)}


class NewRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to run: `path` (a workflow, notebook or script below the root) or an executable's id
    or name. `parameters` are workflow parameters or the executable's arguments, of which inputs
    take a dataset's name or a path; `texts` are such values as typed on a command line, read as
    their declared types. A run of higher `priority` (-100 to 100) is served before the others."""

    path: str = ""
    executable: str = ""
    name: str | msgspec.UnsetType = msgspec.UNSET
    parameters: dict[str, Any] = {}
    texts: dict[str, str] = {}
    runtime: str = ""
    image: str = ""
    scope: Scope = "all"
    nodes: list[str] = []
    force: bool = False
    priority: int = 0


class Artifact(msgspec.Struct, frozen=True):
    """Named bytes that came out of a task."""

    id: str
    run_id: str
    node: str
    name: str
    filename: str
    format: str
    digest: str
    size_bytes: int
    created_at: datetime


class Attempt(msgspec.Struct, frozen=True):
    """One try at a task; `reason` says why it was lost or failed, `gpus` which it was granted.
    `folder` holds its record on the machine of the store: log, executed notebook, task, result.
    Its times, about in order: recorded (`created_at`), all staged and handed over (`prepared_at`),
    supervised (`started_at`), its kernel or program there (`working_at`), the work at its end
    (`finished_at`), its outputs kept (`published_at`)."""

    id: str
    task_id: str
    number: int
    state: AttemptState
    runtime: str
    site: str
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    reason: str = ""
    usage: dict[str, float] = {}
    gpus: list[str] = []
    folder: str = ""
    prepared_at: datetime | None = None
    working_at: datetime | None = None
    published_at: datetime | None = None


class Task(msgspec.Struct, frozen=True):
    """One node of a run. `reason` explains the state: why it waits, ran, came from the cache or
    failed; `place` is its place in the queue."""

    id: str
    run_id: str
    node: str
    label: str
    state: TaskState
    cached: bool
    reason: str
    runtime: str
    created_at: datetime
    place: int | None = None
    failure: Failure | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    needs: list[str] = []
    attempts: list[Attempt] = []
    artifacts: list[Artifact] = []
    arguments: dict[str, Any] = {}
    executable_id: str = ""
    executable_version_id: str = ""


class Run(msgspec.Struct, frozen=True):
    """One run; `number` counts all runs of the store, `name` is unique where given."""

    id: str
    number: int
    name: str
    title: str
    owner: str
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
    reason: str = ""
    priority: int = 0
    counts: dict[str, int] = {}


class RunDetail(msgspec.Struct, frozen=True):
    """A run with its tasks in the order of the graph; `edges` are those of its frozen document."""

    run: Run
    tasks: list[Task]
    edges: list[Edge] = []


class LogChunk(msgspec.Struct, frozen=True):
    """Log text of a task's newest attempt from byte `after`; `next` is where to go on.

    `done` tells that nothing more will come.
    """

    text: str
    next: int
    done: bool
    attempt: int = 0


class Cells(msgspec.Struct, frozen=True):
    """The executed notebook as far as it ran (nbformat 4 JSON), null where there is none.

    `done` of the `total` cells as they were written are behind us; `current` is the index in the
    executed notebook of the one that runs.
    """

    notebook: dict[str, Any] | None
    done: int
    total: int
    current: int | None = None


class Activity(msgspec.Struct, frozen=True):
    """How far a running task is: bytes of its log; cells as in `Cells`."""

    run: str
    node: str
    attempt: int
    log_bytes: int
    done: int
    total: int
    current: int | None = None


class TaskOutcome(msgspec.Struct, frozen=True):
    """Just enough of a task to decide what comes next."""

    state: TaskState
    needs: Collection[str]


TERMINAL_BAD = frozenset({"failed", "cancelled", "skipped"})


def advance(tasks: Mapping[str, TaskOutcome]) -> dict[str, Literal["queued", "skipped"]]:
    """Which waiting tasks move now: queued once all they need succeeded, else skipped."""
    moves: dict[str, Literal["queued", "skipped"]] = {}
    states = {node: task.state for node, task in tasks.items()}
    changed = True
    while changed:
        changed = False
        for node, task in tasks.items():
            if states[node] != "waiting":
                continue
            before = [states[need] for need in task.needs]
            if any(state in TERMINAL_BAD for state in before):
                moves[node], states[node], changed = "skipped", "skipped", True
            elif all(state == "succeeded" for state in before):
                moves[node], states[node], changed = "queued", "queued", True
    return moves


def run_state(states: Collection[TaskState], cancelled: bool) -> RunState | None:
    """The final state of a run whose tasks are all done, else None."""
    done = {"succeeded", "failed", "cancelled", "skipped"}
    if not all(state in done for state in states):
        return None
    if "failed" in states:
        return "failed"
    if "cancelled" in states or (cancelled and "skipped" in states):
        return "cancelled"
    return "succeeded"
