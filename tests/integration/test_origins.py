"""R1, R7: a run leaves the same record whatever started it, except for its origin."""

import json
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from IPython.core.interactiveshell import InteractiveShell

import nbyard
from nbyard.cli.commands.run import run as run_command
from nbyard.client import Client
from nbyard.discover import connect
from nbyard.domain.callers import Caller
from nbyard.domain.runs.origins import Origin, OriginKind
from nbyard.domain.runs.structs import NewRun
from nbyard.rest.identity import local_name
from nbyard.settings import Settings
from nbyard.testing.jupyter_server import TOKEN, JupyterServer
from nbyard.yard import Yard

pytestmark = pytest.mark.leaves_running
# What differs between two runs of one template.
OWN = ("id", "number", "created_at", "origin")


@pytest.fixture
def settings(api: JupyterServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The store of the server, which a command of this machine uses too."""
    made = Settings(store_dir=str(api.store), inline_dispatch=True)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(api.root)
    return made


def test_every_surface_leaves_the_same_record(
    api: JupyterServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (api.root / "tool.py").write_text("print(1)\n")
    nodes = {"one": {"type": "executable", "path": "tool.py"}}
    (api.root / "flow.nbflow").write_text(json.dumps({"version": 1, "nodes": nodes}))
    body = NewRun(path="flow.nbflow")
    monkeypatch.setattr("nbyard.cli.commands.run.see_out", lambda *_, **__: None)
    monkeypatch.setattr("nbyard.magics.magic_verbs.RUN", SimpleNamespace(terminal=("queued",)))
    shell = InteractiveShell()
    nbyard.load_ipython_extension(shell)

    assert api.send("POST", "/runs", {"path": "flow.nbflow"}).status == 201
    Client(api.url, TOKEN).runs.create(body=body)
    connect().runs.create(body=body)
    assert CliRunner().invoke(run_command, ["flow.nbflow"]).exit_code == 0
    shell.run_line_magic("nbyard", "run flow.nbflow")

    caller = Caller(local_name())
    with Yard.open(settings, root=api.root) as yard:
        runs = yard.services.runs.list(caller).items[::-1]
        with yard.store.read() as c:
            templates = {yard.store.runs.template_id(c, run.id) for run in runs}
            plans = [[task.plan for task in yard.store.tasks.of_run(c, run.id)] for run in runs]
    kinds: list[OriginKind] = ["manual", "client", "client", "shell", "magic"]
    assert [run.origin for run in runs] == [Origin(kind) for kind in kinds]
    assert len(templates) == 1
    assert plans == [plans[0]] * len(runs)
    first, *others = map(record, runs)
    assert others == [first] * len(others)


def record(run: Any) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(run).items() if name not in OWN}
