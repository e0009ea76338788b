"""The command line sends requests to a server with other files.

Complete runs: tests/integration/test_jupyterhub.py.
"""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tests.support.jupyter_server import TOKEN, JupyterServer

from nbyard.cli.output.console import chosen_server, follow_up
from nbyard.cli.shared_options import server_option
from nbyard.testing.shells import CommandResult, call_nbyard

pytestmark = pytest.mark.leaves_running


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the shell, which the server does not see."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ask(api: JupyterServer, *words: str, token: str = TOKEN) -> CommandResult:
    return call_nbyard(*words, environment={"NBYARD_SERVER": api.url, "NBYARD_TOKEN": token})


@pytest.mark.parametrize(
    "words",
    [
        ("run", "own.py"),
        ("run", "-f", "own.py"),
        ("run", "there.py", "--input-file", "data=own.py"),
        ("executables", "add", "own.py"),
        ("executables", "inspect", "own.py"),
        ("workflows", "show", "own.py"),
        ("artifacts", "create", "--executable", "own.py", "--name", "x"),
    ],
)
def test_local_files_are_unknown_to_the_server(api, here, words):
    reach = {"kind": "positional", "position": 0}
    data = {"name": "data", "role": "input", "required": True, "reach": reach}
    (api.root / "there.py").touch()
    (api.root / "there.py.nbexec").write_text(json.dumps({"version": 1, "arguments": [data]}))
    for is_here in (False, True):
        if is_here:
            (here / "own.py").touch()
        told = ask(api, *words)
        assert told.code in (2, 3)
        assert ("own.py is on" in told.err) == is_here


def test_local_data_cannot_be_sent_to_a_server(api, here):
    (here / "folder").mkdir()
    told = ask(api, "datasets", "add", "folder")
    assert told.code == 2 and "--unpack" in told.err
    told = ask(api, "datasets", "add", "gone.csv")
    assert told.code == 2 and "no file gone.csv" in told.err


def test_a_wrong_token_is_reported(api):
    (api.root / "there.py").touch()
    for words in (("runs", "ls"), ("run", "there.py")):
        told = ask(api, *words, token="wrong")
        assert told.code == 1 and "NBYARD_TOKEN" in told.err


def test_suggested_commands_name_the_server(monkeypatch):
    @click.command()
    @server_option
    def tell(server: str) -> None:
        click.echo(f"{follow_up('nbyard runs log 1')}; {chosen_server()}")

    def said(*words: str) -> str:
        return CliRunner().invoke(tell, words).output.strip()

    monkeypatch.delenv("NBYARD_SERVER", raising=False)
    assert said() == "nbyard runs log 1;"
    assert said("--server", "8888") == "nbyard runs log 1 --server 8888; 8888"
    said_token = said("--server", "http://127.0.0.1:8888/lab?token=SECRET")
    assert said_token.startswith("nbyard runs log 1 --server http://127.0.0.1:8888;")
    monkeypatch.setenv("NBYARD_SERVER", "9999")
    assert said() == "nbyard runs log 1; 9999"
