"""The controller of attempts: drives each attempt from its record to its reported end."""

from nbyard.dispatch.attempts import runtime_calls
from nbyard.dispatch.attempts.attempt_driver import AttemptDriver, Observations
from nbyard.dispatch.attempts.attempt_phase_table import TABLE, Event
from nbyard.dispatch.attempts.clean_up import clear_attempt
from nbyard.dispatch.attempts.function_workers import (
    WorkerDriver,
    WorkerObservations,
    WorkerSnapshot,
    clear_worker,
)
from nbyard.dispatch.attempts.outcomes.attempt_outcome import AttemptOutcomes
from nbyard.dispatch.attempts.outcomes.store_outputs import failure_of
from nbyard.dispatch.cache.keys import Identities
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot, Ended, Fact, Report, Waits
from nbyard.domain.attempts.structs import Failure, Result
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.users.isolation import ISOLATED
from nbyard.errors import Invalid, NbyardError
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import Reason, because
from nbyard.runtimes.protocol import Order


class AttemptController:
    """Drives one attempt or function worker at a time; it never writes to the store.

    Threads call it, but never two at once for the same attempt or worker.
    """

    def __init__(self, context: DispatchContext, identities: Identities):
        self._context = context
        self._identities = identities
        self._outcomes = AttemptOutcomes(context, identities)
        self._seen: dict[str, Observations] = {}
        self._workers: dict[str, WorkerObservations] = {}

    def grant_slots(self, attempt_id: str) -> None:
        """Record that the attempt got its slots.

        The next check starts it.
        """
        seen = self._seen.setdefault(attempt_id, Observations())
        # Without this step, the first check would ask the engine whether it knows the attempt.
        seen.phase = TABLE[seen.phase, Event.ADMIT].phase

    def observations(self, attempt_id: str) -> Observations:
        """Return the observations of an attempt, or empty ones.

        The queue of runs reads from them which attempts request slots.
        """
        return self._seen.get(attempt_id) or Observations()

    def drive(self, snapshot: AttemptSnapshot) -> list[Report]:
        """Advance the attempt, or all attempts of the worker, without waiting."""
        name = snapshot.order.attempt_id
        runtime = self._context.runtimes.get(snapshot.attempt.runtime)
        if runtime is None:
            kind, label = snapshot.attempt.runtime, snapshot.task.plan.label
            error: NbyardError = Invalid(because("no-such-runtime", runtime=repr(kind)))
            if self._context.store.isolation.is_shared and kind not in ISOLATED:
                error = Invalid(because("runtime-off", node=label, runtime=kind))
            return [Report(name, [Ended("failed", failure_of(error, "preparation"))])]
        if runtime.queues_itself:
            self.grant_slots(name)  # it needs no slots of this machine
        context, identities = self._context, self._identities
        driver: AttemptDriver
        if isinstance(snapshot, WorkerSnapshot):
            of_worker = self._workers.setdefault(name, WorkerObservations())
            driver = WorkerDriver(context, identities, snapshot, runtime, of_worker, self.conclude)
        else:
            seen = self._seen.setdefault(name, Observations())
            driver = AttemptDriver(context, identities, snapshot, runtime, seen, self.conclude)
        driver.begin()
        return driver.reports()

    def give_up(self, snapshot: AttemptSnapshot, reason: Reason) -> list[Report]:
        """Return reports that fail the attempt, or all attempts of the worker: internal error."""
        failed = Ended("failed", Failure("preparation", reason))
        facts: dict[str, list[Fact]] = {name: [failed] for name in snapshot.attempt_ids}
        facts.setdefault(snapshot.order.attempt_id, [])
        return [Report(name, own) for name, own in facts.items()]

    def conclude(self, snapshot: AttemptSnapshot, result: Result) -> Ended | Waits:
        """Return the outcome of the attempt for this result."""
        asked = self._seen.get(snapshot.attempt.id, Observations()).why
        return self._outcomes.conclude(snapshot, result, asked)

    def is_gone(self, snapshot: AttemptSnapshot) -> bool:
        """Return whether the engine no longer runs an ended attempt.

        This is for attempts that ended without a report of their own. Return False if the engine
        does not respond.
        """
        runtime = self._context.runtimes.get(snapshot.attempt.runtime)
        try:
            return runtime is None or not runtime_calls.is_there(
                snapshot, runtime, "finished", "lost"
            )
        except (NbyardError, OSError):
            return False

    def clear(self, snapshot: AttemptSnapshot) -> None:
        """Clean up an attempt whose end is stored; only its record stays.

        Raises:
            NbyardError: Its runtime could not clean up.
        """
        try:
            clear_attempt(self._context, snapshot.attempt, snapshot.order)
        finally:
            self._seen.pop(snapshot.attempt.id, None)
        crash_point("tidied")

    def clear_worker(self, order: Order) -> None:
        """Stop an unneeded worker and delete its files except its record."""
        clear_worker(order, self._context.runtimes[PROCESS])
        self._workers.pop(order.attempt_id, None)
        crash_point("tidied")
