"""The Docker engine is killed or hangs during runs.

Running work continues where possible, the rest waits or is retried, and processes are not
affected."""

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from tests.support.images import base_image, example_locks, tiny_image
from tests.support.private_engine import PrivateEngine, started_engine

from nbyard.dockerd import STORE, Engine

from .checker import Checker
from .flows import COUNTING, GRAPHS
from .flows import LINES as SHORT
from .place import Place, Server, until

# long enough for three containers to come up on a busy machine before the first is through
MANY = 120
COUNT = f"i=0; while [ $i -lt {MANY} ]; do echo line $i; i=$((i+1)); sleep 0.1; done"
LINES = "".join(f"line {i}\n" for i in range(MANY))
MOMENTS = 10  # for scripts and notebooks, with and without live-restore
AROUND_SECONDS = 0.9
HANG_SECONDS = 60
PAUSE_SECONDS = 0.05
CONTAINERS = 20
CALLS_SECONDS = 25.0  # two calls of an engine that nobody answers
pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture
def private(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[PrivateEngine]:
    options = getattr(request, "param", {})
    with started_engine(tmp_path_factory.mktemp("e"), **options) as engine:
        yield engine


@pytest.fixture
def docker(place: Place, private: PrivateEngine) -> Iterator[Engine]:
    """Start the engine of the runs. Containers have no witness file; their logs are the witness."""
    engine = Engine(private.url)
    image = tiny_image(engine)
    place.settings |= {"NBYARD_DOCKER_HOST": private.url, "NBYARD_DOCKER_BASE_IMAGE": image}
    place.checker = Checker(place.store)
    yield engine
    engine.close()


def counting(place: Place) -> str:
    place.witness = Path(os.devnull)
    return place.flow(GRAPHS["fan-out"], COUNT)


def logs(place: Place) -> list[str]:
    return [path.read_text() for path in place.store.glob("attempts/*/log")]


def until_three_count(place: Place) -> None:
    def counting_now() -> int:
        return sum("line 3\n" in log and f"line {MANY - 20}\n" not in log for log in logs(place))

    until(lambda: counting_now() == 3, f"three containers\n{place.told()}")


def check(place: Place, docker: Engine) -> None:
    until(place.all_ended, f"the end of the runs\n{place.told()}")
    until(lambda: not docker.owned_objects(STORE, place.checker.store_id), "a tidy engine")
    place.settle()
    place.check()


def test_containers_of_a_killed_engine_are_found_again(
    place: Place, private: PrivateEngine, docker: Engine
) -> None:
    """The engine has live-restore. No container starts again, and no line is missing."""
    run = place.submit(counting(place), runtime="docker")
    place.dispatcher()
    until_three_count(place)
    private.kill()
    beside = place.submit(place.flow({"a": []}, name="beside"))
    until(lambda: place.states()[beside] == "succeeded", "a process")
    private.start()
    check(place, docker)
    assert place.states() == {run: "succeeded", beside: "succeeded"}
    assert sorted(logs(place)) == ["", *[LINES] * 4]


@pytest.mark.parametrize("private", [{"live_restore": False}], indirect=True)
def test_attempts_are_retried_after_engine_and_containers_were_killed(
    place: Place, private: PrivateEngine, docker: Engine
) -> None:
    """New tasks wait meanwhile, and show the reason."""
    path = counting(place)
    run = place.submit(path, runtime="docker")
    place.dispatcher()
    until_three_count(place)
    private.kill()
    later = place.submit(path, runtime="docker", force=True)
    in_words = place.yard.services.runs.get

    def reason() -> str:
        return in_words(place.caller, later).tasks[0].why

    until(lambda: "cannot be reached" in reason(), "the reason")
    private.start()
    check(place, docker)
    assert place.states() == {run: "succeeded", later: "succeeded"}
    attempts = place.checker.rows().attempts
    lost = [one["reason"] for one in attempts if one["state"] == "lost"]
    assert len(attempts) == 11 and len(lost) == 3, attempts
    assert all("container-killed" in reason for reason in lost)


def test_only_a_silent_command_reaches_the_silence_limit(place: Place, docker: Engine) -> None:
    """In a container, only the dispatcher reads the output, also with a full log."""
    place.witness = Path(os.devnull)
    flood = "head -c 67108864 /dev/zero | tr '\\0' x\n" + COUNT
    runs = {}
    for name, body in (("speaks", flood), ("silent", "echo begins; sleep 1000")):
        path = place.flow({"a": []}, body, name=name, silence_timeout_seconds=1)
        runs[name] = place.submit(path, runtime="docker")
    place.dispatcher()
    check(place, docker)
    assert place.states() == {runs["speaks"]: "succeeded", runs["silent"]: "failed"}
    reasons = [task["reason"] for task in place.checker.rows().tasks]
    assert any('"silence-limit"' in reason for reason in reasons), reasons


@pytest.mark.parametrize("is_notebook", [False, True], ids=["script", "notebook"])
@pytest.mark.parametrize(
    "private", [{"live_restore": live} for live in (False, True)], indirect=True, ids=str
)
def test_engine_killed_around_the_end_of_work_fails_no_run(
    place: Place,
    private: PrivateEngine,
    docker: Engine,
    seed: random.Random,
    pytestconfig: pytest.Config,
    is_notebook: bool,
) -> None:
    """Each run succeeds, if necessary with another attempt. A truncated log is marked."""
    if is_notebook:
        image = base_image(docker, example_locks(pytestconfig.rootpath))
        place.settings |= {"NBYARD_DOCKER_BASE_IMAGE": image, "NBYARD_DOCKER_BUILD_NETWORK": "none"}
    place.witness = Path(os.devnull)
    graph = {"a": [], "b": ["a"]} if is_notebook else {"b": []}
    body = f"[ $NBYARD_NODE_ID = a ] || {{ {COUNTING}; sleep 0.5; }}"
    path = place.flow(graph, body, notebooks=["b"] if is_notebook else [])
    place.dispatcher()
    for _ in range(MOMENTS):
        known = len(whole_logs(place))
        run = place.submit(path, runtime="docker", force=True)
        until(partial(has_more_logs, place, known), f"its lines\n{place.told()}")
        threading.Event().wait(seed.uniform(0.0, AROUND_SECONDS))
        private.kill()
        private.start()
        until(partial(has_succeeded, place, run), f"its end\n{place.told()}")
    check(place, docker)
    rows = place.checker.rows()
    tasks = {row["id"] for row in rows.tasks if row["node"] == "b"}
    ended = {
        row["id"]
        for row in rows.attempts
        if row["task_id"] in tasks and row["state"] == "succeeded"
    }
    assert len(ended) == MOMENTS
    for name in ended - {path.parent.name for path in whole_logs(place)}:
        assert "[nbyard: lines missing" in (place.store / "attempts" / name / "log").read_text()


def has_more_logs(place: Place, known: int) -> bool:
    return len(whole_logs(place)) > known


def whole_logs(place: Place) -> list[Path]:
    last = f"line {SHORT - 1}\n"
    return [path for path in place.store.glob("attempts/*/log") if last in path.read_text()]


def test_server_cleans_up_after_a_killed_dispatcher(place: Place, docker: Engine) -> None:
    """Within a minute, although no run is queued."""
    place.witness = Path(os.devnull)
    run = place.submit(place.flow({"a": []}, "echo once"), runtime="docker")
    place.dispatcher_dies("published:1")
    assert docker.owned_objects(STORE, place.checker.store_id)
    with Server(place):
        until(lambda: not docker.owned_objects(STORE, place.checker.store_id), "a tidy engine", 60)
        until(lambda: not [*place.store.glob("attempts/*/code")], "a tidy folder", 60)
    assert place.states() == {run: "succeeded"}
    place.settle()
    place.check()


POINTS = {
    "folder-written": "CP4",
    "started": "CP5",
    "starting": "CP6",
    "finished": "CP8",
    "outputs-taken": "CP9",
    "published": "CP10",
    "tidied": "CP10",
}


@pytest.mark.parametrize("point", [pytest.param(p, id=f"{cp}-{p}") for p, cp in POINTS.items()])
def test_dispatcher_dies_while_containers_run(
    place: Place, docker: Engine, point: str, seed: random.Random
) -> None:
    """Each container is found again, and none starts again."""
    place.witness = Path(os.devnull)
    graph = GRAPHS["diamond"]
    run = place.submit(place.flow(graph, "echo once"), runtime="docker")
    place.dispatcher_dies(f"{point}:{seed.randint(1, len(graph))}")
    place.dispatcher()
    check(place, docker)
    assert place.states() == {run: "succeeded"}
    assert [one["state"] for one in place.checker.rows().attempts] == ["succeeded"] * len(graph)
    assert logs(place) == ["once\n"] * len(graph)


@contextmanager
def hanging(private: PrivateEngine) -> Iterator[None]:
    pid = private.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def answers(server: Server, run: str) -> Iterator[float]:
    """Return the durations of requests during a minute."""
    end = time.monotonic() + HANG_SECONDS
    while (start := time.monotonic()) < end:
        assert server.ask("GET", f"/runs/{run}")[0] == 200
        yield time.monotonic() - start
        threading.Event().wait(PAUSE_SECONDS)


def test_hanging_engine_does_not_affect_processes(
    place: Place, private: PrivateEngine, docker: Engine
) -> None:
    """For a minute. Requests are answered, and its containers are found again."""
    path = counting(place)
    with Server(place, NBYARD_INLINE_DISPATCH="true") as server:
        run = place.submit(path, runtime="docker")
        place.dispatcher()
        until_three_count(place)
        with hanging(private):
            beside = place.submit(path, force=True)
            waits = list(answers(server, run))
            assert place.states() == {run: "running", beside: "succeeded"}
    waits.sort()
    told = f"GET: median {waits[len(waits) // 2]:.3f} s, p95 {waits[len(waits) * 95 // 100]:.3f} s"
    sys.stdout.write(f"{len(waits)} {told}\n")
    check(place, docker)
    assert place.states() == {run: "succeeded", beside: "succeeded"}
    assert logs(place) == [LINES] * 8


def test_engine_hanging_under_many_containers_delays_no_process(
    place: Place, private: PrivateEngine, docker: Engine
) -> None:
    """There are more containers than threads. Each container ends well, started once."""
    place.settings["NBYARD_SLOTS"] = str(CONTAINERS + 1)
    place.witness = Path(os.devnull)
    nodes: dict[str, list[str]] = {f"n{number}": [] for number in range(CONTAINERS)}
    beside = place.flow({"a": []}, name="beside")
    run = place.submit(place.flow(nodes, "echo begun; sleep 60; echo ended"), runtime="docker")
    place.dispatcher()
    until(lambda: logs(place).count("begun\n") == CONTAINERS, f"containers\n{place.told()}")
    waits = []
    with hanging(private):
        end = time.monotonic() + CALLS_SECONDS
        while (start := time.monotonic()) < end:
            one = place.submit(beside, force=True)
            until(partial(has_succeeded, place, one), "a process")
            waits.append(time.monotonic() - start)
            threading.Event().wait(PAUSE_SECONDS)
        assert place.states()[run] == "running"
    sys.stdout.write(f"{len(waits)} beside it, the slowest in {max(waits):.2f} s\n")
    check(place, docker)
    assert set(place.states().values()) == {"succeeded"}
    assert sorted(logs(place)) == [""] * len(waits) + ["begun\nended\n"] * CONTAINERS


def has_succeeded(place: Place, run: str) -> bool:
    return place.states()[run] == "succeeded"
