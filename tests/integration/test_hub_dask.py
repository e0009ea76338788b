"""A Dask cluster that the administrator of a hub's service gives to one user and one project."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.jupyter_server import Answer

from nbyard.testing.conformance.runtimes import wait_until

from ..notebooks import notebook
from .dask.ground import Ground, ground
from .hub import Hub, config_of_service

pytestmark = [pytest.mark.long, pytest.mark.leaves_running]
SERVE = [sys.executable, "-m", "nbyard.cli.main", "hub", "serve"]
WORKER = "import os\nprint('on', os.environ['NBYARD_DASK_ADDRESS'])"
BROKEN = "raise SystemExit(1)\n"
OVER = ("succeeded", "failed", "cancelled")


class Users:
    """A hub with the service, whose dispatcher has a cluster of one worker."""

    def __init__(self, folder: Path, cluster: Ground):
        config = config_of_service(folder / "shared", SERVE)
        listed = {"NBYARD_DASK_USERS": '["ann", "project:bob/wine"]'}
        own = listed | {"NBYARD_DASK_ADDRESS": cluster.address}
        more = f"c.JupyterHub.services[-1]['environment'].update({own!r})\n"
        self.hub = Hub(folder, config + more)
        names = ("ann", "bob", "eve")
        self.tokens = dict(zip(names, self.hub.tokens(*names), strict=True))
        for name in names:
            (folder / name / "n.ipynb").write_text(notebook(WORKER))
            (folder / name / "broken.py").write_text(BROKEN)

    def ask(self, user: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request to the user's own server."""
        sent = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        path = f"/user/{user}/nbyard/api{path}"
        return self.hub.request(method, path, sent, self.tokens[user], headers)

    def made(self, user: str, path: str, body: Any, **headers: str) -> Any:
        """Return what the service created for a user."""
        answer = self.ask(user, "POST", path, body, **headers)
        assert answer.status in (201, 202), answer.content
        return answer.json

    def ended(self, user: str, run: str) -> Any:
        """Return the record of a run after its end."""
        path = f"/runs/{run}"
        wait_until(lambda: self.ask(user, "GET", path).json["run"]["state"] in OVER)
        return self.ask(user, "GET", path).json

    def refused(self, user: str, path: str, body: Any = None) -> None:
        """Check that a request is refused because the cluster is for others."""
        answer = self.ask(user, "POST", path, body)
        assert (answer.status, answer.json["reason"]["code"]) == (403, "dask-off"), answer.content


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Users]:
    with ground() as cluster:
        cluster.start_worker()
        made = Users(tmp_path_factory.mktemp("hub"), cluster)
        try:
            yield made
        finally:
            made.hub.stop()


def test_a_listed_user_runs_a_notebook_on_a_worker(users: Users) -> None:
    wait_until(lambda: users.ask("ann", "GET", "/projects").status == 200)
    record = users.ended("ann", users.made("ann", "/runs", ON_DASK)["id"])
    assert record["run"]["state"] == "succeeded", json.dumps(record)
    run, node = record["run"]["id"], record["tasks"][0]["node"]
    assert "on tcp://" in users.ask("ann", "GET", f"/runs/{run}/tasks/{node}/log").json["text"]


ON_DASK = {"path": "n.ipynb", "runtime": "dask"}
FLOW = {
    "version": 1,
    "meta": {"id": "w", "title": "w"},
    "nodes": {"one": {"type": "executable", "path": "n.ipynb", "runtime": "dask"}},
    "edges": {},
}


def test_another_user_is_refused_in_every_way(users: Users) -> None:
    wait_until(lambda: users.ask("eve", "GET", "/projects").status == 200)
    (users.hub.folder / "eve/w.nbflow").write_text(json.dumps(FLOW))
    users.refused("eve", "/runs", ON_DASK)
    users.refused("eve", "/runs", {"path": "w.nbflow"})
    failed = users.made("ann", "/runs", {"path": "broken.py", "runtime": "dask"})["id"]
    assert users.ended("ann", failed)["run"]["state"] == "failed"
    users.made("ann", f"/shares/run/{failed}", {"name": "eve", "role": "editor"})
    users.refused("eve", f"/runs/{failed}/retry")
    hook = {"run": ON_DASK, "on": {"kind": "webhook"}, "name": "hook"}
    hooked = users.made("eve", "/automations", hook)["id"]
    users.made("eve", f"/automations/{hooked}/fire", {})

    def fired() -> Any:
        return users.ask("eve", "GET", f"/automations/{hooked}/firings").json["items"][0]

    wait_until(lambda: fired()["outcome"] != "waiting")
    why = fired()["reason"]["params"]["message"]
    assert (fired()["outcome"], why["code"]) == ("failed", "dask-off")
    daily = hook | {"on": {"kind": "phrase", "text": "daily at 6"}, "name": "daily"}
    timed = users.made("eve", "/automations", daily)["id"]
    users.refused("eve", f"/automations/{timed}/fire", {})
    assert users.ask("eve", "GET", "/runs").json["items"][0]["owner"] == "ann"


def test_a_project_has_the_cluster_for_its_own_runs(users: Users) -> None:
    """Eve edits the project of Bob, which the administrator listed."""
    wait_until(lambda: users.ask("bob", "GET", "/projects").status == 200)
    project = users.made("bob", "/projects", {"name": "wine"})["id"]
    within = {"Nbyard-Project": project}
    for user, role in (("bob", ""), ("eve", "editor"), ("eve", "viewer")):
        if role:
            member = {"name": user, "role": role}
            users.made("bob", f"/shares/project/{project}", member)
        users.refused(user, "/runs", ON_DASK)
        answer = users.ask(user, "POST", "/runs", ON_DASK | {"force": True}, **within)
        assert answer.status == (403 if role == "viewer" else 201), answer.content
        if answer.status == 201:
            record = users.ended(user, answer.json["id"])
            assert record["run"]["state"] == "succeeded", json.dumps(record)
