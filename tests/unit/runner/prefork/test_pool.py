"""Kernels that stand by: how many, of which, and when they go."""

import socket
from collections.abc import Iterator

import pytest

from nbyard.runner.prefork import pool as module
from nbyard.runner.prefork.pool import IDLE_SECONDS, Pool, WaitingSupervisor

MIB = 1 << 20
ROOMY = (900 * MIB, 1000 * MIB)


class Kernels:
    """Stands in for the parent, without any process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, count: int, budget: int) -> None:
        self.pool = Pool(count, budget)
        self.now = 1000.0
        self.machine = ROOMY
        self.sizes: dict[str, int] = {}
        self.size = 20 * MIB
        self.ends: dict[int, socket.socket] = {}
        monkeypatch.setattr("nbyard.runner.prefork.pool.time.monotonic", lambda: self.now)
        monkeypatch.setattr(module, "memory_of_machine", lambda: self.machine)
        monkeypatch.setattr("nbyard.runner.process.processes.memory_bytes", self.measured)
        monkeypatch.setattr("nbyard.runner.process.processes.descendants_of", lambda pid: set())

    def measured(self, pids: set[int]) -> int:
        (pid,) = pids
        return self.sizes.get(self.pool.standing[pid].kernel, self.size)

    def fill(self) -> list[str]:
        """Start what is missing, until nothing is."""
        started = []
        while kernel := self.pool.kernel_to_prepare():
            self.hear(self.begin(kernel))
            started.append(kernel)
        return started

    def begin(self, kernel: str, *, is_forked: bool = True) -> int:
        self.pool.make_room(kernel)
        pid = 10_000_000 + len(self.ends)
        ours, self.ends[pid] = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pool.add(WaitingSupervisor(pid, kernel, "/nowhere", ours, is_forked))
        return pid

    def hear(self, pid: int) -> None:
        self.ends[pid].send(module.READY)
        self.pool.mark_ready(self.pool.standing[pid])

    def take(self, kernel: str, *, is_forked: bool = True) -> bool:
        one = self.pool.take(kernel, is_forked=is_forked)
        if one:
            one.claims.close()
        return one is not None

    def come_back(self, pid: int) -> None:
        """Its attempt is at its end."""
        one = self.pool.busy[pid]
        self.ends[pid].send(module.FREE)
        assert self.pool.is_free(one)
        if self.pool.wants_back(one.kernel):
            self.pool.return_supervisor(one, "/elsewhere")
            assert self.ends[pid].recv(100) == b"/elsewhere"
            self.hear(pid)
        else:
            self.pool.dismiss(one)

    def standing(self) -> list[str]:
        return sorted(one.kernel for one in self.pool.standing.values())

    def was_told_to_go(self, pid: int) -> bool:
        self.ends[pid].setblocking(False)
        try:
            return self.ends[pid].recv(1) == b""
        except BlockingIOError:
            return False

    def close(self) -> None:
        places = (self.pool.standing, self.pool.busy, self.pool.leaving)
        for one in (one for place in places for one in place.values()):
            one.claims.close()
        for end in self.ends.values():
            end.close()


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernels]:
    made = Kernels(monkeypatch, 3, 100 * MIB)
    yield made
    made.close()


def test_no_kernel_waits_before_the_first_notebook(kernels: Kernels) -> None:
    assert kernels.fill() == []


def test_each_recent_kernel_waits_and_the_last_one_more_often(kernels: Kernels) -> None:
    kernels.pool.take("r")
    kernels.now += 1
    kernels.pool.take("python3")
    assert kernels.fill() == ["python3", "r", "python3"]


def test_returned_supervisors_wait_again(kernels: Kernels) -> None:
    """Some more than otherwise, as long as there are attempts for them."""
    kernels.take("python3")
    kernels.fill()
    busy = [one.pid for _ in range(3) if (one := kernels.pool.take("python3"))]
    kernels.fill()
    for pid in busy:
        kernels.come_back(pid)
    assert len(kernels.pool.standing) == 3 + module.MORE and kernels.fill() == []
    assert {one.scratch for one in kernels.pool.standing.values()} == {"/nowhere", "/elsewhere"}
    assert kernels.was_told_to_go(busy[-1])
    kernels.pool.dismiss_unneeded()
    assert len(kernels.pool.standing) == 3 + module.MORE
    kernels.now += module.MORE_SECONDS + 1
    kernels.pool.dismiss_unneeded()
    assert len(kernels.pool.standing) == 3


def test_a_used_supervisor_is_used_first_and_kept_longest(kernels: Kernels) -> None:
    kernels.take("python3")
    kernels.fill()
    one = kernels.pool.take("python3")
    assert one
    kernels.fill()
    kernels.come_back(one.pid)
    kernels.now += module.MORE_SECONDS + 1
    kernels.pool.dismiss_unneeded()
    assert len(kernels.pool.standing) == 3 and one.pid in kernels.pool.standing
    again = kernels.pool.take("python3")
    assert again and again.pid == one.pid
    ready = kernels.pool.take("python3")
    assert ready and not ready.has_served


def test_a_used_supervisor_is_replaced_at_once(kernels: Kernels) -> None:
    kernels.take("python3")
    kernels.fill()
    one = kernels.pool.take("python3")
    assert one and kernels.pool.kernel_to_prepare() == "python3"
    kernels.come_back(one.pid)
    assert kernels.pool.kernel_to_prepare() == "" and len(kernels.pool.standing) == 3


def test_a_returned_supervisor_ends_without_memory_or_use(
    kernels: Kernels,
) -> None:
    kernels.take("python3")
    kernels.fill()
    one, other = (kernels.pool.take("python3"), kernels.pool.take("python3"))
    assert one and other
    kernels.machine = (100 * MIB, 1000 * MIB)
    kernels.come_back(one.pid)
    kernels.machine = ROOMY
    for kernel in ("r", "julia", "octave"):
        kernels.now += 1
        kernels.take(kernel)
    kernels.come_back(other.pid)
    assert kernels.was_told_to_go(one.pid) and kernels.was_told_to_go(other.pid)


def test_ready_does_not_mean_that_the_attempt_ended(kernels: Kernels) -> None:
    """It was taken in the moment in which it said so."""
    kernels.take("python3")
    pid = kernels.begin(kernels.pool.kernel_to_prepare())
    kernels.ends[pid].send(module.READY)
    one = kernels.pool.take("python3")
    assert one and one.pid == pid
    assert not kernels.pool.is_free(one) and kernels.pool.busy == {pid: one}
    kernels.come_back(pid)


def test_an_ended_supervisor_does_not_return(kernels: Kernels) -> None:
    kernels.take("python3")
    kernels.fill()
    one = kernels.pool.take("python3")
    assert one
    kernels.ends[one.pid].close()
    assert not kernels.pool.is_free(one)
    assert kernels.pool.remove_ended(one.pid) == one and not kernels.pool.busy


def test_each_supervisor_serves_one_attempt_at_a_time(kernels: Kernels) -> None:
    kernels.pool.take("python3")
    kernels.fill()
    taken = [kernels.pool.take("python3") for _ in range(4)]
    assert len({one.pid for one in taken if one}) == 3 and taken[3] is None
    for one in taken[:3]:
        assert one is not None
        one.claims.close()
    assert len(kernels.fill()) == 3


def test_all_supervisors_fit_into_the_budget(kernels: Kernels) -> None:
    """The size of one is known when it is ready."""
    kernels.size = 40 * MIB
    kernels.pool.take("python3")
    assert len(kernels.fill()) == 2


def test_the_last_used_kernel_has_priority(kernels: Kernels) -> None:
    kernels.take("python3")
    kernels.fill()
    kernels.now += 1
    kernels.take("r")
    assert kernels.fill() == ["r"]
    assert kernels.standing() == ["python3", "python3", "r"]
    kernels.now += 1
    kernels.take("python3")
    assert kernels.fill() == ["python3"]


def test_an_unmeasured_supervisor_replaces_less_recent_ones(
    kernels: Kernels,
) -> None:
    kernels.sizes = {"large": 70 * MIB}
    kernels.take("large")
    assert kernels.fill() == ["large"]
    kernels.now += 1
    kernels.take("python3")
    assert kernels.fill() == ["python3"]
    kernels.now += 1
    kernels.take("r")
    assert kernels.fill() == ["r"]
    kernels.pool.dismiss_unneeded()
    assert kernels.standing() == ["python3", "r"]
    assert kernels.fill() == ["r"]


def test_a_too_large_supervisor_replaces_no_others(kernels: Kernels) -> None:
    kernels.sizes = {"large": 120 * MIB}
    kernels.take("large")
    kernels.fill()
    kernels.pool.dismiss_unneeded()
    kernels.take("python3")
    kernels.fill()
    kernels.now += 1
    kernels.take("large")
    assert kernels.fill() == [] and set(kernels.standing()) == {"python3"}


def test_supervisors_are_started_one_by_one(kernels: Kernels) -> None:
    """To start one takes as long as the work."""
    kernels.take("other", is_forked=False)
    pid = kernels.begin(kernels.pool.kernel_to_prepare(), is_forked=False)
    assert kernels.pool.kernel_to_prepare() == ""
    kernels.hear(pid)
    assert kernels.pool.kernel_to_prepare() == "other"


def test_a_supervisor_of_the_other_mode_is_not_used(kernels: Kernels) -> None:
    """Its kernel was not what it is now when it was made."""
    kernels.take("other", is_forked=False)
    kernels.fill()
    assert not kernels.take("other", is_forked=False)
    assert kernels.take("other")


def test_a_supervisor_without_space_is_tried_once(kernels: Kernels) -> None:
    kernels.size = 400 * MIB
    kernels.pool.take("python3")
    assert len(kernels.fill()) == 1
    (pid,) = kernels.pool.standing
    kernels.pool.dismiss_unneeded()
    assert kernels.was_told_to_go(pid)
    assert kernels.pool.remove_ended(pid) is not None
    assert kernels.fill() == []


def test_free_memory_is_left_for_work(kernels: Kernels) -> None:
    kernels.pool.take("python3")
    kernels.fill()
    kernels.machine = (100 * MIB, 1000 * MIB)
    kernels.pool.dismiss_unneeded()
    assert not kernels.pool.standing and len(kernels.pool.leaving) == 3
    assert kernels.fill() == []


def test_unused_supervisors_end(kernels: Kernels) -> None:
    kernels.pool.take("r")
    kernels.fill()
    kernels.now += IDLE_SECONDS - 1
    kernels.pool.take("python3")
    kernels.pool.dismiss_unneeded()
    assert len(kernels.pool.standing) == 3
    kernels.now += 2
    kernels.pool.dismiss_unneeded()
    assert not kernels.pool.standing
    assert set(kernels.fill()) == {"python3"}


def test_supervisors_that_never_get_ready_are_dropped(kernels: Kernels) -> None:
    kernels.pool.take("python3")
    for pid in range(module.FAILURES):
        assert kernels.pool.kernel_to_prepare() == "python3"
        ours, theirs = socket.socketpair()
        theirs.close()
        kernels.pool.add(WaitingSupervisor(pid, "python3", "/nowhere", ours))
        assert kernels.pool.remove_ended(pid) is not None
    assert kernels.pool.kernel_to_prepare() == ""


def test_the_memory_of_this_machine_is_read() -> None:
    available, whole = module.memory_of_machine()
    assert 0 < available < whole
