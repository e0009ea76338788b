"""Progress of a run: which waiting nodes are queued or skipped when another node ends.

The cost of an update depends on the nodes that change, not on the size of the graph.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from nbyard.domain.state_machines import TASK, RunState, TaskState

BAD = TASK.terminal - {"succeeded"}
Steps = list[tuple[str, Literal["queued", "skipped"]]]


class TaskOutcome(msgspec.Struct, frozen=True):
    """The state and the dependencies of a task. They decide which tasks follow."""

    state: TaskState
    needs: Collection[str]


class Progress:
    """The nodes of one run and their dependencies. Callers report each new state of a node."""

    def __init__(self, tasks: Mapping[str, TaskOutcome]):
        self._states: dict[str, TaskState] = {node: task.state for node, task in tasks.items()}
        self._after: dict[str, list[str]] = {node: [] for node in tasks}
        for node, task in tasks.items():
            for need in task.needs:
                self._after[need].append(node)
        self._unmet = {
            node: sum(tasks[need].state != "succeeded" for need in task.needs)
            for node, task in tasks.items()
        }
        self._ended = Counter(state for state in self._states.values() if state in TASK.terminal)

    def first_steps(self) -> Steps:
        """Return the nodes that change state at once, with their new states.

        A waiting node is queued if all its dependencies have succeeded. It is skipped if one has
        failed, or was cancelled or skipped.
        """
        steps: Steps = []
        for node, state in self._states.items():
            if state == "waiting" and not self._unmet[node]:
                steps.append((node, "queued"))
            elif state in BAD:
                steps += self._doomed(node)
        return steps

    def record(self, node: str, state: TaskState) -> Steps:
        """Record the new state of a node.

        Returns the waiting nodes that are queued or skipped as a result.
        """
        # a late report about a node that has ended
        if self._states[node] in TASK.terminal:
            return []
        self._states[node] = state
        if state in TASK.terminal:
            self._ended[state] += 1
        if state == "succeeded":
            steps: Steps = []
            for after in self._after[node]:
                self._unmet[after] -= 1
                if not self._unmet[after] and self._states[after] == "waiting":
                    steps.append((after, "queued"))
            return steps
        return self._doomed(node) if state in BAD else []

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
        if self._ended.total() < len(self._states):
            return None
        if self._ended["failed"]:
            return "failed"
        # If all nodes had succeeded before the request, the run stays a success.
        if self._ended["cancelled"] or (cancelled and self._ended["skipped"]):
            return "cancelled"
        return "succeeded"
