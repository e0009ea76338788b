"""The dispatcher continues a bisection after kills and deleted runs."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import pytest
from tests.support.fake_runtime_bench import OWNER, Bench

from nbyard.blobs.trees import Tree, TreeEntry
from nbyard.dispatch.bisections.controller import BisectionController
from nbyard.dispatch.garbage import GarbageCollector
from nbyard.dispatch.threads import Threads
from nbyard.domain.bisections.structs import Bisection, BisectionJudge
from nbyard.domain.ids import new_id
from nbyard.freezing.runs.bisected_runs import mixed_plans

from ...store.rows import Rows

TWO = {"a": [], "b": ["a"]}


@pytest.fixture
def controller(bench: Bench, monkeypatch) -> BisectionController:
    """Return a controller that works alone: the dispatcher's own one would race with it."""
    monkeypatch.setattr(bench.dispatcher.bisections, "tick", lambda **_: False)
    return BisectionController(bench.context, Threads(1), lambda: None)


def settle(bench: Bench, run: str, fails: Callable[[int], bool] = lambda n: False) -> None:
    """End a run; a node fails by its value of n."""
    while bench.run(run).state not in ("succeeded", "failed"):
        bench.round()
        for attempt in bench.runtime.running:
            with bench.store.read() as c:
                record = bench.store.attempts.get(c, attempt)
                assert record is not None
                task = bench.store.tasks.get(c, record.task_id)
            assert task is not None
            n = task.plan.bindings["n"].value  # type: ignore[union-attr]
            if fails(n):
                bench.runtime.end(attempt, "failed")
            else:
                bench.runtime.end(attempt)


def begin(bench: Bench, fails: Callable[[int], bool]) -> Bisection:
    """A bisection of a run with n=1, and of one with n=2 and other limits."""
    good = bench.submit(TWO, n=1)
    settle(bench, good, fails)
    bad = bench.submit(TWO, n=2, timeout_seconds=9.0, cpu=1.0)
    settle(bench, bad, fails)
    return bisect(bench, good, bad)


def use_version(bench: Bench, **texts: bytes) -> None:
    """Let new runs use a version with these CSV files beside the code."""
    executable, _, arguments = bench.version
    blobs = bench.context.blobs
    files = {"work.py": b"1"} | {f"{name}.csv": text for name, text in texts.items()}
    digests = {name: blobs.put_bytes(text).digest for name, text in files.items()}
    bundle = blobs.put_tree(Tree([TreeEntry(name, one, 1) for name, one in digests.items()]))
    code = {"content_digest": digests["work.py"], "code_digest": digests["work.py"]}
    with bench.store.write() as c:
        made = Rows(bench.store, c).executable_version(
            executable, bundle.digest, arguments, bundle_digest=bundle.digest, **code
        )
    bench.version = executable, made.id, arguments


def bisect(bench: Bench, good: str, bad: str) -> Bisection:
    with bench.store.write() as c:
        pair = [bench.store.runs.by_id(c, run) for run in (good, bad)]
        assert pair[0] is not None and pair[1] is not None
        changes = mixed_plans(bench.store, c, pair[0], pair[1]).changes
        one = Bisection(
            id=new_id(), owner=OWNER.name, title="", good_run=good, bad_run=bad, good_number=1,
            bad_number=2, state="running", judge=BisectionJudge(), limit=20, expected=4,
            changes=changes,
            created_at=datetime.now(UTC),
        )  # fmt: skip
        bench.store.bisections.insert(c, one)
    return one


def state(bench: Bench, one: Bisection) -> Bisection:
    with bench.store.read() as c:
        found = bench.store.bisections.by_id(c, one.id)
    assert found is not None
    return found


def test_the_cause_is_found_and_finished_nodes_are_reused(bench, controller):
    def fails(n: int) -> bool:
        return n == 2

    one = begin(bench, fails)
    assert [change.kind for change in one.changes] == ["parameter", "limits", "parameter"]
    while (found := state(bench, one)).state == "running":
        if not controller.handle(one.id):
            settle(bench, found.probes[-1].run_id, fails)
    assert (found.ending, found.culprits) == ("found", [0])
    assert [(probe.changes, probe.verdict) for probe in found.probes] == [
        ([], "good"), ([0, 1, 2], "bad"), ([0], "bad"),
    ]  # fmt: skip
    assert controller.handle(one.id) is False
    runs = [bench.run(probe.run_id) for probe in found.probes]
    assert {run.origin.kind for run in runs} == {"bisect"}
    assert {run.origin.id for run in runs} == {one.id}


def test_mixed_files_outlive_collections(bench, controller, monkeypatch):
    """A collection before a probe starts leaves its code, also that of an earlier probe."""
    monkeypatch.setattr(bench.context.settings, "garbage_grace_seconds", 0)
    runs = []
    for n, texts in enumerate(({"a": b"1", "b": b"1"}, {"a": b"2", "b": b"2"})):
        use_version(bench, **texts)
        runs.append(bench.submit(n=n))
        settle(bench, runs[-1], bool)
    one = bisect(bench, *runs)
    assert [(change.kind, change.files) for change in one.changes] == [
        ("parameter", []), ("files", ["a.csv"]), ("files", ["b.csv"]),
    ]  # fmt: skip
    seen = {}
    while (found := state(bench, one)).state == "running":
        if controller.handle(one.id):
            assert GarbageCollector(bench.context, Threads(1)).collect()
            continue
        run = found.probes[-1].run_id
        bench.until(lambda: bool(bench.runtime.running))
        code = bench.folder(bench.attempt(run)) / "code"
        seen[*found.probes[-1].changes] = [(code / f"{x}.csv").read_text() for x in "ab"]
        # Only both of these together are bad.
        bads = [0, 1, 2] if {0, 1} <= {*found.probes[-1].changes} else []
        settle(bench, run, bads.__contains__)
    assert found.culprits == [0, 1]
    assert len({tuple(texts) for texts in seen.values()}) == 3, "two probes share a bundle"
    assert all(texts == ["12"[1 in of], "12"[2 in of]] for of, texts in seen.items())


def test_different_changes_end_a_bisection(bench, controller):
    """Another version of nbyard may divide the changes otherwise, so indexes differ."""
    one = begin(bench, lambda n: n == 2)
    other = msgspec.structs.replace(one, id=new_id(), changes=one.changes[1:])
    with bench.store.write() as c:
        bench.store.bisections.insert(c, other)
    assert controller.handle(other.id)
    found = state(bench, other)
    assert (found.state, found.reason and found.reason.code) == ("failed", "bisection-outdated")
    assert found.probes == [] and found.culprits == []


def test_equal_tasks_of_earlier_probes_are_not_repeated(bench, controller):
    one = begin(bench, lambda n: False)
    controller.handle(one.id)
    settle(bench, state(bench, one).probes[0].run_id)
    with bench.store.read() as c:
        probe = state(bench, one).probes[0]
        plans = [task.plan for task in bench.store.tasks.of_run(c, probe.run_id)]
        again = controller.with_reused_tasks(c, plans, [probe])
        ids = [task.id for task in bench.store.tasks.of_run(c, probe.run_id)]
        assert [plan.reuse for plan in again] == ids
        assert controller.with_reused_tasks(c, plans, []) == plans


def test_another_dispatcher_continues_a_bisection(bench, controller):
    """Each step follows from the stored verdicts, and a second one starts no second run."""

    def fails(n: int) -> bool:
        return n == 2

    one = begin(bench, fails)
    while (found := state(bench, one)).state == "running":
        other = BisectionController(bench.context, Threads(1), lambda: None)
        changed = other.handle(one.id)
        assert controller.handle(one.id) is False or not changed
        if not changed:
            settle(bench, found.probes[-1].run_id, fails)
    assert found.culprits == [0]


def test_a_deleted_probe_is_unclear(bench, controller):
    one = begin(bench, lambda n: n == 2)
    controller.handle(one.id)
    probe = state(bench, one).probes[0].run_id
    settle(bench, probe)
    with bench.store.write() as c:
        run = bench.store.runs.by_id(c, probe)
        assert run is not None
        bench.store.runs.delete(c, run)
    assert controller.handle(one.id)
    found = state(bench, one)
    assert (found.ending, found.probes[0].verdict) == ("good-not-repeated", "unclear")


def test_a_bisection_fails_without_its_runs(bench, controller):
    one = begin(bench, lambda n: n == 2)
    with bench.store.write() as c:
        run = bench.store.runs.by_id(c, one.bad_run)
        assert run is not None
        bench.store.runs.delete(c, run)
    assert controller.handle(one.id)
    found = state(bench, one)
    assert (found.state, found.reason and found.reason.code) == ("failed", "bisected-run-gone")


def test_a_probe_after_the_cancellation_is_cancelled(bench, controller):
    one = begin(bench, lambda n: n == 2)
    with bench.store.write() as c:
        bench.store.bisections.cancel(c, one)
    controller.go_on(one, [])
    with bench.store.read() as c:
        (run,) = bench.store.runs.scratch(c)
    assert run.cancel_requested_at is not None
    assert controller.handle(one.id) is False


def test_rounds_check_running_bisections(bench, monkeypatch):
    asked: list[str] = []
    threads = Threads(1)

    def submit(key: str, work: Callable[[], bool], **more: Callable[[bool], None]) -> bool:
        asked.append(key)
        more["then"](work())
        return True

    monkeypatch.setattr(threads, "submit", submit)
    woken: list[bool] = []
    controller = BisectionController(bench.context, threads, lambda: woken.append(True))
    assert not controller.tick(has_news=False, has_time=False) and asked == []
    one = begin(bench, lambda n: n == 2)
    assert controller.tick(has_news=True, has_time=False), "a run was created"
    assert not controller.tick(has_news=False, has_time=False)
    assert asked == [f"bisection {one.id}"] * 2 and woken == [True]
