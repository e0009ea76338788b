"""Print rules of clean-ups, and what they would delete."""

from typing import Any

import click

from nbyard.cli.output.console import columns, counted, format_size, show_items
from nbyard.domain.runs.clean_up import CleanUpPreview, CleanUpRules, Retention, ShownRun
from nbyard.domain.runs.retention import ProjectRetention, RetentionPreview


def rules_text(rules: CleanUpRules) -> str:
    """Return the rules as the end of a sentence."""
    parts = []
    if rules.older_than_days is not None:
        parts.append(f"that finished at least {rules.older_than_days:g} days ago")
    if rules.keep is not None:
        parts.append(f"that are not the newest {rules.keep} of their workflow")
    if rules.states:
        parts.append(f"that are {' or '.join(rules.states)}")
    if rules.max_bytes is not None:
        parts.append(f"until all outputs fit into {format_size(rules.max_bytes)}, the oldest first")
    if rules.workflow:
        parts.append(f"of {rules.workflow}")
    return ", ".join(parts)


def show_preview(preview: CleanUpPreview) -> None:
    """Print what a clean-up would delete and what is protected."""
    _show_runs(preview.runs, preview.count)
    click.echo(f"{counted(preview.count, 'run')} to delete, which frees {_freed_size(preview)}.")
    if preview.protected_count:
        click.echo(f"{counted(preview.protected_count, 'run')} protected:")
        _show_runs(preview.protected, preview.protected_count)


def show_policy_effect(name: str, preview: CleanUpPreview, is_push: bool) -> None:
    """Print what a policy deletes after a push, or would delete without `is_push`."""
    deletes, frees = ("deletes", "frees") if is_push else ("would delete", "would free")
    text = f"Policy {name} {deletes} no run now."
    if preview.count:
        count, size = counted(preview.count, "run"), _freed_size(preview)
        text = f"Policy {name} {deletes} {count} within a minute after a push. It {frees} {size}."
    click.echo(text)


def _freed_size(preview: CleanUpPreview) -> str:
    return format_size((preview.freed_bytes or 0) + (preview.record_bytes or 0))


def show_retention(retention: Retention) -> None:
    """Print the rules of the daily clean-up."""
    if retention.rules is None:
        click.echo("No daily clean-up. Finished runs stay until you delete them.")
    else:
        click.echo(f"Every day, nbyard deletes runs {rules_text(retention.rules)}.")


def show_policies(retention: ProjectRetention) -> None:
    """Print the policies of a project."""
    if not retention.policies:
        click.echo("No retention policies. Rules for all runs apply: nbyard runs retention")
    for policy in retention.policies:
        text = f"{policy.name}: deletes runs {rules_text(policy.rules.as_clean_up)}."
        click.echo(text)


def show_retention_preview(preview: RetentionPreview) -> None:
    """Print what each policy would delete."""
    if not preview.policies:
        click.echo("No daily clean-up. Finished runs stay until you delete them.")
    for policy in preview.policies:
        name = f"{policy.project}, {policy.name}" if policy.project else "All runs"
        text = f"{name}: runs {rules_text(policy.rules)}"
        click.secho(text, bold=True)
        show_preview(policy.preview)


def _show_runs(runs: list[ShownRun], count: int) -> None:
    if runs:
        fields = "number state title finished=finished_at protected_because=protection"
        show_items(runs, columns(fields))
    if count > len(runs):
        click.echo(f"… and {count - len(runs)} newer ones")


VIEWS: dict[str, Any] = {
    "projects.retention": show_policies,
    "runs.preview_retention": show_retention_preview,
}
