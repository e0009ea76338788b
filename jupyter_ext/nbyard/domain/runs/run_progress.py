"""Progress of a run: which waiting nodes are queued or skipped when another node ends.

The cost of an update depends on the nodes that change, not on the size of the graph.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Literal

import msgspec

from nbyard.domain.runs.structs import TaskPlan
from nbyard.domain.state_machines import TASK, RunState, TaskState
from nbyard.reasons.structs import Reason

BAD = TASK.terminal - {"succeeded"}
PRUNED = "pruned"
# why a condition, a user or a search leaves a task out, and why the tasks after it are skipped
LEFT_OUT = ("condition-not-met", "upstream-skipped", "element-cancelled", PRUNED)
Steps = list[tuple[str, Literal["queued", "skipped"]]]


class TaskOutcome(msgspec.Struct, frozen=True):
    """The state and the dependencies of a task. They decide which tasks follow.

    It need not wait for the end of the maps that it `follows`: their elements exist when they run.
    An element of a map decides the state of its map only, not that of the run.

    `is_left_out`: a condition, a user or a search left it out, or all tasks before it. Only such
    tasks may be missing among its dependencies, and of these only the `optional` ones.
    """

    state: TaskState
    needs: Collection[str]
    follows: Collection[str] = ()
    is_element: bool = False
    optional: Collection[str] = ()
    is_left_out: bool = False


def is_left_out(state: str, reason: Reason | None) -> bool:
    """Return whether a condition, a user or a search left out a task in this state."""
    return state in ("skipped", "cancelled") and reason is not None and reason.code in LEFT_OUT


def is_pruned(reason: Reason | None) -> bool:
    """Return whether a search wants to cancel the running task with this reason."""
    return reason is not None and reason.code == PRUNED


def outcome_of(plan: TaskPlan, state: TaskState, reason: Reason | None = None) -> TaskOutcome:
    """Return the state and the dependencies of a task with this plan."""
    left_out = is_left_out(state, reason)
    dependencies = (plan.needs(), plan.follows(), plan.element is not None, plan.optional_needs())
    return TaskOutcome(state, *dependencies, is_left_out=left_out)


class Progress:
    """The nodes of one run and their dependencies. Callers report each new state of a node."""

    def __init__(self, tasks: Mapping[str, TaskOutcome]):
        self._tasks: dict[str, TaskOutcome] = {}
        self._states: dict[str, TaskState] = {}
        self._after: dict[str, list[str]] = {}
        self._followers: dict[str, list[str]] = {}
        self._unmet: dict[str, int] = {}
        self._left_out: set[str] = set()
        self._left = 0
        self._ended = Counter[TaskState]()
        self.add(tasks)

    def add(self, tasks: Mapping[str, TaskOutcome]) -> Steps:
        """Add nodes; return those that are queued or skipped at once."""
        self._tasks |= tasks
        for node, task in tasks.items():
            self._states[node], self._after[node] = task.state, []
            self._left_out |= {node} if task.is_left_out else set()
            self._count(node, task.state)
        self._left += len(tasks)
        for node, task in tasks.items():
            for need in task.needs:
                self._after[need].append(node)
                if need in task.follows:
                    self._followers.setdefault(need, []).append(node)
            self._unmet[node] = sum(not self._is_met(node, need) for need in task.needs)
        return self._steps(tasks)

    def first_steps(self) -> Steps:
        """Return the nodes that change state at once, with their new states.

        A waiting node is queued if all its dependencies have succeeded. It is skipped if one has
        failed, or was cancelled or skipped. Optional ones may be left out, but not all of them.
        """
        return self._steps(self._states)

    def _steps(self, nodes: Iterable[str]) -> Steps:
        steps: Steps = []
        for node in nodes:
            state = self._states[node]
            if state == "waiting" and not self._unmet[node]:
                steps.append((node, self._step(node)))
            elif state in BAD:
                steps += self._doomed(node)
        return steps

    def _is_met(self, node: str, need: str) -> bool:
        """Return whether a node does not wait for a dependency, which may be left out."""
        task, state = self._tasks[node], self._states[need]
        is_optional = need in self._left_out and need in task.optional
        return is_optional or state == "succeeded" or (state == "running" and need in task.follows)

    def _step(self, node: str) -> Literal["queued", "skipped"]:
        """Return the next state of a node whose dependencies are met."""
        task = self._tasks[node]
        some = [self._states[need] == "succeeded" for need in task.optional]
        return "queued" if any(some) or len(task.needs) > len(some) or not some else "skipped"

    def _count(self, node: str, state: TaskState) -> None:
        if state in TASK.terminal:
            self._left -= 1
            if not self._tasks[node].is_element:
                self._ended[state] += 1

    def record(self, node: str, state: TaskState, *, is_left_out: bool = False) -> Steps:
        """Record the new state of a node.

        Returns the waiting nodes that are queued or skipped as a result.
        """
        # a late report about a node that has ended
        if self._states[node] in TASK.terminal:
            return []
        self._states[node] = state
        self._left_out |= {node} if is_left_out else set()
        self._count(node, state)
        followers = self._followers.get(node, [])
        if state == "running":
            return self._met(followers)
        steps = self._doomed(node) if state in BAD else []
        if state == "succeeded" or is_left_out:
            after = [each for each in self._after[node] if each not in followers]
            steps += self._met(each for each in after if self._is_met(each, node))
        return steps

    def _met(self, nodes: Iterable[str]) -> Steps:
        steps: Steps = []
        for node in nodes:
            self._unmet[node] -= 1
            if not self._unmet[node] and self._states[node] == "waiting":
                steps.append((node, self._step(node)))
        return steps

    def leaves_out(self, node: str) -> bool:
        """Return whether a skipped node has only dependencies that succeeded or are left out."""
        bad = {need for need in self._tasks[node].needs if self._states[need] in BAD}
        return bool(bad) and bad <= self._left_out

    def _doomed(self, node: str) -> Steps:
        return [
            # Only direct successors: the caller records a skipped node, which skips the next.
            (successor, "skipped")
            for successor in self._after[node]
            if self._states[successor] == "waiting" and not self._is_met(successor, node)
        ]

    def end(self, cancelled: bool) -> RunState | None:
        """Return the final state of the run if all its nodes have ended, else None.

        `cancelled`: the cancellation of the run was requested.
        """
        if self._left:
            return None
        if self._ended["failed"]:
            return "failed"
        # If all nodes had succeeded before the request, the run stays a success.
        if self._ended["cancelled"] or (cancelled and self._ended["skipped"]):
            return "cancelled"
        return "succeeded"
