"""What this machine has to give to tasks."""

import os

from nbyard import gpus
from nbyard.domain.slots import Capacity
from nbyard.settings import Settings


def capacity(settings: Settings) -> Capacity:
    """As configured, else what we may use of the machine."""
    return Capacity(
        cores=float(settings.slots or len(os.sched_getaffinity(0))),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        gpus=gpus.present(settings.gpus),
        tasks_per_gpu=settings.tasks_per_gpu,
    )
