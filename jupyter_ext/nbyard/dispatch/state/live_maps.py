"""The maps of live runs: which of their elements may start, and when all have ended."""

from collections.abc import Collection, Mapping
from typing import Optional

from nbyard.domain.maps.elements import tolerates
from nbyard.domain.maps.structs import MapPlan, Search
from nbyard.domain.state_machines import TASK, TaskState


class LiveMap:
    """A map with elements. `states` are those of their tasks by node, in the order of the input.

    Those that are `left_out`, by a condition, a user or a search, are not lost. An optimiser adds
    elements, and to the maps that follow it, until the map `is_closed`.
    """

    def __init__(
        self,
        plan: MapPlan,
        states: Mapping[str, TaskState],
        left_out: Collection[str] = (),
        followed: Optional["LiveMap"] = None,
    ):
        self._plan = plan
        self._followed = followed
        self.is_closed = False
        self.states = dict(states)
        self._held: dict[str, None] = {}
        ended = [state for state in states.values() if state in TASK.terminal]
        self._left = len(states) - len(ended)
        self.lost = len(ended) - ended.count("succeeded") - len(left_out)
        self._active = self._left - list(states.values()).count("waiting")

    def add(self, states: Mapping[str, TaskState]) -> None:
        """Add waiting elements."""
        self.states |= states
        self._left += len(states)

    @property
    def is_open(self) -> bool:
        """Return whether more elements may be added."""
        if self.is_closed:
            return False
        return self._followed.is_open if self._followed else self.is_short and not self.is_stopped

    @property
    def is_short(self) -> bool:
        """Return whether elements of an optimiser are missing."""
        return len(self.states) < self._plan.count

    @property
    def is_busy(self) -> bool:
        """Return whether elements have not ended."""
        return self._left > 0

    @property
    def has_ended(self) -> bool:
        """Return whether all elements have ended, and no more come."""
        return not self.is_busy and not self.is_open

    @property
    def room(self) -> int:
        """Return how many elements an optimiser may add now."""
        if self._followed or not self.is_open:
            return 0
        at_once = (self._plan.at_most or 1) - self._left
        return max(0, min(at_once, self._plan.count - len(self.states)))

    @property
    def prunes_by(self) -> str:
        """Return the metric by which a search stops elements."""
        search = self._plan.each
        return search.goal if isinstance(search, Search) and search.prune else ""

    @property
    def is_stopped(self) -> bool:
        """Return whether too many elements failed, so that no more of them start."""
        total = self._plan.count or len(self.states)
        return not tolerates(self._plan.on_failure, self.lost, total)

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
