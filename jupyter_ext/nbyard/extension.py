"""The Jupyter server extension."""

import asyncio
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyter_server.utils import url_path_join

from nbyard.host.project_files import ProjectFiles
from nbyard.host.wakeup import Listener
from nbyard.ipc.struct_types import prepare_structs
from nbyard.rest.event_socket import Broadcast
from nbyard.rest.forwarding import HubService, ServiceWork
from nbyard.rest.operation_handler import RestContext
from nbyard.rest.proxy.proxy_handlers import RequestMeter
from nbyard.rest.routes import Route, forwarding_routes, routes
from nbyard.rest.server_hooks import (
    Activity,
    DispatcherWatchdog,
    follow_files,
    register_metrics,
    send_workflows,
    set_log_format,
)
from nbyard.settings import Settings

STORE = "store.sqlite"


def _load_jupyter_server_extension(serverapp: Any) -> None:
    """Add nbyard's routes; the first request or the dispatcher's watchdog opens the store."""
    settings = Settings(config=serverapp.config)
    set_log_format(settings, serverapp.log)
    root = Path(serverapp.root_dir)
    if settings.hub_url:
        _forward(settings, root, serverapp)
        return
    # Kernels inherit the variable and find datasets with it.
    os.environ["NBYARD_RESOURCES"] = str(settings.store_path / "resources")
    base_url = serverapp.web_app.settings["base_url"]

    # The watchdog must not create a store that no user has needed. A PostgreSQL database counts.
    def exists() -> bool:
        return bool(settings.database_url) or (settings.store_path / STORE).exists()

    context = RestContext(lambda: _open(settings, root, serverapp), settings)
    try:
        listener: Listener | None = Listener(settings.store_path)
    except OSError:  # the store is not writable, which the first request reports
        listener = None
    broadcast = Broadcast(context, listener)
    activity = Activity(context, serverapp.web_app, exists)
    meter = RequestMeter(context, activity.note)
    _add(context, serverapp.web_app, routes(base_url, context, broadcast, meter))
    register_metrics(context)
    DispatcherWatchdog(context, exists)
    follow_files(context, serverapp.event_logger, exists)
    serverapp.log.info("nbyard keeps its store in %s", settings.store_path)


def _add(context: RestContext, web_app: Any, added: list[Route]) -> None:
    """Add routes until the context closes, which happens at the latest when the process exits."""
    rules = web_app.default_router.rules
    # Remember which routes are new, to remove them when the context closes.
    before = list(rules)
    web_app.add_handlers(".*$", added)
    ours = [rule for rule in rules if rule not in before]

    def remove_routes() -> None:  # so that the extension can be loaded again
        rules[:] = [rule for rule in rules if rule not in ours]

    context.closing.append(remove_routes)
    context.close_at_exit()
    web_app.settings["nbyard"] = context


def _open(settings: Settings, root: Path, serverapp: Any) -> Any:
    from nbyard.yard import Yard

    prepare_structs()  # those that were imported now, before threads of the yard decode them
    yard = Yard.open(settings, root, root)
    yard.relay()
    # The dispatcher needs these for the addresses of deployments and runs, and knows no server.
    yard.services.deployments.store_urls(
        base_url=serverapp.web_app.settings["base_url"],
        server_url=serverapp.custom_display_url or serverapp.connection_url,
    )
    return yard


def _forward(settings: Settings, root: Path, serverapp: Any) -> None:
    """Add routes that forward all requests to the service of the JupyterHub."""
    from nbyard.client import Client
    from nbyard.freezing import home_files, home_kernels

    # Kernels and terminals inherit them: they use this server, and fetch datasets to the folder.
    resources = str(settings.store_path / "resources")
    os.environ |= {"NBYARD_HUB_ROOT": str(root), "NBYARD_RESOURCES": resources}
    token, url = os.environ.get("JUPYTERHUB_API_TOKEN", ""), urlsplit(settings.hub_url)
    if not url.path.strip("/"):
        path = url_path_join(os.environ.get("JUPYTERHUB_BASE_URL", "/"), "services/nbyard/")
        url = url._replace(path=path)
    connection, user = Client(url.geturl(), token), os.environ.get("JUPYTERHUB_USER", "")
    # The page names the owners of what belongs to others.
    serverapp.web_app.settings.setdefault("page_config_data", {})["nbyardOwner"] = user
    files = home_files.HomeFiles(ProjectFiles(root), connection, settings)
    environments = home_kernels.HomeKernels(connection, settings, user)
    work: Any = ServiceWork(connection, user, environments)
    context = RestContext(lambda: work, settings)
    activity = Activity(context, serverapp.web_app, lambda: True)
    service = HubService(url, token, files, asyncio.Lock(), activity.note, environments.remove)
    base_url = serverapp.web_app.settings["base_url"]
    _add(context, serverapp.web_app, forwarding_routes(base_url, context, service))
    send_workflows(context, serverapp.event_logger, service)
    serverapp.log.info("nbyard forwards requests to %s", url.geturl())
