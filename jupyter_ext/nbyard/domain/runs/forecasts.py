"""Forecasts: which nodes of a run would come from the cache, before it starts."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.runs.estimates import Usual
from nbyard.domain.runs.structs import NewRun, TaskPlan
from nbyard.reasons.structs import Reason

# the code of the reason of nodes that may still find their result in the cache
AFTER = "after-node"
ForecastState = Literal["cached", "stale", "unknown"]


class ForecastRequest(NewRun, frozen=True, forbid_unknown_fields=True):
    """A run that could start, as for `runs.create`.

    `document` is the unsaved text of the workflow at `path`; empty for the saved file.
    """

    document: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """Whether a node would come from the cache, and why or why not."""

    state: ForecastState
    reason: Reason | None = None


class NodeForecast(Verdict, frozen=True):
    """What would happen to a node.

    `cached` nodes use an earlier result. `stale` nodes run, because of `reason`. `unknown` nodes
    could not be checked, for `reason`. `usual` is the usual duration of a node that may run, null
    if its code never succeeded.
    """

    node: str = ""
    usual: Usual | None = None


class RunForecast(msgspec.Struct, frozen=True):
    """What would happen if the run started now.

    `to_run` counts all nodes that may run. With `is_maximum` they may be fewer, because a node
    whose inputs are computed again may still find its result in the cache. `seconds` is a minimum,
    from the longest path through these nodes and from the machine's capacity; null if nothing is
    known. `without_estimate` of them have no usual duration. `waits` is set if a node that could
    start at once must wait for a GPU, memory or a slot.
    """

    nodes: list[NodeForecast]
    cached: int
    to_run: int
    seconds: float | None
    without_estimate: int
    is_maximum: bool = False
    waits: Reason | None = None


class ForecastQuestion(msgspec.Struct, frozen=True):
    """The tasks of a run that is not created.

    `versions` has the code that is not stored, by ID. `workflow` is the ID of the workflow, empty
    if it never ran.
    """

    owner: str
    workflow: str
    plans: Sequence[TaskPlan]
    versions: Mapping[str, ExecutableVersion] = {}


class Forecaster(Protocol):
    """Answers from the cache, with the same decision as a run."""

    def forecast(self, question: ForecastQuestion) -> dict[str, Verdict]:
        """Return the verdict for each node. Nothing is written."""
