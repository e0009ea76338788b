"""Deployments: services that are wanted to run, what is asked for one, and what became of it."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from nbyard.domain.models.structs import ServedModel
from nbyard.domain.states import DeploymentState

ServiceKind = Literal["api", "jupyterlab", "code-server", "own"]
DashboardService = Literal["deepaas", "jupyter", "vscode"]
FieldKind = Literal["text", "long text", "number", "choice", "password", "words", "pairs", "ports"]
PROXY = "nbyard/deployments"
GIB = 2**30
STOP_SECONDS = 30.0
# the images of models answer only who shows the secret that the file of this variable has
SECRET_HEADER = "X-Nbyard-Secret"
SECRET_VARIABLE = "NBYARD_SECRET_FILE"
OPEN_VARIABLE, OPEN = "NBYARD_OPEN_PORT", "1"


class Port(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A port that the service listens at, and the `name` under which it is reached. `path` is asked
    to see whether it answers. With `keep_prefix` the service is told the whole path, as one needs
    that makes links of it; else what follows the port's name."""

    name: str
    port: int
    path: str = "/"
    websocket: bool = True
    keep_prefix: bool = False


class DashboardGeneral(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the form of the AI4OS dashboard says first."""

    title: str = ""
    desc: str = ""
    docker_image: str = ""
    docker_tag: str = ""
    service: DashboardService = "deepaas"
    jupyter_password: str = ""
    hostname: str = ""


class DashboardHardware(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hardware in that form; `ram` and `disk` are in MB. `gpu_type` must be empty."""

    cpu_num: float | None = None
    gpu_num: int | None = None
    gpu_type: str = ""
    ram: float | None = None
    disk: float | None = None


class DashboardStorage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The storage in that form. What would mount some must be empty."""

    rclone_conf: str = ""
    rclone_url: str = ""
    rclone_vendor: str = ""
    rclone_user: str = ""
    rclone_password: str = ""
    datasets: list[dict[str, Any]] = []


class NewDeployment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to deploy. `name` is the host name, a part of its address; by default made of the title.
    What is not said is as the preset and the service have it; `memory_gb` and `disk_gb` are in
    units of 2^30 bytes. Without a `command` the image's own is started. `ports` are those that it
    listens at. It has `start_seconds` to answer, and `stop_seconds` to finish what it was asked
    when it is stopped or another revision takes its place. `general`, `hardware` and `storage` are
    the form of the AI4OS dashboard as it is written there, in place of the other fields."""

    image: str = ""
    service: ServiceKind = "api"
    name: str = ""
    title: str = ""
    description: str = ""
    preset: str = "standard"
    cpu: float | None = None
    memory_gb: float | None = None
    disk_gb: float | None = None
    gpu: int | None = None
    password: str = ""
    command: list[str] = []
    environment: dict[str, str] = {}
    ports: list[Port] | None = None
    start_seconds: float | None = None
    stop_seconds: float | None = None
    general: DashboardGeneral | None = None
    hardware: DashboardHardware | None = None
    storage: DashboardStorage | None = None


class DeploymentChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be otherwise; what is not said stays. All but title and description make a new
    revision. `revision` is the newest that whoever changes it has seen, 0 for whichever;
    `changed_at`, which title and description need too, is when that was, null for whenever."""

    revision: int = 0
    changed_at: datetime | None = None
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    image: str | UnsetType = UNSET
    cpu: float | UnsetType = UNSET
    memory_gb: float | UnsetType = UNSET
    disk_gb: float | UnsetType = UNSET
    gpu: int | UnsetType = UNSET
    password: str | UnsetType = UNSET
    command: list[str] | UnsetType = UNSET
    environment: dict[str, str] | UnsetType = UNSET
    ports: list[Port] | UnsetType = UNSET
    start_seconds: float | UnsetType = UNSET
    stop_seconds: float | UnsetType = UNSET


class RevisionSpec(msgspec.Struct, frozen=True):
    """All that one revision is made of, but for its password, which nobody is shown."""

    service: ServiceKind
    image: str
    preset: str
    cpu: float
    memory_gb: float
    disk_gb: float
    gpu: int
    command: list[str]
    environment: dict[str, str]
    ports: list[Port]
    start_seconds: float
    stop_seconds: float = STOP_SECONDS

    @property
    def memory_bytes(self) -> int:
        return int(self.memory_gb * GIB)

    @property
    def disk_bytes(self) -> int:
        return int(self.disk_gb * GIB)


class Revision(msgspec.Struct, frozen=True):
    """One shape that a deployment has had. `origin` tells how it came to be: *created*, *edited*
    or *rolled back to N*. `reason` is why it failed, `reproduce` a command of a shell that shows
    it; `gpus` are those that it has now."""

    id: str
    number: int
    origin: str
    spec: RevisionSpec
    image_id: str
    gpus: list[str]
    restarts: int
    exit_code: int | None
    reason: str
    reproduce: str
    created_at: datetime
    started_at: datetime | None = None
    ready_at: datetime | None = None
    ended_at: datetime | None = None


class Place(msgspec.Struct, frozen=True):
    """Where a port of a container is found now, and whether it answers there."""

    name: str
    host: str
    port: int
    answers: bool = False


class Link(msgspec.Struct, frozen=True):
    """How a port is reached: `path` is below the server's base URL. It is to be shown as active
    only while it `answers`."""

    name: str
    path: str
    port: int
    websocket: bool
    answers: bool


class Target(msgspec.Struct, frozen=True):
    """Where the proxy finds a port now, and how it treats it: with `keeps_prefix` the service is
    asked with the whole path; the pages of one that `is_trusted` may do what JupyterLab may.
    `subject` is the id of the deployment or attempt whose port it is, `secret` what the container
    wants to be shown, or ""."""

    subject: str
    host: str
    port: int
    websocket: bool
    keeps_prefix: bool
    is_trusted: bool
    secret: str = ""


class Deployment(msgspec.Struct, frozen=True):
    """A deployment now. `revision` is the newest, which is wanted, `serving` the one that answers,
    or 0: they differ while one takes the place of the other. `spec`, `gpus` and the like are those
    of the newest. `is_wanted` tells whether it shall run, `changed_at` when somebody changed it;
    `model` is the package that it serves, where its image was built of one."""

    id: str
    name: str
    title: str
    description: str
    state: DeploymentState
    is_wanted: bool
    reason: str
    revision: int
    serving: int
    spec: RevisionSpec
    gpus: list[str]
    reproduce: str
    links: list[Link]
    warnings: list[str]
    owner: str
    created_at: datetime
    changed_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    model: ServedModel | None = None


class DeployedAs(msgspec.Struct, frozen=True):
    """A deployment that serves an earlier build of a model, whose next revision a new build may
    become. `revision` and `changed_at` are what an edit of it shall have seen; `runs` tells whether
    it does, or is about to."""

    id: str
    name: str
    title: str
    state: DeploymentState
    runs: bool
    revision: int
    changed_at: datetime


class Deployed(msgspec.Struct, frozen=True):
    """Where a model is deployed already. `into` is the id of the one whose next revision it becomes
    where nobody says otherwise: the first that nobody has stopped; empty where it becomes another
    deployment. `name` is a host name for that, empty where that is made of its title."""

    items: list[DeployedAs]
    into: str
    name: str


class DeploymentEvent(msgspec.Struct, frozen=True):
    """What happened to a deployment: its new `state`, or the `change` that somebody made, and why,
    in words."""

    id: int
    at: datetime
    state: str = ""
    change: str = ""
    revision: int = 0
    reason: str = ""


class FormField(msgspec.Struct, frozen=True):
    """A field of the form: its `name` in the body, its range (`least`, `most`: of a number, or of
    the length of a text), and whether it is shown only when more is asked for."""

    name: str
    title: str
    help: str
    kind: FieldKind
    default: str | int | float | None = None
    least: float | None = None
    most: float | None = None
    unit: str = ""
    choices: list[str] = []
    is_required: bool = False
    is_advanced: bool = False


class Preset(msgspec.Struct, frozen=True):
    """Fields with the ranges and defaults that belong together."""

    name: str
    title: str
    fields: list[FormField]


class OfferedService(msgspec.Struct, frozen=True):
    """What can be deployed: the image and the ports that it has by default; `model_ports` are those
    of a model that was built here."""

    name: ServiceKind
    title: str
    help: str
    image: str
    ports: list[Port]
    needs_password: bool
    model_ports: list[Port] = []


class DeploymentForm(msgspec.Struct, frozen=True):
    """All that a form of a new deployment shows; `gpus` are those of this machine."""

    presets: list[Preset]
    services: list[OfferedService]
    gpus: list[str]


def link_path(name: str, port: str) -> str:
    """The address of a port, below the server's base URL."""
    return f"{PROXY}/{name}/{port}/"


def deployment_folder(deployment_id: str) -> str:
    """Where a deployment has its logs, below the store."""
    return f"deployments/{deployment_id}"


def log_name(number: int) -> str:
    """The file with the log of a revision, in the deployment's folder."""
    return f"{number}.log"


def check_name(deployment_id: str, number: int) -> str:
    """Whose work it is, for the sweep, to see whether a revision gets its GPUs."""
    return f"d-{deployment_id}-{number}"
