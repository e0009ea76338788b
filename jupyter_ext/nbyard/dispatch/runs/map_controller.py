"""The controller of maps: creates the tasks of elements, and finishes maps with their results."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import msgspec

from nbyard.dispatch.attempts.outcomes.store_outputs import failure_of
from nbyard.dispatch.cache.map_data import (
    ElementResult,
    collect,
    hopeless_elements,
    read_elements,
    suggest_elements,
)
from nbyard.dispatch.cache.result_lookup import keep_and_check_bytes
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import ReportInbox, inputs_of
from nbyard.dispatch.state.live_runs import CANCELLED, LiveRun, LiveRuns, LiveTask
from nbyard.dispatch.state.round_changes import RoundChanges, fail_task
from nbyard.dispatch.threads import Threads
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.maps.elements import counts_of
from nbyard.domain.maps.searches import Trial
from nbyard.domain.maps.structs import EACH, Element
from nbyard.domain.runs.map_plans import element_plans, following_plans
from nbyard.domain.runs.run_progress import BAD
from nbyard.domain.runs.structs import ResultOf, TaskPlan
from nbyard.errors import Busy, NbyardError, Unavailable
from nbyard.freezing.environment_resolution import plan_for_retry
from nbyard.reasons.structs import because

PRUNE_SECONDS = 0.5  # between questions to an optimiser


class MapController:
    """Expands maps in the queue, and finishes those whose elements have ended, with threads."""

    def __init__(
        self, context: DispatchContext, board: LiveRuns, threads: Threads, inbox: ReportInbox
    ):
        self._context = context
        self._board = board
        self._threads = threads
        self._inbox = inbox
        # By what a map needs: its elements, more of them, those to stop, rows. Not by its ID:
        # after a user retried elements, the run is read again, and its maps are collected again.
        self._results: WeakKeyDictionary[LiveTask, dict[str, Any]] = WeakKeyDictionary()
        self._trials: WeakKeyDictionary[LiveTask, dict[str, Trial]] = WeakKeyDictionary()
        self._seen: WeakSet[LiveTask] = WeakSet()
        self._next_prune = 0.0

    @property
    def is_behind(self) -> bool:
        """Return whether some map waits for a thread."""
        return not self._seen.issuperset(self._board.due_maps.values())

    def expand(self, changes: RoundChanges, task: LiveTask) -> bool:
        """Create the elements of a queued map, once a thread has read them.

        Raises:
            NbyardError: the data or the values do not fit.
        """
        plan, result = task.record.plan, self._result(task, "elements")
        if plan.map is None:
            return False
        followed = plan.follows()
        if any(task.run.tasks[node].record.state in BAD for node in followed):
            # It failed while this map was queued, perhaps without some of its elements.
            now = datetime.now(UTC)
            changes.move_task(task, "skipped", reason=because("upstream-failed"), finished_at=now)
        elif plan.map.each is None:
            elements = {node: _elements(task.run, node) for node in followed}
            changes.expand(task, self._with_earlier(plan, following_plans(plan, elements)))
        elif plan.map.count:
            changes.expand(task, [])  # an optimiser adds its elements
        elif isinstance(result, Failure):
            fail_task(changes, task, result)
        elif result is not None:
            each = plan.bindings.get(EACH)
            outer = _elements(task.run, each.node) if isinstance(each, ResultOf) else []
            changes.expand(task, self._with_earlier(plan, element_plans(plan, result, outer)))
        else:
            self._submit(task, "elements")
        return True

    def _with_earlier(self, plan: TaskPlan, plans: list[TaskPlan]) -> list[TaskPlan]:
        """Return the plans; in a retry, finished elements are reused."""
        if plan.map is None or not plan.map.earlier:
            return plans
        with self._context.store.read() as c:
            tasks = self._context.store.tasks.of_run(c, plan.map.earlier)
        done = {task.node: plan_for_retry(task).reuse for task in tasks if task.plan.element}
        return [msgspec.structs.replace(each, reuse=done.get(each.node, "")) for each in plans]

    def advance(self, changes: RoundChanges) -> None:
        """Extend searches, and finish maps with collected results.

        Threads prepare both.
        """
        self._prune(changes)
        context = self._context
        for name, task in list(self._board.due_maps.items()):
            live = task.run.maps[task.record.node]
            need = "rows" if live.has_ended else "more"
            result = self._result(task, need)
            del self._board.due_maps[name]
            self._seen.discard(task)
            if need == "more" and not live.room:
                continue  # stopped, cancelled or full meanwhile: its next news note it again
            chain = self._chain(task) if need == "more" else [task]
            is_busy = any(task.run.maps[each.record.node].is_busy for each in chain)
            if isinstance(result, Failure) and not is_busy:
                live.is_closed = True
                for each in chain:
                    self._board.due_maps.pop(each.record.id, None)
                    fail_task(changes, each, result)
            elif need == "more" and result and not isinstance(result, Failure):
                self._extend(changes, task, result)
            elif need == "rows" and result and keep_and_check_bytes(context, changes, result, {}):
                self._result(task, "more")
                _finish(changes, task, result)
            else:  # a collection may have deleted the bytes of earlier results
                self._board.due_maps[name] = task
                self._seen.add(task)
                if isinstance(result, Failure):
                    # The map fails once its running elements have ended.
                    self._results.setdefault(task, {})[need] = result
                else:
                    self._submit(task, need)
        changes.apply_follow_ups()

    def _result(self, task: LiveTask, need: str) -> Any:
        return self._results.get(task, {}).pop(need, None)

    def _work(self, task: LiveTask, need: str) -> Callable[[], Any]:
        """Return what a thread does for a map."""
        run, plan, context = task.run, task.record.plan, self._context
        if need == "elements":
            assert plan.map is not None and plan.map.each is not None
            return partial(read_elements, context, plan.map.each, inputs_of(task))
        live, trials = run.maps[task.record.node], self._trials.setdefault(task, {})
        tasks, room = [run.tasks[node] for node in live.states], live.room
        elements = (ElementResult(element.record, element.results) for element in tasks)
        # The thread reads the elements.
        if need == "more":
            return lambda: suggest_elements(context, plan, [*elements], room, trials)
        if need == "stop":
            return lambda: hopeless_elements(context, plan, [*elements], trials)
        outputs = [argument.name for argument in plan.arguments if argument.role == "output"]
        return lambda: collect(context, outputs, [*elements])

    def _extend(self, changes: RoundChanges, task: LiveTask, plans: list[TaskPlan]) -> None:
        """Add elements to a search, and to the maps that follow it."""
        own = [each.element for each in plans if each.element]
        for each in self._chain(task):
            plan = each.record.plan
            added = (
                plans if each is task else following_plans(plan, dict.fromkeys(plan.follows(), own))
            )
            changes.expand(each, self._with_earlier(plan, added))

    def _chain(self, task: LiveTask) -> list[LiveTask]:
        """Return a search and the running maps that follow it."""
        nodes, chain = {task.record.node}, [task]
        for node in task.run.maps:  # in the order of the graph
            follower = task.run.tasks[node]
            if follower.record.state == "running" and nodes & follower.record.plan.follows():
                nodes.add(node)
                chain.append(follower)
        return chain

    def _prune(self, changes: RoundChanges) -> None:
        """Stop the elements that optimisers call hopeless."""
        if time.monotonic() < self._next_prune:
            return
        self._next_prune = time.monotonic() + PRUNE_SECONDS
        maps = [(run, node, m) for run in self._board.runs.values() for node, m in run.maps.items()]
        for run, map_node, live in maps:
            task = run.tasks[map_node]
            if not (live.prunes_by and live.is_busy and task.record.state == "running"):
                continue
            stopped = self._result(task, "stop")
            for node in stopped if isinstance(stopped, list) else ():
                if run.tasks[node].record.state == "running" and not run.tasks[node].cancelled:
                    changes.prune(run.tasks[node], live.prunes_by)
            self._submit(task, "stop")

    def _submit(self, task: LiveTask, need: str) -> None:
        """Start work in a thread, which keeps the result or the failure."""
        key = f"map {task.record.id} {need}"
        if self._threads.is_busy(key):
            return
        work = self._work(task, need)

        def attempt() -> Any:
            try:
                return work()
            except (Busy, Unavailable):
                raise
            except NbyardError as error:
                return failure_of(error, "preparation")

        def keep(result: Any) -> None:
            if result is not None:
                self._results.setdefault(task, {})[need] = result
            self._inbox.put(None)

        self._threads.submit(key, attempt, partial(Failure, "preparation"), keep)


def _elements(run: LiveRun, node: str) -> list[Element]:
    """Return the elements of a map in their order; empty for other nodes."""
    states = run.maps[node].states if node in run.maps else ()
    return [own for at in states if (own := run.tasks[at].record.plan.element)]


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
    if run.is_cancelled and (live.lost or live.is_short):
        changes.move_task(task, "cancelled", reason=CANCELLED, finished_at=now)
    elif live.is_stopped:
        fail_task(changes, task, Failure("error", counts))
    else:
        changes.move_task(task, "succeeded", reason=counts, finished_at=now)
