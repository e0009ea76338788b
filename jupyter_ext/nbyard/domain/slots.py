"""What a machine has to give, and who may take it now."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from nbyard.domain.limits import Limits

GIB = 2**30
EPSILON = 1e-9


class Capacity(msgspec.Struct, frozen=True):
    """`cores` may be a fraction, `memory_bytes` 0 when unknown; each of the `gpus` is given to
    `tasks_per_gpu` tasks at once."""

    cores: float
    memory_bytes: int = 0
    gpus: tuple[str, ...] = ()
    tasks_per_gpu: int = 1


class Slots:
    """What is free now, given away in the order in which it is asked for.

    Nobody overtakes a task that waits for the same thing; a task that waits for a GPU keeps only
    those waiting that want one too. A task that wants more cores or memory than there are gets all
    of them, and so runs alone; one that wants more GPUs waits.
    """

    def __init__(self, capacity: Capacity, running: Iterable[tuple[Limits, Sequence[str]]] = ()):
        self.capacity = capacity
        self._cores = capacity.cores
        self._memory = capacity.memory_bytes
        self._uses = Counter(dict.fromkeys(capacity.gpus, 0))
        self._scarce: set[str] = set()
        for limits, gpus in running:
            self._take(limits, gpus)

    def lacks(self, limits: Limits) -> dict[str, str]:
        """Why a task has to wait, in words by resource; empty when it may start."""
        missing = {
            "gpu": self._lacks_gpus(limits),
            "memory": self._lacks_memory(limits),
            "cores": self._lacks_cores(limits),
        }
        return {name: words for name, words in missing.items() if words}

    def grant(self, limits: Limits) -> tuple[str, ...]:
        """Take what the task wants; the GPUs that are its own now."""
        gpus = tuple(self._free_gpus()[: limits.gpu or 0])
        self._take(limits, gpus)
        return gpus

    def refuse(self, lacking: Iterable[str]) -> None:
        """Keep what a task waits for from those behind it."""
        self._scarce.update(lacking)

    @property
    def is_full(self) -> bool:
        """Whether nobody else gets anything: somebody waits for what everybody needs."""
        return "cores" in self._scarce

    def _take(self, limits: Limits, gpus: Sequence[str]) -> None:
        self._cores -= self._wanted_cores(limits)
        self._memory -= self._wanted_memory(limits)
        self._uses.update(gpus)

    def _wanted_cores(self, limits: Limits) -> float:
        return min(limits.cpu or 1.0, self.capacity.cores)

    def _wanted_memory(self, limits: Limits) -> int:
        return min(limits.memory_bytes or 0, self.capacity.memory_bytes)

    def _free_gpus(self) -> list[str]:
        """Those that have room, the least used first."""
        free = [g for g in self.capacity.gpus if self._uses[g] < self.capacity.tasks_per_gpu]
        return sorted(free, key=lambda gpu: self._uses[gpu])

    def _lacks_gpus(self, limits: Limits) -> str:
        wanted, there = limits.gpu or 0, len(self.capacity.gpus)
        if wanted > there:
            has = f"has {there}" if there else "has none"
            return f"waits for {_gpus(wanted)}; this machine {has}"
        if wanted and ("gpu" in self._scarce or wanted > len(self._free_gpus())):
            return f"waits for {_gpus(wanted)} of {there}; the others are taken"
        return ""

    def _lacks_memory(self, limits: Limits) -> str:
        wanted = self._wanted_memory(limits)
        if wanted and ("memory" in self._scarce or wanted > self._memory):
            total = self.capacity.memory_bytes / GIB
            return f"waits for {wanted / GIB:.2g} GiB of memory of {total:.2g}"
        return ""

    def _lacks_cores(self, limits: Limits) -> str:
        wanted = self._wanted_cores(limits)
        if "cores" not in self._scarce and wanted <= self._cores + EPSILON:
            return ""
        if limits.cpu is None:
            return f"waits for a free slot of {self.capacity.cores:g}"
        return f"waits for {wanted:g} slots of {self.capacity.cores:g}"


def _gpus(count: int) -> str:
    return "a GPU" if count == 1 else f"{count} GPUs"
