"""Forwards requests of a user's server to the service of the JupyterHub, which has the store.

The browser talks only to the user's own server. That server checks login, XSRF and origin as ever,
and sends the request on with its token of the hub. It brings the files that a request names to the
service first, and takes back those that the request changed.
"""

import asyncio
import contextlib
import os
import re
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.iostream import StreamClosedError

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import VALUES, Run
from nbyard.domain.state_machines import RUN
from nbyard.errors import NbyardError, TooLarge, Unavailable
from nbyard.rest.access import IN_PATH
from nbyard.rest.operation_handler import BODY_SECONDS, Login, NbyardHandler, Refusal, RestContext
from nbyard.rest.proxy.forwarded_headers import HUBS_NAME, MARK, hops_of, is_upgrade
from nbyard.rest.proxy.proxy_handlers import BODY_SECONDS as UPLOAD_SECONDS
from nbyard.rest.proxy.proxy_handlers import FORWARDED, METHODS
from nbyard.rest.proxy.upstream import SWITCHING, Note, Upstream, switch
from nbyard.services.operation import Files as Mark
from nbyard.services.operation_table import table

VARIABLE = re.compile(r"{\w+}")
READING = ("GET", "HEAD")
# Fields whose texts may be paths of the user's files, also those in the values of a run.
PATHS = (*VALUES, "path", "files", "schema", "resource", "workflow")
LISTED = (".nbflow", ".ipynb", ".py")
DELETED = re.compile(r"204 DELETE .*/nbyard/api/environments/([^/]+)")
STREAMED = "PATCH"  # the bytes of an upload; other requests are short
OURS = {"authorization", "cookie", "host"}
SINCE_SECONDS = 60.0


class Files(Protocol):
    """The user's files, of which the service has a copy."""

    def send(self, texts: Iterable[str], folders: Iterable[str] = ()) -> None: ...

    def send_listed(self, *suffixes: str) -> None: ...

    def take_back(self) -> object: ...


class HubService(NamedTuple):
    """The address of the hub's service, the token of this server, and the user's files.

    `turn` is held while files are sent, and by a request that writes files until they are back.
    `note` is called for requests to deployments, `remove` with each deleted environment.
    """

    url: SplitResult
    token: str
    files: Files
    turn: asyncio.Lock
    note: Note = lambda: None
    remove: Callable[[str], None] = lambda _: None


class ServiceWork:
    """The part of an open yard that a server without a store has: whether the user has work."""

    def __init__(self, connection: Any, user: str, environments: Any):
        self._connection = connection
        self.services = SimpleNamespace(environments=environments)
        self._user = user
        self._is_working = False
        self._due = 0.0

    def services_of(self, caller: Caller) -> Any:
        return self.services

    def is_working(self) -> bool:
        """Return whether runs of the user are active. The service is asked once a minute."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + SINCE_SECONDS
            self._is_working = any(run.owner == self._user for run in self._live_runs())
        return self._is_working

    def _live_runs(self) -> Iterator[Run]:
        for state in RUN.live:
            after: str | None = ""
            while after is not None:
                page = self._connection.runs.list(state=state, limit=500, after=after)
                yield from page.items
                after = page.next

    def close(self) -> None:
        """Stop installing kernels. There is no store."""
        self.services.environments.close()


def mark_of(method: str, path: str) -> Mark:
    """Return whether an operation `lists` or `writes` files of the user, "" for neither."""
    marked = (each for each in table() if each.files and each.method == method)
    fits = (each.files for each in marked if re.fullmatch(VARIABLE.sub("[^/]+", each.path), path))
    return next(fits, "")


def texts_in(value: Any, names: Collection[str], name: str = "") -> Iterator[str]:
    """Yield the texts of a JSON value in fields with these names, and below VALUES."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from texts_in(member, names, name if name in VALUES else key)
    elif isinstance(value, list):
        for member in value:
            yield from texts_in(member, names, name)
    elif isinstance(value, str) and name in names:
        yield value


@web.stream_request_body
class ForwardHandler(NbyardHandler, APIHandler):
    """Forwards one request to the API, and the answer as it arrives."""

    request: HTTPServerRequest
    SUPPORTED_METHODS = METHODS
    _left_out = OURS | {"x-xsrftoken"}

    def initialize(self, context: RestContext, service: HubService) -> None:  # type: ignore[override]
        super().initialize(context)
        self._service = service
        self._upstream: Upstream | None = None
        self._refused: NbyardError | None = None
        self._body: list[bytes] = []
        self._mark: Mark = ""
        self._left = context.settings.max_body_bytes

    async def prepare(self, **kwargs: Any) -> None:
        """Identify the user, and begin a streamed request before its body is read."""
        self.request.connection.set_body_timeout(BODY_SECONDS)  # type: ignore[union-attr]
        await super().prepare(**kwargs)
        if self._finished or self.current_user is None:
            return
        if self._is_streamed():
            await self._begin_streamed()

    async def _begin_streamed(self) -> None:
        connection: Any = self.request.connection
        connection.set_max_body_size(self.context.settings.max_upload_bytes)
        connection.set_body_timeout(UPLOAD_SECONDS)
        try:
            await self._open()
        except NbyardError as error:
            self._refused = error

    def skip_check_origin(self) -> bool:
        """Return whether a token excuses a foreign origin. It does not for the event socket."""
        return not is_upgrade(self.request.headers) and super().skip_check_origin()

    def on_connection_close(self) -> None:
        """Close the connection to the service, which waits for the rest of an upload."""
        if self._upstream is not None and self._mark != "writes":  # its files must come back
            self._upstream.close()
        super().on_connection_close()

    def _is_streamed(self) -> bool:
        return self.request.method == STREAMED and "json" not in self._header("Content-Type")

    def _header(self, name: str) -> str:
        return str(self.request.headers.get(name, ""))

    async def data_received(self, chunk: bytes) -> None:
        if self._upstream is not None:
            await self._upstream.send(chunk)
        elif self._left >= 0:
            self._left -= len(chunk)
            self._body.append(chunk)

    async def _open(self, *, is_repeated: bool = False) -> None:
        """Connect to the service, and send the head of the request."""
        url = self._service.url
        port = url.port or (443 if url.scheme == "https" else 80)
        secure = ssl.create_default_context() if url.scheme == "https" else None
        # The service closes connections when it likes, and only reading may be repeated then.
        may_stay = self.request.method in READING and not is_upgrade(self.request.headers)
        is_kept = may_stay and not (self._body or secure or is_repeated)
        kept = self.context.connections if is_kept else None
        try:
            self._upstream = await Upstream.connect(str(url.hostname), port, kept, secure)
        except OSError:
            raise Unavailable(
                "The service of nbyard at this JupyterHub does not respond.",
                hint="Try again in a minute. Runs go on without it.",
            ) from None
        own = self.request.path.removeprefix(self.base_url)
        # The query may contain the token of this server.
        texts = self.request.query.split("&")
        query = "&".join(text for text in texts if unquote(text.partition("=")[0]) != "token")
        target = url_path_join(url.path, own) + (f"?{query}" if query else "")
        self._upstream.begin(str(self.request.method), target, self._sent_headers())

    def _sent_headers(self) -> HTTPHeaders:
        given, sent = self.request.headers, HTTPHeaders()
        left_out = hops_of(given) | self._left_out
        for name, value in given.get_all():
            if name.lower() not in left_out:
                sent.add(name, value)
        if page := sent.get("Referer"):
            sent["Referer"] = urlsplit(page)._replace(query="", fragment="").geturl()
        sent["Host"] = self._service.url.netloc
        sent["Authorization"] = f"token {self._service.token}"
        sent["X-Request-Id"] = self.request_id
        sent["Connection"] = "keep-alive"
        if self._body:
            sent["Content-Length"] = str(sum(map(len, self._body)))
        if is_upgrade(given):
            sent["Connection"], sent["Upgrade"] = "Upgrade", "websocket"
            sent.pop("Origin", None)  # checked here, and another host for the service
        return sent

    async def _serve(self) -> None:
        if self._finished:
            return
        try:
            if self._refused is not None:
                raise self._refused
            if self._upstream is None:
                if self._left < 0:
                    raise TooLarge("The body of this request is too large.")
                await self._serve_with_files()
            else:
                await self._answer()
        except NbyardError as error:
            self.fail(error)
        except StreamClosedError:
            return
        finally:
            if self._upstream is not None:
                self._upstream.close()

    @property
    def _upstream_now(self) -> Upstream:
        assert self._upstream is not None
        return self._upstream

    async def _serve_with_files(self) -> None:
        """Forward the request once the service has the files that it needs."""
        request, turn = self.request, self._service.turn
        self._mark = mark_of(str(request.method), "/" + request.path.partition("/nbyard/api/")[2])
        texts = [
            text.decode("utf-8", "replace")
            for name, texts in request.query_arguments.items()
            for text in texts
            if name in PATHS
        ]
        folders: list[str] = []
        # The service says what is wrong with a body.
        with contextlib.suppress(msgspec.DecodeError, RecursionError):
            body = msgspec.json.decode(b"".join(self._body) or b"null")
            texts += texts_in(body, PATHS)
            folders += texts_in(body, ("folder",))
            recipe = body.get("recipe") if isinstance(body, dict) else None
            texts += filter(None, texts_in(recipe, ("project",)))
        folders += [os.path.dirname(text) for text in texts if self._mark == "writes"]  # new files
        if texts or folders or self._mark:
            async with turn:
                await self._send_files(texts, folders)
                if self._mark == "writes":
                    await self._forward()
                    return
        await self._forward()

    async def _send_files(self, texts: list[str], folders: list[str]) -> None:
        files = self._service.files
        await self.context.call(files.send, texts, folders)
        if self._mark == "lists":
            await self.context.call(files.send_listed, *LISTED)

    async def _forward(self) -> None:
        await self._open()
        for chunk in self._body:
            await self._upstream_now.send(chunk)
        await self._answer()

    async def _answer(self) -> None:
        upstream = self._upstream_now
        await upstream.answer(self._begin, self._give)
        if upstream.is_reused and not upstream.has_begun:
            upstream.close()
            await self._open(is_repeated=True)
            upstream = self._upstream_now
            await upstream.answer(self._begin, self._give)
        if upstream.switched is not None:
            note = None if self._track_activity else self._service.note
            is_known = self.current_user is not None  # the service checks passes
            refused = partial(Login(self).watch, self.context) if is_known else None
            await switch(self, upstream.switched, self._switched, note, refused)
        elif not upstream.is_whole:
            if self._headers_written:
                self.request.connection.close()  # type: ignore[union-attr]
            else:
                raise Unavailable("The service of nbyard closed the connection.")
        else:
            if self._mark == "writes" and self.get_status() < 300:
                await self.context.call(self._service.files.take_back)
            about = f"{self.get_status()} {self.request.method} {self.request.path}"
            if deleted := DELETED.fullmatch(about):
                await self.context.call(self._service.remove, unquote(deleted[1]))
            self.update_api_activity()
            # Not that of APIHandler, which changes the content type.
            await JupyterHandler.finish(self)

    async def _begin(self, status: int, reason: str, headers: HTTPHeaders) -> None:
        hops = hops_of(headers)
        shown = [
            (name, value)
            for name, value in headers.get_all()
            if name.lower() not in hops and (name != "Set-Cookie" or self._may_set(value))
        ]
        if status == SWITCHING:
            self._switched = HTTPHeaders()
            for name, value in shown:
                self._switched.add(name, value)
            return
        for name in list(self._headers):
            if not name.startswith("Access-Control-"):  # the settings of this server decide
                self.clear_header(name)
        self.set_status(status, reason)
        for name, value in shown:
            self.add_header(name, value)

    def _may_set(self, cookie: str) -> bool:
        """Return whether a cookie of the service is for the browser. Its login cookie is not."""
        return False

    async def _give(self, chunk: bytes) -> None:
        self.write(chunk)
        if self._mark != "writes":  # it may still be refused
            await self.flush()

    def compute_etag(self) -> None:
        """Return None: Tornado would turn an answer of the service into a 304."""

    def known_methods(self) -> Iterable[str]:
        return METHODS

    @web.authenticated
    async def get(self) -> None:
        await self._serve()

    head = post = put = patch = delete = get


@web.stream_request_body
class ForwardPageHandler(ForwardHandler):
    """Forwards requests to deployments and attempts, whose answers may be pages.

    The service knows which pages belong in a sandbox. Its passes replace the login here as there.
    """

    status_without_user = 401
    _left_out = OURS  # a deployed JupyterLab needs the XSRF value of its page
    _needs_login = True
    _track_activity = False  # `note` counts requests, for a limited time

    def _is_streamed(self) -> bool:
        return True

    async def prepare(self, **kwargs: Any) -> None:
        """Identify the user, unless the request has a pass, which the service checks."""
        self._service.note()
        if self._needs_login and not IN_PATH.match(self.request.path):
            await super().prepare(**kwargs)
            return
        if not self.check_host():
            raise web.HTTPError(403)
        self.current_user = self._jupyter_current_user = None
        await self._begin_streamed()

    def check_origin(self, origin_to_satisfy_tornado: str = "") -> bool:
        """Return True: the service gets the headers Origin and Host, and compares them."""
        return True

    def _may_set(self, cookie: str) -> bool:
        """Return whether a cookie is that of a deployment, below this server."""
        return f"Path={self.base_url}" in cookie

    def check_xsrf_cookie(self) -> None:
        """Check that a request with a cookie has an Origin header."""
        is_known = hasattr(self, "_jupyter_current_user")
        if is_known and not self.token_authenticated and not self._header("Origin"):
            raise Refusal(403, "Send your Jupyter token, or the header Origin.")

    def _sent_headers(self) -> HTTPHeaders:
        sent = super()._sent_headers()
        sent["Host"] = self._header("Host")
        if "Origin" in self.request.headers:
            sent["Origin"] = self._header("Origin")
        sent[FORWARDED] = self.base_url
        login = str(self.identity_provider.get_cookie_name(self))
        cookies = [text.partition("=") for text in self._header("Cookie").split("; ")]
        # The login of a deployed JupyterLab has the same name, and is marked.
        own = [
            f"{name}={value}"
            for name, _, value in cookies
            if value.removeprefix('"').startswith(MARK)
            or (name != login and not HUBS_NAME.fullmatch(name))
        ]
        if cookie := "; ".join(own):
            sent["Cookie"] = cookie
        if self.current_user is None:
            del sent["Authorization"]
        return sent

    @allow_unauthenticated
    async def get(self) -> None:
        await self._serve()

    head = post = put = patch = delete = options = get  # type: ignore[assignment]


class ForwardHookHandler(ForwardPageHandler):
    """Forwards messages of webhooks. The service checks their signature."""

    _needs_login = False
