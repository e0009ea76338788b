"""The controller of runs: from queued tasks to attempts to results."""

import logging
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

import msgspec

from nbyard.dispatch.attempts import AttemptController
from nbyard.dispatch.crash import crash_point
from nbyard.dispatch.keys import environment_of, input_digests, key_parts, version_of
from nbyard.dispatch.resources import Slots, capacity
from nbyard.dispatch.results import failure_of
from nbyard.dispatch.room import Room
from nbyard.dispatch.workers import Workers
from nbyard.domain.digest import KeyParts, explain
from nbyard.domain.ids import new_id
from nbyard.domain.runs import Run, TaskOutcome, advance, run_state
from nbyard.errors import NbyardError
from nbyard.store import Connection
from nbyard.store.tasks import TaskRecord

log = logging.getLogger("nbyard.dispatch")
QUEUE = 200


class RunController:
    """Decides what comes next; attempts are driven beside it, in threads."""

    def __init__(self, room: Room, workers: Workers):
        self._room = room
        self._store = room.store
        self._workers = workers
        self._attempts = AttemptController(room)

    def tick(self) -> bool:
        """One round over all live runs; whether there are any."""
        with self._store.read() as c:
            runs = self._store.runs.live(c)
        for run in runs:
            self._advance(run)
        self._serve_queue()
        with self._store.read() as c:
            attempts = self._store.attempts.live(c)
        cancelled = {run.id for run in runs if run.cancel_requested_at}
        for attempt in attempts:
            asked = attempt.run_id in cancelled
            self._workers.submit(
                attempt.id,
                partial(self._attempts.drive, attempt, asked),
                partial(self._attempts.give_up, attempt),
            )
        return bool(runs)

    def _advance(self, run: Run) -> None:
        """Move waiting tasks, and the run itself; writes only when something moves."""
        with self._store.read() as c:
            tasks = self._store.tasks.of_run(c, run.id)
        moves = advance({t.node: TaskOutcome(t.state, t.plan.needs()) for t in tasks})
        stopping = [
            t for t in tasks if run.cancel_requested_at and t.state in ("waiting", "queued")
        ]
        end = run_state([t.state for t in tasks], run.cancel_requested_at is not None)
        if run.state == "queued" or moves or stopping or end:
            with self._room.write() as c:
                self._move(c, run, tasks, moves, bool(stopping))

    def _move(
        self,
        c: Connection,
        run: Run,
        tasks: list[TaskRecord],
        moves: Mapping[str, str],
        stopping: bool,
    ) -> None:
        now = datetime.now(UTC)
        if run.state == "queued":
            self._store.runs.move(c, run, "running", started_at=now)
        for task in tasks:
            if stopping and task.state in ("waiting", "queued"):
                reason = "the run was cancelled"
                to = "cancelled" if task.state == "queued" else "skipped"
                self._store.tasks.move(c, task, to, reason=reason, finished_at=now)
            elif moves.get(task.node) == "queued":
                self._store.tasks.move(c, task, "queued", queued_at=now)
            elif moves.get(task.node) == "skipped":
                reason = "something before it did not succeed"
                self._store.tasks.move(c, task, "skipped", reason=reason, finished_at=now)
        states = [t.state for t in self._store.tasks.of_run(c, run.id)]
        end = run_state(states, run.cancel_requested_at is not None)
        if end is not None:
            crash_point("before-run-end")
            self._store.runs.move(c, run, end, finished_at=now)

    def _serve_queue(self) -> None:
        """Cache hits at once; the others as far as slots are free, first come, first served."""
        with self._store.read() as c:
            queued = self._store.tasks.queued(c, QUEUE)
            running = [self._store.tasks.get(c, a.task_id) for a in self._store.attempts.live(c)]
        slots = Slots(capacity(self._room.settings), (t.plan for t in running if t is not None))
        for task in queued:
            self._serve(task, slots)

    def _serve(self, task: TaskRecord, slots: Slots) -> None:
        try:
            why = self._from_cache(task)
        except NbyardError as error:
            self._refuse(task, error)
            return
        if why is None:
            return
        if slots.grant(task.plan):
            self._record(task, why)
        elif not task.reason.startswith("waits"):
            with self._room.write() as c:
                reason = f"waits for a free slot of {slots.total:g}"
                self._store.tasks.note(c, task, reason)

    def _from_cache(self, task: TaskRecord) -> str | None:
        """None when the result was taken from the cache, else why it was not."""
        with self._store.read() as c:
            version = version_of(self._room, c, task.plan)
            inputs = input_digests(self._room, c, task)
            last = self._store.tasks.last_parts(c, task.owner, task)
        environment = environment_of(task.plan, version)
        parts = key_parts(self._room, task.plan, version, inputs, environment)
        why = self._why_not(task, parts, last)
        with self._room.write() as c:
            self._store.tasks.keep_key(c, task, parts.key(), parts)
            hit = None if why else self._store.cache.find(c, task.owner, parts.key())
            if hit is None:
                return why or explain(last, parts)
            self._store.artifacts.link(c, task, hit[0])
            self._store.tasks.move(
                c,
                task,
                "succeeded",
                cached=True,
                reason=f"nothing changed since run {hit[1]}",
                finished_at=datetime.now(UTC),
            )
        return None

    def _why_not(self, task: TaskRecord, parts: KeyParts, last: KeyParts | None) -> str:
        if task.plan.force:
            return "it was forced"
        return "" if task.plan.cache else "its cache is switched off"

    def _refuse(self, task: TaskRecord, error: NbyardError) -> None:
        failure = failure_of(error, "preparation")
        with self._room.write() as c:
            self._store.tasks.move(
                c,
                task,
                "failed",
                reason=failure.message,
                failure=msgspec.to_builtins(failure),
                finished_at=datetime.now(UTC),
            )

    def _record(self, task: TaskRecord, why: str) -> None:
        """Write first: the attempt exists before anything starts."""
        row = {
            "id": new_id(),
            "runtime": task.plan.runtime,
            "token": secrets.token_hex(16),
            "mark": secrets.token_hex(16),
        }
        with self._room.write() as c:
            if self._store.tasks.move(c, task, "preparing", reason=f"runs because {why}"):
                self._store.attempts.record(c, task, row)
        crash_point("recorded")
