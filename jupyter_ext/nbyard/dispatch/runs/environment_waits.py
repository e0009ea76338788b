"""Queued tasks whose runtime does not know its packages yet. One of them asks for all."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbyard.dispatch.state.live_runs import LiveTask
from nbyard.dispatch.state.round_changes import RoundChanges
from nbyard.reasons.structs import Reason

PAUSE_SECONDS = 1.0


@dataclass(eq=False)
class UnknownPackages:
    """The wait for a runtime that does not know its packages yet.

    `waits` is what its tasks wait for. `until` is when to ask again, by the monotonic clock.
    """

    waits: Reason
    until: float = field(default_factory=lambda: time.monotonic() + PAUSE_SECONDS)


class EnvironmentWaits:
    """Tasks that wait until their runtime knows its packages, which their cache keys contain."""

    def __init__(self) -> None:
        self._silences: dict[str, UnknownPackages] = {}
        self._tasks: dict[str, dict[str, LiveTask]] = {}

    def is_silent(self, runtime: str, waits: Reason) -> None:
        """Record that the runtime does not know its packages yet; callable from any thread."""
        self._silences[runtime] = UnknownPackages(waits)

    def has_spoken(self, runtime: str) -> None:
        """Record that the runtime knows its packages; callable from any thread."""
        self._silences.pop(runtime, None)

    def hold_back(self, changes: RoundChanges, task: LiveTask) -> bool:
        """Hold a task back while its runtime's packages are unknown.

        The task shows what it waits for. Return whether it waits.
        """
        runtime = task.record.plan.runtime
        silence = self._silences.get(runtime)
        if silence is None:
            return False
        self._tasks.setdefault(runtime, {})[task.record.id] = task
        changes.note_wait(task, silence.waits)
        return True

    def forget(self, task_id: str) -> None:
        """Remove a task that has left the queue."""
        for tasks in self._tasks.values():
            tasks.pop(task_id, None)

    def resolved_tasks(self) -> Iterator[str]:
        """Yield the IDs of tasks whose runtime now knows its packages."""
        for runtime in [task for task in self._tasks if task not in self._silences]:
            yield from self._tasks.pop(runtime)

    def due_tasks(self) -> list[list[LiveTask]]:
        """Return the waiting tasks of each runtime to be asked again."""
        now, task_groups = time.monotonic(), []
        for runtime, tasks in self._tasks.items():
            silence = self._silences.get(runtime)
            if tasks and silence and now >= silence.until:
                silence.until = now + PAUSE_SECONDS
                task_groups.append(list(tasks.values()))
        return task_groups

    def next_due(self) -> float:
        """Return the next due time by the monotonic clock; infinity if no task waits."""
        # A copy, because threads change the dictionary meanwhile.
        silences = dict(self._silences)
        waiting = [silences[runtime] for runtime in silences if self._tasks.get(runtime)]
        return min((silence.until for silence in waiting), default=math.inf)
