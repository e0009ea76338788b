"""A model is served while a command runs. On a real engine: tests/integration/docker."""

import json
import signal
from types import SimpleNamespace
from typing import Any

import click
import pytest

from nbyard.cli.commands.models import verbs
from nbyard.domain.runs.attempt_views import LogChunk
from nbyard.errors import NotFound
from nbyard.reasons.structs import Reason, text_reason


class Deployments:
    """One deployment, which has these states one after the other; the last is for good."""

    def __init__(self, *states: str, texts: tuple[str, ...] = ()):
        self.states, self.texts = list(states), list(texts)
        self.there: list[str] = []
        self.images: list[str] = []
        self.at_last: Any = None
        self.reason: Reason | None = None

    def create(self, body: Any) -> Any:
        self.there.append(body.name)
        self.images.append(body.image)
        return self._now()

    def get(self, deployment: str) -> Any:
        if self.at_last and len(self.states) == 1:
            self.at_last()
        return self._now()

    def _now(self) -> Any:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        told = {"id": "d1", "name": self.there[0], "state": state, "reason": self.reason}
        return SimpleNamespace(**told, serving=1, revision=1, reproduce="docker run cow")

    def log(self, deployment: str, after: int) -> LogChunk:
        text = self.texts[after] if after < len(self.texts) else ""
        return LogChunk(text, after + bool(text), done=False)

    def delete(self, deployment: str) -> None:
        if deployment not in self.there:
            raise NotFound("There is none.")
        self.there.remove(deployment)


def connection(deployments: Deployments) -> Any:
    return SimpleNamespace(
        deployments=deployments,
        wait=lambda seconds: None,
        address=lambda found: f"http://127.0.0.1:7/{found.name[:3]}",
    )


def package(name: str = "Sea Cow") -> Any:
    return SimpleNamespace(id="m1", name=name, reference="nbyard/model-sea-cow:v1")


def test_the_address_the_log_and_the_end_of_a_model_are_printed(capsys):
    there = Deployments("starting", "running", "running", "failed", texts=("moo\n", "\x1b[2Jmoo\n"))
    there.reason = text_reason("it died")
    assert verbs.serve(connection(there), package(), as_json=False) == 1
    said = capsys.readouterr()
    assert said.out == "http://127.0.0.1:7/sea\n"
    assert "moo\n" in said.err and "\x1b" not in said.err
    assert "failed: it died" in said.err and "docker run cow" in said.err
    assert (there.there, there.images) == ([], ["m1"])


@pytest.mark.parametrize("name", ["模型", "-", "x" * 300])
def test_any_name_gives_a_valid_host_name(name):
    there = Deployments("failed")
    names = []
    create = there.create

    def told(body: Any) -> Any:
        names.append(body.name)
        return create(body)

    there.create = told  # type: ignore[method-assign]
    assert verbs.serve(connection(there), package(name), as_json=False) == 1
    assert len(names[0]) <= 63 and names[0][0].isalnum() and there.there == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_deletes_the_deployment_and_restores_the_handlers(ending):
    there = Deployments("running")
    there.at_last = lambda: signal.raise_signal(ending)
    former = signal.getsignal(ending)
    assert verbs.serve(connection(there), package(), as_json=False) == 0
    assert there.there == []
    assert signal.getsignal(ending) is former


def test_a_deployment_deleted_during_the_wait_is_reported(capsys):
    there = Deployments("running")

    def gone() -> None:
        there.there.clear()
        raise NotFound("There is none.")

    there.at_last = gone
    assert verbs.serve(connection(there), package(), as_json=False) == 1
    assert "deleted meanwhile" in capsys.readouterr().err


def test_a_script_gets_json(capsys, monkeypatch):
    there = Deployments("running", "running", "stopped")
    monkeypatch.setattr(verbs, "show_json", lambda found: click.echo(json.dumps(found.name)))
    assert verbs.serve(connection(there), package(), as_json=True) == 1
    said = capsys.readouterr()
    assert json.loads(said.out).startswith("sea-cow-")
    assert "The model is stopped" not in said.out
