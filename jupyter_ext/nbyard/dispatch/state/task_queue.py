"""The queued tasks of all live runs in memory, in queue order and by their queue limits."""

import bisect
import itertools
import math
import time
from collections.abc import Set
from typing import Generic, Protocol, TypeVar

from nbyard.store.runs.tasks import TaskRecord

# Negated priority, submission time of the run, time of queueing, ID of the task
QueuePlace = tuple[int, float, float, str]


class Queued(Protocol):
    """A task with its place in the queue and the time at which its queue limit expires."""

    record: TaskRecord

    @property
    def queue_place(self) -> QueuePlace: ...

    @property
    def queue_deadline(self) -> float: ...


QueuedTask = TypeVar("QueuedTask", bound=Queued)


class TaskQueue(Generic[QueuedTask]):
    """The queued tasks in queue order, and in the order of their queue limits."""

    def __init__(self) -> None:
        # Sorted lists, not heaps: rounds read them in order, and tasks leave from any place.
        self._places: list[QueuePlace] = []
        self._deadlines: list[tuple[float, str]] = []
        self._tasks: dict[str, tuple[QueuePlace, float, QueuedTask]] = {}

    def add(self, task: QueuedTask) -> None:
        """Add a queued task at its place."""
        task_id, deadline = task.record.id, task.queue_deadline
        # `remove` searches for this place, and the run may have been read again meanwhile.
        self._tasks[task_id] = (task.queue_place, deadline, task)
        bisect.insort(self._places, task.queue_place)
        if deadline < math.inf:
            bisect.insort(self._deadlines, (deadline, task_id))

    def remove(self, task_id: str) -> bool:
        """Remove the task; return whether it was queued."""
        if task_id not in self._tasks:
            return False
        place, deadline, _ = self._tasks.pop(task_id)
        del self._places[bisect.bisect_left(self._places, place)]
        if deadline < math.inf:
            del self._deadlines[bisect.bisect_left(self._deadlines, (deadline, task_id))]
        return True

    @property
    def ids(self) -> Set[str]:
        """Return the IDs of all queued tasks."""
        return self._tasks.keys()

    def get(self, task_id: str) -> QueuedTask | None:
        """Return the task, or None if it is not queued."""
        return self._tasks[task_id][-1] if task_id in self._tasks else None

    def ids_in_order(self) -> list[str]:
        """Return the IDs of all queued tasks in queue order."""
        return [place[-1] for place in self._places]

    def overdue_ids(self) -> list[str]:
        """Return the IDs of the tasks whose queue limit has expired."""
        now = time.monotonic()
        expired = itertools.takewhile(lambda deadline: deadline[0] <= now, self._deadlines)
        return [task_id for _, task_id in expired]

    def __getitem__(self, task_id: str) -> QueuedTask:
        return self._tasks[task_id][-1]

    def __contains__(self, task_id: str) -> bool:
        return task_id in self._tasks
