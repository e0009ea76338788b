"""Print projects and their resources."""

import json
from typing import Any

import click

from nbyard.cli.output.console import columns, counted, print_note
from nbyard.cli.output.views.views_by_noun import facts_of, show_facts
from nbyard.domain.projects.definitions import FieldChange, ProjectPlan
from nbyard.domain.projects.members import CreatedShareLink
from nbyard.domain.projects.structs import Project


def show_project(project: Project) -> None:
    """Print the facts of a project, one per line."""
    fields = (
        "name description repository requirements goal=task.goal"
        " evaluation_data=task.evaluation_data criteria=task.criteria"
    )
    more = "pushed=pushed_at commit=git linked made=created_at id"
    rest = facts_of(project, more, linked=link_counts)
    show_facts([*facts_of(project, fields), *project.metadata.items(), *rest])


def show_saved(project: Project) -> None:
    """Print the name and the ID of a project."""
    print_note(f"{project.name}: saved")
    click.echo(project.id)


def show_link(link: CreatedShareLink) -> None:
    """Print the address of a new link."""
    click.echo(link.url)
    print_note(f"Valid until {link.expires_at:%Y-%m-%d %H:%M %Z}. The address is not shown again.")


ABSENT = "–"
MOST_CHARS = 60
MARKS = {"add": "+", "change": "~", "delete": "-"}


def show_changes(plan: ProjectPlan) -> None:
    """Print a line for each change of a plan, and one for each of its fields."""
    if not plan.changes:
        click.echo("No changes.")
    for change in plan.changes:
        lines = [f"{MARKS[change.action]} {change.kind} {change.name}"]
        if change.kind != "file":  # its fields are digest and size
            lines += [f"    {name}: {_difference(field)}" for name, field in change.fields.items()]
        for line in lines:
            click.echo(line)


def _difference(field: FieldChange) -> str:
    """Return what changes in a field: the entries of lists, or the whole value."""
    old, new = field.old, field.new
    if isinstance(old, list) and isinstance(new, list) and (old or new):
        entries = [f"+{_value(entry)}" for entry in new if entry not in old]
        entries += [f"-{_value(entry)}" for entry in old if entry not in new]
        return ", ".join(entries) or "another order"
    return f"{_value(old)} → {_value(new)}"


def _value(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return ABSENT
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = " ".join(text.split())
    return line if len(line) <= MOST_CHARS else f"{line[:MOST_CHARS]}…"


def link_counts(project: Project) -> str:
    """Return the numbers of linked resources, such as `2 datasets, 1 run`."""
    return ", ".join(counted(count, kind) for kind, count in project.links.items())


RESOURCE_COLUMNS = columns(
    "kind name path made=created_at id",
    name=lambda r: r.name if r.number is None else f"{r.number} {r.name}".rstrip(),
    path=lambda r: f"{r.path} (missing)" if r.is_gone else r.path,
)
ARTIFACT_COLUMNS = columns(
    "kind file=filename output size=size_bytes run=number title made=created_at id",
    output=lambda a: f"{a.node}.{a.name}",
)
VIEWS: dict[str, Any] = {
    "projects.create": show_saved,
    "projects.get": show_project,
    "shares.create_link": show_link,
}
