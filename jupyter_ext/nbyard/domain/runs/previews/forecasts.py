"""Forecasts: which nodes of a run would come from the cache, before it starts."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.runs.previews.estimates import Usual
from nbyard.domain.runs.structs import NewRun, TaskPlan
from nbyard.reasons.structs import Reason

# the reason code of nodes that run after another one, but may still use a cached result
AFTER = "after-node"
ForecastState = Literal["cached", "stale", "unknown"]


class ForecastRequest(NewRun, frozen=True, forbid_unknown_fields=True):
    """A run to forecast, with the fields of `runs.create`.

    `document` is the unsaved text of the workflow at `path`; empty for the saved file.
    """

    document: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """The forecast of a node's state: whether its result would come from the cache, and why."""

    state: ForecastState
    reason: Reason | None = None


class NodeForecast(Verdict, frozen=True):
    """The forecast of one node.

    A `cached` node uses an earlier result. A `stale` node runs, because of `reason`. An `unknown`
    node could not be checked, for `reason`. `usual` is the usual duration of a node that may run,
    null if its code never succeeded. `environment` is what it would use. The `hints` name
    packages that its code imports, and that are missing there.
    """

    node: str = ""
    usual: Usual | None = None
    environment: UsedEnvironment | None = None
    hints: list[Reason] = []


class RunForecast(msgspec.Struct, frozen=True):
    """The forecast of a run that would start now.

    `to_run` counts all nodes that may run. With `is_maximum`, fewer may run, because a node whose
    inputs are computed again may still use a cached result. `seconds` is a minimum, from the
    longest path through these nodes and from the machine's capacity; null if unknown.
    `without_estimate` counts nodes without a usual duration. `waits` is set if a node that could
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
    """The tasks of a run to forecast; the run is not created.

    `versions` are the executable versions that are not stored, by ID. `workflow` is the ID of the
    workflow, empty if it never ran.
    """

    owner: str
    workflow: str
    plans: Sequence[TaskPlan]
    versions: Mapping[str, ExecutableVersion] = {}


class Forecaster(Protocol):
    """Compares tasks with the cache, by the same rules as a run."""

    def forecast(self, question: ForecastQuestion) -> dict[str, Verdict]:
        """Return the verdict for each node by its ID. The store is only read."""
