"""Output about environments and images for people; `--json` prints everything."""

import shlex
from collections.abc import Callable
from typing import Any

import click

from nbyard.cli.output.console import columns, counted, print_note, show_table
from nbyard.cli.output.views.views_by_noun import facts_of, show_facts


def _environment(environment: Any) -> None:
    now = environment.current
    at = f"version {now.number}"
    if environment.installed not in (0, now.number):
        at += f"; {environment.installed} is in use"
    facts = facts_of(
        environment,
        "name state reason=current.reason next kernel python=current.python asked_for packages"
        " size=current.size_bytes lock=current.digest description made=created_at id",
        state=lambda _: f"{standing_of(now)} ({at})",
        next=next_step,
        asked_for=lambda _: ", ".join(line.partition(" --hash")[0] for line in now.requirements),
        packages=lambda _: len(now.packages) or "",
    )
    show_facts(facts)


def standing_of(version: Any) -> str:
    """Return the state of an environment version as users see it."""
    return "installed" if version.state == "ready" else str(version.state)


def continues_text(name: str) -> str:
    """Return what to print when Ctrl-C ends the wait for an installation."""
    return f"\nThe installation continues. Follow it with: nbyard environments log {name}"


def next_step(environment: Any) -> str:
    """Return what to do after the newest version failed; empty in other states."""
    if environment.current.state != "failed":
        return ""
    name = shlex.quote(environment.name)
    if environment.installed:
        retry = f"nbyard environments install {name} …"
        return f"Version {environment.installed} stays in use. To retry: {retry}"
    retry = f"nbyard environments create {name} PACKAGE…"
    delete = f"nbyard environments rm {name}"
    return f"Nothing is installed. To try other packages: {retry}. To delete it: {delete}"


def show_changes(page: Any) -> None:
    """Print the packages that differ between two versions of an environment."""
    for change in page.items:
        sign = "+" if not change.old else "-" if not change.new else "~"
        versions = " → ".join(filter(None, (change.old, change.new)))
        click.echo(f"{sign} {change.name} {versions}")
    if not page.items:
        print_note("No package changes.")


DEFAULT_COLUMNS = columns("default=environment set_by project")


def _needed_images(page: Any) -> None:
    head = ("image", "made from", "nodes")
    rows = []
    for image in page.items:
        source = ""
        if image.dockerfile:
            source = "Dockerfile"
        elif image.is_built:
            count = len(image.requirements.splitlines())
            packages = counted(count, "package") if count else ""
            notebooks = "notebooks" if image.for_notebooks else ""
            source = "base with " + " and ".join(filter(None, (packages, notebooks)))
        rows.append((image.dockerfile or image.base, source, ", ".join(image.nodes)))
    show_table(rows, head)


VIEWS: dict[str, Callable[[Any], None]] = {
    "environments.get": _environment,
    "environments.cancel": _environment,
    "environments.diff": show_changes,
    "workflows.images": _needed_images,
}
