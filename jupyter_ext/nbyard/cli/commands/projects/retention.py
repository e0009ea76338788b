"""Command that shows and sets which runs of a project are deleted every day."""

from typing import Any

import click

from nbyard.cli.body_options import body_options
from nbyard.cli.output.views.clean_up_views import show_policies
from nbyard.cli.shared_options import shows
from nbyard.domain.runs.retention import PolicyRules


@click.command()
@click.argument("project")
@click.argument("policy", default="")
@body_options(PolicyRules)
@shows(show_policies)
def retention(connection: Any, project: str, policy: str, body: PolicyRules) -> Any:
    """Show the retention policies of a project, or set one.

    Every day, and within a minute after a change, a run of the project is deleted if any of its
    policies, or the rules of `nbyard runs retention`, choose it.

    \b
    Examples:
      nbyard projects retention wine
      nbyard projects retention wine recent --older-than 90d --keep 20
      nbyard projects retention wine failed --state failed --older-than 7d
    """
    is_set = body != PolicyRules()
    if is_set and not policy:
        raise click.UsageError("Name the policy to set: nbyard projects retention PROJECT POLICY")
    if policy and not is_set:
        raise click.UsageError("Set a rule of the policy, such as --older-than 90d.")
    if is_set:
        return connection.projects.set_policy(project=project, policy=policy, body=body)
    return connection.projects.retention(project=project)


COMMANDS = (retention,)
