"""Pages of the links that show one dataset, run, workflow or deployment, for reading only.

Addresses are `/nbyard/links/<secret>`. The page is HTML without scripts. Its downloads are below
the same address. An app opens in its sandbox, with a pass of the proxy.
"""

import base64
import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.template import Template

from nbyard.blobs import open_download
from nbyard.domain.arguments.structs import check_text
from nbyard.domain.attempts.structs import EXECUTED
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.creation_form import IDES
from nbyard.domain.deployments.structs import link_path
from nbyard.domain.ids import new_id
from nbyard.domain.projects.members import LINKS, OpenedLink
from nbyard.domain.runs.structs import Artifact, RunDetail
from nbyard.domain.users.admin import AuditEntry
from nbyard.errors import NbyardError, NotFound
from nbyard.rest.access import SEGMENT, Holder, HubUser, is_navigation
from nbyard.rest.identity import refused_name
from nbyard.rest.operation_handler import Login, RestContext
from nbyard.rest.proxy.proxy_handlers import POLICY
from nbyard.rest.upload_and_download import ContentHandler
from nbyard.services.registry import Services

# Any rest, because other handlers would log the secret.
PATTERN = LINKS + r"/(?P<secret>[^/]*)(?:/(?P<part>[^/]*)(?:/(?P<key>.*))?)?"
IN_PATH = re.compile(rf"(?<=/{LINKS}/)/*[^/?]+")
# Keeps the secret while the visitor signs in, so that no address of a login page has it.
COOKIE, COOKIE_SECONDS = "nbyard-link", 900
MOST_ROWS, MOST_PICTURES = 20, 12
SHOWN = (429, 503)
# Tornado escapes the values, which are texts of users.
TEXT = Path(__file__).with_name("link_page.html").read_text(encoding="utf-8")
PAGE, STYLE = Template(TEXT), TEXT.partition("<style>")[2].partition("</style>")[0]
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE_POLICY = f"{POLICY}; img-src data:; style-src 'sha256-{STYLE_HASH}'"
Rows = list[tuple[Any, ...]]


@dataclass
class LinkLogin(Login):
    """The login of a visitor: the link itself."""

    link: OpenedLink
    refused_status = 404

    async def user(self, context: RestContext) -> HubUser | None:
        """Return the visitor, None if the link shows nothing anymore."""
        is_valid = await context.ask("shares", "is_valid", self.link.id)
        return HubUser(self.link.viewer, rights=("read",)) if is_valid else None


class Page(msgspec.Struct, frozen=True):
    """The texts of a page: facts, addresses below that of the link, tables and pictures.

    A table has a heading, the names of its columns, and rows. All others have a name first.
    """

    title: str
    facts: Rows = []
    addresses: Rows = []
    tables: Rows = []
    pictures: Rows = []


class LinkHandler(ContentHandler):
    """Shows what a link is for, to signed-in users and, if the settings allow, to everyone."""

    def initialize(self, context: Any) -> None:  # type: ignore[override]
        super().initialize(context, LINKS)
        # First of all, because requests are logged with their path.
        self.request.path = IN_PATH.sub("", self.request.path)
        self.request.uri = IN_PATH.sub("", str(self.request.uri))
        self.request.headers.pop("Referer", None)

    async def prepare(self, **kwargs: Any) -> None:
        """Identify the user, unless the settings let everyone open links."""
        if self.context.settings.public_links:
            self.current_user = self._jupyter_current_user = None
            if not self.check_host():
                raise web.HTTPError(403)
            return
        await super().prepare(**kwargs)
        if self.current_user is None:
            address = self.get_login_url()
            if not is_navigation(self.request):
                raise web.HTTPError(403)
            self.redirect(address)

    def get_login_url(self) -> str:
        """Return the address to sign in at. The secret stays in a cookie meanwhile."""
        if refused_name(self):
            return super().get_login_url()
        home = url_path_join(self.base_url, LINKS, "/")
        self.set_cookie(
            COOKIE,
            self.path_kwargs["secret"],
            path=home,
            max_age=COOKIE_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=self.request.protocol == "https",
        )
        address = str(JupyterHandler.get_login_url(self))
        return address if "?" in address else f"{address}?next={quote(home)}"

    @allow_unauthenticated
    async def get(self, secret: str, part: str | None = None, key: str | None = None) -> None:
        """Send the page of a link, a download of it, or the way to its app."""
        if self._finished:
            return
        home = url_path_join(self.base_url, LINKS)
        self.set_header("Referrer-Policy", "no-referrer")
        if not secret and (kept := self.get_cookie(COOKIE, "")):
            self.clear_cookie(COOKIE, path=f"{home}/")
            self.redirect(f"{home}/{quote(kept, safe='')}")
            return
        try:
            self.limit_anonymous()
            call, services = self.context.call, await self.context.call(self._services)
            link: OpenedLink = await call(services.shares.open_link, secret)
            await self._record_opening(link)
            caller, key = Caller(link.viewer, scopes=("read",)), check_text(key or "", "key")
            if part == "app":
                await self._open_app(services, link, caller, key)
                return
            if part == "content" and link.kind == "workflow" and not key:
                title, document = await call(services.shares.document, caller, link.resource)
                self._name_download(f"{title}.nbflow")
                self.finish(msgspec.json.format(msgspec.json.encode(document, order="sorted")))
                return
            if part is not None:
                source, filename = await call(_download, services, link, caller, (part, key))
                with source:
                    await self._send(source, filename)
                return
            page = await call(PAGES[link.kind], services, link, caller)
        except NbyardError as error:  # what is missing has one answer, for whatever reason
            self.fail(error if error.status in SHOWN else NotFound())
            return
        addresses = [(name, f"{home}/{secret}/{below}") for name, below in page.addresses]
        self._show(msgspec.structs.replace(page, addresses=addresses), link)

    def _services(self) -> Services:
        return self.context.services

    def _show(self, page: Page, link: OpenedLink | None = None) -> None:
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", PAGE_POLICY)
        kind, owner, until = ("", "", "")
        if link is not None:
            kind, owner, until = link.kind, link.owner, _moment(link.expires_at)
        self.finish(PAGE.generate(page=page, kind=kind, owner=owner, until=until))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Respond with a page if a browser shows it, else with JSON."""
        if status_code != 404 or not is_navigation(self.request):
            super().write_error(status_code, **kwargs)
            return
        why = "It does not exist, has expired, or was revoked."
        self._show(Page("This link shows nothing", [("Reason", why)]))

    async def _open_app(
        self, services: Services, link: OpenedLink, caller: Caller, port: str
    ) -> None:
        """Redirect to the app of a deployment, which the pass lets only this page open."""
        if link.kind != "deployment":
            raise NotFound
        target = await self.context.call(services.deployments.target, caller, link.resource, port)
        given = self.context.passes.issue(Holder(LinkLogin(link), target.subject))
        place = url_path_join(self.base_url, link_path(link.resource, port))
        self.redirect(f"{place}{SEGMENT}{given}/")

    async def _record_opening(self, link: OpenedLink) -> None:
        """Add the opening to the audit log of a store with several users."""
        if not self.context.settings.shared:
            return
        user = self.caller.name if self.current_user is not None else ""
        entry = AuditEntry(
            *(new_id(), datetime.now(UTC), user, "shares.open_link"),
            *(f"{link.kind}/{link.resource}/{link.id}", link.owner, 200, self.request_id),
        )
        await self.context.ask("audit", "record", entry)


def _download(services: Services, link: OpenedLink, caller: Caller, place: Any) -> Any:
    """Return an open file with the bytes to download, and its name."""
    part, key = place
    if part != "content":
        raise NotFound
    if link.kind == "dataset" and not key:
        wanted = services.datasets.content(caller, link.resource)
    elif link.kind == "run" and key in [
        file.id for file in _files(services.runs.get(caller, link.resource))
    ]:
        wanted = services.artifacts.content(caller, key)
    else:
        raise NotFound
    return open_download(services.blobs, wanted)


def _dataset(services: Services, link: OpenedLink, caller: Caller) -> Page:
    record = services.datasets.get(caller, link.resource)
    current, tables = record.current, Rows()
    with suppress(NbyardError):  # it has no table, or is not ready
        table = services.datasets.preview(caller, record.id, limit=MOST_ROWS)
        columns = [f"{column.name} ({column.type})" for column in table.columns]
        tables.append(("First rows", columns, table.rows))
    versions = services.datasets.versions(caller, record.id).items
    rows = [[v.number, v.state, v.filename, v.size_bytes, _moment(v.created_at)] for v in versions]
    tables.append(("Versions", ["Version", "State", "File", "Bytes", "Created"], rows))
    sizes = [("Bytes", current.size_bytes), ("Rows", current.rows), ("Columns", current.columns)]
    facts = [("Description", record.description), ("State", current.state), *sizes]
    return _page(record.name, facts, [("Download", "content")], tables)


def _files(detail: RunDetail) -> list[Artifact]:
    # Executed notebooks have the source, what it printed, and the values of secrets.
    return [file for task in detail.tasks for file in task.artifacts if file.name != EXECUTED]


def _run(services: Services, link: OpenedLink, caller: Caller) -> Page:
    detail, previews = services.runs.get(caller, link.resource), []
    run, hidden = detail.run, services.shares.credential_names(link.resource)
    made = {task.node for task in detail.tasks}  # previews also show the datasets of the run
    with suppress(NbyardError):
        previews = [p for p in services.runs.previews(caller, run.id).items if p.node in made]
    metrics = [[p.node, metric.name, metric.value] for p in previews for metric in p.metrics]
    pictures = Rows()
    for shown in [p for p in previews if p.picture][:MOST_PICTURES]:
        with suppress(NbyardError):  # its bytes were deleted
            picture = services.runs.picture(caller, run.id, shown.picture)
            kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
            text = f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
            pictures.append((f"{shown.node}: {shown.caption}", text))
    values = [
        [name, "(secret)" if isinstance(value, str) and value in hidden else value]
        for name, value in run.parameters.items()
    ]
    nodes = [
        [task.label or task.node, task.state, _moment(task.started_at), _moment(task.finished_at)]
        for task in detail.tasks
    ]
    addresses = [
        (f"{file.node}: {file.filename} ({file.size_bytes:,} bytes)", f"content/{file.id}")
        for file in _files(detail)
    ]
    facts = [("State", run.state), ("Created", _moment(run.created_at))]
    facts += [("Started", _moment(run.started_at)), ("Finished", _moment(run.finished_at))]
    tables = [
        ("Nodes", ["Node", "State", "Started", "Finished"], nodes),
        ("Metrics", ["Node", "Metric", "Value"], metrics),
        ("Parameters", ["Parameter", "Value"], values),
    ]
    title = run.name or f"{run.title} {run.number}"
    return _page(title, facts, addresses, tables, pictures)


def _workflow(services: Services, link: OpenedLink, caller: Caller) -> Page:
    title, document = services.shares.document(caller, link.resource)
    nodes = [[node.label or name, node.type, node.path] for name, node in document.nodes.items()]
    tables = [("Nodes", ["Node", "Kind", "File"], nodes)]
    return _page(title, [], [("Download the workflow", "content")], tables)


def _deployment(services: Services, link: OpenedLink, caller: Caller) -> Page:
    record = services.deployments.get(caller, link.resource)
    facts = [("Description", record.description), ("State", record.state)]
    is_ide = record.spec.service in IDES  # for its owner only
    own = {port.name for port in record.spec.ports if port.keep_prefix or is_ide}
    links = [link.name for link in record.links if link.answers and link.name not in own]
    ports = [(f"Open {name}", f"app/{name}") for name in links]
    return _page(record.title or record.name, facts, ports, [])


PAGES = {"dataset": _dataset, "run": _run, "workflow": _workflow, "deployment": _deployment}


def _page(
    title: str, facts: Rows, addresses: Rows, tables: Rows, pictures: Rows | None = None
) -> Page:
    known = [fact for fact in facts if fact[1] not in ("", None)]
    return Page(title, known, addresses, [table for table in tables if table[2]], pictures or [])


def _moment(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else ""
