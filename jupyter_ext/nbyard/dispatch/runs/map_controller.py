"""The controller of maps: creates the tasks of elements, and finishes maps with their results."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from nbyard.dispatch.attempts.outcomes.store_outputs import failure_of
from nbyard.dispatch.cache.map_data import EndedElement, collect, read_elements
from nbyard.dispatch.cache.result_lookup import keep_and_check_bytes
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import ReportInbox, inputs_of
from nbyard.dispatch.state.live_runs import LiveRuns, LiveTask
from nbyard.dispatch.state.round_changes import CANCELLED, RoundChanges, fail_task
from nbyard.dispatch.threads import Threads
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.maps.elements import counts_of
from nbyard.domain.runs.map_plans import element_plans, following_plans
from nbyard.domain.runs.structs import TaskPlan
from nbyard.errors import Busy, NbyardError, Unavailable
from nbyard.freezing.environment_resolution import plan_for_retry


class MapController:
    """Expands maps in the queue, and finishes those whose elements have ended, with threads."""

    def __init__(
        self, context: DispatchContext, board: LiveRuns, threads: Threads, inbox: ReportInbox
    ):
        self._context = context
        self._board = board
        self._threads = threads
        self._inbox = inbox
        # By ID and state: a map is read while it is queued, and collected while it runs.
        self._results: dict[tuple[str, str], Any] = {}
        self._seen: set[str] = set()

    @property
    def is_behind(self) -> bool:
        """Return whether the results of some map are not collected yet."""
        return not self._seen.issuperset(self._board.ended_maps)

    def expand(self, changes: RoundChanges, task: LiveTask) -> bool:
        """Create the elements of a queued map, once a thread has read them.

        Raises:
            NbyardError: the data or the values do not fit.
        """
        plan, result = task.record.plan, self._results.pop((task.record.id, "queued"), None)
        if plan.map is None:
            return False
        if plan.map.each is None:
            followed = task.run.maps[min(plan.follows())].states
            own = [task.run.tasks[node].record.plan.element for node in followed]
            changes.expand(task, self._with_earlier(plan, following_plans(plan, filter(None, own))))
        elif isinstance(result, Failure):
            fail_task(changes, task, result)
        elif result is not None:
            changes.expand(task, self._with_earlier(plan, element_plans(plan, result)))
        else:
            inputs = inputs_of(task)
            self._submit(task, partial(read_elements, self._context, plan.map.each, inputs))
        return True

    def _with_earlier(self, plan: TaskPlan, plans: list[TaskPlan]) -> list[TaskPlan]:
        """Return the plans; in a retry, finished elements are reused."""
        if plan.map is None or not plan.map.earlier:
            return plans
        with self._context.store.read() as c:
            tasks = self._context.store.tasks.of_run(c, plan.map.earlier)
        done = {task.node: plan_for_retry(task).reuse for task in tasks if task.plan.element}
        return [msgspec.structs.replace(each, reuse=done.get(each.node, "")) for each in plans]

    def finish_maps(self, changes: RoundChanges) -> None:
        """Finish the maps with collected results; threads collect those of others."""
        for name, task in list(self._board.ended_maps.items()):
            result = self._results.pop((name, "running"), None)
            if isinstance(result, Failure):
                fail_task(changes, task, result)
            elif result and keep_and_check_bytes(self._context, changes, result, {}):
                _finish(changes, task, result)
            else:  # a collection may have deleted the bytes of earlier results
                self._seen.add(name)
                self._collect(task)
                continue
            del self._board.ended_maps[name]
            self._seen.discard(name)
        changes.apply_follow_ups()

    def _collect(self, task: LiveTask) -> None:
        run, arguments = task.run, task.record.plan.arguments
        outputs = [argument.name for argument in arguments if argument.role == "output"]
        tasks = (run.tasks[node] for node in run.maps[task.record.node].states)
        ended = (EndedElement(element.record, element.results) for element in tasks)
        self._submit(task, lambda: collect(self._context, outputs, [*ended]))  # read by the thread

    def _submit(self, task: LiveTask, work: Callable[[], Any]) -> None:
        """Start work in a thread, which keeps the result or the failure."""
        name, state = task.record.id, task.record.state

        def attempt() -> Any:
            try:
                return work()
            except (Busy, Unavailable):
                raise
            except NbyardError as error:
                return failure_of(error, "preparation")

        def keep(result: Any) -> None:
            if result is not None:
                self._results[name, state] = result
            self._inbox.put(None)

        self._threads.submit(f"map {name}", attempt, partial(Failure, "preparation"), keep)


def _finish(changes: RoundChanges, task: LiveTask, rows: list[dict[str, Any]]) -> None:
    """Finish a map. It succeeds if its policy allows the missing results."""
    run, node, now = task.run, task.record.node, datetime.now(UTC)
    live = run.maps[node]
    # The tasks, not the states that the map has recorded: both must agree.
    elements = ((t.record.plan.element, t.record.state) for t in run.tasks.values())
    own = [state for element, state in elements if element and element.map == node]
    try:
        counts = counts_of(own, len(live.states))
    except NbyardError as error:
        fail_task(changes, task, failure_of(error, "contract"))
        return
    changes.publish(task, rows)
    if run.is_cancelled and live.lost:
        changes.move_task(task, "cancelled", reason=CANCELLED, finished_at=now)
    elif live.is_stopped:
        fail_task(changes, task, Failure("error", counts))
    else:
        changes.move_task(task, "succeeded", reason=counts, finished_at=now)
