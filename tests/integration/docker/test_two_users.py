"""Two users of a real JupyterHub: one service with PostgreSQL and a container engine."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.jupyter_server import Answer

from nbyard.dockerd import Engine
from nbyard.domain.callers import PROJECT_HEADER
from nbyard.domain.users.isolation import Isolation
from nbyard.images.builds import OWNER_LABEL
from nbyard.testing.conformance.runtimes import wait_until

from ...integration.hub import ROOT, Hub, reserved_port

pytestmark = [pytest.mark.first, pytest.mark.leaves_running]
BUILD_SECONDS = 200.0
SCRIPT = """\
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--output", required=True)
given = parser.parse_args()
rows = pathlib.Path(given.data).read_text().splitlines()
pathlib.Path(given.output).write_text(f"{len(rows) - 1} rows, user {os.getuid()}\\n")
"""


def printing() -> list[str]:
    """Return the words of the guide that print the configuration, before the database's address.

    It is the second of three steps. The third one restarts the hub.
    """
    guide = (ROOT / "docs/how-to/jupyterhub.md").read_text()
    section = guide.partition("## Install one service for all users\n")[2].partition("\n##")[0]
    steps = re.split(r"^\d+\. ", section, flags=re.MULTILINE)[1:]
    assert len(steps) == 3 and steps[2].startswith("Restart the hub and the users' servers.")
    (words,) = re.findall(r"^ *nbyard (.*) \S+ >> jupyterhub_config.py$", steps[1], re.MULTILINE)
    return str(words).split()


class Users:
    """A hub whose service has a store of its own, and the tokens of its users."""

    def __init__(self, folder: Path, database: str, settings: dict[str, str], image: str):
        port = reserved_port()
        printed = subprocess.run(
            [
                *(sys.executable, "-m", "nbyard.cli.main", *printing()),
                *(database, "--url", f"http://127.0.0.1:{port}"),
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
                f"service['environment'].update({settings!r})",
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

    def ask(self, user: str, method: str, path: str, body: Any = None, project: str = "") -> Answer:
        """Send a request to the user's own server."""
        token = self.ann if user == "ann" else self.bob
        sent = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | (
            {PROJECT_HEADER: project} if project else {}
        )
        return self.hub.request(method, f"/user/{user}/nbyard/api{path}", sent, token, headers)

    def made(self, user: str, path: str, body: Any, project: str = "") -> Any:
        """Return what the service created for a user."""
        answer = self.ask(user, "POST", path, body, project)
        assert answer.status in (201, 202), answer.content
        return answer.json

    def ended(self, user: str, run: str) -> Any:
        """Return the record of a run after its end."""
        path, over = f"/runs/{run}", ("succeeded", "failed", "cancelled")
        wait_until(lambda: self.ask(user, "GET", path).json["run"]["state"] in over, BUILD_SECONDS)
        return self.ask(user, "GET", path).json


def log_of(record: Any) -> str:
    """Return the path of the log of the first task of a run."""
    return f"/runs/{record['run']['id']}/tasks/{record['tasks'][0]['node']}/log"


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
    run = users.made("ann", "/runs", body)["id"]
    record = users.ended("ann", run)
    assert record["run"]["state"] == "succeeded", json.dumps(record)
    assert record["run"]["path"] == "count.py"
    for path in (f"/runs/{run}", log_of(record)):
        assert users.ask("ann", "GET", path).status == 200
        assert users.ask("bob", "GET", path).status == 404
    assert users.ask("bob", "GET", "/runs").json["items"] == []
    assert users.ask("bob", "POST", f"/runs/{run}/cancel").status == 404
    assert users.ask("bob", "DELETE", f"/runs/{run}").status == 404

    check_team_cache(users, body)
    words = ("run", "count.py", "--input-file", "data=data.csv", "--image", users.image)
    shell = (sys.executable, "-m", "nbyard.cli.main", *words, "--output", "output=rows.txt")
    ran = users.hub.run("ann", *shell, "--force")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (users.home("ann") / "rows.txt").read_text().startswith("2 rows, user ")


def check_team_cache(users: Users, body: dict[str, Any]) -> None:
    """Bob's run takes Ann's result in her project, which he is a member of, and not outside."""
    team = str(users.made("ann", "/projects", {"name": "counts"})["id"])
    users.made("ann", f"/shares/project/{team}", {"name": "bob", "role": "editor"})
    for name in ("count.py", "data.csv"):
        (users.home("bob") / name).write_bytes((users.home("ann") / name).read_bytes())
    tasks = []
    for user, project in (("ann", team), ("bob", team), ("bob", "")):
        wish = {**body, "force": user == "ann"}
        record = users.ended(user, users.made(user, "/runs", wish, project)["id"])
        assert record["run"]["state"] == "succeeded", json.dumps(record)
        tasks += record["tasks"]
    of_ann, taken, outside = tasks
    reasons = json.dumps([(task["cached"], task["reason"]) for task in tasks])
    assert [task["cached"] for task in tasks] == [False, True, False], reasons
    params = taken["reason"]["params"]
    assert (params["user"], params["run_id"]) == ("ann", of_ann["run_id"])
    assert [each["digest"] for each in taken["artifacts"]] == [
        each["digest"] for each in of_ann["artifacts"]
    ]
    assert "ann" not in json.dumps(outside)


def images_of(engine: Engine, user: str) -> list[str]:
    """Return the images that the engine built for a user of a shared store."""
    key = Isolation(is_shared=True).owner_key(user)
    return engine.images_with_label(OWNER_LABEL, key)


@pytest.fixture
def no_images(docker_engine: Engine) -> Iterator[None]:
    """Remove what other tests built for these users, and what this one builds."""

    def remove() -> None:
        for image in images_of(docker_engine, "ann") + images_of(docker_engine, "bob"):
            for name in found.names if (found := docker_engine.image(image)) else []:
                docker_engine.remove_image(name)

    remove()
    yield
    remove()


def shared_environment(users: Users) -> str:
    """Install an environment of Ann; return her project, which it is linked to."""
    wanted = {"name": "cows", "requirements": "cloudpickle"}
    environment = users.made("ann", "/environments", wanted)["id"]
    place = f"/environments/{environment}"
    wait_until(
        lambda: users.ask("ann", "GET", place).json["current"]["state"] == "ready", BUILD_SECONDS
    )
    project = str(users.made("ann", "/projects", {"name": "herd"})["id"])
    link = {"kind": "environment", "resource": environment}
    users.made("ann", f"/projects/{project}/links", link)
    return project


@pytest.mark.long
@pytest.mark.timeout(900)
def test_members_of_a_project_run_in_the_environment_of_its_owner(
    users: Users, docker_engine: Engine, no_images: None
) -> None:
    """One image serves all members, until the owner removes them."""
    project = shared_environment(users)
    (users.home("bob") / "moo.py").write_text("import cloudpickle; print('imported')\n")
    wish = {"path": "moo.py", "environment": "ann/cows"}
    assert users.ask("bob", "POST", "/runs", wish).status == 404
    users.made("ann", f"/shares/project/{project}", {"name": "bob"})

    # That of the installation, and that of its lock
    counts = [len(images_of(docker_engine, "ann"))]
    for user in ("bob", "bob", "ann"):
        (users.home("ann") / "moo.py").write_text("import cloudpickle; print('imported')\n")
        own = wish | {"force": True, "environment": "cows" if user == "ann" else "ann/cows"}
        record = users.ended(user, users.made(user, "/runs", own)["id"])
        assert record["run"]["state"] == "succeeded", json.dumps(record)
        log = users.ask(user, "GET", log_of(record)).json["text"]
        assert "imported" in log and ("Building" in log) == (len(counts) == 1)
        counts.append(len(images_of(docker_engine, "ann")))
    assert counts == [counts[0], *[counts[0] + 1] * 3]
    assert images_of(docker_engine, "bob") == []

    hook = {"run": wish, "on": {"kind": "webhook"}, "name": "moo", "mode": "pinned"}
    automation = users.made("bob", "/automations", hook)["id"]
    removed = users.ask("ann", "DELETE", f"/shares/project/{project}/bob")
    assert removed.status == 204
    assert users.ask("bob", "POST", "/runs", wish).status == 404
    users.made("bob", f"/automations/{automation}/fire", {})
    firings = f"/automations/{automation}/firings"

    def fired() -> Any:
        return users.ask("bob", "GET", firings).json["items"][0]

    wait_until(lambda: fired()["outcome"] != "waiting")
    assert fired()["reason"]["code"] == "environment-deleted", fired()
