"""The maps of live runs: which of their elements may start, and when all have ended."""

from collections.abc import Collection, Mapping

from nbyard.domain.maps.elements import tolerates
from nbyard.domain.maps.structs import MapPlan
from nbyard.domain.state_machines import TASK, TaskState


class LiveMap:
    """A map with elements. `states` are those of their tasks by node, in the order of the input.

    A condition or a user `left_out` some of them, which are not lost.
    """

    def __init__(
        self, plan: MapPlan, states: Mapping[str, TaskState], left_out: Collection[str] = ()
    ):
        self._plan = plan
        self.states = dict(states)
        self._held: dict[str, None] = {}
        ended = [state for state in states.values() if state in TASK.terminal]
        self._left = len(states) - len(ended)
        self.lost = len(ended) - ended.count("succeeded") - len(left_out)
        self._active = self._left - list(states.values()).count("waiting")

    @property
    def has_ended(self) -> bool:
        """Return whether all elements have ended."""
        return not self._left

    @property
    def is_stopped(self) -> bool:
        """Return whether too many elements failed, so that no more of them start."""
        return not tolerates(self._plan.on_failure, self.lost, len(self.states))

    def admit(self, node: str, *, is_done: bool = False) -> bool:
        """Return whether a waiting element may enter the queue; else hold it back.

        An element that reuses a result always may.
        """
        is_full = self._plan.at_most is not None and self._active >= self._plan.at_most
        if is_full and not is_done:
            self._held[node] = None
            return False
        self._held.pop(node, None)
        self._active += 1
        return True

    def record(self, node: str, state: TaskState, *, is_left_out: bool = False) -> str:
        """Record the new state of an element; return the element that may start instead of it."""
        before, self.states[node] = self.states[node], state
        if state not in TASK.terminal:
            return ""
        self._left -= 1
        self.lost += state != "succeeded" and not is_left_out
        self._held.pop(node, None)
        if before == "waiting":
            return ""
        self._active -= 1
        return next(iter(self._held), "")
