"""The port on which a node listens."""

import pytest

from nbyard import NotGiven, port


def test_a_run_sets_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBYARD_ATTEMPT", "/somewhere")
    monkeypatch.setenv("NBYARD_PORT_MY_PAGE", "4711")
    assert port("my-page") == 4711
    with pytest.raises(NotGiven, match=r"port 'web' .*: my_page"):
        port("web")
    with pytest.raises(NotGiven, match="no port is declared"):
        port()
    monkeypatch.setenv("NBYARD_PORT", "4711")
    assert port() == 4711


def test_outside_of_a_run_a_free_port_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NBYARD_ATTEMPT", raising=False)
    assert port() == port("web") == 0
