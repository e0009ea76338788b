"""Commands that change projects and their links."""

from typing import Any

import click
from msgspec.structs import replace

from nbyard.cli.body_options import body_options
from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.output.views.project_views import show_saved
from nbyard.cli.shared_options import connect, json_option, server_option, shows
from nbyard.domain.projects.structs import LINK_KINDS, LinkKind, NewLink, ProjectPatch


@click.command()
@click.argument("project")
@body_options(ProjectPatch)
@click.option("--unset", multiple=True, metavar="NAME", help="Remove a fact. Repeatable.")
@shows(show_saved)
def update(connection: Any, project: str, body: Any, unset: tuple[str, ...]) -> Any:
    """Change a project. Omitted options keep their values.

    \b
    Example:
      nbyard projects update wine --criteria "RMSE below 0.6" --unset team
    """
    record = connection.projects.get(project=project)
    change = body(record)
    # A patch replaces all facts at once, so it repeats those that stay.
    facts = {name: fact for name, fact in record.metadata.items() if name not in unset}
    change = replace(change, metadata=facts | (change.metadata or {}))
    return connection.projects.update(project=record.id, body=change)


@click.command()
@click.argument("project")
@click.argument("kind", type=click.Choice(LINK_KINDS), metavar="KIND")
@click.argument("resource", nargs=-1, required=True)
@server_option
@json_option
def link(
    project: str, kind: LinkKind, resource: tuple[str, ...], server: str, as_json: bool
) -> None:
    """Link resources, by ID or name, to a project.

    KIND is dataset, executable, workflow, run, model, deployment, environment, automation or
    credential.

    \b
    Examples:
      nbyard projects link wine dataset red-wine white-wine
      nbyard projects link wine workflow quality.nbflow
    """
    projects = connect(server).projects
    for resource_name in resource:
        linked_project = projects.link(project=project, body=NewLink(kind, resource_name))
        if as_json:
            show_json(linked_project)
        else:
            print_note(f"{linked_project.name}: linked the {kind} {resource_name}")


COMMANDS = (update, link)
