"""One service for all users of a real JupyterHub, below a prefix, with the printed configuration.
docs/how-to/jupyterhub.md promises what is tested here."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

import psutil
import pytest
from tests.support.jupyter_server import Answer
from tests.support.wheels import Wheels
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from nbyard.domain.automations.structs import AutomationPatch
from nbyard.domain.automations.times.structs import Phrase
from nbyard.domain.callers import Caller
from nbyard.domain.environments.structs import LockedPackage
from nbyard.domain.ids import new_id
from nbyard.errors import Conflict
from nbyard.ipc.dispatcher_launcher import LEASE, pid_of
from nbyard.settings import Settings
from nbyard.testing.conformance.runtimes import wait_until
from nbyard.yard import Yard

from ..unit.rest.hubs import SERVE
from .hub import PATIENCE_SECONDS, Hub, config_of_service

pytestmark = [pytest.mark.first, pytest.mark.leaves_running]
SHELL = (sys.executable, "-m", "nbyard.cli.main")
# Prints what a kernel prints.
IN_KERNEL = """
import sys
from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name=sys.argv[1])
try:
    client.execute_interactive("import cow; print(cow.version)", timeout=60)
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""
# Prints how the run of a magic ended, and the newest runs that the client lists.
IN_PYTHON = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from nbyard.discover import connect

shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "nbyard")
done = shell.run_line_magic("nbyard", "run " + sys.argv[1])
runs = connect().runs.list(limit=2).items
print(json.dumps([done.state, *(run.number for run in runs)]))
"""
PREFIX = "/jh"
PROJECTS = "/nbyard/api/projects"
# Only members of a group may write, so that the hub's API can take the right away.
ADDED = """
c.JupyterHub.load_roles[-2]["scopes"] = ["self", use[0], scopes[0]]
c.JupyterHub.load_groups = {"writers": []}
c.JupyterHub.load_roles.append({"name": "writing", "scopes": [scopes[2]], "groups": ["writers"]})
may = ["groups", "list:services", "read:services"]
c.JupyterHub.load_roles.append({"name": "looking", "scopes": may, "services": ["tests"]})
c.Spawner.poll_interval = 1
"""


class People:
    """A hub with the service, and the tokens of its users."""

    def __init__(self, folder: Path, **environment: str):
        self.store = folder / "shared"
        config = config_of_service(self.store, [sys.executable, "-c", SERVE, "1"])
        self.hub = Hub(folder, config + ADDED, PREFIX, **environment)
        self.ann, self.bob = self.hub.tokens("ann", "bob", group="writers")

    def send(
        self, method: str, path: str, token: str, body: Any = None, user: str = "ann"
    ) -> Answer:
        """Send a request to a user's server, or to the service itself without a user."""
        place = f"/user/{user}" if user else "/services/nbyard"
        return self.hub.send(method, place + path, body, token)

    def shell(self, *words: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
        """Run nbyard as ann."""
        return self.hub.run("ann", *SHELL, *words, cwd=cwd)

    @property
    def service(self) -> int:
        """The process of the service."""
        return int(self.hub.ask("GET", "/services/nbyard")["pid"])


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    folder = tmp_path_factory.mktemp("hub")
    with pytest.MonkeyPatch.context() as patch:
        wheels = Wheels(folder / "wheels", patch)
        wheels.take("ipykernel")
        wheels.add("cow", "1.0")
        wheels.add("cow", "2.0")
        of_installers = {k: v for k, v in os.environ.items() if k.startswith(("PIP_", "UV_"))}
    made = People(folder, **of_installers)
    try:
        yield made
    finally:
        made.hub.stop()


def test_only_users_reach_the_service(people: People) -> None:
    for user in ("ann", ""):
        assert people.send("GET", PROJECTS, people.ann, user=user).status == 200
        for token in ("", "x" * 32):
            assert people.send("GET", PROJECTS, token, user=user).status == 403
    refused = people.send("GET", PROJECTS, people.bob)
    assert refused.status == 403 and "signed in as bob" in refused.json["message"]
    # A service of the hub has a token, but no files and no store.
    assert people.send("GET", PROJECTS, "a-token-for-tests", user="").status == 403


def test_users_have_one_store_and_see_their_own(people: People) -> None:
    made = people.send("POST", PROJECTS, people.ann, {"name": "of ann"})
    assert (made.status, made.json["owner"]) == (201, "ann")
    path = f"{PROJECTS}/{made.json['id']}"
    assert people.send("GET", path, people.ann, user="").json["name"] == "of ann"
    for user in ("bob", ""):
        assert people.send("GET", path, people.bob, user=user).status == 404
        listed = people.send("GET", PROJECTS, people.bob, user=user).json["items"]
        assert made.json["id"] not in [project["id"] for project in listed]
    for user in ("ann", "bob"):
        assert not list((people.hub.folder / user).glob("**/store.sqlite")), "no own store"
    assert (people.store / "store.sqlite").exists()


def test_a_link_leads_to_the_service_and_asks_others_to_sign_in(people: People) -> None:
    """Bob signs in at the hub on the way. No address besides the link has its secret."""
    (people.hub.folder / "ann" / "x.csv").write_text("x\n1\n")
    body = {"source": {"kind": "file", "path": "x.csv"}, "name": "of-ann"}
    made = people.send("POST", "/nbyard/api/datasets", people.ann, body)
    shares = f"/nbyard/api/shares/dataset/{made.json['id']}/links"
    link = people.send("POST", shares, people.ann, {"days": 1})
    assert link.status == 201, link.content
    path = urlsplit(link.json["url"]).path
    assert path.startswith(f"{PREFIX}/services/nbyard/nbyard/links/")
    asked: list[str] = []

    class Follower(HTTPRedirectHandler):
        def redirect_request(self, *told: Any) -> Request | None:
            asked.append(told[-1])
            return super().redirect_request(*told)

    jar, page = CookieJar(), {"Accept": "text/html"}
    browser = build_opener(HTTPCookieProcessor(jar), Follower())
    address = people.hub.url.removesuffix(PREFIX) + path
    login = browser.open(Request(address, headers=page))
    assert "/hub/login" in login.url and not [url for url in asked if path in url]
    (xsrf,) = {cookie.value for cookie in jar if cookie.name == "_xsrf" and "hub" in cookie.path}
    form = urlencode({"username": "bob", "password": "x", "_xsrf": xsrf}).encode()
    seen = browser.open(Request(login.url, form, page))
    assert seen.url == address and "of-ann" in seen.read().decode()
    with pytest.raises(HTTPError, match="404"):
        browser.open(Request(address + "x", headers=page))
    dataset = f"/nbyard/api/datasets/{made.json['id']}"
    assert people.send("GET", dataset, people.bob, user="bob").status == 404
    assert path.rpartition("/")[2] not in people.hub.log
    people.send("DELETE", f"{shares}/{link.json['id']}", people.ann)
    with pytest.raises(HTTPError, match="404"):
        browser.open(Request(address, headers=page))


def test_a_token_gives_the_rights_that_it_names(people: People) -> None:
    access, read = "access:services!service=nbyard", "custom:nbyard:read"
    for scopes, reading, writing in (([access, read], 200, 403), ([read], 403, 403)):
        token = people.hub.ask("POST", "/users/ann/tokens", {"scopes": scopes})["token"]
        assert people.send("GET", PROJECTS, token, user="").status == reading
        answer = people.send("POST", PROJECTS, token, {"name": "x"}, user="")
        assert (answer.status, answer.json["code"]) == (writing, "forbidden")


def test_a_right_that_was_taken_away_is_refused_soon(people: People) -> None:
    """The test's service caches what the hub says for a second, the real one for 30."""

    def write() -> int:
        answer = people.send("POST", PROJECTS, people.bob, {"name": "x", "replace": 1}, "bob")
        return answer.status

    assert write() == 422, "the request is refused, not the user"
    people.hub.ask("DELETE", "/groups/writers/users", {"users": ["bob"]})
    wait_until(lambda: write() == 403)
    assert people.send("GET", PROJECTS, people.bob, user="bob").status == 200
    people.hub.ask("POST", "/groups/writers/users", {"users": ["bob"]})
    wait_until(lambda: write() == 422)


@pytest.mark.long
def test_a_killed_service_is_restarted_and_windows_resume(people: People) -> None:
    place = people.hub.url.replace("http", "ws", 1)
    url = f"{place}/user/ann/nbyard/api/events/socket"
    headers = {"Authorization": f"token {people.ann}"}

    async def follow() -> None:
        window = await websocket_connect(HTTPRequest(url, headers=headers))
        await window.write_message('{"after": 0}')
        last = json.loads(str(await window.read_message()))["last"]
        pid = await asyncio.to_thread(lambda: people.service)
        os.kill(pid, signal.SIGKILL)
        assert await window.read_message() is None
        window.close()
        answer = await asyncio.to_thread(people.send, "GET", PROJECTS, people.ann)
        assert (answer.status, answer.json["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0

        def created() -> bool:
            made = people.send("POST", PROJECTS, people.ann, {"name": "missed"})
            return made.status == 201

        await asyncio.to_thread(wait_until, created)
        again = await websocket_connect(HTTPRequest(f"{url}?after={last}", headers=headers))
        seen: list[str] = []
        while "project" not in seen:
            frame = json.loads(str(await again.read_message()))
            seen += [event["topic"] for event in frame.get("events", [])]
        again.close()
        while await again.read_message() is not None:
            pass

    asyncio.run(asyncio.wait_for(follow(), PATIENCE_SECONDS))


def test_shell_of_a_session_uses_the_users_server(people: People) -> None:
    home = people.hub.folder / "ann"
    (home / "sub").mkdir()
    (home / "sub/code.py").write_text("print(1)")
    done = people.shell("projects", "ls", "--json", cwd=home / "sub")
    assert (done.returncode, done.stderr) == (0, "")
    assert "of ann" in done.stdout
    assert not list(home.glob("**/store.sqlite"))


@pytest.fixture(scope="module")
def demo(people: People) -> Path:
    """A project folder of ann."""
    made = people.shell("init", "demo")
    assert made.returncode == 0, made.stderr
    return people.hub.folder / "ann/demo"


def test_files_of_a_session_are_checked_and_pushed_at_the_service(
    people: People, demo: Path
) -> None:
    checked = people.shell("check", "visitors.nbflow", cwd=demo)
    assert (checked.returncode, checked.stdout.strip()) == (0, "visitors.nbflow: no problems")
    (demo / "report.py").rename(demo / "gone.py")
    assert people.shell("check", "visitors.nbflow", cwd=demo).returncode == 1
    (demo / "gone.py").rename(demo / "report.py")
    pushed = people.shell("push", "--current", "--yes", cwd=demo)
    assert pushed.returncode == 0, pushed.stderr
    files = "/nbyard/api/projects/demo/files/content?path=report.py"
    sent = people.send("GET", files, people.ann, user="")
    assert sent.content == (demo / "report.py").read_bytes()


def test_shell_and_magics_of_a_session_run_at_the_service(people: People, demo: Path) -> None:
    """They wait for the end of their runs, which wait here for an engine and are cancelled."""

    def cancelled(name: str) -> Any:
        """Cancel a run as soon as there is one, and return its record."""
        path = f"/nbyard/api/runs/{name}"
        wait_until(lambda: people.send("GET", path, people.ann, user="").status == 200)
        assert people.send("POST", f"{path}/cancel", people.ann, user="").status == 202
        return people.send("GET", path, people.ann, user="").json["run"]

    with ThreadPoolExecutor() as pool:
        words = ("run", "visitors.nbflow", "--name", "by-shell")
        shell = pool.submit(people.shell, *words, cwd=demo)
        first = cancelled("by-shell")
        done = shell.result()
        assert done.returncode == 1 and "cancelled" in done.stdout + done.stderr
        python = (sys.executable, "-c", IN_PYTHON, "visitors.nbflow")
        magic = pool.submit(people.hub.run, "ann", *python, cwd=demo)
        second = cancelled(str(first["number"] + 1))
        done = magic.result()
    assert (first["owner"], second["origin"]["kind"]) == ("ann", "magic")
    assert done.returncode == 0, done.stderr
    numbers = [second["number"], first["number"]]
    assert json.loads(done.stdout.splitlines()[-1]) == ["cancelled", *numbers]
    assert not list(demo.parent.glob("**/store.sqlite")), "no own store"


class SharedEnvironment:
    """An environment of ann that a project shares. Its images are not there: no engine runs."""

    def __init__(self, people: People, yard: Yard):
        self.id, self._yard = new_id(), yard
        with yard.store.write() as c:
            row: dict[str, Any] = {
                "id": self.id,
                "name": "cows",
                "owner": "ann",
                "kernel": "nbyard-cows",
            }
            row |= {"description": "", "created_at": datetime.now(UTC)}
            yard.store.environments.insert(c, row)
        self.add("1.0")
        project = people.send("POST", PROJECTS, people.ann, {"name": "herd"}).json["id"]
        link = {"kind": "environment", "resource": self.id}
        assert people.send("POST", f"{PROJECTS}/{project}/links", people.ann, link).status < 300
        self.shares = f"/nbyard/api/shares/project/{project}"

    def add(self, version: str) -> None:
        """Add a version with this version of a package."""
        rows, packages = self._yard.store.environments, [LockedPackage("cow", version)]
        with self._yard.store.write() as c:
            made = rows.add_version(c, "ann", self.id, ["cow"], packages)
            rows.move(c, "ann", made, "building")
            rows.move(c, "ann", made, "ready", place="")


@pytest.mark.long
def test_a_member_opens_an_environment_of_the_project_as_a_kernel(people: People) -> None:
    def install() -> "subprocess.CompletedProcess[str]":
        return people.hub.run("bob", *SHELL, "environments", "kernel", "ann/cows")

    def opened(name: str) -> tuple[str, str]:
        """Return the title of the kernel in Bob's JupyterLab, and what it prints."""
        done = install()
        assert (done.returncode, done.stdout.strip()) == (0, name), done.stderr
        listed = people.hub.send("GET", "/user/bob/api/kernelspecs", token=people.bob)
        title = listed.json["kernelspecs"][name]["spec"]["display_name"]
        ran = people.hub.run("bob", sys.executable, "-c", IN_KERNEL, name)
        assert ran.returncode == 0, ran.stderr
        return title, ran.stdout

    settings = Settings(store_dir=str(people.store), inline_dispatch=True, shared=True)
    with Yard.open(settings) as yard:
        cows = SharedEnvironment(people, yard)
        assert install().returncode == 3, "not yet a member"
        member = {"name": "bob", "role": "viewer"}
        assert people.send("POST", cows.shares, people.ann, member).status == 201
        path = f"/nbyard/api/environments/{cows.id}/kernel"
        for user in ("", "ann"):  # the service installs nothing, and ann's server is hers
            assert people.send("POST", path, people.bob, user=user).status == 403
        name = f"nbyard-cows-{cows.id[-8:]}"
        assert opened(name) == ("ann/cows@1", "1.0\n")
        cows.add("2.0")
        assert opened(name) == ("ann/cows@2", "2.0\n")
        assert people.send("DELETE", f"{cows.shares}/bob", people.ann).status == 204
        cows.add("1.0")
        assert install().returncode == 3, "no version for who is no member"


def test_users_move_their_own_stores(people: People) -> None:
    home = people.hub.folder / "ann"
    (home / "old.py").write_text("raise SystemExit(3)")
    (home / "old.csv").write_text("a,b\n1,2\n")
    local = ("--server", "local")
    assert people.shell("run", "old.py", "--name", "old", *local).returncode == 1
    assert people.shell("datasets", "add", "old.csv", *local).returncode == 0
    moved = people.shell("store", "move", "--to-hub")
    assert moved.returncode == 0 and "1 runs, 1 datasets" in moved.stdout, moved.stderr
    known = people.send("GET", "/nbyard/api/runs/old", people.ann)
    assert known.json["run"]["path"] == "old.py"
    assert people.send("GET", "/nbyard/api/datasets/old.csv", people.ann).status == 200
    retried = people.send("POST", "/nbyard/api/runs/old/retry", people.ann)
    assert retried.json["reason"]["code"] == "runtime-off"  # what is moved is a record
    assert people.send("GET", "/nbyard/api/runs/old", people.bob, user="bob").status == 404
    assert people.shell("runs", "show", "old", *local).returncode == 0


@pytest.mark.long
def test_dispatcher_outlives_the_hub_and_the_next_hub_has_its_own_service(people: People) -> None:
    home = people.store / "homes/ann"
    home.mkdir(parents=True, exist_ok=True)
    (home / "due.py").write_text("print(1)")
    due = {"run": {"path": "due.py"}, "on": {"kind": "phrase", "text": "in 1 hour"}}
    automation = people.send("POST", "/nbyard/api/automations", people.ann, due)
    assert automation.status == 201, automation.content
    settings = Settings(store_dir=str(people.store), inline_dispatch=True, shared=True)
    with Yard.open(settings) as yard:

        def dispatcher() -> str:
            with yard.store.read() as c:
                lease = yard.store.leases.get(c, LEASE)
            return lease.holder if lease is not None and lease.seems_held else ""

        wait_until(lambda: bool(dispatcher()))
        service, holder = people.service, dispatcher()
        people.hub.stop()
        assert not psutil.pid_exists(service)
        assert psutil.pid_exists(pid_of(holder))
        caller, key = Caller("ann"), automation.json["id"]
        known = yard.services.automations.get(caller, key)
        patch = AutomationPatch(known.revision, on=Phrase("in 2 seconds"))
        yard.services.automations.update(caller, key, patch)
        wait_until(lambda: bool(yard.services.runs.list(caller, automation=key).items))
        assert dispatcher() == holder
        (run,) = yard.services.runs.list(caller, automation=key).items
        with contextlib.suppress(Conflict):  # without an engine it waits, which keeps a dispatcher
            yard.services.runs.cancel(caller, run.id)
        people.hub.start()
        wait_until(lambda: people.send("GET", PROJECTS, people.ann, user="").status == 200)
        assert people.service != service
        # The next service may be a newer version, so it replaces the dispatcher.
        wait_until(lambda: not psutil.pid_exists(pid_of(holder)))
        yard.services.automations.delete(caller, key)
