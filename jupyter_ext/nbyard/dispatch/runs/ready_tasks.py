"""Evaluate queued tasks: compute cache keys and look up cached results.

Queued tasks whose runtime does not know its packages yet. One of them asks for all.
"""

import logging
import math
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import islice

from nbyard.dispatch.attempts.outcomes.store_outputs import failure_of
from nbyard.dispatch.attempts.secret_delivery import secrets_of
from nbyard.dispatch.cache.contract_verdicts import ContractThreads, contract_failure, with_drift
from nbyard.dispatch.cache.files_outside_code import Comparisons
from nbyard.dispatch.cache.keys import FRESH_SECONDS, Code, Identities, key_parts, values_of
from nbyard.dispatch.cache.result_lookup import (
    Query,
    ResultLookup,
    keep_and_check_bytes,
    reuse_named_result,
    reuse_reason,
    use_earlier_result,
    with_mark,
)
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.runs.conditions import Conditions
from nbyard.dispatch.runs.map_controller import MapController
from nbyard.dispatch.state.attempt_snapshot import ReportInbox, inputs_of
from nbyard.dispatch.state.live_runs import LiveRuns, LiveTask, LiveWorker
from nbyard.dispatch.state.round_changes import RoundChanges, fail_task
from nbyard.dispatch.threads import TRIES, Threads, unexpected_reason
from nbyard.domain.attempts.structs import Failure, Result
from nbyard.domain.caching.absolute_paths import names_outside
from nbyard.domain.contracts.structs import OF_DATA
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.ids import new_id
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.runs.structs import TaskPlan
from nbyard.errors import Busy, NbyardError, Unavailable, waits_for_engine
from nbyard.reasons.structs import Reason, because
from nbyard.store import Connection
from nbyard.store.runs.artifacts_and_cache import Alike, Hit
from nbyard.store.runs.tasks import TaskRecord

KIND = "function"
# Limits of a worker's queue, so that other tasks get their turn on its slot.
AHEAD_SECONDS = 1.0
AHEAD_AT_FIRST = 4
MOST_AHEAD = 1000
# approximate time to start a worker and import a file
START_SECONDS = 0.1
WEIGHT_OF_NEW = 0.5
REMEMBERED = 10_000
Group = tuple[str, ...]
PAUSE_SECONDS = 1.0


def group_of(task: LiveTask, code: Code, environment: EnvironmentRef) -> Group:
    """Return the group of tasks whose calls may share a process.

    The group is empty if the call needs a process of its own.
    """
    plan, version = task.record.plan, code.version
    if version.kind != KIND or plan.runtime != PROCESS:
        return ()
    # Limits, GPUs, secrets and ports require a process of its own. So do paths outside the code,
    # which are watched from the start of a process.
    limits = (plan.memory_bytes, plan.silence_timeout_seconds, plan.gpu)
    own = (*limits, plan.requirements_digest, secrets_of(plan), plan.ports, plan.tensorboard)
    if any(own) or names_outside(values_of(plan).values()):
        return ()
    file = split_function_path(version.file).file
    # Equal bundles may contain several files with functions.
    about = (version.bundle_digest, file, environment.fingerprint, str(plan.cpu))
    return (task.record.run_id, *about)


class WorkerAssignment:
    """Decides how many calls a worker gets: few until the duration of the function is known."""

    def __init__(self, board: LiveRuns):
        self._board = board
        self._seconds: dict[str, float] = {}

    def learn_duration(self, plan: TaskPlan, result: Result) -> None:
        """Update the expected duration of calls to this version of a function."""
        took, version = max(result.finished_at - result.started_at, 0.0), plan.executable_version_id
        if len(self._seconds) >= REMEMBERED:
            self._seconds.clear()
        known = self._seconds.get(version, took)
        # A moving average follows changes in duration.
        self._seconds[version] = known + WEIGHT_OF_NEW * (took - known)

    def busy_workers(self) -> Mapping[Group, LiveWorker]:
        """Return the busy worker of each group with the fewest calls."""
        worker_by_group: dict[Group, LiveWorker] = {}
        for worker in self._board.workers.values():
            if worker.group and worker.attempts and not worker.has_left:
                least = worker_by_group.get(worker.group, worker)
                if len(worker.attempts) <= len(least.attempts):
                    worker_by_group[worker.group] = worker
        return worker_by_group

    def has_room(self, worker: LiveWorker, plan: TaskPlan) -> bool:
        """Return whether the worker may get one more call."""
        seconds = self._seconds.get(plan.executable_version_id)
        if seconds is None:
            return len(worker.attempts) < AHEAD_AT_FIRST
        # The comparison also avoids a division by a duration of 0.
        most = AHEAD_SECONDS / seconds if seconds * MOST_AHEAD > AHEAD_SECONDS else MOST_AHEAD
        return len(worker.attempts) < max(most, 1)

    def is_enough(self, worker: LiveWorker, plan: TaskPlan) -> bool:
        """Return whether the worker would reach this call before a new worker could start."""
        seconds = self._seconds.get(plan.executable_version_id)
        return seconds is not None and len(worker.attempts) * seconds < START_SECONDS

    def idle_or_new_worker(self, task: LiveTask, group: Group) -> LiveWorker:
        """Return an idle worker of that group, else a new one."""
        for worker in self._board.workers.values():
            if worker.group == group and not worker.attempts and not worker.has_left:
                return worker
        return LiveWorker(new_id(), secrets.token_hex(16), task.run, group)


@dataclass(eq=False)
class UnknownPackages:
    """The wait for a runtime that does not know its packages yet."""

    waits: Reason  # what its tasks wait for
    # When to ask again, by the monotonic clock.
    until: float = field(default_factory=lambda: time.monotonic() + PAUSE_SECONDS)


class EnvironmentWaits:
    """Tasks that wait until their runtime knows its packages, which their cache keys contain."""

    def __init__(self) -> None:
        self._silences: dict[str, UnknownPackages] = {}
        self._tasks: dict[str, dict[str, LiveTask]] = {}

    def is_silent(self, runtime: str, waits: Reason) -> None:
        """Record that the runtime does not know its packages yet; callable from any thread."""
        self._silences[runtime] = UnknownPackages(waits)

    def has_spoken(self, runtime: str) -> None:
        """Record that the runtime knows its packages; callable from any thread."""
        self._silences.pop(runtime, None)

    def hold_back(self, changes: RoundChanges, task: LiveTask) -> bool:
        """Hold a task back while its runtime's packages are unknown.

        The task shows what it waits for. Return whether it waits.
        """
        runtime = task.record.plan.runtime
        silence = self._silences.get(runtime)
        if silence is None:
            return False
        self._tasks.setdefault(runtime, {})[task.record.id] = task
        changes.note_wait(task, silence.waits)
        return True

    def forget(self, task_id: str) -> None:
        """Remove a task that has left the queue."""
        for tasks in self._tasks.values():
            tasks.pop(task_id, None)

    def resolved_tasks(self) -> Iterator[str]:
        """Yield the IDs of tasks whose runtime now knows its packages."""
        for runtime in [task for task in self._tasks if task not in self._silences]:
            yield from self._tasks.pop(runtime)

    def due_tasks(self) -> list[list[LiveTask]]:
        """Return the waiting tasks of each runtime to be asked again."""
        now, task_groups = time.monotonic(), []
        for runtime, tasks in self._tasks.items():
            silence = self._silences.get(runtime)
            if tasks and silence and now >= silence.until:
                silence.until = now + PAUSE_SECONDS
                task_groups.append(list(tasks.values()))
        return task_groups

    def next_due(self) -> float:
        """Return the next due time by the monotonic clock; infinity if no task waits."""
        # A copy, because threads change the dictionary meanwhile.
        silences = dict(self._silences)
        waiting = [silences[runtime] for runtime in silences if self._tasks.get(runtime)]
        return min((silence.until for silence in waiting), default=math.inf)


log = logging.getLogger("nbyard.dispatch")
NEW_IN_A_ROUND, NEWEST = 200, 20


@dataclass(eq=False, kw_only=True)
class ReadyTask(Query):
    """A queued task with the dependencies of its result; `is_current` checks them again.

    Tasks of one `group` may share a function worker.
    """

    live: LiveTask
    group: Group = ()
    is_told: bool = False
    is_held_up: bool = False
    worker: LiveWorker | None = None
    gpus: tuple[str, ...] = ()
    evaluated: float = field(default_factory=time.monotonic)

    def is_fresh(self) -> bool:
        """Return whether the cache was asked lately."""
        return time.monotonic() - self.evaluated < FRESH_SECONDS

    @property
    def task(self) -> TaskRecord:
        """Return the record of the task."""
        return self.live.record


class ReadyTasks(Mapping[str, ReadyTask]):
    """Queued tasks that must be executed, by ID.

    `elsewhere` holds those that need no slots of this machine. `is_behind` is set if more tasks
    came than fit into a round.
    """

    def __init__(
        self, context: DispatchContext, board: LiveRuns, threads: Threads, inbox: ReportInbox
    ):
        self._context = context
        self._store = context.store
        self._board = board
        self._threads = threads
        self._inbox = inbox
        self.maps = MapController(context, board, threads, inbox)
        self.identities = Identities(context)
        self.results = ResultLookup(context.store, self.identities)
        self.elsewhere: dict[str, ReadyTask] = {}
        self.is_behind = False
        self._known: dict[str, ReadyTask] = {}
        self._same: dict[tuple[str, str], set[str]] = {}
        self._later: dict[str, LiveTask] = {}
        self._unfit: dict[str, Failure] = {}
        self._faults: Counter[str] = Counter()
        self._unknowns = EnvironmentWaits()
        self._conditions = Conditions(context, threads, lambda: inbox.put(None), self._unfit)
        self.comparisons = Comparisons(self.identities.outside, threads, inbox)
        self._contracts = ContractThreads(context, threads, inbox)

    def __getitem__(self, name: str) -> ReadyTask:
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def evaluate_new(self, changes: RoundChanges) -> bool:
        """Evaluate new tasks in the queue level by level; return whether any came.

        Tasks with cached results finish at once, so the next level follows in the same round.
        """
        for name in self._board.gone:
            self._unfit.pop(name, None)
            self._faults.pop(name, None)
            self._unknowns.forget(name)
            self.comparisons.forget(name)
            self._conditions.forget(name)
            self._contracts.forget(name)
            self._forget(name)
        self._board.gone.clear()
        self._wake_later()
        self._board.fresh.update(dict.fromkeys(self._unknowns.resolved_tasks()))
        for tasks in self._unknowns.due_tasks():
            self._ask(tasks[0])
            for task in tasks:
                if not fail_if_overdue(changes, task):
                    self._unknowns.hold_back(changes, task)
            changes.apply_follow_ups()
        if not self._board.fresh:
            self.is_behind = False
            return False
        left = NEW_IN_A_ROUND
        with self._store.read() as c:
            while left > 0:
                before = len(self._board.fresh)
                candidates = self._new(changes, left)
                # Threads evaluate these tasks, and wake the loop when they are done.
                if len(self._board.fresh) == before:
                    break
                left -= before - len(self._board.fresh)
                asked = [candidate for candidate in candidates if not candidate.why_cache_ignored()]
                undecided = self._ask_cache(c, changes, asked)
                self._keep(
                    [candidate for candidate in candidates if candidate.task.id not in undecided]
                )
                changes.apply_follow_ups()
        self.is_behind = left <= 0
        return left < NEW_IN_A_ROUND

    def _keep(self, candidates: Sequence[ReadyTask]) -> None:
        for candidate in candidates:
            # An earlier evaluation may have had another key.
            self._forget(candidate.task.id)
            if candidate.task.id in self._board.queue:
                self._known[candidate.task.id] = candidate
                if self._context.queues_itself(candidate.task.plan.runtime):
                    self.elsewhere[candidate.task.id] = candidate
                self._same.setdefault(candidate.owner_and_key, set()).add(candidate.task.id)

    def is_current(self, ready_task: ReadyTask) -> bool:
        """Return whether the environment is fresh and unchanged; else evaluate the task again."""
        known = self.identities.known(ready_task.task.plan, ready_task.live.run.since)
        # A colleague may have finished the same work since then.
        is_fresh = not self._context.settings.shared or ready_task.is_fresh()
        if is_fresh and known and known[1].fingerprint == ready_task.environment.fingerprint:
            return True
        self._board.fresh[ready_task.task.id] = None
        self.is_behind = True
        return False

    def reevaluate_after(self, names: Sequence[tuple[str, str]]) -> None:
        """Evaluate again the queued tasks with these cache keys, which now have a cached result."""
        for name in names:
            for task_id in self._same.get(name, set()) & self._board.queue.ids:
                if not self._known[task_id].why_cache_ignored():
                    self._board.fresh[task_id] = None
                    self.is_behind = True

    def seconds_until_due(self) -> float:
        """Return the seconds until a waiting task is due; infinity if none waits."""
        times = [task.not_before for task in self._later.values()]
        turn = min((at for at in times if at), default=None)
        wait = (turn - datetime.now(UTC)).total_seconds() if turn else math.inf
        return min(wait, self._unknowns.next_due() - time.monotonic())

    def _forget(self, name: str) -> None:
        self.elsewhere.pop(name, None)
        if candidate := self._known.pop(name, None):
            same = self._same[candidate.owner_and_key]
            same.discard(name)
            if not same:
                del self._same[candidate.owner_and_key]

    def _new(self, changes: RoundChanges, most: int) -> list[ReadyTask]:
        now = datetime.now(UTC)
        candidates, fresh = [], self._board.fresh
        names = list(islice(fresh, most))
        if len(fresh) > most:  # the newest, such as a run beside a large map, go first
            names = [*islice(reversed(fresh), NEWEST), *names[NEWEST:]]
        for name in names:
            task = self._board.queue[name]
            if task.is_pausing(now):
                del fresh[name]
                self._later[name] = task
            elif self._conditions.is_met(changes, task) and (
                candidate := self._candidate(changes, task)
            ):
                del fresh[name]
                candidates.append(candidate)
            elif name in fresh:  # a thread evaluates it: move it behind the others
                fresh[name] = fresh.pop(name)
        return candidates

    def _wake_later(self) -> None:
        now = datetime.now(UTC)
        for name, task in list(self._later.items()):
            if not task.is_pausing(now):
                del self._later[name]
                if self._board.queue.get(name) is task:
                    self._board.fresh[name] = None

    def _candidate(self, changes: RoundChanges, task: LiveTask) -> ReadyTask | None:
        """Return the candidate; None while threads evaluate the task, or if the task failed."""
        record = task.record
        if self._is_with_threads(changes, task):
            return None
        known = self.identities.known(record.plan, task.run.since)
        try:
            is_reused = record.plan.reuse and reuse_named_result(
                self._context, changes, task, self._contracts
            )
            if is_reused or self.maps.expand(changes, task):
                return None
            if known is None:
                if self._unknowns.hold_back(changes, task):
                    del self._board.fresh[record.id]
                    self._forget(record.id)
                else:
                    self._ask(task)
                return None
            inputs, untyped = inputs_of(task), self._context.untyped
            verdicts = self._contracts.data_verdicts(record, inputs)
            failure = contract_failure(verdicts or {}, OF_DATA)
            if failure:
                fail_task(changes, task, failure)
            if failure or verdicts is None:
                return None
            parts = key_parts(record.plan, known[0], inputs, known[1], untyped)
            group = group_of(task, *known)
            code, environment = known
            of = (record.owner, record.plan, code, parts, parts.key(), environment)
            return ReadyTask(*of, places=task.run.run.places, live=task, group=group)
        except NbyardError as error:
            fail_task(changes, task, failure_of(error, "preparation"))
        except Exception as error:  # isolate a broken task
            log.exception("task %s cannot be served", record.id)
            fail_task(changes, task, _unexpected(error))
        return None

    def _is_with_threads(self, changes: RoundChanges, task: LiveTask) -> bool:
        """Return whether threads found the task unfit, or compare or check files for it."""
        name = task.record.id
        if failure := self._unfit.pop(name, None):
            fail_task(changes, task, failure)
        elif self.comparisons.is_under_way(name) or self._contracts.is_under_way(name):
            fail_if_overdue(changes, task)  # the limit of the queue also holds while a thread looks
        else:
            return False
        return True

    def _ask(self, task: LiveTask) -> None:
        """Look up code and environment in a thread, once for all tasks of a kind."""
        plan = task.record.plan
        used = plan.environment.version_id if plan.environment else ""
        where = f"{plan.runtime} {plan.image} {plan.kernel} {used}"
        place = f"look at {plan.executable_version_id} {where}"
        work = partial(self._identify, task.record, task.run.since)
        self._threads.submit(
            place, work, then=lambda _: self._inbox.put(None), runtime=plan.runtime
        )

    def _identify(self, task: TaskRecord, since: float) -> None:
        """Look up code and environment; one broken task must not delay the others."""
        runtime = task.plan.runtime
        try:
            self.identities.look_up(task.plan, since)
        except Busy:
            raise
        except Unavailable as error:
            self._unknowns.is_silent(runtime, waits_for_engine(error))
            return
        except NbyardError as error:
            self._unfit[task.id] = failure_of(error, "preparation")
        except Exception as error:  # isolate a broken task
            log.exception("task %s cannot be served", task.id)
            self._faults[task.id] += 1
            if self._faults[task.id] < TRIES:  # it waits, and is asked about again
                self._unknowns.is_silent(runtime, unexpected_reason(error))
                return
            self._unfit[task.id] = _unexpected(error)
        self._unknowns.has_spoken(runtime)

    def _ask_cache(
        self, c: Connection, changes: RoundChanges, candidates: Sequence[ReadyTask]
    ) -> set[str]:
        """Use cached results; return the tasks for which a thread looks outside the code."""
        undecided = set[str]()
        hits = self.results.find(c, candidates)
        usable: list[tuple[ReadyTask, Hit]] = []
        now = datetime.now(UTC)
        for candidate in candidates:
            hit = hits.get(candidate)
            if hit is None or candidate.is_expired(hit, now):
                continue
            differing = self.comparisons.changes(candidate.task.id, hit, candidate.plan.runtime)
            if differing is None:
                undecided.add(candidate.task.id)
                self._evaluate_later(candidate)
                continue
            candidate.outside = differing
            if not differing:
                usable.append((candidate, hit))
        return undecided | self._reuse(c, changes, usable)

    def _reuse(
        self, c: Connection, changes: RoundChanges, usable: Sequence[tuple[ReadyTask, Hit]]
    ) -> set[str]:
        """Use these results, except those whose bytes are gone.

        Return the tasks for which a thread checks the contracts of results.
        """
        undecided = set[str]()
        # One query for all hits instead of one per task.
        made = {hit.task_id for _, hit in usable}
        rows = self._store.artifacts.of_tasks(c, made)
        details = self._store.tasks.files_and_warnings(c, made) if made else {}
        takers = {candidate.task.id for candidate, _ in usable}
        marks = self._store.executables.marks(c, {*made, *takers}) if made else {}
        for candidate, hit in usable:
            own = details.get(hit.task_id, {})
            if keep_and_check_bytes(self._context, changes, rows[hit.task_id], own):
                judged = self._contracts.judged(candidate.task, hit.task_id, rows[hit.task_id])
                if judged is None:
                    undecided.add(candidate.task.id)
                    self._evaluate_later(candidate)
                    continue
                own |= {"cache_key": hit.key} if isinstance(hit, Alike) else {}
                mark = marks.get(candidate.task.id) or marks.get(hit.task_id)
                own["warning"] = with_mark(own.get("warning"), mark)
                live, columns = candidate.live, candidate.columns | own
                if data := self._contracts.data_verdicts(candidate.task, inputs_of(live)):
                    columns["warning"] = with_drift(columns.get("warning"), (data, OF_DATA))
                use_earlier_result(changes, live, judged, reuse_reason(candidate, hit), columns)
        return undecided

    def _evaluate_later(self, candidate: ReadyTask) -> None:
        self._board.fresh[candidate.task.id] = None
        self._forget(candidate.task.id)


def fail_if_overdue(changes: RoundChanges, task: LiveTask) -> bool:
    """Fail the task if its queue limit has passed; return whether it failed."""
    limit = task.record.plan.queue_timeout_seconds
    if limit is None or time.monotonic() < task.queue_deadline:
        return False
    too_long = because("queue-limit", seconds=limit)
    fail_task(changes, task, Failure("queue-timeout", too_long))
    return True


def _unexpected(error: Exception) -> Failure:
    return Failure("preparation", unexpected_reason(error))
