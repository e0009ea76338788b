"""The controller of the queue, which grants slots in queue order."""

import logging
import secrets
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from itertools import chain

from nbyard.dispatch.attempts.attempt_driver import Observations
from nbyard.dispatch.attempts.controller import AttemptController
from nbyard.dispatch.context import DispatchContext, Turn
from nbyard.dispatch.runs.ready_tasks import (
    Group,
    ReadyTask,
    ReadyTasks,
    WorkerAssignment,
    fail_if_overdue,
)
from nbyard.dispatch.state.live_runs import LiveAttempt, LiveRuns, LiveTask, LiveWorker
from nbyard.dispatch.state.round_changes import TURN, RoundChanges
from nbyard.domain.ids import new_id
from nbyard.domain.limits import Limits
from nbyard.domain.runs.slots import Slots
from nbyard.domain.runs.structs import TaskPlan
from nbyard.domain.users.quotas import QuotaLedger, Quotas, Use, UsedShare, cores_counted
from nbyard.host.hardware import capacity
from nbyard.reasons.structs import Reason, all_of, because
from nbyard.store import Connection
from nbyard.store.runs.attempts import AttemptRecord
from nbyard.store.transition import StaleState

log = logging.getLogger("nbyard.dispatch")
LENGTH = 200
ALL = ""


class Shares:
    """The quotas, and what users have used lately; kept only where several users share a store."""

    def __init__(self, context: DispatchContext, board: LiveRuns):
        self._store = context.store
        self._board = board
        self._half_life = context.settings.fair_share_half_life_seconds
        self.used: dict[str, UsedShare] = {}
        self._is_shared = False
        self.quotas = Quotas()

    def read(self, c: Connection) -> None:
        """Read the quotas, and what users have used."""
        self.quotas = self._store.quotas.read(c)
        self._is_shared = self._store.quotas.is_shared(c)
        self.used = self._store.quotas.used(c) if self._is_shared else {}

    def levels_and_use(self) -> tuple["Counter[str]", dict[str, float]]:
        """Return how many tasks of each user are in progress, and what users have used."""
        if len(self._board.queue.owners) < 2:
            return Counter(), {}
        self._is_shared, now = True, time.time()
        used = {name: share.decayed(now, self._half_life) for name, share in self.used.items()}
        levels: Counter[str] = Counter()
        for attempt in self._in_progress():
            levels[attempt.record.owner] += 1
            seconds = time.monotonic() - attempt.since
            before = used.get(attempt.record.owner, 0.0)
            used[attempt.record.owner] = before + seconds * cores_counted(attempt.task.record.plan)
        return levels, used

    def ledger(self) -> QuotaLedger | None:
        """Return what runs and deployments hold, None without quotas."""
        if not self.quotas:
            return None
        runs = self._board.runs.values()
        started = [run for run in runs if any(task.tries for task in run.tasks.values())]
        uses = [
            Use(kind="run", id=run.run.id, name=str(run.run.number), owner=run.run.owner)
            for run in started
        ]
        uses += [use_of(attempt.task) for attempt in self._in_progress()]
        with self._store.read() as c:
            uses += self._store.quotas.deployments(c)
            return QuotaLedger(self.quotas, uses, self._store.quotas.projects_of(c, self.quotas))

    def _in_progress(self) -> Iterable[LiveAttempt]:
        for attempt in self._board.attempts.values():
            if attempt.worker is None or attempt.worker.first is attempt:
                yield attempt

    def check_grants(
        self, c: Connection, recorded: Iterable[LiveAttempt], *, changed: bool
    ) -> None:
        """Check attempts that were just written against the rows of this transaction.

        `changed` means that a quota may have changed since the last `read`.

        Raises:
            StaleState: A quota leaves no room for one of them, such as after a change.
        """
        granted = {each.id: each for each in recorded if not each.worker}
        if granted and (self.quotas or changed) and (known := self._store.quotas.read(c)):
            ledger = self._store.quotas.ledger(c, known, granted.keys())
            for attempt in granted.values():
                use = use_of(attempt.task)
                if ledger.full_scope(use):
                    self.read(c)
                    raise StaleState("a quota was changed meanwhile")
                ledger.take(use)

    def add_used(self, c: Connection, ended: Iterable[LiveAttempt]) -> dict[str, UsedShare]:
        """Store what ended attempts have used, and return it by user."""
        used: dict[str, UsedShare] = {}
        for attempt in ended if self._is_shared else ():
            owner, now, task = attempt.record.owner, time.time(), attempt.task.record
            if task.started_at is not None:
                seconds = max(now - task.started_at.timestamp(), 0.0)
                before = used.get(owner) or self.used.get(owner) or UsedShare(0.0, now)
                spent = seconds * cores_counted(task.plan)
                used[owner] = before.plus(spent, now, self._half_life)
        self._store.quotas.set_used(c, used)
        return used


class QueueController:
    """Grants slots in queue order.

    Attempts that could not start come first. `readmitted` holds the IDs of those with new slots.
    `leftovers` holds ended attempts whose processes may live, with their GPUs. While `drain` has a
    reason, no attempts are recorded.
    """

    def __init__(
        self,
        context: DispatchContext,
        board: LiveRuns,
        candidates: ReadyTasks,
        attempts: AttemptController,
    ):
        self._context = context
        self._store = context.store
        self._board = board
        self._candidates = candidates
        self._attempts = attempts
        self._unstarted: list[tuple[LiveAttempt, Observations]] = []
        self._held_up: dict[tuple[str, str], Reason] = {}
        self._busy: dict[Group, LiveWorker] = {}
        self._is_awaited = False
        self.readmitted: set[str] = set()
        self.leftovers: dict[str, LiveAttempt] = {}
        self.placing = WorkerAssignment(board)
        self.is_behind = False
        self.shares = Shares(context, board)
        self._ledger: QuotaLedger | None = None
        self.drain: Reason | None = None

    def serve(self, changes: RoundChanges, *, thoroughly: bool) -> None:
        """Record attempts of ready tasks as long as slots are free.

        The waiting reasons of other tasks are updated. Unless `thoroughly`, this stops once all
        slots are taken.
        """
        slots = self._begin(changes)
        taken = kept = 0
        ahead = sorted(self._context.waits.items(), reverse=True)
        levels, used = self.shares.levels_and_use()
        for name in self._board.queue.ids_in_order(levels, used):
            task = self._board.queue[name]
            # Deployments with an earlier turn wait for these GPUs.
            while ahead and task.record.plan.gpu and ahead[-1][0] < task.gpu_turn:
                slots.hold(ahead.pop()[1])
            if slots.is_full and not thoroughly and not self._board.workers:
                break
            candidate = self._candidates.get(name)
            if candidate is None or name in self._candidates.elsewhere:
                levels[task.record.owner] -= 1  # it needs no slot yet
                continue
            # After the commit, the task is evaluated again and takes that result.
            if self._is_published(changes, candidate):
                continue
            # A task that shares the slot of a busy worker needs nothing more.
            if candidate.group not in self._busy and self._awaits_quota(changes, candidate):
                levels[candidate.task.owner] -= 1  # it delays no other task of its user
                continue
            may_start = self._try_grant(changes, candidate, slots)
            if may_start and self._candidates.is_current(candidate):
                self._record(changes, candidate)
                taken += 1
            elif may_start or slots.is_full or candidate.group:
                kept += 1  # tasks that wait for GPUs or memory do not block others
            if taken + kept == LENGTH:
                break
        self.is_behind = taken == LENGTH
        self._end_overdue(changes)
        changes.apply_follow_ups()

    def _begin(self, changes: RoundChanges) -> Slots:
        """Serve what comes before the queue; return the slots that are left."""
        self._busy = dict(self.placing.busy_workers())
        self._is_awaited = False
        self._ledger = self.shares.ledger()
        self._record_self_queueing(changes)
        slots = self._free()
        self._serve_waiting(slots)
        self._hold_back_unstartable(changes)
        return slots

    def _serve_waiting(self, slots: Slots) -> None:
        """Grant slots again to unstarted attempts, which still have their GPUs."""
        self.readmitted.clear()
        for attempt, seen in self._unstarted:
            if seen.requests_slots:
                plan = attempt.task.record.plan
                rest = Limits(cpu=plan.cpu, memory_bytes=plan.memory_bytes)
                lacking = slots.lacks(rest)
                slots.refuse(lacking)
                if not lacking:
                    slots.grant(rest)
                    self._attempts.grant_slots(attempt.record.id)
                    self.readmitted.add(attempt.record.id)

    def _hold_back_unstartable(self, changes: RoundChanges) -> None:
        """Hold back tasks that would only wait like unstarted attempts.

        These are all tasks of a silent engine, else those with the same image or code; during a
        drain, all tasks.
        """
        before, self._held_up = self._held_up, {}
        if self.drain:
            self._held_up[ALL, ALL] = self.drain
        for attempt, seen in self._unstarted:
            if not seen.requests_slots and (seen.waits or not seen.has_slots):
                plan, waits = attempt.task.record.plan, seen.waits or TURN
                self._held_up[_kind(plan)] = waits
                if seen.is_unresponsive:
                    self._held_up[plan.runtime, ALL] = waits
        if before.keys() - self._held_up.keys():
            for candidate in self._candidates.values():
                if candidate.is_held_up and not self._why_held_up(candidate.task.plan):
                    candidate.is_held_up = candidate.is_told = False
                    changes.note_wait(candidate.live, TURN)

    def _why_held_up(self, plan: TaskPlan) -> Reason | None:
        held = self._held_up
        keys = ((ALL, ALL), (plan.runtime, ALL), _kind(plan))
        return next((held[key] for key in keys if key in held), None) if held else None

    def _record_self_queueing(self, changes: RoundChanges) -> None:
        """Record tasks of runtimes with their own queue; they need no slots of this machine."""
        elsewhere = self._candidates.elsewhere.items()
        candidates = [each for name, each in elsewhere if name in self._board.queue]
        for candidate in sorted(candidates, key=lambda candidate: candidate.live.queue_place):
            is_published = self._is_published(changes, candidate)
            if is_published or self._awaits_quota(changes, candidate):
                continue
            if self.drain:
                candidate.is_held_up = True
                changes.note_wait(candidate.live, self.drain)
            elif self._candidates.is_current(candidate):
                self._take_quota(candidate)
                self._record(changes, candidate)

    def _awaits_quota(self, changes: RoundChanges, ready_task: ReadyTask) -> bool:
        """Return whether the task has to wait for a quota, which it then shows."""
        wait = self._ledger.lacks(use_of(ready_task.live)) if self._ledger else None
        if wait is not None:
            ready_task.is_told = False
            changes.note_wait(ready_task.live, wait)
        return wait is not None

    def _take_quota(self, ready_task: ReadyTask) -> None:
        if self._ledger is not None:
            self._ledger.take(use_of(ready_task.live))

    def _end_overdue(self, changes: RoundChanges) -> None:
        for name in self._board.queue.overdue_ids():
            candidate = self._candidates.get(name)
            if candidate is not None and not self._is_published(changes, candidate):
                fail_if_overdue(changes, candidate.live)

    def slots(self, turn: Turn) -> Slots:
        """Return the slots that a deployment may get at this turn.

        GPUs are held for the queued tasks before it, up to the first task with a later turn. Tasks
        that wait for other things hold none.
        """
        slots, now, ledger = self._free(), datetime.now(UTC), self.shares.ledger()
        for name in self._board.queue.ids_in_order(*self.shares.levels_and_use()):
            task = self._board.queue[name]
            plan = task.record.plan
            if not plan.gpu:
                continue
            if task.gpu_turn > turn:
                break
            waits = task.is_pausing(now) or self._why_held_up(plan)
            waits = waits or (ledger.lacks(use_of(task)) if ledger else None)
            if not waits and not self._context.queues_itself(plan.runtime):
                lacking = slots.lacks(plan)
                if not lacking or "gpu" in lacking:
                    slots.hold(plan.gpu)
        return slots

    def _free(self) -> Slots:
        """Return the slots that neither attempts nor deployments occupy.

        An attempt that could not start keeps its GPUs, because it may live unnoticed.
        """
        owners = [
            *self._context.grants.values(),
            *(attempt.record.gpus for attempt in self.leftovers.values()),
        ]
        held = list(chain.from_iterable(owners))
        self._unstarted, running = [], []
        for name, attempt in self._board.attempts.items():
            if attempt.worker is not None and attempt.worker.first is not attempt:
                continue  # it shares the slot of the worker's first attempt
            if self._context.queues_itself(attempt.record.runtime):
                continue
            has_slots, seen = True, self._attempts.observations(name)
            if attempt.worker is None and seen.waits_for_space:
                continue
            if attempt.worker is None and attempt.record.state == "recorded":
                has_slots = seen.keeps_slots
                self._unstarted.append((attempt, seen))
            if has_slots:
                running.append((attempt.task.record.plan, attempt.record.gpus))
            else:
                held += attempt.record.gpus
        return Slots(capacity(self._context.settings), running, held)

    def _is_published(self, changes: RoundChanges, ready_task: ReadyTask) -> bool:
        """Return whether another task of this round already produced the same result."""
        return ready_task.owner_and_key in changes.kept and not ready_task.why_cache_ignored()

    def _try_grant(self, changes: RoundChanges, ready_task: ReadyTask, slots: Slots) -> bool:
        plan = ready_task.task.plan
        if waits := self._why_held_up(plan):
            ready_task.is_held_up = True
            changes.note_wait(ready_task.live, waits)
            return False
        worker = self._busy.get(ready_task.group)
        if (
            worker
            and not self._is_awaited
            and self._try_give_to_busy_worker(ready_task, worker, slots)
        ):
            return True
        # The task already shows why it waits, so there is nothing to write.
        if slots.is_full and ready_task.is_told:
            self._is_awaited = True
            return False
        lacking = slots.lacks(plan)
        if not lacking and worker and self._awaits_quota(changes, ready_task):
            return False
        if not lacking:
            ready_task.gpus = slots.grant(plan)
            self._take_quota(ready_task)
            if ready_task.group:
                self._give(
                    ready_task, self.placing.idle_or_new_worker(ready_task.live, ready_task.group)
                )
            return True
        if worker is None:  # else the busy worker takes it
            if not slots.is_too_much(plan):
                slots.refuse(lacking)
                self._is_awaited = True  # otherwise a worker with more calls would keep its slot
            ready_task.is_told = True
            changes.note_wait(ready_task.live, all_of([*lacking.values()]))
        return False

    def _try_give_to_busy_worker(
        self, ready_task: ReadyTask, worker: LiveWorker, slots: Slots
    ) -> bool:
        """Assign the task to a busy worker and return True, if that is the best place."""
        plan = ready_task.task.plan
        if not self.placing.has_room(worker, plan):
            return False
        if not slots.is_full and not self.placing.is_enough(worker, plan) and not slots.lacks(plan):
            return False
        self._give(ready_task, worker)
        return True

    def _give(self, ready_task: ReadyTask, worker: LiveWorker) -> None:
        ready_task.worker = self._board.workers[worker.id] = worker

    def _record(self, changes: RoundChanges, ready_task: ReadyTask) -> None:
        """Record the attempt before anything starts."""
        task, cause = ready_task.task, self._why(ready_task)
        is_first = cause.code == "no-earlier-result"
        reason = (
            because("runs-without-earlier-result") if is_first else because("runs", cause=cause)
        )
        if task.reason and task.reason.code in ("attempt-failed", "attempt-lost"):
            reason = because("runs-again", attempt=task.reason)
        attempt = AttemptRecord(
            id=new_id(),
            task_id=task.id,
            run_id=task.run_id,
            owner=task.owner,
            number=ready_task.live.tries + 1,
            state="recorded",
            runtime=task.plan.runtime,
            site="",
            # The runner repeats it in the result, so results of superseded attempts are refused.
            token=secrets.token_hex(16),
            # Processes of the attempt inherit the mark, by which the process runtime finds them.
            mark=ready_task.worker.mark if ready_task.worker else secrets.token_hex(16),
            gpus=list(ready_task.gpus),
            worker=ready_task.worker.id if ready_task.worker else "",
        )
        changes.record(ready_task.live, attempt)
        if ready_task.group:
            self._busy = dict(self.placing.busy_workers())
        changes.move_task(ready_task.live, "preparing", reason=reason, **ready_task.columns)
        changes.keep_packages(ready_task.environment)

    def _why(self, ready_task: ReadyTask) -> Reason:
        """Return the reason why no earlier result is reused."""
        if ignored := ready_task.why_cache_ignored():
            return ignored  # without reading the store for each task
        with self._store.read() as c:
            last = partial(self._store.history.last_dependencies, c, ready_task.task)
            return self._candidates.results.why(c, ready_task, last)


def use_of(task: LiveTask) -> Use:
    """Return what a task holds of quotas while it is in progress."""
    run = task.run.run
    return Use.of_task(run.id, run.number, task.record.owner, task.record.plan)


def _kind(plan: TaskPlan) -> tuple[str, str]:
    """Return the key of tasks that start from the same image or code."""
    return plan.runtime, plan.image or plan.executable_version_id
