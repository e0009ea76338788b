"""Live runs in memory: read once, then updated by own writes and by events of other writers.

Only the store holds facts. After a failed write, the board is read again.

The queued tasks of all live runs in memory, in queue order and by their queue limits.
"""

import bisect
import logging
import math
import random
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from nbyard.dispatch.context import Turn
from nbyard.dispatch.state.live_maps import LiveMap
from nbyard.domain.limits import MAX_RETRIES, backoff_seconds
from nbyard.domain.runs.run_progress import Progress, is_left_out, is_pruned, outcome_of
from nbyard.domain.runs.structs import BytesOf, Run, bytes_of
from nbyard.domain.state_machines import ATTEMPT, RUN, TaskState
from nbyard.domain.users.admin import BY_ADMINISTRATOR
from nbyard.domain.users.quotas import fair_order
from nbyard.reasons.structs import Reason, because, separate
from nbyard.store import Connection, Store
from nbyard.store.events import EventSubject
from nbyard.store.runs.attempts import AttemptRecord
from nbyard.store.runs.tasks import TaskRecord

AT_A_TIME = 100
# Negated priority, position in a map, submission time of the run, time of queueing, ID of the task
QueuePlace = tuple[int, int, float, float, str]
NOTHING_USED: Mapping[str, float] = {}


class TaskQueue:
    """The queued tasks in queue order, and in the order of their queue limits.

    The tasks of each user are in the order of their places, and users take turns.
    """

    def __init__(self) -> None:
        # Sorted lists, not heaps: rounds read them in order, and tasks leave from any place.
        self._places: dict[str, list[QueuePlace]] = {}
        self._deadlines: list[tuple[float, str]] = []
        self._tasks: dict[str, tuple[QueuePlace, float, LiveTask]] = {}

    def add(self, task: "LiveTask") -> None:
        """Add a queued task at its place."""
        task_id, deadline = task.record.id, task.queue_deadline
        # `remove` searches for this place, and the run may have been read again meanwhile.
        self._tasks[task_id] = (task.queue_place, deadline, task)
        bisect.insort(self._places.setdefault(task.record.owner, []), task.queue_place)
        if deadline < math.inf:
            bisect.insort(self._deadlines, (deadline, task_id))

    def remove(self, task_id: str) -> bool:
        """Remove the task; return whether it was queued."""
        if task_id not in self._tasks:
            return False
        place, deadline, task = self._tasks.pop(task_id)
        places = self._places[task.record.owner]
        del places[bisect.bisect_left(places, place)]
        if not places:
            del self._places[task.record.owner]
        if deadline < math.inf:
            del self._deadlines[bisect.bisect_left(self._deadlines, (deadline, task_id))]
        return True

    @property
    def ids(self) -> Set[str]:
        """Return the IDs of all queued tasks."""
        return self._tasks.keys()

    def get(self, task_id: str) -> "LiveTask | None":
        """Return the task, or None if it is not queued."""
        return self._tasks[task_id][-1] if task_id in self._tasks else None

    @property
    def owners(self) -> Collection[str]:
        """Return the users who have tasks in the queue."""
        return self._places.keys()

    def ids_in_order(
        self, levels: "Counter[str] | None" = None, used: Mapping[str, float] = NOTHING_USED
    ) -> Iterator[str]:
        """Yield the IDs of queued tasks in queue order; they may leave meanwhile.

        `levels` and `used` are those of `fair_order`.
        """
        queues = {owner: self._places_of(owner) for owner in list(self._places)}
        if len(queues) == 1:
            in_order = next(iter(queues.values()))
        else:
            in_order = fair_order(queues, Counter() if levels is None else levels, used)
        for place in in_order:
            yield place[-1]

    def _places_of(self, owner: str) -> Iterator[QueuePlace]:
        at = 0
        while part := self._places.get(owner, [])[at : at + AT_A_TIME]:  # rarely all are read
            yield from part
            at = bisect.bisect_right(self._places.get(owner, []), part[-1])

    def overdue_ids(self) -> list[str]:
        """Return the IDs of the tasks whose queue limit has expired."""
        end = bisect.bisect_left(self._deadlines, (time.monotonic(), ""))
        return [task_id for _, task_id in self._deadlines[:end]]

    def __getitem__(self, task_id: str) -> "LiveTask":
        return self._tasks[task_id][-1]

    def __contains__(self, task_id: str) -> bool:
        return task_id in self._tasks


log = logging.getLogger("nbyard.dispatch")
CANCELLED = because("cancelled")
LONGEST_WAIT = timedelta(seconds=backoff_seconds(MAX_RETRIES, 1.0))


@dataclass(eq=False)
class LiveAttempt:
    """A live attempt: `busy` while a thread drives it, `again` to repeat that afterwards.

    An attempt of a function worker is driven together with the worker's other attempts.
    """

    record: AttemptRecord
    task: "LiveTask"
    since: float = field(default_factory=time.monotonic)
    busy: bool = False
    again: bool = False
    worker: "LiveWorker | None" = None

    @property
    def id(self) -> str:
        """Return the ID of the attempt."""
        return self.record.id

    @property
    def run(self) -> "LiveRun":
        """Return the run of its task."""
        return self.task.run

    @property
    def is_cancelled(self) -> bool:
        """Return whether a user requested to cancel its task or run."""
        return self.task.cancelled is not None


@dataclass(eq=False)
class LiveWorker:
    """A process that executes calls to functions of one file, one after the other."""

    id: str
    mark: str
    run: "LiveRun"
    group: tuple[str, ...] = ()  # which attempts it may get; none after the dispatcher's restart
    attempts: dict[str, LiveAttempt] = field(default_factory=dict)  # unfinished ones, in order
    has_left: bool = False  # it has ended
    successor: "LiveWorker | None" = None  # gets the calls that it had not begun
    busy: bool = False
    again: bool = False

    @property
    def first(self) -> LiveAttempt:
        """Return the current attempt, which occupies the slot for all attempts of the worker."""
        return next(iter(self.attempts.values()))

    @property
    def is_cancelled(self) -> bool:
        """Return whether a user requested to cancel its run."""
        return self.run.is_cancelled


@dataclass(eq=False)
class LiveTask:
    """A task of a live run."""

    record: TaskRecord
    run: "LiveRun"
    tries: int = 0  # its attempts
    lost: int = 0  # lost ones among them
    results: dict[str, BytesOf] = field(default_factory=dict)  # its outputs after success
    attempt: LiveAttempt | None = None
    since: float = 0.0  # when it was queued, by the monotonic clock of this dispatcher
    not_before: datetime | None = None  # time of a retry, which keeps its place in the queue

    @property
    def cancelled(self) -> Reason | None:
        """Return why the task has to end, None without a request."""
        if self.run.is_cancelled:
            is_by_other = BY_ADMINISTRATOR in separate(self.run.run.reason)
            return BY_ADMINISTRATOR if is_by_other else CANCELLED
        if is_pruned(self.record.reason):
            return self.record.reason
        return because("element-cancelled") if self.record.cancel_requested_at else None

    @property
    def queue_place(self) -> QueuePlace:
        """Return the place among the user's tasks: priority, submission of the run, queueing.

        So runs finish in the order of their submission. But the further elements of a map let other
        tasks pass, and maps get their turns by the position of their elements.
        """
        run, element = self.run.run, self.record.plan.element
        position, submitted = element.position if element else 0, run.created_at.timestamp()
        return -run.priority, position, submitted, self._queued_at, self.record.id

    @property
    def gpu_turn(self) -> Turn:
        """Return the place among the tasks and deployments that wait for GPUs."""
        return -self.run.run.priority, self._queued_at, self.record.id

    @property
    def _queued_at(self) -> float:
        at = self.record.queued_at
        return at.timestamp() if at else 0.0

    @property
    def queue_deadline(self) -> float:
        """Return when the queue limit expires, in seconds of the monotonic clock."""
        limit = self.record.plan.queue_timeout_seconds
        return math.inf if limit is None else self.since + limit

    def set_pause(self, after: datetime) -> None:
        """Set the pause after an attempt that ended at `after`; the result is reproducible."""
        # Seeded with the attempt: a restarted dispatcher computes the same pause.
        draw = random.Random(f"{self.record.id} {self.tries}").random()
        self.not_before = after + timedelta(seconds=backoff_seconds(self.tries, draw))

    def is_pausing(self, now: datetime) -> bool:
        """Return whether the task pauses before a retry."""
        at = self.not_before
        # A clock that was set back must not extend the pause.
        return at is not None and now < at < now + LONGEST_WAIT


@dataclass(eq=False)
class LiveRun:
    """A live run; `begun` is its start by the monotonic clock, if this dispatcher saw it."""

    run: Run
    tasks: dict[str, LiveTask]
    progress: Progress
    maps: dict[str, LiveMap] = field(default_factory=dict)
    since: float = field(default_factory=time.monotonic)
    begun: float | None = None

    @property
    def monotonic_now(self) -> datetime:
        """Return the present time, which becomes the end of the run.

        It is the start plus elapsed monotonic time, if known. So clock changes make the duration
        neither long nor negative.
        """
        start, now = self.run.started_at, datetime.now(UTC)
        if start is None:
            return now
        if self.begun is None:
            return max(start, now)
        return start + timedelta(seconds=time.monotonic() - self.begun)

    @property
    def is_cancelled(self) -> bool:
        """Return whether a user requested to cancel the run."""
        return self.run.cancel_requested_at is not None

    def add_map(
        self, node: str, states: Mapping[str, TaskState], left_out: Collection[str] = ()
    ) -> None:
        """Add a map, with the states of its elements by node."""
        plan = self.tasks[node].record.plan
        assert plan.map is not None
        followed = self.maps.get(min(plan.follows(), default=""))
        self.maps[node] = LiveMap(plan.map, states, left_out, followed)


class LiveRuns:
    """Live runs with their tasks, the queue and the live attempts."""

    def __init__(self, store: Store):
        self._store = store
        self._broken: set[str] = set()
        self._waits: dict[tuple[str, int], float] = {}
        self.runs: dict[str, LiveRun] = {}
        self.attempts: dict[str, LiveAttempt] = {}
        self.workers: dict[str, LiveWorker] = {}
        self.left: list[LiveWorker] = []  # function workers that are no longer needed
        self.queue = TaskQueue()
        self.fresh: dict[str, None] = {}  # tasks that entered the queue since the last round
        self.gone: list[str] = []  # tasks that left it
        self.environments: set[str] = set()  # fingerprints that the store knows
        self.untouched: dict[str, None] = {}  # runs not yet handled since they were read
        # Tasks of maps whose results are to be collected, or that may get more elements.
        self.due_maps: dict[str, LiveTask] = {}

    def clear(self) -> None:
        """Clear everything except the start of waiting of queued tasks."""
        for run_id in list(self.runs):
            self.drop(run_id)
        self._broken.clear()
        self.environments.clear()

    def read_all(self, c: Connection) -> None:
        """Read the store; keep runs without changes."""
        known = {
            run_id: {task.record.id: task.record.state for task in run.tasks.values()}
            for run_id, run in self.runs.items()
        }
        states_by_run = self._store.tasks.live(c)
        live = self._store.runs.live(c)
        self._broken.clear()
        # Reading a known run that has ended drops it from the board.
        for run_id in [*live, *(known.keys() - live.keys())]:
            if run_id not in known or known[run_id] != states_by_run.get(run_id):
                self.read(c, run_id)
            elif self.runs[run_id].is_cancelled != live[run_id]:
                self._read_run(c, run_id)
        # Forget waits of tasks that have left the queue.
        queued = {(name, self.queue[name].tries) for name in self.queue.ids}
        self._waits = {wait: since for wait, since in self._waits.items() if wait in queued}

    def catch_up(self, c: Connection, news: Iterable[EventSubject]) -> None:
        """Apply the news of other writers, mostly new runs and cancellations."""
        topics: dict[str, set[str]] = {}
        for news_item in news:
            topics.setdefault(news_item.run_id, set()).add(news_item.topic)
        for run_id in [name for name in topics if name and name not in self._broken]:
            # A run event alone leaves the tasks unchanged; other events need a full read.
            if run_id in self.runs and topics[run_id] == {"run"}:
                self._read_run(c, run_id)
            else:
                self.read(c, run_id)

    def _read_run(self, c: Connection, run_id: str) -> None:
        """Read a run again, without its tasks."""
        run = self._store.runs.by_id(c, run_id)
        if run is None or run.state in RUN.terminal:
            self.drop(run_id)
            return
        known = self.runs[run_id]
        if known.run.state == "running":  # its start may not be written yet
            run = msgspec.structs.replace(run, state="running")
        known.run = run
        self.untouched[run_id] = None

    def read(self, c: Connection, run_id: str) -> None:
        """Read one run again; a broken run must not delay the others."""
        self.drop(run_id)
        try:
            run = self._store.runs.by_id(c, run_id)
            if run is None or run.state in RUN.terminal:
                return
            records = self._store.tasks.of_run(c, run_id)
            outcomes = {
                record.node: outcome_of(record.plan, record.state, record.reason)
                for record in records
            }
            made = LiveRun(run, {}, Progress(outcomes))
            made.tasks = {record.node: LiveTask(record, made) for record in records}
            self._read_maps(made)
            if run.state != "queued":  # a queued run has no attempts
                self._read_attempts(c, made)
                for artifact in self._store.artifacts.of_run(c, run_id):
                    data = bytes_of(artifact.digest, artifact.filename, artifact.node)
                    made.tasks[artifact.node].results[artifact.name] = data
            self.runs[run_id] = made
            self.untouched[run_id] = None
            for task in made.tasks.values():
                if task.record.state == "queued":
                    self.enqueue(task)
        except Exception:  # isolate a broken run
            log.exception("run %s cannot be read", run_id)
            self.drop(run_id)
            self._broken.add(run_id)

    def _read_maps(self, run: LiveRun) -> None:
        """Read the maps that have elements, and those that have none but run."""
        elements: dict[str, list[TaskRecord]] = {}
        for task in run.tasks.values():
            if task.record.plan.element:
                elements.setdefault(task.record.plan.element.map, []).append(task.record)
        for node, task in run.tasks.items():
            plan, state = task.record.plan.map, task.record.state
            if plan and (node in elements or state not in ("waiting", "queued")):
                own = elements.get(node, ())
                states = {record.node: record.state for record in own}
                left_out = [r.node for r in own if is_left_out(r.state, r.reason)]
                run.add_map(node, states, left_out)
        self.note_maps(run)

    def note_maps(self, run: LiveRun) -> None:
        """Note maps that have ended, or may get more elements."""
        for node, live in run.maps.items():
            task = run.tasks[node]
            if task.record.state == "running" and (live.has_ended or live.room):
                self.due_maps[task.record.id] = task

    def _read_attempts(self, c: Connection, run: LiveRun) -> None:
        tries = self._store.attempts.tries(c, run.run.id)
        by_id = {task.record.id: task for task in run.tasks.values()}
        for task_id, (number, lost, ended_at) in tries.items():
            by_id[task_id].tries, by_id[task_id].lost = number, lost
            if ended_at is not None:
                by_id[task_id].set_pause(ended_at)
        workers = self._store.workers.of_run(c, run.run.id) if tries else {}
        for name, mark in workers.items():
            self.workers[name] = LiveWorker(name, mark, run)
        for record in self._store.attempts.live(c, run.run.id) if tries else ():
            self.begin(by_id[record.task_id], record)

    def begin(self, task: LiveTask, record: AttemptRecord) -> LiveAttempt:
        """Add a live attempt to the task."""
        task.attempt = LiveAttempt(record, task)
        task.tries = max(task.tries, record.number)
        self.attempts[record.id] = task.attempt
        if record.worker:
            worker = self.workers.get(record.worker)
            if worker is None:
                worker = LiveWorker(record.worker, record.mark, task.run)
            self.assign_worker(task.attempt, worker)
        return task.attempt

    def assign_worker(self, attempt: LiveAttempt, worker: LiveWorker) -> None:
        """Move the attempt to the worker, and start the count of its waiting time again."""
        if attempt.worker is not None:
            attempt.worker.attempts.pop(attempt.record.id, None)
        self.workers[worker.id] = worker
        worker.attempts[attempt.record.id] = attempt
        attempt.worker, attempt.since = worker, time.monotonic()

    def driven_ids(self) -> list[str]:
        """Return what threads drive: IDs of attempts with their own process, and of workers."""
        own = [name for name, attempt in self.attempts.items() if attempt.worker is None]
        return own + [name for name, worker in self.workers.items() if worker.attempts]

    def enqueue(self, task: LiveTask) -> None:
        """Add a task to the queue and to `fresh`."""
        at, now = task.not_before, datetime.now(UTC)
        pause = (at - now).total_seconds() if at and task.is_pausing(now) else 0.0
        # A task that is read again keeps its waiting time; a retry starts a new one.
        wait = task.record.id, task.tries
        task.since = self._waits.setdefault(wait, time.monotonic() + pause)
        self.queue.add(task)
        self.fresh[task.record.id] = None

    def dequeue(self, task: LiveTask) -> None:
        """Remove a task from the queue."""
        if self.queue.remove(task.record.id):
            self.gone.append(task.record.id)
            self.fresh.pop(task.record.id, None)

    def end_attempt(self, attempt: LiveAttempt) -> None:
        """Remove an attempt that has reached a terminal state."""
        assert attempt.record.state in ATTEMPT.terminal
        attempt.task.attempt = None
        attempt.task.lost += attempt.record.state == "lost"
        self.attempts.pop(attempt.record.id, None)
        if attempt.worker is not None:
            attempt.worker.attempts.pop(attempt.record.id, None)

    def drop(self, run_id: str) -> None:
        """Remove a run that has ended or will be read again."""
        run = self.runs.pop(run_id, None)
        self.untouched.pop(run_id, None)
        for task in run.tasks.values() if run else ():
            self.dequeue(task)
            self.due_maps.pop(task.record.id, None)
            if task.attempt:
                self.attempts.pop(task.attempt.record.id, None)
        for worker in [worker for worker in self.workers.values() if worker.run is run]:
            self.left.append(self.workers.pop(worker.id))
