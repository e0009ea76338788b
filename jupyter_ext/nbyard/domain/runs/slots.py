"""Resources of a machine, and the tasks that may use them now."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from nbyard.domain.limits import Limits
from nbyard.reasons.structs import Reason, because

GIB = 2**30
# tolerance for sums of fractions of cores
EPSILON = 1e-9
# codes of what waits for more GPUs than there are
TOO_MANY_FOR_RUN = "too-many-gpus-for-run"
TOO_MANY_FOR_DEPLOYMENT = "too-many-gpus-for-deployment"


class Capacity(msgspec.Struct, frozen=True):
    """The capacity of a machine. `cores` may be a fraction, `memory_bytes` 0 if unknown.

    Each of the `gpus` is granted to `tasks_per_gpu` tasks at once.
    """

    cores: float
    memory_bytes: int = 0
    gpus: tuple[str, ...] = ()
    tasks_per_gpu: int = 1


class Slots:
    """The free resources of a machine, granted in the order of requests.

    No task overtakes a task that waits for the same resource. A task that waits for a GPU delays
    only tasks that need one too. A task that needs more cores or memory than the machine has gets
    all of them, and so runs alone. A task that needs more GPUs than the machine has waits, and
    delays no other task. `held` are GPUs that others use besides the running tasks.
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
        """Return whether a task needs more GPUs than the machine has, so would wait forever."""
        return (limits.gpu or 0) > len(self.capacity.gpus)

    def lacks(self, limits: Limits, too_many: str = TOO_MANY_FOR_RUN) -> dict[str, Reason]:
        """Return why a task must wait, by resource; empty if it may start.

        `too_many` is the reason code if the task would wait forever.
        """
        if self.is_too_much(limits):
            wanted, total = limits.gpu or 0, len(self.capacity.gpus)
            return {"gpu": because(too_many, wanted=wanted, total=total)}
        missing = {
            "gpu": self._lacks_gpus(limits),
            "memory": self._lacks_memory(limits),
            "cores": self._lacks_cores(limits),
        }
        return {name: reason for name, reason in missing.items() if reason}

    def grant(self, limits: Limits) -> tuple[str, ...]:
        """Reserve the resources of a task and return its GPUs."""
        gpus = tuple(self._free_gpus()[: limits.gpu or 0])
        self._take(limits, gpus)
        return gpus

    def hold(self, gpus: int) -> None:
        """Reserve GPUs for a requester outside the queue that precedes the following tasks.

        If the GPUs are not free, the following tasks get no GPU.
        """
        if not self.is_too_much(Limits(gpu=gpus)):
            free = self._free_gpus()
            if gpus > len(free):
                self.refuse(["gpu"])
            else:
                self._uses.update(free[:gpus])

    def refuse(self, lacking: Iterable[str]) -> None:
        """Refuse later tasks the resources that a waiting task lacks."""
        self._scarce.update(lacking)

    @property
    def is_full(self) -> bool:
        """Return whether all later tasks must wait: a task waits for cores, which all need."""
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

    def _lacks_gpus(self, limits: Limits) -> Reason | None:
        wanted, free, total = limits.gpu or 0, len(self._free_gpus()), len(self.capacity.gpus)
        if not wanted or (wanted <= free and "gpu" not in self._scarce):
            return None
        waits = because("waits-for-gpus", wanted=wanted, total=total, free=free)
        return waits if wanted > free else _behind(waits)

    def _lacks_memory(self, limits: Limits) -> Reason | None:
        wanted = self._wanted_memory(limits)
        if not wanted or (wanted <= self._memory and "memory" not in self._scarce):
            return None
        sizes = {"wanted": _gib(wanted), "total": _gib(self.capacity.memory_bytes)}
        waits = because("waits-for-memory", **sizes)
        return waits if wanted > self._memory else _behind(waits)

    def _lacks_cores(self, limits: Limits) -> Reason | None:
        wanted = self._wanted_cores(limits)
        is_short = wanted > self._cores + EPSILON
        if not is_short and "cores" not in self._scarce:
            return None
        waits = because("waits-for-slots", wanted=wanted, total=self.capacity.cores)
        return waits if is_short else _behind(waits)


def _behind(waits: Reason) -> Reason:
    """Return the reason to wait for free resources that an earlier task waits for."""
    return because("waits-behind", wait=waits)


def _gib(size: int) -> float:
    return float(f"{size / GIB:.2g}")
