"""The controller of the queue: slots are given away in its order."""

import itertools
import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from nbyard.dispatch.board import Board, LiveWorker
from nbyard.dispatch.candidates import Candidate, Candidates, is_overdue
from nbyard.dispatch.changes import Changes
from nbyard.dispatch.placing import Group, Placing
from nbyard.dispatch.room import Room, Turn
from nbyard.domain.digest import explain
from nbyard.domain.ids import new_id
from nbyard.domain.limits import Limits
from nbyard.domain.reasons import attempt_before
from nbyard.domain.slots import Slots
from nbyard.domain.uses import moved
from nbyard.machine import capacity
from nbyard.store.attempts import AttemptRecord

LENGTH = 200


class QueueController:
    """By priority, else first come, first served."""

    def __init__(
        self,
        room: Room,
        board: Board,
        candidates: Candidates,
        is_waiting: Callable[[str], bool],
    ):
        self._room = room
        self._store = room.store
        self._board = board
        self._candidates = candidates
        self._is_waiting = is_waiting
        self._busy: dict[Group, LiveWorker] = {}
        self._is_awaited = False
        self.placing = Placing(board)
        self.is_behind = False

    def serve(self, changes: Changes, *, thoroughly: bool) -> None:
        """Record attempts at tasks as far as there is room; the others are told why they wait, if
        that may be something else than before."""
        self._busy = dict(self.placing.busy())
        self._is_awaited = False
        slots = self._free()
        taken = kept = 0
        ahead = sorted(self._room.waits.items(), reverse=True)
        for name in self._board.queue.turns():
            while ahead and ahead[-1][0] < self._board.queue[name].turn:
                slots.hold(ahead.pop()[1])
            if slots.is_full and not thoroughly and not self._board.workers:
                break
            one = self._candidates.get(name)
            if one is None or self._is_published(changes, one):
                continue
            may_start = self._may_start(changes, one, slots)
            if may_start and self._candidates.is_current(one):
                self._record(changes, one)
                taken += 1
            elif may_start or slots.is_full or one.group:
                kept += 1  # whoever waits for GPUs or memory hides nobody
            if taken + kept == LENGTH:
                break
        self.is_behind = taken == LENGTH
        changes.settle()

    def slots(self, turn: Turn) -> Slots:
        """What is free now for whose turn it is then: tasks that wait for a GPU longer come first,
        and those that wait for other things do not keep one from him."""
        slots, now = self._free(), datetime.now(UTC)
        for name in self._board.queue.turns():
            task = self._board.queue[name]
            plan = task.record.plan
            if task.turn > turn:
                break
            if plan.gpu and not task.waits(now) and not self._queues_itself(plan.runtime):
                lacking = slots.lacks(plan)
                if not lacking or "gpu" in lacking:
                    slots.hold(plan.gpu)
        return slots

    def _free(self) -> Slots:
        held = itertools.chain.from_iterable(self._room.grants.values())
        return Slots(capacity(self._room.settings), self._running(), held)

    def _is_published(self, changes: Changes, one: Candidate) -> bool:
        """What comes out of another task just now is not done again."""
        return one.name in changes.kept and not one.why_not()

    def _running(self) -> Iterator[tuple[Limits, Sequence[str]]]:
        """What takes slots now, with the GPUs that it was granted."""
        for name, attempt in self._board.attempts.items():
            if attempt.worker is not None and attempt.worker.first is not attempt:
                continue  # it takes the slot that another one has
            if not self._is_waiting(name) and not self._queues_itself(attempt.record.runtime):
                yield attempt.task.record.plan, attempt.record.gpus

    def _queues_itself(self, runtime: str) -> bool:
        """Whether it is not this machine that does the work."""
        known = self._room.runtimes.get(runtime)
        return known is not None and known.queues_itself

    def _may_start(self, changes: Changes, one: Candidate, slots: Slots) -> bool:
        plan = one.task.plan
        if self._queues_itself(plan.runtime):
            one.gpus = ()
            return True
        worker = self._busy.get(one.group)
        if worker and not self._is_awaited and self._is_given(one, worker, slots):
            return True
        if slots.is_full and one.is_told and plan.queue_timeout_seconds is None:
            self._is_awaited = True
            return False
        lacking = slots.lacks(plan)
        if not lacking:
            one.gpus = slots.grant(plan)
            if one.group:
                self._give(one, self.placing.free(one.live, one.group))
            return True
        late = is_overdue(changes, one.live)
        if worker is None:  # else its turn comes there
            if not slots.is_too_much(plan):
                slots.refuse(lacking)
                self._is_awaited = True  # a worker that is given more would keep its slot
            if not late:
                one.is_told = True
                changes.note_wait(one.live, "; ".join(lacking.values()))
        return False

    def _is_given(self, one: Candidate, worker: LiveWorker, slots: Slots) -> bool:
        """Whether a worker that has something to do is the best place for it."""
        plan = one.task.plan
        if not self.placing.has_room(worker, plan):
            return False
        if not slots.is_full and not self.placing.is_enough(worker, plan) and not slots.lacks(plan):
            return False
        self._give(one, worker)
        return True

    def _give(self, one: Candidate, worker: LiveWorker) -> None:
        one.worker = self._board.workers[worker.id] = worker

    def _record(self, changes: Changes, one: Candidate) -> None:
        """Write first: the attempt exists before anything starts."""
        task, reason = one.task, f"runs because {self._why(one)}"
        if before := attempt_before(task.reason):
            reason = f"runs again: {before}"
        attempt = AttemptRecord(
            id=new_id(),
            task_id=task.id,
            run_id=task.run_id,
            owner=task.owner,
            number=one.live.tries + 1,
            state="recorded",
            runtime=task.plan.runtime,
            site="",
            token=secrets.token_hex(16),
            mark=one.worker.mark if one.worker else secrets.token_hex(16),
            gpus=list(one.gpus),
            worker=one.worker.id if one.worker else "",
        )
        changes.record(one.live, attempt)
        if one.group:
            self._busy = dict(self.placing.busy())
        changes.move_task(one.live, "preparing", reason=reason, **one.columns)
        changes.keep_packages(one.environment)

    def _why(self, one: Candidate) -> str:
        """In words, why it cannot take an earlier result."""
        if why := one.why_not() or one.too_old:
            return why
        with self._store.read() as c:
            last = self._store.history.last_parts(c, one.task)
            before = self._store.fingerprints.packages(c, last[0].environment) if last else None
        if last is None:
            return explain(None, one.parts)
        words = moved(last[1], one.task.plan.environment)
        return explain(last[0], one.parts, before, one.environment.versions, words)
