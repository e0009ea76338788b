"""The controller of attempts: recorded → live → taken. Every step can be repeated after a crash."""

import logging
import time
from datetime import UTC, datetime
from typing import Any

import msgspec

from nbyard import folders
from nbyard.dispatch.crash import crash_point
from nbyard.dispatch.launching import order_of, prepare
from nbyard.dispatch.results import check_token, failure_of, take_outputs
from nbyard.dispatch.room import Room
from nbyard.domain.attempts import Failure, Result
from nbyard.errors import Invalid, NbyardError, Unavailable
from nbyard.runtimes.protocol import Order, Runtime
from nbyard.store.tasks import AttemptRecord, TaskRecord

log = logging.getLogger("nbyard.dispatch")
MAX_LOST = 3
PATIENCE_SECONDS = 5.0


class AttemptController:
    """Drives one attempt at a time; called from threads, never twice at once for the same one."""

    def __init__(self, room: Room):
        self._room = room
        self._store = room.store
        self._not_before: dict[str, float] = {}
        self._stopping: set[str] = set()

    def drive(self, attempt: AttemptRecord, cancelled: bool) -> None:
        """Bring the attempt one step further."""
        with self._store.read() as c:
            task = self._store.tasks.get(c, attempt.task_id)
            run = self._store.runs.by_id(c, attempt.run_id)
        if task is None or run is None:
            return
        order = order_of(self._room, attempt, task)
        runtime = self._room.runtimes.get(attempt.runtime)
        if runtime is None:
            error = Invalid(f"There is no runtime {attempt.runtime!r}.")
            self._fail(attempt, task, failure_of(error, "preparation"))
            return
        if cancelled and attempt.id not in self._stopping:
            self._stopping.add(attempt.id)
            if attempt.state == "recorded":
                self._end(attempt, task, "cancelled")
                return
            runtime.stop(order, "cancelled")
        if attempt.state == "recorded":
            self._start(attempt, task, order, runtime)
        else:
            self._watch(attempt, task, order, runtime)

    def give_up(self, attempt: AttemptRecord, words: str) -> None:
        """End an attempt that cannot be driven: something in nbyard itself is wrong."""
        with self._store.read() as c:
            task = self._store.tasks.get(c, attempt.task_id)
        if task is not None:
            self._fail(attempt, task, Failure("preparation", words))

    def _start(
        self, attempt: AttemptRecord, task: TaskRecord, order: Order, runtime: Runtime
    ) -> None:
        if time.monotonic() < self._not_before.get(attempt.id, 0.0):
            return
        with self._store.read() as c:
            run = self._store.runs.by_id(c, attempt.run_id)
        assert run is not None
        try:
            prepare(self._room, attempt, task, run)
            site = runtime.start(order)
        except Unavailable as error:
            self._not_before[attempt.id] = time.monotonic() + PATIENCE_SECONDS
            with self._room.write() as c:
                self._store.tasks.note(c, task, error.message)
            return
        except NbyardError as error:
            self._fail(attempt, task, failure_of(error, "preparation"))
            return
        crash_point("started")
        with self._room.write() as c:
            self._store.attempts.move(c, attempt, "starting", site=site)

    def _watch(
        self, attempt: AttemptRecord, task: TaskRecord, order: Order, runtime: Runtime
    ) -> None:
        try:
            runtime.logs(order)
            seen = runtime.poll(order)
        except Unavailable as error:
            log.warning("attempt %s: %s", attempt.id, error)
            return
        if seen.state == "finished":
            self._finish(attempt, task, order, runtime)
        elif seen.state in ("lost", "absent"):
            self._lose(attempt, task, order, runtime, seen.reason or "it is gone without a result")
        elif seen.state == "running" and attempt.state == "starting":
            now = datetime.now(UTC)
            with self._room.write() as c:
                if self._store.attempts.move(c, attempt, "running", started_at=now):
                    self._store.tasks.move(c, task, "running", started_at=now)

    def _finish(
        self, attempt: AttemptRecord, task: TaskRecord, order: Order, runtime: Runtime
    ) -> None:
        result = folders.read_result(order.folder)
        if result is None:
            self._lose(attempt, task, order, runtime, "its result cannot be read")
            return
        try:
            check_token(result, attempt.token)
        except Invalid as error:
            self._lose(attempt, task, order, runtime, error.message)
            return
        if result.state == "succeeded":
            self._succeed(attempt, task, order, result)
        elif result.state == "cancelled":
            self._end(attempt, task, "cancelled", result)
        elif result.failure is not None and result.failure.kind in ("kernel-died", "lost"):
            self._lose(attempt, task, order, runtime, result.failure.message)
            return
        else:
            failure = result.failure or Failure("error", "it failed without a reason")
            self._fail(attempt, task, failure, result)
        self._clear(attempt, order, runtime)

    def _succeed(
        self, attempt: AttemptRecord, task: TaskRecord, order: Order, result: Result
    ) -> None:
        try:
            rows = take_outputs(self._room, order.folder, result)
        except NbyardError as error:
            self._fail(attempt, task, failure_of(error, "contract"), result)
            return
        crash_point("outputs-taken")
        with self._room.write() as c:
            if not self._store.attempts.move(c, attempt, "succeeded", **_times(result)):
                return
            if self._store.tasks.move(c, task, "succeeded", **_task_times(result)):
                self._store.artifacts.insert(c, task, rows)
                if task.cache_key:
                    self._store.cache.keep(c, task.owner, task.cache_key, task.id)
        crash_point("published")

    def _fail(
        self,
        attempt: AttemptRecord,
        task: TaskRecord,
        failure: Failure,
        result: Result | None = None,
    ) -> None:
        rows: list[dict[str, Any]] = []
        if result is not None:
            kept = msgspec.structs.replace(result, outputs=[])
            rows = take_outputs(self._room, folders.place(self._room.folder, attempt.id), kept)
        with self._room.write() as c:
            reason = failure.message
            if not self._store.attempts.move(c, attempt, "failed", reason=reason, **_times(result)):
                return
            plain = msgspec.to_builtins(failure)
            moved = self._store.tasks.move(
                c, task, "failed", reason=reason, failure=plain, **_task_times(result)
            )
            if moved:
                self._store.artifacts.insert(c, task, rows)

    def _end(
        self, attempt: AttemptRecord, task: TaskRecord, to: str, result: Result | None = None
    ) -> None:
        with self._room.write() as c:
            if self._store.attempts.move(c, attempt, to, **_times(result)):
                reason = "the run was cancelled"
                self._store.tasks.move(c, task, to, reason=reason, **_task_times(result))

    def _lose(
        self,
        attempt: AttemptRecord,
        task: TaskRecord,
        order: Order,
        runtime: Runtime,
        reason: str,
    ) -> None:
        """The attempt is lost; the task is tried again, three attempts in all."""
        runtime.stop(order, "lost")
        now = datetime.now(UTC)
        asked = attempt.id in self._stopping
        with self._room.write() as c:
            to = "cancelled" if asked else "lost"
            if not self._store.attempts.move(c, attempt, to, reason=reason, finished_at=now):
                return
            if asked:
                self._store.tasks.move(c, task, "cancelled", reason=reason, finished_at=now)
            elif attempt.number < MAX_LOST:
                again = f"attempt {attempt.number} was lost: {reason}"
                self._store.tasks.move(c, task, "queued", reason=again, queued_at=now)
            else:
                failure = Failure("lost", f"{reason} (attempt {attempt.number} of {MAX_LOST})")
                plain = msgspec.to_builtins(failure)
                self._store.tasks.move(
                    c, task, "failed", reason=failure.message, failure=plain, finished_at=now
                )
        folders.keep_record(order.folder)

    def _clear(self, attempt: AttemptRecord, order: Order, runtime: Runtime) -> None:
        runtime.stop(order, "finished")
        folders.keep_record(order.folder)
        self._stopping.discard(attempt.id)
        self._not_before.pop(attempt.id, None)


def _times(result: Result | None) -> dict[str, Any]:
    if result is None:
        return {"finished_at": datetime.now(UTC)}
    return {
        "started_at": datetime.fromtimestamp(result.started_at, UTC),
        "finished_at": datetime.fromtimestamp(result.finished_at, UTC),
        "usage": result.usage,
    }


def _task_times(result: Result | None) -> dict[str, Any]:
    times = _times(result)
    times.pop("usage", None)
    return times
