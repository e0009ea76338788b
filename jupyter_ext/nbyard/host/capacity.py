"""Determines how many cores and how much memory of this machine tasks may use."""

import itertools
import os
from functools import cache
from math import inf
from pathlib import Path

from nbyard.domain.runs.slots import Capacity
from nbyard.host import gpus
from nbyard.settings import Settings

# For cgroup version 2 and version 1, see https://docs.kernel.org/admin-guide/cgroup-v2.html and
# cgroup-v1/memory.html.
# Quota and period are in microseconds: cpu.max has `150000 100000` for 1.5 cores, or `max 100000`.
QUOTAS = (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
MEMORY = ("memory.max", "memory.limit_in_bytes")
NO_LIMIT = ("max", "-1")


def capacity(settings: Settings) -> Capacity:
    """Return the configured capacity.

    The default is what this process may use of the machine.
    """
    cores, memory_bytes = usable()
    return Capacity(
        cores=float(settings.slots or cores),
        memory_bytes=settings.memory_bytes or memory_bytes,
        gpus=gpus.gpu_ids(settings.gpus),
        tasks_per_gpu=settings.tasks_per_gpu,
    )


def engine_size(settings: Settings) -> tuple[float, float]:
    """Return the cores and bytes of memory for containers, infinite if the engine is elsewhere."""
    address = settings.docker_host or os.environ.get("DOCKER_HOST", "")
    if address and not address.startswith("unix://"):
        return inf, inf
    return usable()


@cache
def usable() -> tuple[float, int]:
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores, most_bytes = cgroup_limits()
    # macOS cannot bind a process to some of its cores.
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(bound or 1, cores), int(min(memory_bytes, most_bytes))


def cgroup_limits(
    own: Path = Path("/proc/self/cgroup"), mounts: Path = Path("/sys/fs/cgroup")
) -> tuple[float, float]:
    """Return the limits of this process's control groups: cores and bytes of memory.

    A container or a batch job sets them. A missing limit is infinite.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        lines = []
    folders: list[Path] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        # A line of version 1 is such as `4:memory:/job`. That of version 2 has no controllers:
        # `0::/job`.
        mount = mounts / controllers
        folder = mount / path.lstrip("/")
        # Inside a container the path may be the machine's. The mount itself is our group then.
        folders += [
            group_folder
            for group_folder in (folder, *folder.parents)
            if group_folder.is_relative_to(mount)
        ]
    quotas = [_numbers(folder, *names) for folder in folders for names in QUOTAS]
    # Without a limit, version 1 has a number that is larger than the memory of any machine.
    memory = [_numbers(folder, name) for folder in folders for name in MEMORY]
    cores = (quota / period for quota, period in filter(None, quotas))
    return min(cores, default=inf), min(itertools.chain.from_iterable(memory), default=inf)


def _numbers(folder: Path, *names: str) -> list[int]:
    """Return the numbers in these files, [] if a file is missing or states no limit."""
    try:
        fields = " ".join((folder / name).read_text() for name in names).split()
    except OSError:
        return []
    return [] if fields[0] in NO_LIMIT else [int(word) for word in fields]
