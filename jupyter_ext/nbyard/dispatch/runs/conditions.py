"""Decide the conditions of queued tasks, from metrics and small outputs."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from nbyard.dispatch.attempts.outcomes.store_outputs import failure_of
from nbyard.dispatch.cache.condition_values import value_of_task, why_unmet
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.live_runs import LiveTask
from nbyard.dispatch.state.round_changes import RoundChanges
from nbyard.dispatch.threads import Threads
from nbyard.domain.attempts.structs import EXECUTED, Failure
from nbyard.domain.runs.structs import Run
from nbyard.domain.workflows.conditions import Reference
from nbyard.errors import NbyardError
from nbyard.reasons.structs import Reason
from nbyard.store.runs.tasks import TaskRecord


class Conditions:
    """Decides the conditions of queued tasks in threads; `wake` wakes the loop afterwards.

    A task whose condition cannot be decided is put into `unfit`.
    """

    def __init__(
        self,
        context: DispatchContext,
        threads: Threads,
        wake: Callable[[], None],
        unfit: dict[str, Failure],
    ):
        self._context = context
        self._threads = threads
        self._wake = wake
        self._unfit = unfit
        self._unmet: dict[str, Reason | None] = {}
        self._seen: dict[str, RoundChanges] = {}

    def is_met(self, changes: RoundChanges, task: LiveTask) -> bool:
        """Return whether the task may start.

        Otherwise it is skipped, or a thread decides.
        """
        record = task.record
        if not record.plan.when or record.id in self._unfit or record.plan.decides_by_element:
            return True
        if record.id not in self._unmet:
            if self._seen.setdefault(record.id, changes) is changes:
                self._wake()  # what the tasks before it wrote is stored at the end of this round
                return False
            decide = partial(self._decide, record, task.run.run)
            self._threads.submit(f"condition of {record.id}", decide, then=lambda _: self._wake())
            return False
        reason = self._unmet[record.id]
        if reason is not None:
            changes.move_task(task, "skipped", reason=reason, finished_at=datetime.now(UTC))
        return reason is None

    def forget(self, task_id: str) -> None:
        """Remove a task that has left the queue."""
        self._unmet.pop(task_id, None)
        self._seen.pop(task_id, None)

    def _decide(self, task: TaskRecord, run: Run) -> None:
        try:
            self._unmet[task.id] = why_unmet(task.plan.when, partial(self._value, run))
        except NbyardError as error:
            self._unfit[task.id] = failure_of(error, "preparation")

    def _value(self, run: Run, reference: Reference) -> Any:
        node, name = reference
        if not name:
            return self._has_changed(run, node)
        with self._context.store.read() as c:
            task = self._context.store.tasks.of_node(c, run.id, node)
            outputs = self._context.store.artifacts.of_run(c, run.id)
        own = [output for output in outputs if output.node == node]
        return value_of_task(self._context, run.owner, task.id if task else "", own, reference)

    def _has_changed(self, run: Run, node: str) -> bool:
        """Return whether the outputs differ from the last success."""
        store = self._context.store
        with store.read() as c:
            task = store.tasks.of_node(c, run.id, node)
            outputs = store.artifacts.of_run(c, run.id)
            last = store.history.last_outputs(c, task) if task else {}
        own = {o.name: o.digest for o in outputs if o.node == node and o.name != EXECUTED}
        return own != last
