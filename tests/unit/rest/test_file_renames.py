"""A workflow keeps its runs when the file browser renames it, and its versions when it is saved."""

import getpass
import json

import pytest
from jupyter_server.auth import User
from tests.support.jupyter_server import TOKEN, JupyterServer

from nbyard.testing.conformance.runtimes import wait_until


@pytest.mark.leaves_running
def test_a_rename_and_a_save_are_followed(tmp_path):
    server = JupyterServer(tmp_path).start()
    try:
        rename = json.dumps({"path": "b.nbflow"}).encode()
        headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
        (server.root / "step.py").write_text("print(1)\n")
        nodes = {"a": {"type": "executable", "path": "step.py"}}
        document = {"version": 1, "meta": {"id": "w"}, "nodes": nodes}
        (server.root / "a.nbflow").write_text(json.dumps(document))
        assert server.send("POST", "/runs", {"path": "a.nbflow"}).status == 201
        assert server.request("PATCH", "/api/contents/a.nbflow", rename, headers).status == 200
        there = [str(server.root / "b.nbflow")]
        wait_until(
            lambda: [one["path"] for one in server.send("GET", "/workflows").json["items"]] == there
        )
        (run,) = server.send("GET", "/runs?workflow=b.nbflow").json["items"]
        assert run["path"] == "b.nbflow"
        nodes["a"]["label"] = "Step"
        saved = {"type": "file", "format": "text", "content": json.dumps(document)}
        body = json.dumps(saved).encode()
        provider = server.app.identity_provider
        identify = provider.get_user

        async def ben(handler):
            await identify(handler)
            return User("ben")

        provider.get_user = ben
        assert server.request("PUT", "/api/contents/b.nbflow", body, headers).status == 200

        def versions():
            items = server.send("GET", "/workflows/versions?path=b.nbflow").json["items"]
            return [(version["number"], version["runs"], version["person"]) for version in items]

        wait_until(lambda: versions() == [(2, [], "ben"), (1, [run["number"]], getpass.getuser())])
    finally:
        server.stop()


@pytest.mark.leaves_running
def test_a_rename_creates_no_store(tmp_path):
    server = JupyterServer(tmp_path).start()
    try:
        headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
        (server.root / "a.txt").write_text("")
        body = json.dumps({"path": "b.txt"}).encode()
        assert server.request("PATCH", "/api/contents/a.txt", body, headers).status == 200
        assert not (server.store / "store.sqlite").exists()
    finally:
        server.stop()
