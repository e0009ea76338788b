"""What a machine has to give, and who may take it now."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from nbyard.domain.limits import Limits

GIB = 2**30
EPSILON = 1e-9
BEHIND = ", behind others in the queue"
CHANGE_RUN, CHANGE_DEPLOYMENT = "cancel the run", "edit the deployment"


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
    of them, and so runs alone; one that wants more GPUs waits, and keeps nobody waiting. `held` are
    GPUs that others have than those who are running.
    """

    def __init__(
        self,
        capacity: Capacity,
        running: Iterable[tuple[Limits, Sequence[str]]] = (),
        held: Iterable[str] = (),
    ):
        self.capacity = capacity
        self._cores = capacity.cores
        self._memory = capacity.memory_bytes
        self._uses = Counter(dict.fromkeys(capacity.gpus, 0))
        self._scarce: set[str] = set()
        self._uses.update(held)
        for limits, gpus in running:
            self._take(limits, gpus)

    def is_too_much(self, limits: Limits) -> bool:
        """Whether a task waits for what this machine will never have."""
        return (limits.gpu or 0) > len(self.capacity.gpus)

    def lacks(self, limits: Limits, change: str = CHANGE_RUN) -> dict[str, str]:
        """Why a task has to wait, in words by resource; empty when it may start. `change` says
        what to do where it would wait for ever."""
        if self.is_too_much(limits):
            return {"gpu": self._too_many_gpus(limits, change)}
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

    def hold(self, gpus: int) -> None:
        """Keep so many GPUs for whoever waits for them longer than those behind; where they are
        not free, nobody behind gets any."""
        if not self.is_too_much(Limits(gpu=gpus)):
            free = self._free_gpus()
            if gpus > len(free):
                self.refuse(["gpu"])
            else:
                self._uses.update(free[:gpus])

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

    def _too_many_gpus(self, limits: Limits, change: str) -> str:
        there = len(self.capacity.gpus)
        words = f"waits for {_gpus(limits.gpu or 0)}, but this machine has {there or 'none'}"
        cure = f"{change} and ask for {'fewer' if there else 'none'}"
        return f"{words}: {cure}, or see what nbyard doctor says of GPUs"

    def _lacks_gpus(self, limits: Limits) -> str:
        wanted, free = limits.gpu or 0, len(self._free_gpus())
        if not wanted or (wanted <= free and "gpu" not in self._scarce):
            return ""
        told = f"; {free or 'none'} {'are' if free > 1 else 'is'} free" if wanted > free else BEHIND
        return f"waits for {_gpus(wanted)} of {len(self.capacity.gpus)}{told}"

    def _lacks_memory(self, limits: Limits) -> str:
        wanted = self._wanted_memory(limits)
        if not wanted or (wanted <= self._memory and "memory" not in self._scarce):
            return ""
        told = "" if wanted > self._memory else BEHIND
        total = self.capacity.memory_bytes / GIB
        return f"waits for {wanted / GIB:.2g} GiB of memory of {total:.2g}{told}"

    def _lacks_cores(self, limits: Limits) -> str:
        wanted = self._wanted_cores(limits)
        is_short = wanted > self._cores + EPSILON
        if not is_short and "cores" not in self._scarce:
            return ""
        what = "a free slot" if limits.cpu is None else f"{wanted:g} slots"
        return f"waits for {what} of {self.capacity.cores:g}{'' if is_short else BEHIND}"


def _gpus(count: int) -> str:
    return "a GPU" if count == 1 else f"{count} GPUs"
