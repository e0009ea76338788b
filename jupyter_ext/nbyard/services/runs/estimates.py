"""Service operations on runs that estimate when they start and how long they take."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from nbyard.attempts.folders import attempt_folder_of, is_preparing_image
from nbyard.domain.callers import Caller
from nbyard.domain.naming.runtime_names import DASK
from nbyard.domain.runs.previews.estimates import (
    Estimate,
    UnfinishedNode,
    Usual,
    estimate_run,
    seconds_until_start,
    usual_duration,
)
from nbyard.domain.runs.slots import Capacity, Slots
from nbyard.domain.state_machines import TASK
from nbyard.host.capacity import capacity
from nbyard.services.operation import operation
from nbyard.services.runs.other_files import RunFiles

if TYPE_CHECKING:
    from nbyard.store import Connection
    from nbyard.store.runs.tasks import TaskRecord

# Tasks further back in the queue have no estimated start.
LOOKED_AT = 300


class RunEstimates(RunFiles):
    """The part of the run service that estimates remaining time."""

    @operation("GET", "/runs/{run}/estimate", scope="runs:read")
    def estimate(self, caller: Caller, run: str) -> Estimate:
        """Estimate the remaining time of a live run and its tasks.

        Estimates come from past runs. Queued tasks also have an estimated start, which depends on
        the tasks of all runs before them. Results from the cache take no time, but are not known in
        advance. There is no estimate for code that never succeeded, for finished runs, and while an
        image is built or pulled.
        """
        there_is = capacity(self._parts.settings)
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
        begun = {attempt.worker or attempt.id: attempt for attempt in self._store.attempts.live(c)}
        gpus = {
            attempt.task_id: attempt.gpus for attempt in begun.values() if attempt.runtime != DASK
        }
        first = self._store.tasks.in_turn(c, LOOKED_AT)
        running = [(task.plan, gpus[task.id]) for task in first if task.id in gpus]
        held = itertools.chain.from_iterable(self._store.deployments.granted_gpus(c).values())
        return Slots(there_is, running, held)

    def _turns(self, c: Connection, there_is: Capacity) -> dict[str, float]:
        """Return the expected seconds until queued tasks of all owners start, by task ID."""
        # The calls of one function worker share its slot, so count one of them.
        begun = {attempt.worker or attempt.id: attempt for attempt in self._store.attempts.live(c)}
        gpus = {attempt.task_id: attempt.gpus for attempt in begun.values()}
        first = _working(self._store.tasks.in_turn(c, LOOKED_AT))
        known = self._unfinished_node(c, first)
        running = [(known[task.id], gpus[task.id]) for task in first if task.id in gpus]
        queue = {task.id: known[task.id] for task in first if task.state == "queued"}
        held = itertools.chain.from_iterable(self._store.deployments.granted_gpus(c).values())
        return seconds_until_start(running, queue, there_is, list(held))

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
                of_same = past.get(task.plan.executable_id, [])
                known = usual_duration(of_same, task.plan.executable_version_id)
                folder = folders.get((task.run_id, task.node), root)
                if task.state == "preparing" and is_preparing_image(folder):
                    known = None  # no record says how long images take
                nodes_by_task[task.id] = _unfinished_node(task, known, now)
        return nodes_by_task


def _working(tasks: Iterable[TaskRecord]) -> list[TaskRecord]:
    """Return the tasks that run, without those that reuse an earlier result."""
    return [task for task in tasks if not task.plan.reuse]


def _unfinished_node(task: TaskRecord, known: Usual | None, now: datetime) -> UnfinishedNode:
    running = task.started_at if task.state == "running" else None
    elapsed = (now - running).total_seconds() if running else 0.0
    # Tasks on a Dask cluster take no slots of this machine.
    limits = None if task.plan.runtime == DASK else task.plan
    # The clock may have been set back since the start.
    return UnfinishedNode(task.plan.needs(), known, max(0.0, elapsed), limits)
