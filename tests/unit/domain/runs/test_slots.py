"""Slots: never more than there are, nobody overtakes, and waiting has a reason."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.limits import Limits
from nbyard.domain.runs.slots import GIB, TOO_MANY_FOR_DEPLOYMENT, Capacity, Slots
from nbyard.reasons.structs import because

LIMITS = st.builds(
    Limits,
    cpu=st.none() | st.floats(0.1, 8),
    memory_bytes=st.none() | st.integers(1, 40 * GIB),
    gpu=st.none() | st.integers(0, 4),
)
CAPACITY = st.builds(
    Capacity,
    cores=st.integers(1, 8).map(float),
    memory_bytes=st.integers(1, 32 * GIB),
    gpus=st.sets(st.sampled_from(["0", "1", "GPU-a"])).map(lambda names: tuple(sorted(names))),
    tasks_per_gpu=st.integers(1, 3),
)

BEHIND = "waits for 1 of 2 GPUs (1 free); earlier tasks come first"


def ask(slots: Slots, limits: Limits) -> tuple[str, ...] | None:
    """As the queue does it; None when the task has to wait."""
    lacking = slots.lacks(limits)
    if not lacking:
        return slots.grant(limits)
    if not slots.is_too_much(limits):
        slots.refuse(lacking)
    return None


def words(slots: Slots, limits: Limits) -> dict[str, str]:
    return {name: str(reason) for name, reason in slots.lacks(limits).items()}


def test_a_task_larger_than_the_machine_runs_alone():
    slots = Slots(Capacity(2))
    assert ask(slots, Limits(cpu=64)) == ()
    assert ask(slots, Limits(cpu=0.1)) is None


def test_no_task_overtakes():
    slots = Slots(Capacity(2), [(Limits(cpu=1), ())])
    assert ask(slots, Limits(cpu=2)) is None
    assert ask(slots, Limits(cpu=1)) is None


def test_tasks_waiting_for_a_gpu_block_only_gpu_tasks():
    slots = Slots(Capacity(4, gpus=("0", "1")), [(Limits(gpu=1), ("0",))])
    assert words(slots, Limits(gpu=2)) == {
        "gpu": str(because("waits-for-gpus", wanted=2, total=2, free=1))
    }
    assert ask(slots, Limits(gpu=2)) is None
    assert words(slots, Limits(gpu=1)) == {"gpu": BEHIND}
    assert ask(slots, Limits()) == ()


@pytest.mark.parametrize(
    ("running", "wanted", "told"),
    [
        ([], Limits(cpu=3), "waits for 3 of 4 slots; earlier tasks come first"),
        ([], Limits(), "waits for 1 of 4 slots; earlier tasks come first"),
        ([(Limits(cpu=3.5), ())], Limits(), "waits for 1 of 4 slots"),
    ],
)
def test_a_task_behind_others_says_so(running: list, wanted: Limits, told: str):
    slots = Slots(Capacity(4, 8 * GIB), running)
    slots.refuse({"cores"})
    assert words(slots, wanted) == {"cores": told}


def test_awaited_memory_is_reserved():
    slots = Slots(Capacity(4, 8 * GIB))
    slots.refuse({"memory"})
    told = "waits for 3 of 8 GiB of memory; earlier tasks come first"
    assert words(slots, Limits(memory_bytes=3 * GIB)) == {"memory": told}


@pytest.mark.parametrize("gpus", [(), ("0",)])
def test_too_many_gpus_are_awaited(gpus: tuple[str, ...]):
    """The task never runs without them. No cores and no memory are reserved for it."""
    busy = [(Limits(cpu=4, memory_bytes=GIB), gpus)]
    slots = Slots(Capacity(4, GIB, gpus), busy)
    wanted = Limits(gpu=2, cpu=4, memory_bytes=GIB)
    assert slots.is_too_much(wanted)
    counts = {"wanted": 2, "total": len(gpus)}
    assert slots.lacks(wanted) == {"gpu": because("too-many-gpus-for-run", **counts)}
    of_deployment = because("too-many-gpus-for-deployment", **counts)
    assert slots.lacks(wanted, TOO_MANY_FOR_DEPLOYMENT) == {"gpu": of_deployment}


@pytest.mark.parametrize("wanted", [Limits(cpu=64, memory_bytes=64 * GIB), Limits(gpu=1)])
def test_possible_requests_are_not_too_large(wanted: Limits):
    assert not Slots(Capacity(2, GIB, ("0",)), [(Limits(gpu=1), ("0",))]).is_too_much(wanted)


def test_gpus_are_shared_only_when_asked():
    alone = Slots(Capacity(8, gpus=("0",)))
    assert [ask(alone, Limits(gpu=1)) for _ in range(2)] == [("0",), None]
    shared = Slots(Capacity(8, gpus=("0", "1"), tasks_per_gpu=2))
    assert [ask(shared, Limits(gpu=1)) for _ in range(5)] == [("0",), ("1",), ("0",), ("1",), None]


def test_requested_memory_is_reserved():
    slots = Slots(Capacity(8, memory_bytes=8 * GIB))
    assert ask(slots, Limits(memory_bytes=6 * GIB)) == ()
    assert words(slots, Limits(memory_bytes=3 * GIB)) == {
        "memory": str(because("waits-for-memory", wanted=3, total=8))
    }
    assert ask(slots, Limits()) == ()


@given(CAPACITY, st.lists(LIMITS, max_size=20))
def test_grants_never_exceed_the_resources(capacity: Capacity, wanted: list[Limits]):
    slots = Slots(capacity)
    granted = [(one, gpus) for one in wanted if (gpus := ask(slots, one)) is not None]
    cores = sum(min(one.cpu or 1, capacity.cores) for one, _ in granted)
    memory = sum(min(one.memory_bytes or 0, capacity.memory_bytes) for one, _ in granted)
    uses = Counter(gpu for _, gpus in granted for gpu in gpus)
    assert cores <= capacity.cores + 1e-6
    assert memory <= capacity.memory_bytes
    assert all(count <= capacity.tasks_per_gpu for count in uses.values())
    assert all(len(set(gpus)) == (one.gpu or 0) for one, gpus in granted)
    assert set(uses) <= set(capacity.gpus)


@given(CAPACITY, st.lists(LIMITS, max_size=20))
def test_grants_count_after_a_restart(capacity: Capacity, wanted: list[Limits]):
    """Another dispatcher, which only sees what runs, gives away no more."""
    slots = Slots(capacity)
    granted = [(one, gpus) for one in wanted if (gpus := ask(slots, one)) is not None]
    again = Slots(capacity, granted)
    assert all(
        bool(again.lacks(one)) >= bool(Slots(capacity, granted[:-1]).lacks(one)) for one in wanted
    )


def test_reserved_resources_are_not_granted_to_others():
    """They are reserved as long as there can ever be enough."""
    slots = Slots(Capacity(4, gpus=("0", "1")))
    slots.hold(3)
    slots.hold(1)
    assert ask(slots, Limits(gpu=1)) == ("1",)
    slots = Slots(Capacity(4, gpus=("0", "1")), held=["0"])
    slots.hold(2)
    assert words(slots, Limits(gpu=1)) == {"gpu": BEHIND}
    assert ask(slots, Limits()) == ()
