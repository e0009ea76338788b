"""Runs: one execution of a workflow version or of one executable; tasks and attempts below it."""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.missing_modules import Missing
from nbyard.domain.attempts.monitors import MonitorLink
from nbyard.domain.attempts.other_files import OtherFiles
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.file_formats import TEXT_TABLES, format_of
from nbyard.domain.limits import Limits
from nbyard.domain.runtime_names import DASK, DOCKER, PROCESS
from nbyard.domain.states import AttemptState, RunState, TaskState
from nbyard.domain.workflows.structs import Edge, Scope


class ValueOf(msgspec.Struct, frozen=True, omit_defaults=True, tag="value", tag_field="kind"):
    """A plain value; `is_default` where the argument's default stands in for a given value."""

    value: Any
    is_default: bool = False


class BytesOf(msgspec.Struct, frozen=True, tag="bytes", tag_field="kind"):
    """Stored bytes; `origin` tells people where they came from. Of a table that is `typed` the work
    is told the types of the columns."""

    digest: str
    filename: str
    origin: str = ""
    typed: bool = False

    @property
    def key(self) -> str:
        """What of it a result depends on."""
        return f"{self.digest} typed" if self.typed else self.digest


def bytes_of(digest: str, filename: str, origin: str = "") -> BytesOf:
    """Stored bytes, of which the work is told the types where they are a text table."""
    return BytesOf(digest, filename, origin, format_of(filename) in TEXT_TABLES)


class ResultOf(msgspec.Struct, frozen=True, tag="result", tag_field="kind"):
    """The output of another task of this run."""

    node: str
    output: str


class SecretOf(msgspec.Struct, frozen=True, tag="secret", tag_field="kind"):
    """A credential, in the `version` that it had when the run was asked for. What is secret in it
    stands nowhere in the record of a run."""

    credential_id: str
    name: str
    version: int


Binding = ValueOf | BytesOf | ResultOf | SecretOf


class TaskPlan(Limits, frozen=True):
    """A node, frozen: everything its attempts need, decided when the run was created. `reuse` is
    the task of an earlier run whose result it takes over, `pinned` the number of that run where
    the node is pinned to it. `warm` lets it share containers. Where it runs in a container,
    `requirements_digest` is that of the lock of its `environment`. A notebook runs with `kernel`
    where that is not its own. `ports` and `tensorboard` are
    what its executable declares to have links while it runs."""

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

    @property
    def is_monitored(self) -> bool:
        """Whether its attempts have links: nobody could follow those of a Dask worker."""
        return bool(self.ports or self.tensorboard) and self.runtime in (DOCKER, PROCESS)

    @property
    def warning(self) -> str:
        """What of it will not count where it runs; empty when all does."""
        if self.runtime != DASK or self.pinned:
            return ""
        words = []
        if self.requirements_digest:
            used = self.environment
            what = f"the environment {used.name}" if used else "its requirements file"
            words.append(
                f"{what} is not installed on the Dask workers: what it names has to be there"
                " already"
            )
        if self.ports or self.tensorboard:
            words.append("there are no Monitor links to work on a Dask worker")
        return "; ".join(words)

    def needs(self) -> set[str]:
        """The nodes whose results this one takes."""
        return {b.node for b in self.bindings.values() if isinstance(b, ResultOf)}


class NewRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to run: `path` (a workflow, notebook or script below the root) or an executable's id
    or name. `parameters` are workflow parameters or the executable's arguments, of which inputs
    take a dataset's name or a path; `texts` are such values as typed on a command line, read as
    their declared types. `environment`, `kernel` (of notebooks) and `image` go before those that
    nodes name. `containers`:
    each step has a fresh one, or one that is kept warm for the next step like it; empty leaves that
    to the settings. A run of higher `priority` (-100 to 100) is served before the others. `pins`
    says for this run, by node, of which run (id, name or number) it takes the result; empty: of
    none, whatever the workflow says. `force` takes nothing from the cache; pins are obeyed. `gpu`
    is how many GPUs each node gets that does not say it. `arguments` are those of a script or
    Dockerfile that nothing describes. With `replace` the name is taken over from a run that has
    ended; that one keeps its number."""

    path: str = ""
    executable: str = ""
    name: str | msgspec.UnsetType = msgspec.UNSET
    replace: bool = False
    parameters: dict[str, Any] = {}
    texts: dict[str, str] = {}
    runtime: str = ""
    environment: str = ""
    kernel: str = ""
    image: str = ""
    containers: Literal["", "fresh", "warm"] = ""
    scope: Scope = "all"
    nodes: list[str] = []
    force: bool = False
    priority: int = 0
    pins: dict[str, str] = {}
    gpu: int | None = None
    arguments: list[Argument] = []


class CheckedRun(msgspec.Struct, frozen=True):
    """What a run that could begin would be called, and its nodes."""

    title: str
    nodes: list[str]


class ArtifactType(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a value was when `nbyard.output` handed it over: its media type; of a data frame its
    kind, rows, and names and types of its columns; of an array its type and shape."""

    media_type: str = ""
    frame: str = ""
    rows: int | None = None
    columns: list[tuple[str, str]] = []
    dtype: str = ""
    shape: list[int] = []


# of a folder with a model file, or that MLflow saved
MODEL_TYPE = "application/vnd.nbyard.model"
_MODEL_FORMATS = frozenset({"joblib", "mlflow", "model", "pickle", "pkl"})


class Artifact(msgspec.Struct, frozen=True):
    """Named bytes that came out of a task; `type` where code told what they are. `may_be_model`
    tells whether they look like a model that can be served."""

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
    may_be_model: bool = False


def may_be_model(file_format: str, told: ArtifactType | None) -> bool:
    """Whether a file of that format, or a folder of that type, may be a model."""
    return file_format in _MODEL_FORMATS or (told is not None and told.media_type == MODEL_TYPE)


class Attempt(msgspec.Struct, frozen=True):
    """One try at a task; `reason` says why it was lost or failed, `gpus` which it was granted.
    `folder` holds its record on the machine of the store: log, executed notebook, task, result.
    Its times, about in order: recorded (`created_at`), all staged and handed over (`prepared_at`),
    supervised (`started_at`), its kernel or program there (`working_at`), the work at its end
    (`finished_at`), its outputs kept (`published_at`). Attempts at functions of one file may share
    a process, the `worker`: then the folder is its, with what is theirs alone in `calls`. `links`
    lead to the ports that it listens at while it runs."""

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
    worker: str = ""
    prepared_at: datetime | None = None
    working_at: datetime | None = None
    published_at: datetime | None = None
    links: list[MonitorLink] = []


class Task(msgspec.Struct, frozen=True):
    """One node of a run. `reason` explains the state: why it waits, ran, came from the cache or
    failed; `warning` says what was asked for and does not count there; `place` is its place in the
    queue; `pinned` the number of the run to whose result it is pinned, else null. `arguments` are
    the values that it was given, `inputs` the data, kept as long as the record. `other_files` are
    those that the last attempt wrote beside its declared outputs, null where there are none."""

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
    warning: str = ""
    environment: UsedEnvironment | None = None
    missing: Missing | None = None
    other_files: OtherFiles | None = None


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

    @property
    def scheduled_at(self) -> str:
        """The time of its submission in UTC, as no schedule starts runs."""
        found = self.created_at.astimezone(UTC)
        return found.isoformat(timespec="seconds").replace("+00:00", "Z")


class RunDetail(msgspec.Struct, frozen=True):
    """A run with its tasks in the order of the graph; `edges` are those of its frozen document."""

    run: Run
    tasks: list[Task]
    edges: list[Edge] = []


class TaskPage(msgspec.Struct, frozen=True):
    """Tasks of a run in the order of the graph; `next` is the cursor of the following page, null
    on the last, and `last` the newest event that they tell of."""

    run: Run
    items: list[Task]
    last: int
    next: str | None = None


class LogChunk(msgspec.Struct, frozen=True):
    """Log text of an attempt at a task, whole lines where it holds any: from byte `start` up to
    `next`, which is where to go on.

    `done` tells that nothing more will come after it; `over` that the task is at its end, so that
    no attempt follows the newest.
    """

    text: str
    next: int
    done: bool
    attempt: int = 0
    start: int = 0
    over: bool = False


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
    """How far a running task is: bytes of its log; cells as in `Cells`; where it can be seen."""

    run: str
    node: str
    attempt: int
    log_bytes: int
    done: int
    total: int
    current: int | None = None
    links: list[MonitorLink] = []
