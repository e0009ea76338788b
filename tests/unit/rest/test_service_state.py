"""Readiness without a login, and metrics for those who may see them."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.jupyter_server import TOKEN

from nbyard.domain.callers import Caller
from nbyard.errors import StoreUnusable
from nbyard.rest import operation_handler, service_state
from nbyard.rest.service_state import MetricsHandler, Readiness, ReadyHandler

pytestmark = pytest.mark.leaves_running


@pytest.fixture
def served(api: Any) -> Any:
    """The server with the routes that a service for all users adds."""
    context = api.app.web_app.settings["nbyard"]
    own = {"context": context}
    rules = api.app.web_app.default_router.rules
    before = list(rules)
    ready = ("/ready", ReadyHandler, {**own, "readiness": Readiness(context)})
    api.app.web_app.add_handlers(".*$", [ready, ("/scrape", MetricsHandler, own)])
    api.context = context
    yield api
    rules[:] = before


def get(served: Any, path: str, **headers: str) -> Any:
    return served.request("GET", path, None, headers)


def test_readiness_needs_no_login_and_names_only_checks(served, monkeypatch):
    failed: list[str] = ["disk"]
    monkeypatch.setattr(served.context.services.system, "unready", lambda: list(failed))
    answer = get(served, "/ready")
    assert (answer.status, answer.json) == (503, {"ready": False, "failed": ["disk"]})
    failed.clear()
    assert get(served, "/ready").status == 503, "requests within some seconds share an answer"


def test_the_answer_is_renewed(served, monkeypatch):
    monkeypatch.setattr(service_state, "READY_SECONDS", 0.0)
    monkeypatch.setattr(served.context.services.system, "unready", lambda: ["docker"])
    assert get(served, "/ready").status == 503
    monkeypatch.setattr(served.context.services.system, "unready", lambda: [])
    assert get(served, "/ready").json == {"ready": True, "failed": []}


def test_a_store_that_cannot_be_opened_is_not_ready(served, monkeypatch):
    def fail() -> Any:
        raise StoreUnusable("damaged")

    monkeypatch.setattr(served.context.services.system, "unready", fail)
    answer = get(served, "/ready")
    assert (answer.status, answer.json["failed"]) == (503, ["store"])


@pytest.mark.parametrize(
    ("scopes", "status"),
    [
        (("read", "write", "deploy"), 403),
        (("read:metrics",), 200),
        (("read", "write", "deploy", "admin"), 200),
    ],
)
def test_metrics_need_the_right_admin_or_the_scope_of_the_hubs_metrics(
    served, monkeypatch, scopes, status
):
    monkeypatch.setattr(operation_handler, "caller_of", lambda user: Caller("ann", scopes=scopes))
    answer = served.request("GET", "/scrape", None, {"Authorization": f"token {TOKEN}"})
    assert answer.status == status
    assert (b"nbyard_store_up" in answer.content) is (status == 200)


def test_metrics_need_a_login(served):
    assert get(served, "/scrape").status == 403


def test_a_token_for_metrics_may_do_nothing_else(served, monkeypatch):
    scraper = Caller("ann", scopes=("read:metrics",))
    monkeypatch.setattr(operation_handler, "caller_of", lambda user: scraper)
    for path in ("/runs", "/system/doctor", "/admin/runs", "/audit", "/events"):
        assert served.send("GET", path).status == 403, path


def test_readiness_asks_the_store_the_disk_the_dispatcher_and_the_engine(yard, monkeypatch):
    system = yard.services.system
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    monkeypatch.setattr(yard.store.database, "server_version", fail_to_connect)
    asked = system.unready()
    assert {"store", "disk"} <= {*asked} <= {"store", "disk", "docker"}
    yard.settings.dask_address = "tcp://127.0.0.1:1"
    assert "docker" not in system.unready(), "work may run without an engine"


def fail_to_connect() -> str:
    raise StoreUnusable("no database")
