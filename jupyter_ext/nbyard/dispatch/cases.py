"""An attempt with everything that is known of it now: what the controllers decide about."""

from dataclasses import dataclass

from nbyard.dispatch.launching import order_of
from nbyard.dispatch.room import Room
from nbyard.domain.runs import Run
from nbyard.domain.states import ATTEMPT
from nbyard.runtimes.protocol import Order
from nbyard.store.tasks import AttemptRecord, TaskRecord


@dataclass(frozen=True)
class Case:
    """A live attempt, the task and run that it belongs to, and what its runtime needs to know."""

    attempt: AttemptRecord
    task: TaskRecord
    run: Run
    order: Order

    @property
    def is_cancelled(self) -> bool:
        return self.run.cancel_requested_at is not None


def live_case(room: Room, attempt_id: str) -> Case | None:
    """The case as the store has it now; None when the attempt is at its end."""
    with room.store.read() as c:
        attempt = room.store.attempts.get(c, attempt_id)
        if attempt is None or attempt.state in ATTEMPT.terminal:
            return None
        task = room.store.tasks.get(c, attempt.task_id)
        run = room.store.runs.by_id(c, attempt.run_id)
    if task is None or run is None:
        return None
    return Case(attempt, task, run, order_of(room, attempt, task))
