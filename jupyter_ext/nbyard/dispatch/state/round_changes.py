"""The decisions of one round: applied to the board at once, written in one transaction.

`apply_fact` derives them from the reports about attempts, without side effects.
"""

import secrets
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import msgspec

from nbyard.blobs import Blobs
from nbyard.dispatch.state.attempt_snapshot import (
    Ended,
    Fact,
    NotBegun,
    Running,
    Started,
    WaitEnded,
    Waits,
)
from nbyard.dispatch.state.live_maps import LiveMap
from nbyard.dispatch.state.live_runs import (
    CANCELLED,
    LiveAttempt,
    LiveRun,
    LiveRuns,
    LiveTask,
    LiveWorker,
)
from nbyard.domain.attempts.structs import Failure, Result
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.ids import new_id
from nbyard.domain.limits import is_retried
from nbyard.domain.runs.origins import RECHECK
from nbyard.domain.runs.run_progress import PRUNED, is_left_out, is_pruned, outcome_of
from nbyard.domain.runs.structs import Run, TaskPlan, bytes_of
from nbyard.domain.state_machines import ATTEMPT, RUN, TASK
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import Reason, because, joined
from nbyard.store import Connection, Store, transition
from nbyard.store.events import Move
from nbyard.store.runs.attempts import AttemptRecord
from nbyard.store.runs.tasks import TaskRecord

TURN = because("waits-for-turn")
# next states of tasks that have not begun when they or their run are cancelled
CANCELS = {"waiting": "skipped", "queued": "cancelled"}
Rows = list[dict[str, Any]]
UNKNOWN = Failure("error", because("no-message"))


class RoundChanges:
    """The moves of runs, tasks and attempts in one round, with related writes, in order.

    The board shows them at once, the store after `write`. `is_urgent` is set if work waits for the
    commit. Otherwise the write may wait for more changes.
    """

    def __init__(self, store: Store, board: LiveRuns):
        self._store = store
        self._board = board
        self._moves: list[Move] = []
        self._ends: list[tuple[Run, str, dict[str, Any]]] = []
        self._artifacts: list[tuple[TaskRecord, Rows]] = []
        self._notes: dict[str, LiveTask] = {}
        self._environments: dict[str, EnvironmentRef] = {}
        self._follow: deque[tuple[LiveRun, str, str]] = deque()
        self._touched: dict[str, LiveRun] = {}
        self._added: list[tuple[int, list[TaskRecord]]] = []
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

    # Decisions

    def move_task(self, task: LiveTask, to: str, **columns: Any) -> None:
        """Move the task to its next state, and note the moves that follow."""
        record = task.record
        columns = {"waits": None, **columns}
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
        left_out = is_left_out(to, task.record.reason)
        steps = task.run.progress.record(record.node, task.record.state, is_left_out=left_out)
        self._follow += [(task.run, node, after) for node, after in steps]
        if record.plan.element and (live := task.run.maps.get(record.plan.element.map)):
            self._follow_element(task, live, left_out)

    def _follow_element(self, task: LiveTask, live: LiveMap, left_out: bool) -> None:
        """Start a held element when another one ends, or none if the map stops."""
        run, was_stopped = task.run, live.is_stopped
        held = live.record(task.record.node, task.record.state, is_left_out=left_out)
        if held and not live.is_stopped:
            self._follow.append((run, held, "queued"))
        if live.is_stopped and not was_stopped:
            self._follow += [
                (run, node, CANCELS[state])
                for node, state in live.states.items()
                if state in CANCELS and not run.tasks[node].record.plan.reuse
            ]
        self._board.note_maps(run)

    def expand(self, task: LiveTask, plans: Sequence[TaskPlan]) -> None:
        """Add elements to a map, which then runs; known ones stay."""
        run, node, now = task.run, task.record.node, datetime.now(UTC)
        records = [
            TaskRecord(new_id(), run.run.id, task.record.owner, plan.node, "waiting", plan)
            for plan in plans
        ]
        self._added.append((len(run.tasks), records))
        run.tasks |= {record.node: LiveTask(record, run) for record in records}
        states = {record.node: record.state for record in records}
        if node in run.maps:
            run.maps[node].add(states)
        else:
            run.add_map(node, states)
            self.move_task(task, "preparing")
            self.move_task(task, "running", started_at=now)
        outcomes = {record.node: outcome_of(record.plan, record.state) for record in records}
        self._follow += [(run, *step) for step in run.progress.add(outcomes)]
        self._board.note_maps(run)
        self.is_urgent = True

    def prune(self, task: LiveTask, metric: str) -> None:
        """Request to cancel an element, by its reason."""
        self.note_reason(task, because(PRUNED, goal=metric))
        self.is_urgent = True  # written before its attempt stops

    def move_attempt(self, attempt: LiveAttempt, to: str, **columns: Any) -> None:
        """Move the attempt to its next state."""
        self._moves.append(self._store.attempts.step(attempt.record, to, columns))
        site = columns.get("site", attempt.record.site)
        attempt.record = msgspec.structs.replace(attempt.record, state=to, site=site)
        if to in ATTEMPT.terminal:
            self._board.end_attempt(attempt)
            self.ended.append(attempt)
            self.is_urgent = True

    def note_reason(self, task: LiveTask, reason: Reason) -> None:
        """Set why the task is in its current state."""
        self._note(task, msgspec.structs.replace(task.record, reason=reason))

    def note_wait(self, task: LiveTask, waits: Reason | None) -> None:
        """Set what the task waits for, None for nothing."""
        self._note(task, msgspec.structs.replace(task.record, waits=waits))

    def _note(self, task: LiveTask, record: TaskRecord) -> None:
        if record != task.record:
            task.record = record
            self._notes[record.id] = task

    def record(self, task: LiveTask, attempt: AttemptRecord) -> None:
        """Record the attempt before anything starts."""
        self.recorded.append(self._board.begin(task, attempt))
        self.is_urgent = True

    def pass_on(self, attempt: LiveAttempt) -> None:
        """Assign the attempt to the successor of a worker that ended before beginning it."""
        old = attempt.worker
        if old is None or attempt.record.state in ATTEMPT.terminal:
            return
        if old.successor is None:
            # One successor for all its attempts, so that they stay together.
            old.successor = LiveWorker(new_id(), secrets.token_hex(16), old.run, old.group)
        new = old.successor
        attempt.record = msgspec.structs.replace(attempt.record, worker=new.id, mark=new.mark)
        self._board.assign_worker(attempt, new)
        self.passed_on[attempt.record.id] = attempt
        self.is_urgent = True

    def publish(self, task: LiveTask, rows: Rows) -> None:
        """Store the outputs of the task, which has just ended."""
        self._artifacts.append((task.record, rows))
        for row in rows:
            result = bytes_of(row["digest"], row["filename"], task.record.node)
            task.results[row["name"]] = result

    def link(self, task: LiveTask, rows: Rows) -> None:
        """Store results of another task as results of this one."""
        self.publish(task, rows)
        self._links += 1

    def keep(self, task: LiveTask) -> None:
        """Add the result of the task to the cache.

        Runs that are deleted automatically add none. A recheck leaves the earlier result in force,
        so that later nodes come from the cache.
        """
        run = task.run.run
        if task.record.cache_key and not run.is_scratch and run.origin.kind != RECHECK:
            self.kept[task.record.owner, task.record.cache_key] = task.record.id

    def keep_packages(self, environment: EnvironmentRef) -> None:
        """Store the packages that are installed where a task will run."""
        if environment.fingerprint not in self._board.environments:
            self._environments[environment.fingerprint] = environment

    def keep_bytes(self, blobs: Blobs) -> None:
        """Prevent collection of bytes until the commit."""
        if not self._holds:
            self.hold.enter_context(blobs.without_collection())
            self._holds = True

    # Consequences

    def begin(self, run: LiveRun) -> None:
        """Continue a run that was just read from the store.

        Start it if it is queued, cancel its tasks as requested, and move the tasks that may
        proceed.
        """
        self._touched[run.run.id] = run
        if run.run.state == "queued":
            run.begun, now = time.monotonic(), datetime.now(UTC)
            self._move_run(run, "running", started_at=now)
            run.run = msgspec.structs.replace(run.run, started_at=now)
        if run.is_cancelled:
            for live in run.maps.values():
                live.is_closed = True
            self._board.note_maps(run)
        self._follow += [
            (run, node, CANCELS[task.record.state])
            for node, task in run.tasks.items()
            if task.record.state in CANCELS and task.cancelled
        ]
        self._follow += [(run, node, after) for node, after in run.progress.first_steps()]
        self.apply_follow_ups()

    def apply_follow_ups(self) -> None:
        """Move the tasks that follow from earlier moves, and end finished runs."""
        while self._follow:
            run, node, to = self._follow.popleft()
            task, now = run.tasks[node], datetime.now(UTC)
            # An earlier step of this round may have moved the task already.
            if to not in TASK.moves[task.record.state]:
                continue
            element = task.record.plan.element
            live = run.maps.get(element.map) if element else None
            is_done = bool(task.record.plan.reuse)  # its result must not get lost
            is_stopped = live is not None and live.is_stopped and not is_done
            if to == "queued" and not is_stopped:
                if live is None or live.admit(node, is_done=is_done):
                    self.move_task(task, to, waits=TURN, queued_at=now)
                continue
            to = "skipped" if to == "queued" else to
            upstream = "upstream-skipped" if run.progress.leaves_out(node) else "upstream-failed"
            why = because("map-stopped" if is_stopped else upstream)
            self.move_task(task, to, reason=task.cancelled or why, finished_at=now)
        for run in self._touched.values():
            end = run.progress.end(run.is_cancelled)
            if end is not None and run.run.state in RUN.live:
                self._move_run(run, end, finished_at=run.monotonic_now)
                self.ended_runs.append(run.run.id)
                self._board.drop(run.run.id)
        self._touched.clear()

    def _move_run(self, run: LiveRun, to: str, **columns: Any) -> None:
        if to in RUN.terminal:
            self._ends.append((run.run, to, columns))
        else:
            self._moves.append(self._store.runs.step(run.run, to, columns))
        run.run = msgspec.structs.replace(run.run, state=to)
        self.is_urgent |= to in RUN.terminal

    # Write

    def write(self, c: Connection) -> None:
        """Write all changes.

        Raises:
            StaleState: The board differs from the store.
        """
        store = self._store
        for place, records in self._added:
            store.tasks.add(c, records, place)
            store.lineage.insert(c, [(record.id, record.plan) for record in records])
            crash_point("elements-inserted")
        begun = store.attempts.insertions([attempt.record for attempt in self.recorded])
        transition.move_all(c, self._moves, begun)
        store.workers.assign_all(c, [attempt.record for attempt in self.passed_on.values()])
        store.artifacts.insert_all(c, self._artifacts)
        for _ in range(self._links):
            crash_point("cache-linked")
        kept = [(owner, key, task_id) for (owner, key), task_id in self.kept.items()]
        store.cache.keep_all(c, kept)
        store.cache.offer(c, [task.id for task, _ in self._artifacts])
        for _ in kept:
            crash_point("cache-kept")
        store.tasks.note_all(c, [task.record for task in self._notes.values()])
        for fingerprint, environment in self._environments.items():
            store.fingerprints.store_packages(c, fingerprint, environment.versions)
            self._board.environments.add(fingerprint)
        # Ends of runs come last, so that their events follow those of their tasks.
        if self._ends:
            crash_point("before-run-end")
            failed = [run.id for run, to, _ in self._ends if to == "failed"]
            # The store also knows failures from before a restart of the dispatcher.
            reasons = self._store.tasks.first_failures(c, failed) if failed else {}
            ends = []
            for run, to, columns in self._ends:
                # The reason that the run already has says which run a retry repeats.
                failure = reasons.get(run.id)
                own = {"reason": joined((run.reason, failure))} if failure else {}
                ends.append(self._store.runs.step(run, to, columns | own))
            transition.move_all(c, ends)

    def runs(self) -> set[str]:
        """Return the IDs of runs that advance, or whose tasks have a new note."""
        moved = {move.subject.run_id for move in self._moves if move.machine is TASK}
        noted = {task.record.run_id for task in self._notes.values()}
        return moved | noted | {attempt.record.run_id for attempt in self.recorded}

    def pass_crash_points(self) -> None:
        """Pass the crash points after the commit, once per attempt."""
        for _ in self.recorded:
            crash_point("recorded")
        for move in self._moves:
            if move.machine is ATTEMPT and move.to == "starting":
                crash_point("starting")
        for attempt in self.ended:
            if attempt.record.state == "succeeded":
                crash_point("published")


def fail_task(changes: RoundChanges, task: LiveTask, failure: Failure) -> None:
    """Fail the task before anything has started."""
    columns = {"reason": failure.reason, "failure": msgspec.to_builtins(failure)}
    changes.move_task(task, "failed", finished_at=datetime.now(UTC), **columns)


def apply_fact(changes: RoundChanges, attempt: LiveAttempt, fact: Fact) -> None:
    """Apply one fact to the changes of this round; known facts change nothing."""
    match fact:
        case Started(site, at) if attempt.record.state == "recorded":
            changes.move_attempt(attempt, "starting", site=site, prepared_at=at)
            changes.note_wait(attempt.task, None)
        case WaitEnded(rows):
            why = attempt.task.record.reason
            if why is not None and why.code != "continues":
                changes.note_reason(attempt.task, because("continues", reason=why, rows=rows))
        case Waits(what):
            changes.note_wait(attempt.task, what)
        case Running(at):
            changes.note_wait(attempt.task, None)
            if attempt.record.state == "recorded":  # its dispatcher died right after the start
                changes.move_attempt(attempt, "starting")
            elif attempt.record.state == "starting":
                changes.move_attempt(attempt, "running", started_at=at)
                changes.move_task(attempt.task, "running", started_at=at)
        case Ended():
            _end(changes, attempt, fact)
        case NotBegun():
            changes.pass_on(attempt)


def _end(changes: RoundChanges, attempt: LiveAttempt, ended: Ended) -> None:
    task, result = attempt.task, ended.result
    if ended.how == "succeeded":
        if attempt.record.state == "recorded":  # it was never seen running
            changes.move_attempt(attempt, "starting")
        changes.note_wait(task, None)
        changes.move_attempt(attempt, "succeeded", **_times(result))
        changes.publish(task, ended.rows)
        columns = _keep_whole(changes, task, ended) | _warning_and_files(ended)
        columns |= {"reason": None} if is_pruned(task.record.reason) else {}  # it was too late
        changes.move_task(task, "succeeded", **columns, **_task_times(result))
    elif ended.how == "cancelled" or (ended.how == "lost" and task.cancelled):
        # A process that is stopped may leave no result. After a request, that is no loss.
        changes.move_attempt(attempt, "cancelled", **_times(result))
        reason = task.cancelled or CANCELLED
        changes.move_task(task, "cancelled", reason=reason, **_task_times(result))
    else:
        _fail(changes, attempt, ended)


def _fail(changes: RoundChanges, attempt: LiveAttempt, ended: Ended) -> None:
    """Queue the task again at its old place if its plan allows a retry, else fail it.

    The attempt keeps its own record.
    """
    task, number = attempt.task, attempt.record.number
    failure = ended.failure or UNKNOWN
    reason = ended.reason or failure.reason
    plan = task.record.plan
    will_retry = not task.cancelled and is_retried(plan, failure.kind, number, task.lost)
    changes.move_attempt(attempt, ended.how, reason=reason, **_times(ended.result))
    if will_retry:
        # Pause before queueing, because the queue limit counts from the end of the pause.
        task.set_pause(datetime.now(UTC))
        code = "attempt-lost" if ended.how == "lost" else "attempt-failed"
        why = because(code, number=number, cause=reason)
        changes.move_task(task, "queued", reason=why, waits=TURN)
        return
    if ended.how == "lost":
        reason = because("lost-often", cause=reason, count=task.lost)
        failure = Failure("lost", reason)
    columns: dict[str, Any] = {"reason": reason, "failure": msgspec.to_builtins(failure)}
    # The cache keeps what broke a contract, so that another contract can be checked on it.
    columns |= _keep_whole(changes, task, ended) if ended.is_whole else {}
    columns |= _warning_and_files(ended)
    # Even a failed attempt may have kept something, such as the executed notebook.
    changes.publish(task, ended.rows)
    changes.move_task(task, "failed", **columns, **_task_times(ended.result))


def _keep_whole(changes: RoundChanges, task: LiveTask, ended: Ended) -> dict[str, Any]:
    """Add the result to the cache; return the task's column with what it read."""
    if ended.is_as_keyed:
        changes.keep(task)
    observed = ended.result.observed if ended.result else None
    return {"observed": msgspec.to_builtins(observed)} if observed else {}


def _warning_and_files(ended: Ended) -> dict[str, Any]:
    """Return the task's columns beside its results: warning and other files."""
    columns: dict[str, Any] = {"warning": ended.warning} if ended.warning else {}
    if ended.others:
        columns["other_files"] = msgspec.to_builtins(ended.others)
    return columns


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
