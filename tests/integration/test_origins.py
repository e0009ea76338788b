"""A run leaves the same record whatever started it, except for its origin."""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from IPython.core.interactiveshell import InteractiveShell
from tests.support.jupyter_server import TOKEN, JupyterServer

import nbyard
from nbyard.cli.commands.run import run as run_command
from nbyard.client import Client
from nbyard.discover import connect
from nbyard.dispatch.automations.controller import FiringRuns
from nbyard.dispatch.automations.due_times import DueTimes
from nbyard.dispatch.context import DispatchContext
from nbyard.domain.automations.webhooks import ID, SIGNATURE, TIMESTAMP, signature_of
from nbyard.domain.callers import Caller
from nbyard.domain.runs.origins import Origin, OriginKind
from nbyard.domain.runs.structs import NewRun
from nbyard.host import clock
from nbyard.rest.identity import local_name
from nbyard.settings import Settings
from nbyard.yard import Yard

pytestmark = pytest.mark.leaves_running
# What differs between two runs of one template.
OWN = ("id", "number", "created_at", "origin")
PATH = "flow.nbflow"
# The run of an automation, which ignores the cache by default.
CACHED = {"path": PATH, "force": False}
# What the canvas sends for its button Run: `questionOf` in src/runs/canvas/backend.ts.
OF_CANVAS = {"path": PATH, "scope": "all", "nodes": [], "force": False, "parameters": {}}


@pytest.fixture
def settings(api: JupyterServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings with the store of the server, which local commands use as well."""
    made = Settings(store_dir=str(api.store), inline_dispatch=True)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(api.root)
    return made


def test_runs_from_all_surfaces_have_equal_records(
    api: JupyterServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (api.root / "tool.py").write_text("print(1)\n")
    nodes = {"one": {"type": "executable", "path": "tool.py"}}
    (api.root / PATH).write_text(json.dumps({"version": 1, "nodes": nodes}))
    create_from_all(api, monkeypatch)
    scheduled, hooked = automation(api), webhook(api)

    caller = Caller(local_name())
    with Yard.open(settings, root=api.root) as yard:
        with dispatching(yard) as context:
            assert FiringRuns(context).handle(hooked)
            later = clock.now() + timedelta(hours=1, seconds=1)
            monkeypatch.setattr(clock, "now", lambda: later)
            assert DueTimes(context).handle(scheduled)
        runs = yard.services.runs.list(caller).items[::-1]
        with yard.store.read() as c:
            templates = {yard.store.runs.template_id(c, run.id) for run in runs}
            plans = [[task.plan for task in yard.store.tasks.of_run(c, run.id)] for run in runs]
    kinds: list[OriginKind] = ["manual", "client", "client", "shell", "magic"]
    asked = [Origin(kind, person=caller.name) for kind in kinds]
    assert [run.origin for run in runs[:5]] == asked
    of_others = [run.origin for run in runs[5:]]
    assert [(origin.kind, origin.id, origin.person) for origin in of_others] == [
        ("automation", hooked, ""),
        ("automation", scheduled, ""),
    ]
    assert len(templates) == 1
    assert plans == [plans[0]] * len(runs)
    first, *others = map(record, runs)
    assert others == [first] * len(others)


def create_from_all(api: JupyterServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create a run from the canvas, two clients, the shell and a notebook."""
    body = NewRun(path=PATH)
    monkeypatch.setattr("nbyard.cli.commands.run.follow_run", lambda *_, **__: None)
    monkeypatch.setattr("nbyard.magics.magic_verbs.RUN", SimpleNamespace(terminal=("queued",)))
    shell = InteractiveShell()
    nbyard.load_ipython_extension(shell)

    key = {"Idempotency-Key": secrets.token_hex(16)}
    assert api.send("POST", "/runs", OF_CANVAS, key).status == 201
    Client(api.url, TOKEN).runs.create(body=body)
    connect().runs.create(body=body)
    assert CliRunner().invoke(run_command, [PATH]).exit_code == 0
    shell.run_line_magic("nbyard", f"run {PATH}")


def record(run: Any) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(run).items() if name not in OWN}


def automation(api: JupyterServer) -> str:
    """Create an automation that is due in an hour and uses the cache; return its ID."""
    on = {"kind": "phrase", "text": "in 1 hour"}
    answer = api.send("POST", "/automations", {"run": CACHED, "on": on})
    assert answer.status == 201, answer.json
    return str(answer.json["id"])


def webhook(api: JupyterServer) -> str:
    """Create a webhook and send a signed message to it; return its ID."""
    answer = api.send("POST", "/automations", {"run": CACHED, "on": {"kind": "webhook"}})
    assert answer.status == 201, answer.json
    made, sent, name = answer.json, str(int(time.time())), secrets.token_hex(8)
    signature = signature_of(made["secret"], name, sent, b"{}")
    headers = {ID: name, TIMESTAMP: sent, SIGNATURE: signature}
    assert api.request("POST", f"/{made['address']}", b"{}", headers).status == 202
    return str(made["id"])


@contextmanager
def dispatching(yard: Yard) -> Iterator[DispatchContext]:
    """Yield the context of a dispatcher that creates runs and starts none."""
    with yard.store.write() as c:
        lease = yard.store.leases.take(c, "dispatcher", "this test", 3600)
    assert lease is not None
    parts = yard.context
    store, blobs = yard.store, parts.blobs
    yield DispatchContext(parts.settings, store, blobs, parts.tables, parts.links, {}, lease)
    with yard.store.write() as c:
        yard.store.leases.release(c, lease)
