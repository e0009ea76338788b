"""Mounting is cheap, and an unusable store stops no server."""

import contextlib
import http.client
import sqlite3
import subprocess
import sys

import pytest
from tests.support.jupyter_server import JupyterServer

from nbyard.extension import _load_jupyter_server_extension

pytestmark = pytest.mark.slow

HEAVY = ("papermill", "docker", "distributed", "pandas", "polars", "sqlalchemy", "nbclient")


@pytest.mark.leaves_running
def test_jupyter_serves_without_a_usable_store(tmp_path):
    server = JupyterServer(tmp_path, store_dir="/proc/nbyard").start()
    try:
        assert server.request("GET", "/api", None, {}).status == 200
        answer = server.send("GET", "/datasets")
        assert (answer.status, answer.json["code"]) == (503, "store-unusable")
        assert "/proc/nbyard" in answer.json["message"]
    finally:
        server.stop()


@pytest.mark.leaves_running
def test_the_store_is_opened_by_the_first_request_only(tmp_path):
    server = JupyterServer(tmp_path).start()
    try:
        assert not (server.store / "store.sqlite").exists()
        assert server.send("GET", "/datasets").status == 200
        assert (server.store / "store.sqlite").exists()
        with contextlib.closing(sqlite3.connect(server.store / "store.sqlite")) as c:
            (url,) = c.execute("SELECT value FROM facts WHERE name = 'server_url'").fetchone()
        assert url == server.app.connection_url  # for links in messages
    finally:
        server.stop()


@pytest.mark.leaves_running
def test_a_closed_extension_is_loaded_again_with_another_store(tmp_path, monkeypatch):
    """As the browser journeys do, which share one JupyterLab."""
    monkeypatch.setenv("NBYARD_RESOURCES", "restored after this test")
    server = JupyterServer(tmp_path).start()
    try:
        (server.root / "a.csv").write_text("a\n1\n")
        source = {"source": {"kind": "file", "path": "a.csv"}}
        assert server.send("POST", "/datasets", source).status == 201
        web_app = server.app.web_app
        rules = len(web_app.default_router.rules)
        server.call(web_app.settings["nbyard"].close)
        assert server.send("GET", "/datasets").status == 404
        server.app.config.Settings.store_dir = str(tmp_path / "second")
        server.call(lambda: _load_jupyter_server_extension(server.app))
        assert server.send("GET", "/datasets").json["items"] == []
        assert (tmp_path / "second" / "store.sqlite").exists()
        assert len(web_app.default_router.rules) == rules
    finally:
        server.stop()


@pytest.mark.parametrize("module", ["nbyard", "nbyard.client"])
def test_importing_loads_nothing_heavy(module):
    code = f"import sys, {module}; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_activating_loads_nothing_heavy(tmp_path):
    """Beside what the server itself had loaded."""
    code = (
        "import sys, jupyter_server.serverapp; before = set(sys.modules); import nbyard.extension; "
        f"print([m for m in {HEAVY[:5]} if m in set(sys.modules) - before])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.leaves_running
def test_a_server_of_the_tests_that_stops_leaves_no_connection_open(tmp_path):
    """Its end of one that is kept would be found, unclosed, in some later test."""
    server = JupyterServer(tmp_path).start()
    try:
        kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        kept.request("GET", "/nbyard/api/health")
        assert kept.getresponse().read() == b"ok\n"
    finally:
        server.stop()
    with contextlib.closing(kept), contextlib.suppress(ConnectionResetError):
        assert kept.sock.recv(1) == b""
