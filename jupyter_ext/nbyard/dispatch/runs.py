"""The controller of runs: what comes next in each, from the first task to the run's end."""

import logging
import time
from collections.abc import Collection, Mapping
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

log = logging.getLogger("nbyard.dispatch")
FULL_ROUND_SECONDS = 30.0
RUNS_IN_A_ROUND = 100
# what becomes of tasks that have not begun when their run is cancelled
CANCELS = {"waiting": "skipped", "queued": "cancelled"}


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
        self._graphs: dict[str, dict[str, set[str]]] = {}

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
        self._graphs = {run_id: graph for run_id, graph in self._graphs.items() if run_id in live}
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
            tasks = self._store.tasks.states(c, run_id)
        if run is None:
            return
        cancelled = run.cancel_requested_at is not None
        needs = self._needs(run_id)
        moves: dict[str, str] = dict(
            advance({n: TaskOutcome(state, needs[n]) for n, (_, state) in tasks.items()})
        )
        states = [state for _, state in tasks.values()]
        if cancelled:
            moves |= {n: CANCELS[state] for n, (_, state) in tasks.items() if state in CANCELS}
        if run.state == "queued" or moves or run_state(states, cancelled):
            with self._room.write() as c:
                self._move(c, run, {tasks[node][0]: to for node, to in moves.items()})

    def _needs(self, run_id: str) -> Mapping[str, Collection[str]]:
        """What each node of the run waits for; it never changes."""
        if run_id not in self._graphs:
            with self._store.read() as c:
                tasks = self._store.tasks.of_run(c, run_id)
            self._graphs[run_id] = {task.node: task.plan.needs() for task in tasks}
        return self._graphs[run_id]

    def _move(self, c: Connection, run: Run, moves: Mapping[str, str]) -> None:
        now = datetime.now(UTC)
        cancelled = run.cancel_requested_at is not None
        if run.state == "queued":
            self._store.runs.move(c, run, "running", started_at=now)
        for task_id, to in moves.items():
            task = self._store.tasks.get(c, task_id)
            if task is None:
                continue
            if to == "queued":
                told = {"reason": "waits for its turn", "queued_at": now}
            else:
                reason = CANCELLED if cancelled else "something before it did not succeed"
                told = {"reason": reason, "finished_at": now}
            self._store.tasks.move(c, task, to, **told)
        states = [state for _, state in self._store.tasks.states(c, run.id).values()]
        end = run_state(states, cancelled)
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
