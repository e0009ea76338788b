"""Checks for `nbyard doctor`: machine, container engine, Dask cluster and JupyterLab."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.doctor import Check
from nbyard.errors import NbyardError
from nbyard.host import hardware
from nbyard.host.hardware import capacity
from nbyard.settings import Settings

if TYPE_CHECKING:
    from nbyard.dockerd import EngineInfo

GIB = 2**30


def probe_slots(settings: Settings) -> Check:
    """Check which cores, memory and GPUs tasks may use, and how the GPUs were found."""
    available = capacity(settings)
    cores = (
        f"{available.cores:g} (as set)"
        if settings.slots
        else f"{available.cores:g} (one for each core)"
    )
    gib = round(available.memory_bytes / GIB, 1)
    memory = (
        f"{gib:g} GiB of memory (as set)" if settings.memory_bytes else f"{gib:g} GiB of memory"
    )
    source = hardware.gpu_source(settings.gpus)
    cards = f"no GPUs ({source})"
    if available.gpus and available.tasks_per_gpu > 1:
        tasks = available.tasks_per_gpu
        cards = f"GPUs {', '.join(available.gpus)} ({source}), each for {tasks} tasks at once"
    elif available.gpus:
        cards = f"GPUs {', '.join(available.gpus)} ({source})"
    finding = "; ".join([cores, memory, cards])
    # No GPU is expected without NVIDIA's driver, or if the settings list the GPUs. Else, an empty
    # list is a problem.
    if available.gpus or source not in (hardware.DRIVER, hardware.OURS):
        return Check("slots", "ok", finding)
    return Check("slots", "missing", finding, "Check the output of nvidia-smi -L, or set gpus.")


def probe_docker(settings: Settings) -> Check:
    """Check whether a container engine responds; other runtimes work without one."""
    return _ask_engine(settings)[0]


def probe_users(settings: Settings) -> Check:
    """Check what keeps apart the containers of a shared store's users."""
    check, info = _ask_engine(settings)
    if info is None:
        return msgspec.structs.replace(check, name="isolation")
    needs = {
        "a seccomp profile": info.has_seccomp,
        "user namespaces (userns-remap)": info.remaps_users or info.is_rootless,
        "container_network = internal or none": settings.container_network != "bridge",
    }
    lacks = [name for name, is_set in needs.items() if not is_set]
    if not lacks:
        return Check("isolation", "ok", "containers of users are apart")
    cure = "The page Security says how to set this, or which firewall rules to use."
    return Check("isolation", "missing", f"not set: {' and '.join(lacks)}", cure)


def _ask_engine(settings: Settings) -> tuple[Check, "EngineInfo | None"]:
    # Late: a server that starts must not load the Docker SDK.
    from nbyard.dockerd import Engine

    # An engine that does not respond must not delay the whole report.
    engine = Engine(settings.docker_host, certificates=settings.docker_cert_path, timeout=3)
    try:
        info = engine.info
    except NbyardError as error:
        cure = error.hint or "Install and start Docker, or set docker_host, to run in containers."
        return Check("docker", "missing", error.message, cure), None
    finally:
        engine.close()
    name = "Podman" if info.is_podman else "Docker"
    finding = f"{name} {info.version} at {engine.url}, {engine.way}"
    return Check("docker", "ok", finding), info


def probe_dask(settings: Settings) -> Check:
    """Check whether a Dask cluster responds and fits; never create one."""
    from nbyard.runtimes.dask.cluster import Cluster
    from nbyard.runtimes.dask.cluster_factory import describe_cluster

    cluster = Cluster(settings)
    try:
        # Creating a cluster could cost money or queue jobs, so only describe it.
        if cluster.is_set and not cluster.is_reached_by_address:
            return Check("dask", "ok", str(describe_cluster(settings)))
        return Check("dask", "ok", str(cluster.describe()))
    except NbyardError as error:
        cure = error.hint or "Start it, or ask its owner."
        return Check("dask", "missing", error.message, cure)
    finally:
        cluster.close()


def probe_front_end() -> Check:
    """Check whether JupyterLab finds the extension."""
    from jupyter_core.paths import jupyter_path

    places = [Path(p, "nbyard", "package.json") for p in jupyter_path("labextensions")]
    folder = next((place.parent for place in places if place.is_file()), None)
    if folder is None:
        return Check(
            "jupyterlab",
            "missing",
            "the extension is not installed",
            "Reinstall nbyard: its wheel contains the extension.",
        )
    return Check("jupyterlab", "ok", f"extension in {folder}")
