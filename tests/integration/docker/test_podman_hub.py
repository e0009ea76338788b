"""Two users of a real JupyterHub, whose service has Podman as its engine.

docs/how-to/jupyterhub.md says what is tested here.
"""

import json
import os
from collections.abc import Iterator

import pytest
from tests.support.fixtures import created_database
from tests.support.images import base_image

from nbyard.dockerd import Engine
from nbyard.testing.conformance.runtimes import wait_until

from .test_isolation import _answers as answers
from .test_isolation import outside
from .test_podman import podman
from .test_two_users import Users, log_of

__all__ = ["outside", "podman"]
pytestmark = [pytest.mark.long, pytest.mark.leaves_running, pytest.mark.timeout(900)]
SERVE = """
import http.server as h
h.HTTPServer(("", 8000), h.SimpleHTTPRequestHandler).serve_forever()
"""
DIAL = """
import os, socket
own = socket.gethostbyname(socket.gethostname())
print("user", os.getuid())
for name, host, port in {places}:
    host = host or own.rpartition(".")[0] + ".1"
    try:
        socket.create_connection((host, port), 2).close()
        print(name, "answers")
    except OSError:
        print(name, "silent")
"""


@pytest.fixture(params=["bridge", "internal"])
def users(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgres: str,
    podman: Engine,
) -> Iterator[Users]:
    image = base_image(podman)
    settings = {
        "NBYARD_DOCKER_HOST": podman.url,
        "NBYARD_DOCKER_BASE_IMAGE": image,
        "NBYARD_DOCKER_BUILD_NETWORK": "none",
        "NBYARD_CONTAINER_NETWORK": request.param,
    }
    database = created_database(postgres, "template1")
    made = Users(tmp_path_factory.mktemp("hub"), database, settings, image)
    try:
        yield made
    finally:
        made.hub.stop()


def served(users: Users, podman: Engine) -> tuple[str, str]:
    """Start a server as Bob; return his run, and the address of its container."""
    (users.home("bob") / "serve.py").write_text(SERVE)
    run = users.made("bob", "/runs", {"path": "serve.py"})["id"]

    def address() -> str:
        record = users.ask("bob", "GET", f"/runs/{run}").json
        assert record["run"]["state"] in ("queued", "running"), json.dumps(record)
        names = [f"nby-{attempt['id']}" for attempt in record["tasks"][0]["attempts"]]
        found = podman.container(names[0]) if names else None
        return found.address if found else ""

    wait_until(lambda: bool(address()) and answers(address(), 8000))
    return run, address()


def test_users_run_apart(
    users: Users,
    podman: Engine,
    outside: list[str],
    listener: int,
    request: pytest.FixtureRequest,
) -> None:
    """Each in a network of their own. Only an internal one hides other networks.

    Another machine has an address in a private network and that of a metadata service.
    """
    run, address = served(users, podman)
    addresses = [place.partition(":")[0] for place in outside]
    places = [("bob", address, 8000), ("machine", "", listener)]
    places += zip(("private", "metadata"), addresses, (8000, 8000), strict=True)
    (users.home("ann") / "dial.py").write_text(DIAL.format(places=places))
    record = users.ended("ann", users.made("ann", "/runs", {"path": "dial.py"})["id"])
    assert record["run"]["state"] == "succeeded", json.dumps(record)
    lines = users.ask("ann", "GET", log_of(record)).json["text"].splitlines()
    said = dict(line.split() for line in lines)
    assert users.ask("bob", "GET", log_of(record)).status == 404
    assert users.ask("bob", "POST", f"/runs/{run}/cancel").status == 202
    assert users.ended("bob", run)["run"]["state"] == "cancelled"
    reached = "answers"
    if "internal" in request.node.name:
        said.pop("machine")  # with netavark it answers, with CNI it has no such address
        reached = "silent"
    known = {"user": str(os.getuid() or 65534), "bob": "silent", "machine": "answers"}
    known |= {"private": reached, "metadata": reached}
    assert said == {name: known[name] for name in said} and len(said) >= 4
