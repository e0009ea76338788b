"""Tornado's routes, built from the table of operations."""

import re
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from nbyard.rest import openapi
from nbyard.rest.event_socket import Broadcast, EventSocket
from nbyard.rest.operation_handler import NbyardHandler, OperationHandler, RestContext
from nbyard.rest.proxy.error_pages import PATTERN as SIGN_IN
from nbyard.rest.proxy.error_pages import SignInHandler
from nbyard.rest.proxy.proxy_handlers import OF_ATTEMPTS, MonitorHandler, ProxyHandler
from nbyard.rest.proxy.proxy_handlers import PATTERN as PROXIED
from nbyard.rest.proxy.request_counter import RequestMeter
from nbyard.rest.upload_and_download import ContentHandler, PictureHandler, UploadHandler
from nbyard.rest.webhooks import PATH as HOOKS
from nbyard.rest.webhooks import WebhookHandler
from nbyard.services.operation import Operation
from nbyard.services.operation_table import table

PREFIX = "nbyard/api"
CONTENTS = {
    "datasets.content": "/datasets/{dataset}/content",
    "artifacts.content": "/artifacts/{artifact}/content",
    "runs.content": "/runs/{run}/tasks/{node}/inputs/{name}/content",
    "projects.file": "/projects/{project}/files/content",
    "runs.bundle": "/runs/{run}/bundle",
    "runs.file": "/runs/{run}/tasks/{node}/files/content",
    "runs.crate": "/runs/{run}/crate",
}
Route = tuple[str, type[web.RequestHandler], dict[str, Any]]


class HealthHandler(JupyterHandler):
    """Responds "ok" to show that the server runs, and reveals nothing else."""

    auth_resource = "nbyard"

    @allow_unauthenticated
    def get(self) -> None:
        self.set_header("Content-Type", "text/plain")
        self.finish("ok\n")

    @allow_unauthenticated
    def head(self) -> None:
        self.finish()


class OpenApiHandler(NbyardHandler):
    """Returns the OpenAPI document."""

    @web.authenticated
    def get(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(openapi.openapi_text())


class NowhereHandler(NbyardHandler):
    """Responds to unknown addresses with nbyard's error body."""

    @web.authenticated
    def get(self, *_: str) -> None:
        raise web.HTTPError(404)

    post = put = patch = delete = get


def routes(
    base_url: str, context: RestContext, broadcast: Broadcast, meter: RequestMeter
) -> list[Route]:
    """Return the routes of the proxy and all routes below `<base_url>/nbyard/api`.

    Exact paths come before those with variables.
    """
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in table():
        by_path.setdefault(operation.path, {})[operation.method] = operation
    found: list[Route] = [
        (_pattern(base_url, "/health"), HealthHandler, {}),
        (_pattern(base_url, "/openapi.json"), OpenApiHandler, {"context": context}),
        (
            _pattern(base_url, "/events/socket"),
            EventSocket,
            {"context": context, "broadcast": broadcast},
        ),
    ]
    found.append((_pattern(base_url, HOOKS), WebhookHandler, {"context": context}))
    for name, path in CONTENTS.items():
        values = {"context": context, "name": name}
        found.append((_pattern(base_url, path), ContentHandler, values))
    pictures = _pattern(base_url, "/runs/{run}/pictures/{digest}")
    found.append((pictures, PictureHandler, {"context": context}))
    for path in sorted(by_path, key=lambda p: (p.count("{"), p)):
        by_method = by_path[path]
        handler: type[web.RequestHandler] = OperationHandler
        if path == "/uploads/{upload}":
            handler = UploadOperationHandler
        values = {"context": context, "by_method": by_method}
        found.append((_pattern(base_url, path), handler, values))
    found.append((_pattern(base_url, "/") + "?(.*)", NowhereHandler, {"context": context}))
    values = {"context": context, "meter": meter}
    found.append((url_path_join(base_url, SIGN_IN), SignInHandler, {}))
    of_attempts = (url_path_join(base_url, OF_ATTEMPTS), MonitorHandler, {"context": context})
    # First, because they get the most requests.
    return [(url_path_join(base_url, PROXIED), ProxyHandler, values), of_attempts, *found]


@web.stream_request_body
class UploadOperationHandler(UploadHandler, OperationHandler):
    """The operations on one upload, and its bytes."""

    def initialize(  # type: ignore[override]
        self, context: RestContext, by_method: dict[str, Operation]
    ) -> None:
        any_other = next(iter(by_method.values()))
        OperationHandler.initialize(self, context, {**by_method, "PATCH": any_other})


def _pattern(base_url: str, path: str) -> str:
    text = url_path_join(base_url, PREFIX) + path
    return re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", text)
