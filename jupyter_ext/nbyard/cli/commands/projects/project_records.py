"""Commands that create and change projects and their links."""

from typing import Any

import click

from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.shared_options import connect, json_option, server_option, with_options
from nbyard.domain.projects.structs import (
    LINK_KINDS,
    LinkKind,
    NewLink,
    NewProject,
    ProjectPatch,
    ProjectTask,
)

TASK = ("goal", "evaluation_data", "criteria")
TEXTS = ("description", "repository", "requirements")


def text_options(command: Any) -> Any:
    """Add the options of what a project describes."""
    return with_options(
        command,
        click.option("--description", help="What the project is."),
        click.option("--repository", metavar="URL", help="Git repository of the project."),
        click.option("--requirements", help="What the project needs, such as a GPU."),
        click.option("--goal", help="Goal of the project's task."),
        click.option("--evaluation-data", help="Data that evaluates results."),
        click.option("--criteria", help="When a result is good enough."),
        click.option(
            "--set", "facts", multiple=True, metavar="NAME=VALUE", help="A fact. Repeatable."
        ),
    )


@click.command()
@click.argument("name")
@text_options
@server_option
@json_option
def create(name: str, server: str, as_json: bool, **given: Any) -> None:
    """Create a project.

    \b
    Example:
      nbyard projects create wine --goal "Predict the quality of wine" --set team=cellar
    """
    texts = {field: given[field] for field in TEXTS if given[field] is not None}
    body = NewProject(name, metadata=_facts(given), task=_task(given, ProjectTask()), **texts)
    _show(connect(server).projects.create(body=body), as_json)


@click.command()
@click.argument("project")
@click.option("--name", help="New name.")
@text_options
@click.option("--unset", multiple=True, metavar="NAME", help="Remove a fact. Repeatable.")
@server_option
@json_option
def update(project: str, server: str, as_json: bool, **given: Any) -> None:
    """Change a project. Omitted options keep their values.

    \b
    Example:
      nbyard projects update wine --criteria "RMSE below 0.6" --unset team
    """
    projects = connect(server).projects
    record = projects.get(project=project)
    fields = {field: given[field] for field in ("name", *TEXTS) if given[field] is not None}
    # A patch replaces all facts at once, so it repeats those that stay.
    kept = {name: fact for name, fact in record.metadata.items() if name not in given["unset"]}
    body = ProjectPatch(
        record.revision,
        metadata=kept | _facts(given),
        task=_task(given, record.task),
        **fields,
    )
    _show(projects.update(project=record.id, body=body), as_json)


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

    KIND is dataset, executable, workflow, run, model, deployment, environment, schedule, trigger or
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


def _facts(given: dict[str, Any]) -> dict[str, str]:
    facts = {}
    for text in given["facts"]:
        name, is_given, value = text.partition("=")
        if not is_given:
            raise click.BadParameter(f"'{text}' has no =. Write NAME=VALUE.", param_hint="--set")
        facts[name] = value
    return facts


def _task(given: dict[str, Any], before: ProjectTask) -> ProjectTask:
    texts = {
        field: getattr(before, field) if given[field] is None else given[field] for field in TASK
    }
    return ProjectTask(**texts)


def _show(project: Any, as_json: bool) -> None:
    if as_json:
        show_json(project)
        return
    print_note(f"{project.name}: saved")
    click.echo(project.id)
