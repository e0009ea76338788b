"""Heavy libraries are loaded when they are used, never at start."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PACKAGE = Path(__file__).resolve().parents[2] / "jupyter_ext/nbyard"
HEAVY = {"papermill", "docker", "distributed", "pandas", "polars"}


def added_by(statement: str, before: str = "pass") -> set[str]:
    """Return top-level modules that `statement` adds to an interpreter that has run `before`."""
    return {name.partition(".")[0] for name in modules_added_by(statement, before)}


def modules_added_by(statement: str, before: str = "pass") -> set[str]:
    """Return all modules that `statement` adds to an interpreter that has run `before`."""
    code = f"import json, sys\n{before}\nbefore = set(sys.modules)\n{statement}\n"
    code += "print(json.dumps(sorted(set(sys.modules) - before)))"
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


def test_store_and_services_do_not_load_the_packaging_grammar():
    added = added_by(
        "import nbyard.yard, nbyard.services.runs.service, nbyard.freezing.runs.single_run"
    )
    assert "sqlalchemy" in added
    assert not added & (HEAVY | {"alembic", "packaging", "jinja2", "nbformat"})


def test_command_line_run_loads_no_kernel_client_and_no_postgresql():
    """Reading kernelspecs imports neither zmq nor IPython, and SQLite no dialect of PostgreSQL."""
    added = modules_added_by(
        "import nbyard.cli.commands.run, nbyard.yard, nbyard.freezing.runs.single_run\n"
        "from nbyard.host import kernels\n"
        "kernels.list_foreign_kernels()"
    )
    tops = {name.partition(".")[0] for name in added}
    assert not tops & (HEAVY | {"jupyter_client", "IPython", "zmq", "tornado"})
    assert "sqlalchemy.dialects.postgresql" not in added


RUN = """
import contextlib, os, sys
sys.argv[1:], variables = WORDS
os.environ |= variables
from nbyard.cli.main import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):
    main()
"""


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (["--help"], ""),
        (["--version"], ""),
        (["runs", "--help"], ""),
        (["deployment", "--help"], ""),
        ([], ""),
        ([], "nbyard "),
        ([], "nbyard r"),
        ([], "nbyard runs "),
        ([], "nbyard runs ls --"),
        ([], "nbyard run analysis.ipynb --containers "),
        ([], "nbyard deployments create --"),
    ],
)
def test_help_and_completion_load_neither_services_nor_structs(words, typed):
    variables = {"_NBYARD_COMPLETE": "bash_complete"} if typed else {}
    variables |= {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    added = modules_added_by(RUN.replace("WORDS", repr((words, variables))))
    ours = {name for name in added if name.partition(".")[0] == "nbyard"}
    needed = {"nbyard", "nbyard.cli", "nbyard.cli.main", "nbyard.cli.lazy_commands"}
    needed |= {"nbyard.cli.output", "nbyard.cli.output.clean_streams"}
    assert ours == needed
    assert not added & (HEAVY | {"msgspec", "sqlalchemy", "traitlets", "tornado", "rich"})


def test_completion_of_servers_loads_neither_services_nor_structs(tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    path.write_text('[servers.hub]\nurl = "http://h/"\n')
    monkeypatch.setenv("NBYARD_CONFIG", str(path))
    variables = {"COMP_WORDS": "nbyard runs ls --server ", "COMP_CWORD": "4"}
    variables |= {"_NBYARD_COMPLETE": "bash_complete"}
    added = modules_added_by(RUN.replace("WORDS", repr(([], variables))))
    assert "nbyard.cli.stored_names" in added
    unwanted = ("nbyard.services", "nbyard.domain", "nbyard.discover", "nbyard.settings")
    assert not [name for name in added if name.startswith(unwanted)]
    assert not added & (HEAVY | {"sqlalchemy", "traitlets", "tornado", "rich"})
