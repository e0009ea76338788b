"""Command that shows and sets which runs of a project are deleted every day."""

from typing import Any

import click

from nbyard.cli.commands.runs.clean_up import policy_options, policy_rules
from nbyard.cli.output.console import show_json
from nbyard.cli.output.views.clean_up_views import show_policies
from nbyard.cli.shared_options import connect, json_option, server_option
from nbyard.domain.runs.retention import PolicyRules


@click.command()
@click.argument("project")
@click.argument("policy", default="")
@policy_options
@server_option
@json_option
def retention(project: str, policy: str, server: str, as_json: bool, **rules: Any) -> None:
    """Show the retention policies of a project, or set one.

    Every day, and within a minute after a change, a run of the project is deleted if any of its
    policies, or the rules of `nbyard runs retention`, choose it.

    \b
    Examples:
      nbyard projects retention wine
      nbyard projects retention wine recent --older-than 90d --keep 20
      nbyard projects retention wine failed --state failed --older-than 7d
    """
    projects = connect(server).projects
    wanted = policy_rules(rules)
    is_set = wanted != PolicyRules()
    if is_set and not policy:
        raise click.UsageError("Name the policy to set: nbyard projects retention PROJECT POLICY")
    if policy and not is_set:
        raise click.UsageError("Set a rule of the policy, such as --older-than 90d.")
    if is_set:
        policies = projects.set_policy(project=project, policy=policy, body=wanted)
    else:
        policies = projects.retention(project=project)
    if as_json:
        show_json(policies)
    else:
        show_policies(policies)


COMMANDS = (retention,)
