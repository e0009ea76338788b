"""The controller of the queue: cache hits at once, the others as far as slots are free."""

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from nbyard.dispatch.crash import crash_point
from nbyard.dispatch.keys import environment_of, input_digests, key_parts, version_of
from nbyard.dispatch.resources import capacity
from nbyard.dispatch.results import failure_of
from nbyard.dispatch.room import Room
from nbyard.domain.attempts import Failure
from nbyard.domain.digest import KeyParts, explain
from nbyard.domain.ids import new_id
from nbyard.domain.runs import TaskPlan
from nbyard.domain.slots import Slots
from nbyard.errors import Busy, NbyardError
from nbyard.store import Connection
from nbyard.store.artifacts import Hit
from nbyard.store.leases import LeaseLost
from nbyard.store.tasks import AttemptRecord, TaskRecord

log = logging.getLogger("nbyard.dispatch")
LENGTH = 200
NEW_IN_A_ROUND = 32
LONGEST_WAIT = timedelta(seconds=60)


@dataclass
class Candidate:
    """A queued task and what its result depends on; neither changes while it waits."""

    task: TaskRecord
    parts: KeyParts
    key: str
    last: KeyParts | None
    before: Mapping[str, str] | None
    packages: Mapping[str, str]
    noted: str = ""

    @property
    def columns(self) -> dict[str, Any]:
        return {"cache_key": self.key, "parts": msgspec.to_builtins(self.parts)}

    def why_not(self) -> str:
        """Why the cache is not asked; empty when it is."""
        if self.task.plan.reuse:
            return "the result that it was to take over is gone"
        if self.task.plan.force:
            return "it was forced"
        return "" if self.task.plan.cache else "its cache is switched off"


class QueueController:
    """By priority, else first come, first served."""

    def __init__(self, room: Room, is_waiting: Callable[[str], bool]):
        self._room = room
        self._store = room.store
        self._is_waiting = is_waiting
        self._known: dict[str, Candidate] = {}
        self._plans: dict[str, TaskPlan] = {}

    def serve(self) -> None:
        """One round; it writes only when something moves or its reason changes."""
        with self._store.read() as c:
            queued = self._store.tasks.queued(c, LENGTH)
            live = self._store.attempts.live(c) if queued else []
        self._known = {name: found for name, found in self._known.items() if name in queued}
        candidates = self._candidates(_due(queued))
        if not candidates:
            return
        slots = Slots(capacity(self._room.settings), self._running(live))
        hits = self._hits(candidates)
        waits = {one.task.id: self._serve(one, hits, slots) for one in candidates}
        self._note([(one, waits[one.task.id]) for one in candidates if waits[one.task.id]])

    def _candidates(self, queued: list[str]) -> list[Candidate]:
        new = [name for name in queued if name not in self._known][:NEW_IN_A_ROUND]
        for name in new:
            with self._store.read() as c:
                task = self._store.tasks.get(c, name)
            if task is not None:
                self._guarded(task, self._look_at)
        return [self._known[name] for name in queued if name in self._known]

    def _guarded(self, task: TaskRecord, work: Callable[[TaskRecord], None]) -> None:
        """One task that cannot be served must not keep the others waiting."""
        try:
            work(task)
        except (LeaseLost, Busy):
            raise
        except NbyardError as error:
            self._refuse(task, failure_of(error, "preparation"))
        except Exception as error:  # the dispatcher's boundary
            log.exception("task %s cannot be served", task.id)
            words = f"unexpected: {type(error).__name__}: {error}"
            self._refuse(task, Failure("preparation", words))

    def _look_at(self, task: TaskRecord) -> None:
        with self._store.read() as c:
            version = version_of(self._room, c, task.plan)
            inputs = input_digests(self._room, c, task)
            last = self._store.tasks.last_parts(c, task.owner, task)
        environment = environment_of(self._room, task.plan, version)
        parts = key_parts(self._room, task.plan, version, inputs, environment)
        with self._store.read() as c:
            before = self._store.environments.packages(c, last.environment) if last else None
        self._known[task.id] = Candidate(
            task, parts, parts.key(), last, before, environment.versions
        )

    def _running(self, live: list[AttemptRecord]) -> list[tuple[TaskPlan, list[str]]]:
        """What takes slots now, with the GPUs that it was granted."""
        granted = {
            attempt.task_id: attempt.gpus
            for attempt in live
            if not self._is_waiting(attempt.id) and not self._queues_itself(attempt.runtime)
        }
        taking = granted.keys()
        self._plans = {name: plan for name, plan in self._plans.items() if name in taking}
        with self._store.read() as c:
            for name in taking:
                task = None if name in self._plans else self._store.tasks.get(c, name)
                if task is not None:
                    self._plans[name] = task.plan
        return [(plan, granted[name]) for name, plan in self._plans.items()]

    def _queues_itself(self, runtime: str) -> bool:
        """Whether it is not this machine that does the work."""
        known = self._room.runtimes.get(runtime)
        return known is not None and known.queues_itself

    def _hits(self, candidates: list[Candidate]) -> Mapping[tuple[str, str], Hit]:
        keys = {one.key for one in candidates if not one.why_not()}
        if not keys:
            return {}
        with self._store.read() as c:
            return self._store.cache.find(c, keys)

    def _serve(self, one: Candidate, hits: Mapping[tuple[str, str], Hit], slots: Slots) -> str:
        """What the task has to wait for; empty when it went on."""
        why = one.why_not()
        hit = None if why else hits.get((one.task.owner, one.key))
        if hit is not None and self._take(one, hit, "nothing changed since run"):
            return ""
        earlier = self._earlier(one) if one.task.plan.reuse else None
        if earlier is not None and self._take(one, earlier, "taken over from run"):
            return ""
        plan = one.task.plan
        here = not self._queues_itself(plan.runtime)
        lacking = slots.lacks(plan) if here else {}
        if lacking:
            slots.refuse(lacking)
            return "" if self._is_overdue(one) else "; ".join(lacking.values())
        why = why or explain(one.last, one.parts, one.before, one.packages)
        self._record(one, why, slots.grant(plan) if here else ())
        return ""

    def _is_overdue(self, one: Candidate) -> bool:
        """Whether the task has waited longer than it may; it has failed then."""
        limit, since = one.task.plan.queue_timeout_seconds, one.task.queued_at
        if limit is None or since is None or datetime.now(UTC) - since < timedelta(seconds=limit):
            return False
        words = f"waited longer than its limit of {limit:g} s in the queue"
        self._refuse(one.task, Failure("timeout", words))
        return True

    def _earlier(self, one: Candidate) -> Hit | None:
        """The task whose result is to be taken over; None when its run was removed."""
        with self._store.read() as c:
            task = self._store.tasks.get(c, one.task.plan.reuse)
            run = self._store.runs.by_id(c, task.run_id) if task else None
        return Hit(one.task.plan.reuse, run.number) if run else None

    def _take(self, one: Candidate, hit: Hit, words: str) -> bool:
        """Make an earlier result the task's own; False when its bytes are gone."""
        with self._store.read() as c:
            found = self._store.artifacts.of_task(c, hit.task_id)
        if not all(self._room.blobs.exists(artifact.digest) for artifact in found.values()):
            return False
        with self._room.write() as c:
            now, reason = datetime.now(UTC), f"{words} {hit.run_number}"
            told = {"cached": True, "reason": reason, "finished_at": now}
            if not self._is_cancelled(c, one.task) and self._store.tasks.move(
                c, one.task, "succeeded", **told, **one.columns
            ):
                self._store.artifacts.link(c, one.task, hit.task_id)
        return True

    def _record(self, one: Candidate, why: str, gpus: tuple[str, ...]) -> None:
        """Write first: the attempt exists before anything starts."""
        row = {
            "id": new_id(),
            "runtime": one.task.plan.runtime,
            "token": secrets.token_hex(16),
            "mark": secrets.token_hex(16),
            "gpus": list(gpus),
        }
        reason = f"runs because {why}"
        if one.task.reason.startswith("attempt "):
            reason = f"runs again: {one.task.reason}"
        with self._room.write() as c:
            if self._is_cancelled(c, one.task):
                return
            moved = self._store.tasks.move(c, one.task, "preparing", reason=reason, **one.columns)
            if moved:
                self._store.attempts.record(c, one.task, row)
                self._store.environments.keep(c, one.parts.environment, one.packages)
        crash_point("recorded")

    def _is_cancelled(self, c: Connection, task: TaskRecord) -> bool:
        """Asked in the writing transaction: what was cancelled while queued never starts."""
        run = self._store.runs.by_id(c, task.run_id)
        return run is None or run.cancel_requested_at is not None

    def _note(self, waiting: list[tuple[Candidate, str]]) -> None:
        new = [(one, reason) for one, reason in waiting if one.noted != reason]
        if not new:
            return
        with self._room.write() as c:
            for one, reason in new:
                again = one.task.reason.startswith("attempt ")
                full = f"{one.task.reason}; {reason}" if again else reason
                self._store.tasks.note(c, one.task, full)
        for one, reason in new:
            one.noted = reason

    def _refuse(self, task: TaskRecord, failure: Failure) -> None:
        with self._room.write() as c:
            self._store.tasks.move(
                c,
                task,
                "failed",
                reason=failure.message,
                failure=msgspec.to_builtins(failure),
                finished_at=datetime.now(UTC),
            )


def _due(queued: Mapping[str, datetime]) -> list[str]:
    """Without those whose time comes only later: they were lost, and are tried again then."""
    now = datetime.now(UTC)
    # a clock that was set back must not keep anybody waiting
    return [name for name, at in queued.items() if not now < at < now + LONGEST_WAIT]
