"""Assign attempts to function workers, and decide when another worker pays off."""

import secrets
from collections.abc import Mapping

from nbyard.dispatch.attempts.secret_delivery import secrets_of
from nbyard.dispatch.cache.keys import Code, values_of
from nbyard.dispatch.state.live_runs import LiveRuns, LiveTask, LiveWorker
from nbyard.domain.attempts.structs import Result
from nbyard.domain.caching.absolute_paths import names_outside
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.ids import new_id
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.runs.structs import TaskPlan

KIND = "function"
# Limits of a worker's queue, so that other tasks get their turn on its slot.
AHEAD_SECONDS = 1.0
AHEAD_AT_FIRST = 4
MOST_AHEAD = 1000
# approximate time to start a worker and import a file
START_SECONDS = 0.1
WEIGHT_OF_NEW = 0.5
REMEMBERED = 10_000
Group = tuple[str, ...]


def group_of(task: LiveTask, code: Code, environment: EnvironmentRef) -> Group:
    """Return the group of tasks whose calls may share a process.

    The group is empty if the call needs a process of its own.
    """
    plan, version = task.record.plan, code.version
    if version.kind != KIND or plan.runtime != PROCESS:
        return ()
    # Limits, GPUs, secrets and ports require a process of its own. So do paths outside the code,
    # which are watched from the start of a process.
    limits = (plan.memory_bytes, plan.silence_timeout_seconds, plan.gpu)
    own = (*limits, plan.requirements_digest, secrets_of(plan), plan.ports, plan.tensorboard)
    if any(own) or names_outside(values_of(plan).values()):
        return ()
    file = split_function_path(version.file).file
    # Equal bundles may contain several files with functions.
    about = (version.bundle_digest, file, environment.fingerprint, str(plan.cpu))
    return (task.record.run_id, *about)


class WorkerAssignment:
    """Decides how many calls a worker gets: few until the duration of the function is known."""

    def __init__(self, board: LiveRuns):
        self._board = board
        self._seconds: dict[str, float] = {}

    def learn_duration(self, plan: TaskPlan, result: Result) -> None:
        """Update the expected duration of calls to this version of a function."""
        took, version = max(result.finished_at - result.started_at, 0.0), plan.executable_version_id
        if len(self._seconds) >= REMEMBERED:
            self._seconds.clear()
        known = self._seconds.get(version, took)
        # A moving average follows changes in duration.
        self._seconds[version] = known + WEIGHT_OF_NEW * (took - known)

    def busy_workers(self) -> Mapping[Group, LiveWorker]:
        """Return the busy worker of each group with the fewest calls."""
        worker_by_group: dict[Group, LiveWorker] = {}
        for worker in self._board.workers.values():
            if worker.group and worker.attempts and not worker.has_left:
                least = worker_by_group.get(worker.group, worker)
                if len(worker.attempts) <= len(least.attempts):
                    worker_by_group[worker.group] = worker
        return worker_by_group

    def has_room(self, worker: LiveWorker, plan: TaskPlan) -> bool:
        """Return whether the worker may get one more call."""
        seconds = self._seconds.get(plan.executable_version_id)
        if seconds is None:
            return len(worker.attempts) < AHEAD_AT_FIRST
        # The comparison also avoids a division by a duration of 0.
        most = AHEAD_SECONDS / seconds if seconds * MOST_AHEAD > AHEAD_SECONDS else MOST_AHEAD
        return len(worker.attempts) < max(most, 1)

    def is_enough(self, worker: LiveWorker, plan: TaskPlan) -> bool:
        """Return whether the worker would reach this call before a new worker could start."""
        seconds = self._seconds.get(plan.executable_version_id)
        return seconds is not None and len(worker.attempts) * seconds < START_SECONDS

    def idle_or_new_worker(self, task: LiveTask, group: Group) -> LiveWorker:
        """Return an idle worker of that group, else a new one."""
        for worker in self._board.workers.values():
            if worker.group == group and not worker.attempts and not worker.has_left:
                return worker
        return LiveWorker(new_id(), secrets.token_hex(16), task.run, group)
