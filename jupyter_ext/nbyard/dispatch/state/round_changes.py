"""What one round decides: told to the board at once, written in one transaction."""

import secrets
import time
from collections import deque
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import msgspec

from nbyard.blobs import Blobs
from nbyard.dispatch.state.board import Board, LiveAttempt, LiveRun, LiveTask, LiveWorker
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.ids import new_id
from nbyard.domain.runs import status_reason
from nbyard.domain.runs.structs import bytes_of
from nbyard.domain.states import ATTEMPT, RUN, TASK
from nbyard.ipc.crash_points import crash_point
from nbyard.store import Connection, Store, transition
from nbyard.store.runs.attempts import AttemptRecord
from nbyard.store.runs.tasks import TaskRecord
from nbyard.store.transition import Move

CANCELLED = "the run was cancelled"
# what becomes of tasks that have not begun when their run is cancelled
CANCELS = {"waiting": "skipped", "queued": "cancelled"}
Rows = list[dict[str, Any]]


class Changes:
    """Moves of rows with all that belongs to them, in their order. `is_urgent` when something
    waits for their commit; otherwise they may wait a little for others."""

    def __init__(self, store: Store, board: Board):
        self._store = store
        self._board = board
        self._moves: list[Move] = []
        self._ends: list[Move] = []
        self._artifacts: list[tuple[TaskRecord, Rows]] = []
        self._notes: dict[str, str] = {}
        self._environments: dict[str, EnvironmentRef] = {}
        self._follow: deque[tuple[LiveRun, str, str]] = deque()
        self._touched: dict[str, LiveRun] = {}
        self._links = 0
        self._holds = False
        self.hold = ExitStack()
        self.kept: dict[tuple[str, str], str] = {}
        self.recorded: list[LiveAttempt] = []
        self.passed_on: dict[str, LiveAttempt] = {}
        self.ended: list[LiveAttempt] = []
        self.ended_runs: list[str] = []
        self.is_urgent = False

    def __bool__(self) -> bool:
        return bool(self._moves or self._ends or self._notes or self.passed_on)

    # What may be decided

    def move_task(self, task: LiveTask, to: str, **columns: Any) -> None:
        record = task.record
        self._moves.append(self._store.tasks.step(record, to, columns))
        if record.state == "queued":
            self._board.dequeue(task)
        if "reason" in columns:
            self._notes.pop(record.id, None)
        known = {k: v for k, v in columns.items() if k in TaskRecord.__struct_fields__}
        task.record = msgspec.structs.replace(record, state=to, **known)
        if to == "queued":
            self._board.enqueue(task)
        if to in TASK.terminal:
            self.is_urgent = True
        self._touched[task.run.run.id] = task.run
        steps = task.run.progress.moved(record.node, task.record.state)
        self._follow += [(task.run, node, after) for node, after in steps]

    def move_attempt(self, attempt: LiveAttempt, to: str, **columns: Any) -> None:
        self._moves.append(self._store.attempts.step(attempt.record, to, columns))
        site = columns.get("site", attempt.record.site)
        attempt.record = msgspec.structs.replace(attempt.record, state=to, site=site)
        if to in ATTEMPT.terminal:
            self._board.end_attempt(attempt)
            self.ended.append(attempt)
            self.is_urgent = True

    def note(self, task: LiveTask, reason: str) -> None:
        """Why the task is where it is."""
        if reason != task.record.reason:
            self._notes[task.record.id] = reason
            task.record = msgspec.structs.replace(task.record, reason=reason)

    def note_wait(self, task: LiveTask, words: str) -> None:
        """Why it is in the queue, behind what became of an attempt before."""
        self.note(task, status_reason.queued(task.record.reason, words))

    def record(self, task: LiveTask, attempt: AttemptRecord) -> None:
        """Write first: the attempt exists before anything starts."""
        self.recorded.append(self._board.begin(task, attempt))
        self.is_urgent = True

    def pass_on(self, attempt: LiveAttempt) -> None:
        """The worker that the attempt was given to has left before it came to it: its successor
        has it from now on."""
        old = attempt.worker
        if old is None or attempt.record.state in ATTEMPT.terminal:
            return
        if old.successor is None:
            old.successor = LiveWorker(new_id(), secrets.token_hex(16), old.run, old.group)
        new = old.successor
        attempt.record = msgspec.structs.replace(attempt.record, worker=new.id, mark=new.mark)
        self._board.give(attempt, new)
        self.passed_on[attempt.record.id] = attempt
        self.is_urgent = True

    def publish(self, task: LiveTask, rows: Rows) -> None:
        """The outputs of the task, which has just ended."""
        self._artifacts.append((task.record, rows))
        for row in rows:
            found = bytes_of(row["digest"], row["filename"], task.record.node)
            task.results[row["name"]] = found

    def link(self, task: LiveTask, rows: Rows) -> None:
        """Results of another task become this one's too."""
        self.publish(task, rows)
        self._links += 1

    def keep(self, task: LiveTask) -> None:
        """The result of the task is to be found by its key."""
        if task.record.cache_key:
            self.kept[task.record.owner, task.record.cache_key] = task.record.id

    def keep_packages(self, environment: EnvironmentRef) -> None:
        """What is installed where a task is to run."""
        if environment.fingerprint not in self._board.environments:
            self._environments[environment.fingerprint] = environment

    def keep_bytes(self, blobs: Blobs) -> None:
        """Until it is committed no bytes are collected."""
        if not self._holds:
            self.hold.enter_context(blobs.keeping())
            self._holds = True

    # What follows from it

    def begin(self, run: LiveRun) -> None:
        """A run that was read anew: it runs, or is to be cancelled; some of its tasks may go on."""
        self._touched[run.run.id] = run
        if run.run.state == "queued":
            run.begun, now = time.monotonic(), datetime.now(UTC)
            self._move_run(run, "running", started_at=now)
            run.run = msgspec.structs.replace(run.run, started_at=now)
        if run.is_cancelled:
            self._follow += [
                (run, node, CANCELS[task.record.state])
                for node, task in run.tasks.items()
                if task.record.state in CANCELS
            ]
        self._follow += [(run, node, after) for node, after in run.progress.due()]
        self.settle()

    def settle(self) -> None:
        """Move what may go on because of what moved, and end runs that have come to it."""
        while self._follow:
            run, node, to = self._follow.popleft()
            task = run.tasks[node]
            if to in TASK.moves[task.record.state]:
                self._step(task, to)
        for run in self._touched.values():
            end = run.progress.end(run.is_cancelled)
            if end is not None and run.run.state in RUN.live:
                self._move_run(run, end, finished_at=run.now)
                self.ended_runs.append(run.run.id)
                self._board.drop(run.run.id)
        self._touched.clear()

    def _step(self, task: LiveTask, to: str) -> None:
        now = datetime.now(UTC)
        if to == "queued":
            self.move_task(task, to, reason=status_reason.TURN, queued_at=now)
            return
        reason = CANCELLED if task.run.is_cancelled else "something before it did not succeed"
        self.move_task(task, to, reason=reason, finished_at=now)

    def _move_run(self, run: LiveRun, to: str, **columns: Any) -> None:
        step = self._store.runs.step(run.run, to, columns)
        (self._ends if to in RUN.terminal else self._moves).append(step)
        run.run = msgspec.structs.replace(run.run, state=to)
        self.is_urgent |= to in RUN.terminal

    # The one write

    def write(self, c: Connection) -> None:
        """Raises Stale when the board was not what the store is."""
        store = self._store
        begun = store.attempts.begun([attempt.record for attempt in self.recorded])
        transition.move_all(c, self._moves, begun)
        store.workers.assign_all(c, [attempt.record for attempt in self.passed_on.values()])
        store.artifacts.insert_all(c, self._artifacts)
        for _ in range(self._links):
            crash_point("cache-linked")
        kept = [(owner, key, task_id) for (owner, key), task_id in self.kept.items()]
        store.cache.keep_all(c, kept)
        for _ in kept:
            crash_point("cache-kept")
        store.tasks.note_all(c, self._notes)
        for fingerprint, environment in self._environments.items():
            store.fingerprints.keep(c, fingerprint, environment.versions)
            self._board.environments.add(fingerprint)
        if self._ends:
            crash_point("before-run-end")
            transition.move_all(c, self._ends)

    def runs(self) -> set[str]:
        """The runs that go on because of it."""
        moved = {move.subject.run_id for move in self._moves if move.machine is TASK}
        return moved | {attempt.record.run_id for attempt in self.recorded}

    def pass_crash_points(self) -> None:
        """Those behind the commit, once for each that it is about."""
        for _ in self.recorded:
            crash_point("recorded")
        for move in self._moves:
            if move.machine is ATTEMPT and move.to == "starting":
                crash_point("starting")
        for attempt in self.ended:
            if attempt.record.state == "succeeded":
                crash_point("published")
