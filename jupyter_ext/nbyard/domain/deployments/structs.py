"""Deployments: services to keep running, their requests, revisions and state."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from nbyard.domain.callers import Owned
from nbyard.domain.doctor import Check
from nbyard.domain.models.structs import ServedModel
from nbyard.domain.presentation import shown
from nbyard.domain.state_machines import DeploymentState
from nbyard.reasons.structs import Reason

ServiceKind = Literal["api", "jupyterlab", "code-server", "own"]
DashboardService = Literal["deepaas", "jupyter", "vscode"]
FieldKind = Literal["text", "long text", "number", "choice", "password", "words", "pairs", "ports"]
PROXY = "nbyard/deployments"
GIB = 2**30
STOP_SECONDS = 30.0
# model images answer only requests with the secret in the file named by this variable
SECRET_HEADER = "X-Nbyard-Secret"
SECRET_VARIABLE = "NBYARD_SECRET_FILE"
VERSION_VARIABLE = "NBYARD_MODEL_VERSION"  # which the model answers
KEYS_SUFFIX = ".keys"  # of the file of keys, beside the secret
OPEN_VARIABLE, OPEN = "NBYARD_OPEN_PORT", "1"


class Port(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A port that the service listens on, and the `name` of its link.

    nbyard requests `path` to check that the service responds. With `keep_prefix`, the service
    receives the whole path, as services need that build links from it. Otherwise it receives the
    part after the port's name.
    """

    name: str
    port: int
    path: str = "/"
    websocket: bool = True
    keep_prefix: bool = False


class DashboardGeneral(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first part of the AI4OS dashboard's form."""

    title: str = ""
    desc: str = ""
    docker_image: str = ""
    docker_tag: str = ""
    service: DashboardService = "deepaas"
    jupyter_password: Annotated[str, shown("Password", option="", secret=True)] = ""
    hostname: str = ""


class DashboardHardware(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hardware in that form. `ram` and `disk` are in MB. `gpu_type` must be empty."""

    cpu_num: float | None = None
    gpu_num: int | None = None
    gpu_type: str = ""
    ram: float | None = None
    disk: float | None = None


class DashboardStorage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The storage in that form. Fields that would mount storage must be empty."""

    rclone_conf: str = ""
    rclone_url: str = ""
    rclone_vendor: str = ""
    rclone_user: str = ""
    rclone_password: str = ""
    datasets: list[dict[str, Any]] = []


Title = Annotated[str, shown("Title", "The name that users see; at most 45 characters.")]
Description = Annotated[
    str, shown("Description", "The purpose of the deployment; at most 1,000 characters.")
]
Cpu = Annotated[float, shown("CPU", "The maximum number of cores.")]
Memory = Annotated[
    float,
    shown(
        "Memory",
        "The memory limit. A service that exceeds it is killed.",
        option="--memory",
        unit="GB",
    ),
]
Disk = Annotated[
    float,
    shown(
        "Disk",
        "The maximum size of its files, if the disk of the engine supports limits.",
        option="--disk",
        unit="GB",
    ),
]
Gpu = Annotated[
    int,
    shown(
        "GPU", "The number of GPUs that only this deployment uses. Runs cannot use them meanwhile."
    ),
]
Password = Annotated[
    str,
    shown(
        "Password",
        "The password for JupyterLab or VS Code; at least 9 characters.",
        option="",
        secret=True,
    ),
]
CommandWords = Annotated[
    list[str],
    shown(
        "Command", "The words of a command that replaces the image's own.", argument=True, more=True
    ),
]
Variables = Annotated[
    dict[str, str],
    shown(
        "Variables",
        "Environment variables, without secrets: users who may see the deployment read them.",
        option="--variable",
        more=True,
    ),
]
Ports = Annotated[
    list[Port],
    shown(
        "Ports", "The ports of the service, each with the name of its link.", option="", more=True
    ),
]
StartSeconds = Annotated[
    float,
    shown(
        "Time to start",
        "The time limit for its first response.",
        unit="s",
        more=True,
    ),
]
StopSeconds = Annotated[
    float,
    shown(
        "Time to stop",
        "The time limit to finish open requests when it is stopped or replaced.",
        unit="s",
        more=True,
    ),
]


class NewDeployment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A deployment to create. Omitted fields have the values of the preset and the service.

    `memory_gb` and `disk_gb` are in units of 2^30 bytes. `general`, `hardware` and `storage` are
    the form of the AI4OS dashboard, as an alternative to the other fields.
    """

    image: Annotated[str, shown("Image", argument=True)] = ""
    service: Annotated[ServiceKind, shown("Service")] = "api"
    name: Annotated[
        str,
        shown(
            "Host name", "The deployment's own part of its address. Empty: derived from the title."
        ),
    ] = ""
    title: Title = ""
    description: Description = ""
    preset: Annotated[str, shown("Preset", "The preset with the defaults and ranges.")] = "standard"
    cpu: Cpu | None = None
    memory_gb: Memory | None = None
    disk_gb: Disk | None = None
    gpu: Gpu | None = None
    password: Password = ""
    command: CommandWords = []
    environment: Variables = {}
    ports: Ports | None = None
    start_seconds: StartSeconds | None = None
    stop_seconds: StopSeconds | None = None
    general: DashboardGeneral | None = None
    hardware: DashboardHardware | None = None
    storage: DashboardStorage | None = None


class DeploymentChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Changes of a deployment. Omitted fields stay.

    Every change except title and description creates a new revision. `revision` is the newest
    revision that the client has seen, 0 for any. `changed_at` is the last change that the
    client has seen, null for any; title and description need it too.
    """

    revision: int = 0
    changed_at: datetime | None = None
    title: Title | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    image: Annotated[str, shown("Image", "The new image.")] | UnsetType = UNSET
    cpu: Cpu | UnsetType = UNSET
    memory_gb: Memory | UnsetType = UNSET
    disk_gb: Disk | UnsetType = UNSET
    gpu: Gpu | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    command: CommandWords | UnsetType = UNSET
    environment: Variables | UnsetType = UNSET
    ports: Ports | UnsetType = UNSET
    start_seconds: StartSeconds | UnsetType = UNSET
    stop_seconds: StopSeconds | UnsetType = UNSET


class RevisionSpec(msgspec.Struct, frozen=True):
    """The specification of one revision, without its password, which is never shown."""

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
        """Return the memory limit in bytes."""
        return int(self.memory_gb * GIB)

    @property
    def disk_bytes(self) -> int:
        """Return the disk limit in bytes."""
        return int(self.disk_gb * GIB)


class Revision(msgspec.Struct, frozen=True):
    """One version of the specification of a deployment.

    `origin` is what created it: a new deployment, an edit or a rollback. `reason` says why it
    failed; `reproduce` is a shell command that shows it. `gpus` are its present GPUs.
    """

    id: str
    number: int
    origin: Reason
    spec: RevisionSpec
    image_id: str
    gpus: list[str]
    restarts: int
    exit_code: int | None
    reason: Reason | None
    reproduce: str
    created_at: datetime
    started_at: datetime | None = None
    ready_at: datetime | None = None
    ended_at: datetime | None = None


class Place(msgspec.Struct, frozen=True):
    """The present address of a container's port, and whether it responds there.

    `inside` is the container's own address, which only the engine's machine may reach, and
    `inside_port` the port there.
    """

    name: str
    host: str
    port: int
    answers: bool = False
    inside: str = ""
    inside_port: int = 0


class Link(msgspec.Struct, frozen=True):
    """The link to a port. `path` is below the server's base URL.

    Show it as active only while it `answers`.
    """

    name: str
    path: str
    port: int
    websocket: bool
    answers: bool


class Target(msgspec.Struct, frozen=True):
    """The present address of a port for the proxy, and how to treat it.

    With `keeps_prefix`, the service receives the whole path. If it `is_trusted`, its pages have
    the rights of JupyterLab. `subject` is the ID of the deployment or attempt that owns the
    port. `secret` is the secret that the container expects, or "".
    """

    subject: str
    host: str
    port: int
    websocket: bool
    keeps_prefix: bool
    is_trusted: bool
    secret: str = ""


class Deployment(Owned, frozen=True):
    """The present state of a deployment.

    `revision` is the number of the newest revision, `serving` that of the revision that answers, or
    0. They differ while the newest replaces the other. `spec`, `gpus` and the like belong to the
    newest. `is_wanted` states whether the deployment should run, `changed_at` when a user last
    changed it. `model` is the package that the deployment serves, if its image was built from one.
    `port` is its own port for programs with a key, 0 until the first key is created, and `address`
    the URL of this port.

    It stops at `expires_at`, if the quota of its owner or project limits its lifetime;
    `expires_soon` states whether the owner is reminded of that.
    """

    id: str
    name: str
    title: str
    description: str
    state: DeploymentState
    is_wanted: bool
    reason: Reason | None
    revision: int
    serving: int
    spec: RevisionSpec
    gpus: list[str]
    reproduce: str
    links: list[Link]
    warnings: list[Reason]
    created_at: datetime
    changed_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    model: ServedModel | None = None
    port: int = 0
    address: str = ""
    expires_at: datetime | None = None
    expires_soon: bool = False


class DeployedAs(msgspec.Struct, frozen=True):
    """A deployment of an earlier build of a model, which a new build may update.

    `revision` and `changed_at` are the values that the update must send. `runs` states whether the
    deployment runs or will run soon. `other_run` is the number of the run whose model it serves, if
    that model has other bytes than the requested one.
    """

    id: str
    name: str
    title: str
    state: DeploymentState
    runs: bool
    revision: int
    changed_at: datetime
    other_run: int | None = None


class Deployed(msgspec.Struct, frozen=True):
    """The existing deployments of a model.

    `into` is the ID of the deployment that a new build updates by default: the first that is
    not stopped. It is empty if the default is a new deployment. `name` is a host name for that,
    empty if it is derived from the title. `title` is the default title, with a number if another
    deployment has the model's name; empty if it is known only once the model is built.
    `class_names` are the model classes of a Python file; the first one is the default.
    """

    items: list[DeployedAs]
    into: str
    name: str
    title: str = ""
    class_names: list[str] = []

    def to_update(self, host: str = "") -> str:
        """Return the ID of the deployment that a build updates; empty for a new deployment.

        `host` chooses one by its name, instead of the default.
        """
        if not host:
            return self.into
        return next((deployment.id for deployment in self.items if deployment.name == host), "")


class DeploymentEvent(msgspec.Struct, frozen=True):
    """An event of a deployment: its new `state`, or the `change` of a user, and the reason.

    A rollback or an edit of a failed deployment has both.
    """

    id: int
    at: datetime
    state: str = ""
    change: Reason | None = None
    revision: int = 0
    reason: Reason | None = None


class FormField(msgspec.Struct, frozen=True):
    """A field of the form: its `name` in the body and its range.

    `least` and `most` limit a number, or the length of a text. `is_advanced` fields are hidden
    by default.
    """

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
    """A named set of form fields, with their ranges and defaults."""

    name: str
    title: str
    fields: list[FormField]


class OfferedService(msgspec.Struct, frozen=True):
    """A service that can be deployed, with its default image and ports.

    `model_ports` are the ports of a model image built here.
    """

    name: ServiceKind
    title: str
    help: str
    image: str
    ports: list[Port]
    needs_password: bool
    model_ports: list[Port] = []


class DeploymentForm(msgspec.Struct, frozen=True):
    """The data for the form of a new deployment. `gpus` are the GPUs of this machine.

    Defaults fit the machine. `engine` says whether the container engine responds.
    """

    presets: list[Preset]
    services: list[OfferedService]
    gpus: list[str]
    engine: Check


def link_path(name: str, port: str) -> str:
    """Return the address of a port, below the server's base URL."""
    return f"{PROXY}/{name}/{port}/"


def deployment_folder(deployment_id: str) -> str:
    """Return the folder of a deployment's logs, below the store."""
    return f"deployments/{deployment_id}"


def log_name(number: int) -> str:
    """Return the file name of a revision's log in the deployment's folder."""
    return f"{number}.log"


def check_name(deployment_id: str, number: int) -> str:
    """Return the ID of the GPU check of a revision.

    The container of the check is named by it, as by the ID of an attempt. The sweep of leftover
    containers recognises it.
    """
    return f"d-{deployment_id}-{number}"
