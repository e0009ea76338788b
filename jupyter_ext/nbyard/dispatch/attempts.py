"""The controller of attempts: recorded → live → ended. Every step can be repeated after a crash."""

import logging
import time
from datetime import UTC, datetime

from nbyard import folders
from nbyard.dispatch.cases import Case, live_case
from nbyard.dispatch.crash import crash_point
from nbyard.dispatch.endings import CANCELLED, Endings
from nbyard.dispatch.launching import prepare
from nbyard.dispatch.results import check_token, failure_of
from nbyard.dispatch.room import Room
from nbyard.domain.attempts import TASK, Failure, Result
from nbyard.errors import Busy, Invalid, NbyardError, Unavailable
from nbyard.runtimes.protocol import Runtime

log = logging.getLogger("nbyard.dispatch")
PATIENCE_SECONDS = 5.0
FORCE_SECONDS = 10.0
UNREACHABLE_SECONDS = 120.0
OVERTIME_SECONDS = 10.0
WAITS = " – waits: "


class AttemptController:
    """Drives one attempt at a time; called from threads, never twice at once for the same one.

    What it remembers only makes it quicker or more patient; all that counts is in the store."""

    def __init__(self, room: Room):
        self._room = room
        self._store = room.store
        self._endings = Endings(room)
        self._not_before: dict[str, float] = {}
        self._asked: dict[str, float] = {}
        self._told: set[str] = set()
        self._silent_since: dict[str, float] = {}
        self._running_since: dict[str, float] = {}

    def waits(self, attempt_id: str) -> bool:
        """Whether it could not be started yet because its engine is out of reach."""
        return attempt_id in self._not_before

    def drive(self, attempt_id: str) -> None:
        """Bring the attempt one step further."""
        case = live_case(self._room, attempt_id)
        if case is None:
            self._forget(attempt_id)
            return
        runtime = self._room.runtimes.get(case.attempt.runtime)
        if runtime is None:
            error = Invalid(f"There is no runtime {case.attempt.runtime!r}.")
            self._endings.fail(case, failure_of(error, "preparation"))
            return
        why = self._why_end(case)
        if why and self._end(case, runtime, why):
            self._clear(case, runtime)
        elif case.attempt.state == "recorded" and not why:
            self._start(case, runtime)
        else:
            self._watch(case, runtime)

    def give_up(self, attempt_id: str, words: str) -> None:
        """End an attempt that cannot be driven: something in nbyard itself is wrong."""
        case = live_case(self._room, attempt_id)
        if case is not None:
            self._endings.fail(case, Failure("preparation", words))
            if runtime := self._room.runtimes.get(case.attempt.runtime):
                self._clear(case, runtime)

    def _why_end(self, case: Case) -> str:
        """Why it has to end now; empty when it may go on."""
        if case.is_cancelled:
            return CANCELLED
        limit = case.task.plan.timeout_seconds
        since = self._running_since.get(case.attempt.id)
        # the supervisor enforces the limit; this is for one that does not
        if limit and since and time.monotonic() - since > limit + OVERTIME_SECONDS:
            return f"ran longer than its limit of {limit:g} s"
        limit = case.task.plan.silence_timeout_seconds
        if limit and since and folders.silent_seconds(case.order.folder) > limit + OVERTIME_SECONDS:
            return f"gave no sign of life for {limit:g} s"
        return ""

    def _end(self, case: Case, runtime: Runtime, why: str) -> bool:
        """Ask it to end; true when it was written down as ended without its own word."""
        attempt = case.attempt
        if attempt.state == "recorded" and not _may_live(case, runtime):
            self._endings.cancel(case)
            return True
        now = time.monotonic()
        first = self._asked.setdefault(attempt.id, now)
        if attempt.id not in self._told and _stop(case, runtime, why):
            self._told.add(attempt.id)
            crash_point("asked-to-end")
        if now - first < FORCE_SECONDS:
            return False
        # what is left of it is no longer a live attempt's: the sweep takes it
        if case.is_cancelled:
            self._endings.cancel(case)
        else:
            self._endings.fail(case, Failure("timeout", why))
        return True

    def _start(self, case: Case, runtime: Runtime) -> None:
        attempt = case.attempt
        if time.monotonic() < self._not_before.get(attempt.id, 0.0):
            return
        try:
            prepare(self._room, attempt, case.task, case.run)
            site = runtime.start(case.order)
        except Busy:
            raise
        except Unavailable as error:
            self._not_before[attempt.id] = time.monotonic() + PATIENCE_SECONDS
            self._note(case, error.message)
            return
        except NbyardError as error:
            self._endings.fail(case, failure_of(error, "preparation"))
            self._clear(case, runtime)
            return
        crash_point("started")
        self._not_before.pop(attempt.id, None)
        self._note(case, "")
        with self._room.write() as c:
            now = datetime.now(UTC)
            self._store.attempts.move(c, attempt, "starting", site=site, prepared_at=now)
        crash_point("starting")

    def _note(self, case: Case, waits: str) -> None:
        """What it waits for, behind the reason why it runs."""
        reason = case.task.reason.split(WAITS)[0] + (WAITS + waits if waits else "")
        if reason != case.task.reason:
            with self._room.write() as c:
                self._store.tasks.note(c, case.task, reason)

    def _watch(self, case: Case, runtime: Runtime) -> None:
        attempt = case.attempt
        try:
            runtime.logs(case.order)
            seen = runtime.poll(case.order)
        except Unavailable as error:
            self._miss(case, runtime, error)
            return
        self._silent_since.pop(attempt.id, None)
        if seen.state == "finished":
            self._finish(case, runtime)
        elif seen.state in ("lost", "absent"):
            self._lose(case, runtime, seen.reason or "it is gone without a result")
        elif seen.state == "starting":
            self._note(case, seen.reason)
        elif seen.state == "running":
            self._note(case, "")
            self._running_since.setdefault(attempt.id, time.monotonic())
            self._say_running(case)

    def _say_running(self, case: Case) -> None:
        now = datetime.now(UTC)
        if case.attempt.state == "starting":
            with self._room.write() as c:
                if self._store.attempts.move(c, case.attempt, "running", started_at=now):
                    self._store.tasks.move(c, case.task, "running", started_at=now)
        elif case.attempt.state == "recorded":  # started by a dispatcher that died just then
            with self._room.write() as c:
                self._store.attempts.move(c, case.attempt, "starting")

    def _miss(self, case: Case, runtime: Runtime, error: Unavailable) -> None:
        """Its engine does not answer: that is lost when it lasts."""
        since = self._silent_since.setdefault(case.attempt.id, time.monotonic())
        log.warning("attempt %s: %s", case.attempt.id, error)
        if time.monotonic() - since > UNREACHABLE_SECONDS:
            self._lose(case, runtime, error.message)

    def _finish(self, case: Case, runtime: Runtime) -> None:
        result = folders.read_result(case.order.folder)
        if result is None:
            self._lose(case, runtime, "its result cannot be read")
            return
        try:
            check_token(result, case.attempt.token)
        except Invalid as error:
            self._lose(case, runtime, error.message)
            return
        failure = result.failure or Failure("error", "it failed without a reason")
        if result.state == "succeeded":
            self._endings.succeed(case, result)
        elif result.state == "cancelled":
            self._stopped(case, failure, result)
        elif failure.kind in ("kernel-died", "lost"):
            self._endings.lose(case, failure.message)
        else:
            self._endings.fail(case, failure, result)
        self._clear(case, runtime)

    def _stopped(self, case: Case, failure: Failure, result: Result) -> None:
        """It was ended from outside: by us, or by somebody whom nobody had asked."""
        why = self._why_end(case)
        if case.is_cancelled:
            self._endings.cancel(case, result)
        elif why:
            self._endings.fail(case, Failure("timeout", why), result)
        else:
            self._endings.lose(case, failure.message)

    def _lose(self, case: Case, runtime: Runtime, reason: str) -> None:
        self._endings.lose(case, reason)
        self._clear(case, runtime)

    def _clear(self, case: Case, runtime: Runtime) -> None:
        """Nothing but its record stays."""
        _stop(case, runtime, "it is at its end")
        folders.keep_record(case.order.folder)
        self._forget(case.attempt.id)
        crash_point("tidied")

    def _forget(self, attempt_id: str) -> None:
        self._told.discard(attempt_id)
        for known in (self._not_before, self._asked, self._silent_since, self._running_since):
            known.pop(attempt_id, None)


def _may_live(case: Case, runtime: Runtime) -> bool:
    """Whether an attempt of which only the record is known may have been started."""
    if not (case.order.folder / TASK).exists():
        return False
    try:
        return runtime.poll(case.order).state != "absent"
    except Unavailable:
        return False


def _stop(case: Case, runtime: Runtime, reason: str) -> bool:
    if not case.order.folder.is_dir():
        return True
    try:
        runtime.stop(case.order, reason)
    except (NbyardError, OSError) as error:
        log.warning("attempt %s was not stopped: %s", case.attempt.id, error)
        return False
    return True
