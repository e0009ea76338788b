"""The command that sets quotas."""

from typing import Any

import click

from nbyard.cli.body_options import body_options
from nbyard.cli.shared_options import show_id, shows
from nbyard.domain.users.quotas import NewQuota


@click.command(name="set")
@click.argument("quota")
@body_options(NewQuota)
@shows(show_id)
def set_quota(connection: Any, quota: str, body: NewQuota) -> Any:
    """Set the limits of everyone, user:NAME, group:NAME or project:NAME.

    The limits replace all earlier ones of this quota.

    \b
    Examples:
      nbyard quotas set everyone --gpus 1 --runs 4
      nbyard quotas set group:students --preset tutorial
      nbyard quotas set user:ann --gpus 2 --memory 64GB --disk 500GB
    """
    return connection.quotas.set(quota=quota, body=body)


COMMANDS = (set_quota,)
