"""The same services over HTTP."""

import json
from types import SimpleNamespace

import msgspec
import pytest
from tests.support.jupyter_server import TOKEN, JupyterServer

from nbyard.client import Client
from nbyard.domain.datasets.structs import FileSource, NewDataset, UploadSource
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.state_machines import RUN
from nbyard.errors import (
    Conflict,
    ErrorBody,
    Forbidden,
    Invalid,
    NbyardError,
    NotFound,
    Unavailable,
)
from nbyard.services.operation_table import table
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching

pytestmark = pytest.mark.leaves_running


@pytest.fixture
def client(api: JupyterServer) -> Client:
    return Client(api.url, TOKEN)


def test_every_operation_is_a_method(client: Client):
    for operation in table():
        assert getattr(getattr(client, operation.noun), operation.verb).__doc__
    with pytest.raises(AttributeError):
        client.nonsense  # noqa: B018
    with pytest.raises(AttributeError):
        client.runs.nonsense  # noqa: B018


def test_resources_of_a_client_are_linked_to_its_project(client: Client, api: JupyterServer):
    client.project = client.projects.create(body={"name": "of client"}).id
    (api.root / "of_client.py").write_text("print()\n")
    made = client.automations.create(
        body={"run": {"path": "of_client.py"}, "on": {"kind": "phrase", "text": "daily at 6"}}
    )
    assert [one.id for one in client.automations.list(project="of client").items] == [made.id]
    asked = {"operation": "runs.retry", "path": {"run": "1"}, "project": client.project}
    assert "--project 'of client' runs" in client.system.spell(body=asked).command
    gone = client.system.spell(body={**asked, "project": "gone"})
    assert gone.command == "nbyard runs retry 1"


def test_responses_have_their_types(client: Client, api: JupyterServer):
    (api.root / "a.csv").write_text("a\n1\n")
    made = client.datasets.create(body=NewDataset(FileSource("a.csv"), "A & B?"))
    assert made.current.state == "importing"
    assert client.datasets.get("A & B?") == made
    assert client.datasets.list(limit=1, search="A &").items == [made]
    assert client.datasets.delete(made.id, force=True) is None
    (api.root / "t.sh").write_text("#!/bin/sh\ntrue\n")
    run = client.runs.create(body=NewRun(path="t.sh"), idempotency_key="k")
    assert client.runs.create(body=NewRun(path="t.sh"), idempotency_key="k").id == run.id
    assert client.runs.get(run=run.id).tasks[0].node == "main"
    assert run.origin.kind == "client"
    told = NewRun(path="t.sh", origin="notebook")
    assert client.runs.create(body=told).origin.kind == "notebook"
    assert client.runs.create({"path": "t.sh"}).origin.kind == "client"


def test_refusals_are_the_same_classes(client: Client):
    with pytest.raises(NotFound):
        client.runs.get("none")
    with pytest.raises(Invalid) as refused:
        client.runs.list(limit=0)
    assert type(refused.value) is Invalid
    assert refused.value.details[0].path == "limit"
    with pytest.raises(Invalid) as unread:
        client.runs.create(body={"path": 1})
    assert unread.value.details[0].path == "path"
    with pytest.raises(NotFound):
        client.datasets.get("a/../b")


def test_uploads_are_sent_in_pieces(client: Client):
    key = client.upload("a.csv", 6, iter([b"abc", b"def"]))
    assert client.uploads.get(key).offset == 6
    made = client.datasets.create(body=NewDataset(UploadSource(key), "from pieces"))
    assert made.current.size_bytes == 6
    short = client.upload("b.csv", 6, iter([b"abc"]))
    with pytest.raises(Conflict):
        client.datasets.create(body=NewDataset(UploadSource(short)))


def test_a_wrong_token_and_no_server():
    with pytest.raises(Unavailable):
        Client("http://127.0.0.1:9").runs.list()


def test_a_wrong_token(api: JupyterServer):
    with pytest.raises(NbyardError) as refused:
        Client(api.url, "wrong").runs.list()
    assert refused.value.status == 403


def test_no_token(api: JupyterServer):
    """The message says what is missing."""
    with pytest.raises(Forbidden) as refused:
        Client(api.url).runs.list()
    assert "set NBYARD_TOKEN" in refused.value.hint


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (302, "No Jupyter server runs at this URL"),
        (403, "does not accept the token"),
        (404, "does not offer nbyard"),
        (424, "No Jupyter server runs at this URL"),
        (500, "answered 500"),
    ],
)
def test_responses_of_a_hub_without_server_are_explained(status: int, words: str):
    assert words in Client("http://hub.test/user/ann", "t").error_of(status, b"<html>").message


def test_a_change_without_a_token_asks_for_one(api: JupyterServer):
    with pytest.raises(Forbidden, match="needs a token") as refused:
        Client(api.url).runs.create(body=NewRun(path="t.sh"))
    assert "--server 'URL?token=…'" in refused.value.hint


def test_downloads_are_files_with_their_names(client: Client, api: JupyterServer):
    (api.root / "ä b.csv").write_bytes(b"a\n1\n" * 500_000)
    made = client.datasets.create(body=NewDataset(FileSource("ä b.csv"), "d"))
    with Dispatching(Settings(store_dir=str(api.store))) as dispatcher:
        dispatcher.until(
            lambda: client.datasets.get(made.id), lambda d: d.current.state != "importing"
        )
    source, name = client.download("datasets", "d")
    with source:
        assert (name, len(source.read())) == ("ä b.csv", 2_000_000)
    with pytest.raises(NotFound):
        client.download("artifacts", "none")


STEPS = """from pathlib import Path

def score(place: str, lr: float = 0.1, depth: int = 1) -> dict:
    assert depth < 2 or Path(place).exists()
    return {"score": lr * depth}
"""


def test_a_sweep_and_the_retry_of_its_failed_elements(client: Client, api: JupyterServer, tmp_path):
    (api.root / "swept.py").write_text(STEPS)
    place = tmp_path / "fixed"
    body = {
        "path": "swept.py::score",
        "parameters": {"place": str(place)},
        "sweep": {"lr": "0.5,0.25", "depth": "1..2"},
    }

    def ended(run: str) -> dict[str, str]:
        """Wait for the run, and return the states of its elements by label."""
        found = dispatcher.until(
            lambda: client.runs.get(run), lambda d: d.run.state in RUN.terminal
        )
        assert found.run.state == "succeeded"
        return {task.element.label: task.state for task in found.tasks if task.element}

    with Dispatching(Settings(store_dir=str(api.store))) as dispatcher:
        run = client.runs.create(body=body).id
        assert ended(run) == {
            "lr=0.5 depth=1": "succeeded",
            "lr=0.5 depth=2": "failed",
            "lr=0.25 depth=1": "succeeded",
            "lr=0.25 depth=2": "failed",
        }
        place.touch()
        assert client.runs.retry(run=run).id == run
        assert {*ended(run).values()} == {"succeeded"}
    artifacts = {a.name: a.id for t in client.runs.get(run).tasks for a in t.artifacts}
    source, _ = client.download("artifacts", artifacts["@all"])
    with source:
        rows = [json.loads(line) for line in source.read().splitlines()]
    assert [row["metrics"]["score"] for row in rows] == [0.5, 1.0, 0.25, 0.5]


def test_an_address_is_below_the_servers_prefix():
    found = SimpleNamespace(links=[SimpleNamespace(path="nbyard/deployments/cow/api/")])
    told = Client("http://h.test:8888/user/ann/").address(found)
    assert told == "http://h.test:8888/user/ann/nbyard/deployments/cow/api/"


def test_a_program_of_a_run_names_its_attempt(api: JupyterServer, monkeypatch):
    """The server reads it, and believes only the ID of an attempt of the same user."""
    monkeypatch.setenv("NBYARD_ATTEMPT_ID", "01a21572-a56b-7e9d-9707-3f7bf496e07b")
    (api.root / "named.csv").write_text("a\n1\n")
    body = {"source": {"kind": "file", "path": "named.csv"}}
    assert Client(api.url, TOKEN).datasets.create(body=body).name == "named.csv"
    with pytest.raises(Forbidden) as refused:
        Client(api.url).runs.list()
    assert "set NBYARD_TOKEN" in refused.value.hint


@pytest.mark.parametrize(
    ("body", "is_of_token"),
    [
        (Forbidden("a.csv is not writable.").body(), False),
        (Forbidden("x", hint="Ask for the role.").body(), False),
        (ErrorBody("forbidden", "You may not do this, or your login has expired."), True),
    ],
)
def test_a_refusal_of_nbyard_itself_is_not_blamed_on_the_token(body, is_of_token):
    error = Client("http://hub.test/user/ann", "t").error_of(403, msgspec.json.encode(body))
    assert ("NBYARD_TOKEN" in error.hint) is is_of_token
    assert error.hint.startswith(body.hint)
