"""Progress of a run: which waiting nodes are queued or skipped when another node ends.

The cost of an update depends on the nodes that change, not on the size of the graph.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from nbyard.domain.state_machines import TASK, RunState, TaskState
from nbyard.reasons.structs import Reason

BAD = TASK.terminal - {"succeeded"}
# why a condition skips a task, and the tasks after it
LEFT_OUT = ("condition-not-met", "upstream-skipped")
Steps = list[tuple[str, Literal["queued", "skipped"]]]


def is_left_out(reason: Reason | None) -> bool:
    """Return whether a task with this reason was skipped because of a condition."""
    return reason is not None and reason.code in LEFT_OUT


class TaskOutcome(msgspec.Struct, frozen=True):
    """The state and the dependencies of a task. They decide which tasks follow.

    `is_left_out`: a condition skipped it, or all tasks before it. Only such tasks may be missing
    among its dependencies, and of these only the `optional` ones.
    """

    state: TaskState
    needs: Collection[str]
    optional: Collection[str] = ()
    is_left_out: bool = False


class Progress:
    """The nodes of one run and their dependencies. Callers report each new state of a node."""

    def __init__(self, tasks: Mapping[str, TaskOutcome]):
        self._states: dict[str, TaskState] = {node: task.state for node, task in tasks.items()}
        self._tasks = tasks
        self._left_out = {node for node, task in tasks.items() if task.is_left_out}
        self._after: dict[str, list[str]] = {node: [] for node in tasks}
        for node, task in tasks.items():
            for need in task.needs:
                self._after[need].append(node)
        self._unmet = {
            node: sum(not self._is_met(node, need) for need in task.needs)
            for node, task in tasks.items()
        }
        self._ended = Counter(state for state in self._states.values() if state in TASK.terminal)

    def _is_met(self, node: str, need: str) -> bool:
        """Return whether a node does not wait for a dependency, which may be left out."""
        is_optional = need in self._left_out and need in self._tasks[node].optional
        return is_optional or self._states[need] == "succeeded"

    def first_steps(self) -> Steps:
        """Return the nodes that change state at once, with their new states.

        A waiting node is queued if all its dependencies have succeeded. It is skipped if one has
        failed, or was cancelled or skipped. Optional ones may be skipped, but not all of them.
        """
        steps: Steps = []
        for node, state in self._states.items():
            if state == "waiting" and not self._unmet[node]:
                steps.append((node, self._step(node)))
            elif state in BAD:
                steps += self._doomed(node)
        return steps

    def _step(self, node: str) -> Literal["queued", "skipped"]:
        """Return the next state of a node whose dependencies are met."""
        task = self._tasks[node]
        some = [self._states[need] == "succeeded" for need in task.optional]
        return "queued" if any(some) or len(task.needs) > len(some) or not some else "skipped"

    def record(self, node: str, state: TaskState, *, is_left_out: bool = False) -> Steps:
        """Record the new state of a node.

        Returns the waiting nodes that are queued or skipped as a result.
        """
        # a late report about a node that has ended
        if self._states[node] in TASK.terminal:
            return []
        self._states[node] = state
        if state in TASK.terminal:
            self._ended[state] += 1
        if is_left_out:
            self._left_out.add(node)
        steps: Steps = self._doomed(node) if state in BAD else []
        if state == "succeeded" or is_left_out:
            for after in self._after[node]:
                if self._is_met(after, node):
                    self._unmet[after] -= 1
                    if not self._unmet[after] and self._states[after] == "waiting":
                        steps.append((after, self._step(after)))
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
        if self._ended.total() < len(self._states):
            return None
        if self._ended["failed"]:
            return "failed"
        # If all nodes had succeeded before the request, the run stays a success.
        if self._ended["cancelled"] or (cancelled and self._ended["skipped"]):
            return "cancelled"
        return "succeeded"
