"""The own port of a deployment: when it opens, and which keys its containers get."""

import http.client
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.deployments.deployment_records import DeploymentRecords
from nbyard.dispatch.deployments.rollout import OwnPort
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.keys import DeploymentKey
from nbyard.domain.deployments.structs import Place, deployment_folder
from nbyard.domain.ids import new_id
from nbyard.errors import Conflict, NbyardError, NotFound
from nbyard.ipc.deployment_secret import KeptSecret
from nbyard.ipc.port_relay import open_port
from nbyard.runtimes.docker import deployment_containers
from nbyard.store.deployments import DeploymentRow
from nbyard.testing.conformance.runtimes import wait_until

from .test_deployment_records import context, row_of

__all__ = ["context"]

ANN = Caller("ann")
HOME = "127.0.0.1"
SECONDS = 30


@contextmanager
def container(status: int) -> Iterator[int]:
    """Answers each request without a key with this status."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((HOME, 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def served(context: DispatchContext, port: int, **more: Any) -> DeploymentRow:
    """The deployment, after its revision answered at a port."""
    rows, row = context.store.deployments, row_of(context)
    place = Place("api", HOME, port, answers=True, **more)
    with context.store.write() as c:
        rows.set_revision(c, row.newest.revision.id, places=[place])
        rows.route_requests(c, row, 1)
    return row_of(context)


def own_port(context: DispatchContext) -> OwnPort:
    engine: Any = None
    return OwnPort(context, engine, DeploymentRecords(context))


def give_port(context: DispatchContext, row: DeploymentRow) -> int:
    with open_port(HOME) as entrance, context.store.write() as c:
        port: int = entrance.getsockname()[1]
        context.store.deployment_keys.set_port(c, row.id, port)
    return port


def status(port: int) -> int:
    connection = http.client.HTTPConnection(HOME, port, timeout=SECONDS)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except ConnectionError:
        return 0
    finally:
        connection.close()


@pytest.mark.parametrize("inside", [HOME, ""])
def test_a_port_opens_to_the_container_that_serves(context, inside):
    with container(401) as port:
        row, ours = served(context, port, inside=inside, inside_port=port), own_port(context)
        ours.serve(row)
        assert not (context.folder / deployment_folder(row.id)).exists(), "it has no keys"
        number = give_port(context, row)
        ours.serve(row)
        try:
            assert status(number) == 401
            own_port(context).serve(row)  # as the next dispatcher does
            assert status(number) == 401
        finally:
            ours.close(row)
        wait_until(lambda: not status(number))


def test_a_container_that_checks_no_keys_is_not_reached(context):
    with container(200) as port:
        row, ours = served(context, port), own_port(context)
        number = give_port(context, row)
        for _ in range(2):
            ours.serve(row)
        assert status(number) == 0
        assert DeploymentRecords(context).log(row, row.newest).tail(2000).count("nbyard: ") == 1


def test_an_unreadable_certificate_is_reported_once(context):
    context.settings.deployment_certificate = "/none.pem"
    with container(401) as port:
        row, ours = served(context, port), own_port(context)
        number = give_port(context, row)
        for _ in range(2):
            ours.serve(row)
        assert status(number) == 0
        assert DeploymentRecords(context).log(row, row.newest).tail(2000).count("nbyard: ") == 1


def test_a_container_gets_changed_keys(yard, context, monkeypatch):
    delivered: list[Any] = []
    refusals: list[NbyardError] = []

    def put(_: Any, made: Any) -> None:
        if refusals:
            raise refusals.pop()
        delivered.append(json.loads(made.keys))

    monkeypatch.setattr(deployment_containers, "put_keys", put)
    row, ours = row_of(context), own_port(context)
    ours.deliver(row, row.newest, is_leaving=False)
    assert delivered == [], "without a secret, it checks nothing"
    KeptSecret(context.folder / deployment_folder(row.id), 1).create()
    deployment = yard.services.deployments.get(ANN, "cows")
    key = DeploymentKey(new_id(), "nbk_1", "", deployment.created_at, None)
    for is_leaving in (False, False, True):
        ours.deliver(row, row.newest, is_leaving=is_leaving)
    with yard.store.write() as c:
        yard.store.deployment_keys.insert(c, deployment, key, "hash")
    refusals += [Conflict("it restarts"), NotFound("it is created anew")]
    for _ in range(4):
        ours.deliver(row, row.newest, is_leaving=False)
    assert delivered == [
        {"keys": {}, "leaving": False},
        {"keys": {}, "leaving": True},
        {"keys": {"hash": None}, "leaving": False},
    ]
