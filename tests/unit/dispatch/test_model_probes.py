"""Model probes without an engine; with one: tests/integration/docker/test_model_probes.py."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.support.fake_runtime_bench import Bench, FakeRuntime

from nbyard.attempts import folders
from nbyard.dispatch import model_probes
from nbyard.dispatch.model_probes import ANSWER, INTERRUPTED
from nbyard.dispatch.recovery import LiveAttempts
from nbyard.domain.attempts.structs import CommandWork, Failure, TaskFile
from nbyard.domain.models.model_probes import MEMORY_BYTES, ModelProbe, ProbeAnswer
from nbyard.reasons.structs import because
from nbyard.runtimes.protocol import Order

SAID = '{"inputs": []}'


class Asked(FakeRuntime):
    """A runtime whose work does at once what the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.do: Callable[[Order], None] = self.answers
        self.images = {"sha256:i"}

    def image_id(self, name: str) -> str:
        self._reach()
        return name if name in self.images else ""

    def start(self, order: Order) -> str:
        site = super().start(order)
        self.do(order)
        return site

    def answers(self, order: Order) -> None:
        (order.folder / ANSWER).write_text(SAID)
        self.end_as(order, "succeeded")

    def end_as(self, order: Order, state: str, **more: Any) -> None:
        task = folders.read_task(order.folder)
        told: dict[str, Any] = {"attempt_id": order.attempt_id, "token": task.token, "state": state}
        told |= {"started_at": 1.0, "finished_at": 2.0, **more}
        (order.folder / "result.json").write_bytes(msgspec.json.encode(told))
        self.states[order.attempt_id] = "finished"


@pytest.fixture
def asked(bench: Bench) -> Asked:
    bench.context.runtimes["docker"] = made = Asked()
    return made


@pytest.fixture
def probe(bench: Bench) -> ModelProbe:
    blobs = bench.yard.context.blobs
    model, code = blobs.put_bytes(b"\x80model").digest, blobs.put_bytes(b"x = 1\n").digest
    return ModelProbe(
        "t1", "docker", "sha256:i", "cows", model, "model.pkl", {"sub/near.py": code}, []
    )


def answer(bench: Bench, probe: ModelProbe) -> ProbeAnswer:
    with bench.store.write() as c:
        bench.store.model_probes.insert(c, probe)
    bench.dispatcher.tick()
    assert bench.dispatcher.settle(10)
    with bench.store.read() as c:
        found = bench.store.model_probes.answer(c, probe.id)
    assert found is not None
    return found


def test_a_probe_is_an_attempt_in_the_image_of_the_node_without_network(bench, asked, probe):
    seen: dict[str, Any] = {}

    def look(order: Order) -> None:
        seen["task"] = folders.read_task(order.folder)
        seen["question"] = json.loads((order.folder / "inputs/question.json").read_text())
        seen["model"] = (order.folder / "inputs" / seen["question"]["file"]).read_bytes()
        seen["code"] = (order.folder / "code/sub/near.py").read_text()
        assert (order.folder / "inputs/lib/nbyard/serving/model_probe.py").is_file()
        assert probe.id in LiveAttempts(bench.store)
        asked.answers(order)

    asked.do = look
    assert answer(bench, probe) == ProbeAnswer(text=SAID)
    order, task = asked.orders[probe.id], seen["task"]
    assert isinstance(task, TaskFile) and isinstance(task.work, CommandWork)
    assert (order.image, order.offline, order.memory_bytes) == ("sha256:i", True, MEMORY_BYTES)
    assert (order.gpus, order.ports, task.timeout_seconds) == ([], [], 120.0)
    assert isinstance(task.work, CommandWork)
    assert task.work.argv[:3] == ["python3", "-m", "nbyard.serving.model_probe"]
    assert (seen["model"], seen["code"]) == (b"\x80model", "x = 1\n")
    assert not order.folder.exists() and probe.id not in LiveAttempts(bench.store)
    assert asked.stops == [(probe.id, "it has finished")]


def leaves(what: str) -> Callable[[Asked, Order], None]:
    def do(asked: Asked, order: Order) -> None:
        place = order.folder / ANSWER
        if what == "a link":
            place.symlink_to("/etc/hostname")
        if what == "a folder":
            place.mkdir()
        asked.end_as(order, "succeeded")

    return do


@pytest.mark.parametrize(
    ("what", "words"),
    [("nothing", "does not exist"), ("a link", "outside"), ("a folder", "left a folder")],
)
def test_a_link_in_place_of_the_answer_is_not_followed(bench, asked, probe, what, words):
    asked.do = lambda order: leaves(what)(asked, order)
    found = answer(bench, probe)
    assert words in str(found.problem) and not found.text and not found.passes


def test_a_failed_probe_has_a_reason(bench, asked, probe):
    failure = Failure("exit-code", because("text", text="exit code 1: No module named pandas"))
    asked.do = lambda order: asked.end_as(order, "failed", failure=msgspec.to_builtins(failure))
    assert "No module named pandas" in str(answer(bench, probe).problem)


def test_lost_and_endless_containers_are_problems(bench, asked, probe, monkeypatch):
    asked.do = lambda order: asked.lose(order.attempt_id)
    assert "killed by the test" in str(answer(bench, probe).problem)
    monkeypatch.setattr(model_probes, "SECONDS", 0.1)
    monkeypatch.setattr(model_probes, "GRACE_SECONDS", 0.0)
    asked.do = lambda order: None
    late = msgspec.structs.replace(probe, id="t2")
    assert "more than 0.1 s" in str(answer(bench, late).problem)


def test_without_an_engine_a_probe_is_repeated_later(bench, asked, probe):
    asked.out_of_reach = "Docker cannot be reached"
    found = answer(bench, probe)
    assert (str(found.problem), found.passes) == ("Docker cannot be reached", True)
    other = msgspec.structs.replace(probe, id="t2", runtime="gone")
    reason = because("no-runtime-here", runtime="gone")
    assert answer(bench, other) == ProbeAnswer(problem=reason, passes=True)


def test_another_image_is_never_used(bench, asked, probe):
    asked.images.clear()
    found = answer(bench, probe)
    assert "the image cows" in str(found.problem) and not found.passes
    assert asked.starts == []


def test_a_probe_of_a_dead_dispatcher_is_not_repeated(bench, asked, probe):
    with bench.store.write() as c:
        bench.store.model_probes.insert(c, probe)
        assert bench.store.model_probes.begin(c, probe.id)
    bench.dispatcher.tick()
    assert bench.dispatcher.settle(10)
    with bench.store.read() as c:
        found = bench.store.model_probes.answer(c, probe.id)
    assert found == ProbeAnswer(problem=INTERRUPTED, passes=True)
    assert asked.starts == []


def test_a_leaving_dispatcher_ends_its_probes(bench, asked, probe):
    asked.do = lambda order: bench.context.stopping.set()
    assert answer(bench, probe) == ProbeAnswer(problem=INTERRUPTED, passes=True)
