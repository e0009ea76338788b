"""kill -9 at every point of a cancel. Cancelled tasks stop, and queued ones never start."""

import os
import signal
from functools import partial

import pytest

from .flows import GRAPHS, STUBBORN, WAIT
from .place import Place, Server, until

BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
EVERY_GRAPH = pytest.mark.parametrize("graph", list(GRAPHS))


def check_cancelled(place: Place, run: str) -> None:
    assert place.states() == {run: "cancelled"}
    place.check(at_most=1)
    rows = place.checker.rows()
    states = {task["node"]: task["state"] for task in rows.tasks}
    assert states.pop("a") == "succeeded", "it was at its end before"
    assert set(states.values()) <= {"cancelled", "skipped"}


@pytest.mark.sample(2)
@BOTH
@EVERY_GRAPH
@pytest.mark.parametrize("point", ["asked-to-end", "obeyed"])
def test_dispatcher_dies_during_a_cancel(place: Place, graph: str, point: str) -> None:
    """After TERM and after KILL. In the second case the work ignores TERM."""
    run = place.submit(place.flow(GRAPHS[graph], STUBBORN if point == "obeyed" else WAIT))
    process = place.dispatcher(NBYARD_CRASH_AT=point)
    until(lambda: place.has_begun("b"), "the second node")
    place.yard.services.runs.cancel(place.caller, run)
    place.await_death(process, point)
    place.finish()
    check_cancelled(place, run)


@pytest.mark.sample(1)
@BOTH
@EVERY_GRAPH
def test_server_dies_during_a_cancel(place: Place, graph: str) -> None:
    """After the request, which is stored and so carried out."""
    run = place.submit(place.flow(GRAPHS[graph], WAIT))
    place.dispatcher()
    until(lambda: place.has_begun("b"), "the second node")
    with Server(place, NBYARD_CRASH_AT="cancel-written") as server:
        with pytest.raises(OSError):
            server.ask("POST", f"/runs/{run}/cancel")
        until(server.is_dead, "the server's death")
    place.settle()
    check_cancelled(place, run)


@pytest.mark.sample(1)
@BOTH
@EVERY_GRAPH
def test_supervisor_dies_during_a_cancel(place: Place, graph: str) -> None:
    """The supervisor is killed between TERM and KILL."""
    run = place.submit(place.flow(GRAPHS[graph], STUBBORN))
    place.dispatcher()
    until(lambda: place.has_begun("b"), "the second node")
    place.yard.services.runs.cancel(place.caller, run)
    until(lambda: list(place.store.glob("attempts/*/cancel")), "the wish to end")
    for pid in place.supervisors():
        os.kill(pid, signal.SIGKILL)
    place.settle()
    check_cancelled(place, run)


def test_cancel_at_the_end_of_a_task(place: Place, seed) -> None:
    """The first of both decides, and only that one."""
    path = place.flow({"a": []})
    place.dispatcher(NBYARD_IDLE_SECONDS="60")
    moments = {
        "at once": lambda run: True,
        "when taken": lambda run: place.states()[run] != "queued",
        "when executed": lambda run: any(one.run == run for one in place.checker.executions()),
    }
    for name in seed.choices(list(moments), k=8):
        run = place.submit(path, force=True)
        until(partial(moments[name], run), name)
        place.cancel(run)
    place.settle()
    place.check(at_most=1)
