"""Function workers, which execute many attempts in one process.

`WorkerDriver` checks a worker as `AttemptDriver` checks an attempt with a process of its own. It
adds what differs: the calls to the worker, and the results of its calls.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from nbyard.attempts import folders
from nbyard.blobs.file_operations import translated_missing_space
from nbyard.dispatch.attempts.attempt_driver import (
    FORCE_SECONDS,
    AttemptDriver,
    Observations,
    Signal,
)
from nbyard.dispatch.attempts.attempt_phase_table import Action, Event
from nbyard.dispatch.attempts.folder_setup import call_of, fill_worker_folder, outputs_of
from nbyard.dispatch.attempts.input_staging import with_sample
from nbyard.dispatch.attempts.outcomes.attempt_outcome import lost_outcome
from nbyard.dispatch.attempts.outcomes.store_outputs import failure_of
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import (
    AttemptSnapshot,
    Ended,
    Fact,
    NotBegun,
    Report,
    Running,
    Started,
    Waits,
    WorkerLeft,
    inputs_of,
)
from nbyard.dispatch.state.attempt_snapshot import order_of as order_of_attempt
from nbyard.dispatch.state.live_runs import CANCELLED, LiveAttempt, LiveTask, LiveWorker
from nbyard.domain.attempts.outside_files import OutsideUse
from nbyard.domain.attempts.structs import Result
from nbyard.errors import Busy, NbyardError, Unavailable, waits_for_engine
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import because
from nbyard.runtimes.protocol import Observation, Order, Runtime
from nbyard.store.runs.attempts import AttemptRecord

LOOK_SECONDS = 0.02  # pause between checks whether a stopping worker has stopped


class UnfinishedAttempt(NamedTuple):
    """An attempt of a worker whose end is not stored."""

    attempt: AttemptRecord
    task: LiveTask


@dataclass(frozen=True)
class WorkerSnapshot(AttemptSnapshot):
    """A worker with its unfinished attempts, in the order of their calls.

    Its attempt and task are those of the first one.
    """

    waiting: Sequence[UnfinishedAttempt] = ()

    @property
    def is_cancelled(self) -> bool:
        """Return whether a user requested to cancel the run."""
        return self.run.cancel_requested_at is not None

    @property
    def attempt_ids(self) -> list[str]:
        """Return the IDs of the unfinished attempts."""
        return [entry.attempt.id for entry in self.waiting]


def worker_snapshot(context: DispatchContext, worker: LiveWorker) -> WorkerSnapshot:
    """Return what a thread needs to check a worker; call this in the loop's thread."""
    attempts = [*worker.attempts.values()]
    first = attempts[0]
    return WorkerSnapshot(
        first.record,
        first.task.record,
        worker.run.run,
        order_of(context, worker),
        inputs={},
        lost=0,
        since=min(attempt.since for attempt in attempts),
        waiting=[UnfinishedAttempt(attempt.record, attempt.task) for attempt in attempts],
    )


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
class WorkerObservations(Observations):
    """What the dispatcher observed of a worker."""

    sent: set[str] = field(default_factory=set)  # attempts whose calls the worker has
    is_adopted: bool = True  # these are not yet read from its folder
    # By attempt, kept because a reported result may not be stored yet; with each, how many entries
    # of `outside` preceded it.
    results: dict[str, tuple[Result, int]] = field(default_factory=dict)
    # For each result, the further paths outside the code that the worker used.
    outside: list[dict[str, OutsideUse]] = field(default_factory=list)
    read: int = 0  # how far its results were read
    site: str = ""  # where its runtime started it
    running: str = ""  # the attempt whose call has run since `running_since`

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


@dataclass
class WorkerDriver(AttemptDriver):
    """Checks a worker once. What it observes of the worker is reported of all its attempts."""

    snapshot: WorkerSnapshot
    seen: WorkerObservations
    facts_by_attempt: dict[str, list[Fact]] = field(default_factory=dict)
    has_left: bool = False

    def begin(self) -> None:
        """Start, stop or check the worker, and send it the calls that it does not have yet."""
        snapshot, seen = self.snapshot, self.seen
        self.facts_by_attempt = {name: [] for name in snapshot.attempt_ids}
        at = [entry for entry in snapshot.waiting if entry.attempt.id == seen.running]
        if at:  # its limit of time holds
            self.snapshot = replace(snapshot, task=at[0].task.record)
        else:
            seen.running_since = None
        # Stopping a worker ends its current call only: another worker gets the rest.
        if snapshot.is_cancelled or (at and at[0].task.cancelled):
            self._react(self._to_stop(Event.STOP_DUE, CANCELLED))
        else:  # it needs no slots of its own, and is started if it is not there
            self._react(Signal(Event.LOOK_DUE))

    def reports(self) -> list[Report]:
        """Return the reports about the attempts, and the one about the worker."""
        of_attempts = [Report(key, facts) for key, facts in self.facts_by_attempt.items() if facts]
        own: list[Fact] = [WorkerLeft()] if self.has_left else []
        return [*of_attempts, Report(self.snapshot.order.attempt_id, own)]

    def _add_fact(self, fact: Fact) -> None:
        for entry in self._rest():
            self.facts_by_attempt[entry.attempt.id].append(fact)

    def _rest(self) -> list[UnfinishedAttempt]:
        """Return the attempts that have no result and no reported end."""
        return [
            entry
            for entry in self.snapshot.waiting
            if entry.attempt.id not in self.seen.results
            and not any(isinstance(fact, Ended) for fact in self.facts_by_attempt[entry.attempt.id])
        ]

    def _report(self, action: Action, signal: Signal) -> None:
        match action:
            case Action.REPORT_RUNNING:
                if self.seen.asked_at is None:
                    self._send_new_calls()
                    self._report_running()
            case Action.REPORT_SILENCE:
                self._add_fact(Waits(signal.what))
            case Action.GIVE_UP if not self.snapshot.is_cancelled:
                lost = lost_outcome(because("worker-not-stopped"))
                for entry in self._rest()[1:]:
                    self.facts_by_attempt[entry.attempt.id].append(lost)
                super()._report(action, signal)
            case _:
                self.has_left |= action is Action.LOSE
                self.seen.site = signal.site or self.seen.site
                super()._report(action, signal)

    def _report_running(self) -> None:
        """Report the attempts whose calls the worker has, and the one whose call runs."""
        seen, rest = self.seen, self._rest()
        # After a restart, the site is only known from the records of earlier attempts.
        sites = [seen.site, *(entry.attempt.site for entry in rest)]
        started = Started(next(filter(None, sites), ""), datetime.now(UTC))
        for entry in rest:
            if entry.attempt.state == "recorded" and not self.facts_by_attempt[entry.attempt.id]:
                self.facts_by_attempt[entry.attempt.id].append(started)
        if rest and rest[0].attempt.id != seen.running:
            seen.running, seen.running_since = rest[0].attempt.id, time.monotonic()
        if rest and rest[0].attempt.state != "running":  # an earlier report may be lost
            self.facts_by_attempt[seen.running].append(Running(datetime.now(UTC)))

    def _signal_for(self, now: Observation) -> Signal:
        if now.state != "absent":
            return super()._signal_for(now)
        # Its attempts may have been started by the worker before it.
        if self.seen.asked_at is None:
            return Signal(Event.DROPPED)
        return Signal(Event.NOTHING_TO_STOP, why=self.seen.why)

    # From attempts to calls

    def _fill(self) -> None:
        with translated_missing_space():
            first = self._snapshot_of(self.snapshot.waiting[0])
            fill_worker_folder(self.context, self.identities, self.snapshot.order, first)
            self._send_calls()

    def _send_new_calls(self) -> None:
        if self.seen.sent.issuperset(self.snapshot.attempt_ids) or not self._may_start():
            return
        try:
            with translated_missing_space():
                self._send_calls()
        except Busy:
            raise
        except Unavailable as error:
            self._add_fact(Waits(waits_for_engine(error)))

    def _send_calls(self) -> None:
        """Add the calls that the worker does not have yet."""
        seen, folder = self.seen, self.snapshot.order.folder
        # After a restart, the folder shows which calls the worker already has.
        if seen.is_adopted:
            seen.sent |= {call.attempt_id for call in folders.read_calls(folder)}
            seen.is_adopted = False
        calls = []
        for entry in self._rest():
            if entry.attempt.id in seen.sent:
                continue
            try:
                with with_sample(self.context, self._snapshot_of(entry)) as staged:
                    calls.append(call_of(self.context, self.identities, staged))
            except Unavailable:
                raise
            except NbyardError as error:
                failed = Ended("failed", failure_of(error, "preparation"))
                self.facts_by_attempt[entry.attempt.id].append(failed)
        if calls:
            folders.add_calls(folder, calls)
            seen.sent |= {call.attempt_id for call in calls}
            crash_point("told")

    def _snapshot_of(self, entry: UnfinishedAttempt) -> AttemptSnapshot:
        """Return the snapshot of an attempt, as if it had its own process."""
        run, task = self.snapshot.run, entry.task.record
        order = order_of_attempt(self.context, entry.attempt, task, run.priority)
        inputs, lost = inputs_of(entry.task), entry.task.lost
        return AttemptSnapshot(entry.attempt, task, run, order, inputs, lost)

    # From calls to outcomes

    def _poll(self) -> Signal | None:
        following = super()._poll()
        # Read after the poll, because an ended worker writes no more results.
        results, self.seen.read = folders.read_results(self.snapshot.order.folder, self.seen.read)
        for result in results:
            self.seen.add(result)
        for entry in self.snapshot.waiting:
            if of_call := self.seen.result_of(entry.attempt.id):
                fact = self._outcome(entry, of_call)
                self.facts_by_attempt[entry.attempt.id].append(fact)
        return following

    def _outcome(self, entry: UnfinishedAttempt, result: Result) -> Ended | Waits:
        is_owned = result.token == entry.attempt.token
        has_files = result.outputs or result.outside or result.has_others
        if is_owned and result.state == "succeeded" and not has_files:
            crash_point("finished")
            return Ended("succeeded", None, result)
        code, _ = self.identities.look_up(entry.task.record.plan)
        whole = replace(self._snapshot_of(entry), outputs=outputs_of(code.version))
        return self.conclude(whole, result)

    def _conclude(self) -> None:
        """Decide about attempts without a result after the worker has ended."""
        self.has_left = True
        result = folders.read_result(self.snapshot.order.folder)
        for entry in self._rest():
            if self.snapshot.is_cancelled:
                fact: Fact = Ended("cancelled")
            elif result is None:
                fact = lost_outcome(because("result-unreadable"))
            # It failed before its first call, for example on import: its attempts fail with it.
            elif result.state == "failed" and not self.seen.results:
                own = {"attempt_id": entry.attempt.id, "token": entry.attempt.token}
                fact = self._outcome(entry, msgspec.structs.replace(result, **own))
            else:
                fact = NotBegun()
            self.facts_by_attempt[entry.attempt.id].append(fact)
