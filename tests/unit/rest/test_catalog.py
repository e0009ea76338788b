"""The catalog has the models that are shared with everyone, for people without an account."""

import contextlib
import http.client
from collections.abc import Iterator

import pytest
from tests.support.jupyter_server import Answer, JupyterServer

from nbyard.domain.callers import Caller
from nbyard.domain.projects.members import NewMember
from nbyard.errors import Invalid
from nbyard.rest.access import RequestBudgets

from ..store.test_models import add

pytestmark = [pytest.mark.first, pytest.mark.leaves_running]
ANN = Caller("ann")


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    server = JupyterServer(tmp_path_factory.mktemp("server"), public_catalog=True).start()
    try:
        yard = server.app.web_app.settings["nbyard"].yard()
        for key, name in (("1", "Iris <b>"), ("2", "Mine")):
            add(yard.store, key, "ann", name=name)
        add(yard.store, "3", "ann", ready=False, name="Unready")
        for key in ("1", "3"):
            yard.services.shares.grant(ANN, "model", key, NewMember("*"))
        yield server
    finally:
        server.stop()


def read(server: JupyterServer, accept: str = "*/*", method: str = "GET") -> Answer:
    """Send a request without a login."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, "/nbyard/catalog", headers={"Accept": accept})
        return Answer(connection.getresponse())


def test_published_models_are_listed_without_a_login(public: JupyterServer) -> None:
    answer = read(public)
    assert answer.status == 200
    (model,) = answer.json["items"]
    assert (model["name"], model["owner"]) == ("Iris <b>", "ann")
    assert [column["name"] for column in model["inputs"]] == ["x"]
    assert not {"id", "path", "source", "reference"} & model.keys()
    assert read(public, method="POST").status in (403, 405)


def test_texts_of_users_are_escaped_in_the_page(public: JupyterServer) -> None:
    answer = read(public, "text/html")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert b"Iris &lt;b&gt;" in answer.content and b"<b>" not in answer.content
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_without_the_setting_only_users_read_it(api: JupyterServer) -> None:
    assert read(api).status in (401, 403)
    assert api.request("GET", "/nbyard/catalog", None, {}).status in (401, 403)


def test_everyone_may_only_read(public: JupyterServer) -> None:
    yard = public.app.web_app.settings["nbyard"].yard()
    eve = Caller("eve")
    assert yard.services.models.get(eve, "1").name == "Iris <b>"
    for bad in (NewMember("*", "editor"), NewMember("*", group=True)):
        with pytest.raises(Invalid):
            yard.services.shares.grant(ANN, "model", "1", bad)


def test_too_many_requests_without_a_login_are_refused(public: JupyterServer) -> None:
    context = public.app.web_app.settings["nbyard"]
    context.anonymous = RequestBudgets(1)
    assert read(public).status == 200
    answer = read(public)
    assert answer.status == 429 and int(answer.headers["Retry-After"]) > 0
