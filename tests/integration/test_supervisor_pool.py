"""Supervisors of commands are reused for the next attempt without passing on any state."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from nbyard.domain.attempts.structs import LOG, RESULT, RUNNER
from nbyard.reasons.structs import because
from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.protocol import Order
from nbyard.runtimes.supervisor_parents import NO_ATTEMPT, Parents
from nbyard.testing.conformance.runtimes import STORE, finish, place_attempt, wait_until

LARGE = "exec python3 -c 'print(len(chr(49) * 200_000_000))'"


@pytest.fixture
def runtime() -> Iterator[ProcessRuntime]:
    runtime = ProcessRuntime(parents=Parents())
    runtime.open(STORE)
    yield runtime
    runtime.close()


def run(runtime: ProcessRuntime, place: Path, script: str) -> tuple[Order, psutil.Process]:
    """Run an attempt to its end; return it with its supervisor, which is idle by then."""
    order = place_attempt(place, script, {}, "")
    runtime.start(order)
    told = json.loads((order.folder / RUNNER).read_text())
    process = psutil.Process(told["pid"])
    finish(runtime, order)
    wait_until(lambda: process.environ()["NBYARD_ATTEMPT_ID"] == NO_ATTEMPT)
    wait_until(lambda: process.status() == psutil.STATUS_SLEEPING)  # it has said that it is idle
    return order, process


def result(order: Order) -> dict:
    return json.loads((order.folder / RESULT).read_text())


def test_supervisor_serves_attempts_one_after_another(runtime, tmp_path):
    """The cost of a fork is paid once."""
    first, supervisor = run(runtime, tmp_path / "1", "echo one; exit 3")
    second, again = run(runtime, tmp_path / "2", "echo two")
    assert again == supervisor
    assert result(first)["failure"]["exit_code"] == 3
    assert result(second)["state"] == "succeeded"
    assert [(one.folder / LOG).read_text() for one in (first, second)] == ["one\n", "two\n"]


def test_resource_usage_is_not_counted_for_the_next_attempt(runtime, tmp_path):
    first, supervisor = run(runtime, tmp_path / "1", LARGE)
    second, again = run(runtime, tmp_path / "2", "true")
    assert again == supervisor
    used = [result(one)["usage"] for one in (first, second)]
    assert used[0]["max_rss_bytes"] > 200_000_000
    assert used[1]["max_rss_bytes"] < 50_000_000
    assert used[1]["cpu_seconds"] < used[0]["cpu_seconds"]


def test_idle_supervisor_keeps_nothing_of_the_last_attempt(runtime, tmp_path):
    """Files, children and directory are as after the first one."""
    _, supervisor = run(runtime, tmp_path / "1", "sleep 1000 & echo one")
    held = supervisor.num_fds()
    for name in "2345":
        _, again = run(runtime, tmp_path / name, "sleep 1000 & echo on")
        assert again == supervisor
    assert (supervisor.num_fds(), supervisor.children(), supervisor.cwd()) == (held, [], "/")
    opened = [os.readlink(f"/proc/{supervisor.pid}/fd/{n}") for n in (0, 1, 2)]
    assert opened == [os.devnull] * 3


@pytest.mark.parametrize("has_one", [False, True], ids=["forked", "stays"])
def test_attempt_continues_when_its_dispatcher_dies_before_the_reply(runtime, tmp_path, has_one):
    if has_one:
        run(runtime, tmp_path / "1", "echo one")
    order = place_attempt(tmp_path / "2", "echo two", {}, "")
    request = {"folder": str(order.folder), "attempt_id": order.attempt_id, "kernel": ""}
    listen, ready = os.pipe()
    os.close(listen)
    runtime.parents.of_commands.ask(request, runtime.host_of(STORE), ready)
    os.close(ready)
    wait_until((order.folder / RUNNER).exists)
    assert finish(runtime, order).state == "succeeded"
    assert (order.folder / LOG).read_text() == "two\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_idle_supervisor_is_replaced(runtime, tmp_path, number):
    _, supervisor = run(runtime, tmp_path / "1", "echo one")
    supervisor.send_signal(number)
    supervisor.wait(10)
    second, again = run(runtime, tmp_path / "2", "echo two")
    assert again != supervisor and result(second)["state"] == "succeeded"


def test_late_stop_request_does_not_reach_the_next_attempt(runtime, tmp_path):
    first, supervisor = run(runtime, tmp_path / "1", "echo one")
    runtime.stop(first, because("text", text="it is at its end"))
    second, again = run(runtime, tmp_path / "2", "echo two")
    assert again == supervisor and result(second)["state"] == "succeeded"


def test_simultaneous_attempts_have_separate_supervisors(runtime, tmp_path):
    wait = f"until [ -e {tmp_path}/go ]; do sleep 0.05; done"
    orders = [place_attempt(tmp_path / name, wait, {}, "") for name in "12"]
    for order in orders:
        runtime.start(order)
    pids = {json.loads((order.folder / RUNNER).read_text())["pid"] for order in orders}
    assert len(pids) == 2
    (tmp_path / "go").touch()
    for order in orders:
        assert finish(runtime, order).state == "succeeded"


def test_idle_supervisors_stop_with_the_dispatcher(tmp_path):
    runtime = ProcessRuntime(parents=Parents())
    runtime.open(STORE)
    _, supervisor = run(runtime, tmp_path / "1", "echo one")
    runtime.close()
    wait_until(lambda: not supervisor.is_running())
