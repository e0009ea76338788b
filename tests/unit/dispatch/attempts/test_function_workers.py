"""The attempts of a function worker are sent, stopped and published once."""

from typing import Any

import msgspec
import pytest
from tests.support.fake_runtime_bench import OWNER, Bench, FakeRuntime

from nbyard.attempts import folders
from nbyard.blobs.file_operations import disk_full
from nbyard.dispatch.attempts.function_workers import WorkerObservations
from nbyard.domain.attempts.outside_files import FileState, OutsideUse
from nbyard.domain.attempts.structs import (
    RESULT,
    RESULTS,
    TASK,
    Failure,
    FunctionsWork,
    Observed,
    Result,
    TaskFile,
)
from nbyard.domain.executables.structs import NewExecutable
from nbyard.domain.maps.structs import Grid, MapPlan
from nbyard.domain.runs.structs import Attempt, Task
from nbyard.errors import Unavailable
from nbyard.reasons.structs import because

STEPS = "def noop(n: int = 0, out: str = '') -> None: ...\n"


class Functions:
    """Runs of functions on a bench whose workers do what the test says."""

    def __init__(self, bench: Bench):
        self.bench = bench
        self.runtime = bench.context.runtimes["process"] = FakeRuntime()
        self.runtime.name = "process"
        (bench.root / "steps.py").write_text(STEPS)
        made = bench.yard.services.executables.create(OWNER, NewExecutable(path="steps.py::noop"))
        bench.version = made.id, made.current.id, made.current.arguments

    def submit(self, count: int, **plan: object) -> str:
        graph = {f"n{at}": () for at in range(count)}
        return self.bench.submit(graph, runtime="process", **plan)

    def tasks(self, run: str) -> list[Task]:
        return self.bench.detail(run).tasks

    def attempts(self, run: str) -> list[Attempt]:
        return [task.attempts[-1] for task in self.tasks(run) if task.attempts]

    def only_worker(self, calls: int) -> str:
        """Wait until one worker was told of so many calls, and return it."""
        self.bench.until(lambda: self.runtime.starts)
        (worker,) = self.runtime.starts
        self.bench.until(lambda: len(self.told(worker)) == calls)
        return worker

    def replace_dispatcher(self) -> None:
        self.bench.replace_dispatcher()
        self.bench.context.runtimes["process"] = self.runtime

    def told(self, worker: str) -> list[str]:
        """The ids of the attempts that it was told of, in their order."""
        return [call.attempt_id for call in folders.read_calls(self.bench.folder(worker))]

    def finish(self, worker: str, *attempts: str, **more: object) -> None:
        """What its supervisor would write of them."""
        calls = {c.attempt_id: c for c in folders.read_calls(self.bench.folder(worker))}
        with (self.bench.folder(worker) / RESULTS).open("ab") as file:
            for one in attempts:
                plain: dict[str, Any] = {
                    "token": calls[one].token,
                    "state": "succeeded",
                    "outputs": [],
                }
                plain |= {"attempt_id": one, "started_at": 1.0, "finished_at": 1.001, **more}
                result = msgspec.convert(plain, Result, from_attributes=True)
                file.write(msgspec.json.encode(result) + b"\n")

    def leave(self, worker: str, state: str = "succeeded", failure: Failure | None = None) -> None:
        result = Result(worker, "t", state, 1.0, 2.0, failure=failure)  # type: ignore[arg-type]
        (self.bench.folder(worker) / RESULT).write_bytes(msgspec.json.encode(result))
        self.runtime.states[worker] = "finished"

    def finish_all(self, run: str) -> None:
        """Whatever workers are told, until the run has succeeded or failed."""

        def is_over() -> bool:
            for worker in list(self.runtime.running):
                folder = self.bench.folder(worker)
                ended = {one.attempt_id for one in folders.read_results(folder, 0)[0]}
                self.finish(worker, *[one for one in self.told(worker) if one not in ended])
            return self.bench.run(run).state != "running"

        self.bench.until(is_over)

    def finish_once(self, run: str) -> None:
        """Let the run succeed with one attempt for each task."""
        self.finish_all(run)
        assert self.bench.run(run).state == "succeeded"
        assert all(len(task.attempts) == 1 for task in self.tasks(run))


@pytest.fixture
def functions(bench: Bench) -> Functions:
    return Functions(bench)


def test_a_few_calls_are_sent_while_durations_are_unknown(functions, bench):
    """Two slots, two workers, four calls each; then as many as they can take in a second."""
    run = functions.submit(20)
    bench.until(lambda: len(functions.attempts(run)) == 8)
    bench.round(3)
    first, second = functions.runtime.starts
    assert len(functions.told(first)) == len(functions.told(second)) == 4
    work = msgspec.json.decode((bench.folder(first) / TASK).read_bytes(), type=TaskFile).work
    assert isinstance(work, FunctionsWork) and work.path == "code/steps.py"
    functions.finish(first, functions.told(first)[0])
    bench.until(lambda: len(functions.attempts(run)) == 20)
    functions.finish_all(run)
    assert {task.state for task in functions.tasks(run)} == {"succeeded"}
    assert functions.runtime.starts == [first, second]
    assert sorted(functions.told(first) + functions.told(second)) == sorted(
        attempt.id for attempt in functions.attempts(run)
    )


def test_a_result_depends_on_all_inputs_of_its_process() -> None:
    """And on nothing that came later, although each result tells only what it adds."""
    states = [OutsideUse(FileState("file", size)) for size in range(3)]
    known = WorkerObservations()
    added: list[dict[str, OutsideUse]] = [
        {"/a": states[0]}, {}, {"/a": states[1], "/b": states[2]}, {"/c": states[0]},
    ]  # fmt: skip
    for at, outside in enumerate(added):
        observed = Observed() if at < 3 else None
        known.add(Result(f"r{at}", "t", "succeeded", 1.0, 2.0, observed=observed, outside=outside))
    known.add(Result("r0", "t", "succeeded", 1.0, 2.0, observed=Observed()))
    found = [known.result_of(f"r{at}") for at in range(4)]
    assert [one.outside for one in found if one] == [
        added[0], added[0], {"/a": states[1], "/b": states[2]}, {"/c": states[0]},
    ]  # fmt: skip
    assert known.result_of("none") is None


def test_each_call_has_its_own_states_and_events(functions, bench):
    """Each step of each task is one row and one event."""
    run = functions.submit(3)
    bench.until(lambda: len(functions.attempts(run)) == 3)
    functions.finish_all(run)
    with bench.store.read() as c:
        events = [
            e for e in bench.store.events.events_after(c, OWNER.name, 0, 1000) if e.run_id == run
        ]
    for task in functions.tasks(run):
        (attempt,) = task.attempts
        assert attempt.number == 1 and attempt.worker in functions.runtime.starts
        seen = [e.data["state"] for e in events if e.subject_id == attempt.id]
        assert seen in (
            ["recorded", "starting", "succeeded"],
            ["recorded", "starting", "running", "succeeded"],
        )
        own = [e.data["state"] for e in events if e.subject_id == task.id]
        assert [one for one in own if one != "running"] == [
            "waiting", "queued", "preparing", "succeeded",
        ]  # fmt: skip


def test_a_result_with_another_token_is_refused(functions, bench):
    run = functions.submit(1)
    worker = functions.only_worker(1)
    functions.finish(worker, *functions.told(worker), token="forged")
    bench.until(lambda: functions.tasks(run)[0].attempts[0].state == "lost")
    assert "another attempt's token" in functions.tasks(run)[0].attempts[0].why


def test_outputs_of_one_call_wait_for_space_while_others_continue(functions, bench, monkeypatch):
    """They wait until they are no longer needed."""

    def full(*_: object, **__: object) -> None:
        raise disk_full(4)

    monkeypatch.setattr("nbyard.dispatch.attempts.outcomes.attempt_outcome.take_outputs", full)
    bench.context.settings.slots = 1
    run = functions.submit(3)
    worker = functions.only_worker(3)
    functions.finish(worker, functions.told(worker)[0], outputs=["out"])
    functions.finish(worker, functions.told(worker)[1])
    bench.until(lambda: functions.tasks(run)[1].state == "succeeded")
    first, _, third = functions.tasks(run)
    assert "needs 4 bytes" in first.why
    assert first.attempts[0].state in ("starting", "running") and third.state == "running"
    bench.cancel(run)
    bench.until_run(run, "cancelled")
    assert functions.tasks(run)[0].state == "cancelled"


def test_unstarted_calls_pass_to_the_next_worker(functions, bench):
    """The same attempt, which nobody had begun: nothing counts against it."""
    run = functions.submit(3)
    bench.context.settings.slots = 1
    worker = functions.only_worker(3)
    fatal, *rest = functions.told(worker)
    failure = Failure("exit-code", because("text", text="exit code 7"), exit_code=7)
    functions.finish(worker, fatal, state="failed", failure=failure)
    functions.leave(worker, "failed", failure)
    bench.until(lambda: len(functions.runtime.starts) == 2)
    successor = functions.runtime.starts[1]
    bench.until(lambda: len(functions.told(successor)) == 2)
    assert functions.told(successor) == rest
    functions.finish_all(run)
    states = {task.attempts[-1].id: task for task in functions.tasks(run)}
    assert states[fatal].state == "failed"
    assert [states[one].state for one in rest] == ["succeeded"] * 2
    assert all(len(states[one].attempts) == 1 for one in rest)
    assert {states[one].attempts[0].worker for one in rest} == {successor}


def test_an_exited_idle_worker_gets_no_calls(functions, bench):
    """Also when nobody had noticed that it was about to."""
    run = functions.submit(1)
    functions.leave(functions.only_worker(1))
    bench.until(lambda: len(functions.runtime.starts) == 2)
    functions.finish_once(run)


def test_a_worker_that_never_started_a_call_is_replaced(functions, bench):
    """Its failure is that of all."""
    run = functions.submit(2)
    bench.context.settings.slots = 1
    bench.until(lambda: functions.runtime.starts)
    (worker,) = functions.runtime.starts
    functions.leave(
        worker, "failed", Failure("preparation", because("text", text="no such interpreter"))
    )
    bench.until_run(run, "failed")
    for task in functions.tasks(run):
        assert task.failure is not None and "no such interpreter" in task.failure.message


def test_a_lost_worker(functions, bench):
    """Calls with a result keep it. All others are lost and retried."""
    run = functions.submit(3)
    bench.context.settings.slots = 1
    worker = functions.only_worker(3)
    functions.finish(worker, functions.told(worker)[0])
    functions.runtime.lose(worker)
    bench.until(lambda: sum(t.state == "succeeded" for t in functions.tasks(run)) == 1)
    bench.until(
        lambda: all(
            task.attempts[0].state in ("lost", "succeeded") for task in functions.tasks(run)
        )
    )
    lost = [task for task in functions.tasks(run) if task.state != "succeeded"]
    assert len(lost) == 2 and all("killed by the test" in task.why for task in lost)


def test_another_dispatcher_takes_over(functions, bench):
    """No call is sent twice, and existing results count."""
    run = functions.submit(4)
    bench.context.settings.slots = 1
    worker = functions.only_worker(4)
    functions.finish(worker, *functions.told(worker)[:2])
    functions.replace_dispatcher()
    bench.until(lambda: sum(t.state == "succeeded" for t in functions.tasks(run)) == 2)
    assert len(functions.told(worker)) == 4 and functions.runtime.starts == [worker]
    functions.finish_once(run)


def test_recorded_calls_that_were_never_sent_are_sent(functions, bench):
    """Write first, act second: a dispatcher that died in between has left nothing undone."""
    functions.runtime.out_of_reach = "not yet"
    run = functions.submit(2)
    bench.until(lambda: len(functions.attempts(run)) == 2)
    bench.until(lambda: "not yet" in functions.tasks(run)[0].why)
    functions.replace_dispatcher()
    functions.runtime.out_of_reach = ""
    functions.finish_once(run)


def test_a_worker_folder_after_a_power_cut_is_filled_again(functions, bench):
    """A folder whose worker never started may be incomplete, so all calls are sent again."""
    functions.runtime.refusal = Unavailable("not yet")
    run = functions.submit(2)
    bench.until(lambda: "not yet" in functions.tasks(run)[0].why)
    worker = bench.snapshot(run, "n0").attempt.worker
    folder = bench.folder(worker)
    task = folders.read_task(folder)
    torn = msgspec.structs.replace(task, boot_id="of another day")
    (folder / TASK).write_bytes(msgspec.json.encode(torn))
    (folder / "code/steps.py").write_text("")
    functions.replace_dispatcher()
    functions.runtime.refusal = None
    bench.until(lambda: worker in functions.runtime.starts)
    assert (folder / "code/steps.py").read_text() == STEPS
    assert folders.read_task(folder) == task
    functions.finish_once(run)


def test_cancel(functions, bench):
    """Each call is asked once, and all calls end."""
    run = functions.submit(6)
    bench.until(lambda: len(functions.runtime.starts) == 2)
    first, second = functions.runtime.starts
    bench.until(lambda: functions.told(first) and functions.told(second))
    functions.runtime.obeys = False
    bench.cancel(run)
    bench.until(lambda: len(functions.runtime.stops) == 2)
    for worker in (first, second):
        functions.leave(
            worker, "cancelled", Failure("cancelled", because("text", text="the run was cancelled"))
        )
    bench.until_run(run, "cancelled")
    assert {task.state for task in functions.tasks(run)} <= {"cancelled", "skipped"}
    assert len(functions.runtime.starts) == 2


def test_a_running_call_is_shown_although_a_sibling_is_cancelled(functions, bench, monkeypatch):
    """Its report is not written yet, and gets lost."""
    monkeypatch.setattr("nbyard.dispatch.runs.controller.LINGER_SECONDS", 1e6)
    bench.context.settings.slots = 1
    maps = {"a": MapPlan(Grid({"n": [1, 2, 3]}), "all")}
    run = bench.submit({"a": []}, runtime="process", maps=maps)
    bench.until(lambda: functions.attempts(run))
    runs = bench.dispatcher.runs
    (worker,) = {attempt.worker for attempt in functions.attempts(run)}

    def tasks() -> list[Task]:
        return [task for task in functions.tasks(run) if task.element]

    for _ in range(100):
        runs.tick({worker}, has_news=False)
        bench.dispatcher.settle(30)
        if runs.board.runs[run].tasks[tasks()[0].node].record.state == "running":
            break
    assert [task.state for task in tasks()] == ["preparing"] * 3
    bench.yard.services.runs.cancel_element(OWNER, run, tasks()[2].node)
    bench.until(lambda: tasks()[0].state == "running")
    functions.finish_all(run)


def test_cancelled_before_anything_began(functions, bench):
    functions.runtime.out_of_reach = "not yet"
    run = functions.submit(2)
    bench.until(lambda: len(functions.attempts(run)) == 2)
    functions.runtime.out_of_reach = ""
    bench.cancel(run)
    bench.until_run(run, "cancelled")


def test_only_the_record_is_kept(functions, bench):
    run = functions.submit(2)
    bench.until(lambda: functions.runtime.starts)
    functions.finish_all(run)
    bench.until(lambda: len(functions.runtime.stops) == len(functions.runtime.starts))
    for worker in functions.runtime.starts:
        bench.until(lambda worker=worker: not (bench.folder(worker) / "code").exists())
        assert functions.told(worker)
    bench.yard.services.runs.delete(OWNER, run)
    assert not any(bench.folder(worker).exists() for worker in functions.runtime.starts)


def test_tasks_with_process_limits_get_their_own_process(functions, bench):
    run = functions.submit(1, memory_bytes=2**30)
    bench.until(lambda: functions.runtime.starts)
    (attempt,) = functions.attempts(run)
    assert functions.runtime.starts == [attempt.id] and attempt.worker == ""


def test_a_waiting_task_gets_the_slot_of_a_worker(functions, bench):
    """The worker gets no call while an earlier task waits in the queue."""
    bench.context.settings.slots = 1
    run = functions.submit(12)
    worker = functions.only_worker(4)
    bench.version = bench.register()
    urgent = bench.submit(priority=5)
    bench.round(3)
    functions.finish(worker, *functions.told(worker))
    bench.until_task(urgent, "running")
    assert len(functions.attempts(run)) == 4
    bench.runtime.end(bench.attempt(urgent))
    functions.finish_all(run)
    assert {task.state for task in functions.tasks(run)} == {"succeeded"}
