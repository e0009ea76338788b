"""I28, G2: mounting costs little, and a store that cannot be used stops nobody."""

import subprocess
import sys

import pytest

from nbyard.testing.server import JupyterServer

HEAVY = ("papermill", "docker", "distributed", "pandas", "polars", "sqlalchemy", "nbclient")


@pytest.mark.leaves_running
def test_jupyter_serves_although_the_store_cannot_be_made(tmp_path):
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
