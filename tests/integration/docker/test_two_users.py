"""Two users of a real JupyterHub: one service with PostgreSQL and a container engine."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.testing import bind_unused_port

from nbyard.testing.conformance.runtimes import wait_until
from nbyard.testing.jupyter_server import Answer

from ...integration.hub import Hub

pytestmark = [pytest.mark.first, pytest.mark.leaves_running]
SCRIPT = """\
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--output", required=True)
given = parser.parse_args()
rows = pathlib.Path(given.data).read_text().splitlines()
pathlib.Path(given.output).write_text(f"{len(rows) - 1} rows, user {os.getuid()}\\n")
"""


class Users:
    """A hub whose service has a store of its own, and the tokens of its users."""

    def __init__(self, folder: Path, database: str, engine: dict[str, str], image: str):
        probe, port = bind_unused_port()
        probe.close()
        printed = subprocess.run(
            [
                *(sys.executable, "-m", "nbyard.cli.main", "hub", "config"),
                *("--url", f"http://127.0.0.1:{port}", "--database", database),
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        nbyard = [sys.executable, "-m", "nbyard.cli.main"]
        config = printed + "\n".join(
            [
                "service = c.JupyterHub.services[-1]",
                f"service['command'][:1] = {nbyard!r}",
                f"service['environment'].update({engine!r})",
                f"service['environment']['NBYARD_STORE_DIR'] = {str(folder / 'service')!r}",
                "service['environment']['NBYARD_DEFAULT_RUNTIME'] = 'docker'",
                "service['environment']['NBYARD_IDLE_SECONDS'] = '1'",
                f"service['environment']['PYTHONPATH'] = {':'.join(sys.path)!r}",
            ]
        )
        self.image = image
        self.hub = Hub(folder, config)
        self.ann, self.bob = self.hub.tokens("ann", "bob")

    def home(self, user: str) -> Path:
        return self.hub.folder / user

    def ask(self, user: str, method: str, path: str, body: Any = None) -> Answer:
        """Send a request to the user's own server."""
        token = self.ann if user == "ann" else self.bob
        return self.hub.send(method, f"/user/{user}/nbyard/api{path}", body, token)


@pytest.fixture(scope="module")
def users(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: str,
    docker_engine: Any,
    python_base_image: str,
) -> Iterator[Users]:
    engine = {
        "NBYARD_DOCKER_HOST": docker_engine.url,
        "NBYARD_DOCKER_BASE_IMAGE": python_base_image,
        "NBYARD_DOCKER_BUILD_NETWORK": "none",
    }
    made = Users(tmp_path_factory.mktemp("hub"), postgres, engine, python_base_image)
    try:
        yield made
    finally:
        made.hub.stop()


def test_a_run_uses_files_of_its_user_and_nobody_else_sees_it(users: Users) -> None:
    """Ann's server sends her script and data. The run is in a container, and hers alone."""
    (users.home("ann") / "count.py").write_text(SCRIPT)
    (users.home("ann") / "data.csv").write_text("a\n1\n2\n")
    body = {"path": "count.py", "parameters": {"data": "data.csv"}, "image": users.image}
    answer = users.ask("ann", "POST", "/runs", body)
    assert answer.status == 201, answer.content
    run = answer.json["id"]

    def state() -> str:
        return str(users.ask("ann", "GET", f"/runs/{run}").json["run"]["state"])

    wait_until(lambda: state() in ("succeeded", "failed"))
    record = users.ask("ann", "GET", f"/runs/{run}").json
    assert record["run"]["state"] == "succeeded", json.dumps(record)
    assert record["run"]["path"] == "count.py"
    for path in (f"/runs/{run}", f"/runs/{run}/tasks", f"/runs/{run}/tasks/count/log"):
        assert users.ask("bob", "GET", path).status == 404
    assert users.ask("bob", "GET", "/runs").json["items"] == []
    assert users.ask("bob", "POST", f"/runs/{run}/cancel").status == 404
    assert users.ask("bob", "DELETE", f"/runs/{run}").status == 404
