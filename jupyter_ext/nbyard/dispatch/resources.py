"""Slots: how much may run at once on this machine."""

import os
from collections.abc import Iterable

from nbyard.domain.runs import TaskPlan
from nbyard.settings import Settings


def capacity(settings: Settings) -> float:
    """Slots of this machine: the setting, else one for each core that we may use."""
    return float(settings.slots or len(os.sched_getaffinity(0)))


class Slots:
    """What is free now. A task takes the cores it asks for, at least a whole machine's worth at
    most: a task that wants more than there is runs alone."""

    def __init__(self, total: float, running: Iterable[TaskPlan]):
        self.total = total
        self.free = total - sum(self.wants(plan) for plan in running)
        self._somebody_waits = False

    def wants(self, plan: TaskPlan) -> float:
        return min(plan.cpu or 1.0, self.total)

    def grant(self, plan: TaskPlan) -> bool:
        """Take the task's share when it is free and nobody before it had to wait."""
        if self._somebody_waits or self.wants(plan) > self.free + 1e-9:
            self._somebody_waits = True
            return False
        self.free -= self.wants(plan)
        return True
