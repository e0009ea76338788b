"""Decide the conditions of queued tasks, from metrics and small outputs."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from nbyard.dispatch.attempts.outcomes.store_outputs import failure_of
from nbyard.dispatch.cache.contract_verdicts import recorded_metrics
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.live_runs import LiveTask
from nbyard.dispatch.state.round_changes import RoundChanges
from nbyard.dispatch.threads import Threads
from nbyard.domain.attempts.structs import EXECUTED, Failure
from nbyard.domain.parsing.strict_json import read_json
from nbyard.domain.runs.structs import Artifact, Run
from nbyard.domain.workflows.conditions import Reference, holds, references
from nbyard.errors import BadRequest, Invalid, NbyardError
from nbyard.reasons.structs import Reason, because
from nbyard.store.runs.tasks import TaskRecord

MAX_BYTES = 2**16  # of a small output
MOST_NAMED = 20


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
        when = task.plan.when
        try:
            values = {each: self._value(run, each) for each in sorted(references(when))}
            shown = [f"{reference} is {value!r}" for reference, value in values.items()]
            is_met = holds(when, values)
        except NbyardError as error:
            self._unfit[task.id] = failure_of(error, "preparation")
            return
        reason = because("condition-not-met", condition=when, values=shown)
        self._unmet[task.id] = None if is_met else reason

    def _value(self, run: Run, reference: Reference) -> Any:
        node, name = reference
        if not name:
            return self._has_changed(run, node)
        store = self._context.store
        with store.read() as c:
            task = store.tasks.of_node(c, run.id, node)
            recorded = recorded_metrics(self._context, c, run.owner, task.id) if task else []
            outputs = store.artifacts.of_run(c, run.id)
        values: dict[str, Any] = {metric.name: metric.value for metric in recorded}
        if isinstance(values.get(name), str):
            return float(values[name])  # infinite, or not a number
        for output in outputs:
            if output.node == node and output.name != EXECUTED and output.format != "folder":
                content = self._content(output) if output.size_bytes <= MAX_BYTES else None
                own = content if isinstance(content, dict) else {output.name: content}
                values |= {key: own[key] for key in own.keys() - values.keys()}
        if values.get(name) is None:
            names = sorted(values)[:MOST_NAMED]
            raise Invalid(because("condition-value-missing", value=name, node=node, names=names))
        return values[name]

    def _has_changed(self, run: Run, node: str) -> bool:
        """Return whether the outputs differ from the last success."""
        store = self._context.store
        with store.read() as c:
            task = store.tasks.of_node(c, run.id, node)
            outputs = store.artifacts.of_run(c, run.id)
            last = store.history.last_outputs(c, task) if task else {}
        own = {o.name: o.digest for o in outputs if o.node == node and o.name != EXECUTED}
        return own != last

    def _content(self, output: Artifact) -> Any:
        content = self._context.blobs.path(output.digest).read_bytes()
        with suppress(BadRequest):
            return read_json(content)
        return content.decode(errors="replace").strip()
