"""Builds Tornado's routes from the table of operations."""

import re
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.template import Template

from nbyard.domain.arguments.structs import check_text
from nbyard.domain.callers import Caller
from nbyard.errors import NbyardError
from nbyard.rest import openapi
from nbyard.rest.event_socket import Broadcast, EventSocket
from nbyard.rest.forwarding import (
    ForwardHandler,
    ForwardHookHandler,
    ForwardPageHandler,
    HubService,
)
from nbyard.rest.link_pages import PATTERN as LINKS
from nbyard.rest.link_pages import LinkHandler
from nbyard.rest.operation_handler import NbyardHandler, OperationHandler, RestContext
from nbyard.rest.proxy.proxy_handlers import (
    OF_ATTEMPTS,
    POLICY,
    MonitorHandler,
    ProxyHandler,
    RequestMeter,
    SignInHandler,
)
from nbyard.rest.proxy.proxy_handlers import PATTERN as PROXIED
from nbyard.rest.proxy.proxy_handlers import SIGN_IN_PATTERN as SIGN_IN
from nbyard.rest.upload_and_download import ContentHandler, PictureHandler, UploadHandler
from nbyard.rest.webhooks import PATH as HOOKS
from nbyard.rest.webhooks import WebhookHandler
from nbyard.services.operation import Operation
from nbyard.services.operation_table import table

PREFIX = "nbyard/api"
CONTENTS = {
    "datasets.content": "/datasets/{dataset}/content",
    "artifacts.content": "/artifacts/{artifact}/content",
    "home.content": "/home/content",
    "runs.content": "/runs/{run}/tasks/{node}/inputs/{name}/content",
    "projects.file": "/projects/{project}/files/content",
    "runs.bundle": "/runs/{run}/bundle",
    "runs.file": "/runs/{run}/tasks/{node}/files/content",
    "runs.crate": "/runs/{run}/crate",
}
# Tornado escapes the values, which are texts of users.
CATALOG = Template(
    """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Models</title></head><body><h1>Models</h1>
{% for model in models.items %}<h2>{{ model.name }} {{ model.tag }}</h2>
<p>{{ model.metadata.get("description", "") }}</p>
<p>By {{ model.owner }}, {{ model.created_at.date() }}</p><ul>
{% for title, columns in (("Input", model.inputs), ("Output", model.outputs)) %}
<li>{{ title }}: {{ ", ".join(f"{c.name} ({c.type})" for c in columns) }}</li>{% end %}</ul>
{% end %}{% if not models.items %}<p>No models are published yet.</p>{% end %}
{% if models.next %}<p><a href="?after={{ models.next }}">Older models</a></p>{% end %}
</body></html>
"""
)
Route = tuple[str, type[web.RequestHandler], dict[str, Any]]


class HealthHandler(JupyterHandler):
    """Responds with "ok", to show that the server runs.

    It needs no login and reveals nothing else.
    """

    auth_resource = "nbyard"

    @allow_unauthenticated
    def get(self) -> None:
        self.set_header("Content-Type", "text/plain")
        self.finish("ok\n")

    @allow_unauthenticated
    def head(self) -> None:
        self.finish()


class CatalogHandler(NbyardHandler):
    """Responds with the models that are shared with everyone.

    If the administrator allows it, it needs no login. Browsers get a page, programs JSON.
    """

    async def prepare(self, **kwargs: Any) -> None:
        """Identify the user, unless the catalog is public."""
        if self.context.settings.public_catalog:
            self.current_user = self._jupyter_current_user = None
            return
        await super().prepare(**kwargs)
        if self.current_user is None:
            raise web.HTTPError(403)

    @allow_unauthenticated
    async def get(self) -> None:
        try:
            self.limit_anonymous()
            after = check_text(self.get_query_argument("after", ""), "after")
            models = await self.context.call(
                lambda: self.context.services.models.catalog(Caller(""), after=after)
            )
        except NbyardError as error:
            self.fail(error)
            return
        if "text/html" not in self.request.headers.get("Accept", ""):
            self.answer(200, models)
            return
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", POLICY)
        self.finish(CATALOG.generate(models=models))


class OpenApiHandler(NbyardHandler):
    """Returns the OpenAPI document."""

    @web.authenticated
    def get(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(openapi.openapi_text())


class NowhereHandler(NbyardHandler):
    """Responds to unknown addresses with an error body of nbyard."""

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
    prefix = url_path_join(base_url, PREFIX)
    own_routes: list[Route] = [
        (url_path_join(base_url, "nbyard/catalog"), CatalogHandler, {"context": context}),
        (url_path_join(base_url, LINKS), LinkHandler, {"context": context}),
        (f"{prefix}/health", HealthHandler, {}),
        (f"{prefix}/openapi.json", OpenApiHandler, {"context": context}),
        (f"{prefix}/events/socket", EventSocket, {"context": context, "broadcast": broadcast}),
        (_pattern(HOOKS, prefix), WebhookHandler, {"context": context}),
    ]
    for name, path in CONTENTS.items():
        values = {"context": context, "name": name}
        own_routes.append((_pattern(path, prefix), ContentHandler, values))
    pictures = _pattern("/runs/{run}/pictures/{digest}", prefix)
    own_routes.append((pictures, PictureHandler, {"context": context}))
    for path, by_method in operations_by_path().items():
        handler: type[web.RequestHandler] = OperationHandler
        if path == "/uploads/{upload}":
            handler = UploadOperationHandler
        values = {"context": context, "by_method": by_method}
        own_routes.append((_pattern(path, prefix), handler, values))
    own_routes.append((f"{prefix}/?(.*)", NowhereHandler, {"context": context}))
    values = {"context": context, "meter": meter}
    own_routes.append((url_path_join(base_url, SIGN_IN), SignInHandler, {}))
    of_attempts = (url_path_join(base_url, OF_ATTEMPTS), MonitorHandler, {"context": context})
    # First, because they get the most requests.
    return [(url_path_join(base_url, PROXIED), ProxyHandler, values), of_attempts, *own_routes]


def forwarding_routes(base_url: str, context: RestContext, service: HubService) -> list[Route]:
    """Return the routes of a user's server, which installs kernels and forwards all else."""
    values = {"context": context, "service": service}
    here = next(operation for operation in table() if operation.id == "environments.kernel")
    own = {"context": context, "by_method": {here.method: here}}
    forwarded: dict[str, tuple[type[web.RequestHandler], dict[str, Any]]] = {
        f"{PREFIX}/health": (HealthHandler, {}),
        _pattern(here.path, PREFIX): (OperationHandler, own),
        SIGN_IN: (SignInHandler, {}),
        rf"{PREFIX}/hooks/(?:.*)": (ForwardHookHandler, values),
        rf"{PREFIX}/(?:.*)": (ForwardHandler, values),
        r"nbyard/(?:deployments|attempts)/(?:.*)": (ForwardPageHandler, values),
    }
    return [(url_path_join(base_url, path), *route) for path, route in forwarded.items()]


@web.stream_request_body
class UploadOperationHandler(UploadHandler, OperationHandler):
    """Handles the operations on one upload, and receives its bytes."""

    def initialize(  # type: ignore[override]
        self, context: RestContext, by_method: dict[str, Operation]
    ) -> None:
        # PATCH streams bytes and is no operation. The entry lets the checks accept the method.
        any_other = next(iter(by_method.values()))
        OperationHandler.initialize(self, context, {**by_method, "PATCH": any_other})


def operations_by_path() -> dict[str, dict[str, Operation]]:
    """Return the operations of each path, by method. Paths without variables come first.

    A path such as `/automations/preview` also matches `/automations/{automation}`. It gets the
    methods of that path that it lacks, and is returned as `/automations/{automation=preview}`. So
    an automation with the name "preview" can be read.
    """
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in table():
        by_path.setdefault(operation.path, {})[operation.method] = operation
    methods_by_path = {}
    # Tornado uses the first route that matches.
    for path in sorted(by_path, key=lambda p: (p.count("{"), p)):
        fitting = (p for p in by_path if p != path and re.fullmatch(_pattern(p), path))
        general = next(fitting, "")
        methods_by_path[_filled(general, path)] = by_path.get(general, {}) | by_path[path]
    return methods_by_path


def _filled(general: str, path: str) -> str:
    """Return the path with the variables that the general path has in place of its texts."""
    if not general:
        return path
    pairs = zip(general.split("/"), path.split("/"), strict=True)
    return "/".join(
        f"{segment[:-1]}={text}}}" if segment != text else text for segment, text in pairs
    )


def _pattern(path: str, prefix: str = "") -> str:
    """Return the regular expression for a path.

    `{name=text}` is a variable with a fixed value.
    """
    text = re.sub(r"{(\w+)=([\w-]+)}", r"(?P<\1>\2)", path)
    return prefix + re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", text)
