"""One attempt on a Dask cluster: submit, watch, fetch results, clean up.

The worker that accepts the attempt creates a folder for it, called its *place*, and reports it. If
the worker can access the attempt folder, the runner writes there. Otherwise files are transferred
in both directions in pieces. All state is in dask.json, which has the place, and on the worker. So
another dispatcher can continue.
"""

import os
import threading
import time
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard.attempts.folders import cancel_file, cancel_reason
from nbyard.domain.attempts.failure_reader import decode_result
from nbyard.domain.attempts.structs import RESULT, RUNNER, Failure
from nbyard.errors import NbyardError, TooLarge, Unavailable
from nbyard.reasons.structs import Reason, because
from nbyard.runner.attempt_folder import AttemptFolder
from nbyard.runtimes import attempt_files as files
from nbyard.runtimes.dask import file_transfer
from nbyard.runtimes.dask.cluster import Cluster, Sighting, WorkerGone
from nbyard.runtimes.protocol import Observation, Order

if TYPE_CHECKING:
    from distributed import Future

SIGHTING = "dask.json"
QUIET_SECONDS = 15.0
VISIBLE_SECONDS = 60.0
PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.1
# Longer than the runner's own grace period of 3 s, in which it stops the work.
GRACE_SECONDS = 8.0
NO_WORKER = because("no-dask-worker")
FORGOTTEN = because("dask-forgotten")
NOT_VISIBLE = because("dask-no-result")


class DaskAttempt:
    """An attempt on a cluster. Any thread may call its methods."""

    def __init__(self, order: Order, cluster: Cluster, name: str):
        self.order = order
        self.has_started = False
        self._cluster = cluster
        self._name = name
        self._lock = threading.RLock()
        self._future: Future | None = None
        self._generation = -1
        self._has_news = True
        self._looked_at = 0.0
        self._is_filled = False
        self._executed: list[int] = []
        self._places: set[Sighting] = set()
        self._ended_at = 0.0
        self._lost: Observation | None = None
        self._ender: threading.Thread | None = None

    @property
    def folder(self) -> Path:
        return self.order.folder

    @property
    def is_busy(self) -> bool:
        """Return whether a thread is stopping the attempt."""
        return self._ender is not None and self._ender.is_alive()

    @cached_property
    def wake(self) -> str:
        """Return the folder with the sockets of processes that wait for changes of the attempt."""
        return files.read_task(self.folder).wake

    def poke(self) -> None:
        """Wake the listeners of the attempt."""
        with suppress(NbyardError):  # the folder may have been deleted after the end
            AttemptFolder(str(self.folder)).poke(self.wake, self.order.attempt_id)

    # Reports from workers

    def record_worker(self, sighting: Sighting) -> None:
        """Record the worker that accepted the attempt. Only the first worker counts."""
        self._places.add(sighting)
        if self._ender is not None:  # the folder may be reduced to its record already
            return
        with suppress(FileNotFoundError):
            temporary = self.folder / f"{SIGHTING}.{os.urandom(4).hex()}"
            temporary.write_bytes(msgspec.json.encode(sighting))
            with suppress(FileExistsError):
                os.link(temporary, self.folder / SIGHTING)
            temporary.unlink()

    def note_news(self) -> None:
        """Record that the worker has news to fetch, and wake the listeners."""
        self._has_news = True
        self.poke()

    @property
    def sighting(self) -> Sighting | None:
        """Return the worker that accepted the attempt and its place there, None if none has yet."""
        data = files.read_file(self.folder / SIGHTING)
        return msgspec.json.decode(data, type=Sighting) if data else None

    def begin(self, future: "Future") -> None:
        """Record the future of the task that was submitted for the attempt."""
        with self._lock:
            self._future, self._generation = future, self._cluster.generation
            self.has_started = True

    # State

    def observe(self) -> Observation:
        """Return the state of the attempt."""
        with self._lock:
            if files.has_result(self.folder):
                return Observation("finished")
            if self._lost is None:
                seen = self._observe()
                if seen.state != "lost":
                    return seen
                self._lost = seen
            return self._lost

    def _observe(self) -> Observation:
        future = self._current_future()
        sighting = self.sighting
        if sighting is None:
            return self._before(future)
        try:
            if not self._cluster.has_worker(sighting.worker):
                raise WorkerGone
            if sighting.is_shared:
                if future is not None and future.status == "pending":
                    return Observation("running")
                # A shared folder may show files from another machine with a delay.
                self._ended_at = self._ended_at or time.monotonic()
                said = self._why(future)
                is_ended = (
                    future is not None and future.status == "finished" and said == NOT_VISIBLE
                )
                if is_ended and time.monotonic() - self._ended_at < VISIBLE_SECONDS:
                    return Observation("running")
                return Observation("lost", said)
            return self._observe_remote(sighting, future)
        except WorkerGone:
            return Observation("lost", because("dask-worker-gone", worker=sighting.worker))

    def _current_future(self) -> "Future | None":
        """Return the future of the task. After a reconnect, get it from the scheduler again."""
        self._cluster.connect()
        if self._generation != self._cluster.generation:
            self._future = self._cluster.published_future(self._name)
            self._generation = self._cluster.generation
        return self._future

    def _before(self, future: "Future | None") -> Observation:
        """Return the state of an attempt that no worker has accepted, as far as is known."""
        if future is None:
            if os.path.lexists(self.folder / RUNNER):  # its worker could not report
                return Observation("lost", FORGOTTEN)
            is_sent = self.order.site or self.has_started
            return Observation("unbegun", FORGOTTEN) if is_sent else Observation("absent")
        if future.status == "pending":
            count = len(self._cluster.workers())
            busy = because("waits-for-dask-worker", workers=count)
            return Observation("starting", busy if count else NO_WORKER)
        return Observation("lost", self._why(future))

    def _why(self, future: "Future | None") -> Reason:
        """Return why the Dask task ended without a result of the attempt."""
        if future is None or future.status in ("cancelled", "lost"):
            # A client shows the same state after it lost its scheduler, so ask the scheduler.
            self._cluster.published_names()
            if self._generation != self._cluster.generation:
                raise Unavailable(because("dask-out-of-reach"))
            return because("dask-cancelled")
        return self._cluster.outcome(future) or NOT_VISIBLE

    def _observe_remote(self, sighting: Sighting, future: "Future | None") -> Observation:
        ask = partial(self._cluster.ask, sighting)
        if self._has_news or time.monotonic() - self._looked_at > QUIET_SECONDS:
            self._has_news, self._looked_at = False, time.monotonic()
            news, is_new = file_transfer.fetch_growing_files(self.folder, ask, self._executed)
            if not news["is_there"]:
                return Observation("lost", self._why(future))
            self._is_filled = news["is_filled"]
            if news["has_result"]:
                task = files.read_task(self.folder)
                failure = None
                try:
                    results = file_transfer.fetch_results(self.folder, ask, task)
                except TooLarge as error:
                    results = file_transfer.fetch_result_file(ask)
                    failure = Failure("contract", error.reason)
                try:
                    result = decode_result(results)
                except msgspec.DecodeError as error:
                    raise NbyardError(
                        because("file-unreadable", file=RESULT, message=str(error))
                    ) from error
                if failure is not None:
                    result = msgspec.structs.replace(
                        result, state="failed", outputs=[], failure=failure
                    )
                left = file_transfer.fetch_others(self.folder, ask, task, self.order.caps)
                files.write_others(self.folder, left)
                files.write_result(self.folder, result)
                return Observation("finished")
            if is_new:
                self.poke()
        if not self._is_filled:
            file_transfer.send_files(self.folder, ask)
            self._is_filled = True
            return Observation("starting")
        # The Dask task has ended. The next look fetches the result, or finds the place deleted.
        if future is None or future.status != "pending":
            self._has_news = True
        return Observation("running")

    # Stopping

    def stop_in_background(self) -> None:
        """Start a thread that stops the attempt and deletes its files, unless one is running."""
        with self._lock:
            if sighting := self.sighting:  # its file is deleted while the thread cleans up
                self._places.add(sighting)
            if not self.is_busy:
                name = f"nbyard-dask-end-{self.order.attempt_id}"
                self._ender = threading.Thread(target=self._end, name=name, daemon=True)
                self._ender.start()

    def wait_until_cleared(self, seconds: float) -> None:
        """Wait up to `seconds` for the clean-up of a finished attempt.

        Until then, it occupies a thread of its worker.
        """
        if self._ender is not None and files.has_result(self.folder):
            self._ender.join(max(0.0, seconds))

    def _end(self) -> None:
        patience = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < patience and not self._cluster.is_closed:
            try:
                end = time.monotonic() + GRACE_SECONDS
                is_told = False
                while time.monotonic() < end:
                    seen = self.observe()
                    if seen.state not in ("starting", "unbegun", "running"):
                        break
                    sighting = self.sighting
                    if sighting is None:
                        with self._lock:
                            files.cancel_unstarted(self.folder)
                    elif not sighting.is_shared and self._is_filled and not is_told:
                        reason = cancel_reason(self.folder) or because("cancelled")
                        with suppress(WorkerGone):
                            encoded = cancel_file(reason).decode()
                            self._cluster.ask(sighting, "cancel", encoded)
                        is_told = True
                    self._has_news = True
                    time.sleep(LOOK_SECONDS)
                self.clear()
                break
            except Unavailable:
                time.sleep(1)
            except NbyardError:
                break  # the sweep will try again
        self.poke()

    def clear(self) -> None:
        """Remove the attempt's task and files from the cluster."""
        with self._lock:
            self._cluster.cancel_and_unpublish(self._name, self._current_future())
            for place in set(self._places):  # a worker may report at any time
                if self._cluster.has_worker(place.worker):
                    self._cluster.mark_unneeded(place.worker, [place.place])
