"""Print projects and their resources."""

from typing import Any

import click

from nbyard.cli.output.console import format_age, format_size, without_control_characters
from nbyard.cli.output.views.views_by_noun import show_facts
from nbyard.domain.projects.definitions import ProjectPlan
from nbyard.domain.projects.structs import Project


def show_project(project: Project) -> None:
    """Print the facts of a project, one per line."""
    show_facts(
        [
            ("name", project.name),
            ("description", project.description),
            ("repository", project.repository),
            ("requirements", project.requirements),
            ("goal", project.task.goal),
            ("evaluation data", project.task.evaluation_data),
            ("criteria", project.task.criteria),
            *project.metadata.items(),
            ("pushed", project.pushed_at and format_age(project.pushed_at)),
            ("commit", project.git),
            ("linked", link_counts(project)),
            ("made", format_age(project.created_at)),
            ("id", project.id),
        ]
    )


MARKS = {"add": "+", "change": "~", "delete": "-"}


def show_changes(plan: ProjectPlan) -> None:
    """Print a line for each change of a plan."""
    if not plan.changes:
        click.echo("No changes.")
    for change in plan.changes:
        fields = f" ({', '.join(change.fields)})" if change.fields and change.kind != "file" else ""
        line = f"{MARKS[change.action]} {change.kind} {change.name}{fields}"
        click.echo(without_control_characters(line))


def link_counts(project: Project) -> str:
    """Return the numbers of linked resources, such as `2 datasets, 1 run`."""
    counts = project.links.items()
    return ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts)


RESOURCE_COLUMNS: dict[str, Any] = {
    "kind": lambda r: r.kind,
    "name": lambda r: r.name,
    "made": lambda r: r.created_at,
    "id": lambda r: r.id,
}
ARTIFACT_COLUMNS: dict[str, Any] = {
    "kind": lambda a: a.kind,
    "file": lambda a: a.filename,
    "output": lambda a: f"{a.node}.{a.name}",
    "size": lambda a: format_size(a.size_bytes),
    "run": lambda a: a.number,
    "title": lambda a: a.title,
    "made": lambda a: a.created_at,
    "id": lambda a: a.id,
}
VIEWS: dict[str, Any] = {"projects.get": show_project}
