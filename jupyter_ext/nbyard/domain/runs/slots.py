"""Resources of a machine, and the tasks that may use them now."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from nbyard.domain.limits import Limits

GIB = 2**30
# tolerance for sums of fractions of cores
EPSILON = 1e-9
BEHIND = ", behind others in the queue"
CHANGE_RUN, CHANGE_DEPLOYMENT = "cancel the run", "edit the deployment"


class Capacity(msgspec.Struct, frozen=True):
    """The capacity of a machine. `cores` may be a fraction, `memory_bytes` 0 if unknown.

    Each of the `gpus` is granted to `tasks_per_gpu` tasks at once.
    """

    cores: float
    memory_bytes: int = 0
    gpus: tuple[str, ...] = ()
    tasks_per_gpu: int = 1


class Slots:
    """The free resources, granted in the order of requests.

    No task overtakes a task that waits for the same resource. A task that waits for a GPU holds
    back only tasks that need one too. A task that needs more cores or memory than the machine
    has gets all of them, and so runs alone. A task that needs more GPUs waits, and holds back
    no other. `held` are GPUs that others use besides the running tasks.
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
        """Return whether a task waits for resources that this machine will never have."""
        return (limits.gpu or 0) > len(self.capacity.gpus)

    def lacks(self, limits: Limits, change: str = CHANGE_RUN) -> dict[str, str]:
        """Return why a task must wait, by resource; empty if it may start.

        `change` says what to do if it would wait forever.
        """
        if self.is_too_much(limits):
            return {"gpu": self._too_many_gpus(limits, change)}
        missing = {
            "gpu": self._lacks_gpus(limits),
            "memory": self._lacks_memory(limits),
            "cores": self._lacks_cores(limits),
        }
        return {name: words for name, words in missing.items() if words}

    def grant(self, limits: Limits) -> tuple[str, ...]:
        """Reserve the resources of a task and return its GPUs."""
        gpus = tuple(self._free_gpus()[: limits.gpu or 0])
        self._take(limits, gpus)
        return gpus

    def hold(self, gpus: int) -> None:
        """Reserve GPUs for a requester that has waited longer than the tasks after it.

        If they are not free, later tasks get no GPU.
        """
        if not self.is_too_much(Limits(gpu=gpus)):
            free = self._free_gpus()
            if gpus > len(free):
                self.refuse(["gpu"])
            else:
                self._uses.update(free[:gpus])

    def refuse(self, lacking: Iterable[str]) -> None:
        """Keep the resources that a task waits for from later tasks."""
        self._scarce.update(lacking)

    @property
    def is_full(self) -> bool:
        """Return whether later tasks get nothing: a task waits for cores, which all need."""
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
        """Return the GPUs with room, the least used first."""
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
