"""The request handler of all operations.

It decodes a request, authorizes it, calls the service in a thread and encodes the response.

Reads request bodies in pieces, limits their size and converts them to typed values.
"""

import asyncio
import atexit
import logging
import math
import os
import re
import secrets
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from datetime import UTC, datetime
from functools import cached_property, partial
from types import SimpleNamespace
from typing import Any, Protocol
from urllib.parse import unquote

import msgspec
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import ensure_async
from tornado import web
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.ioloop import IOLoop

from nbyard.domain.arguments.structs import check_text
from nbyard.domain.callers import ATTEMPT_HEADER, PROJECT_HEADER, Caller, right_of
from nbyard.domain.ids import is_id, new_id
from nbyard.domain.parsing.strict_json import HALF, read_json
from nbyard.domain.parsing.typed_json import convert_json
from nbyard.domain.projects.definitions import HOMES
from nbyard.domain.users.admin import AuditEntry
from nbyard.errors import (
    BadRequest,
    DatabaseAway,
    ErrorBody,
    Invalid,
    NbyardError,
    TooLarge,
    TooOften,
    UnsupportedContent,
)
from nbyard.ipc.struct_types import prepare_structs
from nbyard.rest.access import Admissions, Passes, RequestBudgets
from nbyard.rest.connection_pool import Connections
from nbyard.rest.identity import caller_of, refused_name
from nbyard.services.operation import Field, Operation
from nbyard.services.projects.automatic_links import CREATED, check_may_link
from nbyard.services.registry import Services
from nbyard.settings import Settings

# The stable code and the message of each status.
BODIES = {
    400: ("bad-request", "The request cannot be read."),
    401: ("unauthenticated", "Log in first."),
    403: ("forbidden", "You may not do this, or your login has expired."),
    404: ("not-found", "Address not found."),
    405: ("method", "Method not allowed."),
    411: ("length", "Requests with this method need the header Content-Length."),
    413: ("too-large", "The body is too large."),
    503: ("unavailable", "The JupyterHub does not respond. Try again in a minute."),
}
# What these refusals are followed by, if their cause is known.
WITH_CAUSE = {400: "The request cannot be read.", 403: "You may not do this."}
# zlib expects the header of gzip instead of its own if 16 is added.
GZIP = 16 + zlib.MAX_WBITS


class Refusal(web.HTTPError):
    """A refusal of a request, with its text."""

    def __init__(self, status: int, why: str):
        super().__init__(status, why)
        self.why = why


def body_of(status: int, error: BaseException | None, request_id: str) -> ErrorBody:
    """Return the body of an error response with this status.

    `error` is what the handler raised. If Tornado or Jupyter raised it, its text becomes the cause.
    """
    code, message = BODIES.get(status, (NbyardError.code, str(NbyardError.default())))
    # Tornado doubles each % of a message.
    cause = error.why if isinstance(error, Refusal) else getattr(error, "log_message", None)
    if cause and status in WITH_CAUSE:
        message = f"{WITH_CAUSE[status]} {cause}"
    return ErrorBody(code, message, request_id=request_id)


class Body:
    """A request body, which is received in pieces up to a limit."""

    def __init__(self, limit: int):
        self._limit = limit
        self.pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._limit:
            self.pieces.append(piece)
        else:
            # Too large: keep counting for the error, but free the memory.
            self.pieces.clear()

    def read(self, headers: HTTPHeaders, kind: Any) -> Any:
        """Return the body as a value of the type `kind`.

        Raises:
            UnsupportedContent: The content type is not JSON.
            TooLarge: The body is larger than allowed, compressed or not.
            BadRequest: The body cannot be read.
            Invalid: A field is refused.
        """
        content = headers.get("Content-Type", "application/json").partition(";")[0]
        if content.strip().lower() != "application/json":
            raise UnsupportedContent("Send the body as application/json.")
        if self._size > self._limit:
            raise self._too_large()
        plain = self._unpack(headers.get("Content-Encoding", "identity").strip().lower())
        if not plain:
            raise BadRequest("A body is needed.")
        try:
            return convert_json(read_json(plain), kind)
        except BadRequest as error:
            if error.reason.code != HALF:
                raise
            # The body can be read, but a text in it cannot be stored.
            raise Invalid(error.reason, details=error.details) from None

    def _unpack(self, encoding: str) -> bytes:
        packed = b"".join(self.pieces)
        if encoding == "identity":
            return packed
        if encoding != "gzip":
            raise UnsupportedContent("Send the body uncompressed or with gzip.")
        unpacker = zlib.decompressobj(GZIP)
        try:
            # The limit stops decompression bombs; one more byte shows that it was exceeded.
            plain = unpacker.decompress(packed, self._limit + 1)
        except zlib.error:
            raise BadRequest("The body is not a gzip stream.") from None
        if len(plain) > self._limit:
            raise self._too_large()
        if not unpacker.eof:
            raise BadRequest("The gzip stream in the body is incomplete.")
        return plain

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The body has more than {self._limit:,} bytes.")


log = logging.getLogger("nbyard.rest")
# More than the forecasts that may run at once, so that other requests find a thread.
THREADS = 16
# IDs of clients are written to logs, where line breaks could fake an entry.
REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
# A client that sends its body very slowly must not hold a connection for ever.
BODY_SECONDS = 30.0
# With the time for which the hub's service caches answers of the hub, at most 30 seconds.
LOGIN_SECONDS = 10.0
MAX_SUBJECT = 200  # characters of the audit log
ANONYMOUS_PER_MINUTE = 120


class Opened(Protocol):
    """The part of an open yard that request handlers use."""

    services: Services

    def services_of(self, caller: Caller) -> Services: ...

    def watch(self) -> None: ...

    def is_working(self) -> bool: ...

    def close(self) -> None: ...


class RestContext:
    """What all request handlers share: services, settings and a bounded pool of threads.

    The store is opened at the first request.
    """

    def __init__(self, open_yard: Callable[[], Opened], settings: Settings):
        prepare_structs()  # before the loop and the pool decode them
        self.settings = settings
        self.pool = ThreadPoolExecutor(THREADS, "nbyard-rest")
        self.passes = Passes()
        self.admissions = Admissions()
        self.budgets = RequestBudgets(settings.requests_per_minute if settings.shared else 0)
        self.anonymous = RequestBudgets(ANONYMOUS_PER_MINUTE)  # by address
        self.connections = Connections()
        folders = {os.fsencode(settings.store_path), os.fsencode(settings.store_path.resolve())}
        parts = b"|".join(map(re.escape, sorted(folders))), HOMES.encode()
        self._mirrors = re.compile(rb'(?<![\w.%%:/~-])(?:%b)/%b/([^/"]+)/' % parts)
        self._open = open_yard
        self._lock = threading.Lock()
        self._opened: Opened | None = None
        self.closing: list[Callable[[], None]] = []

    @property
    def services(self) -> Services:
        """Return the services. This opens the store if necessary, so it may block."""
        return self.yard().services

    def watch(self) -> None:
        """Start a dispatcher if there is work and none is running. This may block."""
        self.yard().watch()

    def is_working(self) -> bool:
        """Return whether a run, build or import is active. This may block."""
        return self.yard().is_working()

    def yard(self) -> Opened:
        # Threads of the pool may ask at the same time, but the store is opened once.
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def encode(self, value: Any, own: str) -> bytes:
        """Return a value as JSON. On a shared store, paths in mirrors are those of their users.

        The path of another user than `own` starts with a slash and the name: it must not look like
        an own one. Early errors and webhooks have no user.
        """
        content = msgspec.json.encode(value)
        if not self.settings.shared:
            return content
        return self._mirrors.sub(
            lambda m: b"" if unquote(m[1].decode()) == own else b"/%b/" % m[1], content
        )

    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run blocking code in the pool and wait for its result."""
        work = partial(function, *args, **kwargs)
        return await IOLoop.current().run_in_executor(self.pool, work)

    async def record_groups(self, user: Any) -> None:
        """Store the groups of a user whom a request has just identified, on a shared store."""
        if self.settings.shared and user is not None:
            caller = caller_of(user)
            await self.call(lambda: self.services.record_groups(caller))

    async def ask(self, noun: str, verb: str, *args: Any, **kwargs: Any) -> Any:
        """Call a service method in the pool and wait for its result."""
        return await self.call(self._ask, noun, verb, *args, **kwargs)

    def _ask(self, noun: str, verb: str, *args: Any, **kwargs: Any) -> Any:
        is_of_caller = bool(args) and isinstance(args[0], Caller)
        services = self.yard().services_of(args[0]) if is_of_caller else self.services
        return getattr(getattr(services, noun), verb)(*args, **kwargs)

    def close_at_exit(self) -> None:
        """Close the context when the process exits: a Jupyter server may not notify extensions."""
        atexit.register(self.close)

    def close(self) -> None:
        """Close everything when the server stops. Call this in the thread of its event loop."""
        atexit.unregister(self.close)
        # Before the pool and the store, which these callbacks still use.
        for close in self.closing:
            close()
        self.connections.close()
        self.pool.shutdown(wait=True, cancel_futures=True)
        if self._opened is not None:
            self._opened.close()


async def check_authorizer(handler: JupyterHandler) -> None:
    """Check that the server's authorizer lets the user access the resource `nbyard`.

    Raises:
        HTTPError: The authorizer refuses (status 403).
    """
    action = "read" if handler.request.method in ("GET", "HEAD") else "write"
    asked = handler.authorizer.is_authorized(handler, handler.current_user, action, "nbyard")
    if not await ensure_async(asked):
        raise web.HTTPError(403)


class Login:
    """The credentials of a request, to identify its user later."""

    refused_status = 401

    def __init__(self, handler: JupyterHandler):
        self._application = handler.application
        self._request = copy(handler.request)
        self._request.headers = handler.request.headers.copy()
        # Not that of the request, which may serve the next one.
        nowhere: Any = SimpleNamespace(set_close_callback=lambda _: None)
        self._request.connection = nowhere

    async def user(self, context: "RestContext") -> Any:
        """Return the present user, None if refused.

        Raises:
            HTTPError: A JupyterHub does not respond (status 500 or more).
        """
        asking: Any = JupyterHandler(self._application, self._request)
        try:
            user = await ensure_async(asking.identity_provider.get_user(asking))
            if user is not None:
                asking.current_user = asking._jupyter_current_user = user
                await check_authorizer(asking)
                await context.record_groups(user)
        except web.HTTPError as error:
            if error.status_code >= 500:
                raise
            return None
        return user

    async def watch(
        self,
        context: "RestContext",
        is_admitted: Callable[[Any], Awaitable[bool]] | None = None,
    ) -> None:
        """Return once the server or `is_admitted` refuses the user.

        While the hub or the store does not respond, no right can change.
        """
        while True:
            await asyncio.sleep(LOGIN_SECONDS)
            try:
                user = await self.user(context)
                if user is None or (is_admitted and not await is_admitted(user)):
                    return
            except web.HTTPError:
                continue
            except NbyardError as error:
                if error.status < 500:
                    return


class NbyardHandler(JupyterHandler):
    """The base of all request handlers: authentication, authorization and error responses."""

    status_without_user = 403

    def initialize(self, context: RestContext) -> None:
        self.context = context

    @cached_property
    def request_id(self) -> str:
        """Return the request ID that a proxy sent in X-Request-Id, or a new one."""
        given = self.request.headers.get("X-Request-Id", "")
        return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)

    def set_default_headers(self) -> None:
        super().set_default_headers()
        # Responses contain private data and change at any time.
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")

    async def prepare(self, **kwargs: Any) -> Any:
        try:
            await super().prepare(**kwargs)
            if not self.check_origin():
                raise web.HTTPError(404)
        except web.HTTPError as error:
            if error.status_code == 404:  # Jupyter's response to a page of another origin
                raise Refusal(403, "The server refuses pages of other origins.") from None
            raise
        if self.current_user is not None:
            await check_authorizer(self)
            # Before a role is checked, and only from a fresh identification.
            await self.context.record_groups(self.current_user)

    @property
    def caller(self) -> Caller:
        """Return the caller, with the attempt of the code."""
        caller = caller_of(self.current_user)
        attempt = self.request.headers.get(ATTEMPT_HEADER, "")
        return msgspec.structs.replace(caller, attempt_id=attempt) if is_id(attempt) else caller

    def authorised(self, scope: str) -> Caller:
        """Return the caller, after checking that the caller has this scope.

        Raises:
            Forbidden: The caller lacks the scope.
            TooOften: The caller has sent too many requests.
        """
        caller = self.caller
        self.limit(self.context.budgets, caller.name)
        caller.check(scope)
        return caller

    def limit_anonymous(self) -> None:
        """Count a request of a page that may need no login.

        Raises:
            TooOften: Its sender has sent too many requests.
        """
        if self.current_user is None:
            forwarded = self.request.headers.get("X-Forwarded-For", "")
            # The hub's proxy appends the true address, but passes on any X-Real-Ip.
            last = forwarded.rpartition(",")[2].strip() if self.context.settings.shared else ""
            self.limit(self.context.anonymous, last or str(self.request.remote_ip))
        else:
            self.limit(self.context.budgets, self.caller.name)

    @staticmethod
    def limit(budgets: RequestBudgets, sender: str) -> None:
        """Count a request of a sender.

        Raises:
            TooOften: The sender has sent too many requests.
        """
        if wait := budgets.wait_seconds(sender):
            refused = TooOften()
            refused.retry_after = math.ceil(wait)
            raise refused

    def get_login_url(self) -> str:
        """Raise an error if no user is signed in, because API clients cannot use a login page."""
        if self.current_user is not None:
            return str(super().get_login_url())
        if name := refused_name(self):
            raise Refusal(403, f"You are signed in as {name}, who may not use this server.")
        raise web.HTTPError(self.status_without_user)

    def fail(self, error: NbyardError) -> None:
        """Respond with an error of nbyard."""
        if error.status >= 500 and not isinstance(error, DatabaseAway):  # the store logs that one
            why = None if error.status == 503 else error  # temporary: the message is enough
            fields = {"fields": {"request_id": self.request_id}}
            log.warning("request %s: %s", self.request_id, error, exc_info=why, extra=fields)
        wait = error.retry_after if isinstance(error, TooOften) else 1
        self.send_error(error.status, body=error.body(self.request_id), retry_after=wait)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        body = kwargs.get("body") or self._plain_body(status_code, kwargs.get("exc_info"))
        if status_code in (429, 503):
            self.set_header("Retry-After", str(kwargs.get("retry_after", 1)))
        if status_code == 405:
            self.set_header("Allow", ", ".join(self.known_methods()))
        if self._prepared_future and not self._prepared_future.done():
            # Tornado reads no body now, and closes the connection. A proxy must not reuse it.
            self.set_header("Connection", "close")
        self._finish_json(body)

    def known_methods(self) -> Iterable[str]:
        """Return the methods that this address supports."""
        return ("GET",)

    def _plain_body(self, status: int, exc_info: Any) -> ErrorBody:
        return body_of(status, exc_info[1] if exc_info else None, self.request_id)

    def answer(self, status: int, value: Any) -> None:
        self.set_status(status)
        if status == 204:
            self.clear_header("Content-Type")
            self.finish()
            return
        self._finish_json(value)

    def _finish_json(self, value: Any) -> None:
        user = getattr(self, "_current_user", None)
        self.set_header("Content-Type", "application/json")
        self.finish(self.context.encode(value, caller_of(user).name if user else ""))


@web.stream_request_body
class OperationHandler(NbyardHandler, APIHandler):
    """Handles all operations with one path.

    The method of the request selects the operation.
    """

    request: HTTPServerRequest

    def initialize(self, context: RestContext, by_method: dict[str, Operation]) -> None:  # type: ignore[override]
        super().initialize(context)
        self._by_method = by_method
        self._body = Body(context.settings.max_body_bytes)

    async def prepare(self, **kwargs: Any) -> Any:
        self.request.connection.set_body_timeout(BODY_SECONDS)  # type: ignore[union-attr]
        if self.request.method not in (*self._by_method, "OPTIONS"):
            raise web.HTTPError(405)
        return await super().prepare(**kwargs)

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("X-Request-Id", self.request_id)

    def on_finish(self) -> None:
        super().on_finish()
        if self.context.settings.log_format == "json":
            operation = self._by_method.get(str(self.request.method))
            name = operation.id if operation else str(self.request.method)
            variables = operation.placed("path") if operation else []
            fields = {
                "request_id": self.request_id,
                # A request that was refused early has no user.
                "user": getattr(getattr(self, "_jupyter_current_user", None), "username", ""),
                "operation": name,
                # No query and no body: they may contain secrets.
                **{
                    f"about_{variable.name}": self.path_kwargs[variable.name]
                    for variable in variables
                },
                "status": self.get_status(),
                "milliseconds": round(1000 * self.request.request_time(), 1),
            }
            log.info("%s: status %d", name, self.get_status(), extra={"fields": fields})

    def known_methods(self) -> Iterable[str]:
        return self._by_method

    async def data_received(self, chunk: bytes) -> None:
        self._body.add(chunk)

    @web.authenticated
    async def get(self, **path: str) -> None:
        operation = self._by_method[str(self.request.method)]
        try:
            caller = self.authorised(operation.scope)
            arguments = self._arguments(operation, path)
            project = check_text(self.request.headers.get(PROJECT_HEADER, ""), PROJECT_HEADER)
            if not operation.scope.endswith(":read"):
                asked = (caller, operation.id, operation.scope, path, project)
                await self.context.call(self._check_access, *asked)
            if project:
                # Check before the operation, so that a refused request creates nothing.
                check_may_link(caller, operation.id)
                caller = msgspec.structs.replace(caller, project=project)
            result = await self.context.ask(operation.noun, operation.verb, caller, **arguments)
            if project and operation.id in CREATED:
                await self.context.ask(
                    "projects", "link_created", caller, project, operation.id, result
                )
        except NbyardError as error:
            if error.status == 403:
                await self._record(operation, path, 403)
            self.fail(error)
        except Exception as error:
            fields = {"fields": {"request_id": self.request_id}}
            log.error("request %s failed", self.request_id, exc_info=error, extra=fields)
            self.fail(
                NbyardError(hint=f"The server's log has details. Look for {self.request_id}.")
            )
        else:
            await self._record(operation, path, operation.status, result)
            self.answer(operation.status, result)

    def _check_access(self, *asked: Any) -> None:
        self.context.services.check_access(*asked)

    async def _record(
        self, operation: Operation, path: dict[str, str], status: int, result: Any = None
    ) -> None:
        """Add a change, or its refusal, to the audit log.

        An entry has no body and no query: they may contain secrets.
        """
        is_change = operation.method != "GET" and right_of(operation.scope) != "read"
        if not (is_change and self.context.settings.shared):
            return
        caller, owner = self.caller, getattr(result, "owner", "")
        entry = AuditEntry(
            id=new_id(),
            at=datetime.now(UTC),
            user=caller.name,
            operation=operation.id,
            subject=("/".join(path.values()) or str(getattr(result, "id", "")))[:MAX_SUBJECT],
            owner="" if owner == caller.name else owner,
            status=status,
            request_id=self.request_id,
            person=caller.person,
            token=getattr(self.current_user, "token", ""),
            attempt_id=caller.attempt_id,
        )
        try:
            await self.context.ask("audit", "record", entry)
        except NbyardError as error:  # what it records has happened
            log.error("request %s is not in the audit log: %s %s", entry.request_id, entry, error)

    post = put = patch = delete = get

    def _arguments(self, operation: Operation, path: dict[str, str]) -> dict[str, Any]:
        known = {field.name for field in operation.placed("query")}
        for name in self.request.query_arguments:
            # Jupyter accepts its token in the query. Other unknown names are probably mistyped.
            if name not in known and name != "token":
                raise Invalid.field(name[:80], "is not a parameter of this operation")
        arguments: dict[str, Any] = {}
        for field in operation.fields:
            if field.place == "path":
                arguments[field.name] = check_text(path[field.name], field.name)
            elif field.place == "query":
                arguments |= self._query(field)
            elif field.place == "header":
                arguments[field.name] = key = self.request.headers.get("Idempotency-Key", "")
                if len(key) > 200 or not key.isprintable():
                    message = "may have at most 200 characters, all of them printable"
                    raise Invalid.field("Idempotency-Key", message)
            elif field.place == "body":
                arguments[field.name] = self._body.read(self.request.headers, field.type)
        return arguments

    def _query(self, field: Field) -> dict[str, Any]:
        given = self.request.query_arguments.get(field.name)
        if not given:
            if field.default is msgspec.UNSET:
                raise Invalid.field(field.name, "is needed")
            return {}
        try:
            # The last of repeated parameters counts, as in `get_argument` of Tornado.
            text = check_text(given[-1].decode("utf-8"), field.name)
            return {field.name: msgspec.convert(text, field.type, strict=False)}
        except UnicodeDecodeError:
            raise Invalid.field(field.name, "is not UTF-8 text") from None
        except msgspec.ValidationError as error:
            why = str(error)
            raise Invalid.field(field.name, why) from None
