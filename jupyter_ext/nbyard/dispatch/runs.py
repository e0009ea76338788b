"""The controller of runs: what comes next in each, from the first task to the run's end."""

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from nbyard import folders
from nbyard.dispatch.attempts import AttemptController
from nbyard.dispatch.crash import crash_point
from nbyard.dispatch.endings import CANCELLED
from nbyard.dispatch.queue import QueueController
from nbyard.dispatch.room import Room
from nbyard.dispatch.workers import Workers
from nbyard.domain.runs import Run, TaskOutcome, advance, run_state
from nbyard.errors import Busy
from nbyard.store import Connection
from nbyard.store.leases import LeaseLost
from nbyard.store.tasks import TaskRecord

log = logging.getLogger("nbyard.dispatch")
FULL_ROUND_SECONDS = 30.0
RUNS_IN_A_ROUND = 100


class RunController:
    """Decides what comes next; attempts are driven beside it, in threads."""

    def __init__(self, room: Room, workers: Workers):
        self._room = room
        self._store = room.store
        self._workers = workers
        self._attempts = AttemptController(room)
        self._queue = QueueController(room, self._attempts.waits)
        self._cursor = 0
        self._changed: set[str] = set()
        self._next_full_round = 0.0

    def tick(self) -> bool:
        """One round over the runs that something happened to; whether any run is live."""
        live = self._look()
        for run_id in [run_id for run_id in live if run_id in self._changed][:RUNS_IN_A_ROUND]:
            self._guarded(run_id)
        self._queue.serve()
        self._drive({run_id for run_id, cancelled in live.items() if cancelled})
        return bool(live)

    def _look(self) -> Mapping[str, bool]:
        """The live runs, and what is new; now and then everything counts as new."""
        with self._store.read() as c:
            live = self._store.runs.live(c)
            changed, self._cursor = self._store.events.runs_after(c, self._cursor)
        if time.monotonic() >= self._next_full_round:
            self._next_full_round = time.monotonic() + FULL_ROUND_SECONDS
            changed = set(live)
        self._changed = {run_id for run_id in self._changed | changed if run_id in live}
        return live

    def _guarded(self, run_id: str) -> None:
        """One run that cannot be advanced must not keep the others waiting."""
        try:
            self._advance(run_id)
        except (LeaseLost, Busy):
            raise
        except Exception:  # the dispatcher's boundary
            log.exception("run %s cannot be advanced", run_id)
        self._changed.discard(run_id)

    def _advance(self, run_id: str) -> None:
        """Move waiting tasks, and the run itself; writes only when something moves."""
        with self._store.read() as c:
            run = self._store.runs.by_id(c, run_id)
            tasks = self._store.tasks.of_run(c, run_id)
        if run is None:
            return
        cancelled = run.cancel_requested_at is not None
        moves = advance({t.node: TaskOutcome(t.state, t.plan.needs()) for t in tasks})
        stopping = cancelled and any(t.state in ("waiting", "queued") for t in tasks)
        end = run_state([t.state for t in tasks], cancelled)
        if run.state == "queued" or moves or stopping or end:
            with self._room.write() as c:
                self._move(c, run, tasks, moves, stopping)

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
                to = "cancelled" if task.state == "queued" else "skipped"
                self._store.tasks.move(c, task, to, reason=CANCELLED, finished_at=now)
            elif moves.get(task.node) == "queued":
                reason = "waits for its turn"
                self._store.tasks.move(c, task, "queued", reason=reason, queued_at=now)
            elif moves.get(task.node) == "skipped":
                reason = "something before it did not succeed"
                self._store.tasks.move(c, task, "skipped", reason=reason, finished_at=now)
        states = [t.state for t in self._store.tasks.of_run(c, run.id)]
        end = run_state(states, run.cancel_requested_at is not None)
        if end is not None:
            crash_point("before-run-end")
            self._store.runs.move(c, run, end, finished_at=now)

    def _drive(self, cancelled: set[str]) -> None:
        with self._store.read() as c:
            attempts = self._store.attempts.live(c)
        for attempt in attempts:
            if attempt.run_id in cancelled:
                # also seen by one that is just being started, whose thread is busy
                folders.ask_to_end(folders.place(self._room.folder, attempt.id), CANCELLED)
            self._workers.submit(
                attempt.id,
                partial(self._attempts.drive, attempt.id),
                partial(self._attempts.give_up, attempt.id),
            )
