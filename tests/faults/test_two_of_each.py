"""Two servers and two dispatchers on one store; a dispatcher, a supervisor or a
kernel that is suspended for a while."""

import contextlib
import os
import random
import signal
import threading
from functools import partial

import pytest

from nbyard.host.sqlite_locks import blocking_pids, is_stopped

from .conftest import SEED
from .flows import GRAPHS, WAIT
from .load import Load
from .place import Place, Server, is_gone, stopped_between_writes, until

IS_LONG = os.environ.get("NBYARD_TEST_PROFILE") == "long"
RUNS = 500 if IS_LONG else 20
STOPS = 20 if IS_LONG else 2
BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.mark.sample(1)
@BOTH
@pytest.mark.timeout(3600)
def test_two_servers_publish_each_run_once(place: Place, database_url: str) -> None:
    """Both receive every key at the same moment."""
    place.settings["NBYARD_IDLE_SECONDS"] = "60"
    body = {"path": place.flow({"a": []}), "force": True}
    with Server(place) as first, Server(place) as second:
        process = place.dispatcher()
        until(lambda: place.holder() == process.pid, "its lease")
        rival = place.dispatcher()
        until(lambda: is_gone(rival), "the second to leave")
        lease = place.lease()
        assert lease and f"the dispatcher {lease['holder']} serves this store" in place.told()
        answers: dict[str, list] = {f"key {n}": [] for n in range(RUNS)}

        def submit(server: Server, seed: str) -> None:
            keys = list(answers)
            random.Random(seed).shuffle(keys)
            for key in keys:
                answers[key].append(server.ask("POST", "/runs", body, key))

        callers = [
            threading.Thread(target=submit, args=(server, SEED)) for server in (first, second) * 2
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        for key, told in answers.items():
            assert {status for status, _ in told} == {201}, told
            (place.acknowledged[key],) = {run["id"] for _, run in told}
        place.settle()
        counts = {server.ask("GET", f"/runs/{RUNS}")[1]["run"]["id"] for server in (first, second)}
        assert len(counts) == 1, "both show the same"
    assert len(place.states()) == RUNS
    assert set(place.states().values()) == {"succeeded"}
    place.check(at_most=1)


@pytest.mark.sample(1)
@BOTH
@pytest.mark.timeout(1800)
def test_second_dispatcher_replaces_a_suspended_one(place: Place, seed: random.Random) -> None:
    """After the lease ran out.

    When the first one resumes, it can commit nothing and exits."""
    place.settings |= {"NBYARD_IDLE_SECONDS": "60", "NBYARD_LEASE_SECONDS": "1"}
    path = place.flow(GRAPHS["diamond"], "sleep 0.1")
    for _ in range(STOPS):
        place.submit(path, force=True)
        place.submit(path, force=True)
        stop_the_first(place, seed.uniform(0, 0.8))
        place.settle()
    assert set(place.states().values()) == {"succeeded"}
    place.check(at_most=1)


def stop_the_first(place: Place, after_seconds: float) -> None:
    first = place.dispatcher()
    until(lambda: place.holder() == first.pid, "its lease")
    threading.Event().wait(after_seconds)
    until(lambda: stopped_between_writes(place, first.pid), "it to be stopped")
    second = until(lambda: replace(place, first.pid), "another dispatcher")
    os.kill(first.pid, signal.SIGCONT)
    until(lambda: is_gone(first), f"the first to leave\n{place.told()}")
    # a lease of a second may lapse for a moment where the machine is busy
    until(lambda: place.holder() == second, "the second to hold its lease")


def replace(place: Place, former: int) -> int:
    """Return the process ID of a dispatcher that replaced a suspended one after its lease; else
    0."""
    if place.holder() in (0, former):
        process = place.dispatcher()
        until(lambda: is_gone(process) or place.holder() == process.pid, "it or its lease")
    holder = place.holder()
    return 0 if holder == former else holder


@pytest.mark.long
def test_dispatcher_suspended_during_a_write_is_killed_and_replaced(place: Place) -> None:
    """The dispatcher keeps SQLite's lock.

    After its lease, the next process that checks kills it, and another one works without any action
    of a user."""
    place.settings |= {"NBYARD_IDLE_SECONDS": "60", "NBYARD_LEASE_SECONDS": "1"}
    run = place.submit(place.flow(GRAPHS["diamond"]))
    first = place.dispatcher(NBYARD_CRASH_AT="before-run-end", NBYARD_CRASH_BY="SIGSTOP")
    until(lambda: is_stopped(first.pid), "it to be stopped")
    assert blocking_pids(place.store) == [first.pid]
    with Server(place) as server:
        until(lambda: server.ask("GET", f"/runs/{run}")[0] == 200 and is_gone(first), "its end")
        until(place.all_ended, f"the end of the run\n{place.told()}")
    place.settle()
    assert place.states() == {run: "succeeded"}
    place.check(at_most=1)


def stop_all(pids: set[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # a node before it may just be ending
            os.kill(pid, signal.SIGSTOP)


@pytest.mark.long
@pytest.mark.sample(1)
@BOTH
def test_suspended_work_can_be_cancelled(place: Place) -> None:
    """This holds for the supervisor and for the work."""
    for who in ("supervisor", "work"):
        run = place.submit(place.flow(GRAPHS["diamond"], WAIT), force=True)
        place.dispatcher()
        until(partial(place.has_begun, "b", run), "the second node")
        pids = set(place.supervisors())
        stop_all(pids if who == "supervisor" else set(place.working()) - pids)
        place.cancel(run)
        place.settle()
        assert place.states()[run] == "cancelled"
    place.check(at_most=1)


@pytest.mark.parametrize("who", ["work", pytest.param("supervisor", marks=pytest.mark.long)])
def test_suspended_work_ends_at_the_silence_limit(place: Place, who: str) -> None:
    """Whichever of the two is suspended."""
    path = place.flow({"a": []}, "sleep 1000", silence_timeout_seconds=1)
    run = place.submit(path)
    place.dispatcher()
    until(lambda: place.has_begun("a"), "the node")
    pids = set(place.supervisors())
    stop_all(pids if who == "supervisor" else set(place.working()) - pids)
    place.settle()
    assert place.states()[run] == "failed"
    (task,) = place.checker.rows().tasks
    assert "silence-limit" in task["reason"]
    place.check(at_most=1)


@pytest.mark.long
@BOTH
def test_clients_continue_at_the_other_server(place: Place) -> None:
    """One of two servers is killed; the same keys work at the other."""
    place.settings["NBYARD_IDLE_SECONDS"] = "60"
    body = {"path": place.flow({"a": []}), "force": True}
    with Server(place) as first, Server(place) as second:
        load = Load([first, second], [body], SEED)
        with load.running():
            until(lambda: len(load.acknowledged) > 3, "a few runs")
            first.kill()
            enough = len(load.acknowledged) + 3
            until(lambda: len(load.acknowledged) > enough, "more runs")
        place.acknowledged = load.acknowledged
        place.settle()
    place.check(at_most=1)
