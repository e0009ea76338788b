"""Service operations that forecast what a run computes, when it starts and how long it takes."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard.attempts.folders import attempt_folder_of, is_preparing_image
from nbyard.blobs import DryBlobs
from nbyard.domain.callers import Caller
from nbyard.domain.naming.runtime_names import DASK
from nbyard.domain.runs.previews.estimates import (
    AFTER,
    Estimate,
    ExpectedWork,
    Forecaster,
    ForecastQuestion,
    ForecastRequest,
    NodeForecast,
    RunForecast,
    UnfinishedNode,
    Usual,
    Verdict,
    elements_to_run,
    estimate_run,
    expected_tasks,
    seconds_until_start,
    usual_duration,
)
from nbyard.domain.runs.slots import Capacity, Slots
from nbyard.domain.runs.structs import TaskPlan
from nbyard.domain.state_machines import TASK
from nbyard.domain.users.quotas import RunQueue, Use
from nbyard.errors import Busy
from nbyard.freezing.executable_versions import DryVersions
from nbyard.freezing.node_resolution import import_hints
from nbyard.freezing.pushed_folders import pushed_context
from nbyard.freezing.runs.run_creation import isolated_plans, plan_run, recorded_values
from nbyard.freezing.runs.templates import content_of, freeze
from nbyard.host.hardware import capacity
from nbyard.host.project_files import DOCUMENT
from nbyard.reasons.structs import Reason, all_of
from nbyard.services.operation import operation
from nbyard.services.runs.history import RunHistory
from nbyard.services.service_context import ServiceContext
from nbyard.services.workflows.file_tracking import saved_workflow

if TYPE_CHECKING:
    from nbyard.store import Connection
    from nbyard.store.runs.tasks import TaskRecord

# Tasks further back in the queue have no estimated start.
LOOKED_AT = 1000
# The other threads of the server answer other requests.
MOST_AT_ONCE = 8


class RunForecasts(RunHistory):
    """The part of the run service that looks ahead."""

    @operation("GET", "/runs/{run}/estimate", scope="runs:read")
    def estimate(self, caller: Caller, run: str) -> Estimate:
        """Estimate the remaining time of a live run and its tasks.

        Estimates come from past runs. Queued tasks also have an estimated start, which depends on
        the tasks of all runs before them. Results from the cache take no time, but are not known in
        advance. There is no estimate for code that never succeeded, for finished runs, and while an
        image is built or pulled.
        """
        there_is = capacity(self._context.settings)
        with self._store.read() as c:
            record = self._find(c, caller, run)
            tasks = _working(self._store.tasks.of_run(c, record.id))
            live = [task for task in tasks if task.state in TASK.live]
            is_queued = any(task.state == "queued" for task in live)
            starts = self._turns(c, there_is) if is_queued else {}
            known = self._unfinished_node(c, live)
        ahead = {}
        for task in live:
            unfinished, seconds = known[task.id], starts.get(task.id)
            if unfinished.usual is not None and seconds is not None:
                later = msgspec.structs.replace(unfinished.usual, starts_in_seconds=seconds)
                unfinished = msgspec.structs.replace(unfinished, usual=later)
            ahead[task.node] = unfinished
        return estimate_run(ahead, there_is)

    def _slots(self, c: Connection, there_is: Capacity) -> Slots:
        """Return the capacity for tasks that is free now."""
        begun = {each.worker or each.id: each for each in self._store.attempts.live(c)}
        gpus = {each.task_id: each.gpus for each in begun.values() if each.runtime != DASK}
        first = self._store.tasks.in_turn(c, LOOKED_AT, ())
        running = [(task.plan, gpus[task.id]) for task in first if task.id in gpus]
        held = itertools.chain.from_iterable(self._store.deployments.granted_gpus(c).values())
        return Slots(there_is, running, held)

    def _turns(self, c: Connection, there_is: Capacity) -> dict[str, float]:
        """Return the expected seconds until queued tasks of all owners start, by task ID."""
        # The calls of one function worker share its slot, so count one of them.
        begun = {attempt.worker or attempt.id: attempt for attempt in self._store.attempts.live(c)}
        gpus = {attempt.task_id: attempt.gpus for attempt in begun.values()}
        order = self._turn(c)
        first = _working(self._store.tasks.in_turn(c, LOOKED_AT, order))
        past = [] if order is None else _working(self._store.tasks.last_queued(c, LOOKED_AT))
        known = self._unfinished_node(c, [*first, *past])
        running = [(known[task.id], gpus[task.id]) for task in first if task.id in gpus]
        queue = {task.id: known[task.id] for task in first if task.state == "queued"}
        held = itertools.chain.from_iterable(self._store.deployments.granted_gpus(c).values())
        ledger = self._store.quotas.ledger(c, self._store.quotas.read(c))
        half_life = self._context.settings.fair_share_half_life_seconds
        shares, now = self._store.quotas.used(c), datetime.now(UTC).timestamp()
        used = {owner: share.decayed(now, half_life) for owner, share in shares.items()}
        queue |= expected_tasks([known[task.id] for task in past])
        work = ExpectedWork(running, there_is, list(held), ledger, used)
        return seconds_until_start(work, queue)

    def _turn(self, c: Connection) -> list[str] | None:
        """Return the IDs of queued tasks in queue order, if several users take turns."""
        half_life = self._context.settings.fair_share_half_life_seconds
        return self._store.quotas.queue_order(c, half_life)

    @operation("GET", "/runs/{run}/queue", scope="runs:read")
    def queue(self, caller: Caller, run: str) -> RunQueue:
        """Show where a run is in the queue, who holds what it needs, and when it may start.

        Runs and deployments that the caller may not see are counted, never named.
        """
        there_is = capacity(self._context.settings)
        half_life = self._context.settings.fair_share_half_life_seconds
        with self._store.read() as c:
            record = self._find(c, caller, run)
            queue = self._store.quotas.queue(c, half_life)
            place = next((at for at, each in enumerate(queue) if each.run_id == record.id), None)
            task = None if place is None else self._store.tasks.get(c, queue[place].id)
            if place is None or task is None:
                return RunQueue()
            own_before = sum(each.owner == caller.name for each in queue[:place])
            ledger = self._store.quotas.ledger(c, self._store.quotas.read(c))
            uses = ledger.holders(Use.of_task(record.id, 0, record.owner, task.plan))
            uses = [use for use in uses if use.id != record.id]
            holders = self._store.quotas.visible(c, caller.name, uses)
            seconds = self._turns(c, there_is).get(task.id)
        before, unseen = (own_before, place - own_before), len(uses) - len(holders)
        return RunQueue(place + 1, *before, task.waits, holders, unseen > 0, seconds)

    def _unfinished_node(self, c: Connection, tasks: list[TaskRecord]) -> dict[str, UnfinishedNode]:
        """Return how long each of these tasks is expected to take, by task ID."""
        nodes_by_task: dict[str, UnfinishedNode] = {}
        root, now = self._store.folder, datetime.now(UTC)
        # The queue has tasks of all owners; past durations belong to one owner.
        for owner in {task.owner for task in tasks}:
            own = [task for task in tasks if task.owner == owner]
            named = {task.plan.executable_id for task in own}
            past = self._store.history.of_executables(c, owner, named)
            runs = {task.run_id for task in own if task.state == "preparing"}
            begun = self._store.attempts.newest_active(c, owner, runs) if runs else []
            folders = {
                (b.run_id, b.node): attempt_folder_of(root, b.attempt_id, b.worker) for b in begun
            }
            for task in own:
                plan, since = task.plan, task.started_at if task.state == "running" else None
                usual = usual_duration(past.get(plan.executable_id, []), plan.executable_version_id)
                folder = folders.get((task.run_id, task.node), root)
                if task.state == "preparing" and is_preparing_image(folder):
                    usual = None  # no record says how long images take
                # The clock may have been set back meanwhile.
                elapsed = max(0.0, (now - (since or now)).total_seconds())
                arrival = min(0.0, ((task.queued_at or now) - now).total_seconds())
                # Tasks on a Dask cluster take no slots of this machine.
                limits = None if plan.runtime == DASK else plan
                use = Use.of_task(task.run_id, 0, task.owner, plan)
                nodes_by_task[task.id] = UnfinishedNode(
                    plan.needs(), usual, elapsed, limits, use=use, arrives_in=arrival
                )
        return nodes_by_task

    def __init__(self, context: ServiceContext):
        super().__init__(context)
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
            context, path = pushed_context(self._context, caller.name, body.path) or (
                self._context,
                body.path,
            )
            body = msgspec.structs.replace(body, path=path)
            dry_context = dataclasses.replace(context, blobs=dry)
            frozen = freeze(dry_context, caller.name, body, caller.project)
            versions = DryVersions(self._store)
            with self._store.read() as c:
                content = content_of(c, frozen, versions.follow)
                values = recorded_values(content)
                plans = plan_run(self._store, c, caller.name, content, values)
                plans = isolated_plans(self._store, c, caller.name, plans)
                workflow = self._workflow_id(c, context, caller, body.path)
                project = self._store.projects.get(c, caller.name, caller.project)
            active = project.id if project else ""
            question = ForecastQuestion(caller.name, workflow, plans, versions.new, active)
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
                self._dry = DryBlobs(self._context.blobs)
                self.forecaster = self._context.forecaster(self._dry)
            shared = self._dry, self.forecaster
            self._under_way.add(owner)
        try:
            yield shared
        finally:
            with self._forecasting:
                self._under_way.discard(owner)

    def _workflow_id(
        self, c: Connection, context: ServiceContext, caller: Caller, path: str
    ) -> str:
        if not path.endswith(DOCUMENT):
            return ""
        known = saved_workflow(context, c, caller.name, Path(context.files.locate(path)))
        return known.id if known else ""

    def _sum_up(
        self,
        c: Connection,
        caller: Caller,
        plans: Sequence[TaskPlan],
        verdicts: Mapping[str, Verdict],
        hints: Mapping[str, Reason],
    ) -> RunForecast:
        there_is = capacity(self._context.settings)
        states = {plan.node: verdicts[plan.node].state for plan in plans}
        to_run = [plan for plan in plans if states[plan.node] not in ("cached", "skipped")]
        ids = {plan.executable_id for plan in to_run if plan.executable_id}
        past = self._store.history.of_executables(c, caller.name, ids)
        ahead: dict[str, UnfinishedNode] = {}
        usual: dict[str, Usual | None] = {}
        counts: dict[str, int | None] = {}
        for plan in to_run:
            known = past.get(plan.executable_id, [])
            own = usual_duration(known, plan.executable_version_id)
            count = elements_to_run(plan, verdicts[plan.node].reason, counts)
            ahead[plan.node] = UnfinishedNode(
                plan.needs(),
                None if count is None else own,
                limits=None if plan.runtime == DASK else plan,
                elements=count or 0,
                at_most=plan.map.at_most if plan.map else None,
                follows=plan.follows(),
            )
            counts[plan.node] = count
            whole = estimate_run({plan.node: ahead[plan.node]}, there_is).remaining_seconds
            usual[plan.node] = ahead[plan.node].usual
            if plan.map and own and whole is not None:
                usual[plan.node] = Usual(whole, own.samples)
        nodes = [
            NodeForecast(
                verdicts[plan.node].state,
                verdicts[plan.node].reason,
                plan.node,
                usual.get(plan.node),
                plan.environment,
                [hints[plan.node]] if plan.node in hints else [],
                counts.get(plan.node) if plan.map else None,
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
            cached=[*states.values()].count("cached"),
            to_run=len(to_run),
            seconds=estimate.remaining_seconds,
            without_estimate=estimate.unknown,
            is_maximum=may_be_cached,
            waits=waits,
        )


def _working(tasks: Iterable[TaskRecord]) -> list[TaskRecord]:
    """Return the tasks that run, without those that reuse an earlier result."""
    return [task for task in tasks if not task.plan.reuse]


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
