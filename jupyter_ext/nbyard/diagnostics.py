"""Checks for `nbyard doctor`: machine, container engine, Dask cluster and JupyterLab."""

from pathlib import Path

from nbyard.domain.doctor import Check
from nbyard.errors import NbyardError
from nbyard.host import gpus
from nbyard.host.capacity import capacity
from nbyard.reasons.structs import all_of, because
from nbyard.settings import Settings

GIB = 2**30


def probe_slots(settings: Settings) -> Check:
    """Check which cores, memory and GPUs tasks may use, and how the GPUs were found."""
    available = capacity(settings)
    cores = because("cores-set" if settings.slots else "cores-found", cores=available.cores)
    gib = round(available.memory_bytes / GIB, 1)
    memory = because("memory-set" if settings.memory_bytes else "memory-found", memory=gib)
    source = gpus.gpu_source(settings.gpus)
    cards = because("no-gpus-found", source=source)
    if available.gpus and available.tasks_per_gpu > 1:
        tasks = available.tasks_per_gpu
        cards = because("gpus-shared", gpus=list(available.gpus), source=source, tasks=tasks)
    elif available.gpus:
        cards = because("gpus-found", gpus=list(available.gpus), source=source)
    finding = all_of([cores, memory, cards])
    # No GPU is expected without NVIDIA's driver, or if the settings list the GPUs. Else, an empty
    # list is a problem.
    if available.gpus or source not in (gpus.DRIVER, gpus.OURS):
        return Check("slots", "ok", finding)
    return Check("slots", "missing", finding, because("check-gpus"))


def probe_docker(settings: Settings) -> Check:
    """Check whether a container engine responds; other runtimes work without one."""
    # Late: a server that starts must not load the Docker SDK.
    from nbyard.dockerd import Engine

    # An engine that does not respond must not delay the whole report.
    engine = Engine(settings.docker_host, certificates=settings.docker_cert_path, timeout=3)
    try:
        info = engine.info
    except NbyardError as error:
        cure = error.hint_reason or because("install-docker")
        return Check("docker", "missing", error.reason, cure)
    finally:
        engine.close()
    name = "Podman" if info.is_podman else "Docker"
    finding = because(
        "engine-answers", engine=name, version=info.version, url=engine.url, way=engine.way
    )
    return Check("docker", "ok", finding)


def probe_dask(settings: Settings) -> Check:
    """Check whether a Dask cluster responds and fits; never create one."""
    from nbyard.runtimes.dask.cluster import Cluster
    from nbyard.runtimes.dask.cluster_factory import describe_cluster

    cluster = Cluster(settings)
    try:
        # Creating a cluster could cost money or queue jobs, so only describe it.
        if cluster.is_set and not cluster.is_reached_by_address:
            return Check("dask", "ok", describe_cluster(settings))
        return Check("dask", "ok", cluster.describe())
    except NbyardError as error:
        cure = error.hint_reason or because("start-cluster")
        return Check("dask", "missing", error.reason, cure)
    finally:
        cluster.close()


def probe_front_end() -> Check:
    """Check whether JupyterLab finds the extension."""
    from jupyter_core.paths import jupyter_path

    places = [Path(p, "nbyard", "package.json") for p in jupyter_path("labextensions")]
    folder = next((place.parent for place in places if place.is_file()), None)
    if folder is None:
        return Check("jupyterlab", "missing", because("no-extension"), because("reinstall-nbyard"))
    return Check("jupyterlab", "ok", because("extension-in", folder=str(folder)))
