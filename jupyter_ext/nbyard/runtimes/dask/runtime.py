"""The Dask runtime: runs each attempt as one Dask task, which is named by the attempt's ID.

Lists the packages on a cluster, as its workers report them. Results depend on them.
"""

import hashlib
import io
import os
import subprocess
import tarfile
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec

import nbyard.runner
from nbyard.attempts.folders import cancel_reason, request_stop
from nbyard.domain.attempts.structs import TASK
from nbyard.domain.digest import digest_of
from nbyard.domain.environments.structs import Lock
from nbyard.errors import Invalid, Unavailable
from nbyard.host.kernels import LIST_PACKAGES
from nbyard.reasons.structs import Reason, because
from nbyard.runner import secret_files
from nbyard.runtimes import attempt_files as files
from nbyard.runtimes.dask.attempt import DaskAttempt
from nbyard.runtimes.dask.cluster import PATHS, Cluster, Sighting, TaskRequirements, WorkerGone
from nbyard.runtimes.protocol import Observation, Order, PathState
from nbyard.settings import Settings


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


PREFIX = "nbyard"
LEAVE_SECONDS = 5.0  # for cleaning up what has ended, before the connection is closed


class DaskRuntime:
    """Runs attempts on a Dask cluster.

    The runtime needs the package `distributed`, and `dask_address` or `dask_cluster` in the
    settings.
    """

    name = "dask"
    queues_itself = True

    def __init__(self, settings: Settings):
        self.cluster = Cluster(settings)
        self._site = settings.dask_address or settings.dask_cluster or PREFIX
        self._lock = threading.RLock()
        self._attempts: dict[str, DaskAttempt] = {}
        self._sightings: dict[str, dict[str, set[Sighting]]] = {}
        self._installed = InstalledPackages(self.cluster, self._site)

    @classmethod
    def from_settings(cls, settings: Settings) -> "DaskRuntime":
        return cls(settings)

    def open(self, store_id: str) -> None:
        """Do nothing: the first order connects to the cluster."""

    def close(self) -> None:
        """Disconnect from the cluster. Running attempts continue."""
        end = time.monotonic() + LEAVE_SECONDS
        with self._lock:
            attempts = list(self._attempts.values())
        for attempt in attempts:
            attempt.wait_until_cleared(end - time.monotonic())
        self.cluster.close()

    def locks(self) -> list[Lock]:
        """Return the packages of the cluster's workers, each distinct set once.

        Raises:
            Unavailable: No worker has reported its packages yet.
        """
        return self._installed.locks()

    def path_states(self, paths: Sequence[str]) -> list[dict[str, PathState]]:
        """Return the states of the paths as each worker sees them.

        Raises:
            Unavailable: There is no worker, or one does not answer.
        """
        workers = self.cluster.workers(since=time.monotonic())
        if not workers:
            self.cluster.attract_worker()
            raise Unavailable(because("dask-without-workers"))
        try:
            states = self.cluster.call_all(list(workers), "describe_paths", list(paths), code=PATHS)
        except WorkerGone as error:
            raise Unavailable(because("dask-worker-gone", worker=str(error))) from error
        return list(states.values())

    def start(self, order: Order) -> str:
        """Submit the attempt, unless that was done before. Return the address of the cluster.

        An `unbegun` attempt is submitted again. For an attempt that was cancelled before, the
        result is written instead.
        """
        attempt = self.attempt(order)
        if files.has_result(order.folder):
            return order.site or self._site
        if cancel_reason(order.folder) is not None and not attempt.has_started:
            files.cancel_unstarted(order.folder)
            return order.site or self._site
        if not order.site or attempt.observe().state == "unbegun":
            self._send(attempt, order)
        return order.site or self._site

    def _send(self, attempt: DaskAttempt, order: Order) -> None:
        self.cluster.check()
        resources = self._resources(order)
        key, name = f"{PREFIX}-{order.attempt_id}", _name(order)
        job = {
            "attempt_id": order.attempt_id,
            "folder": str(order.folder.resolve()),
            # The worker finds out by this digest whether it sees the same folder.
            "nonce": hashlib.sha256((order.folder / TASK).read_bytes()).hexdigest(),
            "runner": _packed_runner(),
            "has_secrets": os.path.lexists(order.folder / secret_files.SECRETS),
            "environment": {
                "NBYARD_STORE": order.store_id,
                "NBYARD_ATTEMPT_ID": order.attempt_id,
            },
            **_topics(order.store_id),
        }
        future = self.cluster.submit(key, TaskRequirements(resources, order.priority), job)
        attempt.begin(future)
        self.cluster.publish(name, future)

    def poll(self, order: Order) -> Observation:
        """Return the state of the attempt.

        Raises:
            Unavailable: the cluster cannot be reached.
        """
        attempt = self.attempt(order)
        try:
            return attempt.observe()
        except Invalid as error:
            raise Unavailable(error.reason) from error

    def logs(self, order: Order) -> None:
        """Fetch what was added to the attempt's files, which `poll` does, too."""
        self.poll(order)

    def stop(self, order: Order, reason: Reason) -> None:
        """Cancel the attempt. A thread then waits for its end and cleans up."""
        request_stop(order.folder, reason)
        self.attempt(order).stop_in_background()

    def sweep(self, store_id: str, live: Collection[str]) -> list[str]:
        """Remove the Dask tasks and files of attempts that are not in `live`."""
        # A sweep alone must not create a cluster.
        if not self.cluster.is_connected and not self.cluster.is_reached_by_address:
            return []
        try:
            removed = self._sweep(store_id, set(live))
        except (Invalid, Unavailable):
            removed = []
        with self._lock:
            for attempt_id in set(self._attempts) - set(live):
                if not self._attempts[attempt_id].is_busy:
                    del self._attempts[attempt_id]
        return removed

    def _sweep(self, store_id: str, live: set[str]) -> list[str]:
        self._listen(store_id)
        own = f"{PREFIX}/{store_id}/"
        names = [name for name in self.cluster.published_names() if name.startswith(own)]
        dead = [name for name in names if name.removeprefix(own) not in live]
        for name in dead:
            self.cluster.cancel_and_unpublish(name, self.cluster.published_future(name))
        with self._lock:
            sightings = self._sightings[store_id]
            over = {
                attempt_id: set(attempt_sightings)
                for attempt_id, attempt_sightings in sightings.items()
                if attempt_id not in live
            }
        places: dict[str, list[str]] = {}
        for sighting in set().union(*over.values()):
            places.setdefault(sighting.worker, []).append(sighting.place)
        for address in places.keys() & self.cluster.workers().keys():
            self.cluster.mark_unneeded(address, places[address])
        with self._lock:  # kept until here, because a call above may have failed
            for attempt_id, ended in over.items():
                sightings[attempt_id] -= ended
                if not sightings[attempt_id]:
                    del sightings[attempt_id]
        return dead

    def attempt(self, order: Order) -> DaskAttempt:
        self._listen(order.store_id)
        with self._lock:
            known = self._attempts.get(order.attempt_id)
            if known is None:
                known = DaskAttempt(order, self.cluster, _name(order))
                self._attempts[order.attempt_id] = known
                for sighting in self._sightings[order.store_id].get(order.attempt_id, ()):
                    known.record_worker(sighting)
            elif order.site and not known.order.site:
                known.order = order
            return known

    # Messages from workers

    def _listen(self, store_id: str) -> None:
        with self._lock:
            if store_id in self._sightings:
                return
            # Set before `listen`, which passes on earlier messages at once.
            self._sightings[store_id] = {}
        self.cluster.listen(_topics(store_id).values(), partial(self._on_event, store_id))

    def _on_event(self, store_id: str, event: dict[str, Any]) -> None:
        sighting = Sighting(event["worker"], event["place"], event["is_shared"])
        with self._lock:
            attempt = self._attempts.get(event["attempt"])
            if event["what"] == "began":
                self._sightings[store_id].setdefault(event["attempt"], set()).add(sighting)
                if attempt is not None:
                    attempt.record_worker(sighting)
        if attempt is not None:
            attempt.note_news()

    def _resources(self, order: Order) -> dict[str, float]:
        """Return the Dask resources that the attempt requires, among those that workers declare."""
        wanted = {"cpu": order.cpu, "memory": order.memory_bytes, "gpu": order.gpu}
        if not any(wanted.values()):
            return {}
        workers = self.cluster.workers()
        if not workers:
            self.cluster.attract_worker()
            raise Unavailable(because("dask-without-workers"))
        return required_resources(
            wanted, [worker.get("resources", {}) for worker in workers.values()]
        )


def required_resources(
    wanted: Mapping[str, float | None], declared: Sequence[Mapping[str, float]]
) -> dict[str, float]:
    """Return the wanted resources, by the names under which workers declare them.

    Workers that declare no cores or no memory count as having enough of them, but not enough GPUs.

    Raises:
        Unavailable: No worker has all of the resources.
    """
    names = sorted({name for amounts in declared for name in amounts})
    if wanted["gpu"] and "gpu" not in map(str.lower, names):
        raise Unavailable(because("dask-without-gpus"))
    required = {name: float(amount) for name in names if (amount := wanted.get(name.lower()))}
    if not any(
        all(amounts.get(name, 0) >= required[name] for name in required) for amounts in declared
    ):
        most = [
            f"{name}={max(amounts.get(name, 0) for amounts in declared):g}" for name in required
        ]
        all_of_it = [f"{name}={amount:g}" for name, amount in required.items()]
        raise Unavailable(because("dask-worker-too-small", wanted=all_of_it, most=most))
    return required


def _name(order: Order) -> str:
    return f"{PREFIX}/{order.store_id}/{order.attempt_id}"


def _topics(store_id: str) -> dict[str, str]:
    """Return the topics on which workers log messages about attempts of a store.

    Messages about growing logs have a topic of their own, because the scheduler keeps only a
    limited number per topic.
    """
    return {"topic": f"{PREFIX}/{store_id}", "grown_topic": f"{PREFIX}/{store_id}/grown"}


@cache
def _packed_runner() -> bytes:
    """Return a tar archive of the runner."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        here = Path(str(nbyard.runner.__file__)).parent
        for path in sorted(here.rglob("*.py")):
            archive.add(path, str(path.relative_to(here)))
    return packed.getvalue()
