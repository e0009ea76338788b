"""All settings: name, default, help. `NBYARD_<NAME>` in the environment is the fallback."""

import json
import os
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir
from traitlets import Bool, Enum, Float, Int, TraitError, TraitType, Unicode, observe, validate
from traitlets import List as ListTrait
from traitlets.config import Configurable

from nbyard.field_suggestions import near_spelling, suggestion_text

# The first scheme selects psycopg 3. SQLAlchemy 1.4 and later refuse the scheme `postgres`.
POSTGRESQL = ("postgresql+psycopg", "postgresql", "postgres")
SQLITE = ("sqlite", "sqlite+pysqlite")
# As lenient as SQLAlchemy: a password may have any character but @, a user name even that.
DATABASE_URL = re.compile(
    r"(?P<scheme>[\w+]+)://"
    r"(?P<rest>(?:[^:/]*(?::[^@]*)?@)?(?:\[[^/?]+\]|[^/:?\[]+)?(?::[0-9]*)?(?:/[^?]*)?(?:\?.*)?)",
    re.DOTALL,
)
# CUDA accepts an index, a UUID, or the beginning of a UUID.
GPU = re.compile(r"auto|[0-9]+|(GPU|MIG)-[0-9A-Za-z/-]+")
PREFIX = "NBYARD_"
JSON_LIST = re.compile(r"\s*\[\s*[\"\]]")  # unlike the address [::1]:8080
# Names the worker of an attempt.
NO_SETTINGS = ("NBYARD_DASK_WORKER",)


class Settings(Configurable):
    """Settings of nbyard, for `jupyter_server_config.py` as `c.Settings.<name>`.

    Those with the tag `dispatcher` are read when the dispatcher starts, in its environment.
    """

    store_dir = Unicode(
        help="Folder of the store: database, bytes and attempts. Default: nbyard in Jupyter's data"
        " folder.",
    ).tag(config=True)
    database_url = Unicode(
        "",
        help="URL of the PostgreSQL database: postgresql://user@host:5432/database. It may begin"
        " with postgres:// or postgresql+psycopg://, too. Empty = SQLite in the store folder.",
    ).tag(config=True)
    shared = Bool(
        False,
        help="Whether the store has several users, as that of a JupyterHub's service. Their code"
        " then runs only in containers, or on a Dask cluster for dask_users.",
    ).tag(config=True, dispatcher=True)
    reproducibility_sample = Float(
        0.0,
        min=0,
        max=100,
        help="Percentage of the cached nodes of each day that run again after midnight, to find"
        " notebooks that are not reproducible; 0 = off.",
    ).tag(config=True, dispatcher=True)
    audit_days = Int(
        365,
        min=0,
        help="How long the audit log of a store with several users keeps an entry, in days; 0 ="
        " for ever.",
    ).tag(config=True, dispatcher=True)
    hub_url = Unicode(
        "",
        help="Address of the JupyterHub's service of nbyard, without its path. A user's server"
        " forwards requests there and has no store; empty = the server has its own store.",
    ).tag(config=True)
    log_format = Enum(
        ["text", "json"],
        "text",
        help="Format of log lines: text, or json for an object in each line. With json, the server"
        " also writes a line for each API request, with its ID, user, operation and status.",
    ).tag(config=True, dispatcher=True)
    slots = Int(
        0,
        min=0,
        help="Maximum number of tasks that run at once on this machine; 0 = one for each available"
        " core.",
    ).tag(config=True, dispatcher=True)
    memory_bytes = Int(
        0,
        min=0,
        help="Maximum memory that tasks may request together, in bytes; 0 = all memory that nbyard"
        " may use on this machine.",
    ).tag(config=True, dispatcher=True)
    prepared_parent = Bool(
        True,
        help="Fork processes from a parent that has imported the modules for notebooks, instead of"
        " starting each process anew (Linux).",
    ).tag(config=True, dispatcher=True)
    ready_kernels = Int(
        2,
        min=0,
        help="Number of recently used kernels to keep ready for the next notebook; 0 = off. Linux"
        " only, for Python kernels of any environment and R kernels.",
    ).tag(config=True, dispatcher=True)
    ready_kernels_memory = Int(
        256 * 2**20,
        min=0,
        help="Maximum memory of all ready kernels together, in bytes. Ready kernels also stop when"
        " the machine has little memory left.",
    ).tag(config=True, dispatcher=True)
    gpus = ListTrait(
        Unicode(),
        ["auto"],
        help="GPUs that tasks may get, by UUID or index in nvidia-smi; auto = all that nvidia-smi"
        " lists.",
    ).tag(config=True, dispatcher=True)
    max_quota_gpus = Int(
        2,
        min=0,
        max=64,
        help="Maximum number of GPUs that a quota may give a user or the members of a group.",
    ).tag(config=True)
    fair_share_half_life_seconds = Float(
        24 * 3600.0,
        min=1,
        help="After this time, what a user has used counts half when users take turns, in seconds.",
    ).tag(config=True, dispatcher=True)
    tasks_per_gpu = Int(
        1,
        min=1,
        help="Maximum number of tasks that share one GPU; 1 = tasks never share a GPU.",
    ).tag(config=True, dispatcher=True)
    default_runtime = Unicode(
        "process",
        help="Runtime if neither the run nor the node sets one: process, docker or dask. A shared"
        " store uses docker instead of process.",
    ).tag(config=True)
    allowed_private_hosts = ListTrait(
        Unicode(),
        help="Private addresses that imports may read and notice channels may reach: host,"
        " host:port or network (10.0.0.0/8).",
    ).tag(config=True)
    public_url = Unicode(
        "",
        help="Address of this Jupyter server in browsers, such as https://lab.example.org/, for"
        " links in messages; empty = the address that Jupyter Server shows at its start.",
    ).tag(config=True)
    link_folders = ListTrait(
        Unicode(),
        ["resources"],
        help="Folders under the server's root in which datasets are linked by their ID.",
    ).tag(config=True)
    max_upload_bytes = Int(100 * 2**30, min=1, help="Largest upload or import, in bytes.").tag(
        config=True, dispatcher=True
    )
    public_catalog = Bool(
        False,
        help="Whether people without an account may read the catalog of models that users shared"
        " with everyone, at /nbyard/catalog.",
    ).tag(config=True)
    public_links = Bool(
        False,
        help="Whether people without an account may open the links that users create to share one"
        " dataset, run, workflow or deployment.",
    ).tag(config=True)
    max_body_bytes = Int(
        16 * 2**20,
        min=1024,
        help="Largest request body, except for uploads, in bytes.",
    ).tag(config=True)
    requests_per_minute = Int(
        1200,
        min=0,
        help="Maximum requests per minute of each user of a shared store; 0 = no limit.",
    ).tag(config=True)
    max_bundle_bytes = Int(
        200 * 2**20,
        min=1,
        help="Largest code bundle of an image, or of a task outside of local processes, in bytes.",
    ).tag(config=True)
    max_local_bundle_bytes = Int(
        10 * 2**30, min=1, help="Largest code bundle of a local process, in bytes."
    ).tag(config=True)
    max_other_bytes = Int(
        200 * 2**20,
        min=0,
        help="Maximum total size of files that nbyard keeps besides the declared outputs of a"
        " task, in bytes; 0 = keep only declared outputs.",
    ).tag(config=True, dispatcher=True)
    max_other_files = Int(
        1000,
        min=0,
        help="Maximum number of files that nbyard keeps besides the declared outputs of a task.",
    ).tag(config=True, dispatcher=True)
    docker_host = Unicode(
        "", help="URL of the Docker engine; empty = DOCKER_HOST, else the local socket."
    ).tag(config=True, dispatcher=True)
    docker_cert_path = Unicode(
        "",
        help="Folder with ca.pem, cert.pem and key.pem for an engine behind TCP; empty = use"
        " DOCKER_TLS_VERIFY and DOCKER_CERT_PATH.",
    ).tag(config=True, dispatcher=True)
    warm_containers = Bool(
        False,
        help="Keep containers for later tasks of a run, instead of creating a new container for"
        " each task. Used when the run sets neither fresh nor warm containers.",
    ).tag(config=True)
    container_network = Enum(
        ["bridge", "internal", "none"],
        "bridge",
        help="Network of containers: bridge reaches other machines, internal (the default of a"
        " shared store) only containers of the same run, none has no network.",
    ).tag(config=True, dispatcher=True)
    docker_base_image = Unicode(
        "python:3.11-slim", help="Image on which a node's requirements are installed."
    ).tag(config=True, dispatcher=True)
    ide_images = ListTrait(
        Unicode(),
        ["quay.io/jupyter/*", "codercom/code-server:*"],
        help="Images of deployments that are trusted like JupyterLab itself. In the browser, their"
        " pages may do everything that JupyterLab may. `*` stands for any characters. Pages of"
        " other images are shown in a sandbox.",
    ).tag(config=True)
    allowed_images = ListTrait(
        Unicode(),
        help="Images that users of a shared store may name: `*` stands for any characters. They may"
        " also use docker_base_image and the images that nbyard built for themselves.",
    ).tag(config=True, dispatcher=True)
    allow_dockerfiles = Bool(
        False,
        help="Let users of a shared store build Dockerfiles of their own, whose commands run as"
        " root during the build.",
    ).tag(config=True, dispatcher=True)
    task_cpu = Float(
        1.0,
        min=0.01,
        help="Cores of a task that requests none, and of steps of builds, in a shared store.",
    ).tag(config=True, dispatcher=True)
    task_memory_bytes = Int(
        2 * 10**9,
        min=4 * 2**20,
        help="Memory of a task that requests none, and of steps of builds, in a shared store. A"
        " task that needs more fails, and its user requests more.",
    ).tag(config=True, dispatcher=True)
    deployment_address = Unicode(
        "127.0.0.1",
        help="Address of this machine at which deployments accept calls with a key. Other addresses"
        " than loopback need deployment_certificate.",
    ).tag(config=True, dispatcher=True)
    deployment_certificate = Unicode(
        "",
        help="Certificate for calls of deployments with a key (PEM file); empty = without TLS.",
    ).tag(config=True, dispatcher=True)
    deployment_certificate_key = Unicode(
        "",
        help="Key of deployment_certificate (PEM file); empty = the key is in the same file.",
    ).tag(config=True, dispatcher=True)
    docker_build_network = Unicode(
        "", help="Network mode of image builds; empty = the engine's default."
    ).tag(config=True, dispatcher=True)
    installer = Enum(
        ["auto", "uv", "pip"],
        "auto",
        help="Package installer: auto (uv if installed, else pip), uv or pip. The installer uses"
        " its own configuration.",
    ).tag(config=True, dispatcher=True)
    allowed_package_sources = ListTrait(
        Unicode(),
        help="Addresses that requirements may name, including everything below them. At"
        " https://host/path: indexes, pages of links and wheels. At file:///folder: folders of"
        " wheels, and of code for -e. Empty = only the sources in the installer's configuration.",
    ).tag(config=True, dispatcher=True)
    install_timeout_seconds = Float(
        3600.0,
        min=1,
        help="Time limit for resolving or installing the packages of an environment, in seconds.",
    ).tag(config=True, dispatcher=True)
    environment_versions = Int(
        3,
        min=1,
        help="Number of newest versions of an environment that keep their folders while unused."
        " Older unused versions keep only their locks. nbyard installs them again on request.",
    ).tag(config=True, dispatcher=True)
    dask_address = Unicode(
        "",
        help="Address of a Dask scheduler, tcp://host:port or tls://host:port; empty = no"
        " scheduler.",
    ).tag(config=True, dispatcher=True)
    dask_tls_ca_file = Unicode(
        "",
        help="CA certificate to verify a tls:// scheduler with (PEM file).",
    ).tag(config=True, dispatcher=True)
    dask_tls_cert = Unicode(
        "",
        help="Client certificate for a tls:// scheduler (PEM file).",
    ).tag(config=True, dispatcher=True)
    dask_tls_key = Unicode(
        "",
        help="Key of dask_tls_cert (PEM file); empty = the key is in the same file.",
    ).tag(config=True, dispatcher=True)
    dask_cluster = Unicode(
        "",
        help="Kind of Dask cluster to create if dask_address is empty: gateway (dask-gateway),"
        " slurm, pbs, sge, lsf, htcondor, oar or moab (dask-jobqueue). Dask's own configuration"
        " sets their options. Or module:callable that returns a Dask cluster object.",
    ).tag(config=True, dispatcher=True)
    dask_users = ListTrait(
        Unicode(),
        help="Whose code may run on the Dask cluster in a shared store: users, group:NAME, or"
        " project:OWNER/NAME for runs that editors and owners link to the project. nbyard trusts"
        " the workers of a cluster like itself.",
    ).tag(config=True, dispatcher=True)
    dask_workers = Int(
        4,
        min=1,
        help="Maximum number of workers or jobs in a cluster that dask_cluster creates.",
    ).tag(config=True, dispatcher=True)
    lease_seconds = Float(
        30.0,
        min=1,
        help="How long a dispatcher without a sign of life keeps its lease, in seconds.",
    ).tag(config=True, dispatcher=True)
    idle_seconds = Float(
        60.0,
        min=0,
        help="How long a dispatcher without work waits before it exits, in seconds.",
    ).tag(config=True, dispatcher=True)
    warm_shell = Bool(
        True,
        help="Keep a process for the idle time above after `nbyard run`. The next `nbyard run`"
        " starts in it and takes half the time.",
    ).tag(config=True)
    keep_alive_seconds = Float(
        3 * 24 * 3600.0,
        min=0,
        help="How long work without a user keeps the Jupyter server from being stopped as idle, in"
        " seconds. Runs, builds, imports and requests to deployments count as activity of the"
        " server. They count until the server's last other activity was this long ago; 0 = they"
        " never count.",
    ).tag(config=True)
    garbage_grace_seconds = Float(
        3600.0,
        min=0,
        help="How long bytes stay in the store after their last reference is deleted, in seconds.",
    ).tag(config=True, dispatcher=True)
    inline_dispatch = Bool(
        False, help="Start no dispatcher process. Tests drive the runs themselves."
    ).tag(config=True)

    def __init__(self, **kwargs: Any):
        configured = kwargs.get("config", {}).get(type(self).__name__, {})
        # traitlets only warns about an unknown name, and the default would stay in force.
        names = self.class_trait_names(config=True)
        for name in configured:
            if name not in names:
                raise TraitError(
                    f"c.Settings.{name}: there is no such setting{suggestion_text(name, names)}"
                )
        # Other NBYARD_* variables are allowed, because running code and users have some.
        variables = [f"{PREFIX}{name.upper()}" for name in names]
        for name in os.environ:
            if not name.startswith(PREFIX) or name in variables or name in NO_SETTINGS:
                continue
            if near := near_spelling(name.removeprefix(PREFIX), map(str.upper, names)):
                raise TraitError(
                    f"The variable {name} is not a setting; did you mean {PREFIX}{near}?"
                )
        super().__init__(**kwargs)
        given = set(kwargs) | set(configured)
        for name, trait in self.class_traits(config=True).items():
            text = os.environ.get(f"NBYARD_{name.upper()}")
            # Configuration and arguments take precedence over the environment.
            if text is not None and name not in given:
                self._take(name, trait, text)
                given.add(name)
        is_open = "container_network" in given or not self.shared
        self.container_network = self.container_network if is_open else "internal"
        self.given = frozenset(given)
        if not (self.deployment_certificate or _is_loopback(self.deployment_address)):
            raise TraitError(
                f"deployment_address is {self.deployment_address}, which other machines can reach."
                " Set deployment_certificate: without TLS, keys and data would be readable on the"
                " network."
            )
        if not self.store_dir:
            self.store_dir = str(Path(jupyter_data_dir()) / "nbyard")

    def _take(self, name: str, trait: "TraitType[Any, Any]", text: str) -> None:
        try:
            # Users may write JSON. `environment` writes lists with commas where it can.
            if isinstance(trait, ListTrait) and JSON_LIST.match(text):
                value = json.loads(text)
            elif isinstance(trait, ListTrait):
                value = [item.strip() for item in text.split(",") if item.strip()]
            else:
                value = trait.from_string(text)
            setattr(self, name, value)
        except (TraitError, ValueError) as error:
            # A URL may contain a password.
            variable = f"NBYARD_{name.upper()}" + ("" if name == "database_url" else f"={text}")
            raise TraitError(f"The variable {variable} is no setting: {error}") from None

    @observe("shared", "default_runtime")
    def _avoid_processes(self, _change: Any) -> None:
        if self.shared and self.default_runtime == "process":
            self.default_runtime = "docker"

    @validate("gpus")
    def _check_gpus(self, proposal: Any) -> list[str]:
        """Check the names of GPUs: CUDA ignores unknown ones, and code would run without a GPU."""
        for name in proposal["value"]:
            if not GPU.fullmatch(name):
                raise TraitError(f"{name!r} is neither auto nor the index or UUID of a GPU")
        return list(proposal["value"])

    @validate("database_url")
    def _check_database_url(self, proposal: Any) -> str:
        """Return the URL with the driver of nbyard; the message does not repeat passwords."""
        url = str(proposal["value"]).strip()
        match = DATABASE_URL.fullmatch(url)
        if not url or (match and match["scheme"] in SQLITE):
            return url
        if match is None or match["scheme"] not in POSTGRESQL:
            raise TraitError(
                "The URL of the database must be like postgresql://user@host:5432/database"
            )
        return f"{POSTGRESQL[0]}://{match['rest']}"

    @property
    def store_path(self) -> Path:
        return Path(self.store_dir).expanduser().absolute()

    @classmethod
    def of_dispatcher(cls) -> list[str]:
        """Return the names of the settings that are read when the dispatcher starts."""
        return list(cls.class_traits(dispatcher=True))

    def environment(self) -> dict[str, str]:
        """Return the settings as NBYARD_* variables, so that a child process has the same."""
        values = {name: getattr(self, name) for name in self.class_traits(config=True)}
        values["store_dir"] = self.store_path  # absolute: the child may have another directory
        return {
            f"{PREFIX}{name.upper()}": _list_text(value) if isinstance(value, list) else str(value)
            for name, value in values.items()
        }


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _list_text(items: list[str]) -> str:
    """Return a list as text that `Settings` reads from a variable."""
    text = ",".join(items)
    is_plain = not JSON_LIST.match(text) and all("," not in item for item in items)
    return text if is_plain else json.dumps(items)
