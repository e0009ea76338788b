"""Revisions replace each other while clients send requests through a real Jupyter server."""

import http.client
import json
import logging
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import pytest
from tests.support.jupyter_server import TOKEN, JupyterServer

from nbyard.dockerd import Engine
from nbyard.domain.deployments.keys import NewDeploymentKey
from nbyard.domain.deployments.structs import DeploymentChange
from nbyard.domain.models.structs import NewModel
from nbyard.testing.dispatcher_thread import Dispatching

from .deploying import BELOW, ME, Yards, jupyter, opened, server_image
from .imaging import remove_images

pytestmark = [pytest.mark.first, pytest.mark.leaves_running]
log = logging.getLogger(__name__)
CLIENTS = 2
OK, UNAUTHORIZED = HTTPStatus.OK, HTTPStatus.UNAUTHORIZED
MANY = pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(1200)])
MODEL = """
name: Iris sizes
deployment: {mode: http}
src: src
interface: {model_module: model, model_class: Sizes}
input_schema:
  - {name: length, type: float}
  - {name: width, type: float}
output_schema: {name: size, type: float}
"""
CODE = """
import os


class Sizes:
    def predict(self, frame):
        return frame["length"] * frame["width"] * float(os.environ.get("VERSION", "1"))
"""


@pytest.fixture
def yards(tmp_path: Path, docker_engine: Engine, python_base_image: str) -> Iterator[Yards]:
    image = server_image(docker_engine, python_base_image)
    built_on = {"docker_base_image": python_base_image, "docker_build_network": "none"}
    with opened(tmp_path, docker_engine, image, caller=ME, **built_on) as (found, _):
        store = found.yard.store.id
        yield found
    remove_images(docker_engine, store)


@pytest.fixture
def server(tmp_path: Path, yards: Yards, docker_engine: Engine) -> Iterator[JupyterServer]:
    with jupyter(tmp_path, docker_engine) as made:
        yield made


class Client:
    """Send requests over one connection during the block, without retries."""

    def __init__(self, port: int, path: str, body: object = None, header: str = f"token {TOKEN}"):
        self._port, self._path, self._header = port, path, {"Authorization": header}
        self._body = None if body is None else json.dumps(body)
        self._is_over = threading.Event()
        self._thread = ThreadPoolExecutor(1)
        self.answers: Counter[tuple[int, bytes]] = Counter()
        self.last = b""

    def __enter__(self) -> "Client":
        self._asking = self._thread.submit(self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.shutdown()
        self._asking.result()

    @property
    def count(self) -> int:
        return self.answers.total()

    @property
    def has_failed(self) -> bool:
        return self._asking.done()

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        while not self._is_over.is_set():
            method = "GET" if self._body is None else "POST"
            connection.request(method, self._path, self._body, self._header)
            answer = connection.getresponse()
            self.last = answer.read()
            self.answers[answer.status, self.last] += 1
        connection.close()


def rolled(yards: Yards, running: Dispatching, clients: list[Client], count: int) -> int:
    """Change back and forth until each client has sent enough requests.

    Return the number of rollouts."""
    name, revision = "web", 1
    while revision == 1 or min(one.count for one in clients) < count:
        if any(one.has_failed for one in clients):
            break
        yards.deployments.edit(ME, name, DeploymentChange(environment={"VERSION": "2"}))
        _settled(yards, running, revision + 1)
        yards.deployments.rollback(ME, name)
        _settled(yards, running, revision + 2)
        revision += 2
    return revision - 1


def _settled(yards: Yards, running: Dispatching, revision: int) -> None:
    """Wait until the revision responds and the container of the earlier one is gone."""
    yards.until_serving(running, revision)
    before = f"-{revision - 1}"
    running.until(yards.owned_objects, lambda left: not any(name.endswith(before) for name in left))


@pytest.mark.parametrize("count", [200, MANY])
def test_rollouts_and_rollbacks_lose_no_request(server, yards, count):
    yards.create()
    with yards.dispatching() as running:
        yards.until(running, "running")
        _ask_while_it_changes(server, yards, running, count, "", [b"version 1", b"version 2"])


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_rollouts_of_a_model_lose_no_prediction(server, yards):
    """A POST must not be repeated."""
    with yards.dispatching() as running:
        _serve_model(yards, running)
        told = [b'{"prediction":{"size":%s}}' % size for size in (b"6.0", b"12.0")]
        row = {"length": 2.0, "width": 3.0}
        _ask_while_it_changes(server, yards, running, 10_000, "predict", told, row)


def _serve_model(yards: Yards, running: Dispatching) -> None:
    folder = yards.yard.context.files.root / "sizes"
    (folder / "src").mkdir(parents=True)
    (folder / "src/model.py").write_text(CODE)
    (folder / "nervosum.yaml").write_text(MODEL)
    models = yards.yard.services.models
    made = models.build(ME, NewModel("sizes"))
    done = running.until(
        lambda: models.get(ME, made.id), lambda one: one.state in ("ready", "failed"), 300
    )
    assert done.state == "ready", done.reason
    yards.create(service="api", image="Iris sizes", ports=None)
    yards.until(running, "running")


@pytest.mark.timeout(600)
def test_all_revisions_accept_a_key_at_the_same_port(yards):
    """The own port of a deployment stays, and only valid keys are accepted."""
    told = [b'{"prediction":{"size":%s}}' % size for size in (b"6.0", b"12.0")]
    row = {"length": 2.0, "width": 3.0}
    with yards.dispatching() as running:
        _serve_model(yards, running)
        key = yards.deployments.create_key(ME, "web", NewDeploymentKey("tests", 1))
        port = yards.get().port
        assert key.address == f"http://127.0.0.1:{port}/"
        right, other = f"Bearer {key.key}", f"Bearer {key.key[::-1]}"
        running.until(lambda: _status(port, right), lambda status: status == OK)
        for header in (other, key.key, ""):
            assert _status(port, header) == UNAUTHORIZED
        with ExitStack() as stack:
            made = [Client(port, "/predict", row, right) for _ in range(CLIENTS)]
            clients = [stack.enter_context(one) for one in made]
            rolled(yards, running, clients, 200)
        for client in clients:
            assert client.answers.keys() == {(OK, text) for text in told}
        assert yards.get().port == port
        with yards.yard.store.read() as c:
            serving = yards.yard.store.deployments.serving(c, ME.name, "web")
        assert serving is not None
        # the published port of the container needs a key, too
        assert _status(serving.places[0].port, "") == UNAUTHORIZED
        assert _status(serving.places[0].port, right) == OK
        kept = (yards.yard.store.folder / "store.sqlite").read_bytes() + yards.log().encode()
        assert key.key.encode() not in kept
        yards.deployments.delete_key(ME, "web", key.prefix)
        running.until(lambda: _status(port, right), lambda status: status == UNAUTHORIZED, 10)


def _status(port: int, header: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/health", headers={"Authorization": header} if header else {})
        return connection.getresponse().status
    except ConnectionError:
        return 0
    finally:
        connection.close()


def _ask_while_it_changes(server, yards, running, count, path, told, body=None):
    port = yards.get().links[0].name
    address = f"{BELOW}/nbyard/deployments/web/{port}/{path}"
    with ExitStack() as stack:
        made = [Client(server.port, address, body) for _ in range(CLIENTS)]
        clients = [stack.enter_context(one) for one in made]
        changes = rolled(yards, running, clients, count)
    log.info("%d changes, %s", changes, [dict(one.answers) for one in clients])
    for client in clients:
        assert client.count >= count
        assert {status for status, _ in client.answers} == {200}
        assert {text for _, text in client.answers} == set(told)
        assert client.last == told[0], "the first version answers again"
