"""The engine, without one."""

import pytest
from docker.errors import APIError

from nbyard.dockerd import Engine
from nbyard.errors import NbyardError

FIREWALL = "unable to remove jump to DOCKER-ISOLATION-STAGE-1 rule: iptables: Bad rule"


class Client:
    """Creates a network after some refusals."""

    def __init__(self, *refusals: str):
        self.refusals = [*refusals]

    def networks(self, *_: object, **__: object) -> list[object]:
        return []

    def create_network(self, *_: object, **__: object) -> dict[str, str]:
        if self.refusals:
            raise APIError("refused", explanation=self.refusals.pop(0))
        return {"Id": "n1"}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch):
    def made(*refusals: str) -> Engine:
        found, client = Engine("unix:///none"), Client(*refusals)
        monkeypatch.setattr(found, "_probe_socket", lambda: None)
        monkeypatch.setattr(found, "_client", lambda: client)
        return found

    return made


def test_a_network_is_created_although_the_firewall_changes_meanwhile(engine) -> None:
    assert engine(FIREWALL, FIREWALL).network("a", {}) == "n1"


@pytest.mark.parametrize("refusals", [[FIREWALL] * 3, ["no such driver"]])
def test_other_refusals_stay(engine, refusals: list[str]) -> None:
    with pytest.raises(NbyardError):
        engine(*refusals).network("a", {})
