"""Runs: what comes next, what is skipped, how they end; and that rounds stay cheap."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from tests.support.fake_runtime_bench import Bench

from nbyard.domain.attempts.structs import Failure
from nbyard.domain.callers import Caller
from nbyard.errors import Unavailable
from nbyard.reasons.structs import because
from nbyard.store import Connection
from nbyard.store.runs.tasks import TaskRecord

DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}


@contextmanager
def counted(bench: Bench) -> Iterator[dict[str, int]]:
    """Statements meanwhile, by their first word."""
    found: dict[str, int] = {}

    def count(_c: object, _cursor: object, statement: str, *_: object) -> None:
        word = statement.split(maxsplit=1)[0].upper()
        found[word] = found.get(word, 0) + 1

    engines = {bench.store.database.engine, bench.store.database.reader}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", count)
    yield found
    for engine in engines:
        event.remove(engine, "before_cursor_execute", count)


def states(bench: Bench, run: str) -> dict[str, str]:
    return {task.node: task.state for task in bench.detail(run).tasks}


def finish(bench: Bench, run: str, node: str, state: str = "succeeded") -> None:
    bench.until_task(run, "running", node)
    failure = Failure("error", because("text", text="boom")) if state == "failed" else None
    bench.runtime.end(bench.attempt(run, node), state, failure=failure)
    bench.until(lambda: bench.task(run, node).state == state)


def test_a_diamond_runs_in_order_and_in_parallel(bench, runtime):
    run = bench.submit(DIAMOND)
    finish(bench, run, "a")
    side_by_side = {"a": "succeeded", "b": "running", "c": "running", "d": "waiting"}
    bench.until(lambda: states(bench, run) == side_by_side)
    finish(bench, run, "b")
    assert states(bench, run)["d"] == "waiting"
    finish(bench, run, "c")
    finish(bench, run, "d")
    bench.until_run(run, "succeeded")
    assert len(runtime.starts) == 4


def test_results_are_passed_on(bench, runtime):
    run = bench.submit({"a": [], "b": ["a"]})
    bench.until_task(run, "running")
    runtime.end(bench.attempt(run), text="from a")
    bench.until_task(run, "running", "b")
    staged = list((bench.folder(bench.attempt(run, "b")) / "inputs" / "in0").iterdir())
    assert [path.read_text() for path in staged] == ["from a"]


def test_tasks_after_a_failure_are_skipped(bench):
    """Independent nodes continue."""
    run = bench.submit(DIAMOND)
    finish(bench, run, "a")
    finish(bench, run, "b", "failed")
    finish(bench, run, "c")
    bench.until_run(run, "failed")
    assert states(bench, run) == {"a": "succeeded", "b": "failed", "c": "succeeded", "d": "skipped"}
    assert bench.task(run, "d").why == "an upstream task failed"


def test_a_cancel_skips_waiting_tasks(bench, runtime):
    run = bench.submit(DIAMOND)
    finish(bench, run, "a")
    bench.until(lambda: len(runtime.running) == 2)
    bench.cancel(run)
    bench.until_run(run, "cancelled")
    assert states(bench, run) == {
        "a": "succeeded",
        "b": "cancelled",
        "c": "cancelled",
        "d": "skipped",
    }
    bench.round(3)
    assert len(runtime.starts) == 3


def test_the_tasks_of_a_run_say_that_an_administrator_cancelled_it(bench):
    run = bench.submit({"a": [], "b": ["a"]})
    bench.until_task(run, "running", "a")
    root = Caller("root", scopes=("admin",))
    bench.yard.services.admin.cancel_run(root, run)
    bench.until_run(run, "cancelled")
    for node in ("a", "b"):
        assert bench.task(run, node).reason == because("cancelled-by-administrator")


def test_a_queued_run_is_cancelled(bench, runtime):
    """No round has run yet."""
    run = bench.submit({"a": [], "b": ["a"]})
    bench.cancel(run)
    bench.until_run(run, "cancelled")
    assert runtime.starts == []


def test_the_next_dispatcher_finds_acknowledged_runs(bench, runtime):
    """Finished tasks are not repeated, and running ones are adopted."""
    run = bench.submit(DIAMOND)
    bench.replace_dispatcher()
    finish(bench, run, "a")
    bench.until(lambda: len(runtime.running) == 2)
    bench.replace_dispatcher()
    finish(bench, run, "b")
    finish(bench, run, "c")
    bench.replace_dispatcher()
    finish(bench, run, "d")
    bench.until_run(run, "succeeded")
    assert len(runtime.starts) == 4


def test_a_round_with_nothing_to_do_writes_nothing(bench):
    for _ in range(30):
        bench.submit()
    bench.until(lambda: len(bench.runtime.running) == 2)
    bench.round(3)
    with counted(bench) as found:
        bench.round()
    assert not {"INSERT", "UPDATE", "DELETE"} & set(found)
    assert found["SELECT"] < 25


def test_a_commit_with_a_lost_reply_is_found_and_cleaned_up(bench, runtime, monkeypatch):
    """Nothing is repeated, and only the record of the attempt stays."""
    run = bench.start()
    attempt = bench.attempt(run)
    runtime.end(attempt)
    write = bench.store.write

    @contextmanager
    def cut() -> Iterator[Connection]:
        with write() as c:
            yield c
        if bench.run(run).state == "succeeded":
            monkeypatch.undo()
            raise Unavailable("the connection was cut")

    monkeypatch.setattr(bench.store, "write", cut)
    bench.until_run(run, "succeeded")
    bench.until(lambda: not (bench.folder(attempt) / "outputs").exists())
    assert (runtime.starts, runtime.ended_runs) == ([attempt], [run])


def test_one_broken_run_does_not_stop_the_others(bench, monkeypatch):
    broken, sound = bench.submit(), bench.submit()
    of_run = bench.store.tasks.of_run

    def refuse(c: Connection, run_id: str) -> list[TaskRecord]:
        if run_id == broken:
            raise ZeroDivisionError
        return of_run(c, run_id)

    monkeypatch.setattr(bench.store.tasks, "of_run", refuse)
    bench.until_task(sound, "running")
    monkeypatch.undo()
    bench.replace_dispatcher()
    bench.until_task(broken, "running")


def test_runtimes_are_notified_of_the_end_of_a_run(bench):
    run = bench.submit({"a": [], "b": ["a"]})
    finish(bench, run, "a")
    assert bench.runtime.ended_runs == []
    finish(bench, run, "b")
    bench.until(lambda: bench.runtime.ended_runs == [run])
