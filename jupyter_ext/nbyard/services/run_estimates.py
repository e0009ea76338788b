"""Runs: how long what is left of them will take."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nbyard.domain.callers import Caller
from nbyard.domain.estimates import Ahead, Estimate, Usual, estimate, usual
from nbyard.domain.runs import TaskPlan
from nbyard.domain.runtimes import DASK
from nbyard.domain.states import TASK
from nbyard.folders import makes_image, place
from nbyard.services.operation import operation
from nbyard.services.run_attempts import RunAttempts

if TYPE_CHECKING:
    from nbyard.store.tasks import TaskRecord


class RunEstimates(RunAttempts):
    """The part of the service of runs that looks ahead."""

    @operation("GET", "/runs/{run}/estimate", scope="runs:read")
    def estimate(self, caller: Caller, run: str) -> Estimate:
        """Estimate what a live run and its unfinished tasks still take, from past runs.

        What comes from the cache takes no time, and that is not known before. Nothing is said of
        what never succeeded before, nor while an image is built or pulled, nor of runs at their
        end.
        """
        with self._store.read() as c:
            found = self._find(c, caller, run)
            tasks = self._store.tasks.of_run(c, found.id)
            live = [t for t in tasks if t.state in TASK.live and not t.plan.reuse]
            named = {task.plan.executable_id for task in live}
            past = self._store.history.of_executables(c, found.owner, named) if named else {}
            begun = self._store.attempts.newest(c, caller.name, [found.id])
        now = datetime.now(UTC)
        root = self._store.folder
        folders = {one.node: place(root, one.attempt_id, one.worker) for one in begun}
        ahead = {}
        for task in live:
            of_same = past.get(task.plan.executable_id, [])
            known = usual(of_same, task.plan.executable_version_id)
            if task.state == "preparing" and makes_image(folders.get(task.node, root)):
                known = None  # how long that takes nobody knows
            ahead[task.node] = _ahead(task, known, now)
        settings = self._parts.settings
        return estimate(ahead, float(settings.slots or len(os.sched_getaffinity(0))))


def _ahead(task: TaskRecord, known: Usual | None, now: datetime) -> Ahead:
    running = task.started_at if task.state == "running" else None
    elapsed = (now - running).total_seconds() if running else 0.0
    return Ahead(task.plan.needs(), known, max(0.0, elapsed), _cores(task.plan))


def _cores(plan: TaskPlan) -> float:
    return 0.0 if plan.runtime == DASK else plan.cpu or 1.0
