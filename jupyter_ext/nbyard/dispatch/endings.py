"""How attempts end: each way is one transaction, and only the first of them counts."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from nbyard.dispatch.cases import Case
from nbyard.dispatch.crash import crash_point
from nbyard.dispatch.results import failure_of, take_outputs
from nbyard.dispatch.room import Room
from nbyard.domain.attempts import Failure, Result
from nbyard.domain.limits import backoff_seconds
from nbyard.errors import Busy, NbyardError

CANCELLED = "the run was cancelled"


class Endings:
    """Writes the end of an attempt and what it means for its task."""

    def __init__(self, room: Room):
        self._room = room
        self._store = room.store

    def succeed(self, case: Case, result: Result) -> None:
        """Publish the outputs: bytes first, then one transaction."""
        crash_point("finished")
        with self._room.blobs.keeping():
            try:
                rows = take_outputs(self._room, case.order.folder, result)
            except Busy:
                raise
            except NbyardError as error:
                self.fail(case, failure_of(error, "contract"), result)
                return
            crash_point("outputs-taken")
            self._publish(case, result, rows)
        crash_point("published")

    def _publish(self, case: Case, result: Result, rows: list[dict[str, Any]]) -> None:
        with self._room.write() as c:
            if not self._store.attempts.move(c, case.attempt, "succeeded", **_times(result)):
                return
            if self._store.tasks.move(c, case.task, "succeeded", **_task_times(result)):
                self._store.artifacts.insert(c, case.task, rows)
                if case.task.cache_key:
                    self._store.cache.keep(c, case.task.owner, case.task.cache_key, case.task.id)

    def fail(self, case: Case, failure: Failure, result: Result | None = None) -> None:
        """The task fails, unless its kind of failure is to be tried again; of its work only the
        executed notebook is kept."""
        if self._again(case, failure, result):
            return
        rows: list[dict[str, Any]] = []
        with self._room.blobs.keeping():
            if result is not None:
                kept = msgspec.structs.replace(result, outputs=[])
                rows = take_outputs(self._room, case.order.folder, kept)
            self._record_failure(case, failure, result, rows)

    def _again(self, case: Case, failure: Failure, result: Result | None) -> bool:
        """Queue the task once more, where its plan says so; the attempt keeps its own record."""
        number = case.attempt.number
        if case.is_cancelled or not case.task.plan.tries_again(failure.kind, number):
            return False
        ended = "lost" if failure.kind == "lost" else "failed"
        with self._room.write() as c:
            told = {"reason": failure.message, **_times(result)}
            if self._store.attempts.move(c, case.attempt, ended, **told):
                again = f"attempt {number} {'was lost' if ended == 'lost' else 'failed'}"
                pause = timedelta(seconds=backoff_seconds(number, random.random()))
                self._store.tasks.move(
                    c,
                    case.task,
                    "queued",
                    reason=f"{again}: {failure.message}",
                    queued_at=datetime.now(UTC) + pause,
                )
        return True

    def _record_failure(
        self, case: Case, failure: Failure, result: Result | None, rows: list[dict[str, Any]]
    ) -> None:
        reason = failure.message
        with self._room.write() as c:
            times = _times(result)
            if not self._store.attempts.move(c, case.attempt, "failed", reason=reason, **times):
                return
            told = {"reason": reason, "failure": msgspec.to_builtins(failure)}
            if self._store.tasks.move(c, case.task, "failed", **told, **_task_times(result)):
                self._store.artifacts.insert(c, case.task, rows)

    def cancel(self, case: Case, result: Result | None = None) -> None:
        with self._room.write() as c:
            if self._store.attempts.move(c, case.attempt, "cancelled", **_times(result)):
                times = _task_times(result)
                self._store.tasks.move(c, case.task, "cancelled", reason=CANCELLED, **times)

    def lose(self, case: Case, reason: str) -> None:
        """The task is tried again a little later, until it was lost too often."""
        if case.is_cancelled:
            self.cancel(case)
            return
        if self._again(case, Failure("lost", reason), None):
            return
        number, now = case.attempt.number, datetime.now(UTC)
        most = case.task.plan.lost_retries + 1
        with self._room.write() as c:
            if self._store.attempts.move(c, case.attempt, "lost", reason=reason, finished_at=now):
                failure = Failure("lost", f"{reason} (attempt {number} of {most})")
                told = {"reason": failure.message, "failure": msgspec.to_builtins(failure)}
                self._store.tasks.move(c, case.task, "failed", finished_at=now, **told)


def _times(result: Result | None) -> Mapping[str, Any]:
    if result is None:
        return {"finished_at": datetime.now(UTC)}
    working = result.working_at
    return {
        **_task_times(result),
        "usage": result.usage,
        "working_at": datetime.fromtimestamp(working, UTC) if working else None,
        "published_at": datetime.now(UTC),
    }


def _task_times(result: Result | None) -> Mapping[str, Any]:
    if result is None:
        return {"finished_at": datetime.now(UTC)}
    return {
        "started_at": datetime.fromtimestamp(result.started_at, UTC),
        "finished_at": datetime.fromtimestamp(result.finished_at, UTC),
    }
