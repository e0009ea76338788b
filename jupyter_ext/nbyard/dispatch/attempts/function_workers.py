"""The controller of function workers, which execute many attempts in one process.

It does for their attempts what `AttemptController` does for an attempt with its own process. Every
step can repeat after a crash.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from nbyard.attempts import folders
from nbyard.blobs.file_operations import translated_missing_space
from nbyard.dispatch.attempts.attempt_driver import FORCE_SECONDS, FRESH_SECONDS, OVERTIME_SECONDS
from nbyard.dispatch.attempts.controller import AttemptController
from nbyard.dispatch.attempts.folder_setup import call_of, fill_worker_folder, outputs_of
from nbyard.dispatch.attempts.outcomes.attempt_outcome import lost_outcome
from nbyard.dispatch.attempts.outcomes.store_outputs import failure_of
from nbyard.dispatch.attempts.sampled_inputs import with_sample
from nbyard.dispatch.cache.keys import Identities
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_reports import (
    Ended,
    Fact,
    NotBegun,
    Report,
    Running,
    Started,
    Waits,
    WorkerLeft,
)
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot, inputs_of
from nbyard.dispatch.state.attempt_snapshot import order_of as order_of_attempt
from nbyard.dispatch.state.live_runs import LiveAttempt, LiveTask, LiveWorker
from nbyard.dispatch.state.round_changes import CANCELLED
from nbyard.domain.attempts.outside_files import OutsideUse
from nbyard.domain.attempts.structs import Failure, Result
from nbyard.domain.runs.structs import Run
from nbyard.domain.state_machines import ATTEMPT
from nbyard.errors import Busy, NbyardError, Unavailable, waits_for_engine
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import Reason, because
from nbyard.runtimes.protocol import Order, Runtime
from nbyard.store.runs.attempts import AttemptRecord

LOOK_SECONDS = 0.02  # pause between checks whether a stopping worker has stopped


class UnfinishedAttempt(NamedTuple):
    """An attempt of a worker whose end is not stored; the dispatcher knows it since `since`."""

    attempt: AttemptRecord
    task: LiveTask
    since: float


@dataclass(frozen=True)
class WorkerSnapshot:
    """A function worker with its unfinished attempts, in the order of their calls."""

    order: Order
    run: Run
    waiting: Sequence[UnfinishedAttempt]

    @property
    def is_cancelled(self) -> bool:
        """Return whether a user requested to cancel the run."""
        return self.run.cancel_requested_at is not None


def worker_snapshot(context: DispatchContext, worker: LiveWorker) -> WorkerSnapshot:
    """Return what a thread needs to check a worker; call this in the loop's thread."""
    waiting = [
        UnfinishedAttempt(attempt.record, attempt.task, attempt.since)
        for attempt in worker.attempts.values()
    ]
    return WorkerSnapshot(order_of(context, worker), worker.run.run, waiting)


def order_of(context: DispatchContext, worker: LiveWorker) -> Order:
    """Return the description of the worker that its runtime needs."""
    return Order(
        attempt_id=worker.id,
        store_id=context.store.id,
        run_id=worker.run.run.id,
        node_id="",
        folder=folders.attempt_folder_of(context.folder, worker.id),
        mark=worker.mark,
    )


def clear_worker(order: Order, runtime: Runtime) -> None:
    """Stop the worker and delete its files except its record.

    Raises:
        NbyardError: The worker could not be stopped.
    """
    if not order.folder.is_dir():
        return
    runtime.stop(order, because("ended"))
    end = time.monotonic() + FORCE_SECONDS
    while runtime.poll(order).state == "running" and time.monotonic() < end:
        time.sleep(LOOK_SECONDS)
    folders.keep_record(order.folder)


def files_of(context: DispatchContext, ended: Iterable[LiveAttempt]) -> list[Path]:
    """Return the folders of ended attempts that contain more than a record."""
    return [
        folders.attempt_folder_of(context.folder, attempt.record.id, attempt.record.worker)
        for attempt in ended
        if any(argument.role != "value" for argument in attempt.task.record.plan.arguments)
    ]


def delete_attempt_files(places: Iterable[Path]) -> None:
    """Delete the files of attempts whose end is stored, except their records."""
    for place in places:
        folders.keep_record(place)


@dataclass
class WorkerObservations:
    """What the dispatcher observed of a worker.

    - `sent`: attempts whose calls the worker has; `is_adopted`: not yet read from its folder.
    - `results`: results by attempt, kept because a reported one may not be stored yet; with each,
      how many entries of `outside` preceded it.
    - `outside`: for each result, the further paths outside the code that the worker used.
    - `read`: how far its results were read; `site`: where its runtime started it.
    - `running`, `since`: the attempt whose call runs, and when that was first seen.
    - `asked`: when it was asked to stop; 0.0 if never.
    """

    sent: set[str] = field(default_factory=set)
    is_adopted: bool = True
    results: dict[str, tuple[Result, int]] = field(default_factory=dict)
    outside: list[dict[str, OutsideUse]] = field(default_factory=list)
    read: int = 0
    site: str = ""
    running: str = ""
    since: float = 0.0
    asked: float = 0.0

    def add(self, result: Result) -> None:
        """Add a result that was read; the first result of an attempt counts."""
        if result.outside:
            self.outside.append(result.outside)
        self.results.setdefault(result.attempt_id, (result, len(self.outside)))

    def result_of(self, attempt_id: str) -> Result | None:
        """Return an attempt's result, with all paths that its worker had used until then."""
        result, count = self.results.get(attempt_id, (None, 0))
        if result is None or result.observed is None:
            return result
        used: dict[str, OutsideUse] = {}
        for added in self.outside[:count]:
            used |= added
        return msgspec.structs.replace(result, outside=used)


class FunctionController:
    """Drives one worker at a time and returns reports; it never writes to the store.

    Threads call it, but never two at once for the same worker.
    """

    def __init__(
        self, context: DispatchContext, identities: Identities, attempts: AttemptController
    ):
        self._context = context
        self._identities = identities
        self._attempts = attempts
        self._known: dict[str, WorkerObservations] = {}

    def drive(self, snapshot: WorkerSnapshot) -> list[Report]:
        """Advance all attempts of the worker as far as possible without waiting."""
        name = snapshot.order.attempt_id
        own: list[Fact] = []
        by_id: dict[str, list[Fact]] = {entry.attempt.id: [] for entry in snapshot.waiting}
        if snapshot.waiting:
            known = self._known.setdefault(name, WorkerObservations())
            runtime = self._context.runtimes[snapshot.waiting[0].attempt.runtime]
            look = WorkerCheck(
                self._context, self._identities, self._attempts, known, snapshot, runtime, by_id
            )
            own = [WorkerLeft()] if look.take() else []
        return [Report(key, facts) for key, facts in by_id.items() if facts] + [Report(name, own)]

    def give_up(self, snapshot: WorkerSnapshot, reason: Reason) -> list[Report]:
        """Fail all attempts of the worker because of an internal error."""
        ended = [self._attempts.give_up(entry.attempt.id, reason) for entry in snapshot.waiting]
        return [*ended, Report(snapshot.order.attempt_id, [])]

    def clear(self, order: Order, runtime: Runtime) -> None:
        """Stop an unneeded worker and delete its files except its record."""
        clear_worker(order, runtime)
        self._known.pop(order.attempt_id, None)
        crash_point("tidied")


@dataclass(frozen=True)
class WorkerCheck:
    """Checks a worker once; `facts_by_attempt` collects what to report."""

    context: DispatchContext
    identities: Identities
    attempts: AttemptController
    known: WorkerObservations
    snapshot: WorkerSnapshot
    runtime: Runtime
    facts_by_attempt: dict[str, list[Fact]]

    def take(self) -> bool:
        """Check the worker and report the results of its calls; return whether it has ended.

        A worker that runs gets its new calls. An unneeded one is asked to stop.
        """
        try:
            seen = self.runtime.poll(self.snapshot.order)
            why = self._stop_reason()
            if why and seen.state == "running":
                self._ask_to_end(why)
            elif not why and seen.state in ("absent", "running") and self._is_ours():
                self._send_calls(is_there=seen.state == "running")
        except Unavailable as error:
            for facts in self.facts_by_attempt.values():
                facts.append(Waits(waits_for_engine(error)))
            return False
        rest = self._read()  # read after the poll: an ended worker writes no more results
        if seen.state == "lost":
            self._all(rest, lost_outcome(seen.reason or because("no-result")))
        elif seen.state == "finished":
            self._finish(rest)
        elif why:
            self._end(rest, why, was_there=seen.state == "running")
        elif seen.state == "running" and rest and rest[0].attempt.id != self.known.running:
            self.known.running, self.known.since = rest[0].attempt.id, time.monotonic()
            self.facts_by_attempt[self.known.running].append(Running(datetime.now(UTC)))
        return seen.state in ("lost", "finished")

    def _all(self, rest: Sequence[UnfinishedAttempt], fact: Fact) -> None:
        for entry in rest:
            self.facts_by_attempt[entry.attempt.id].append(fact)

    def _stop_reason(self) -> Reason | None:
        """Return the reason why the worker must stop now, else None."""
        if self.snapshot.is_cancelled:
            return CANCELLED
        at = [entry for entry in self.snapshot.waiting if entry.attempt.id == self.known.running]
        limit = at[0].task.record.plan.timeout_seconds if at else None
        # The supervisor normally enforces the limit; this covers one that does not.
        if limit and time.monotonic() - self.known.since > limit + OVERTIME_SECONDS:
            return because("time-limit", seconds=limit)
        return None

    def _is_ours(self) -> bool:
        """Return whether this dispatcher may start the worker or add calls.

        Right after a commit it may. Later it checks the store, because another dispatcher may have
        replaced this one while it slept.
        """
        waiting = self.snapshot.waiting
        if all(time.monotonic() - entry.since < FRESH_SECONDS for entry in waiting):
            return True
        with self.context.store.read() as c:
            state = self.context.store.attempts.state(c, waiting[0].attempt.id)
            return state in ATTEMPT.live and self.context.is_held(c)

    # From attempts to calls

    def _send_calls(self, *, is_there: bool) -> None:
        """Add the calls that the worker does not have yet, and start it if necessary."""
        known, order = self.known, self.snapshot.order
        with self._failing_on_error(self.snapshot.waiting):
            if not is_there:
                first = self._snapshot_of(self.snapshot.waiting[0])
                fill_worker_folder(self.context, self.identities, order, first)
            # After a restart, the folder shows which calls the worker already has.
            if known.is_adopted:
                known.sent |= {call.attempt_id for call in folders.read_calls(order.folder)}
                known.is_adopted = False
            self._add(
                [entry for entry in self.snapshot.waiting if entry.attempt.id not in known.sent]
            )
            if not is_there:
                known.site = self.runtime.start(order)
                crash_point("started")
        # After a restart, the site is only known from the records of earlier attempts.
        sites = [known.site, *(entry.attempt.site for entry in self.snapshot.waiting)]
        started = Started(next(filter(None, sites), ""), datetime.now(UTC))
        for entry in self.snapshot.waiting:
            if entry.attempt.state == "recorded" and not self.facts_by_attempt[entry.attempt.id]:
                self.facts_by_attempt[entry.attempt.id].append(started)

    @contextmanager
    def _failing_on_error(self, waiting: Sequence[UnfinishedAttempt]) -> Iterator[None]:
        """Fail the attempts if the block raises a permanent error; temporary errors pass."""
        try:
            with translated_missing_space():
                yield
        except (Busy, Unavailable):
            raise
        except NbyardError as error:
            self._all(waiting, Ended("failed", failure_of(error, "preparation")))

    def _add(self, fresh: Sequence[UnfinishedAttempt]) -> None:
        calls = []
        for entry in fresh:
            whole = self._snapshot_of(entry)
            with self._failing_on_error([entry]), with_sample(self.context, whole) as staged:
                calls.append(call_of(self.context, self.identities, staged))
        if calls:
            folders.add_calls(self.snapshot.order.folder, calls)
            self.known.sent |= {call.attempt_id for call in calls}
            crash_point("told")

    def _snapshot_of(self, unfinished_attempt: UnfinishedAttempt) -> AttemptSnapshot:
        """Return the snapshot of the attempt, as if it had its own process."""
        task = unfinished_attempt.task.record
        order = order_of_attempt(
            self.context, unfinished_attempt.attempt, task, self.snapshot.run.priority
        )
        inputs, lost = inputs_of(unfinished_attempt.task), unfinished_attempt.task.lost
        return AttemptSnapshot(
            unfinished_attempt.attempt,
            task,
            self.snapshot.run,
            order,
            inputs,
            lost,
            since=unfinished_attempt.since,
        )

    # From calls to outcomes

    def _read(self) -> list[UnfinishedAttempt]:
        """Read new results and return the attempts that have no result yet."""
        known, rest = self.known, []
        results, known.read = folders.read_results(self.snapshot.order.folder, known.read)
        for result in results:
            known.add(result)
        for entry in self.snapshot.waiting:
            if call_result := known.result_of(entry.attempt.id):
                self.facts_by_attempt[entry.attempt.id].append(self._conclude(entry, call_result))
            elif not any(
                isinstance(fact, Ended) for fact in self.facts_by_attempt[entry.attempt.id]
            ):
                rest.append(entry)
        return rest

    def _conclude(self, unfinished_attempt: UnfinishedAttempt, result: Result) -> Ended | Waits:
        is_ours = result.token == unfinished_attempt.attempt.token
        has_files = result.outputs or result.outside or result.has_others
        if is_ours and result.state == "succeeded" and not has_files:
            crash_point("finished")
            return Ended("succeeded", None, result)
        code, _ = self.identities.look_up(unfinished_attempt.task.record.plan)
        whole = replace(self._snapshot_of(unfinished_attempt), outputs=outputs_of(code.version))
        return self.attempts.conclude(whole, result)

    def _finish(self, rest: Sequence[UnfinishedAttempt]) -> None:
        """Decide about attempts without a result after the worker has ended."""
        result = folders.read_result(self.snapshot.order.folder)
        for entry in rest:
            if self.snapshot.is_cancelled:
                fact: Fact = Ended("cancelled")
            elif result is None:
                fact = lost_outcome(because("result-unreadable"))
            # It failed before its first call, for example on import: its attempts fail with it.
            elif result.state == "failed" and not self.known.results:
                own = {"attempt_id": entry.attempt.id, "token": entry.attempt.token}
                fact = self._conclude(entry, msgspec.structs.replace(result, **own))
            else:
                fact = NotBegun()
            self.facts_by_attempt[entry.attempt.id].append(fact)

    def _ask_to_end(self, why: Reason) -> None:
        if not self.known.asked:
            self.runtime.stop(self.snapshot.order, why)
            self.known.asked = time.monotonic()
            crash_point("asked-to-end")

    def _end(self, rest: Sequence[UnfinishedAttempt], why: Reason, *, was_there: bool) -> None:
        """Report the end of attempts whose worker has to stop.

        A running worker first gets `FORCE_SECONDS` to stop. A sweep cleans up what is left of it.
        """
        if was_there and time.monotonic() - self.known.asked < FORCE_SECONDS:
            return
        if self.snapshot.is_cancelled:
            self._all(rest, Ended("cancelled"))
        elif rest:
            self._all(rest[:1], Ended("failed", Failure("timeout", why)))
            self._all(rest[1:], lost_outcome(because("worker-not-stopped")))
