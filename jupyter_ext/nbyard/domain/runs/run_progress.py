"""Progress of a run: which waiting nodes are queued or skipped when another node ends.

The cost of an update depends on the nodes that change, not on the size of the graph.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Literal

import msgspec

from nbyard.domain.runs.structs import TaskPlan
from nbyard.domain.state_machines import TASK, RunState, TaskState

BAD = TASK.terminal - {"succeeded"}
Steps = list[tuple[str, Literal["queued", "skipped"]]]


class TaskOutcome(msgspec.Struct, frozen=True):
    """The state and the dependencies of a task. They decide which tasks follow.

    It need not wait for the end of the maps that it `follows`: their elements exist when they run.
    An element of a map decides the state of its map only, not that of the run.
    """

    state: TaskState
    needs: Collection[str]
    follows: Collection[str] = ()
    is_element: bool = False


def outcome_of(plan: TaskPlan, state: TaskState) -> TaskOutcome:
    """Return the state and the dependencies of a task with this plan."""
    return TaskOutcome(state, plan.needs(), plan.follows(), plan.element is not None)


class Progress:
    """The nodes of one run and their dependencies. Callers report each new state of a node."""

    def __init__(self, tasks: Mapping[str, TaskOutcome]):
        self._states: dict[str, TaskState] = {}
        self._after: dict[str, list[str]] = {}
        self._followers: dict[str, list[str]] = {}
        self._unmet: dict[str, int] = {}
        self._elements: set[str] = set()
        self._left = 0
        self._ended = Counter[TaskState]()
        self.add(tasks)

    def add(self, tasks: Mapping[str, TaskOutcome]) -> Steps:
        """Add nodes; return those that are queued or skipped at once."""
        for node, task in tasks.items():
            self._states[node], self._after[node] = task.state, []
            self._elements |= {node} if task.is_element else set()
            self._count(node, task.state)
        self._left += len(tasks)
        for node, task in tasks.items():
            for need in task.needs:
                self._after[need].append(node)
                if need in task.follows:
                    self._followers.setdefault(need, []).append(node)
            self._unmet[node] = sum(
                self._states[need] not in (("running",) if need in task.follows else ())
                and self._states[need] != "succeeded"
                for need in task.needs
            )
        return self._steps(tasks)

    def first_steps(self) -> Steps:
        """Return the nodes that change state at once, with their new states.

        A waiting node is queued if all its dependencies have succeeded. It is skipped if one has
        failed, or was cancelled or skipped.
        """
        return self._steps(self._states)

    def _steps(self, nodes: Iterable[str]) -> Steps:
        steps: Steps = []
        for node in nodes:
            state = self._states[node]
            if state == "waiting" and not self._unmet[node]:
                steps.append((node, "queued"))
            elif state in BAD:
                steps += self._doomed(node)
        return steps

    def _count(self, node: str, state: TaskState) -> None:
        if state in TASK.terminal:
            self._left -= 1
            if node not in self._elements:
                self._ended[state] += 1

    def record(self, node: str, state: TaskState) -> Steps:
        """Record the new state of a node.

        Returns the waiting nodes that are queued or skipped as a result.
        """
        # a late report about a node that has ended
        if self._states[node] in TASK.terminal:
            return []
        self._states[node] = state
        self._count(node, state)
        followers = self._followers.get(node, [])
        if state == "running":
            return self._met(followers)
        if state == "succeeded":
            return self._met([after for after in self._after[node] if after not in followers])
        return self._doomed(node) if state in BAD else []

    def _met(self, nodes: Iterable[str]) -> Steps:
        steps: Steps = []
        for node in nodes:
            self._unmet[node] -= 1
            if not self._unmet[node] and self._states[node] == "waiting":
                steps.append((node, "queued"))
        return steps

    def _doomed(self, node: str) -> Steps:
        return [
            # Only direct successors: the caller records a skipped node, which skips the next.
            (successor, "skipped")
            for successor in self._after[node]
            if self._states[successor] == "waiting"
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
