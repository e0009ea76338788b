"""Service operation that forecasts what a run would execute, and how long that would take."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard.blobs import DryBlobs
from nbyard.domain.callers import Caller
from nbyard.domain.naming.runtime_names import DASK
from nbyard.domain.runs.previews.estimates import UnfinishedNode, estimate_run, usual_duration
from nbyard.domain.runs.previews.forecasts import (
    AFTER,
    Forecaster,
    ForecastQuestion,
    ForecastRequest,
    NodeForecast,
    RunForecast,
    Verdict,
)
from nbyard.domain.runs.slots import Slots
from nbyard.domain.runs.structs import TaskPlan
from nbyard.errors import Busy
from nbyard.freezing.dry_versions import DryVersions
from nbyard.freezing.node_resolution import import_hints
from nbyard.freezing.pushed_folders import pushed_context
from nbyard.freezing.runs.run_creation import plan_run, recorded_values
from nbyard.freezing.runs.templates import WORKFLOW, content_of, freeze
from nbyard.host.capacity import capacity
from nbyard.reasons.structs import Reason, all_of
from nbyard.services.operation import operation
from nbyard.services.runs.previews import RunPreviews
from nbyard.services.service_context import ServiceContext
from nbyard.services.workflows.file_tracking import saved_workflow

if TYPE_CHECKING:
    from nbyard.store import Connection

# The other threads of the server answer other requests.
MOST_AT_ONCE = 8


class RunForecasts(RunPreviews):
    """The part of the run service that looks ahead."""

    def __init__(self, parts: ServiceContext):
        super().__init__(parts)
        self._forecasting = threading.Lock()
        self.forecaster: Forecaster | None = None
        self._dry: DryBlobs | None = None
        self._under_way: set[str] = set()

    @operation("POST", "/runs/forecast", scope="runs:read")
    def forecast(self, caller: Caller, body: ForecastRequest) -> RunForecast:
        """Show which nodes would run and which would come from the cache.

        Nothing is started or stored. The decision is that of a run, and so are the errors if the
        run could not start. Durations come from past runs. A second forecast of one person is
        refused while the first is under way.
        """
        with self._one_at_a_time(caller.name) as (dry, forecaster), dry.one_request():
            # Dry blobs only hash the bytes of changed files, so freezing stores nothing.
            parts, path = pushed_context(self._parts, caller.name, body.path) or (
                self._parts,
                body.path,
            )
            body = msgspec.structs.replace(body, path=path)
            parts_of_dry = dataclasses.replace(parts, blobs=dry)
            frozen = freeze(parts_of_dry, caller.name, body, caller.project)
            versions = DryVersions(self._store)
            with self._store.read() as c:
                content = content_of(c, frozen, versions.follow)
                values = recorded_values(content)
                plans = plan_run(self._store, c, caller.name, content, values)
                workflow = self._workflow_id(c, parts, caller, body.path)
            question = ForecastQuestion(caller.name, workflow, plans, versions.new)
            verdicts = forecaster.forecast(question)
            to_run = {plan.node for plan in plans if verdicts[plan.node].state != "cached"}
            nodes = {name: frozen.meant.nodes[name] for name in to_run}
            name = Path(frozen.body.path).stem
            hints = import_hints(frozen.nodes.resolver, nodes, name, frozen.overrides)
            with self._store.read() as c:
                return self._sum_up(c, caller, plans, verdicts, hints)

    @contextmanager
    def _one_at_a_time(self, owner: str) -> Iterator[tuple[DryBlobs, Forecaster]]:
        """Limit the number of forecasts at the same time, and yield what all forecasts share.

        This leaves threads of the server free for other requests.

        Raises:
            Busy: A forecast of this owner, or too many of others, are being computed.
        """
        with self._forecasting:
            if owner in self._under_way or len(self._under_way) >= MOST_AT_ONCE:
                raise Busy("Another forecast is under way; try again in a moment.")
            if self._dry is None or self.forecaster is None:
                self._dry = DryBlobs(self._parts.blobs)
                self.forecaster = self._parts.forecaster(self._dry)
            shared = self._dry, self.forecaster
            self._under_way.add(owner)
        try:
            yield shared
        finally:
            with self._forecasting:
                self._under_way.discard(owner)

    def _workflow_id(self, c: Connection, parts: ServiceContext, caller: Caller, path: str) -> str:
        if not path.endswith(WORKFLOW):
            return ""
        known = saved_workflow(parts, c, caller.name, Path(parts.files.locate(path)))
        return known.id if known else ""

    def _sum_up(
        self,
        c: Connection,
        caller: Caller,
        plans: Sequence[TaskPlan],
        verdicts: Mapping[str, Verdict],
        hints: Mapping[str, Reason],
    ) -> RunForecast:
        there_is = capacity(self._parts.settings)
        to_run = [plan for plan in plans if verdicts[plan.node].state != "cached"]
        ids = {plan.executable_id for plan in to_run if plan.executable_id}
        past = self._store.history.of_executables(c, caller.name, ids)
        ahead: dict[str, UnfinishedNode] = {}
        for plan in to_run:
            known = past.get(plan.executable_id, [])
            usual = usual_duration(known, plan.executable_version_id)
            limits = None if plan.runtime == DASK else plan
            ahead[plan.node] = UnfinishedNode(plan.needs(), usual, limits=limits)
        nodes = [
            NodeForecast(
                verdicts[plan.node].state,
                verdicts[plan.node].reason,
                plan.node,
                ahead[plan.node].usual if plan.node in ahead else None,
                plan.environment,
                [hints[plan.node]] if plan.node in hints else [],
            )
            for plan in plans
        ]
        estimate = estimate_run(ahead, there_is)
        waits = first_wait(to_run, self._slots(c, there_is))
        # Such a node counts as one to run, but may come from the cache. So the time is a maximum.
        may_be_cached = any(
            node.state == "unknown" or (node.reason and node.reason.code == AFTER) for node in nodes
        )
        return RunForecast(
            nodes,
            cached=len(plans) - len(to_run),
            to_run=len(to_run),
            seconds=estimate.remaining_seconds,
            without_estimate=estimate.unknown,
            is_maximum=may_be_cached,
            waits=waits,
        )


def first_wait(to_run: Sequence[TaskPlan], slots: Slots) -> Reason | None:
    """Return the reason why the first nodes must wait, None if they can start at once.

    They wait if one of them lacks a GPU or memory, or if all of them lack slots.
    """
    names = {plan.node for plan in to_run}
    own = [plan for plan in to_run if plan.runtime != DASK]
    first = [plan for plan in own if slots.is_too_much(plan) or not plan.needs() & names]
    lacking = [slots.lacks(plan) for plan in first]
    scarce = [resources for resources in lacking if "gpu" in resources or "memory" in resources]
    blocked = scarce or (lacking if all(lacking) else [])
    return all_of([*blocked[0].values()]) if blocked else None
