"""Lists the packages on a cluster, as its workers report them. Results depend on them."""

import subprocess
import threading
import time

import msgspec

from nbyard.domain.digest import digest_of
from nbyard.domain.environments.structs import Lock
from nbyard.errors import Unavailable
from nbyard.host.kernels.installed_kernels import LIST_PACKAGES
from nbyard.reasons.structs import because
from nbyard.runtimes.dask.cluster import Cluster
from nbyard.runtimes.dask.worker_calls import WorkerGone


class WorkerPackages(msgspec.Struct, frozen=True):
    """The packages of a worker. `stamp` changes when something is installed there."""

    stamp: str
    digest: str
    lock: Lock


class InstalledPackages:
    """The packages of all workers of a cluster.

    Each call asks every worker, but a worker with unchanged packages does not list them again.
    """

    def __init__(self, cluster: Cluster, site: str):
        self._cluster = cluster
        self._site = site
        self._lock = threading.Lock()
        self._asked_at = 0.0
        self._said: list[WorkerPackages] = []

    def locks(self) -> list[Lock]:
        """Return the packages of the cluster's workers, each distinct set once.

        Raises:
            Unavailable: No worker has reported its packages yet.
        """
        called_at = time.monotonic()
        with self._lock:
            if self._asked_at < called_at:  # another thread may have asked meanwhile
                self._ask()
            lock_by_digest = {said.digest: said.lock for said in self._said}
        return [lock_by_digest[digest] for digest in sorted(lock_by_digest)]

    def _ask(self) -> None:
        asked_at = time.monotonic()
        workers = self._cluster.workers(since=asked_at)
        if not workers:
            self._cluster.attract_worker()
            raise Unavailable(because("dask-packages-unknown", site=self._site))
        known = {said.stamp: said for said in self._said}
        try:
            answers = self._cluster.call_all(list(workers), "packages", LIST_PACKAGES, list(known))
            said = []
            for stamp, text in answers.values():
                if text:
                    lock = msgspec.json.decode(text, type=Lock)
                    said.append(WorkerPackages(stamp, digest_of(msgspec.to_builtins(lock)), lock))
                else:
                    said.append(known[stamp])
            self._said = said
        except (WorkerGone, subprocess.SubprocessError, msgspec.MsgspecError) as error:
            why = because("dask-packages-unreadable", site=self._site, message=str(error))
            raise Unavailable(why) from error
        self._asked_at = asked_at
