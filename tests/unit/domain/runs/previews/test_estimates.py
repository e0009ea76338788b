"""Estimates from the past: medians, the longest path, and none without data."""

import operator
from collections import Counter
from datetime import UTC, datetime
from itertools import count
from statistics import median

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.limits import Limits
from nbyard.domain.maps.structs import Grid, Items, MapPlan, Search
from nbyard.domain.runs.previews.estimates import (
    OVERDUE,
    SAMPLES,
    Estimate,
    ExpectedWork,
    PastSuccess,
    UnfinishedNode,
    Usual,
    elements_to_run,
    estimate_run,
    expected_tasks,
    seconds_until_start,
    usual_duration,
)
from nbyard.domain.runs.slots import Capacity, Slots
from nbyard.domain.runs.structs import Binding, ResultOf, TaskPlan
from nbyard.domain.users.quotas import Quota, QuotaLedger, Quotas, Use, fair_order
from nbyard.reasons.structs import because

SECONDS = st.floats(0, 1e6)
MANY = Capacity(1e9)
NUMBERS = count()
GIB = 2**30


@st.composite
def graphs(draw):
    """Steps that are not done, in an order of the graph."""
    found: dict[str, UnfinishedNode] = {}
    for at in range(draw(st.integers(1, 8))):
        known = draw(st.none() | st.builds(Usual, SECONDS, st.integers(1, SAMPLES)))
        needs = draw(st.sets(st.sampled_from(sorted(found)), max_size=3)) if found else set()
        cores = draw(st.sampled_from([None, 0.5, 1.0, 64.0]))
        limits = draw(st.sampled_from([None, Limits(cpu=cores)]))
        use = Use.of_task(str(next(NUMBERS)), 0, "ann", Limits(cpu=cores))
        found[f"n{at}"] = UnfinishedNode(needs, known, draw(SECONDS), limits, use=use)
    return found


def step(*needs, seconds=None, elapsed=0.0, owner="ann", arrives_in=0.0, **limits):
    """Return a task of a user, each in a run of its own."""
    known = None if seconds is None else Usual(seconds, 3)
    use = Use.of_task(str(next(NUMBERS)), 0, owner, Limits(**limits))
    return UnfinishedNode(needs, known, elapsed, Limits(**limits), use=use, arrives_in=arrives_in)


def of(owner: str, seconds: float = 10, arrives_in: float = 0) -> UnfinishedNode:
    return step(seconds=seconds, owner=owner, arrives_in=arrives_in)


@given(st.lists(st.builds(PastSuccess, st.sampled_from(["v1", "v2"]), SECONDS), max_size=20))
def test_the_newest_of_the_same_version_count(past):
    same = [one.seconds for one in past if one.version_id == "v1"][:SAMPLES]
    found = usual_duration(past, "v1")
    if not past:
        assert found is None
    elif same:
        assert found == Usual(median(same), len(same))
    else:  # what another version took is better than nothing
        assert found == usual_duration(past, "v2")


def test_one_slow_success_does_not_count_much():
    past = [PastSuccess("v", seconds) for seconds in (10, 3600, 12, 11, 13, 9999)]
    assert usual_duration(past, "v") == Usual(12, 5)


def test_durations_of_a_chain_add_up():
    chain = {"a": step(seconds=60, elapsed=20), "b": step("a", seconds=30), "c": step("b")}
    found = estimate_run(chain, MANY)
    assert (found.remaining_seconds, found.unknown) == (70, 1)
    assert found.nodes == {"a": Usual(60, 3), "b": Usual(30, 3)}


@pytest.mark.parametrize(("cores", "seconds"), [(1, 200), (2, 100), (20, 10), (100, 10)])
def test_a_fan_out_takes_turns(cores, seconds):
    fan = {f"n{at}": step(seconds=10) for at in range(20)}
    assert estimate_run(fan, Capacity(cores)).remaining_seconds == seconds


def mapped(elements, at_most=None, follows=(), seconds=10):
    own = {"elements": elements, "at_most": at_most, "follows": follows}
    return UnfinishedNode(follows, Usual(seconds, 3), **own)


@pytest.mark.parametrize(
    ("at_most", "cores", "seconds"), [(None, 100, 10), (None, 4, 50), (3, 100, 70), (3, 2, 100)]
)
def test_a_map_takes_as_long_as_its_elements(at_most, cores, seconds):
    own = mapped(20, at_most)
    assert estimate_run({"a": own}, Capacity(cores)).remaining_seconds == seconds


def test_a_following_map_goes_on_beside_the_map_that_it_follows():
    """Its last element waits for the last of the other."""
    short = {"a": mapped(20, 2), "b": mapped(20, 2, ["a"], 1)}
    assert estimate_run(short, MANY).remaining_seconds == 101
    long = {"a": mapped(20, 2, seconds=1), "b": mapped(20, 2, ["a"])}
    assert estimate_run(long, MANY).remaining_seconds == 100
    collected = short | {"c": step("b", seconds=5)}
    assert estimate_run(collected, MANY).remaining_seconds == 106


GRID = Grid({"n": [1, 2, 3], "lr": [1, 2]})
FORECAST = because("map-forecast", cached=2, total=6)


@pytest.mark.parametrize(
    ("each", "reason", "count"),
    [
        (GRID, FORECAST, 4),
        (GRID, because("after-node", node="b"), 6),
        (Search({"n": [1]}, 9), because("map-search", total=9), 9),
        (None, because("map-unknown-yet"), 7),
        (None, FORECAST, 4),
        (Items("n"), because("map-unknown-yet"), None),
    ],
)
def test_elements_are_counted_as_far_as_they_are_known(each, reason, count):
    before: dict[str, Binding] = {"b": ResultOf("b", "out", each=each is None)}
    plan = TaskPlan("a", "a", "", "", [], before, "process", map=MapPlan(each))
    assert elements_to_run(plan, reason, {"b": 7}) == count
    assert elements_to_run(msgspec.structs.replace(plan, map=None), reason, {}) == 1


def test_remote_and_exclusive_work_is_estimated():
    far = {f"n{at}": UnfinishedNode(usual=Usual(10, 3), limits=None) for at in range(20)}
    assert estimate_run(far, Capacity(2)).remaining_seconds == 10
    wide = {f"n{at}": step(seconds=10, cpu=64) for at in range(3)}
    assert estimate_run(wide, Capacity(2)).remaining_seconds == 30


@pytest.mark.parametrize(("shared_by", "hours"), [(1, 10), (2, 5)])
def test_tasks_take_turns_on_a_gpu(shared_by, hours):
    machine = Capacity(16, gpus=("0",), tasks_per_gpu=shared_by)
    fan = {f"n{at}": step(seconds=3600, gpu=1) for at in range(10)}
    assert estimate_run(fan, machine).remaining_seconds == hours * 3600


def test_tasks_take_turns_in_memory():
    machine = Capacity(16, 8 * GIB)
    fan = {f"n{at}": step(seconds=60, memory_bytes=4 * GIB) for at in range(4)}
    assert estimate_run(fan, machine).remaining_seconds == 120
    huge = {f"n{at}": step(seconds=60, memory_bytes=64 * GIB) for at in range(4)}
    assert estimate_run(huge, machine).remaining_seconds == 240


def test_impossible_tasks_have_no_estimate():
    """The usual durations of its tasks are still known."""
    flow = {"a": step(seconds=60), "b": step("a", seconds=60, gpu=2)}
    found = estimate_run(flow, Capacity(16, gpus=("0",)))
    assert found.remaining_seconds is None and found.nodes.keys() == {"a", "b"}


def test_a_waiting_task_starts_after_earlier_ones():
    """There are two cores and a GPU. Tasks without a GPU do not wait for those with one.

    The running task has a quarter of its past time left, which is more than usual.
    """
    running = [(step(seconds=600, elapsed=540, gpu=1), ["0"])]
    queue = {
        "trains": step(seconds=600, gpu=1),
        "short": step(seconds=30),
        "trains next": step(seconds=600, gpu=1),
        "never": step(seconds=10, gpu=2),
        "last": step(seconds=10),
    }
    found = seconds_until_start(ExpectedWork(running, Capacity(2, gpus=("0",))), queue)
    assert found == {"short": 0, "last": 30, "trains": 135, "trains next": 735}


def test_tasks_behind_unknown_durations_have_no_start():
    """The same holds if a deployment has the GPU."""
    queue = {"a": step(), "b": step(seconds=10), "c": step(seconds=10)}
    assert seconds_until_start(ExpectedWork([], Capacity(1)), queue) == {"a": 0}
    assert seconds_until_start(ExpectedWork([], Capacity(2)), queue) == {"a": 0, "b": 0, "c": 10}
    gpu = Capacity(2, gpus=("0",))
    assert (
        seconds_until_start(ExpectedWork([], gpu, held=["0"]), {"a": step(seconds=10, gpu=1)}) == {}
    )
    assert (
        seconds_until_start(ExpectedWork([(step(elapsed=60), [])], Capacity(1)), {"a": step()})
        == {}
    )


def test_a_task_that_takes_longer_than_usual_is_not_over_yet():
    long = step(seconds=60, elapsed=120)
    assert seconds_until_start(
        ExpectedWork([(long, [])], Capacity(1)), {"a": step(seconds=10)}
    ) == {"a": 30}


def test_tasks_wait_for_quotas_of_their_users():
    """A task that a quota holds back delays no other task."""
    everyone = Quota(id="everyone", kind="everyone", name="", updated_at=datetime.now(UTC), runs=1)
    queue = {"a": of("ann"), "b": of("ann"), "c": of("bob")}
    ledger = QuotaLedger(Quotas({"everyone": everyone}))
    starts = seconds_until_start(ExpectedWork([], Capacity(8), (), ledger), queue)
    assert starts == {"a": 0, "c": 0, "b": 10}


def test_users_take_turns_at_each_start():
    """Who has used less comes first of equals; tasks in progress weigh more, also elsewhere."""
    queue = {"a": of("ann"), "a2": of("ann"), "b": of("bob"), "b2": of("bob")}
    one = ExpectedWork([], Capacity(1), used={"ann": 15.0})
    assert seconds_until_start(one, queue) == {"b": 0, "b2": 10, "a": 20, "a2": 30}
    remote = msgspec.structs.replace(of("bob", 25), limits=None)
    busy = ExpectedWork([(remote, [])], Capacity(1), used={"ann": 15.0})
    assert seconds_until_start(busy, queue) == {"a": 0, "a2": 10, "b": 20, "b2": 30}


def test_equal_tasks_that_wait_count_as_turns():
    """There are two cores, and a deployment has the GPU."""
    queue = {"gpu": step(seconds=10, gpu=1), "gpu2": step(seconds=10, gpu=1)}
    queue |= {"a": of("ann"), "b": of("bob"), "b2": of("bob")}
    work = ExpectedWork([], Capacity(2, gpus=("0",)), held=["0"])
    assert seconds_until_start(work, queue) == {"b": 0, "b2": 0, "a": 10}


def test_another_user_is_expected_to_come_first():
    """A task that arrives later starts before the second of a user who has used more."""
    queue = {"a": of("ann"), "a2": of("ann"), "later": of("bob", 60, arrives_in=5)}
    assert seconds_until_start(ExpectedWork([], Capacity(1)), queue) == {"a": 0, "a2": 70}
    queue["later"] = of("bob", 60, arrives_in=11)
    assert seconds_until_start(ExpectedWork([], Capacity(1)), queue) == {"a": 0, "a2": 10}


def test_tasks_of_the_past_are_expected_in_the_same_rhythm():
    """The first one arrived 100 seconds ago, so the others arrive that long after themselves."""
    remote = msgspec.structs.replace(of("bob"), limits=None)
    unknown = msgspec.structs.replace(of("bob"), usual=None)
    past = [of("ann", arrives_in=-100), of("bob", arrives_in=-70), of("ann"), remote, unknown]
    expected = expected_tasks(past).values()
    assert [(task.use.owner, task.arrives_in) for task in expected] == [("bob", 30), ("ann", 100)]
    assert expected_tasks([]) == expected_tasks([of("ann", arrives_in=-9)] * 3) == {}


AGES = SECONDS.map(operator.neg)
OWNED = st.builds(of, st.sampled_from(["ann", "bob", "cem"]), SECONDS, AGES)


@given(st.lists(OWNED, max_size=8), st.lists(OWNED, max_size=8))
def test_expected_tasks_only_delay(queue, past):
    """They have no start of their own. There is one core."""
    named = {str(at): task for at, task in enumerate(queue)}
    alone = seconds_until_start(ExpectedWork([], Capacity(1)), named)
    found = seconds_until_start(ExpectedWork([], Capacity(1)), named | expected_tasks(past))
    assert found.keys() == named.keys()
    assert all(found[name] >= at - 1e-6 for name, at in alone.items())


OWN = st.lists(st.builds(of, st.just("ann"), SECONDS, AGES), max_size=8)


@given(OWN, OWN)
def test_tasks_of_one_user_come_before_later_ones(queue, past):
    """There are two cores."""
    named = {str(at): task for at, task in enumerate(queue)}
    alone = seconds_until_start(ExpectedWork([], Capacity(2)), named)
    work = ExpectedWork([], Capacity(2))
    assert seconds_until_start(work, named | expected_tasks(past)) == alone


class PlainWork(ExpectedWork):
    """Checks each task at each start, as the dispatcher does."""

    def start(self, queues, nodes):
        started = []
        busy = [(node.limits, gpus) for _, node, gpus in self._busy if node.limits]
        slots = Slots(self._capacity, busy)
        levels = Counter(node.use.owner for _, node, _ in self._busy)
        for place in fair_order(queues, levels, self._used):
            node = nodes[place]
            if slots.is_full:
                break
            if self._ledger.full_scope(node.use):
                levels[node.use.owner] -= 1
            elif lacking := slots.lacks(node.limits):
                slots.refuse([] if slots.is_too_much(node.limits) else lacking)
            else:
                started.append(place)
                self._busy.append((self._end_of(node), node, slots.grant(node.limits)))
                self._ledger.take(node.use)
        return started


@st.composite
def waits(draw, /, **amounts):
    """Tasks of two users, whose runs have several tasks and may belong to a project."""
    found = {}
    for at in range(draw(st.integers(0, 12))):
        owner, limits = draw(st.sampled_from(["ann", "bob"])), draw(st.builds(Limits, **amounts))
        use = Use.of_task(f"{owner}-{draw(st.integers(1, 3))}", 0, owner, limits)
        usual, age = Usual(draw(st.integers(1, 9)), 3), draw(st.sampled_from([0, 0, 2, 5, 20]))
        found[str(at)] = UnfinishedNode((), usual, limits=limits, use=use, arrives_in=age)
    return found


CORES = waits(cpu=st.sampled_from([0.5, 1.0, 2.0, 4.0]))
GPUS = waits(cpu=st.just(1.0), gpu=st.integers(0, 3))
QUOTA = {"cpu": st.none() | st.integers(1, 3).map(float)}
QUOTAS_OF_CORES = st.fixed_dictionaries(QUOTA | {"runs": st.none() | st.integers(1, 2)})
QUOTAS_OF_GPUS = st.fixed_dictionaries(QUOTA | {"gpus": st.none() | st.integers(0, 2)})


@given(
    st.tuples(CORES, QUOTAS_OF_CORES, QUOTAS_OF_CORES)
    | st.tuples(GPUS, QUOTAS_OF_GPUS, st.just({})),
    st.integers(1, 5),
)
def test_tasks_start_as_if_all_were_checked_each_time(drawn, cores):
    """Runs 1 of both users are linked to a project with a quota."""
    queue, everyone, project = drawn
    now = datetime.now(UTC)
    of_all = Quota(id="everyone", kind="everyone", name="", updated_at=now, **everyone)
    shared = Quota(id="project:p", kind="project", name="p", updated_at=now, **project)
    quotas = Quotas({"everyone": of_all, "project:p": shared}, {}, {"p": "wine"})
    linked = {"ann-1": ["p"], "bob-1": ["p"]}
    plain, quick = (
        seconds_until_start(
            kind([], Capacity(cores, gpus=("0", "1")), (), QuotaLedger(quotas, (), linked)), queue
        )
        for kind in (PlainWork, ExpectedWork)
    )
    assert quick == plain


def test_a_queued_task_ends_after_its_start():
    """Other runs precede it."""
    usual = Usual(60, 3, starts_in_seconds=3600)
    flow = {"a": UnfinishedNode(usual=usual), "b": step("a", seconds=30)}
    assert estimate_run(flow, MANY).remaining_seconds == 3690


def test_remote_work_delays_no_local_task():
    far = UnfinishedNode(usual=Usual(10, 3), limits=None)
    assert seconds_until_start(
        ExpectedWork([(far, [])], Capacity(1)), {"far": far, "here": step()}
    ) == {"here": 0}


@given(graphs(), st.integers(1, 8))
def test_known_tasks_start_before_the_end(ahead, cores):
    queue = {name: one for name, one in ahead.items() if one.limits and one.usual}
    found = seconds_until_start(ExpectedWork([], Capacity(cores)), queue)
    assert found.keys() == queue.keys()
    most = sum(max(one.left, one.elapsed_seconds * OVERDUE) for one in queue.values())
    assert all(0 <= at <= most + 1e-6 for at in found.values())


@pytest.mark.parametrize(
    ("ahead", "unknown"), [({}, 0), ({"a": step(), "b": step("a", elapsed=9)}, 2)]
)
def test_without_earlier_runs_there_is_no_estimate(ahead, unknown):
    assert estimate_run(ahead, Capacity(2)) == Estimate(None, unknown, {})


@given(graphs())
def test_an_estimate_is_between_the_longest_and_all_tasks(ahead):
    found = estimate_run(ahead, MANY).remaining_seconds
    left = [one.left for one in ahead.values()]
    if found is None:
        assert sum(left) == 0
    else:
        assert max(left) <= found <= sum(left) + 1e-6


@given(graphs(), st.floats(0.5, 64))
def test_finished_tasks_never_increase_the_estimate(ahead, cores):
    before = estimate_run(ahead, Capacity(cores)).remaining_seconds
    rest = dict(ahead)
    del rest[next(iter(rest))]
    after = estimate_run(rest, Capacity(cores)).remaining_seconds
    assert before is None or after is None or after <= before + 1e-6


@given(graphs(), st.floats(0.5, 32))
def test_more_cores_never_increase_the_estimate(ahead, cores):
    few, more = (estimate_run(ahead, Capacity(n)).remaining_seconds for n in (cores, 64))
    assert few is None or more is None or more <= few + 1e-6
