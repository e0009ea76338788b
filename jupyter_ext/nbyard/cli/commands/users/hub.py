"""Commands for the service of a JupyterHub, which serves all users, and for its administrators."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from pkgutil import resolve_name

import click
import msgspec

from nbyard.cli.shared_options import connect, server_option
from nbyard.domain.paging import MAX_LIMIT
from nbyard.errors import Unavailable
from nbyard.runner.process.forks import signal_at_end_of_parent
from nbyard.settings import Settings

CONFIG = """\
# nbyard for all users of this hub
scopes = [f"custom:nbyard:{{right}}" for right in ("read", "write", "deploy", "admin")]
use = ["access:services!service=nbyard", scopes[2]]  # the right of each user
c.JupyterHub.custom_scopes.update(
    {{s: {{"description": "nbyard", "subscopes": scopes[:i]}} for i, s in enumerate(scopes)}}
)
c.JupyterHub.load_roles.append({{"name": "user", "scopes": ["self", *use]}})
c.JupyterHub.load_roles.append({{"name": "nbyard-admin", "scopes": scopes, "users": ["admin"]}})
own = ["users:activity!user", "access:servers!user", use[0], *scopes]
c.Spawner.server_token_scopes.extend(own)
c.Spawner.environment.update({{"NBYARD_HUB_URL": "{url}"}})
c.JupyterHub.services.append(nbyard_service := {{
    "name": "nbyard", "display": False, "oauth_no_confirm": True,
    "oauth_client_allowed_scopes": scopes, **{added}
}})
"""
INIT = Path("/proc/1/comm")
MANAGED = ["nbyard", "hub", "serve", "--managed"]


@click.command()
@click.option(
    "--managed", "is_managed", is_flag=True, help="End together with the hub that started it."
)
def serve(is_managed: bool) -> None:
    """Serve all users of a JupyterHub, from the store that the settings name.

    The hub that starts this command sets the variables JUPYTERHUB_*. `nbyard hub config` prints its
    configuration.
    """
    if is_managed:
        # The hub may end during the imports below, which take seconds. An orphan would keep the
        # port. In a container, the hub itself may be process 1, which adopts orphans elsewhere.
        parent = os.getppid()
        signal_at_end_of_parent(signal.SIGTERM)
        is_orphan = parent == 1 and INIT.read_text().strip() in ("init", "systemd")
        if is_orphan or os.getppid() != parent:
            raise Unavailable("The hub that started this service has ended.")
    # A layer of its own beside the command line, with the dependency jupyterhub.
    resolve_name("nbyard.hub:serve")(Settings(shared=True))


@click.command()
@click.option("--external", is_flag=True, help="The service runs on its own, such as by systemd.")
@click.option(
    "--url",
    default="http://127.0.0.1:10811",
    show_default=True,
    help="Address of the service for the hub and the users' servers.",
)
@click.option(
    "--database",
    default="postgresql://nbyard@127.0.0.1:5432/nbyard",
    show_default=True,
    help="URL of the PostgreSQL database.",
)
def config(external: bool, url: str, database: str) -> None:
    """Print the configuration of the hub, for jupyterhub_config.py.

    With --external, the hub does not start the service. The service then needs the printed
    variables and the token of the hub's configuration.
    """
    url = url.rstrip("/")
    added: dict[str, object] = {"url": url}
    if external:
        added["api_token"] = "A LONG RANDOM TEXT"
    else:
        added |= {"command": MANAGED, "environment": {"NBYARD_DATABASE_URL": database}}
    click.echo(CONFIG.format(url=url, added=json.dumps(added)), nl=False)


@click.command()
@click.option("--user", default="", help="Only what this user changed.")
@click.option("--operation", default="", help="Only this operation, such as runs.cancel.")
@click.option("--since", default="", help="Only changes at this date or time, or later.")
@click.option("--until", default="", help="Only changes before this date or time.")
@server_option
def export(server: str, **filters: str) -> None:
    """Print the audit log as JSON lines, newest first.

    \b
    Examples:
      nbyard audit export --since 2026-11-01 > november.jsonl
    """
    audit, after = connect(server).audit, ""
    while after is not None:
        page = audit.list(limit=MAX_LIMIT, after=after, **filters)
        for entry in page.items:
            click.echo(msgspec.json.encode(entry))
        after = page.next


COMMANDS: tuple[click.Command, ...] = (serve, config)
AUDIT: tuple[click.Command, ...] = (export,)
