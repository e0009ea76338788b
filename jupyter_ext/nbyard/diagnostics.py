"""Checks for `nbyard doctor`: machine, container engine, Dask cluster and JupyterLab."""

from pathlib import Path

from nbyard.domain.doctor import Check
from nbyard.errors import NbyardError
from nbyard.host import gpus
from nbyard.host.capacity import capacity
from nbyard.settings import Settings

GIB = 2**30


def probe_slots(settings: Settings) -> Check:
    """Check which cores, memory and GPUs tasks may use, and how the GPUs were found."""
    found = capacity(settings)
    slots = f"{found.cores:g} ({'as set' if settings.slots else 'one for each core'})"
    memory = f"{found.memory_bytes / GIB:.1f} GiB of memory"
    memory += " (as set)" if settings.memory_bytes else ""
    source = gpus.gpu_source(settings.gpus)
    names = f"GPUs {', '.join(found.gpus)}" if found.gpus else "no GPUs"
    shared = found.gpus and found.tasks_per_gpu > 1
    each = f", each for {found.tasks_per_gpu} tasks at once" if shared else ""
    text = f"{slots}; {memory}; {names} ({source}){each}"
    if found.gpus or source not in (gpus.DRIVER, gpus.OURS):
        return Check("slots", "ok", text)
    return Check("slots", "missing", text, "See what nvidia-smi -L says, or set gpus.")


def probe_docker(settings: Settings) -> Check:
    """Check whether a container engine responds; other runtimes work without one."""
    from nbyard.dockerd import Engine

    engine = Engine(settings.docker_host, certificates=settings.docker_cert_path, timeout=3)
    try:
        info = engine.info
    except NbyardError as error:
        cure = error.hint or "Install and start Docker, or set docker_host, to run in containers."
        return Check("docker", "missing", error.message, cure)
    finally:
        engine.close()
    name = "Podman" if info.is_podman else "Docker"
    return Check("docker", "ok", f"{name} {info.version} at {engine.url}, {engine.way}")


def probe_dask(settings: Settings) -> Check:
    """Check whether a Dask cluster responds and fits; never create one."""
    from nbyard.runtimes.dask.cluster import Cluster
    from nbyard.runtimes.dask.cluster_factory import describe_cluster

    cluster = Cluster(settings)
    try:
        # Creating a cluster could cost money or queue jobs, so only describe it.
        if cluster.is_set and not cluster.is_reached_by_address:
            return Check("dask", "ok", describe_cluster(settings))
        return Check("dask", "ok", f"{cluster.describe()} at {settings.dask_address}")
    except NbyardError as error:
        return Check("dask", "missing", error.message, error.hint or "Start it, or ask its owner.")
    finally:
        cluster.close()


def probe_front_end() -> Check:
    """Check whether JupyterLab finds the extension."""
    from jupyter_core.paths import jupyter_path

    places = [Path(p, "nbyard", "package.json") for p in jupyter_path("labextensions")]
    found = next((place.parent for place in places if place.is_file()), None)
    if found is None:
        cure = "Reinstall nbyard: its wheel carries the extension."
        return Check("jupyterlab", "missing", "the extension is not installed", cure)
    return Check("jupyterlab", "ok", f"extension in {found}")
