"""The controller of attempts: recorded → live → ended. Every step can repeat after a crash."""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from nbyard.attempts import folders
from nbyard.blobs.files import no_file_in_words
from nbyard.dispatch.attempts import secrets
from nbyard.dispatch.attempts.folder_setup import prepare
from nbyard.dispatch.attempts.outcome import Conclusions, lost, over_limit
from nbyard.dispatch.attempts.store_outputs import failure_of
from nbyard.dispatch.cache import partial_results
from nbyard.dispatch.cache.keys import Identities
from nbyard.dispatch.context import Room
from nbyard.dispatch.state.attempt_snapshot import Case
from nbyard.dispatch.state.reports import Ended, Fact, GoesOn, Report, Running, Started, Waits
from nbyard.dispatch.state.round_changes import CANCELLED
from nbyard.domain.attempts.structs import TASK, Failure, Result
from nbyard.domain.limits import waited_too_long
from nbyard.errors import Busy, Invalid, NbyardError, Unavailable
from nbyard.ipc.crash_points import crash_point
from nbyard.runner import verdict
from nbyard.runner.clock import Stillness
from nbyard.runtimes.protocol import Observation, Runtime

log = logging.getLogger("nbyard.dispatch")
PATIENCE_SECONDS = 5.0  # pause before an unreachable engine is tried again
SHARE, MOST_SECONDS = 4, 30.0  # extra pause: this multiple of the failed call, with a limit
FORCE_SECONDS = 10.0  # time to stop on request, before the dispatcher gives up on it
UNREACHABLE_SECONDS = 120.0  # silence of the engine after which the attempt is lost
OVERTIME_SECONDS = 10.0  # time beyond a limit for the supervisor to enforce it
FRESH_SECONDS = 1.0  # within this time after a commit, the lease is still held
FULL_SECONDS = 5.0  # pause before outputs that found a full disk are tried again
A_SLOT = "a free slot"


@dataclass
class Seen:
    """Observations of one attempt, in seconds of the monotonic clock.

    - `since`: first observation; `not_before`: earliest next start; `words`: why a start failed.
    - `silent_since`, `running_since`: start of the engine's silence, start of the work.
    - `asked_at`, `why`: first request to stop, and its reason; `has_heard`: the runtime accepted
      it.
    - `signs`: signs of life; `take_at`: when to try full disks again (0.0: never full).
    - `has_slots`: recorded just now, or admitted by the queue. A failed start gives the slots back.
    - `asks`: requests slots, because the engine answers again.
    - `may_live`: an earlier dispatcher may have started it, and its engine has not answered yet.

    All of it only affects speed and patience: a new dispatcher starts without it.
    """

    since: float = field(default_factory=time.monotonic)
    has_slots: bool = False
    may_live: bool = True
    asks: bool = False
    keeps_silence: bool = False
    not_before: float = 0.0
    words: str = ""
    silent_since: float | None = None
    running_since: float | None = None
    asked_at: float | None = None
    why: str = ""
    has_heard: bool = False
    take_at: float = 0.0
    signs: Stillness = field(default_factory=Stillness)

    @property
    def keeps_slots(self) -> bool:
        """Return whether the attempt keeps its slots.

        An attempt that may be live keeps them for at most 120 s.
        """
        return self.has_slots or (self.may_live and self.waited < UNREACHABLE_SECONDS)

    @property
    def waited(self) -> float:
        """Return the waiting time in seconds, until the attempt begins."""
        return time.monotonic() - self.since


class AttemptController:
    """Drives one attempt at a time and returns reports; it never writes to the store.

    Threads call it, but never two at once for the same attempt.
    """

    def __init__(self, room: Room, identities: Identities):
        self._room = room
        self._identities = identities
        self._conclusions = Conclusions(room, identities)
        self._seen: dict[str, Seen] = {}

    def admit(self, attempt_id: str) -> None:
        """Give the attempt its slots, so that it may start."""
        seen = self._seen.setdefault(attempt_id, Seen())
        seen.has_slots, seen.may_live, seen.asks = True, False, False

    def seen(self, attempt_id: str) -> Seen:
        """Return the observations, for the queue, which gives slots to attempts that ask."""
        return self._seen.get(attempt_id) or Seen()

    def _seen_of(self, case: Case) -> Seen:
        return self._seen.setdefault(case.attempt.id, Seen())

    def drive(self, case: Case) -> Report:
        """Advance the attempt as far as possible without waiting."""
        return Report(case.attempt.id, self._drive(case))

    def _drive(self, case: Case) -> list[Fact]:
        runtime = self._room.runtimes.get(case.attempt.runtime)
        if runtime is None:
            error = Invalid(f"There is no runtime {case.attempt.runtime!r}.")
            return [Ended("failed", failure_of(error, "preparation"))]
        if case.is_cancelled:
            ended = self._end(case, runtime, CANCELLED)
            return [ended] if ended else self._watch(case, runtime)
        if case.attempt.state != "recorded":
            return self._watch(case, runtime)
        facts = self._start(case, runtime)
        # Short work may have ended already; checking now saves a round.
        if any(isinstance(fact, Started) for fact in facts):
            facts += self._watch(case, runtime)
        return facts

    def give_up(self, attempt_id: str, words: str) -> Report:
        """Fail an attempt that cannot be driven because of an internal error."""
        return Report(attempt_id, [Ended("failed", Failure("preparation", words))])

    def _late(self, case: Case, runtime: Runtime) -> str:
        """Return the reason if the attempt exceeded its limit in an external queue, else ""."""
        limit = case.task.plan.queue_timeout_seconds
        if not limit or not runtime.queues_itself or self._seen_of(case).waited < limit:
            return ""
        return waited_too_long(limit)

    def _broken_limit(self, case: Case) -> str:
        """Return the limit that the running attempt broke, as text, else "".

        Its supervisor normally enforces limits. This check covers supervisors that do not.
        """
        limit = case.task.plan.timeout_seconds
        seen = self._seen.get(case.attempt.id, Seen())
        since = seen.running_since
        if limit and since and time.monotonic() - since > limit + OVERTIME_SECONDS:
            return verdict.too_long(limit)
        limit = case.task.plan.silence_timeout_seconds
        if limit and since:
            silent = seen.signs.seconds(folders.last_signs(case.order.folder))
            if silent > limit + OVERTIME_SECONDS:
                return verdict.too_silent(limit)
        return ""

    def _end(self, case: Case, runtime: Runtime, why: str) -> Ended | None:
        """Ask the attempt to stop; return its end if the attempt does not report one in time."""
        failure = None if case.is_cancelled else over_limit(case, why)
        ended = Ended("failed" if failure else "cancelled", failure)
        if case.attempt.state == "recorded" and not _may_live(case, runtime):
            return ended
        seen, now = self._seen_of(case), time.monotonic()
        if seen.asked_at is None:
            seen.asked_at, seen.why = now, why
        if not seen.has_heard and _stop(case, runtime, why):
            seen.has_heard = True
            crash_point("asked-to-end")
        # The sweep removes what remains of an attempt that ended this way.
        return None if now - seen.asked_at < FORCE_SECONDS else ended

    def _start(self, case: Case, runtime: Runtime) -> list[Fact]:
        seen, began = self._seen_of(case), time.monotonic()
        if seen.asks or began < seen.not_before or not self._is_ours(case):
            return []
        told: list[Fact] = []
        try:
            if not seen.has_slots and not runtime.queues_itself:
                seen.has_slots = _is_there(case, runtime)
                seen.may_live = False
                seen.asks, seen.keeps_silence = not seen.has_slots, False
                if seen.asks:
                    return [Waits(A_SLOT)]
            with no_file_in_words():
                if done := prepare(self._room, self._identities, case):
                    told.append(GoesOn(done))
            with secrets.for_registries(self._room, case.run.owner):
                site = runtime.start(case.order)
        except Busy:
            raise
        except Unavailable as error:
            if not seen.words:
                log.warning("attempt %s waits: %s", case.attempt.id, error)
            seen.words = error.message
            self._give_back(case, runtime, time.monotonic() - began)
            late = self._late(case, runtime)
            return [*told, *self._unless(case, runtime, late, Waits(error.message))]
        except NbyardError as error:
            return [Ended("failed", failure_of(error, "preparation"))]
        crash_point("started")
        seen.not_before, seen.words = 0.0, ""
        return [*told, Started(site, datetime.now(UTC))]

    def _give_back(self, case: Case, runtime: Runtime, took: float) -> None:
        """Return the slots after a failed start, unless the engine reports a successful start."""
        seen = self._seen_of(case)
        had, seen.has_slots, seen.keeps_silence = seen.has_slots, False, True
        seen.not_before = time.monotonic() + PATIENCE_SECONDS
        if had and not runtime.queues_itself:
            with suppress(NbyardError):
                seen.has_slots = _is_there(case, runtime)  # only the response was lost
                seen.keeps_silence = False
                seen.not_before += min(took * SHARE, MOST_SECONDS)

    def _is_ours(self, case: Case) -> bool:
        """Return whether this dispatcher may start the attempt.

        Right after a commit it may. Later it checks the store, because another dispatcher may have
        taken over while this one slept.
        """
        if time.monotonic() - case.since < FRESH_SECONDS:
            return True
        with self._room.store.read() as c:
            state = self._room.store.attempts.state(c, case.attempt.id)
            return state == case.attempt.state and self._room.is_held(c)

    def _watch(self, case: Case, runtime: Runtime) -> list[Fact]:
        seen = self._seen_of(case)
        if time.monotonic() < seen.take_at:
            return []
        try:
            runtime.logs(case.order)
            now = _poll(case, runtime)
        except Unavailable as error:
            return self._miss(case, error)
        except OSError as problem:
            seen.silent_since = None
            return [self._wait_for_room(case, problem)]
        seen.silent_since = None
        return self._judge(case, runtime, now)

    def _judge(self, case: Case, runtime: Runtime, now: Observation) -> list[Fact]:
        """Derive reports from the current observation."""
        seen = self._seen_of(case)
        if now.state == "finished":
            return self._finish(case)
        if now.state == "unbegun" and case.attempt.state != "running":
            return self._start(case, runtime) if seen.asked_at is None else []
        if now.state in ("lost", "absent", "unbegun"):
            return [lost(now.reason or "it is gone without a result")]
        if now.state == "starting":
            why = self._late(case, runtime) if now.reason else ""
            return self._unless(case, runtime, why, Waits(now.reason))
        if seen.running_since is None:
            seen.running_since = time.monotonic()
        # Silence can only be judged while the engine answers.
        return self._unless(case, runtime, self._broken_limit(case), Running(datetime.now(UTC)))

    def _unless(self, case: Case, runtime: Runtime, why: str, fact: Fact) -> list[Fact]:
        """Return the fact, or the end if there is a reason to stop and the attempt has ended."""
        ended = self._end(case, runtime, why) if why else None
        return [ended or fact]

    def _miss(self, case: Case, error: Unavailable) -> list[Fact]:
        """Handle an engine that does not answer; after 120 s the attempt is lost."""
        seen, now = self._seen_of(case), time.monotonic()
        # Silence of the engine must not count as silence of the work.
        seen.signs = Stillness()
        if seen.silent_since is None:
            seen.silent_since = now
        log.warning("attempt %s: %s", case.attempt.id, error)
        if now - seen.silent_since > UNREACHABLE_SECONDS:
            return [lost(error.message)]
        return [Waits(error.message)] if case.attempt.state == "starting" else []

    def _finish(self, case: Case) -> list[Fact]:
        result = folders.read_result(case.order.folder)
        fact = self.conclude(case, result) if result else lost("its result cannot be read")
        if isinstance(fact, Waits):
            self._take_later(case, fact.words)
        return [fact]

    def _wait_for_room(self, case: Case, problem: OSError) -> Waits:
        """Wait if the disk is too full for the outputs; raise other errors again."""
        try:
            with no_file_in_words():
                raise problem
        except Unavailable as error:
            self._take_later(case, error.message)
            return Waits(error.message)

    def _take_later(self, case: Case, words: str) -> None:
        seen = self._seen_of(case)
        if not seen.take_at:
            log.warning("attempt %s waits: %s", case.attempt.id, words)
        seen.take_at = time.monotonic() + FULL_SECONDS

    def conclude(self, case: Case, result: Result) -> Ended | Waits:
        """Return the outcome of the attempt for this result."""
        asked = self._seen.get(case.attempt.id, Seen()).why
        return self._conclusions.conclude(case, result, asked)

    def is_gone(self, case: Case) -> bool:
        """Return whether an attempt that ended without its own report has left nothing running."""
        runtime = self._room.runtimes.get(case.attempt.runtime)
        try:
            return runtime is None or not _is_there(case, runtime, "finished", "lost")
        except (NbyardError, OSError):
            return False

    def clear(self, case: Case) -> None:
        """Clean up an attempt whose end is stored; only its record stays.

        Raises:
            NbyardError: Its runtime could not clean up, for example because it does not respond.
                Everything else is done then.
        """
        try:
            runtime = self._room.runtimes.get(case.attempt.runtime)
            if runtime and case.order.folder.is_dir():
                runtime.stop(case.order, "it is at its end")
        finally:  # files and secrets must not stay because of an engine out of reach
            self._keep_record(case)
        crash_point("tidied")

    def _keep_record(self, case: Case) -> None:
        if case.attempt.runtime in self._room.runtimes:
            # A later attempt may continue partial predictions.
            if case.attempt.state != "succeeded":
                partial_results.set_aside(self._room.folder, case.attempt.id)
            folders.keep_record(case.order.folder)
        secrets.take_away(self._room, case.attempt.id)
        self._seen.pop(case.attempt.id, None)


def _poll(case: Case, runtime: Runtime) -> Observation:
    """Poll the attempt.

    Raises:
        Unavailable: The engine does not answer. Its last known state may be "running".
    """
    now = runtime.poll(case.order)
    if now.state == "running" and now.reason:
        raise Unavailable(now.reason)
    return now


def _is_there(case: Case, runtime: Runtime, *over: str) -> bool:
    """Return whether the engine knows a merely recorded attempt in no state of `over`."""
    if not (case.order.folder / TASK).exists():
        return False
    with no_file_in_words():
        runtime.logs(case.order)  # only this call detects the silence of some engines
        return runtime.poll(case.order).state not in ("absent", *over)


def _may_live(case: Case, runtime: Runtime) -> bool:
    """Return whether a merely recorded attempt may have been started."""
    if not (case.order.folder / TASK).exists():
        return False
    try:
        return runtime.poll(case.order).state != "absent"
    except Unavailable:
        return False
    except OSError:
        return True  # the disk is full of its outputs


def _stop(case: Case, runtime: Runtime, reason: str) -> bool:
    if not case.order.folder.is_dir():
        return True
    try:
        runtime.stop(case.order, reason)
    except (NbyardError, OSError) as error:
        log.warning("attempt %s was not stopped: %s", case.attempt.id, error)
        return False
    return True
