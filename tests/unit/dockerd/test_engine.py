"""The engine, without one."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from docker.errors import APIError, NotFound

from nbyard.dockerd import Engine, EngineInfo
from nbyard.errors import NbyardError

FIREWALL = "unable to remove jump to DOCKER-ISOLATION-STAGE-1 rule: iptables: Bad rule"


class Client:
    """Creates a network after some refusals."""

    def __init__(self, *refusals: str):
        self.refusals = [*refusals]

    def networks(self, *_: object, **__: object) -> list[object]:
        return []

    def create_network(self, *_: object, **options: object) -> dict[str, str]:
        self.options = options["options"]
        if self.refusals:
            raise APIError("refused", explanation=self.refusals.pop(0))
        return {"Id": "n1"}


@pytest.fixture
def engine(monkeypatch):
    def made(*refusals: str) -> Engine:
        found, client = Engine("unix:///none"), Client(*refusals)
        monkeypatch.setattr(found, "_probe_socket", lambda: None)
        monkeypatch.setattr(found, "client", lambda: client)
        info = EngineInfo(1, 1, 0.0, frozenset(), is_rootless=False, remaps_users=False)
        monkeypatch.setattr(Engine, "info", info)
        return found

    return made


def test_a_network_is_created_during_a_change_of_the_firewall(engine):
    assert engine(FIREWALL, FIREWALL).network("a", {}) == "n1"


def test_firewalls_recognize_networks_by_the_name_of_their_bridge(engine):
    found = engine()
    found.network("nby-1", {})
    (name,) = found.client().options.values()
    assert name.startswith("nbyn-") and len(name) <= 15  # the most that Linux accepts
    found.network("nby-2", {}, apart=True)
    assert found.client().options["com.docker.network.bridge.enable_icc"] == "false"
    assert name not in found.client().options.values()


@pytest.mark.parametrize("refusals", [[FIREWALL] * 3, ["no such driver"]])
def test_other_refusals_stay(engine, refusals):
    with pytest.raises(NbyardError):
        engine(*refusals).network("a", {})


@pytest.mark.parametrize(
    ("code", "events", "kept", "exit_code"),
    [
        (255, [b"{}"], 0, 255),
        (255, [], 9, None),
        (255, [], 256, 255),  # the event may be among those that the engine dropped
        (255, NbyardError("refused"), 0, 255),
        (3, [], 0, 3),
    ],
)
def test_an_unseen_exit_has_no_code(engine, monkeypatch, code, events, kept, exit_code):
    """An engine that is killed at the end of a container writes 255 once it is back."""
    asked = engine()
    state = {"Status": "exited", "ExitCode": code, "StartedAt": "2026-01-01T00:00:00Z"}
    inspected = {"Id": "c1", "State": state, "Config": {}, "NetworkSettings": {}}
    client = SimpleNamespace(inspect_container=lambda _: inspected)
    monkeypatch.setattr(asked, "client", lambda: client)
    monkeypatch.setattr(asked, "_info", SimpleNamespace(is_podman=False))

    @contextmanager
    def reading(*_: object):
        if isinstance(events, NbyardError):
            raise events
        lines = [b"{}"] * kept
        yield SimpleNamespace(iter_content=lambda _: iter(events), iter_lines=lambda: iter(lines))

    monkeypatch.setattr(asked, "_reading", reading)
    monkeypatch.setattr(asked, "fresh_info", lambda: SimpleNamespace(now=0.0))
    found = asked.container("c1")
    assert found and found.exit_code == exit_code


class Endpoints:
    """An engine whose network has endpoints of containers, which may have ended."""

    def __init__(self, **states: str):
        self.states = states

    def networks(self, **_: object) -> list[dict[str, str]]:
        return [{"Id": "n1", "Name": "a"}]

    def inspect_network(self, _: str) -> dict[str, object]:
        return {"Containers": {name: {"Name": name} for name in self.states}}

    def inspect_container(self, name: str) -> dict[str, object]:
        if not self.states[name]:
            raise NotFound("no such container")
        state = {"Status": self.states[name], "ExitCode": 0}
        return {"Id": name, "State": state, "Config": {}, "NetworkSettings": {}}

    def disconnect_container_from_network(self, name: str, _: str, force: bool) -> None:
        assert force
        del self.states[name]

    def remove_network(self, _: str) -> None:
        if self.states:
            raise APIError("refused", explanation="network has active endpoints")


@pytest.mark.parametrize(
    ("states", "is_removed"),
    [
        ({}, True),
        ({"c1": "exited", "c2": ""}, True),
        ({"c1": "running"}, False),
        ({"c1": "exited", "c2": "running"}, False),
    ],
)
def test_a_network_loses_the_endpoints_of_ended_containers(engine, monkeypatch, states, is_removed):
    """An engine that was killed may keep them."""
    asked, client = engine(), Endpoints(**states)
    monkeypatch.setattr(asked, "client", lambda: client)
    assert asked.remove_network("a") == is_removed
