"""Heavy libraries are loaded by what needs them, never at start."""

import json
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "jupyter_ext/nbyard"
HEAVY = {"papermill", "docker", "distributed", "pandas", "polars"}


def added_by(statement: str, before: str = "pass") -> set[str]:
    """Top-level modules that `statement` adds to an interpreter that has run `before`."""
    code = f"import json, sys\n{before}\nbefore = set(sys.modules)\n{statement}\n"
    code += "print(json.dumps(sorted({n.partition('.')[0] for n in set(sys.modules) - before})))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_loads_nothing_heavy():
    added = added_by("import nbyard")
    assert not added & (
        HEAVY | {"sqlalchemy", "nbformat", "tornado", "jinja2", "fsspec", "click", "rich"}
    )


ACTIVATE = """
app = ServerApp()
on = {"ServerApp": {"jpserver_extensions": {"nbyard": True}, "allow_root": True}}
app.update_config(Config(on))
app.initialize([], find_extensions=False, new_httpserver=False)
assert "nbyard" in app.web_app.settings, "not active"
"""


def test_activating_the_server_extension_loads_nothing_heavy():
    before = "from jupyter_server.serverapp import ServerApp\nfrom traitlets.config import Config"
    added = added_by(ACTIVATE, before)
    assert "nbyard" in added
    assert not added & (HEAVY | {"alembic", "sqlalchemy"})


def test_the_store_and_its_services_load_no_grammar_of_packages():
    added = added_by(
        "import nbyard.yard, nbyard.services.runs.service, nbyard.services.runs.single_run"
    )
    assert "sqlalchemy" in added
    assert not added & (HEAVY | {"alembic", "packaging", "jinja2", "nbformat"})
