"""The connection to a Dask cluster, opened when needed and reopened when lost.

In the dispatcher, only this module imports `distributed`, and only when needed.

Checks that a cluster's software matches that of the dispatcher, as both exchange data.
"""

import asyncio
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from nbyard.errors import Invalid, NbyardError, Unavailable
from nbyard.reasons.structs import Reason, because, read_reason
from nbyard.runner.process import path_states
from nbyard.runtimes.dask import folder_entries, worker_functions
from nbyard.runtimes.dask.cluster_factory import Made, create_cluster, first_line
from nbyard.serving.dask_worker_code import EXPRESSION, WorkerCode
from nbyard.settings import Settings

if TYPE_CHECKING:
    from distributed import Client, Future

ANSWER_SECONDS = 20.0  # for the scheduler to respond
WORKER_SECONDS = 60.0  # for workers to respond, which may be busy
FRESH_SECONDS = 0.5
CODE = WorkerCode("nbyard_worker", folder_entries, worker_functions)
PATHS = WorkerCode("nbyard_paths", path_states)


class WorkerGone(Exception):
    """The scheduler no longer has a worker with this address."""


async def call_on_workers(
    client: "Client", addresses: Sequence[str], code: WorkerCode, request: Sequence[Any]
) -> Any:
    """Call a function on workers.

    `request` has its name and its arguments. Return results by address. Dask keeps trying to reach
    workers that are gone. So the scheduler's list is checked meanwhile.

    Raises:
        WorkerGone: A worker no longer exists.
        Unavailable: The workers do not answer in time.
    """
    end = time.monotonic() + WORKER_SECONDS
    # A look at paths may wait for a disk: in the worker's event loop, it would stop the worker.
    call = (asyncio.to_thread, eval) if code is PATHS else (eval,)
    packed, workers = code.call(*request), list(addresses)
    asked = asyncio.ensure_future(client.run(*call, EXPRESSION, packed, workers=workers))
    try:
        while not asked.done():
            await asyncio.wait({asked}, timeout=FRESH_SECONDS)
            if not asked.done() or asked.exception() is not None:
                identity = client.scheduler.identity(n_workers=-1)
                scheduler_info = await asyncio.wait_for(identity, ANSWER_SECONDS)
                if gone := set(addresses) - scheduler_info["workers"].keys():
                    raise WorkerGone(", ".join(sorted(gone)))
            if not asked.done() and time.monotonic() > end:
                raise Unavailable(because("dask-workers-silent", workers=list(addresses)))
        return asked.result()
    finally:
        asked.cancel()


def version_differences(versions: dict[str, Any]) -> list[Reason]:
    """Return how scheduler and workers differ from the client, from `get_versions`."""
    own = _versions(versions["client"])
    pairs = [
        because("scheduler-differs", **difference)
        for difference in _unlike(own, _versions(versions["scheduler"]))
    ]
    for address, worker_versions in versions["workers"].items():
        unlike = _unlike(own, _versions(worker_versions))
        pairs += [because("worker-differs", worker=address, **difference) for difference in unlike]
    return pairs


def _unlike(own: dict[str, str], theirs: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"package": name, "theirs": version or "none", "own": own[name] or "none"}
        for name, version in theirs.items()
        if version != own[name]
    ]


def _versions(versions: dict[str, Any]) -> dict[str, str]:
    """Return the versions that must match, from the entry of one machine.

    Python's minor version counts because pickles differ. Only the major version of msgpack counts.
    Dask itself requires the same version of distributed.
    """
    packages = versions.get("packages", {})
    python = str(packages.get("python") or versions.get("host", {}).get("python") or "")
    return {
        "Python": ".".join(python.split(".")[:2]),
        "distributed": str(packages.get("distributed") or ""),
        "msgpack": str(packages.get("msgpack") or "").split(".")[0],
    }


CONNECT_SECONDS = 5.0
PAUSE_SECONDS = 2.0
LURE_SECONDS = 20.0
Handle = Callable[[dict[str, Any]], None]


class Sighting(msgspec.Struct, frozen=True):
    """The worker that accepted an attempt, and the attempt's folder (`place`) there."""

    worker: str
    place: str
    is_shared: bool


class TaskRequirements(NamedTuple):
    """The requirements of a task: resources of its worker, and its priority in the queue.

    A higher priority comes first. Equal priorities keep their order.
    """

    resources: dict[str, float]
    priority: float


class Cluster:
    """A connection to one cluster at a time. Every method may raise Unavailable."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._looking = threading.Lock()
        self.client: Client | None = None
        self._line: Any = None
        self._own: Made | None = None
        self._failure: NbyardError | None = None
        self._not_before = 0.0
        self._workers: dict[str, dict[str, Any]] = {}
        self._workers_at = -math.inf
        self._checked: set[str] = set()
        self._handlers: dict[str, Handle] = {}
        self._lure: Future | None = None
        self.generation = 0
        self.is_closed = False

    @property
    def is_set(self) -> bool:
        """Return whether the settings name a cluster."""
        return bool(self._settings.dask_address or self._settings.dask_cluster)

    @property
    def is_connected(self) -> bool:
        return self.client is not None

    @property
    def is_reached_by_address(self) -> bool:
        """Return whether a cluster's address is set, so that connecting creates no cluster."""
        return bool(self._settings.dask_address)

    @property
    def address(self) -> str:
        """Return the address of the scheduler."""
        return str(self._connected_client().scheduler.address)

    def connect(self) -> None:
        """Connect, unless there is a connection."""
        self._connected_client()

    def close(self) -> None:
        """Disconnect. Running work continues, unless the cluster lives in this process."""
        with self._lock:
            self.is_closed = True
            is_needed = self._own is not None and self._is_needed()
            self._drop()
            self._give_up(is_needed)

    def listen(self, topics: Iterable[str], handle: Handle) -> None:
        """Call `handle` with all messages that workers log on these topics, including earlier ones.

        After a reconnect, `handle` gets all of them again.
        """
        with self._lock:
            new = dict.fromkeys(topics, handle)
            self._handlers |= new
            try:
                for topic in new if self.client else ():
                    self._subscribe(self.client, topic, handle)
            except Unavailable:
                self._drop()  # the next connection gets all messages
                raise

    def workers(self, since: float = 0.0) -> dict[str, dict[str, Any]]:
        """Return the scheduler's information about each worker, by address.

        It is at most half a second old, and not older than `since` on the monotonic clock.
        """
        with self._looking:
            now = time.monotonic()
            if self._workers_at < max(since, now - FRESH_SECONDS):
                scheduler_info = self._run(lambda client: client.scheduler.identity(n_workers=-1))
                self._workers, self._workers_at = dict(scheduler_info["workers"]), now
            return self._workers

    def has_worker(self, address: str) -> bool:
        """Return whether the worker exists. False is never based on old information."""
        return address in self.workers() or address in self.workers(since=time.monotonic())

    def describe(self) -> Reason:
        """Describe the cluster for users."""
        workers = self.workers().values()
        counts = {"workers": len(workers), "threads": sum(worker["nthreads"] for worker in workers)}
        return because("dask-workers", address=self._settings.dask_address, **counts)

    def check(self) -> None:
        """Check the versions of workers that joined meanwhile.

        Raises:
            NbyardError: A worker does not match this installation.
        """
        if set(self.workers()) - self._checked:
            self._check_versions(self._connected_client())

    def ask(self, at: Sighting, verb: str, *arguments: Any) -> Any:
        """Call a function of `worker_functions` with an attempt's place as first argument.

        Raises:
            WorkerGone: The worker is gone, and with it the place.
        """
        return self.call(at.worker, verb, at.place, *arguments)

    def mark_unneeded(self, address: str, places: list[str]) -> None:
        """Mark places on a worker as no longer needed, so that the worker deletes them."""
        with suppress(WorkerGone):
            self.call(address, "end", places)

    def call(self, address: str, verb: str, *arguments: Any) -> Any:
        """Call a function of the module `worker_functions` on a worker, beside its tasks.

        Raises:
            WorkerGone: The worker no longer exists.
        """
        return self.call_all([address], verb, *arguments)[address]

    def call_all(
        self, addresses: Sequence[str], verb: str, *arguments: Any, code: WorkerCode = CODE
    ) -> dict[str, Any]:
        """Call a function on several workers at once, and return the results by address.

        Raises:
            WorkerGone: One of the workers no longer exists.
        """
        ask = partial(call_on_workers, addresses=addresses, code=code, request=(verb, *arguments))
        answers: dict[str, Any] = self._answer(self._connected_client(), ask, None)
        return answers

    def submit(self, key: str, requirements: TaskRequirements, *arguments: Any) -> "Future":
        """Submit a call of `worker_functions.run`, once per key while its future exists."""
        with self._lock:
            return self._connected_client().submit(
                eval,
                EXPRESSION,
                CODE.call("run", *arguments),
                key=key,
                pure=False,
                retries=0,
                resources=requirements.resources or None,
                priority=requirements.priority,
                # else by key, for tasks that are submitted at about the same time
                fifo_timeout="0 ms",
            )

    def publish(self, name: str, future: "Future") -> None:
        """Store a future on the scheduler under a name, so that it outlives this client."""
        with suppress(KeyError):  # it is published already
            self._run(lambda client: client.publish_dataset(future, name=name))

    def attract_worker(self) -> None:
        """Submit a short task, so that an adaptive cluster starts a worker.

        The task keeps the worker for a moment, so that it is still there for the next request.
        """
        with self._lock:
            client = self._connected_client()
            if self._lure is None or self._lure.status != "pending":
                key = f"nbyard-lure-{os.urandom(8).hex()}"
                packed = CODE.call("linger", LURE_SECONDS)
                self._lure = client.submit(eval, EXPRESSION, packed, key=key, pure=False)

    def published_future(self, name: str) -> "Future | None":
        """Return the future that was published under that name, or None."""
        with suppress(KeyError):
            future: Future = self._run(lambda client: client.get_dataset(name))
            return future
        return None

    def outcome(self, future: "Future") -> Reason | None:
        """Return the result of `worker_functions.run`, or the reason why the task failed."""
        said = self._run(lambda client: client.gather([future], errors="skip"))
        if said:
            return read_reason(said[0])
        error = self._run(lambda client: future.exception())
        return because("dask-task-failed", message=first_line(error))

    def published_names(self) -> list[str]:
        """Return the names of everything that is published on the scheduler."""
        return [str(name) for name in self._run(lambda client: client.list_datasets())]

    def cancel_and_unpublish(self, name: str, future: "Future | None") -> None:
        """Cancel a task and remove its name from the scheduler."""
        if future is not None:
            self._run(lambda client: client.cancel([future], force=True))
        with suppress(KeyError):  # it is not published
            self._run(lambda client: client.unpublish_dataset(name))

    # Connection

    def _is_needed(self) -> bool:
        """Return whether anything is published on the cluster, True if that is unknown."""
        try:
            return bool(self.published_names())
        except NbyardError:
            return True

    def _give_up(self, is_needed: bool) -> None:
        own, self._own = self._own, None
        if own is not None:
            own.end(is_needed)

    def _run(self, ask: "Callable[[Client], Any]") -> Any:
        return self._answer(self._connected_client(), ask, ANSWER_SECONDS)

    def _answer(
        self, client: "Client", ask: "Callable[[Client], Any]", seconds: float | None
    ) -> Any:
        """Send a request. Meanwhile, other requests raise the last failure at once."""

        async def answer() -> Any:
            return await ask(client)

        failure: Unavailable | None = None
        self._not_before = time.monotonic() + ANSWER_SECONDS
        try:
            return client.sync(answer, callback_timeout=seconds)
        except (
            OSError,
            TimeoutError,
            asyncio.CancelledError,
            RuntimeError,
            AttributeError,  # a client that was closed meanwhile has no scheduler
        ) as error:
            if isinstance(error, AttributeError) and client.status == "running":
                raise
            self._drop_lost_client()
            failure = Unavailable(because("dask-silent", message=first_line(error)))
            raise failure from error
        finally:
            if self.client is client:
                self._fail(failure)

    def _fail(self, failure: NbyardError | None) -> None:
        """Record the outcome of a request, which requests that come soon will raise."""
        self._failure, self._not_before = failure, time.monotonic() + PAUSE_SECONDS

    def _connected_client(self) -> "Client":
        with self._lock:
            self._drop_lost_client()
            if self._failure and time.monotonic() < self._not_before:
                raise self._failure
            if self.client is not None:
                return self.client
            if self.is_closed:
                raise Unavailable(because("dask-connection-closed"))
            try:
                return self._connect()
            except NbyardError as error:
                self._drop()
                self._fail(error)
                raise

    def _drop_lost_client(self) -> None:
        """Drop a client that has lost its connection to the scheduler.

        The client may have reconnected by itself, perhaps to another scheduler. By then it has
        dropped all tasks, and no longer receives the topics it was subscribed to.
        """
        with self._lock:
            client = self.client
            if client and (client.status != "running" or client.scheduler_comm is not self._line):
                self._drop()

    def _drop(self) -> None:
        client, self.client, self._lure = self.client, None, None
        self._workers_at = -math.inf
        self._checked = set()
        self._failure = None
        if client is not None:
            with suppress(OSError, TimeoutError, RuntimeError):
                client.close(timeout=1)

    def _connect(self) -> "Client":
        if not self.is_set:
            raise Invalid(because("dask-unset"), hint=because("set-dask"))
        try:
            import distributed
        except ImportError as error:
            hint = because("pip-install", package="'nbyard[dask]'")
            raise Invalid(because("dask-not-installed"), hint=hint) from error
        logging.getLogger("distributed").setLevel(logging.ERROR)
        where = self._settings.dask_address or self._settings.dask_cluster
        try:
            client = distributed.Client(
                self._target(),
                security=self._security(),
                timeout=CONNECT_SECONDS,
                set_as_default=False,
                name="nbyard",
            )
        except (OSError, TimeoutError, RuntimeError, TypeError, ValueError) as error:
            self._give_up(is_needed=True)
            why = because("dask-unreachable", cluster=where, message=first_line(error))
            raise Unavailable(why) from error
        self.client = client
        self._line = client.scheduler_comm
        self.generation += 1
        self._check_versions(client)
        for topic, handle in self._handlers.items():
            self._subscribe(client, topic, handle)
        return client

    def _target(self) -> Any:
        if self._settings.dask_address:
            return self._settings.dask_address
        if self._own is None:
            self._own = create_cluster(self._settings)
        return self._own.target

    def _security(self) -> Any:
        settings = self._settings
        if not settings.dask_tls_ca_file:
            return None
        from distributed import Security

        return Security(
            tls_ca_file=settings.dask_tls_ca_file,
            tls_client_cert=settings.dask_tls_cert or None,
            tls_client_key=settings.dask_tls_key or None,
            require_encryption=True,
        )

    def _check_versions(self, client: "Client") -> None:
        versions = self._answer(client, lambda client: client.get_versions(), WORKER_SECONDS)
        wrong = version_differences(versions)
        if wrong:
            raise Invalid(
                because("dask-differs", differences=wrong),
                hint=because("same-versions"),
            )
        self._checked = set(versions["workers"])

    def _subscribe(self, client: "Client", topic: str, handle: Handle) -> None:
        client.subscribe_topic(topic, lambda event: handle(event[1]))
        ask = methodcaller("get_events", topic)
        for _, message in self._answer(client, ask, ANSWER_SECONDS):
            handle(message)
