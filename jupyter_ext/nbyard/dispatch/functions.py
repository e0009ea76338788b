"""The controller of workers of functions: what is true of an attempt with a process of its own is
made true here of all that a worker has. Every step can be repeated after a crash."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec

from nbyard import folders
from nbyard.blobs.files import no_file_in_words
from nbyard.calling import LEASE
from nbyard.crash import crash_point
from nbyard.dispatch.attempts import (
    CANCELLED,
    FORCE_SECONDS,
    FRESH_SECONDS,
    AttemptController,
    lost,
)
from nbyard.dispatch.board import LiveWorker
from nbyard.dispatch.cases import Case, case_of
from nbyard.dispatch.facts import Ended, Fact, Left, Report, Running, Started, Unbegun, Waits
from nbyard.dispatch.keys import Identities
from nbyard.dispatch.launching import call_of, outputs_of, prepare_worker
from nbyard.dispatch.results import failure_of
from nbyard.dispatch.room import Room
from nbyard.domain.attempts import Result
from nbyard.domain.runs import Run
from nbyard.domain.states import ATTEMPT
from nbyard.errors import Busy, NbyardError, Unavailable
from nbyard.runtimes.protocol import Order, Runtime

log = logging.getLogger("nbyard.dispatch")


@dataclass(frozen=True)
class WorkerCase:
    """A worker with all that it has not come to the end of, in its order."""

    order: Order
    run: Run
    cases: Sequence[Case]

    @property
    def is_cancelled(self) -> bool:
        return self.run.cancel_requested_at is not None


def worker_case(room: Room, worker: LiveWorker) -> WorkerCase:
    """The case as the board has it now."""
    cases = [case_of(room, attempt) for attempt in list(worker.attempts.values())]
    return WorkerCase(order_of(room, worker), worker.run.run, cases)


def order_of(room: Room, worker: LiveWorker) -> Order:
    """What its runtime needs to know of the worker."""
    return Order(
        attempt_id=worker.id,
        store_id=room.store.id,
        run_id=worker.run.run.id,
        node_id="",
        folder=folders.place(room.folder, worker.id),
        mark=worker.mark,
    )


@dataclass
class _Known:
    """What was seen of a worker. `results` are kept until nobody needs it: what was reported may
    not have been written down. `read` is how far they were read."""

    told: set[str] = field(default_factory=set)
    is_adopted: bool = True
    results: dict[str, Result] = field(default_factory=dict)
    read: int = 0
    site: str = ""
    running: str = ""
    asked: float = 0.0


class FunctionController:
    """Drives one worker at a time, and reports; called from threads, never twice at once for the
    same one. It writes nothing to the store."""

    def __init__(self, room: Room, identities: Identities, attempts: AttemptController):
        self._room = room
        self._identities = identities
        self._attempts = attempts
        self._known: dict[str, _Known] = {}

    def drive(self, case: WorkerCase) -> list[Report]:
        """Bring all that it has as far as it goes without waiting."""
        found: dict[str, list[Fact]] = {one.attempt.id: [] for one in case.cases}
        is_over = False
        if case.cases:
            runtime = self._room.runtimes[case.cases[0].attempt.runtime]
            is_over = self._drive(case, runtime, found)
        told: list[Fact] = [Left()] if is_over else []
        return [Report(name, facts) for name, facts in found.items() if facts] + [
            Report(case.order.attempt_id, told)
        ]

    def _drive(self, case: WorkerCase, runtime: Runtime, found: dict[str, list[Fact]]) -> bool:
        """Whether it has left."""
        known = self._known.setdefault(case.order.attempt_id, _Known())
        try:
            seen = runtime.poll(case.order)
            if case.is_cancelled:
                self._end(known, case, runtime, seen.state)
            elif seen.state in ("absent", "running") and self._is_ours(case):
                self._tell(known, case, runtime, found, is_there=seen.state == "running")
        except Unavailable as error:
            for facts in found.values():
                facts.append(Waits(error.message))
            return False
        rest = self._read(known, case, found)
        if seen.state == "lost":
            for one in rest:
                found[one.attempt.id].append(lost(seen.reason))
        elif seen.state == "finished":
            self._finish(known, case, rest, found)
        elif case.is_cancelled:
            self._cancel(known, rest, found, was_there=seen.state == "running")
        elif seen.state == "running" and rest and rest[0].attempt.id != known.running:
            known.running = rest[0].attempt.id
            found[known.running].append(Running(datetime.now(UTC)))
        return seen.state in ("lost", "finished")

    def _is_ours(self, case: WorkerCase) -> bool:
        """Whether it may be told: what was committed a moment ago may, else the store is asked,
        for another dispatcher may have taken over while this one slept."""
        if all(time.monotonic() - one.since < FRESH_SECONDS for one in case.cases):
            return True
        with self._room.store.read() as c:
            lease = self._room.store.leases.get(c, LEASE)
            state = self._room.store.attempts.state(c, case.cases[0].attempt.id)
        is_holder = lease is not None and lease.epoch == self._room.lease.epoch
        return is_holder and state in ATTEMPT.live

    def _tell(
        self,
        known: _Known,
        case: WorkerCase,
        runtime: Runtime,
        found: dict[str, list[Fact]],
        *,
        is_there: bool,
    ) -> None:
        """Write down the calls that it does not know, and start it if that was not done."""
        order = case.order
        if not is_there:
            with no_file_in_words():
                prepare_worker(self._room, self._identities, order, case.cases[0])
        if known.is_adopted:
            known.told |= {call.attempt_id for call in folders.read_calls(order.folder)}
            known.is_adopted = False
        fresh = [one for one in case.cases if one.attempt.id not in known.told]
        calls = []
        for one in fresh:
            try:
                with no_file_in_words():
                    calls.append(call_of(self._room, self._identities, one))
            except (Busy, Unavailable):
                raise
            except NbyardError as error:
                found[one.attempt.id].append(Ended("failed", failure_of(error, "preparation")))
        if calls:
            folders.add_calls(order.folder, calls)
            known.told |= {call.attempt_id for call in calls}
            crash_point("told")
        self._start(known, case, runtime, found, is_there=is_there)

    def _start(
        self,
        known: _Known,
        case: WorkerCase,
        runtime: Runtime,
        found: dict[str, list[Fact]],
        *,
        is_there: bool,
    ) -> None:
        if not is_there:
            try:
                known.site = runtime.start(case.order)
            except (Busy, Unavailable):
                raise
            except NbyardError as error:
                for facts in found.values():
                    facts.append(Ended("failed", failure_of(error, "preparation")))
                return
            crash_point("started")
        known.site = known.site or next((c.attempt.site for c in case.cases if c.attempt.site), "")
        now = datetime.now(UTC)
        for one in case.cases:
            if one.attempt.state == "recorded" and not found[one.attempt.id]:
                found[one.attempt.id].append(Started(known.site, now))

    def _read(self, known: _Known, case: WorkerCase, found: dict[str, list[Fact]]) -> list[Case]:
        """What calls came to; those that have no result yet."""
        results, known.read = folders.read_results(case.order.folder, known.read)
        for result in results:
            known.results.setdefault(result.attempt_id, result)
        rest = []
        for one in case.cases:
            if told := known.results.get(one.attempt.id):
                found[one.attempt.id].append(self._conclude(one, told))
            elif not any(isinstance(fact, Ended) for fact in found[one.attempt.id]):
                rest.append(one)
        return rest

    def _conclude(self, case: Case, result: Result) -> Ended:
        if (
            result.state == "succeeded"
            and not result.outputs
            and result.token == case.attempt.token
        ):
            crash_point("finished")
            return Ended("succeeded", None, result)
        code, _ = self._identities.look(case.task.plan)
        told = replace(case, outputs=outputs_of(code.version))
        return self._attempts.conclude(told, result)

    def _finish(
        self, known: _Known, case: WorkerCase, rest: Sequence[Case], found: dict[str, list[Fact]]
    ) -> None:
        """It ended, and has told what became of all that it had begun."""
        result = folders.read_result(case.order.folder)
        for one in rest:
            if case.is_cancelled:
                fact: Fact = Ended("cancelled")
            elif result is None:
                fact = lost("its result cannot be read")
            elif result.state == "failed" and not known.results:
                own = {"attempt_id": one.attempt.id, "token": one.attempt.token}
                fact = self._conclude(one, msgspec.structs.replace(result, **own))
            else:
                fact = Unbegun()
            found[one.attempt.id].append(fact)

    def _end(self, known: _Known, case: WorkerCase, runtime: Runtime, state: str) -> None:
        if not known.asked and state == "running":
            runtime.stop(case.order, CANCELLED)
            crash_point("asked-to-end")
        known.asked = known.asked or time.monotonic()

    def _cancel(
        self, known: _Known, rest: Sequence[Case], found: dict[str, list[Fact]], *, was_there: bool
    ) -> None:
        """One that was never there has nothing to end; what does not end is left to the sweep."""
        if not was_there or time.monotonic() - known.asked > FORCE_SECONDS:
            for one in rest:
                found[one.attempt.id].append(Ended("cancelled"))

    def give_up(self, case: WorkerCase, words: str) -> list[Report]:
        """End what it has: something in nbyard itself is wrong."""
        ended = [self._attempts.give_up(one.attempt.id, words) for one in case.cases]
        return [*ended, Report(case.order.attempt_id, [])]

    def clear(self, order: Order, runtime: Runtime) -> None:
        """Nobody needs it any more: it ends, and nothing but its record stays."""
        if order.folder.is_dir():
            try:
                runtime.stop(order, "nothing is to be done any more")
            except (NbyardError, OSError) as error:
                log.warning("worker %s was not stopped: %s", order.attempt_id, error)
            folders.keep_record(order.folder)
        self._known.pop(order.attempt_id, None)
