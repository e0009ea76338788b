"""Links show one resource, for reading only: to users, and to everyone if the settings allow."""

import contextlib
import http.client
import logging
import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from sqlalchemy import update
from tests.support.jupyter_server import TOKEN, Answer, JupyterServer

from nbyard.domain.attempts.structs import EXECUTED
from nbyard.domain.callers import Caller
from nbyard.domain.datasets.previews import ShownMetric
from nbyard.domain.ids import new_id
from nbyard.domain.projects.members import NewMember, NewShareLink
from nbyard.domain.runs.previews.node_results import NodePreview
from nbyard.domain.runs.structs import Binding, SecretOf, ValueOf
from nbyard.domain.workflows.structs import Document, Meta, Node
from nbyard.errors import Invalid, NotFound
from nbyard.rest.access import RequestBudgets
from nbyard.store.schema.project_tables import share_links

from ..store.lineage.records import Records
from ..store.test_deployments import add as add_deployment

pytestmark = [pytest.mark.first, pytest.mark.leaves_running]
ANN, EVE = Caller("ann"), Caller("eve")
HTML = "<script>alert(1)</script>\"'&"
PAGE = {"Accept": "text/html"}
KINDS = ("dataset", "run", "workflow", "deployment")


class Shown:
    """A server, and resources of ann with the same text in all names."""

    def __init__(self, server: JupyterServer):
        self.server = server
        self.yard = server.app.web_app.settings["nbyard"].yard()
        store = self.yard.store
        stored = self.yard.context.blobs.put_bytes(b"x,y\n1,2\n")
        with store.write() as c:
            rows = Records(store, c)
            run = rows.run("first", "ann", title=HTML, parameters={"a": HTML, "key": "s3-of-ann"})
            bindings: dict[str, Binding] = {
                "a": ValueOf(HTML),
                "key": SecretOf(new_id(), "s3-of-ann", 1),
            }
            task = rows.work(run, "n", bindings)
            self.artifact = rows.artifact(task, digest=stored.digest).id
            self.notebook = rows.artifact(task, EXECUTED, digest=stored.digest).id
            other = rows.run("second", "ann", title="other")
            others = rows.work(other, "n", {})
            self.other_artifact = rows.artifact(others, digest=stored.digest).id
            nodes = {"a": Node("executable", path="a.py", label=HTML)}
            document = Document(1, Meta(id=new_id(), title=HTML), nodes)
            workflow = store.workflows.create_or_update(c, "ann", "/w.nbflow", document)
            store.workflows.version_of(c, workflow, document)
            dataset = rows.dataset("red", "ann")
            rows.dataset("white", "ann")
            self.ids = {
                **{"run": run.id, "other": other.id, "workflow": workflow.id},
                **{"dataset": dataset.id, "deployment": new_id()},
            }
        add_deployment(store, self.ids["deployment"], "ann")

    def link(self, kind: str, days: float = 30.0) -> str:
        """Return the path of a new link of ann."""
        shares = self.yard.services.shares
        return str(shares.create_link(ANN, kind, self.ids[kind], NewShareLink(days)).url)

    def read(self, path: str, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={**PAGE, **headers})
            return Answer(connection.getresponse())


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    server = JupyterServer(tmp_path_factory.mktemp("server"), public_links=True).start()
    try:
        yield Shown(server)
    finally:
        server.stop()


@pytest.fixture(scope="module")
def private(api: JupyterServer) -> Shown:
    api.send("GET", "/projects")  # the server creates the store
    return Shown(api)


@pytest.fixture(autouse=True)
def _unlimited(public: Shown) -> None:
    context = public.server.app.web_app.settings["nbyard"]
    context.anonymous = RequestBudgets(0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_shows_one_resource_without_scripts(public: Shown, kind: str) -> None:
    answer = public.read(public.link(kind))
    page = answer.content.decode()
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/html")
    assert "<script" not in page and ("&lt;script&gt;" in page) == (kind in ("run", "workflow"))
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert "script-src" not in policy and answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not {"white", "other", "second"} & {*re.findall(r"\w+", page)}


def test_a_run_has_no_secret_and_its_files_are_downloads(public: Shown) -> None:
    link = public.link("run")
    page = public.read(link).content.decode()
    assert "s3-of-ann" not in page and "(secret)" in page
    address = f"{link}/content/{public.artifact}"
    assert address in page and public.notebook not in page
    answer = public.read(address)
    assert (answer.status, answer.content) == (200, b"x,y\n1,2\n")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"] == "sandbox"


def test_a_workflow_is_a_download(public: Shown) -> None:
    answer = public.read(f"{public.link('workflow')}/content")
    assert msgspec.json.decode(answer.content)["nodes"]["a"]["path"] == "a.py"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_link_reads_nothing_else(public: Shown) -> None:
    """Other objects, unknown, revoked and expired links have the same answer."""
    shares, run = public.yard.services.shares, public.link("run")
    revoked, expired = public.link("dataset"), public.link("dataset", days=0.001)
    newest = shares.links(ANN, "dataset", public.ids["dataset"]).items
    by_life = sorted(newest[:2], key=lambda link: link.expires_at)
    with public.yard.store.write() as c:
        past = share_links.c.id == by_life[0].id
        at = by_life[0].created_at
        c.execute(update(share_links).where(past).values(expires_at=at))
    shares.revoke_link(ANN, "dataset", public.ids["dataset"], by_life[1].id)
    missing = [
        *(revoked, expired, "/nbyard/links/guessed", "/nbyard/links/", f"{run}/content"),
        *(f"{run}/", f"{run}/other", f"{run}/other/x/y", f"{run}/content/{public.notebook}"),
        *(f"{run}/content/{public.other_artifact}", f"{run}/content/first.out"),
        *(f"{run}/content/{public.ids['dataset']}", f"{run}/app/http"),
        f"{public.link('workflow')}/app/http",
    ]
    answers = {path: public.read(path) for path in missing}
    assert {path: answer.status for path, answer in answers.items()} == dict.fromkeys(missing, 404)
    assert len({answer.content for answer in answers.values()}) == 1
    caller = Caller(f"/link/{shares.links(ANN, 'run', public.ids['run']).items[0].id}")
    services = public.yard.services
    assert services.runs.get(caller, public.ids["run"]).run.owner == "ann"
    assert [run.id for run in services.runs.list(caller).items] == [public.ids["run"]]
    for page in (services.datasets.list, services.projects.list, services.workflows.list):
        assert page(caller).items == []
    reads: list[Callable[[], Any]] = [
        lambda: services.runs.get(caller, public.ids["other"]),
        lambda: services.datasets.get(caller, public.ids["dataset"]),
        lambda: services.lineage.get(caller, "dataset", public.ids["dataset"]),
    ]
    for read in reads:
        with pytest.raises(NotFound):
            read()


def test_a_link_ends_with_the_role_of_its_creator(public: Shown) -> None:
    shares, dataset = public.yard.services.shares, public.ids["dataset"]
    shares.grant(ANN, "dataset", dataset, NewMember("eve", "owner"))
    link = shares.create_link(EVE, "dataset", dataset, NewShareLink()).url
    assert public.read(link).status == 200
    shares.grant(ANN, "dataset", dataset, NewMember("eve", "editor"))
    assert public.read(link).status == 404


def test_links_expire(public: Shown) -> None:
    shares = public.yard.services.shares
    for days in (0, 366, float("nan"), -1):
        with pytest.raises(Invalid):
            shares.create_link(ANN, "run", public.ids["run"], NewShareLink(days))
    with pytest.raises(Invalid):
        shares.create_link(ANN, "environment", "e", NewShareLink())


def test_the_secret_is_shown_once(public: Shown, caplog: pytest.LogCaptureFixture) -> None:
    link = public.link("run")
    secret = link.rpartition("/")[2]
    with caplog.at_level(logging.DEBUG):
        rests = ("", f"/content/{public.artifact}", "/content/none", "/", "/other", "/a/b/c")
        for path in [link + rest for rest in rests] + [f"/nbyard/links//{secret}"]:
            public.read(path, Referer=f"http://127.0.0.1{link}")
    lines = [record.getMessage() for record in caplog.records]
    assert any("/nbyard/links/" in line for line in lines), lines
    assert not [line for line in lines if secret in line]
    database = (public.server.store / "store.sqlite").read_bytes()
    database += (public.server.store / "store.sqlite-wal").read_bytes()
    assert secret.encode() not in database


def test_without_the_setting_a_link_needs_a_login(private: Shown) -> None:
    link = private.link("run")
    secret = link.rpartition("/")[2]
    guessed = link.replace(secret, "guessed")
    for path in (link, guessed):  # the answer does not show which link exists
        answer = private.read(path)
        assert answer.status == 302 and secret not in answer.headers["Location"]
        assert private.read(path, Accept="*/*").status == 403
    kept = private.read(link).headers["Set-Cookie"]
    assert "HttpOnly" in kept and "Path=/nbyard/links/" in kept and "SameSite=Lax" in kept
    user = {"Authorization": f"token {TOKEN}"}
    back = private.read("/nbyard/links/", Cookie=kept.partition(";")[0], **user)
    assert (back.status, back.headers["Location"]) == (302, link)
    assert private.read(link, **user).status == 200
    assert private.read(guessed, **user).status == 404


def test_too_many_requests_are_refused(public: Shown) -> None:
    context = public.server.app.web_app.settings["nbyard"]
    context.anonymous = RequestBudgets(1)
    assert public.read("/nbyard/links/guessed").status == 404
    answer = public.read("/nbyard/links/guessed")
    assert answer.status == 429 and int(answer.headers["Retry-After"]) > 0


def test_a_new_address_in_a_header_gives_no_new_limit(
    public: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub's proxy appends the true address to one header, and passes on the other."""
    context = public.server.app.web_app.settings["nbyard"]
    monkeypatch.setattr(context.settings, "shared", True)
    context.anonymous = RequestBudgets(1)
    for number, status in ((1, 404), (2, 429), (3, 429)):
        sent = {"X-Real-Ip": f"10.0.0.{number}", "X-Forwarded-For": f"10.0.0.{number}, 192.0.2.1"}
        assert public.read("/nbyard/links/guessed", **sent).status == status
    assert public.read("/nbyard/links/guessed", **{"X-Forwarded-For": "192.0.2.2"}).status == 404


def test_a_run_shows_no_preview_of_its_inputs(
    public: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    previews = [NodePreview(node, metrics=[ShownMetric(node, 1.5)]) for node in ("n", "input")]
    runs = public.yard.services.runs
    monkeypatch.setattr(runs, "previews", lambda *_: SimpleNamespace(items=previews))
    page = public.read(public.link("run")).content.decode()
    assert "<td>n</td>" in page and "input" not in page


def test_the_audit_log_of_a_shared_store_has_each_opening(
    public: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = public.server.app.web_app.settings["nbyard"]
    link = public.link("run")
    monkeypatch.setattr(context.settings, "shared", True)
    assert public.read(link).status == 200
    (entry,) = public.yard.services.audit.list(ANN, operation="shares.open_link").items
    kind, resource, _ = entry.subject.split("/")
    assert (kind, resource, entry.owner, entry.user) == ("run", public.ids["run"], "ann", "")
    assert link.rpartition("/")[2] not in repr(entry)
    homes = public.server.store / "homes"
    assert not [path for path in homes.glob("*") if "link" in path.name]
