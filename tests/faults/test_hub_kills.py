"""kill -9 of each process around one service for all users of a hub, in the middle of work.

docs/how-to/jupyterhub.md promises what is tested here. Load, witness and checker are those of the
other kill tests. All tests share one hub.
"""

import hashlib
import itertools
import os
import random
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from tests.support.private_engine import why_no_engine

from nbyard.dockerd import STORE, Engine
from nbyard.domain.automations.times import cron

from .conftest import SEED
from .flows import COUNTING, GRAPHS, LINES
from .hub_place import USER, HubPlace
from .load import Load
from .place import Zygote, until

pytestmark = [pytest.mark.first, pytest.mark.leaves_running]
VICTIMS = ["service", "dispatcher", "postgresql", "hub", "proxy", "server"]
KILLS = 2 if os.environ.get("NBYARD_TEST_PROFILE") == "long" else 1
EVERY = timedelta(seconds=4)
AROUND_SECONDS = 0.5
PIECE, PIECES = 1 << 16, 40
BYTES = {"Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def hub_place(
    tmp_path_factory: pytest.TempPathFactory, zygote: Zygote, request: pytest.FixtureRequest
) -> Iterator[HubPlace]:
    settings = {"NBYARD_ALLOWED_IMAGES": "nbyard-test/*"}
    if not why_no_engine():
        settings["NBYARD_DOCKER_HOST"] = request.getfixturevalue("docker_engine").url
    made = HubPlace(tmp_path_factory.mktemp("hub"), zygote, settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cron, "LEAST_SECONDS", 1)  # as for the service
        yield made
    made.close()


class Upload:
    """A client that sends one dataset in pieces, and continues where the server says."""

    def __init__(self, place: HubPlace, name: str):
        self._place, self.name, self.repeated = place, name, 0
        self.content = secrets.token_bytes(PIECE * PIECES)
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.dataset = ""
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="upload")
        self._thread.start()

    def _ask(self, method: str, path: str, body: Any, key: str) -> Any:
        """Repeat a request until it has an answer."""

        def answer() -> Any:
            try:
                status, told = self._place.ask(method, path, body, key)
            except OSError:
                self.repeated += 1
                return None
            assert status < 500 or status == 503, (status, told)
            return told if status < 300 else None

        return until(answer, f"{method} {path}")

    def _run(self) -> None:
        try:
            self._send()
        except BaseException as error:  # noqa: BLE001  shown by the test
            self.error = error
        finally:
            self.begun.set()

    def _send(self) -> None:
        body = {"filename": f"{self.name}.bin", "size_bytes": len(self.content)}
        key = self._ask("POST", "/uploads", body, f"upload {self.name}")["id"]
        offset = 0
        while offset < len(self.content):
            headers = {"Upload-Offset": str(offset), **BYTES}
            piece = self.content[offset : offset + PIECE]
            try:
                status, told = self._place.send("PATCH", f"/uploads/{key}", piece, headers)
            except OSError:
                status, told = 0, None
            if status == 200:
                offset = told["offset"]
            else:  # it broke off, or the server has more than this client knows
                assert status in (0, 409, 503), (status, told)
                self.repeated += 1
                offset = self._ask("GET", f"/uploads/{key}", None, "")["offset"]
            if offset > len(self.content) // 4:
                self.begun.set()
            if offset > len(self.content) // 2:
                until(lambda: self.may_end.wait(1), "the kills")
        source = {"source": {"kind": "upload", "upload": key}, "name": self.name}
        self.dataset = self._ask("POST", "/datasets", source, f"dataset {self.name}")["id"]

    def check(self) -> None:
        """Check that there is one dataset, with the bytes that were sent."""
        self.may_end.set()
        self._thread.join()
        if self.error:
            raise self.error
        found: list[Any] = []

        def is_ready() -> bool:
            found[:] = [self._place.ask("GET", f"/datasets/{self.dataset}")[1]]
            return bool(found[0]["current"]["state"] == "ready")

        until(is_ready, "the dataset")
        digest = hashlib.sha256(self.content).hexdigest()
        assert found[0]["current"]["digest"] == f"sha256:{digest}"
        listed = self._place.ask("GET", "/datasets?limit=500")[1]["items"]
        assert [one["name"] for one in listed].count(self.name) == 1


class Schedule:
    """An automation that is due every four seconds. What was missed is run later."""

    def __init__(self, place: HubPlace, path: str, mode: str = "follows"):
        self._place = place
        body = {
            "mode": mode,
            "run": {"path": path, "runtime": "process"},
            "on": {"kind": "cron", "expression": f"*/{EVERY.seconds} * * * * *"},
            "overlap": "queue",
            "missed": {"policy": "all"},
        }
        status, made = place.ask("POST", "/automations", body)
        assert status == 201, made
        self.id = made["id"]

    def started(self) -> list[Any]:
        services, caller = self._place.place.yard.services, self._place.place.caller
        page = services.automations.firings(caller, self.id, limit=500)
        return [one for one in page.items if one.outcome == "started"]

    def runs(self) -> list[Any]:
        services, caller = self._place.place.yard.services, self._place.place.caller
        return list(services.runs.list(caller, automation=self.id, limit=500).items)

    def disable(self) -> None:
        self._place.place.yard.services.automations.disable(self._place.place.caller, self.id)

    def check(self) -> None:
        """Check that each due time has one firing and one run, and that none is missing."""
        dues = sorted(one.due_at for one in self.started() if one.due_at)
        assert sorted(filter(None, (run.origin.due_at for run in self.runs()))) == dues
        gaps = [(a, b) for a, b in itertools.pairwise(dues) if b - a != EVERY]
        assert not gaps, f"due times without a run: {gaps}"


def has_more(load: Load, count: int) -> bool:
    return len(load.acknowledged) > count


@pytest.mark.sample(1)
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_killed_process_loses_and_repeats_nothing(hub_place: HubPlace, victim: str) -> None:
    """Runs, an upload and a schedule go on, whichever process of the hub or service is killed.

    A client that repeats what had no answer loses no run, and no node is executed twice.
    """
    place, chance = hub_place.place, random.Random(f"{SEED} {victim}")
    place.checker.lines = LINES
    bodies = [
        {"path": place.flow(graph, COUNTING, name=name), "force": True, "runtime": "process"}
        for name, graph in GRAPHS.items()
    ]
    schedule = Schedule(hub_place, place.flow({"a": []}, COUNTING, name="due"))
    load = Load([hub_place], bodies, f"{SEED} {victim}")
    for number in range(KILLS):
        upload = Upload(hub_place, f"{victim} {number}")
        with load.running():
            until(upload.begun.is_set, "an upload")
            until(place.working, "work")
            around = chance.uniform(-AROUND_SECONDS, AROUND_SECONDS)
            threading.Event().wait(-time.time() % EVERY.seconds + around)
            enough = len(load.acknowledged) + 2
            hub_place.kill(victim)
            until(partial(has_more, load, enough), "more runs")
        upload.check()
    before = len(schedule.started())
    until(lambda: len(schedule.started()) > before, "another due time")
    schedule.disable()
    until(load.poll, f"the end of all runs\n{place.told()}")
    place.acknowledged |= load.acknowledged
    place.settle()
    schedule.check()
    assert set(place.states().values()) == {"succeeded"}
    place.check(at_most=1)
    sys.stdout.write(
        f"{KILLS} kills of the {victim}, {len(load.acknowledged)} runs,"
        f" {len(schedule.started())} due times, {load.unanswered} requests repeated\n"
    )


@pytest.mark.long
def test_due_runs_find_their_files_while_the_server_of_the_user_is_stopped(
    hub_place: HubPlace,
) -> None:
    """With the mode `follows`, the files as the server sent them last; else the frozen ones."""
    place, home = hub_place.place, hub_place.place.root
    schedules = []
    for mode in ("follows", "pinned"):
        (home / f"{mode}.sh").write_text("echo first\n")
        schedules.append(Schedule(hub_place, f"{mode}.sh", mode))
        (home / f"{mode}.sh").write_text("echo second\n")
        assert hub_place.ask("POST", "/executables/inspect", {"path": f"{mode}.sh"})[0] == 200
    hub_place.hub.stop_server(USER)
    before = {run.id for schedule in schedules for run in schedule.runs()}
    (home / "follows.sh").write_text("echo third\n")

    def printed(schedule: Schedule) -> str:
        run = next((run for run in schedule.runs() if run.id not in before), None)
        if run is None or run.state != "succeeded":
            return ""
        (task,) = place.yard.services.runs.tasks(place.caller, run.id).items
        return str(place.yard.services.runs.log(place.caller, run.id, task.node).text)

    texts = [until(partial(printed, schedule), "a due run") for schedule in schedules]
    assert ["second" in texts[0], "first" in texts[1]] == [True, True], texts
    assert not hub_place.hub.server(USER)
    for schedule in schedules:
        schedule.disable()
    hub_place.hub.ask("POST", f"/users/{USER}/server")
    hub_place.hub.wait_for(USER)
    place.settle()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_deployments_come_back_after_each_kill(
    hub_place: HubPlace, docker_engine: Engine, python_base_image: str
) -> None:
    """One runs in the same container all the time, another one is starting at each kill."""
    place = hub_place.place
    wish = {
        "image": python_base_image,
        "service": "own",
        "command": ["python3", "-m", "http.server", "8000"],
        "ports": [{"name": "web", "port": 8000}],
        "memory_gb": 2,
    }

    def create(name: str) -> str:
        status, made = hub_place.ask("POST", "/deployments", {"name": name, **wish})
        assert status == 201, made
        return str(made["id"])

    def answers(name: str) -> bool:
        return hub_place.page(f"deployments/{name}/web/")[0] == 200

    def containers() -> set[tuple[str, float]]:
        owned = docker_engine.owned_objects(STORE, place.checker.store_id)
        return {(one.name, one.created_at) for one in owned if one.kind == "container"}

    made = [create("kept")]
    until(lambda: answers("kept"), f"the deployment\n{place.told()}")
    kept = containers()
    for victim in VICTIMS:
        made.append(create(victim))
        hub_place.kill(victim)
        for name in ("kept", victim):
            until(partial(answers, name), f"{name} after the {victim}\n{place.told()}")
        assert kept <= containers(), f"another container after the {victim}"
        assert hub_place.ask("GET", f"/deployments/{victim}")[1]["state"] == "running"
        assert hub_place.ask("DELETE", f"/deployments/{made.pop()}")[0] == 204
    assert hub_place.ask("DELETE", f"/deployments/{made[0]}")[0] == 204
    until(lambda: not containers(), "the end of the containers")
    place.settle()
