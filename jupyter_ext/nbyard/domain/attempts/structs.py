"""The attempt folder: the contract between dispatcher, runtimes and runner.

task.json        what to do (written first, whole, by the dispatcher)
code/            the code bundle; the task runs in it
inputs/NAME/…    staged inputs        outputs/NAME/…   where outputs are expected
secrets/NAME     link to a file in memory with the content of a credential
inputs/NAME/.table.json  column types inferred from the rows of a CSV or TSV table
outputs/NAME/.type.json  format, media type and columns set by nbyard.output
log              everything the task printed, appended
events.jsonl     one JSON object a line: progress, cells
usage.jsonl      one JSON object a line: CPU, memory and GPUs over time, thinned out when long
metrics.jsonl    one JSON object a line: numbers that the task recorded with nbyard.log_metric
executed.ipynb   the notebook as far as it ran (replaced whole at most ten times a second)
surroundings.json  machine, environment and code of the attempt
image.json       {name, id, lock} of the image, if a container runs the task
heartbeat        touched every few seconds while the runner lives, from its third second on
runner.json      {pid, started, host, boot_id} of the supervisor
others.json      names of files beside the outputs that stayed where the task ran
untyped.json     digests of tables without types for the task: inferring took too long
cancel           request to stop the task; the reason as JSON: `code`, `params` and `text`
result.json      renamed in last: finished

Functions of one file share a process where possible. The folder of such a worker also has:

calls.jsonl      one line a call, added by the dispatcher: an attempt and what to do
more             a FIFO that wakes the worker when there are more lines
results.jsonl    one line for each finished call, as in result.json
calls/ID/…       log, inputs and outputs of one attempt, if it has any
"""

from typing import Any, Literal

import msgspec

from nbyard.domain.attempts.outside_files import OutsideFile, OutsideUse
from nbyard.domain.commands.invocations import PlacedFile
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.environments.structs import Lock
from nbyard.domain.file_formats import OutputClass
from nbyard.reasons.structs import Reason

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
# first word of a command: the image's own program
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
    """An output that must exist at the end. `path` is relative to the attempt folder.

    With `patterns`, the runner finds the output in the working folder and moves it to `path`. The
    output is one file or folder, or all matches if `several`; `only` restricts them to files or
    folders. The program may describe the output in the JSON file `declared_in`, under its name or
    its `key`. A `value` is evaluated with the matches as `self`. It has parts: `{"is": …}`, or
    `{"of": path}` below `self`. A value that is not a file becomes a JSON file.

    The name of an output `beside` another one is derived from that file, by `pattern` or `value`.
    Each item of several may have `companions`: objects with `pattern`, `value` and `required`.
    Files that the code writes itself are taken from the file or folder `at`. Files there that are
    unchanged since the code bundle carry a distinct time and are left out.
    """

    path: str
    format: str = ""
    required: bool = True
    patterns: list[str] = []
    value: list[dict[str, Any]] = []
    several: bool = False
    only: Literal["", "file", "folder"] = ""
    declared_in: str = ""
    key: tuple[str, ...] = ()
    beside: str = ""
    pattern: str = ""
    companions: list[dict[str, Any]] = []
    at: str = ""
    output_class: OutputClass | Literal[""] = ""


class ExitCodes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exit codes that mean success or failure.

    By default, 0 is success and all others are failures.
    """

    success: tuple[int, ...] = ()
    temporary: tuple[int, ...] = ()
    permanent: tuple[int, ...] = ()


class NotebookWork(
    msgspec.Struct, frozen=True, tag="notebook", tag_field="kind", forbid_unknown_fields=True
):
    """Run the notebook `path` (relative to the attempt folder) with `parameters` injected.

    The code fetches the `handed` values itself.
    """

    path: str
    kernel: str
    language: str
    parameters: dict[str, Any]
    handed: dict[str, Any] = {}


class CommandWork(
    msgspec.Struct, frozen=True, tag="command", tag_field="kind", forbid_unknown_fields=True
):
    """Start `argv`. `stdin`, `stdout` and `stderr` are paths relative to the attempt folder.

    `files` were put into the working folder. The program fetches the `handed` values itself.
    `secrets` maps variables to the files whose content they receive. With a `dockerfile` (also
    relative), the command runs in the image built from it and the files beside it. `{image}` as the
    first word is the image's own program. It is the ENTRYPOINT, or the CMD if there is none, in the
    image's own working directory.
    """

    argv: list[str]
    environment: dict[str, str] = {}
    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    files: list[PlacedFile] = []
    exit_codes: ExitCodes = ExitCodes()
    dockerfile: str = ""
    handed: dict[str, Any] = {}
    secrets: dict[str, str] = {}


class FunctionWork(
    msgspec.Struct, frozen=True, tag="function", tag_field="kind", forbid_unknown_fields=True
):
    """Call `function` of the Python file `path` with `parameters`.

    `path` is relative to the attempt folder. Parameters in `files` are passed as
    `pathlib.Path`. An output that is a parameter is passed as the path to write to. The others
    are return values. `interpreter` runs the call; empty means the runner's own.
    """

    path: str
    function: str
    parameters: dict[str, Any]
    files: list[str] = []
    interpreter: str = ""


class FunctionsWork(
    msgspec.Struct, frozen=True, tag="functions", tag_field="kind", forbid_unknown_fields=True
):
    """Import the Python file `path` once and run the calls of calls.jsonl as they arrive.

    Calls run one after the other. The worker ends after a while without calls. Of the files that
    a call writes in `code/` and its `folders`, the worker copies at most `most_bytes` and
    `most_files` into the folder of the call.
    """

    path: str
    interpreter: str = ""
    most_bytes: int = 0
    most_files: int = 0
    folders: list[str] = []


Work = NotebookWork | CommandWork | FunctionWork | FunctionsWork


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of calls.jsonl: an attempt whose task is one call, as in `FunctionWork`.

    Its folder `calls/ID` in the worker's folder exists if inputs, outputs or a log are in it.
    `{attempt}` and output paths refer to that folder.
    """

    attempt_id: str
    token: str
    node: str
    function: str
    parameters: dict[str, Any]
    files: list[str]
    outputs: dict[str, Output]
    timeout_seconds: float | None = None


class TaskFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of task.json.

    `mark` is a random word in the environment of all processes of the attempt (NBYARD_MARK). A
    sweep uses it to find leftover processes. `token` must be returned in result.json.

    In parameters, argv and environment values, the text `{attempt}` at the start of a path
    stands for the attempt folder. It is the path that the runner sees: a container sees another
    path than the host. `{{attempt}` stands for the text `{attempt}`.

    - `directory` (relative to the attempt folder) is the working directory.
    - `environment` also carries NBYARD_RUN_ID, NBYARD_NODE_ID, NBYARD_WORKFLOW and
      NBYARD_SCHEDULED_AT.
    - `wake` is a folder of datagram sockets to notify on events (may be absent or empty).
    - `boot_id` identifies the boot of the machine that wrote the file. If the attempt has not
      begun before the next boot, some files may be missing.
    - `outside` are absolute paths that the code names. The runner records how they are used.
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
    outside: list[str] = []


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a task failed: a `reason` of the catalogue. `traceback` may contain ANSI colours.

    `cell` counts from 0 in the notebook as written. `executed_cell` counts in executed.ipynb,
    which has an extra cell with the parameter values; that cell has no `cell`. With `left_out`,
    the missing file or module is in a folder of the user, but not in the code bundle.
    """

    kind: str
    reason: Reason
    cell: int | None = None
    executed_cell: int | None = None
    exit_code: int | None = None
    error_name: str = ""
    traceback: str = ""
    left_out: bool = False

    @property
    def message(self) -> str:
        """Return the reason in English."""
        return str(self.reason)


class Observed(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a task used its code folder: files that it `read`, folders that it `listed`.

    Paths are in `code/`, which itself is `.`. A moved folder is in `read` as its name and `/`. With
    a `problem`, the record is incomplete. `written` are the first 100 files that the task wrote and
    left there; None if not recorded. `passing` are files in `read` that the task created and
    removed again. `outside` are the states outside the code folder that the result depends on, by
    absolute path.
    """

    read: list[str] = []
    listed: list[str] = []
    written: list[str] | None = None
    passing: list[str] = []
    problem: Reason | None = None
    outside: dict[str, OutsideFile] = {}


class Result(msgspec.Struct, frozen=True):
    """The content of result.json.

    `outputs` lists the outputs whose file or folder exists. `working_at` is when a kernel was ready
    or a program started. `disclosed` are outputs that contain a secret. `outside` has the recorded
    uses of paths outside the code folder, by path. A function worker reports only uses that are new
    since its last result. `has_others` is set if a call wrote files in the code folder.
    """

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
    outside: dict[str, OutsideUse] = {}
    has_others: bool = False


class Image(msgspec.Struct, frozen=True):
    """The content of image.json: the image's name and its ID in the engine.

    `lock` lists the packages installed in the image's Python, if it has one.
    """

    name: str
    id: str
    lock: Lock | None = None


class Surroundings(msgspec.Struct, frozen=True):
    """The content of surroundings.json: the record that explains a run later.

    `lock` lists the packages installed where the task ran; in a container it is the lock of the
    `image`. `environment` is the managed environment that was used.
    """

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
    """The content of runner.json: the identity of the supervisor. Never trust a bare PID."""

    pid: int
    started: float
    host: str
    boot_id: str


class Cells(msgspec.Struct, frozen=True):
    """The executed notebook as far as it ran (nbformat 4 JSON), null if there is none.

    `done` of the `total` original cells have run. `current` is the index of the running cell in
    the executed notebook.
    """

    notebook: dict[str, Any] | None
    done: int
    total: int
    current: int | None = None
