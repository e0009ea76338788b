"""The attempt folder: the contract between dispatcher, runtimes and runner.

task.json        what to do (written first, whole, by the dispatcher)
code/            the code bundle; the work runs in it
inputs/NAME/…    staged inputs        outputs/NAME/…   where outputs are expected
secrets/NAME     leads to files in memory: what the named credentials hold
inputs/NAME/.table.json  of a table in CSV or TSV: the types that were inferred from its rows
outputs/NAME/.type.json  what nbyard.output said of it: format, media type, columns
log              everything the work printed, appended
events.jsonl     one JSON object a line: progress, cells
usage.jsonl      one JSON object a line: CPU, memory and GPUs over time, thinned out when long
metrics.jsonl    one JSON object a line: numbers that the work recorded with nbyard.metric
executed.ipynb   the notebook as far as it ran (replaced whole at most ten times a second)
surroundings.json  machine, environment and code that the attempt was made for
image.json       {name, id, lock} of the image, where a container does the work
heartbeat        touched every few seconds while the runner lives, from its third second on
runner.json      {pid, started, host, boot_id} of the supervisor
others.json      files beside the outputs that stayed where the work was done, by their names
untyped.json     digests of tables of which the work is told no types: inferring took too long
cancel           put there to ask the work to end; its text is the reason
result.json      renamed in last: finished

Functions of one file share a process where they can. The folder of such a worker has moreover:

calls.jsonl      one line a call, added by the dispatcher: an attempt and what to do
more             a FIFO: somebody knocks when there are more lines
results.jsonl    one line a call that is at its end, as in result.json
calls/ID/…       log, inputs and outputs of one attempt, where it has any
"""

from typing import Any, Literal

import msgspec

from nbyard.domain.commands.invocations import Placed
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.environments.structs import Lock

TASK = "task.json"
LOG = "log"
EVENTS = "events.jsonl"
IMAGE_STAGE = "image"
USAGE = "usage.jsonl"
METRICS = "metrics.jsonl"
EXECUTED = "executed.ipynb"
SURROUNDINGS = "surroundings.json"
IMAGE = "image.json"
HEARTBEAT = "heartbeat"
RUNNER = "runner.json"
CANCEL = "cancel"
OTHERS = "others.json"
UNTYPED = "untyped.json"
RESULT = "result.json"
CALLS = "calls.jsonl"
MORE = "more"
RESULTS = "results.jsonl"
PLACES = "calls"
IMAGE_PROGRAM = "{image}"

FailureKind = Literal[
    "error",
    "exit-code",
    "timeout",
    "queue-timeout",
    "memory",
    "contract",
    "kernel-died",
    "preparation",
    "lost",
    "cancelled",
]


class Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An output that must be there at the end; `path` is relative to the attempt folder. With
    `patterns` it is looked for in the working folder and moved into the folder `path`: one file or
    folder, or all that fit when there may be `several`, `only` files or folders. `told` is whether
    cwl.output.json may say so, under its name or its `key`; then what is no file becomes a JSON
    file. So does what is said of
    the files that are found, in the parts of a `value`: `{"is": …}`, or `{"of": path}` below
    `self`, the list of them. `beside` the file of another output it has the name that `pattern`
    makes of that one's, or the `value` where `self` is that file. So have the `companions` of each
    of several, which come along: objects with `pattern`, `value` and `required`. What the
    code writes itself is taken from the file or folder `at`. Files there that are as they were
    in the code bundle have a time of their own, and are left out."""

    path: str
    format: str = ""
    required: bool = True
    patterns: list[str] = []
    value: list[dict[str, Any]] = []
    several: bool = False
    only: Literal["", "file", "folder"] = ""
    told: bool = False
    key: tuple[str, ...] = ()
    beside: str = ""
    pattern: str = ""
    companions: list[dict[str, Any]] = []
    at: str = ""


class ExitCodes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which codes mean success or failure, where that is not 0 and all others."""

    success: tuple[int, ...] = ()
    temporary: tuple[int, ...] = ()
    permanent: tuple[int, ...] = ()


class NotebookWork(
    msgspec.Struct, frozen=True, tag="notebook", tag_field="kind", forbid_unknown_fields=True
):
    """Run `path` (relative to the attempt folder) with `parameters` injected; it asks for what is
    `handed` itself."""

    path: str
    kernel: str
    language: str
    parameters: dict[str, Any]
    handed: dict[str, Any] = {}


class CommandWork(
    msgspec.Struct, frozen=True, tag="command", tag_field="kind", forbid_unknown_fields=True
):
    """Start `argv`; `stdin`, `stdout` and `stderr` are paths relative to the attempt folder;
    `files` were put into the working folder. What is `handed` the program asks for itself, and what
    the files of `secrets` hold it finds in these variables. With a `dockerfile` (a path like them)
    that is done in the image made from it and from the files beside it; `{image}` as the first word
    is what this image starts by itself: its ENTRYPOINT, or its CMD
    where it has none, in its own working directory."""

    argv: list[str]
    environment: dict[str, str] = {}
    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    files: list[Placed] = []
    exit_codes: ExitCodes = ExitCodes()
    dockerfile: str = ""
    handed: dict[str, Any] = {}
    secrets: dict[str, str] = {}


class FunctionWork(
    msgspec.Struct, frozen=True, tag="function", tag_field="kind", forbid_unknown_fields=True
):
    """Call `function` of the Python file `path` (relative to the attempt folder) with `parameters`,
    those in `files` given as `pathlib.Path`. An output that is one of its parameters is given as
    the path to write to; the others are what it returns. `interpreter` is where that is done, empty
    for the runner's own."""

    path: str
    function: str
    parameters: dict[str, Any]
    files: list[str] = []
    interpreter: str = ""


class FunctionsWork(
    msgspec.Struct, frozen=True, tag="functions", tag_field="kind", forbid_unknown_fields=True
):
    """Import the Python file `path` once and do the calls of calls.jsonl, one after the other, as
    they come in; after a while without any it ends."""

    path: str
    interpreter: str = ""


Work = NotebookWork | CommandWork | FunctionWork | FunctionsWork


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of calls.jsonl: an attempt whose work is one call, as in `FunctionWork`. Its folder
    `calls/ID` in that of the worker is there when inputs, outputs or a log lie in it; `{attempt}`
    and paths of outputs are meant in there."""

    attempt_id: str
    token: str
    node: str
    function: str
    parameters: dict[str, Any]
    files: list[str]
    outputs: dict[str, Output]
    timeout_seconds: float | None = None


class TaskFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """task.json. `mark` is a random word placed in the environment of all that the attempt starts
    (NBYARD_MARK), so that a sweep finds what is left; `token` must come back in result.json.

    In parameters, argv and environment values the text `{attempt}` at the start of a path stands
    for the attempt folder as the runner sees it (a container sees another one than the host).
    `{{attempt}` stands for the text `{attempt}`.
    `directory` (relative to the attempt folder) is the working directory.
    `environment` also carries NBYARD_RUN_ID, NBYARD_NODE_ID, NBYARD_WORKFLOW, NBYARD_SCHEDULED_AT.
    `wake` is a folder of datagram sockets to poke when something happened (may be absent or empty).
    `boot_id` names the start of the machine that wrote it: of what was not begun before the next
    start some may be missing.
    """

    attempt_id: str
    token: str
    mark: str
    work: Work
    outputs: dict[str, Output]
    directory: str = "code"
    environment: dict[str, str] = {}
    timeout_seconds: float | None = None
    silence_timeout_seconds: float | None = None
    memory_bytes: int | None = None
    wake: str = ""
    version: int = 1
    boot_id: str = ""


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why work failed, for people: `message` is one line, `traceback` may hold ANSI colours.

    `cell` counts from 0 in the notebook as it was written, `executed_cell` in executed.ipynb, where
    a cell with the parameters' values was put in; for that one there is no `cell`. With `left_out`
    a file or module that was not found lies in a folder of the user, but not in the code bundle.
    """

    kind: str
    message: str
    cell: int | None = None
    executed_cell: int | None = None
    exit_code: int | None = None
    error_name: str = ""
    traceback: str = ""
    left_out: bool = False


class Observed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What work did with its code: files that it opened (`read`; of a moved folder its name and
    `/`) and folders that it `listed`, as paths in `code/`, which itself is `.`. With a `problem`
    not all of it is known. `written` are the files that it wrote and left there, the first 100;
    None where that was not looked at. `passing` are files among the read ones that it made itself
    and removed again."""

    read: list[str] = []
    listed: list[str] = []
    written: list[str] | None = None
    passing: list[str] = []
    problem: str = ""


class Result(msgspec.Struct, frozen=True):
    """result.json; `outputs` lists the names whose file or folder is there, `working_at` is when
    a kernel was ready or a program started, `disclosed` are outputs that hold something secret."""

    attempt_id: str
    token: str
    state: Literal["succeeded", "failed", "cancelled"]
    started_at: float
    finished_at: float
    outputs: list[str] = []
    failure: Failure | None = None
    usage: dict[str, float] = {}
    working_at: float | None = None
    disclosed: list[str] = []
    observed: Observed | None = None


class Image(msgspec.Struct, frozen=True):
    """image.json: the image's name, the engine's id of it, and what its Python says is installed,
    where it has one."""

    name: str
    id: str
    lock: Lock | None = None


class Surroundings(msgspec.Struct, frozen=True):
    """surroundings.json: what a run has to record to be understood later. `lock` is what was
    installed where the work was done; in a container it is that of the `image`. `environment` is
    the one of ours that was used."""

    machine: dict[str, str]
    kernel: str
    interpreter: str
    fingerprint: str
    executable_version_id: str
    code_digest: str
    bundle_digest: str
    lock: Lock | None = None
    image: Image | None = None
    environment: UsedEnvironment | None = None


class RunnerIdentity(msgspec.Struct, frozen=True):
    """runner.json: who supervises; never trust a bare pid."""

    pid: int
    started: float
    host: str
    boot_id: str
