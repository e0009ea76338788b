"""Request handlers of the proxy to deployments and running attempts, for their owner only.

Addresses are `/nbyard/deployments/<name>/<port>/…` and `/nbyard/attempts/<id>/<port>/…`.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError

from nbyard.domain.attempts import monitor_links
from nbyard.domain.callers import Caller
from nbyard.domain.deployments import structs as deployments
from nbyard.domain.deployments.structs import Target
from nbyard.domain.deployments.traffic import ERROR_STATUS, Tally
from nbyard.errors import Conflict, Forbidden, NbyardError, Unavailable
from nbyard.rest.access import SEGMENT, Admission, Holder, is_navigation, key_of, take_pass
from nbyard.rest.identity import caller_of
from nbyard.rest.operation_handler import (
    Login,
    NbyardHandler,
    Refusal,
    RestContext,
    check_authorizer,
)
from nbyard.rest.proxy.forwarded_headers import (
    UNCOUNTED,
    has_plain_length,
    is_service_worker,
    is_upgrade,
    request_headers,
    request_query,
    response_headers,
)
from nbyard.rest.proxy.upstream import CHUNK, SWITCHING, Upstream, switch

log = logging.getLogger("nbyard.rest")
EVERY_SECONDS = 10.0
# After a pause, the first counts are stored soon, so that users see their own request.
FIRST_SECONDS = 0.5
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>{words}</p>{hint}<p><a href="{address}">{action}</a></p></body></html>
"""
POLICY = "default-src 'none'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
HOME, SIGN_IN = "nbyard", "nbyard/sign-in"
SIGN_IN_PATTERN = SIGN_IN + r"/(?:deployments|attempts)/[a-z0-9-]+/[a-z0-9-]+(?:/.*)?"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
WITH_BODY = ("POST", "PUT", "PATCH")
# Users may upload large files to a service over slow networks.
BODY_SECONDS = 24 * 3600.0
BEHIND = r"/(?P<name>[a-z0-9-]+)/(?P<port>[a-z0-9-]+)(?:/.*)?"  # the rest stays encoded
PATTERN = deployments.PROXY + BEHIND
OF_ATTEMPTS = monitor_links.PROXY + BEHIND
FORWARDED = "Nbyard-Forwarded-Base"
OPAQUE = "null"  # the origin of a page in a sandbox


class RequestMeter:
    """Counts requests in the server's event loop.

    When the context is closed, the rest is stored. `note` is called for every request, and for
    every piece that a client sends through a WebSocket.
    """

    def __init__(self, context: RestContext, note: Callable[[], None] = lambda: None):
        self.note = note
        self._context = context
        self._tallies: dict[str, Tally] = {}
        self._is_due = self._is_known = False
        self._given_at = -math.inf

    def count(self, deployment: str, seconds: float, status: int) -> None:
        """Count a request to a deployment. `seconds` is the time until its response."""
        tally = self._tallies.setdefault(deployment, Tally())
        tally.count(time.time(), seconds, status)
        self.note()
        if not self._is_known:
            self._is_known = True
            self._context.closing.append(self.store_counts)
        if not self._is_due:
            self._is_due = True
            left = self._given_at + EVERY_SECONDS - time.monotonic()
            IOLoop.current().call_later(max(FIRST_SECONDS, left), self.store_in_thread)

    def store_in_thread(self) -> None:
        self._is_due = False
        self._given_at = time.monotonic()
        if self._tallies:
            tallies, self._tallies = self._tallies, {}
            # Writing to the store blocks, so do it outside the server's loop.
            self._context.pool.submit(self._store_counts, tallies)

    def store_counts(self) -> None:
        """Store all counts that are not stored yet."""
        tallies, self._tallies = self._tallies, {}
        if tallies:
            self._store_counts(tallies)

    def _store_counts(self, tallies: dict[str, Tally]) -> None:
        for deployment, tally in tallies.items():
            try:
                self._context.services.deployments.counted(deployment, tally.take())
            except (NbyardError, OSError) as error:
                log.warning("the requests of deployments were not counted: %s", error)


def page_of(status: int, message: str, hint: str, address: str, base_url: str) -> str:
    """Return the HTML page for a refused request to `address`.

    Users who are not signed in get a link to the sign-in page, which leads back to `address`.
    """
    is_login = status == 401
    return PAGE.format(
        title="Sign in to open this page" if is_login else "This page cannot be shown",
        # Messages quote parts of the request, which could be HTML.
        words=escape(message),
        hint=f"<p>{escape(hint)}</p>" if hint else "",
        # The sign-in address has the same rest, so the way back needs no parameter.
        address=escape(_moved(address, base_url, HOME, SIGN_IN) if is_login else address),
        action="Sign in" if is_login else "Try again",
    )


class SignInHandler(JupyterHandler):
    """Redirects to the refused page once the user is signed in.

    Only the server's identity provider knows the login address, and only one of Jupyter's own
    handlers can use it. Under JupyterHub, this server has no page `login`.
    """

    @web.authenticated
    def get(self) -> None:
        self.redirect(_moved(str(self.request.uri), self.base_url, SIGN_IN, HOME))


def _moved(address: str, base_url: str, since: str, to: str) -> str:
    return url_path_join(base_url, to) + address.removeprefix(url_path_join(base_url, since))


@web.stream_request_body
class ProxyHandler(NbyardHandler):
    """Forwards requests and responses piece by piece. A request is never repeated."""

    request: HTTPServerRequest
    SUPPORTED_METHODS = METHODS
    scope = "deployments:use"
    status_without_user = 401  # the error page has the link to sign in
    hint = staticmethod(lambda name: f"nbyard deployments show {name} shows why.")

    def initialize(self, context: RestContext, meter: RequestMeter | None = None) -> None:
        super().initialize(context)
        self._meter = meter
        self._since = time.monotonic()
        self._is_left = False
        self._upstream: Upstream | None = None
        self._refused: NbyardError | None = None
        # First of all, because a refused request is logged with its path.
        self._pass = take_pass(self.request)
        self._forwarded = self._readdress() if context.settings.shared else ""
        self._holder: Holder | None = context.passes.holder(self._pass)
        self._admission: Admission | None = None

    def _readdress(self) -> str:
        """Return the base URL of a user's server that forwards this request, "" for others.

        The browser knows the addresses of that server only, so the request gets its address there.
        """
        base = str(self.request.headers.pop(FORWARDED, ""))
        if base:
            own = super().base_url
            self.request.path = url_path_join(base, self.request.path.removeprefix(own))
            self.request.uri = url_path_join(base, str(self.request.uri).removeprefix(own))
        return base

    @property
    def base_url(self) -> str:
        """Return the base URL of the addresses that the browser knows."""
        return getattr(self, "_forwarded", "") or super().base_url

    def set_default_headers(self) -> None:
        """Set headers of nbyard's own responses. Those of a service replace them."""
        if hasattr(self, "context"):
            super().set_default_headers()

    async def prepare(self, **kwargs: Any) -> None:
        """Check identity and origin, and connect to the service, before the body is read."""
        await self._identify(**kwargs)
        if self._finished or self.current_user is None:
            return
        if not self.check_origin():
            raise Refusal(403, "The server refuses requests from pages of other origins.")
        if self.request.method == "OPTIONS":
            return
        if self.request.path == self._prefix.rstrip("/"):
            query = self.request.query
            # 307 keeps the method and the body.
            self.redirect(f"{self._prefix}?{query}" if query else self._prefix, status=307)
            return
        if self._is_chunked and self.request.method not in WITH_BODY:
            raise web.HTTPError(411)  # the end of the body would be ambiguous
        if not has_plain_length(self.request.headers):
            raise Refusal(400, "Content-Length must be one number without a sign.")
        connection: Any = self.request.connection
        connection.set_max_body_size(self.context.settings.max_upload_bytes)
        connection.set_body_timeout(BODY_SECONDS)
        try:
            await self._open(**self.path_kwargs)
        except NbyardError as error:
            self._refused = error

    async def _identify(self, **kwargs: Any) -> None:
        """Identify the user by a cached authorization, a pass, or Jupyter's login."""
        self._prefix = url_path_join(self.base_url, self.address(**self.path_kwargs))
        self._key = key_of(self.request, (self._prefix, self._pass))
        self._identity = self._holder.login if self._holder else Login(self)
        if not self._pass or self._holder:  # an expired pass must not use a cached admission
            self._admission = self.context.admissions.get(self._key)
        if self._admission:
            self.current_user = self._jupyter_current_user = self._admission.user
        else:
            await (self._authenticate_pass() if self._holder else super().prepare(**kwargs))
        if self._forwarded:
            self.request.headers.pop("Authorization", None)  # of that server, not of a program

    async def _authenticate_pass(self) -> None:
        """Authenticate the request as one of the pass's holder. It has no other identity."""
        self.current_user = self._jupyter_current_user = await self._identity.user(self.context)
        if self.current_user is None:
            raise web.HTTPError(self._identity.refused_status)
        if not self.check_host():
            raise web.HTTPError(403)
        await check_authorizer(self)

    def check_xsrf_cookie(self) -> None:
        """Check that a request with a cookie has an Origin header.

        A service does not know Jupyter's XSRF value. Browsers set Origin, and foreign pages cannot
        fake it.
        """
        if not hasattr(self, "_jupyter_current_user") or self._holder:
            return  # the user is unknown yet: Jupyter calls this method again
        if not self.token_authenticated and not self.request.headers.get("Origin"):
            raise Refusal(
                403,
                "Send your Jupyter token in the header “Authorization: token …”. The page of a"
                " browser sends the header Origin instead.",
            )

    def check_origin(self, origin_to_satisfy_tornado: str = "") -> bool:
        """Return whether the request comes from this host's page, from no page, or has a pass.

        A token does not excuse a foreign page. Neither does the server's `allow_origin`, which is
        for Jupyter and not for services.
        """
        origin, host = self.request.headers.get("Origin"), self.request.headers.get("Host", "")
        if origin is None or (origin == OPAQUE and self._holder):
            return True
        return bool(host) and origin.lower().partition("://")[2] == host.lower()

    def known_methods(self) -> Iterable[str]:
        return METHODS

    async def _open(self, name: str, port: str) -> None:
        """Connect to the service and send the head of the request."""
        admission = self._admission or await self._admit(name, port)
        self._login, self._target = admission.login_cookie, admission.target
        if not (self._holder or self._target.is_trusted) and is_navigation(self.request):
            holder = Holder(self._identity, self._target.subject)
            self._pass = self.context.passes.issue(holder)
            query = request_query(self.request.query, self.request.headers)
            address = self._home + self.request.path.removeprefix(self._prefix)
            self.set_header("Referrer-Policy", "no-referrer")
            self.set_header("Cache-Control", "no-store")
            self.redirect(f"{address}?{query}" if query else address)
            return
        if is_upgrade(self.request.headers) and not self._target.websocket:
            raise Conflict(f"The port {port} of {name} does not accept WebSockets.")
        if is_service_worker(self.request.headers) and not self._target.is_trusted:
            # Sandboxes do not contain workers, which may outlive a trusted service at this address.
            raise Forbidden("Service workers are allowed only for images that ide_images trusts.")
        # Only nbyard's own images are known to keep connections longer than this proxy does.
        kept = self.context.connections if self._is_reusable else None
        try:
            self._upstream = await Upstream.connect(self._target.host, self._target.port, kept)
        except OSError:
            self.context.admissions.forget(self._key)
            if self._admission:  # the service may have moved to another port
                self._admission = None
                return await self._open(name, port)
            self._count(ERROR_STATUS)
            why = f"{name} does not respond at its port {port}."
            raise Unavailable(why, hint=self.hint(name)) from None
        self._upstream.begin(str(self.request.method), self._path(), self._upstream_headers())

    async def _admit(self, name: str, port: str) -> Admission:
        """Find the port of the caller's service, and cache the authorization."""
        caller = self.authorised(self.scope)
        target = await self.find(caller, name, port)
        if self._holder and self._holder.subject != target.subject:
            raise Forbidden("This pass is for another deployment.")
        login = str(self.identity_provider.get_cookie_name(self))
        made = Admission(self.current_user, login, target)
        self.context.admissions.keep(self._key, made)
        return made

    @property
    def _is_reusable(self) -> bool:
        """Return whether the connection to the service may be reused for the next request."""
        return bool(self._target.secret) and not is_upgrade(self.request.headers)

    @property
    def _home(self) -> str:
        """Return the address of the port, with the pass if the request has one."""
        return f"{self._prefix}{SEGMENT}{self._pass}/" if self._pass else self._prefix

    @staticmethod
    def address(name: str, port: str) -> str:
        """Return the address of a port below the server's base URL."""
        return deployments.link_path(name, port)

    async def find(self, caller: Caller, name: str, port: str) -> Target:
        """Return where a port of the caller's deployment can be reached."""
        target: Target = await self.context.ask("deployments", "target", caller, name, port)
        return target

    def _path(self) -> str:
        """Return the path and query to request at the service, without Jupyter's tokens."""
        path = self.request.path
        if not self._target.keeps_prefix:
            path = "/" + path.removeprefix(self._prefix)
        query = request_query(self.request.query, self.request.headers)
        return f"{path}?{query}" if query else path

    def _upstream_headers(self) -> HTTPHeaders:
        """Return the headers to send to the service, with a length for each body."""
        headers = request_headers(
            self.request.headers,
            self._home,
            is_trusted=self._target.is_trusted,
            login_cookie=self._login,
            secret=self._target.secret,
        )
        if self._is_reusable:
            headers["Connection"] = "keep-alive"
        has_length = self._is_chunked or "Content-Length" in headers
        if self.request.method in WITH_BODY and not has_length:
            headers["Content-Length"] = "0"
        return headers

    @property
    def _is_chunked(self) -> bool:
        return "Transfer-Encoding" in self.request.headers

    async def data_received(self, chunk: bytes) -> None:
        if self._upstream is not None:
            await self._upstream.send(chunk)

    def on_connection_close(self) -> None:
        self._is_left = True
        self._close()
        super().on_connection_close()

    def _close(self) -> None:
        if self._upstream is not None:
            self._upstream.close()

    @web.authenticated
    async def get(self, name: str, port: str) -> None:
        """Forward the request, and send the service's response as it arrives."""
        if self._finished:
            return
        if self._refused is not None or self._upstream is None:
            self.fail(self._refused or Unavailable())
            return
        upstream = self._upstream
        try:
            await upstream.answer(self._begin, self._give)
            is_broken = not (upstream.is_whole or upstream.switched or self._is_left)
            self._count(ERROR_STATUS if is_broken else self.get_status())
            if upstream.switched is not None:
                note = self._meter.note if self._meter else None
                await switch(self, upstream.switched, self._switched, note, self._refused_later)
            elif upstream.is_whole:
                await self.finish()
            elif not self._is_left:
                self._break_off(name)
        except StreamClosedError:
            return
        finally:
            self._close()

    head = post = put = patch = delete = get

    async def _refused_later(self) -> None:
        """Return once the user loses access to this port."""

        async def is_admitted(user: Any) -> bool:
            caller = caller_of(user)
            target = await self.find(caller, **self.path_kwargs)
            return caller.may(self.scope) and target.subject == self._target.subject

        await self._identity.watch(self.context, is_admitted)

    @allow_unauthenticated
    async def options(self, name: str, port: str) -> None:
        """Answer the CORS preflight request, which browsers send without credentials.

        Only pages with a pass may send cross-origin requests.
        """
        if not self._holder:
            raise web.HTTPError(405)
        self.set_status(204)
        self.set_header("Access-Control-Allow-Origin", OPAQUE)
        self.set_header("Access-Control-Allow-Methods", ", ".join(METHODS))
        wanted = self.request.headers.get("Access-Control-Request-Headers", "")
        self.set_header("Access-Control-Allow-Headers", wanted)
        self.finish()

    async def _begin(self, status: int, reason: str, headers: HTTPHeaders) -> None:
        browser_headers = response_headers(
            headers,
            self._prefix,
            path=self.request.path,
            host=str(self.request.headers.get("Host", "")),
            is_trusted=self._target.is_trusted,
            login_cookie=self._login,
        )
        if self._holder:
            # Redirects keep the pass, and no referrer has it. Only requests with the pass get the
            # response, so any page at an opaque origin may read it.
            bare = self._prefix.rstrip("/")
            if (location := browser_headers.get("Location", "")).startswith(bare):
                rest = location.removeprefix(bare).removeprefix("/")
                browser_headers["Location"] = self._home + rest
            browser_headers["Referrer-Policy"] = "no-referrer"
            if self.request.headers.get("Origin") == OPAQUE:
                browser_headers["Access-Control-Allow-Origin"] = OPAQUE
        if status == SWITCHING:
            self._switched = browser_headers
            return
        for name in list(self._headers):  # Jupyter's own, such as its CORS headers
            self.clear_header(name)
        self.set_status(status, reason)
        for name, value in browser_headers.get_all():
            self.add_header(name, value)
        has_body = self.request.method != "HEAD"
        if not (has_body and 0 < int(browser_headers.get("Content-Length", "0")) <= CHUNK):
            await self._send()  # a short body follows soon: send it together with the headers

    def compute_etag(self) -> None:
        """Return None, so that Tornado adds no Etag to a response and never turns it into a 304."""

    async def _give(self, chunk: bytes) -> None:
        self.write(chunk)
        await self._send()

    async def _send(self) -> None:
        try:
            await self.flush()
        except StreamClosedError:  # the client left
            self._close()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Respond to a refused request with an HTML page if a browser shows it, else with JSON."""
        if status_code == 401:
            # Each 401 needs this header (RFC 9110, section 15.5.2). Browsers do not know the scheme
            # `token`, so no login dialog opens.
            self.set_header("WWW-Authenticate", 'token realm="Jupyter"')
        if not (is_navigation(self.request) or self._pass):
            super().write_error(status_code, **kwargs)
            return
        body = kwargs.get("body") or self._plain_body(status_code, kwargs.get("exc_info"))
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", POLICY)
        address = str(self.request.uri)
        self.finish(page_of(status_code, body.message, body.hint, address, self.base_url))

    def _count(self, status: int) -> None:
        # Only the schema, as nbyard's own pages read it, is not counted.
        is_schema = self.request.method == "GET" and self.request.path.endswith("/schema")
        if self._meter is not None and is_schema and UNCOUNTED in self.request.headers:
            self._meter.note()
        elif self._meter is not None:
            self._meter.count(self._target.subject, time.monotonic() - self._since, status)

    def _break_off(self, name: str) -> None:
        """Close the connection if part of the response was sent. Otherwise respond with 502."""
        if self._headers_written:
            connection: Any = self.request.connection
            connection.close()
            return
        refused = Unavailable(f"{name} closed the connection before it responded.")
        self.send_error(502, body=refused.body())


@web.stream_request_body
class MonitorHandler(ProxyHandler):
    """Forwards requests to ports of a running attempt."""

    scope = "runs:read"
    hint = staticmethod(lambda name: "Its log may show why.")

    @staticmethod
    def address(name: str, port: str) -> str:
        return monitor_links.link_path(name, port)

    async def find(self, caller: Caller, name: str, port: str) -> Target:
        target: Target = await self.context.ask("runs", "target", caller, name, port)
        return target
