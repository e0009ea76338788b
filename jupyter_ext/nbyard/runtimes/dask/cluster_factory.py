"""Creates clusters on demand, with dask-gateway, dask-jobqueue or a callable.

Dask's own configuration (gateway.yaml, jobqueue.yaml) has the details for the first two.
"""

import importlib
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from nbyard.errors import Invalid, NbyardError, Unavailable
from nbyard.host.project_files import write_whole
from nbyard.reasons.structs import Reason, because
from nbyard.settings import Settings

GATEWAY = "gateway"
JOB_QUEUES = {
    "htcondor": "HTCondorCluster",
    "lsf": "LSFCluster",
    "moab": "MoabCluster",
    "oar": "OARCluster",
    "pbs": "PBSCluster",
    "sge": "SGECluster",
    "slurm": "SLURMCluster",
}
# Jobs may wait long in the queue, so an idle job stays for a minute.
IDLE_LOOKS = 60
NAME = "dask-gateway-cluster"


class Made(msgspec.Struct, frozen=True):
    """A cluster that nbyard created. Clients connect to `target`.

    `end` disconnects from the cluster or stops it. Its argument says whether the cluster is still
    needed.
    """

    target: Any
    end: Callable[[bool], None]


def create_cluster(settings: Settings) -> Made:
    """Create the cluster that the setting `dask_cluster` names, without workers if it can scale.

    Raises:
        Invalid: There is no such kind of cluster, or its creation fails.
        Unavailable: The service that creates it does not respond.
    """
    name = settings.dask_cluster
    if name == GATEWAY:
        return _from_gateway(settings)
    if name in JOB_QUEUES:
        try:
            cluster = _job_queue(name)()
        except (OSError, TypeError, ValueError, RuntimeError) as error:
            raise Invalid.field("dask_cluster", _creation_failure(name, error)) from error
        cluster.adapt(minimum_jobs=0, maximum_jobs=settings.dask_workers, wait_count=IDLE_LOOKS)
        return Made(cluster, lambda _: cluster.close())
    create = _callable(name)
    try:
        target = create()
    except OSError as error:
        raise Unavailable(_creation_failure(name, error)) from error
    except (ImportError, AttributeError, TypeError, ValueError, RuntimeError) as error:
        raise Invalid.field("dask_cluster", _creation_failure(name, error)) from error

    def end(_: bool) -> None:
        if not isinstance(target, str):
            target.close()

    return Made(target, end)


def describe_cluster(settings: Settings) -> Reason:
    """Describe for users how a cluster would be created, without creating one.

    Raises:
        NbyardError: A cluster could not be created.
    """
    name = settings.dask_cluster
    if name == GATEWAY:
        with _gateway() as gateway:
            version = gateway.get_versions()["server"]["version"]
            address = str(gateway.address)
            return because("dask-gateway-creates", version=version, address=address)
    if name in JOB_QUEUES:
        _job_queue(name)
    else:
        _callable(name)
    return because("dask-creates", name=name)


# dask-gateway: one cluster for the store, shared by successive dispatchers


def _from_gateway(settings: Settings) -> Made:
    record = settings.store_path / NAME
    with _gateway() as gateway:
        name = ""
        with suppress(OSError):
            name = record.read_text()
        if name not in [cluster.name for cluster in gateway.list_clusters()]:
            name = gateway.submit()
            write_whole(record, name.encode())
        target = gateway.connect(name)
        target.adapt(minimum=0, maximum=settings.dask_workers)

    def end(is_needed: bool) -> None:
        with suppress(NbyardError), _translated_gateway_errors():
            if is_needed:
                target.close()
            else:
                target.shutdown()
                record.unlink(missing_ok=True)

    return Made(target, end)


@contextmanager
def _gateway() -> Iterator[Any]:
    try:
        dask_gateway: Any = importlib.import_module("dask_gateway")
    except ImportError as error:
        raise _missing("dask-gateway", error) from error
    with _translated_gateway_errors(), dask_gateway.Gateway() as gateway:
        yield gateway


@contextmanager
def _translated_gateway_errors() -> Iterator[None]:
    client: Any = importlib.import_module("dask_gateway.client")
    aiohttp: Any = importlib.import_module("aiohttp")
    try:
        yield
    except ValueError as error:  # no address, or an invalid authentication
        why = because("dask-gateway-unusable", message=first_line(error))
        raise Invalid.field("dask_cluster", why) from error
    except (
        aiohttp.ClientError,
        client.GatewayClusterError,
        client.GatewayServerError,
        OSError,
        TimeoutError,
    ) as error:
        raise Unavailable(because("dask-gateway-failed", message=first_line(error))) from error


# dask-jobqueue: the scheduler runs in this process, each worker in a job


def _job_queue(name: str) -> Any:
    # dask-jobqueue 0.9 installs a handler for SIGINT when it is imported. That signal is ours, and
    # outside the main thread the import would fail.
    real = signal.signal
    signal.signal = lambda *_: None
    try:
        cluster_class = getattr(importlib.import_module("dask_jobqueue"), JOB_QUEUES[name])
    except ImportError as error:
        raise _missing("dask-jobqueue", error) from error
    finally:
        signal.signal = real
    program = cluster_class.job_cls.submit_command.split()[0]
    if shutil.which(program) is None:
        why = because("dask-program-missing", program=program, cluster=name)
        raise Invalid.field("dask_cluster", why)
    return cluster_class


def _missing(package: str, error: ImportError) -> Invalid:
    why = because("dask-not-imported", package=package, message=first_line(error))
    return Invalid(why, hint=because("pip-install", package=package))


def _callable(name: str) -> Callable[[], Any]:
    module, _, attribute = name.partition(":")
    try:
        factory = getattr(importlib.import_module(module), attribute or "cluster")
    except (ImportError, AttributeError, TypeError, ValueError, OSError) as error:
        raise Invalid.field(
            "dask_cluster",
            _creation_failure(name, error),
            hint=because("known-clusters", known=[GATEWAY, *JOB_QUEUES]),
        ) from error
    made: Callable[[], Any] = factory
    return made


def _creation_failure(name: str, error: Exception) -> Reason:
    return because("dask-not-made", cluster=name, message=first_line(error))


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or its type."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
