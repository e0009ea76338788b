"""Many calls in one process, each with its own end, log and outputs. Real processes."""

import json
import os
import secrets
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from nbyard.attempts import folders
from nbyard.domain.attempts.structs import (
    RESULT,
    RUNNER,
    TASK,
    Call,
    FunctionsWork,
    Output,
    Result,
    TaskFile,
)
from nbyard.reasons.structs import because
from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.protocol import Order
from nbyard.runtimes.supervisor_parents import Parents
from nbyard.testing.conformance.runtimes import STORE, wait_until

STEPS = """
import os, sys, time
print("imported")
seen = []

def noop(n=0):
    pass

def count():
    seen.append(1)
    return len(seen)

def speak(text):
    print(text, end="")
    os.system("echo from a child")

def fail():
    raise KeyError("here")

def die():
    print("last words", flush=True)
    os._exit(7)

def hang():
    time.sleep(600)

def where():
    os.chdir("/")
    return os.environ["NBYARD_NODE_ID"]

def killed():
    os.kill(os.getpid(), 9)
"""


class Worker:
    """A worker with its own folder, and the orders that it receives."""

    def __init__(self, runtime: ProcessRuntime, parent: Path, steps: str = STEPS):
        self.runtime = runtime
        self.id = str(uuid.uuid4())
        self.folder = parent / self.id
        (self.folder / "code").mkdir(parents=True)
        (self.folder / "code" / "steps.py").write_text(steps)
        mark = secrets.token_hex(16)
        task = TaskFile(self.id, "t", mark, FunctionsWork("code/steps.py"), {})
        (self.folder / TASK).write_bytes(msgspec.json.encode(task))
        self.order = Order(self.id, STORE, "run-7", "", self.folder, mark)
        folders.make_calls(self.folder)

    def call(self, function: str, *, outputs: tuple[str, ...] = (), **more: Any) -> str:
        """Write an order for a call; return the ID of its attempt."""
        attempt_id, timeout = str(uuid.uuid4()), more.pop("timeout_seconds", None)
        places = {name: Output(f"outputs/{name}/{name}.json", "json") for name in outputs}
        call = Call(attempt_id, f"t-{attempt_id}", function, function, more, [], places, timeout)
        folders.add_calls(self.folder, [call])
        return attempt_id

    def start(self) -> None:
        self.runtime.start(self.order)

    @property
    def results(self) -> dict[str, Result]:
        found, _ = folders.read_results(self.folder, 0)
        return {one.attempt_id: one for one in found}

    def wait(self, *attempts: str) -> list[Result]:
        wait_until(lambda: set(attempts) <= set(self.results))
        return [self.results[one] for one in attempts]

    def log(self, attempt_id: str) -> str:
        path = self.folder / "calls" / attempt_id / "log"
        return path.read_text() if path.exists() else ""

    def end(self) -> dict[str, Any]:
        wait_until((self.folder / RESULT).exists)
        return json.loads((self.folder / RESULT).read_text())

    def processes(self) -> list[psutil.Process]:
        return [one for one in psutil.process_iter() if self._is_ours(one)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("NBYARD_MARK") == self.order.mark
        except psutil.Error:
            return False


@pytest.fixture
def runtime() -> Iterator[ProcessRuntime]:
    runtime = ProcessRuntime(parents=Parents())
    runtime.open(STORE)
    yield runtime
    runtime.close()


@pytest.fixture
def worker(runtime: ProcessRuntime, tmp_path: Path) -> Iterator[Worker]:
    made = Worker(runtime, tmp_path)
    yield made
    runtime.stop(made.order, because("text", text="the test is over"))
    wait_until(lambda: not made.processes())


def test_one_process_executes_all_calls(worker: Worker) -> None:
    """The process that imported the file also executes calls that arrive later."""
    first = [worker.call("count", outputs=("n",)) for _ in range(3)]
    worker.start()
    worker.start()
    assert [one.state for one in worker.wait(*first)] == ["succeeded"] * 3
    later = worker.call("count", outputs=("n",))
    (result,) = worker.wait(later)
    assert (result.token, result.outputs) == (f"t-{later}", ["n"])
    numbers = [
        (worker.folder / "calls" / one / "outputs/n/n.json").read_text() for one in [*first, later]
    ]
    assert numbers == ["1", "2", "3", "4"]
    assert len(worker.processes()) == 1


@pytest.mark.long
def test_thousand_calls_write_no_file_for_each_call(worker: Worker) -> None:
    calls = [worker.call("noop", n=n) for n in range(1000)]
    worker.start()
    results = worker.wait(*calls)
    assert {one.state for one in results} == {"succeeded"}
    assert [one.attempt_id for one in results] == calls
    assert not (worker.folder / "calls").exists()
    assert (worker.folder / "log").read_text() == "imported\n"


def test_printed_output_is_assigned_to_its_call(worker: Worker) -> None:
    """This includes child processes, unfinished lines and text that looks like a marker."""
    spoken = ["one", "\0two", "\0nbyard x\n", "ü" * 100_000, ""]
    calls = [worker.call("speak", text=text) for text in spoken]
    quiet = worker.call("noop")
    worker.start()
    worker.wait(*calls, quiet)
    logs = [worker.log(one) for one in calls]
    assert logs == [f"imported\n{text}from a child\n" for text in spoken]
    assert worker.log(quiet) == ""


def test_each_call_starts_in_the_same_directory(worker: Worker) -> None:
    calls = [worker.call("where", outputs=("node",)) for _ in range(2)]
    worker.start()
    worker.wait(*calls)
    place = worker.folder / "calls" / calls[1]
    assert (place / "outputs/node/node.json").read_text() == '"where"'


def test_failing_call_does_not_affect_others(worker: Worker) -> None:
    before, broken, missing, after = map(worker.call, ("noop", "fail", "nothing", "noop"))
    worker.start()
    states = [one.state for one in worker.wait(before, broken, missing, after)]
    assert states == ["succeeded", "failed", "failed", "succeeded"]
    failure = worker.results[broken].failure
    assert failure is not None and failure.message == "KeyError: 'here'"
    assert 'steps.py", line 18' in failure.traceback
    assert failure.traceback in worker.log(broken)
    failure = worker.results[missing].failure
    assert failure is not None and "the function nothing" in failure.message


def test_call_that_exits_fails_and_waiting_calls_have_no_result(worker: Worker) -> None:
    """Its last printed lines are kept."""
    before, fatal, after = map(worker.call, ("noop", "die", "noop"))
    worker.start()
    assert worker.end()["state"] == "failed"
    assert set(worker.results) == {before, fatal}
    failure = worker.results[fatal].failure
    assert failure is not None and (failure.kind, failure.exit_code) == ("exit-code", 7)
    assert "last words" in failure.traceback and "last words" in worker.log(fatal)
    assert after not in worker.results and worker.processes() == []


def test_killed_worker_loses_its_current_call(worker: Worker) -> None:
    fatal, after = map(worker.call, ("killed", "noop"))
    worker.start()
    worker.end()
    assert set(worker.results) == {fatal} and after not in worker.results
    failure = worker.results[fatal].failure
    assert failure is not None and failure.kind == "lost"


def test_call_beyond_its_time_limit_is_stopped_with_its_worker(worker: Worker) -> None:
    before, slow, after = (
        worker.call("noop", timeout_seconds=60.0),
        worker.call("hang", timeout_seconds=0.2),
        worker.call("noop"),
    )
    worker.start()
    worker.end()
    assert set(worker.results) == {before, slow} and after not in worker.results
    failure = worker.results[slow].failure
    assert failure is not None and failure.kind == "timeout" and "0.2 s" in failure.message


def test_cancel_stops_the_current_call_and_starts_no_other(worker: Worker) -> None:
    """No process remains."""
    slow, after = map(worker.call, ("hang", "noop"))
    worker.start()
    wait_until(lambda: len(worker.processes()) == 1)
    worker.runtime.stop(worker.order, because("text", text="the run was cancelled"))
    assert worker.end()["state"] == "cancelled"
    assert after not in worker.results
    assert all(one.state == "cancelled" for one in worker.results.values())
    assert set(worker.results) <= {slow} and worker.processes() == []


def test_killed_supervisor_leaves_no_worker(worker: Worker) -> None:
    done, slow = map(worker.call, ("noop", "hang"))
    worker.start()
    worker.wait(done)
    told = json.loads((worker.folder / RUNNER).read_text())
    os.kill(told["pid"], signal.SIGKILL)
    wait_until(lambda: worker.runtime.poll(worker.order).state == "lost")
    wait_until(lambda: not worker.processes())
    assert slow not in worker.results


def test_import_error_of_a_file_fails_its_calls(runtime: ProcessRuntime, tmp_path: Path) -> None:
    worker = Worker(runtime, tmp_path, "import nowhere_at_all\n")
    calls = [worker.call("noop") for _ in range(2)]
    worker.start()
    for result in worker.wait(*calls):
        assert result.failure is not None
        assert "No module named 'nowhere_at_all'" in result.failure.message
        assert 'steps.py", line 1' in result.failure.traceback
    runtime.stop(worker.order, because("text", text="the test is over"))
    wait_until(lambda: not worker.processes())


def test_incomplete_order_line_is_not_executed(worker: Worker) -> None:
    """The writer was killed during the write; the repeated line is executed once."""
    path = worker.folder / "calls.jsonl"
    one = worker.call("count", outputs=("n",))
    line = path.read_bytes()
    path.write_bytes(line + line[:50])
    folders.add_calls(worker.folder, [])
    other = worker.call("count", outputs=("n",))
    with path.open("ab") as file:
        file.write(line)
    worker.start()
    worker.wait(one, other)
    place = worker.folder / "calls" / other / "outputs/n/n.json"
    assert place.read_text() == "2" and len(worker.results) == 2
