"""Work and requests to deployments keep the server active.

With a hub: tests/integration/test_jupyterhub.py.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.jupyter_server import JupyterServer

from nbyard.domain.environments.structs import KERNEL_PREFIX
from nbyard.rest import server_hooks
from nbyard.rest.server_hooks import NAME, Activity
from nbyard.testing.conformance.runtimes import wait_until

from .hubs import forwarding

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class WebApp:
    """As far as jupyter_server's application counts here."""

    def __init__(self, last: datetime):
        self.settings: dict[str, Any] = {"last_activity_times": {"others": last}}

    def last_activity(self) -> datetime:
        return max(self.settings["last_activity_times"].values())


def noting(web_app: Any, seconds: float, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    clock = SimpleNamespace(start=lambda: None, stop=lambda: None)
    monkeypatch.setattr(server_hooks, "PeriodicCallback", lambda *_: clock)
    context: Any = SimpleNamespace(closing=[], settings=SimpleNamespace(keep_alive_seconds=seconds))
    return Activity(context, web_app, lambda: True).note


def test_work_without_a_user_counts_until_the_longest_time(monkeypatch):
    web_app = WebApp(datetime.now(UTC) - timedelta(seconds=50))
    noting(web_app, 100, monkeypatch)()
    noted = web_app.settings["last_activity_times"][NAME]
    assert datetime.now(UTC) - noted < timedelta(seconds=20)
    web_app.settings["last_activity_times"]["others"] -= timedelta(seconds=51)
    noting(web_app, 100, monkeypatch)()
    assert web_app.last_activity() == noted, "it does not move any more, nor goes back"


@pytest.mark.parametrize(
    ("name", "state", "counts"),
    [("nbyard-env", "busy", True), ("nbyard-env", "idle", False), ("python3", "busy", False)],
)
def test_a_busy_kernel_of_an_environment_counts(name, state, counts, monkeypatch):
    """Jupyter counts only what kernels print."""
    web_app = WebApp(datetime.now(UTC) - timedelta(seconds=50))
    kernels = [{"name": name, "execution_state": state}]
    web_app.settings["kernel_manager"] = SimpleNamespace(list_kernels=lambda: kernels)
    looks: list[Any] = []

    def clock(look: Any, _: float) -> Any:
        looks.append(look)
        return SimpleNamespace(start=lambda: None, stop=lambda: None)

    monkeypatch.setattr(server_hooks, "PeriodicCallback", clock)
    context: Any = SimpleNamespace(closing=[], settings=SimpleNamespace(keep_alive_seconds=100))
    Activity(context, web_app, lambda: False)
    asyncio.run(looks[0]())
    assert (NAME in web_app.settings["last_activity_times"]) is counts


@pytest.mark.leaves_running
def test_a_busy_kernel_keeps_a_server_that_forwards_active(tmp_path, monkeypatch):
    """Also while the service of the hub does not respond."""
    monkeypatch.setattr(server_hooks, "LOOK_SECONDS", 0.05)
    with forwarding(tmp_path, "http://127.0.0.1:9/services/nbyard/") as server:
        web_app = server.app.web_app
        kernels = [{"name": f"{KERNEL_PREFIX}torch", "execution_state": "busy"}]
        kernel_manager = web_app.settings["kernel_manager"]
        before = web_app.last_activity()
        assert NAME not in web_app.settings["last_activity_times"]
        monkeypatch.setattr(kernel_manager, "list_kernels", lambda: kernels)
        wait_until(lambda: web_app.last_activity() > before)


def test_work_can_be_ignored(monkeypatch):
    web_app = WebApp(LONG_AGO)
    noting(web_app, 0, monkeypatch)()
    assert web_app.last_activity() == LONG_AGO


@pytest.mark.leaves_running
def test_a_server_is_active_during_a_run(tmp_path, monkeypatch):
    """No dispatcher is there: the run waits."""
    monkeypatch.setattr(server_hooks, "LOOK_SECONDS", 0.05)
    server = JupyterServer(tmp_path).start()
    looks: list[bool] = []
    try:
        context, times = server.app.web_app.settings["nbyard"], server.app.web_app.settings
        of_store = context.is_working

        def look() -> bool:
            looks.append(of_store())
            return looks[-1]

        monkeypatch.setattr(context, "is_working", look)
        (server.root / "t.sh").write_text("#!/bin/sh\ntrue\n")
        assert server.send("GET", "/runs").status == 200
        wait_until(lambda: bool(looks))
        assert NAME not in times["last_activity_times"], "a store is no work"
        assert server.send("POST", "/runs", {"path": "t.sh"}).status == 201
        asked = times["api_last_activity"]
        wait_until(lambda: server.app.web_app.last_activity() > asked)
    finally:
        server.stop()
