"""The queue: slots, order, the cache and what it says."""

import random
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from tests.support.fake_runtime_bench import OWNER, Bench, FakeRuntime, Graph

from nbyard.dispatch.attempts import attempt_driver
from nbyard.dispatch.runs import queue, ready_tasks
from nbyard.dispatch.state import live_runs
from nbyard.dispatch.threads import TRIES
from nbyard.domain import limits
from nbyard.domain.limits import Limits
from nbyard.domain.state_machines import RUN
from nbyard.errors import Busy, Conflict, Unavailable
from nbyard.reasons.structs import because
from nbyard.runtimes.protocol import Order


def done(bench: Bench, run: str, text: str = "same") -> None:
    bench.until(lambda: bench.task(run).state in ("running", "succeeded"))
    if bench.task(run).state == "running":
        bench.runtime.end(bench.attempt(run), text=text)
    bench.until_run(run, "succeeded")


def test_tasks_never_exceed_the_slots(bench, runtime):
    """The third task waits, with reason and place."""
    runs = [bench.submit() for _ in range(4)]
    bench.round(5)
    assert len(runtime.starts) == 2
    waiting = bench.task(runs[3])
    assert waiting.state == "queued"
    assert (waiting.waits, waiting.place) == (because("waits-for-slots", wanted=1, total=2), 2)
    runtime.end(bench.attempt(runs[1]))
    bench.until_task(runs[2], "running")
    assert bench.task(runs[3]).state == "queued"


def test_first_come_first_served(bench, runtime):
    """Small tasks do not overtake a big one forever."""
    first = bench.start()
    big = bench.submit(cpu=2.0)
    small = bench.submit()
    bench.round(5)
    assert (bench.task(big).state, bench.task(small).state) == ("queued", "queued")
    runtime.end(bench.attempt(first))
    bench.until_task(big, "running")
    assert bench.task(small).state == "queued"


@pytest.fixture
def far(bench: Bench) -> FakeRuntime:
    """Another engine, which cannot be reached."""
    bench.far.out_of_reach = "no engine"
    return bench.far


def waits_for_its_engine(bench: Bench, *runs: str) -> bool:
    return all("waits: no engine" in bench.task(run).why for run in runs)


def end_all(runtime: FakeRuntime) -> bool:
    """Whether anything ran."""
    found = runtime.running
    for attempt in found:
        runtime.end(attempt)
    return bool(found)


@pytest.mark.parametrize("words", ["", "no engine"])
def test_a_possibly_started_attempt_keeps_its_slot(bench, runtime, monkeypatch, words):
    """Its dispatcher was killed before it could record the start."""
    bench.context.settings.slots = 1
    far = bench.far
    run = bench.submit(runtime="far")
    while not far.starts:
        bench.round()
    other = bench.submit()
    bench.replace_dispatcher()
    far.out_of_reach = words
    bench.round(5)
    assert (bench.task(other).state, runtime.starts) == ("queued", [])
    with monkeypatch.context() as patched:
        patched.setattr(attempt_driver, "UNREACHABLE_SECONDS", 0.0)
        bench.round(5)
        assert bool(runtime.starts) == bool(words), "not for ever"
    far.out_of_reach = ""
    bench.until_task(run, "running")
    far.end(bench.attempt(run))
    bench.until_task(other, "running")


def test_an_unreachable_engine_takes_no_slots(bench, runtime, far):
    """Others continue.

    When the engine returns, the slots are not exceeded, and nobody overtakes the admitted ones.
    """
    waiting = [bench.submit(runtime="far") for _ in range(2)]
    bench.until(lambda: waits_for_its_engine(bench, *waiting))
    near = [bench.submit() for _ in range(3)]
    bench.until(lambda: len(runtime.running) == 2)
    far.out_of_reach = ""
    bench.until(lambda: all("waits for a free slot" in bench.task(run).why for run in waiting))
    bench.round(5)
    assert not far.starts
    runtime.end(bench.attempt(near[0]))
    bench.until(lambda: far.running)
    bench.round(5)
    assert (len(far.running), len(runtime.running)) == (1, 1)
    runtime.end(bench.attempt(near[1]))
    bench.until(lambda: len(far.running) == 2)
    assert bench.task(near[2]).state == "queued"
    for run in waiting:
        far.end(bench.attempt(run))
    bench.until_task(near[2], "running")
    assert all(len(bench.task(run).attempts) == 1 for run in waiting)


def test_the_next_dispatcher_grants_no_slot_twice(bench, runtime, far):
    """A recorded attempt takes its slots again, whatever another dispatcher knew."""
    waiting = [bench.submit(runtime="far") for _ in range(2)]
    bench.until(lambda: waits_for_its_engine(bench, *waiting))
    near = [bench.submit() for _ in range(2)]
    bench.until(lambda: len(runtime.running) == 2)
    bench.replace_dispatcher()
    far.out_of_reach = ""
    bench.until(lambda: all("waits for a free slot" in bench.task(run).why for run in waiting))
    bench.round(5)
    assert not far.starts
    for run in near:
        runtime.end(bench.attempt(run))
    bench.until(lambda: len(far.running) == 2)


def test_a_silent_engine_gets_no_more_attempts(bench, runtime, far):
    """The other tasks stay in the queue with this reason."""
    first = bench.submit(runtime="far")
    bench.until(lambda: waits_for_its_engine(bench, first))
    many = bench.submit({f"n{at}": [] for at in range(6)}, runtime="far")
    bench.submit({name: [] for name in "ab"})
    bench.until(lambda: len(runtime.running) == 2)
    bench.round(5)
    assert {(task.state, task.why) for task in bench.detail(many).tasks} == {
        ("queued", "waits: no engine")
    }
    far.out_of_reach = ""
    end_all(runtime)
    bench.until(lambda: len(far.running) == 2)
    assert bench.task(first).state == "running"
    assert not any("no engine" in task.why for task in bench.detail(many).tasks)


def test_waiting_for_one_image_delays_no_others(bench, runtime, monkeypatch):
    """The engine responds, but the registry of the image does not."""
    start, missing = runtime.start, ["far"]

    def pull(order: Order) -> str:
        if order.image in missing:
            raise Unavailable("no registry")
        return start(order)

    monkeypatch.setattr(runtime, "start", pull)
    run = bench.submit({f"n{at}": [] for at in range(6)}, image="far")
    bench.until(lambda: "no registry" in bench.task(run, "n0").why)
    bench.start(image="near")
    bench.round(5)
    queued = [task for task in bench.detail(run).tasks if not task.attempts]
    assert len(queued) >= 4, "no more were recorded than there are slots"
    assert {task.why for task in queued} == {"waits: no registry"}
    missing.clear()
    bench.until(lambda: not end_all(runtime) and bench.run(run).state == "succeeded")


def test_gpus_stay_with_attempts_that_may_live(bench, far):
    """A failed start may have succeeded unnoticed."""
    bench.context.settings.gpus = ["0"]
    waiting = bench.submit(runtime="far", gpu=1)
    bench.until(lambda: waits_for_its_engine(bench, waiting))
    near, none = bench.submit(gpu=1), bench.submit()
    bench.until_task(none, "running")
    assert "1 GPU (0 free)" in bench.task(near).why
    bench.replace_dispatcher()
    bench.round(5)
    assert bench.task(near).state == "queued"
    far.out_of_reach = ""
    bench.until_task(waiting, "running")
    assert bench.task(near).state == "queued"
    far.end(bench.attempt(waiting))
    bench.until_task(near, "running")
    assert [bench.task(run).attempts[0].gpus for run in (waiting, near)] == [["0"], ["0"]]


@pytest.mark.parametrize("how", ["cancelled", "lost"])
def test_a_gpu_is_free_after_its_attempt_is_gone(bench, far, how, monkeypatch):
    """Parts of a lost attempt may still run."""
    bench.context.settings.gpus, far.out_of_reach = ["0"], ""
    run = bench.start(runtime="far", gpu=1)
    attempt, far.obeys = bench.attempt(run), False
    if how == "lost":
        monkeypatch.setattr(attempt_driver, "UNREACHABLE_SECONDS", 0.0)
        far.out_of_reach = "no engine"
        bench.until(lambda: bench.task(run).attempts[0].state == "lost")
    monkeypatch.setattr(attempt_driver, "FORCE_SECONDS", 0.0)
    bench.cancel(run)
    bench.until_run(run, "cancelled")
    assert bench.task(run).attempts[0].state == how
    other = bench.submit(gpu=1)
    bench.round(5)
    far.out_of_reach = ""
    bench.round(5)
    assert far.running == [attempt]
    assert "(0 free)" in bench.task(other).why
    far.lose(attempt)
    bench.until_task(other, "running")


def test_an_unreported_start_is_found(bench, runtime, monkeypatch):
    """It takes its slot and is not started twice."""
    start, lost = runtime.start, list[str]()

    def start_and_lose_the_answer(order: Order) -> str:
        site = start(order)
        if not lost:
            lost.append(order.attempt_id)
            raise Unavailable("no response in time")
        return site

    monkeypatch.setattr(runtime, "start", start_and_lose_the_answer)
    run = bench.start(cpu=2.0)
    assert lost == runtime.starts == [bench.attempt(run)]
    other = bench.submit()
    bench.round(5)
    assert bench.task(other).state == "queued"


def test_an_unchanged_run_comes_from_the_cache(bench, runtime):
    """The reason is shown, and the bytes are the same."""
    first = bench.submit(cache=True, n=1)
    done(bench, first)
    assert bench.task(first).why == "no earlier result"
    second = bench.submit(cache=True, n=1)
    done(bench, second)
    task = bench.task(second)
    assert (task.cached, task.reason) == (True, because("unchanged", run=1))
    assert task.attempts == []
    assert [a.digest for a in task.artifacts] == [a.digest for a in bench.task(first).artifacts]
    assert len(runtime.starts) == 1


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ({"n": 2}, "n changed 1 → 2"),
        ({"n": 1, "force": True}, "the cache was ignored on request"),
        ({"n": 1, "cache": False}, "its cache is off"),
        ({"n": 1, "cache": "off"}, "its cache is off"),
        ({"n": 1, "cache": "0.000001 s"}, "its result of run 1 is older than 0.000001 s"),
    ],
)
def test_a_task_says_why_it_runs_again(bench, plan, reason):
    done(bench, bench.submit(cache=True, n=1))
    assert bench.task(bench.start(**{"cache": True, **plan})).why == f"runs because {reason}"


def test_a_task_that_only_failed_has_no_earlier_result(bench):
    """The reason does not claim that the task never ran."""
    first = bench.start(cache=True)
    bench.fail(first, "no")
    bench.until_run(first, "failed")
    assert bench.task(bench.start(cache=True)).why == "no earlier result"


def test_a_young_result_is_reused(bench):
    """The age counts from the computation, and not from the last use."""
    done(bench, bench.submit(cache="1 h"))
    again = bench.submit(cache="1 h")
    done(bench, again)
    assert bench.task(again).reason == because("unchanged", run=1)


def test_a_result_without_its_bytes_is_computed_again(bench):
    """A cached result is complete or unused."""
    first = bench.submit(cache=True)
    done(bench, first)
    bench.yard.context.blobs.delete(bench.task(first).artifacts[0].digest)
    assert "no longer kept" in bench.task(bench.start(cache=True)).why


def test_a_cached_result_needs_no_slot(bench, runtime):
    """The result may also appear while the task waits."""
    same = [bench.submit(cache=True) for _ in range(3)]
    bench.round(3)
    assert bench.task(same[2]).state == "queued"
    runtime.end(bench.attempt(same[0]))
    bench.submit(cpu=2.0)
    bench.until(lambda: bench.task(same[2]).cached)
    assert len(runtime.starts) <= 3


def test_a_failed_lookup_fails_only_its_task(bench, monkeypatch):
    """One task that cannot be served, also at another try, keeps no other one waiting."""
    monkeypatch.setattr(ready_tasks, "PAUSE_SECONDS", 0.0)
    known = bench.store.executables.version
    broken = bench.submit()
    calls: list[str] = []

    def thrice(c: object, version_id: str) -> object:
        calls.append(version_id)
        if len(calls) <= TRIES:
            raise KeyError("torn")
        return known(c, version_id)

    monkeypatch.setattr(bench.store.executables, "version", thrice)
    bench.start()
    assert bench.run(broken).state == "failed"
    assert "unexpected: KeyError" in bench.task(broken).why


def test_a_lost_task_waits_before_its_retry(bench, runtime, monkeypatch):
    """The pause grows and is stored."""
    monkeypatch.setattr(limits, "BACKOFF_SECONDS", 20.0)
    run = bench.start()
    runtime.lose(bench.attempt(run))
    bench.until_task(run, "queued")
    bench.round(3)
    assert len(runtime.starts) == 1
    assert "killed by the test" in bench.task(run).why
    bench.replace_dispatcher()
    bench.round(3)
    assert len(runtime.starts) == 1


def test_a_lost_task_keeps_its_place(bench, runtime, monkeypatch):
    """Its pause delays no other task."""
    monkeypatch.setattr(limits, "BACKOFF_SECONDS", 20.0)
    runs = [bench.submit() for _ in range(4)]
    bench.until_task(runs[1], "running")
    queued_at = bench.task(runs[0]).queued_at
    runtime.lose(bench.attempt(runs[0]))
    bench.until_task(runs[2], "running")
    lost = bench.task(runs[0])
    assert (lost.state, lost.place, lost.queued_at) == ("queued", 1, queued_at)
    monkeypatch.setattr(limits, "BACKOFF_SECONDS", 0.0)
    bench.replace_dispatcher()
    runtime.end(bench.attempt(runs[1]))
    bench.until_task(runs[0], "running")
    assert bench.task(runs[3]).state == "queued"


def test_a_cancel_between_read_and_write_starts_nothing(bench, runtime, monkeypatch):
    """The transaction that would record the attempt checks for the request."""
    run = bench.submit()
    bench.cancel_before_write(run, monkeypatch)
    bench.until_run(run, "cancelled")
    assert bench.task(run).attempts == []
    assert runtime.starts == []


def test_a_higher_priority_is_served_first(bench, runtime):
    """This holds for the order of the queue and the displayed places."""
    first = [bench.submit() for _ in range(2)]
    bench.until(lambda: len(runtime.starts) == 2)
    plain, urgent = bench.submit(), bench.submit(priority=5)
    bench.round(3)
    assert (bench.task(urgent).place, bench.task(plain).place) == (1, 2)
    runtime.end(bench.attempt(first[0]))
    bench.until_task(urgent, "running")
    assert bench.task(plain).state == "queued"


def test_runs_finish_in_the_order_in_which_they_were_submitted(bench, runtime):
    """Later tasks of a run precede the first tasks of later runs."""
    chain: Graph = {"a": [], "b": ["a"], "c": ["b"], "d": ["c"]}
    runs = [bench.submit(chain) for _ in range(6)]
    ended: dict[str, int] = {}
    for count in range(1, len(runs) * len(chain) + 1):
        bench.until(lambda: len(runtime.running) == min(2, len(runs) - len(ended)))
        # both slots are taken in threads: which step started first says nothing
        first = min(runtime.running, key=lambda step: runs.index(runtime.orders[step].run_id))
        runtime.end(first)
        bench.round(2)
        for run in runs:
            if run not in ended and bench.run(run).state == "succeeded":
                ended[run] = count
    # each run ends after its own four steps, where all would end with the last ones
    assert ended == {run: 4 * number for number, run in enumerate(runs, start=1)}


@pytest.mark.parametrize("seed", range(3))
def test_no_task_overtakes_an_earlier_one(bench, runtime, seed):
    """The order is priority, then submission of the run.

    The displayed places agree, and no slot stays free.
    """
    draw = random.Random(seed)
    diamond: Graph = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}
    shapes: list[Graph] = [{"a": []}, {"a": [], "b": ["a"]}, diamond]
    order: dict[str, tuple[int, int]] = {}
    while len(order) < 7 or any(bench.run(run).state in RUN.live for run in order):
        if len(order) < 7 and draw.random() < 0.5:
            priority = draw.choice([0, 0, 1])
            run = bench.submit(draw.choice(shapes), priority=priority)
            order[run] = (-priority, len(order))
        elif runtime.running:
            runtime.end(draw.choice(runtime.running))
        known = set(runtime.starts)
        bench.round(2)
        bench.until(lambda: len(runtime.running) == 2 or not _queued(bench, order))
        started = [runtime.orders[one].run_id for one in runtime.starts if one not in known]
        waiting = _queued(bench, order)
        for run in started:
            assert all(order[run] <= order[other] for other, _ in waiting.values())
        shown = [waiting[place] for place in sorted(waiting)]
        assert [order[run] for run, _ in shown] == sorted(order[run] for run, _ in shown)
        queue = bench.dispatcher.runs.board.queue
        assert [*queue.ids_in_order()] == [task for _, task in shown]


def _queued(bench: Bench, runs: Iterable[str]) -> dict[int, tuple[str, str]]:
    """Run and id of the queued tasks, by the place that is shown."""
    tasks = [(run, task) for run in runs for task in bench.detail(run).tasks]
    return {task.place: (run, task.id) for run, task in tasks if task.place is not None}


def test_deployments_and_tasks_take_turns_at_a_gpu(bench, runtime, monkeypatch):
    """Tasks of an earlier run precede those of later runs, but follow a deployment that waits
    longer. Neither prevents the other from starting.
    """
    bench.context.settings.gpus = ["0"]
    chain: Graph = {"a": [], "b": ["a"]}
    first, second = bench.submit(chain, gpu=1), bench.submit(chain, gpu=1)
    bench.until_task(first, "running")
    monkeypatch.setattr(bench.dispatcher.deployments, "tick", lambda **_: False)
    waits = (0.0, datetime.now(UTC).timestamp(), "a deployment")
    bench.context.waits[waits] = 1
    slots = bench.dispatcher.runs.slots
    assert "gpu" in slots(waits).lacks(Limits(gpu=1))
    runtime.end(bench.attempt(first))
    bench.round(3)
    # `second` was queued before the deployment, but its turn is after that of `first`
    assert [bench.task(first, "b").state, bench.task(second).state] == ["queued", "queued"]
    assert not slots(waits).lacks(Limits(gpu=1))
    del bench.context.waits[waits]
    bench.until_task(first, "running", "b")
    assert bench.task(second).state == "queued"


def test_tasks_queued_together_wait_in_graph_order(bench, runtime):
    parts = [f"p{number}" for number in range(1, 6)]
    run = bench.submit({"a": [], **{name: ["a"] for name in parts}})
    bench.until_task(run, "running")
    runtime.end(bench.attempt(run))
    bench.until(lambda: bench.task(run, "p3").place)
    assert [bench.task(run, name).place for name in parts[2:]] == [1, 2, 3]
    assert all(bench.task(run, name).attempts for name in parts[:2])


def test_gpus_are_granted_and_released(bench, runtime):
    """Each attempt records its GPU. The next task waits with a reason, and others continue."""
    bench.context.settings.gpus = ["0"]
    one, two, none = (bench.submit(gpu=gpu) for gpu in (1, 1, None))
    bench.until_task(none, "running")
    assert bench.task(one).attempts[0].gpus == ["0"]
    assert runtime.orders[bench.attempt(one)].gpus == ["0"]
    assert "1 GPU (0 free)" in bench.task(two).why
    bench.replace_dispatcher()
    bench.round(3)
    assert bench.task(two).state == "queued"
    runtime.lose(bench.attempt(one))
    bench.until(lambda: [a.gpus for a in bench.task(one).attempts] == [["0"], ["0"]])
    assert "waits for 1 of" in bench.task(two).why
    runtime.end(bench.attempt(one))
    bench.until_task(two, "running")
    assert bench.task(two).attempts[0].gpus == ["0"]


def test_the_gpu_of_a_lost_task_goes_to_the_next(bench, runtime):
    """Every death of the work releases its grant."""
    bench.context.settings.gpus = ["0"]
    dies = bench.start(gpu=1)
    waits = bench.submit(gpu=1)
    bench.until(lambda: "(0 free)" in bench.task(waits).why)
    while bench.task(dies).state != "failed":
        runtime.lose(bench.attempt(dies))
        bench.round(3)
    assert {attempt.state for attempt in bench.task(dies).attempts} == {"lost"}
    bench.until_task(waits, "running")
    assert bench.task(waits).attempts[0].gpus == ["0"]


def test_a_task_never_starts_without_its_gpu(bench, runtime):
    bench.context.settings.gpus = []
    run = bench.submit(gpu=2)
    bench.round(5)
    assert "more GPUs (2) than" in bench.task(run).why
    assert not runtime.starts


def test_an_impossible_task_delays_no_others(bench, runtime):
    """It starts when GPUs are added."""
    bench.context.settings.gpus = ["0"]
    never = bench.submit(gpu=2, cpu=64.0, priority=5)
    one, two = bench.submit(gpu=1), bench.submit()
    last = bench.submit(gpu=1)
    bench.until(lambda: [bench.task(run).state for run in (one, two)] == ["running"] * 2)
    assert "1 GPU (0 free)" in bench.task(last).why
    assert "more GPUs (2) than" in bench.task(never).why
    bench.context.settings.gpus = ["0", "1"]
    for run in (one, two):
        runtime.end(bench.attempt(run))
    bench.until_task(never, "running")
    assert bench.task(last).state == "queued"


def test_many_tasks_waiting_for_a_gpu_hide_no_others(bench, monkeypatch):
    """Even more tasks than one round reads."""
    monkeypatch.setattr(queue, "LENGTH", 2)
    bench.context.settings.gpus = ["0"]
    bench.submit({name: [] for name in "abc"}, gpu=2)
    first, *others = [bench.submit(gpu=1) for _ in range(4)]
    bench.start()
    assert bench.task(first).state == "running"
    assert all("(0 free)" in bench.task(run).why for run in others)


def test_many_tasks_waiting_for_slots_hide_none_without_slots(bench, runtime, monkeypatch):
    """Even behind more tasks than one round reads, in the order of the queue."""
    monkeypatch.setattr(queue, "LENGTH", 2)
    bench.far.queues_itself = True
    bench.submit({name: [] for name in "abcdef"})
    elsewhere = [bench.submit(runtime="far", priority=at) for at in range(3)]
    bench.until(lambda: all(bench.task(run).state == "running" for run in elsewhere))
    with bench.store.read() as c:
        told = bench.store.events.events_after(c, OWNER.name, 0, 500)
    order = [one.run_id for one in told if one.data.get("state") == "recorded"]
    assert [run for run in order if run in elsewhere] == elsewhere[::-1]
    assert len(runtime.running) == 2


def test_cluster_tasks_take_no_local_slots_during_lookups(bench, monkeypatch):
    """They take no GPU of this machine either."""
    bench.context.settings.gpus = ["0"]
    bench.far.queues_itself = True
    looks = iter([False, True])
    monkeypatch.setattr(ready_tasks.ReadyTasks, "is_current", lambda *_: next(looks, True))
    run = bench.start(runtime="far", gpu=1)
    assert bench.far.orders[bench.attempt(run)].gpus == []


def test_a_queue_limit_holds_behind_many_tasks(bench, runtime, monkeypatch):
    """The limit is checked in each round, behind more tasks than one round reads."""
    monkeypatch.setattr(queue, "LENGTH", 2)
    first = bench.submit({name: [] for name in "abcdef"})
    bench.until(lambda: len(runtime.running) == 2)
    late = bench.submit(queue_timeout_seconds=0.001)
    patient = bench.submit(queue_timeout_seconds=3600)
    bench.until_run(late, "failed")
    assert bench.task(late).reason == because("queue-limit", seconds=0.001)
    assert bench.task(patient).state == bench.task(first, "f").state == "queued"


def test_a_task_behind_others_says_so(bench):
    bench.context.settings.gpus = ["0", "1"]
    first, both, one = (bench.submit(gpu=gpu) for gpu in (1, 2, 1))
    bench.until(
        lambda: bench.task(one).why == "waits for 1 of 2 GPUs (1 free); earlier tasks come first"
    )
    assert bench.task(both).waits == because("waits-for-gpus", wanted=2, total=2, free=1)
    assert bench.task(first).attempts[0].gpus == ["0"]


def test_a_task_that_waits_too_long_fails(bench):
    bench.context.settings.gpus = []
    run = bench.submit(gpu=1, queue_timeout_seconds=0.001)
    bench.until_run(run, "failed")
    task = bench.task(run)
    assert task.failure is not None and task.failure.kind == "queue-timeout"
    assert "in the queue" in task.why
    assert not task.attempts


def test_clock_changes_end_no_wait(bench, monkeypatch):
    """The limit counts the time that has really passed."""
    bench.context.settings.gpus = []
    run = bench.submit(gpu=1, queue_timeout_seconds=3600)
    bench.until(lambda: "more GPUs" in bench.task(run).why)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    for module in (live_runs, ready_tasks):
        monkeypatch.setattr(module, "datetime", SimpleNamespace(now=lambda _: tomorrow))
    bench.round(5)
    assert bench.task(run).state == "queued"
    bench.dispatcher.runs.reread_everything([], Busy("try again"))
    bench.round(5)
    assert bench.task(run).state == "queued", "it is read anew"
    bench.replace_dispatcher()
    bench.round(5)
    assert bench.task(run).state == "queued", "another one took over"


@pytest.mark.parametrize("seconds", [0.0, 3600.0])
def test_a_wait_continues_after_a_full_read(bench, monkeypatch, seconds):
    """The limit holds even if the clock was set back."""
    bench.context.settings.gpus = []
    run = bench.submit(gpu=1, queue_timeout_seconds=60)
    bench.until(lambda: "more GPUs" in bench.task(run).why)
    runs, passed = bench.dispatcher.runs, time.monotonic() + 61
    past = datetime.now(UTC) - timedelta(seconds=seconds)
    monkeypatch.setattr(live_runs, "datetime", SimpleNamespace(now=lambda _: past))
    runs.reread_everything([], Busy("try again"))
    bench.round(3)
    assert bench.task(run).state == "queued"
    runs.reread_everything([], Busy("try again"))
    for module in (live_runs, ready_tasks):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: passed))
    bench.until_run(run, "failed")
    assert "in the queue" in bench.task(run).why


def test_a_retry_reuses_succeeded_tasks(bench, runtime):
    """Only failed tasks and their descendants run, with the same code, data and values."""
    runs = bench.yard.services.runs
    old = bench.submit({"a": [], "b": ["a"], "c": ["b"]})
    bench.until_task(old, "running")
    runtime.end(bench.attempt(old), text="of a")
    bench.until_task(old, "running", "b")
    bench.fail(old, "no", "b")
    bench.until_run(old, "failed")
    made = runs.retry(OWNER, old, idempotency_key="key").id
    assert runs.retry(OWNER, old, idempotency_key="key").id == made
    bench.until_task(made, "running", "b")
    taken = bench.task(made)
    assert (taken.state, taken.cached) == ("succeeded", True)
    assert taken.why == f"result of run {bench.run(old).number}"
    assert taken.artifacts[0].digest == bench.task(old).artifacts[0].digest
    runtime.end(bench.attempt(made, "b"))
    bench.until_task(made, "running", "c")
    runtime.end(bench.attempt(made, "c"))
    bench.until_run(made, "succeeded")
    assert len(runtime.starts) == 4
    assert bench.run(old).state == "failed"


def test_retries_of_retries_and_of_deleted_runs_work(bench, runtime):
    """Results are reused again, and deleted ones are computed again."""
    runs = bench.yard.services.runs
    old = bench.submit({"a": [], "b": ["a"]})
    bench.until_task(old, "running")
    runtime.end(bench.attempt(old))
    bench.until_task(old, "running", "b")
    bench.cancel(old)
    bench.until_run(old, "cancelled")
    second = runs.retry(OWNER, old).id
    bench.until_task(second, "running", "b")
    bench.fail(second, "no", "b")
    bench.until_run(second, "failed")
    runs.delete(OWNER, old)
    third = runs.retry(OWNER, second).id
    bench.until_task(third, "running", "b")
    assert bench.task(third).cached
    runs.cancel(OWNER, third)
    bench.until_run(third, "cancelled")
    last = runs.retry(OWNER, third).id
    runs.delete(OWNER, third)
    bench.until_task(last, "running")
    reason = "runs because the result to reuse no longer exists"
    assert bench.task(last).why == reason


def test_only_failed_runs_are_retried(bench):
    run = bench.start()
    with pytest.raises(Conflict):
        bench.yard.services.runs.retry(OWNER, run)
    bench.finish(run)
    with pytest.raises(Conflict):
        bench.yard.services.runs.retry(OWNER, run)


def test_a_drain_holds_all_new_attempts_and_ends_none(bench, runtime):
    """Users see the reason of the administrator; the queue goes on when the drain ends."""
    running = bench.start()
    bench.yard.services.admin.drain(OWNER, "new disks")
    waiting = bench.submit()
    bench.until(lambda: bench.task(waiting).waits == because("draining", why="new disks"))
    runtime.end(bench.attempt(running))
    bench.until_run(running, "succeeded")
    bench.round(5)
    assert bench.task(waiting).state == "queued"
    bench.yard.services.admin.resume(OWNER)
    done(bench, waiting)


def test_a_drain_holds_tasks_of_runtimes_with_their_own_queue(bench):
    bench.far.queues_itself = True
    bench.yard.services.admin.drain(OWNER, "new disks")
    run = bench.submit(runtime="far")
    bench.until(lambda: bench.task(run).waits == because("draining", why="new disks"))
    bench.round(5)
    assert bench.far.starts == []
    bench.yard.services.admin.resume(OWNER)
    bench.until(lambda: bench.far.starts != [])
