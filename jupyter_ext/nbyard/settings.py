"""All settings: name, default, help. `NBYARD_<NAME>` in the environment is the fallback."""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir
from traitlets import Bool, Enum, Float, Int, TraitError, TraitType, Unicode, validate
from traitlets import List as ListTrait
from traitlets.config import Configurable

from nbyard.spelling import meant, misspelled

# CUDA accepts an index, a UUID, or the beginning of a UUID.
GPU = re.compile(r"auto|[0-9]+|(GPU|MIG)-[0-9A-Za-z/-]+")
PREFIX = "NBYARD_"
# Names the worker of an attempt.
NO_SETTINGS = ("NBYARD_DASK_WORKER",)


class Settings(Configurable):
    """Settings of nbyard, for `jupyter_server_config.py` as `c.Settings.<name>`.

    Those with the tag `dispatcher` are read when the dispatcher starts, in its environment.
    """

    store_dir = Unicode(
        help="Folder of the store: database, bytes, attempts. Default: nbyard in Jupyter's data."
    ).tag(config=True)
    database_url = Unicode(
        "", help="SQLAlchemy URL of the database; empty = SQLite in the store folder."
    ).tag(config=True)
    slots = Int(
        0,
        min=0,
        help="How many tasks may run at once on this machine; 0 = one for each core that is ours.",
    ).tag(config=True, dispatcher=True)
    memory_bytes = Int(
        0,
        min=0,
        help="How much memory tasks may ask for together; 0 = all that is ours of this machine.",
    ).tag(config=True, dispatcher=True)
    prepared_parent = Bool(
        True,
        help="Fork processes from one that has imported what notebooks need, instead of starting"
        " each anew (Linux).",
    ).tag(config=True, dispatcher=True)
    ready_kernels = Int(
        2,
        min=0,
        help="How many kernels of those used lately are kept ready for the next notebook (Linux,"
        " Python kernels of any environment, R kernels); 0 = none.",
    ).tag(config=True, dispatcher=True)
    ready_kernels_memory = Int(
        256 * 2**20,
        min=0,
        help="How much memory kernels that are ready may hold together, in bytes; they also go when"
        " the machine has little left.",
    ).tag(config=True, dispatcher=True)
    gpus = ListTrait(
        Unicode(),
        ["auto"],
        help="GPUs that tasks may be granted, by UUID or index in nvidia-smi; auto asks that.",
    ).tag(config=True, dispatcher=True)
    tasks_per_gpu = Int(
        1, min=1, help="How many tasks may share one GPU; 1 = none is ever shared."
    ).tag(config=True, dispatcher=True)
    default_runtime = Unicode(
        "process", help="Where tasks run when neither run nor node says: process, docker or dask."
    ).tag(config=True)
    allowed_private_hosts = ListTrait(
        Unicode(),
        help="Private addresses that imports may read: host, host:port or network (10.0.0.0/8).",
    ).tag(config=True)
    link_folders = ListTrait(
        Unicode(),
        ["resources"],
        help="Folders under the server's root in which datasets are linked by their id.",
    ).tag(config=True)
    max_upload_bytes = Int(100 * 2**30, min=1, help="Largest upload or import, in bytes.").tag(
        config=True, dispatcher=True
    )
    max_body_bytes = Int(
        16 * 2**20, min=1024, help="Largest body of a request that is no upload, in bytes."
    ).tag(config=True)
    max_bundle_bytes = Int(
        200 * 2**20,
        min=1,
        help="Largest code bundle of an image or of a step that is no local process, in bytes.",
    ).tag(config=True)
    max_local_bundle_bytes = Int(
        10 * 2**30, min=1, help="Largest code bundle of a local process, in bytes."
    ).tag(config=True)
    max_other_bytes = Int(
        200 * 2**20,
        min=0,
        help="How many bytes of files that are no declared outputs are kept of a task; 0 = none.",
    ).tag(config=True, dispatcher=True)
    max_other_files = Int(
        1000,
        min=0,
        help="How many files that are no declared outputs are kept of a task.",
    ).tag(config=True, dispatcher=True)
    docker_host = Unicode(
        "", help="URL of the Docker engine; empty = DOCKER_HOST, else the local socket."
    ).tag(config=True, dispatcher=True)
    docker_cert_path = Unicode(
        "",
        help="Folder with ca.pem, cert.pem and key.pem for an engine behind TCP; empty = what"
        " DOCKER_TLS_VERIFY and DOCKER_CERT_PATH say.",
    ).tag(config=True, dispatcher=True)
    warm_containers = Bool(
        False,
        help="Whether runs that do not say it keep containers for their next steps, instead of"
        " having a fresh one for each.",
    ).tag(config=True)
    container_network = Enum(
        ["bridge", "internal", "none"],
        "bridge",
        help="Network of containers: bridge reaches other machines, internal only the containers"
        " of the same run, none nothing.",
    ).tag(config=True, dispatcher=True)
    docker_base_image = Unicode(
        "python:3.11-slim", help="Image on which a node's requirements are installed."
    ).tag(config=True, dispatcher=True)
    ide_images = ListTrait(
        Unicode(),
        ["quay.io/jupyter/*", "codercom/code-server:*"],
        help="Images of deployments that are trusted like JupyterLab itself: their pages may do in"
        " the browser what JupyterLab may. `*` stands for any characters. The pages of others are"
        " shown in a sandbox.",
    ).tag(config=True)
    docker_build_network = Unicode(
        "", help="Network mode of image builds; empty = the engine's default."
    ).tag(config=True, dispatcher=True)
    installer = Enum(
        ["auto", "uv", "pip"],
        "auto",
        help="What installs the packages of environments, with its own configuration: auto takes"
        " uv where it is installed, else pip.",
    ).tag(config=True, dispatcher=True)
    allowed_package_sources = ListTrait(
        Unicode(),
        help="Addresses that requirements may name, and what stands below them: indexes, pages of"
        " links and wheels at https://host/path, folders of wheels, and of code that -e may name,"
        " at file:///folder. Empty = packages come from where the installer is set up for.",
    ).tag(config=True, dispatcher=True)
    install_timeout_seconds = Float(
        3600.0,
        min=1,
        help="How long finding out about the packages of an environment, or installing them, may"
        " take.",
    ).tag(config=True, dispatcher=True)
    environment_versions = Int(
        3,
        min=1,
        help="How many versions of an environment keep their folders when nothing uses them; the"
        " locks of the others stay, and are installed once more when they are asked for.",
    ).tag(config=True, dispatcher=True)
    dask_address = Unicode(
        "", help="Address of a Dask scheduler, tcp://host:port or tls://host:port; empty = none."
    ).tag(config=True, dispatcher=True)
    dask_tls_ca_file = Unicode(
        "", help="Certificate of the authority that a tls:// scheduler is checked with (PEM file)."
    ).tag(config=True, dispatcher=True)
    dask_tls_cert = Unicode(
        "", help="Our own certificate towards a tls:// scheduler (PEM file)."
    ).tag(config=True, dispatcher=True)
    dask_tls_key = Unicode(
        "", help="The key of dask_tls_cert (PEM file); empty = it is in the same file."
    ).tag(config=True, dispatcher=True)
    dask_cluster = Unicode(
        "",
        help="Where there is no dask_address, what makes a cluster: gateway (dask-gateway), slurm,"
        " pbs, sge, lsf, htcondor, oar or moab (dask-jobqueue), as Dask's own configuration tells"
        " them; or module:callable that returns a cluster object of Dask.",
    ).tag(config=True, dispatcher=True)
    dask_workers = Int(
        4, min=1, help="To how many workers or jobs a cluster of dask_cluster may grow."
    ).tag(config=True, dispatcher=True)
    lease_seconds = Float(
        30.0, min=1, help="How long a dispatcher that gives no sign of life keeps its lease."
    ).tag(config=True, dispatcher=True)
    idle_seconds = Float(
        60.0, min=0, help="How long the dispatcher stays when there is nothing to do."
    ).tag(config=True, dispatcher=True)
    keep_alive_seconds = Float(
        3 * 24 * 3600.0,
        min=0,
        help="How long work without a user keeps the Jupyter server from being stopped as idle."
        " Runs, builds, imports and requests to deployments count as activity of the server until"
        " its last other activity was so long ago; 0 = they never count.",
    ).tag(config=True)
    garbage_grace_seconds = Float(
        3600.0, min=0, help="How long bytes stay in the store after nothing names them any more."
    ).tag(config=True, dispatcher=True)
    inline_dispatch = Bool(
        False, help="Start no dispatcher process. Tests drive the runs themselves."
    ).tag(config=True)

    def __init__(self, **kwargs: Any):
        configured = kwargs.get("config", {}).get(type(self).__name__, {})
        self._check_names(configured)
        super().__init__(**kwargs)
        given = set(kwargs) | set(configured)
        for name, trait in self.class_traits(config=True).items():
            text = os.environ.get(f"NBYARD_{name.upper()}")
            # Configuration and arguments take precedence over the environment.
            if text is not None and name not in given:
                self._take(name, trait, text)
                given.add(name)
        self.given = frozenset(given)
        if not self.store_dir:
            self.store_dir = str(Path(jupyter_data_dir()) / "nbyard")

    def _check_names(self, configured: Iterable[str]) -> None:
        """Check the names of settings, and of similar NBYARD_* variables.

        Other NBYARD_* variables are allowed, because running code and users have some.

        Raises:
            TraitError: a setting is unknown, or a variable is misspelled.
        """
        names = self.class_trait_names(config=True)
        for name in configured:
            if name not in names:
                raise TraitError(f"c.Settings.{name}: there is no such setting{meant(name, names)}")
        variables = [f"{PREFIX}{name.upper()}" for name in names]
        for name in os.environ:
            if not name.startswith(PREFIX) or name in variables or name in NO_SETTINGS:
                continue
            if near := misspelled(name.removeprefix(PREFIX), map(str.upper, names)):
                raise TraitError(f"The variable {name} is no setting; is {PREFIX}{near} meant?")

    def _take(self, name: str, trait: "TraitType[Any, Any]", text: str) -> None:
        try:
            setattr(self, name, _parse(trait, text))
        except (TraitError, ValueError) as error:
            variable = f"NBYARD_{name.upper()}={text}"
            raise TraitError(f"The variable {variable} is no setting: {error}") from None

    @validate("gpus")
    def _check_gpus(self, proposal: Any) -> list[str]:
        """Check the names of GPUs: CUDA ignores unknown ones, and code would run without a GPU."""
        for name in proposal["value"]:
            if not GPU.fullmatch(name):
                raise TraitError(f"{name!r} is neither auto nor the index or UUID of a GPU")
        return list(proposal["value"])

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
            f"NBYARD_{name.upper()}": ",".join(value) if isinstance(value, list) else str(value)
            for name, value in values.items()
        }


def _parse(trait: "TraitType[Any, Any]", text: str) -> Any:
    if isinstance(trait, ListTrait) and text.lstrip().startswith("["):
        return json.loads(text)
    if isinstance(trait, ListTrait):
        return [item.strip() for item in text.split(",") if item.strip()]
    return trait.from_string(text)
