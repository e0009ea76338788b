"""Check one attempt: gather events, and carry out the actions that follow from them.

`attempt_phase_table` maps events to actions. Every step can repeat after a crash.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from nbyard.attempts import folders
from nbyard.blobs.file_operations import translated_missing_space
from nbyard.dispatch.attempts import runtime_calls, secret_delivery
from nbyard.dispatch.attempts.attempt_phase_table import (
    TABLE,
    UNSURE,
    WITH_SLOTS,
    Action,
    Event,
    Phase,
)
from nbyard.dispatch.attempts.folder_setup import fill_folder
from nbyard.dispatch.attempts.input_staging import with_sample
from nbyard.dispatch.attempts.outcomes.attempt_outcome import (
    lost_outcome,
    over_limit,
    with_start_hint,
)
from nbyard.dispatch.attempts.outcomes.store_outputs import failure_of
from nbyard.dispatch.cache.keys import Identities
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import (
    AttemptSnapshot,
    Ended,
    Fact,
    Report,
    Running,
    Started,
    WaitEnded,
    Waits,
)
from nbyard.dispatch.state.live_runs import CANCELLED
from nbyard.domain.attempts.structs import Result
from nbyard.domain.runs.origins import RECHECK
from nbyard.domain.state_machines import ATTEMPT
from nbyard.errors import Busy, NbyardError, OverQuota, Unavailable, waits_for_engine
from nbyard.freezing.runs.run_creation import isolated_plans
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import Reason, because, reason_text
from nbyard.runner.attempt_folder import CODE
from nbyard.runner.process.clock import Stillness
from nbyard.runtimes.protocol import Observation, Runtime

log = logging.getLogger("nbyard.dispatch")
PATIENCE_SECONDS = 5.0  # pause before an unreachable engine is tried again
SHARE, MOST_SECONDS = 4, 30.0  # extra pause: this multiple of the failed call, with a limit
FORCE_SECONDS = 10.0  # time to stop on request, before the dispatcher gives up on it
UNREACHABLE_SECONDS = 120.0  # silence of the engine after which the attempt is lost
OVERTIME_SECONDS = 10.0  # time beyond a limit for the supervisor to enforce it
FRESH_SECONDS = 1.0  # within this time after a commit, the lease is still held
MEASURE_SECONDS, MEASURE_SHARE = 1.0, 20  # pause, and share of the time, to measure files
FULL_SECONDS = 5.0  # pause before outputs that found a full disk are tried again
A_SLOT = because("waits-for-start")


@dataclass
class Observations:
    """What the dispatcher observed of one attempt, in seconds of the monotonic clock.

    All of it only affects speed and patience: a new dispatcher starts without it.
    """

    phase: Phase = Phase.UNCERTAIN
    since: float = field(default_factory=time.monotonic)  # first observation
    not_before: float = 0.0  # earliest next start
    waits: Reason | None = None  # why the last start failed
    took: float = 0.0  # how long that call took
    silent_since: float | None = None  # start of the engine's silence
    running_since: float | None = None  # start of the work
    asked_at: float | None = None  # first request to stop
    why: Reason | None = None  # its reason
    take_at: float = 0.0  # when to try full disks again (0.0: never full)
    signs: Stillness = field(default_factory=Stillness)  # of life
    measure_at: float = 0.0  # when to measure its files again
    first_bytes: int | None = None  # size of its files when they were first measured
    disk_full: Reason | None = None  # the disk quota that its files exceed

    @property
    def has_slots(self) -> bool:
        """Return whether the attempt was granted cores, memory and GPUs and still has them."""
        return self.phase in WITH_SLOTS

    @property
    def requests_slots(self) -> bool:
        """Return whether the attempt requests slots: its engine responds and does not know it."""
        return self.phase is Phase.ASKING

    @property
    def is_unresponsive(self) -> bool:
        """Return whether the engine of the attempt did not respond."""
        return self.phase in (Phase.UNREACHED, Phase.SILENT)

    @property
    def waits_for_space(self) -> bool:
        """Return whether the work has ended, but the disk is too full for its outputs."""
        return self.take_at > 0.0

    @property
    def keeps_slots(self) -> bool:
        """Return whether no other attempt may get the slots of this one.

        An attempt that may be live keeps them for at most 120 s.
        """
        return self.has_slots or (
            self.phase in UNSURE and self.waited_seconds < UNREACHABLE_SECONDS
        )

    @property
    def waited_seconds(self) -> float:
        """Return the seconds since the first observation.

        Before the work begins, that is the waiting time.
        """
        return time.monotonic() - self.since


class Signal(NamedTuple):
    """An event with its details."""

    event: Event
    what: Reason | None = None  # what the attempt waits for, or why it is lost
    why: Reason | None = None  # the reason to stop it
    error: NbyardError | None = None  # why it can never start
    site: str = ""  # where it started


@dataclass
class AttemptDriver:
    """Checks one attempt once, and acts on what it observes."""

    context: DispatchContext
    identities: Identities
    snapshot: AttemptSnapshot
    runtime: Runtime
    seen: Observations  # kept between checks
    conclude: Callable[[AttemptSnapshot, Result], Ended | Waits]  # returns the outcome
    facts: list[Fact] = field(default_factory=list)  # to report

    def begin(self) -> None:
        """Start, stop or check the attempt, as its state and a cancellation require."""
        if self.snapshot.is_cancelled:
            self._react(self._to_stop(Event.STOP_DUE, CANCELLED))
        elif self.snapshot.attempt.state == "recorded":
            self._react(Signal(Event.START_DUE))
        else:
            self._react(Signal(Event.LOOK_DUE))

    def reports(self) -> list[Report]:
        """Return what to report after `begin`."""
        return [Report(self.snapshot.order.attempt_id, self.facts)]

    def _add_fact(self, fact: Fact) -> None:
        self.facts.append(fact)

    def _react(self, signal: Signal) -> None:
        phase, actions = TABLE[self.seen.phase, signal.event]
        if phase is not self.seen.phase:  # otherwise the queue may admit it at this moment
            self.seen.phase = phase
        for action in actions:
            following = self._do(action, signal)
            if following is not None:
                self._react(following)

    def _do(self, action: Action, signal: Signal) -> Signal | None:
        following = None
        match action:
            case Action.PROBE:
                following = self._probe()
            case Action.RECHECK:
                with suppress(NbyardError):  # the engine does not respond
                    is_there = runtime_calls.is_there(self.snapshot, self.runtime)
                    following = Signal(Event.ANSWER_LOST if is_there else Event.NOT_THERE)
            case Action.START:
                following = self._start()
            case Action.LOOK:
                following = self._poll()
            case Action.STOP:
                following = self._stop(signal.why or CANCELLED)
            case Action.CONCLUDE:
                following = self._conclude()
            case Action.PAUSE_LONGER:
                self.seen.not_before += min(self.seen.took * SHARE, MOST_SECONDS)
            case Action.WAIT_FOR_SPACE:
                if not self.seen.take_at:
                    what = reason_text(signal.what)
                    log.warning("attempt %s: %s", self.snapshot.attempt.id, what)
                self.seen.take_at = time.monotonic() + FULL_SECONDS
                self._add_fact(Waits(signal.what))
            case _:
                self._report(action, signal)
        return following

    def _report(self, action: Action, signal: Signal) -> None:
        now = datetime.now(UTC)
        match action:
            case Action.REPORT_STARTED:
                self._add_fact(Started(signal.site, now))
            case Action.REPORT_RUNNING:
                self._add_fact(Running(now))
            case Action.REPORT_WAIT:
                self._add_fact(Waits(signal.what))
            case Action.REPORT_SLOT_WAIT:
                self._add_fact(Waits(A_SLOT))
            case Action.REPORT_SILENCE:
                if self.snapshot.attempt.state == "starting":
                    self._add_fact(Waits(signal.what))
            case Action.LOSE:
                self._add_fact(lost_outcome(signal.what or because("no-result")))
            case Action.FAIL:
                assert signal.error is not None
                failed = failure_of(signal.error, "preparation")
                failed = with_start_hint(self.context, self.snapshot, failed)
                self._add_fact(Ended("failed", failed))
            case Action.GIVE_UP:  # the sweep removes what may remain of it
                why = None if self.snapshot.is_cancelled else signal.why
                failure = over_limit(why) if why else None
                self._add_fact(Ended("failed" if failure else "cancelled", failure))

    # Start

    def _may_start(self) -> bool:
        """Return whether the pause is over, and this dispatcher may start the attempt.

        Right after a commit it may. Later it checks the store, because another dispatcher may have
        replaced this one while it slept.
        """
        snapshot, now = self.snapshot, time.monotonic()
        if now < self.seen.not_before:
            return False
        if now - snapshot.since < FRESH_SECONDS:
            return True
        with self.context.store.read() as c:
            state = self.context.store.attempts.state(c, snapshot.attempt.id)
            return state in ATTEMPT.live and self.context.is_held(c)

    def _probe(self) -> Signal | None:
        began = time.monotonic()
        if not self._may_start():
            return None
        try:
            is_there = runtime_calls.is_there(self.snapshot, self.runtime)
        except Busy:
            raise
        except Unavailable as error:
            self._pause(error, time.monotonic() - began)
            return Signal(Event.NO_ANSWER, waits_for_engine(error))
        except NbyardError as error:
            return Signal(Event.REFUSED, error=error)
        return Signal(Event.THERE if is_there else Event.ABSENT)

    def _start(self) -> Signal | None:
        began = time.monotonic()
        if not self._may_start():
            return None
        try:
            self._fill()
            with secret_delivery.for_registries(self.context, self.snapshot.run.owner):
                site = self.runtime.start(self.snapshot.order)
        except Busy:
            raise
        except Unavailable as error:
            self._pause(error, time.monotonic() - began)
            what = waits_for_engine(error)
            if not self.runtime.queues_itself:
                return Signal(Event.NOT_STARTED, what)
            if why := self._external_queue_timeout():
                return self._to_stop(Event.OVERDUE, why, what)
            return Signal(Event.NOT_SENT, what)
        except NbyardError as error:
            return Signal(Event.REFUSED, error=error)
        crash_point("started")
        self.seen.not_before, self.seen.waits = 0.0, None
        return Signal(Event.STARTED, site=site)

    def _fill(self) -> None:
        store, record, run = self.context.store, self.snapshot.task, self.snapshot.run
        # A recheck belongs to no project: it has the rights of the run that it repeats.
        run_id = run.origin.id if run.origin.kind == RECHECK else run.id
        with store.read() as c:  # the administrator may have changed the rules since the request
            isolated_plans(store, c, record.owner, [record.plan], run_id)
        with translated_missing_space(), with_sample(self.context, self.snapshot) as staged:
            if done := fill_folder(self.context, self.identities, staged):
                self._add_fact(WaitEnded(done))

    def _pause(self, error: Unavailable, took: float) -> None:
        if self.seen.waits is None:
            log.warning("attempt %s waits: %s", self.snapshot.attempt.id, error)
        self.seen.waits, self.seen.took = waits_for_engine(error), took
        self.seen.not_before = time.monotonic() + PATIENCE_SECONDS

    # Check

    def _poll(self) -> Signal | None:
        if time.monotonic() < self.seen.take_at:
            return None
        try:
            self.runtime.logs(self.snapshot.order)
            now = runtime_calls.poll_attempt(self.snapshot, self.runtime)
        except Unavailable as error:
            return self._unreachable_engine(error)
        except OSError as problem:
            self.seen.silent_since = None
            return Signal(Event.DISK_FULL, runtime_calls.wait_if_full(problem))
        self.seen.silent_since = None
        return self._signal_for(now)

    def _signal_for(self, now: Observation) -> Signal:
        """Return the event that an observation means: ended, gone, over a limit or in progress."""
        if now.state == "finished":
            return Signal(Event.FINISHED)
        if now.state == "unbegun" and self.snapshot.attempt.state != "running":
            if self.seen.asked_at is not None:
                return self._to_stop(Event.DROPPED, self.seen.why or CANCELLED)
            return Signal(Event.DROPPED)
        if now.state in ("lost", "absent", "unbegun"):
            return Signal(Event.GONE, now.reason)
        if now.state == "starting":
            why = self._external_queue_timeout() if now.reason else None
            within, beyond = Event.WAITS, Event.OVERDUE
        else:
            if self.seen.running_since is None:
                self.seen.running_since = time.monotonic()
            # Silence can only be judged while the engine answers.
            why = self._broken_limit()
            within, beyond = Event.RUNS, Event.OVER_LIMIT
        return self._to_stop(beyond, why, now.reason) if why else Signal(within, now.reason)

    def _external_queue_timeout(self) -> Reason | None:
        """Return the reason if the attempt exceeded its limit in an external queue, else None."""
        limit = self.snapshot.task.plan.queue_timeout_seconds
        if not limit or not self.runtime.queues_itself or self.seen.waited_seconds < limit:
            return None
        return because("queue-limit", seconds=limit)

    def _broken_limit(self) -> Reason | None:
        """Return the limit that the running attempt broke, else None.

        Its supervisor normally enforces limits. This check covers supervisors that do not.
        """
        limit, since = self.snapshot.task.plan.timeout_seconds, self.seen.running_since
        if limit and since and time.monotonic() - since > limit + OVERTIME_SECONDS:
            return because("time-limit", seconds=limit)
        limit = self.snapshot.task.plan.silence_timeout_seconds
        if limit and since:
            silent = self.seen.signs.seconds(folders.last_signs(self.snapshot.order.folder))
            if silent > limit + OVERTIME_SECONDS:
                return because("silence-limit", seconds=limit)
        return self._full_disk_quota()

    def _full_disk_quota(self) -> Reason | None:
        """Return the disk quota that running attempts exceed, or None."""
        seen, task, began = self.seen, self.snapshot.task, time.monotonic()
        if seen.disk_full or began < seen.measure_at:
            return seen.disk_full
        with self.context.store.read() as c:
            rooms = self.context.store.quotas.rooms(c, task.owner, task.run_id)
        if rooms:
            own = (f"{self.snapshot.order.folder}/{at}" for at in (CODE, folders.OUTPUTS))
            size = sum(map(folders.folder_bytes, own))
            seen.first_bytes = size if seen.first_bytes is None else seen.first_bytes
            try:
                self.context.check_disk(rooms, task.id, max(size - seen.first_bytes, 0))
            except OverQuota as error:
                seen.disk_full = error.reason
        took = time.monotonic() - began
        seen.measure_at = began + max(MEASURE_SECONDS, took * MEASURE_SHARE)
        return seen.disk_full

    def _unreachable_engine(self, error: Unavailable) -> Signal:
        """Handle an engine that does not respond; after 120 s, signal that the attempt is lost."""
        seen, now = self.seen, time.monotonic()
        # Silence of the engine must not count as silence of the work.
        seen.signs = Stillness()
        if seen.silent_since is None:
            seen.silent_since = now
        log.warning("attempt %s: %s", self.snapshot.attempt.id, error)
        is_long = now - seen.silent_since > UNREACHABLE_SECONDS
        if is_long:
            return Signal(Event.UNHEARD_FOR_LONG, error.reason)
        return Signal(Event.UNHEARD, waits_for_engine(error))

    def _conclude(self) -> Signal | None:
        result = folders.read_result(self.snapshot.order.folder)
        fact = (
            self.conclude(self.snapshot, result)
            if result
            else lost_outcome(because("result-unreadable"))
        )
        if isinstance(fact, Waits):
            return Signal(Event.DISK_FULL, fact.what)
        self._add_fact(fact)
        return None

    # Stop

    def _to_stop(self, event: Event, why: Reason, what: Reason | None = None) -> Signal:
        """Return the event, or the one that ends the stop.

        `NOTHING_TO_STOP` is for an attempt that was never started, `GRACE_OVER` for one that does
        not stop in time.
        """
        snapshot, asked_at = self.snapshot, self.seen.asked_at
        if snapshot.attempt.state == "recorded" and not runtime_calls.may_live(
            snapshot, self.runtime
        ):
            return Signal(Event.NOTHING_TO_STOP, why=why)
        if asked_at is not None and time.monotonic() - asked_at >= FORCE_SECONDS:
            return Signal(Event.GRACE_OVER, why=why)
        return Signal(event, what, why)

    def _stop(self, why: Reason) -> Signal | None:
        if self.seen.asked_at is None:
            self.seen.asked_at, self.seen.why = time.monotonic(), why
        if not runtime_calls.stop_attempt(self.snapshot, self.runtime, why):
            return None
        crash_point("asked-to-end")
        return Signal(Event.HEARD)
