"""Behind a real JupyterHub with two users, each with a server and a store of their own.
docs/how-to/jupyterhub.md promises what is tested here."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from tests.support.jupyter_server import Answer
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from nbyard.domain.automations.structs import AutomationPatch
from nbyard.domain.automations.times.structs import Phrase
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import NewDeployment, Place, Port
from nbyard.ipc.dispatcher_launcher import LEASE, pid_of
from nbyard.settings import Settings
from nbyard.testing.conformance.runtimes import wait_until
from nbyard.yard import Yard

from ..unit.rest.served import Service
from .hub import PATIENCE_SECONDS, Hub

pytestmark = [pytest.mark.first, pytest.mark.leaves_running]
IDLE_SECONDS = 10
WAIT = (
    "import pathlib, time\nwhile not pathlib.Path({!r}).exists(): time.sleep(0.05)\nprint('over')\n"
)
RUNS = "/nbyard/api/runs"


class People:
    """A hub, and the tokens of its users. No dispatcher runs on Bob's store."""

    def __init__(self, folder: Path):
        self.hub = Hub(folder, NBYARD_IDLE_SECONDS="1")
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        self.ann, self.bob = self.hub.tokens("ann", "bob")

    def home(self, user: str) -> Path:
        return self.hub.folder / user

    def get(self, path: str, token: str, user: str = "ann") -> Answer:
        return self.hub.send("GET", f"/user/{user}{path}", token=token)

    def run(self, path: str) -> str:
        """Request a run from Ann's server; return its ID."""
        body = {"path": path, "force": True}
        answer = self.hub.send("POST", f"/user/ann{RUNS}", body, self.ann)
        assert answer.status == 201, answer.content
        return str(answer.json["id"])

    def state(self, run: str) -> str:
        return str(self.get(f"{RUNS}/{run}", self.ann).json["run"]["state"])


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    made = People(tmp_path_factory.mktemp("hub"))
    try:
        yield made
    finally:
        made.hub.stop()


@pytest.fixture(scope="module")
def waiting(people: People) -> Path:
    """Return the file that ends Ann's `wait.py`."""
    go = people.hub.folder / "go"
    (people.home("ann") / "wait.py").write_text(WAIT.format(str(go)))
    return go


def shell(people: People, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run `nbyard` in a folder and with a store that differ from those of the servers."""
    own = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "nbyard.cli.main", *words],
        cwd=people.elsewhere,
        env={**own, "HOME": str(people.elsewhere), "USER": "carl", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def session(people: People, user: str) -> dict[str, str]:
    """Return the variables that the hub sets in a terminal of the user's server."""
    pid = people.hub.server(user)["state"]["pid"]
    words = Path(f"/proc/{pid}/environ").read_text().split("\0")
    found = dict(word.split("=", 1) for word in words if "=" in word)
    return {name: value for name, value in found.items() if name.startswith("JUPYTERHUB_")}


def test_events_of_a_run_are_sent_below_the_users_url(people: People, waiting: Path) -> None:
    async def follow() -> tuple[str, list[tuple[str, str]]]:
        place = people.hub.url.replace("http", "ws")
        url = f"{place}/user/ann/nbyard/api/events/socket"
        headers = {"Authorization": f"token {people.ann}"}
        socket = await websocket_connect(HTTPRequest(url, headers=headers))
        await socket.write_message('{"after": 0}')
        await socket.read_message()
        run = await asyncio.to_thread(people.run, "wait.py")
        seen: list[tuple[str, str]] = []
        while ("run", "succeeded") not in seen:
            frame = json.loads(str(await socket.read_message()))
            seen += [(e["topic"], e["data"].get("state", "")) for e in frame.get("events", [])]
            if ("task", "running") in seen:
                waiting.touch()  # a shorter task may end before it is seen to run
        socket.close()
        while await socket.read_message() is not None:
            pass
        return run, seen

    run, seen = asyncio.run(asyncio.wait_for(follow(), PATIENCE_SECONDS))
    assert ("task", "running") in seen
    log = people.get(f"{RUNS}/{run}/tasks/main/log", people.ann)
    assert log.json["text"] == "over\n"
    found = people.get(f"{RUNS}?person=ann", people.ann)
    assert run in [one["id"] for one in found.json["items"]]
    waiting.unlink()


def test_users_cannot_reach_the_server_of_another_user(people: People) -> None:
    (people.home("ann") / "quick.py").write_text("print(1)")
    run = people.run("quick.py")
    for path in (RUNS, f"{RUNS}/{run}"):
        assert people.get(path, "").status == 403
        refused = people.get(path, people.bob)
        assert refused.status == 403
        assert "signed in as bob" in refused.json["message"]
    assert people.get(f"{RUNS}/{run}", people.bob, "bob").status == 404, "another store"


def test_deployment_is_reachable_only_below_its_owners_url(people: People) -> None:
    assert people.get(RUNS, people.bob, "bob").status == 200
    service = Service()
    folder = people.home("bob") / ".local/share/jupyter/nbyard"
    try:
        with Yard.open(Settings(store_dir=str(folder), inline_dispatch=True)) as yard:
            body = NewDeployment("app:1", "own", "app", ports=[Port("web", 1)])
            made = yard.services.deployments.create(Caller("bob"), body)
            with yard.store.write() as c:
                row = yard.store.deployments.revision(c, made.id, 1)
                assert row is not None
                places = [Place("web", "127.0.0.1", service.port, answers=True)]
                yard.store.deployments.set_revision(c, row.revision.id, places=places)
                yard.store.deployments.route_requests(c, made, 1)
        link = "/nbyard/deployments/app/web/"
        answer = people.get(f"{link}deep?x=1", people.bob, "bob")
        assert answer.json["uri"] == "/deep?x=1"
        sent = {name.lower(): value for name, value in answer.json["headers"]}
        assert sent["x-forwarded-prefix"] == "/user/bob/nbyard/deployments/app/web"
        assert people.bob not in json.dumps(sent), "the token stays with Jupyter"
        assert people.get(link, "", "bob").status == 401
        # the same for a link of no deployment
        for path in (link, link.replace("app", "none")):
            refused = people.get(path, people.ann, "bob")
            assert (refused.status, refused.json["code"]) == (403, "forbidden")
            assert "signed in as ann" in refused.json["message"]
    finally:
        service.stop()


def test_anonymous_requests_are_redirected_to_the_hub(people: People) -> None:
    page = "/user/ann/nbyard/deployments/app/web/a?x=1"
    answer = people.hub.send("GET", page, accept="text/html")
    link = answer.content.decode().partition('href="')[2].partition('"')[0]
    assert answer.status == 401
    answer = people.hub.send("GET", link, accept="text/html")
    assert answer.status == 302
    assert answer.headers["Location"].startswith("/hub/api/oauth2/authorize?")
    assert "-oauth-state" in answer.headers["Set-Cookie"], "with the way back"


@pytest.mark.long
def test_shell_of_a_session_reaches_its_server_without_a_token(people: People) -> None:
    """The token of the hub is sent to the session's own URL only."""
    own = session(people, "ann")
    found = shell(people, "runs", "ls", "--server", own["JUPYTERHUB_SERVICE_URL"], **own)
    assert (found.returncode, found.stderr) == (0, "")
    public = f"{people.hub.url}/user/ann"
    refused = shell(people, "runs", "ls", "--server", public, **own)
    assert refused.returncode == 1 and "set NBYARD_TOKEN" in refused.stderr
    own["JUPYTERHUB_PUBLIC_URL"] = f"{public}/"  # as a hub with `public_url` says
    found = shell(people, "runs", "ls", "--server", public, **own)
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.long
def test_shell_on_another_machine_runs_files_of_the_server(people: People, waiting: Path) -> None:
    """A notebook, a script, an executable and a workflow, with values, a name, uploaded inputs,
    logs, cancel and exit codes."""
    home = people.home("ann")
    notebook = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell("n = 1\ndata = None  # input")
    cell.metadata["tags"] = ["parameters"]
    notebook.cells = [cell, nbformat.v4.new_code_cell("print(n + 41, open(data).read())")]
    nbformat.write(notebook, home / "sum.ipynb")
    (home / "part.py").write_text("V = 7")
    (home / "uses.py").write_text("import part\nprint(part.V)\nraise SystemExit(part.V)")
    flow = {"version": 1, "nodes": {"only": {"type": "executable", "path": "part.py"}}}
    (home / "flow.nbflow").write_text(json.dumps(flow))

    def ask(*words: str) -> "subprocess.CompletedProcess[str]":
        address = f"{people.hub.url}/user/ann"
        return shell(people, *words, "--server", address, NBYARD_TOKEN=people.ann)

    (people.elsewhere / "own.csv").write_text("sent")
    assert ask("datasets", "add", "own.csv").returncode == 0
    done = ask("run", "sum.ipynb", "-p", "n=2", "--input-file", "data=own.csv", "--name", "two")
    assert done.returncode == 0, done.stderr
    assert ask("runs", "log", "two").stdout == "43 sent\n"
    failed = ask("run", "uses.py")
    assert failed.returncode == 1 and f"--server {people.hub.url}" in failed.stderr
    assert "exit code 7" in failed.stderr, "the file beside it is there"
    told = ask("run", "flow.nbflow", "--json", "--only", "only")
    assert json.loads(told.stdout)["run"]["state"] == "succeeded"
    made = ask("run", "part", "--detach")
    assert ask("runs", "show", made.stdout.strip()).returncode == 0
    waits = ask("run", "wait.py", "--detach", "--name", "long", "--force")
    assert waits.returncode == 0, waits.stderr
    assert ask("runs", "cancel", "long").returncode == 0
    wait_until(lambda: ask("runs", "status", "long").stdout == "cancelled\n")


@pytest.mark.long
def test_hub_stops_idle_servers_but_not_those_with_running_work(
    people: People, waiting: Path
) -> None:
    """The test sends no request to Ann's server meanwhile, only to the hub."""
    run = people.run("wait.py")
    asked = datetime.now(UTC)
    culler = people.hub.culler(IDLE_SECONDS)
    try:
        wait_until(lambda: last_activity(people) > asked + timedelta(seconds=IDLE_SECONDS))
        waiting.touch()
        wait_until(lambda: not people.hub.server("ann"))
    finally:
        culler.terminate()
        culler.wait()
    people.hub.ask("POST", "/users/ann/server")
    people.hub.wait_for("ann")
    assert people.state(run) == "succeeded"


def create_automation(people: People) -> str:
    """Request an automation of `due.py` in an hour; return its ID."""
    (people.home("ann") / "due.py").write_text("print('on time')\n")
    body = {"run": {"path": "due.py"}, "on": {"kind": "phrase", "text": "in 1 hour"}}
    answer = people.hub.send("POST", "/user/ann/nbyard/api/automations", body, people.ann)
    assert answer.status == 201, answer.content
    return str(answer.json["id"])


@contextlib.contextmanager
def store_of_ann(people: People) -> Iterator[Yard]:
    """Open Ann's store without her server; no process starts."""
    folder = people.home("ann") / ".local/share/jupyter/nbyard"
    with Yard.open(Settings(store_dir=str(folder), inline_dispatch=True)) as yard:
        yield yard


def states(yard: Yard, automation: str) -> list[str]:
    return [
        run.state for run in yard.services.runs.list(Caller("ann"), automation=automation).items
    ]


def make_due(yard: Yard, automation: str) -> datetime:
    """Make an automation due in five seconds; return the time."""
    known = yard.services.automations.get(Caller("ann"), automation)
    patch = AutomationPatch(known.revision, on=Phrase("in 5 seconds"))
    due = yard.services.automations.update(Caller("ann"), automation, patch).next_due
    assert due is not None
    return due


@pytest.mark.long
def test_due_run_starts_after_the_idle_server_was_stopped(people: People) -> None:
    """An automation is not activity. The dispatcher of a local process outlives the server."""
    made = create_automation(people)
    culler = people.hub.culler(IDLE_SECONDS)
    try:
        wait_until(lambda: not people.hub.server("ann"))
    finally:
        culler.terminate()
        culler.wait()
    with store_of_ann(people) as yard:
        make_due(yard, made)
        wait_until(lambda: states(yard, made) == ["succeeded"])
    assert not people.hub.server("ann")
    people.hub.ask("POST", "/users/ann/server")
    people.hub.wait_for("ann")


@pytest.mark.long
def test_due_run_waits_for_a_server_that_took_the_dispatcher_along(people: People) -> None:
    """The dispatcher is killed with the server, as in a container."""
    made = create_automation(people)
    with store_of_ann(people) as yard:

        def holder() -> str:
            with yard.store.read() as c:
                lease = yard.store.leases.get(c, LEASE)
            return lease.holder if lease is not None and lease.seems_held else ""

        wait_until(lambda: bool(holder()))
        people.hub.stop_server("ann")
        os.kill(pid_of(holder()), signal.SIGKILL)
        due = make_due(yard, made)
        wait_until(lambda: datetime.now(UTC) > due)
        assert states(yard, made) == []
        people.hub.ask("POST", "/users/ann/server")
        people.hub.wait_for("ann")
        wait_until(lambda: states(yard, made) == ["succeeded"])


def last_activity(people: People) -> datetime:
    return datetime.fromisoformat(people.hub.server("ann")["last_activity"])
