"""The service of a JupyterHub: one store and one dispatcher for all users of the hub.

The hub starts it (managed), or an administrator does with the variables that a hub would set
(external). Source: https://jupyterhub.readthedocs.io/en/stable/reference/services.html
"""

import asyncio
import logging
import os
import signal
from typing import Any
from urllib.parse import urljoin, urlsplit

import jupyterhub
from jupyter_server.auth import AllowAllAuthorizer
from jupyter_server.utils import url_path_join
from jupyterhub.services.auth import HubOAuth
from jupyterhub.singleuser.extension import JupyterHubIdentityProvider
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from nbyard.domain.callers import HUB_SCOPE
from nbyard.errors import Invalid
from nbyard.host.wakeup import Listener
from nbyard.ipc.dispatcher_launcher import replace_dispatcher
from nbyard.rest.access import HubUser
from nbyard.rest.event_socket import Broadcast
from nbyard.rest.operation_handler import RestContext
from nbyard.rest.proxy.proxy_handlers import RequestMeter
from nbyard.rest.routes import PREFIX, routes
from nbyard.rest.server_hooks import DispatcherWatchdog, register_metrics, set_log_format
from nbyard.rest.service_state import SCRAPE, MetricsHandler, Readiness, ReadyHandler
from nbyard.settings import Settings

NEEDED = ("JUPYTERHUB_API_TOKEN", "JUPYTERHUB_API_URL", "JUPYTERHUB_SERVICE_URL")
# A role or group that changed at the hub is in force after this time, in open WebSockets after
# LOGIN_SECONDS more.
CACHE_SECONDS = 20
KNOWN = (HUB_SCOPE, SCRAPE)
COOKIE_BYTES = 32
PLACE = "/services/nbyard/"


class HubIdentity(JupyterHubIdentityProvider):  # type: ignore[misc]
    """Identifies users by their token or cookie of the hub, with groups and rights."""

    async def get_user(self, handler: Any) -> HubUser | None:
        """Return the user of a request, None without one; services of the hub have no store."""
        try:
            user = await super().get_user(handler)
        except web.HTTPError as error:
            if error.status_code >= 500:  # the hub does not respond
                raise web.HTTPError(503) from None
            raise
        if user is None or user.hub_user["kind"] != "user":
            return None
        scopes = user.hub_user["scopes"]
        return HubUser(
            user.username,
            groups=tuple(sorted(user.hub_user.get("groups") or ())),
            rights=tuple(s.removeprefix(HUB_SCOPE) for s in scopes if s.startswith(KNOWN)),
            token=user.hub_user.get("token_id") or "",
        )


def serve(settings: Settings) -> None:
    """Serve all users of the hub until the process gets SIGTERM or SIGINT.

    Raises:
        Invalid: A variable that describes the hub is missing.
    """
    if missing := [name for name in NEEDED if name not in os.environ]:
        raise Invalid(
            f"{missing[0]} is not set: a JupyterHub sets it for its services.",
            hint="`nbyard hub config` prints the configuration of the hub.",
        )
    logging.basicConfig(format="[%(levelname).1s %(asctime)s %(name)s] %(message)s")
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", PLACE)
    place = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    context = RestContext(lambda: _open(settings), settings)
    application = application_of(context, prefix, CACHE_SECONDS)
    server = HTTPServer(application, xheaders=True)
    server.add_sockets(bind_sockets(place.port or 80, place.hostname))
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    # Work that a killed service left goes on without a request.
    DispatcherWatchdog(context, lambda: True)
    register_metrics(context)
    try:
        await stopping.wait()
    finally:
        server.stop()
        # A request without an answer is repeated. An error would be the answer.
        await server.close_all_connections()
        context.close()


def application_of(context: RestContext, prefix: str, cache_seconds: int) -> web.Application:
    """Return the application of the service, whose addresses begin with `prefix`.

    The answers of the hub about tokens are valid for `cache_seconds`.
    """
    identity = HubIdentity(hub_auth=HubOAuth(cache_max_age=cache_seconds))
    set_log_format(context.settings, logging.getLogger())
    try:
        listener: Listener | None = Listener(context.settings.store_path)
    except OSError:  # the store is not writable, which the first request reports
        listener = None
    broadcast = Broadcast(context, listener)
    callbacks = [(url_path_join(prefix, path), *rest) for path, *rest in identity.get_handlers()]
    own = {"context": context}
    callbacks += [
        (url_path_join(prefix, "metrics"), MetricsHandler, own),
        (
            url_path_join(prefix, PREFIX, "ready"),
            ReadyHandler,
            {"readiness": Readiness(context), **own},
        ),
    ]
    return web.Application(
        [*callbacks, *routes(prefix, context, broadcast, RequestMeter(context))],
        base_url=prefix,
        identity_provider=identity,
        authorizer=AllowAllAuthorizer(identity_provider=identity),
        cookie_secret=os.urandom(COOKIE_BYTES),
        # Jupyter's handlers check it once the user is known. Tornado would refuse tokens before.
        xsrf_cookies=False,
        # The hub's proxy passes on the host of each request.
        allow_remote_access=True,
        headers={"X-JupyterHub-Version": jupyterhub.__version__},
    )


def _open(settings: Settings) -> Any:
    from nbyard.yard import Yard

    yard = Yard.open(settings)
    # After an upgrade, the running one has the code and the settings of before.
    replace_dispatcher(yard.store, settings)
    yard.relay()
    # Users' servers are below the first one. The second one leads to the server of the visitor.
    base_url = url_path_join(os.environ.get("JUPYTERHUB_BASE_URL", "/"), "user/")
    hub_url = os.environ.get("JUPYTERHUB_PUBLIC_HUB_URL", "")
    server_url = hub_url and url_path_join(hub_url, "user-redirect")
    # The service itself has the pages for others than one user.
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", PLACE)
    links_url = os.environ.get("JUPYTERHUB_PUBLIC_URL") or urljoin(hub_url, prefix)
    yard.services.deployments.store_urls(
        base_url=base_url, server_url=server_url, links_url=links_url
    )
    yard.services.quotas.set_first()
    return yard
