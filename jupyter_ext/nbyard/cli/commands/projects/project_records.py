"""Commands that create and change projects and their links."""

from typing import Any

import click
from msgspec.structs import replace

from nbyard.cli.body_options import body_options
from nbyard.cli.output.console import columns, print_note, show_items, show_json
from nbyard.cli.shared_options import connect, json_option, server_option, shows
from nbyard.domain.paging import Page
from nbyard.domain.projects.members import CreatedShareLink, Member, NewMember, NewShareLink
from nbyard.domain.projects.structs import (
    LINK_KINDS,
    LinkKind,
    NewLink,
    NewProject,
    Project,
    ProjectPatch,
)

COLUMNS = columns("name role group creator=is_creator")


def show_saved(project: Project) -> None:
    """Print the name and the ID of a project."""
    print_note(f"{project.name}: saved")
    click.echo(project.id)


@click.command()
@body_options(NewProject)
@shows(show_saved)
def create(connection: Any, body: NewProject) -> Any:
    """Create a project.

    \b
    Example:
      nbyard projects create wine --goal "Predict the quality of wine" --set team=cellar
    """
    return connection.projects.create(body=body)


def show_members(members: Page[Member]) -> None:
    """Print the names of users and groups with their roles."""
    show_items(members.items, COLUMNS)


@click.command()
@click.argument("kind")
@click.argument("resource")
@body_options(NewMember)
@shows(show_members)
def grant(connection: Any, kind: str, resource: str, body: NewMember) -> Any:
    """Set the role of a user or group on a project or another resource.

    KIND is project, dataset, executable, workflow, run, model, deployment, environment or
    automation. A viewer may read it, an editor also change it, an owner also delete and share it.

    \b
    Examples:
      nbyard shares grant project wine bob --role editor
      nbyard shares grant dataset red-wine students --group
    """
    return connection.shares.grant(kind=kind, resource=resource, body=body)


def show_link(link: CreatedShareLink) -> None:
    """Print the address of a new link."""
    click.echo(link.url)
    print_note(f"Valid until {link.expires_at:%Y-%m-%d %H:%M %Z}. The address is not shown again.")


@click.command("create-link")
@click.argument("kind")
@click.argument("resource")
@body_options(NewShareLink)
@shows(show_link)
def create_link(connection: Any, kind: str, resource: str, body: NewShareLink) -> Any:
    """Create a link that shows one resource, for reading only.

    KIND is dataset, run, workflow or deployment. Every user who has the link can open it, and
    people without an account if the server allows it.

    \b
    Examples:
      nbyard shares create-link run 12 --expires 7d
    """
    return connection.shares.create_link(kind=kind, resource=resource, body=body)


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


COMMANDS = (create, update, link)
