"""The facts that a step reads are sufficient for the next dispatcher."""

import threading
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from nbyard.dispatch import service_health
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.deployments import image_pins, revision_driver
from nbyard.dispatch.deployments.rollout import Rollout
from nbyard.dockerd import NoLongerWanted
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.creation_form import complete_request
from nbyard.domain.deployments.structs import (
    Deployment,
    DeploymentChange,
    NewDeployment,
    Place,
    Port,
    Revision,
    deployment_folder,
)
from nbyard.errors import NbyardError
from nbyard.reasons.structs import because, text_reason
from nbyard.runtimes.docker import deployment_containers
from nbyard.store.deployments import DeploymentRow, RevisionRow
from nbyard.yard import Yard

from ..test_rollout_model import NONE, Engine

pytestmark = pytest.mark.slow

ANN = Caller("ann")
MANY = 20

NOW = datetime(2026, 1, 2, tzinfo=UTC)
FRESH = Revision(
    "i",
    3,
    because("deployment-created"),
    complete_request(NewDeployment("a:1", name="a"))[1],
    "",
    [],
    0,
    None,
    None,
    "",
    NOW,
)


@pytest.mark.parametrize(
    ("facts", "answers", "seen"),
    [
        ({}, False, ("pending", False, False)),
        ({"started_at": NOW}, False, ("alive", False, False)),
        ({"started_at": NOW, "ready_at": NOW}, True, ("alive", True, True)),
        ({"started_at": NOW, "ready_at": NOW}, False, ("alive", False, True)),
        ({"started_at": NOW, "ready_at": NOW, "ended_at": NOW}, False, ("over", False, False)),
    ],
)
def test_a_revision_shows_its_status(facts, answers, seen):
    row = RevisionRow(replace(FRESH, **facts), [Place("api", "h", 1, answers)], "", "")
    found = row.status
    assert (found.number, (found.phase, found.answers, found.has_answered)) == (3, seen)


class Rolling:
    """One deployment, an engine in the mind, and steps made by hand."""

    def __init__(self, yard: Yard):
        self.store, self.engine = yard.store, Engine()
        self.deployments = yard.services.deployments
        with yard.store.write() as c:
            lease = yard.store.leases.take(c, "dispatcher", "me", 30.0)
        nothing: Any = None
        engine: Any = self.engine
        self.context = DispatchContext(
            yard.settings, yard.store, nothing, nothing, nothing, {}, lease or nothing
        )
        self.rollout = Rollout(self.context, engine, lambda: None)

    def begin_anew(self) -> None:
        """Delete all deployments, with what is remembered of them."""
        self.engine.is_there = True
        for found in self.deployments.list(ANN).items:
            self.deployments.delete(ANN, found.id)
            self.rollout.step(self.row())
        engine: Any = self.engine
        self.rollout = Rollout(self.context, engine, lambda: None)

    def create(self, **wish: Any) -> None:
        self.deployments.create(ANN, NewDeployment(**{"image": "cows:1", "name": "cows"} | wish))

    def edit(self, **wish: Any) -> None:
        self.deployments.edit(ANN, "cows", DeploymentChange(**wish))

    def get(self) -> Deployment:
        return self.deployments.get(ANN, "cows")

    def row(self) -> DeploymentRow:
        with self.store.read() as c:
            return self.store.deployments.under_way(c)[0]

    def step(self, times: int = 1) -> Deployment:
        for _ in range(times):
            self.rollout.step(self.row())
        return self.get()

    def grant(self, gpu: str) -> None:
        with self.context.write() as c:
            self.store.deployments.set_revision(c, self.row().newest.revision.id, gpus=[gpu])

    def granted(self) -> list[list[str]]:
        with self.store.read() as c:
            return list(self.store.deployments.granted_gpus(c).values())


@pytest.fixture
def rolling(yard: Yard, monkeypatch) -> Rolling:
    monkeypatch.setattr(revision_driver, "ASKED_EVERY_SECONDS", 0)  # each step sees what there is
    made = Rolling(yard)
    monkeypatch.setattr(service_health, "is_responding", lambda *_: made.engine.answers)
    monkeypatch.setattr(revision_driver, "is_connected", lambda *_: False)
    monkeypatch.setattr(revision_driver, "drain_seconds", lambda _: 0.0)
    monkeypatch.setattr(
        image_pins, "BRIEF_SECONDS", 60.0
    )  # what fails at once is known in one step
    monkeypatch.setattr(revision_driver, "describe_calls", lambda *_: [])
    monkeypatch.setattr(revision_driver, "restart_delay_seconds", lambda _: 0.0)
    monkeypatch.setattr(
        deployment_containers,
        "launch_revision",
        lambda e, one, *_: e.launch(one.container, one.gpus),
    )
    return made


def test_a_gpu_is_kept_until_the_container_is_gone(rolling):
    rolling.create(gpu=1, start_seconds=1)
    rolling.grant("0")
    rolling.engine.answers = rolling.engine.removes = False
    rolling.step()
    rolling.rollout.memory.since[1] = -1e9
    assert rolling.step().state == "starting" and rolling.granted() == [["0"]]
    assert rolling.step().state == "starting" and rolling.engine.living()
    rolling.engine.removes = True
    assert rolling.step().state == "failed" and rolling.granted() == []
    assert "not respond on port" in str(rolling.get().reason) and not rolling.engine.containers


def test_a_revision_fails_after_the_replaced_one_is_gone(rolling, monkeypatch):
    """Otherwise, nobody would stop its container and release its GPU."""
    rolling.create(gpu=1)
    rolling.grant("0")
    rolling.engine.answers = False
    rolling.step()
    monkeypatch.setattr(revision_driver, "drain_seconds", lambda _: 1e9)
    rolling.edit(image=NONE, gpu=0)
    assert rolling.step().state == "starting"
    assert rolling.step().state == "failed"
    assert not rolling.engine.containers and not rolling.granted()


def test_a_used_port_is_reported_and_another_is_tried(rolling, monkeypatch):
    launch = deployment_containers.launch_revision

    def taken(*_: Any) -> None:
        raise NbyardError("driver failed: Bind for 127.0.0.1:32768: port is already allocated")

    rolling.create()
    monkeypatch.setattr(deployment_containers, "launch_revision", taken)
    found = rolling.step()
    assert found.state == "queued"
    assert "a port is already" in str(found.reason)
    monkeypatch.setattr(deployment_containers, "launch_revision", launch)
    assert rolling.step(2).state == "running"


def test_an_unusable_revision_fails_after_its_container_is_gone(rolling):
    rolling.create(gpu=1)
    rolling.grant("0")
    rolling.step()
    rolling.rollout.mark_failed(rolling.row(), because("text", text="unexpected: oops"))
    assert (rolling.get().state, rolling.granted()) == ("down", [["0"]])
    found = rolling.step()
    assert (found.state, found.reason) == ("failed", text_reason("unexpected: oops"))
    assert not rolling.engine.containers and not rolling.granted()


def test_a_deployment_is_stopped_when_its_container_is_gone(rolling):
    rolling.create()
    rolling.step()
    rolling.engine.removes = False
    rolling.deployments.stop(ANN, "cows")
    assert rolling.step(3).state == "stopping"
    rolling.rollout.mark_failed(rolling.row(), because("text", text="unexpected: oops"))
    found = rolling.get()
    assert (found.state, found.reason) == ("stopping", text_reason("unexpected: oops"))
    rolling.engine.removes = True
    assert rolling.step().state == "stopped" and not rolling.engine.containers


@pytest.mark.parametrize("change", ["edit", "fail"])
def test_an_edit_made_while_a_step_fails_is_not_lost(rolling, change):
    rolling.create(image=NONE)
    seen = rolling.row()
    rolling.engine.meanwhile = partial(rolling.edit, image="cows:2")
    if change == "edit":
        rolling.rollout.step(seen)
    else:
        rolling.edit(image="cows:2")
        rolling.rollout.mark_failed(seen, because("text", text="unexpected: oops"))
    assert rolling.get().state == "queued"
    assert rolling.step(2).state == "running" and rolling.get().serving == 2


def test_the_former_revision_restarts_after_a_failed_edit(rolling):
    rolling.create()
    rolling.step(2)
    rolling.edit(image=NONE)
    rolling.step(2)
    for name in rolling.engine.living():
        rolling.engine.end(name, 0)
    assert rolling.step().state == "queued"
    found = rolling.step(3)
    assert (found.state, found.serving) == ("running", 1)
    assert "revision 2 does not" in str(found.reason)


def test_without_a_port_a_live_process_counts_as_running(rolling, monkeypatch):
    """Even a missing command has a process until the lookup ends."""
    rolling.create(service="own", command=["/no/such/program"])
    assert rolling.step(2).state == "starting"
    seen: list[str] = []
    while "failed" not in seen and len(seen) < MANY:
        for name in rolling.engine.living():
            rolling.engine.end(name, 127)
        seen.append(rolling.step().state)
    assert set(seen) == {"queued", "starting", "failed"}
    assert "exited with code 127" in str(rolling.get().reason)
    rolling.deployments.start(ANN, "cows")
    assert rolling.step(2).state == "starting"
    monkeypatch.setattr(revision_driver, "PROCESS_SECONDS", 0.0)
    assert rolling.step().state == "running"


def test_a_requested_stop_is_no_failure(rolling, monkeypatch):
    monkeypatch.setattr(revision_driver, "drain_seconds", lambda _: 1e9)
    signal = rolling.engine.signal
    monkeypatch.setattr(rolling.engine, "signal", lambda *_: None)
    rolling.create(service="own", ports=[Port("web", 5000)])
    rolling.step(2)
    rolling.deployments.stop(ANN, "cows")
    assert rolling.step().state == "stopping"
    rolling.deployments.start(ANN, "cows")
    assert rolling.step().state == "starting"
    signal(rolling.engine.living()[0], "SIGTERM")
    assert rolling.step(3).state == "running"
    (one,) = rolling.deployments.revisions(ANN, "cows").items
    assert (one.restarts, one.ended_at) == (0, None)
    assert rolling.engine.living() == [f"nby-d-{rolling.get().id}-1"]


def test_a_start_during_the_stop_is_executed(rolling, monkeypatch):
    """The stopping step has read the store before the start request."""
    rolling.create()
    rolling.step(2)
    rolling.deployments.stop(ANN, "cows")
    seen, remove = rolling.row(), rolling.engine.remove

    def start_meanwhile(name: str) -> None:
        remove(name)
        rolling.deployments.start(ANN, "cows")

    with monkeypatch.context() as patch:
        patch.setattr(rolling.engine, "remove", start_meanwhile)
        rolling.rollout.step(seen)
    assert not rolling.engine.living()
    found = rolling.step(2)
    assert (found.state, found.reason, found.serving) == ("running", None, 1)
    (one,) = rolling.deployments.revisions(ANN, "cows").items
    assert (one.restarts, one.ended_at) == (0, None)


def test_places_come_from_the_start_of_the_container(rolling):
    rolling.deployments.store_urls(base_url="/one/")
    rolling.create()
    launched: list[str] = []
    launch = deployment_containers.launch_revision

    def told(engine: Any, one: deployment_containers.Deployed, *rest: Any) -> Any:
        launched.append(one.base_url)
        rolling.deployments.store_urls(base_url="/later/")
        return launch(engine, one, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deployment_containers, "launch_revision", told)
        rolling.step(2)
        assert rolling.row().newest.prefix == "/one/"
        rolling.engine.end(rolling.engine.living()[0], 1)
        rolling.step(2)
    assert launched == ["/one/", "/later/"] and rolling.row().newest.prefix == "/later/"


def test_a_remote_engine_is_refused_with_a_reason(rolling):
    rolling.create()
    rolling.engine.url = "ssh://ann@there"
    found = rolling.step()
    assert found.state == "failed" and "is on another machine" in str(found.reason)
    assert not rolling.engine.containers


def test_a_silent_registry_blocks_no_stop_or_deletion(rolling, monkeypatch):
    """Its late response is ignored."""
    monkeypatch.setattr(image_pins, "BRIEF_SECONDS", 0.0)
    asked, speaks, heard = threading.Event(), threading.Event(), threading.Event()

    def pull(_: str, say: Any, wanted: Any) -> None:
        asked.set()
        speaks.wait()
        say("half of it is here")
        heard.set()
        assert not wanted()
        raise NoLongerWanted

    monkeypatch.setattr(rolling.engine, "pull", pull)
    rolling.create(image=NONE)
    rolling.step(2)
    assert asked.wait(60) and rolling.step().state == "starting"
    rolling.deployments.stop(ANN, "cows")
    assert rolling.step().state == "stopped"
    rolling.deployments.start(ANN, "cows")
    assert rolling.step().state == "starting"
    row = rolling.row()
    rolling.deployments.delete(ANN, "cows")
    rolling.rollout.step(rolling.row())
    with rolling.store.read() as c:
        assert rolling.store.deployments.ids(c) == set()
    speaks.set()
    assert heard.wait(60) and not (rolling.context.folder / deployment_folder(row.id)).exists()


def test_the_reason_of_an_end_ignores_lines_of_requests(rolling):
    rolling.create()
    rolling.step(2)
    row = rolling.row()
    log = rolling.rollout.notes.log(row, row.newest)
    log.write(b"2026-01-31 12:00:00,000 WARNING the model's answer does not fit\n")
    rolling.engine.end(rolling.engine.living()[0], 9)
    ended = because("service-ended", exit_code=9)
    assert rolling.step().reason == because("service-restarts", end=ended)
    rolling.step(2)
    log.write(b"Traceback (most recent call last):\n  File\nRuntimeError: no weights\nINFO: bye\n")
    rolling.engine.end(rolling.engine.living()[0], 1)
    ended = because("service-ended-after", exit_code=1, last="RuntimeError: no weights")
    assert rolling.step().reason == because("service-restarts", end=ended)


def test_the_last_line_explains_a_missing_response(rolling, monkeypatch):
    """The model does not return from a call."""
    monkeypatch.setattr(
        service_health, "unready_reason", lambda *_: "the model is in a call of 1 row"
    )
    rolling.create()
    rolling.step(2)
    rolling.engine.answers = False
    found = rolling.step(service_health.MISSES)
    busy = because("service-silent-because", message="the model is in a call of 1 row")
    assert (found.state, found.reason) == ("down", busy)
    rolling.engine.answers = True
    assert (rolling.step().state, rolling.get().reason) == ("running", None)
