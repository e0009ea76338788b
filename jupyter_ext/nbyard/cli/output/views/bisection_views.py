"""Print bisections: their changes, their probes, and the culprits."""

from collections.abc import Sequence
from typing import Any

import click

from nbyard.cli.output.console import columns, counted, show_items
from nbyard.cli.output.views.views_by_noun import facts_of, show_facts
from nbyard.domain.bisections.mixed_plans import BisectionChange
from nbyard.domain.bisections.structs import Bisection, BisectionJudge, BisectionPreview, Ending

ENDINGS: dict[Ending, str] = {
    "found": "These changes make the result bad; each of them is needed:",
    "narrowed": "These changes make the result bad; fewer of them may be enough:",
    "good-not-repeated": "The good run repeated now is not good. Something that runs do not"
    " combine has changed, such as a package of the kernel or a file outside the project.",
    "bad-not-repeated": "The bad run repeated now is not bad. Something that runs do not"
    " combine has changed, or the result is random.",
}

MAX_NAMED = 3
ONE_CHANGE = "This change makes the result bad:"


def files_text(paths: Sequence[str]) -> str:
    """Return the first of these paths on one line, with the number of the others."""
    named = ", ".join(paths[:MAX_NAMED])
    rest = len(paths) - MAX_NAMED
    return f"{named} and {rest} more" if rest > 0 else named


def change_text(change: BisectionChange) -> str:
    """Return a change on one line."""
    if change.reason:
        things = "files" if change.kind == "outside" else "packages"
        nodes = ", ".join(change.nodes)
        return (
            f"cannot be tried: {nodes}: {change.reason} (runs use the {things} of this machine now)"
        )
    if change.kind == "files":
        named = f": {files_text(change.files)}" if change.files else ""
        word = "file" if len(change.files) == 1 else "files"
        return f"{word} beside the code{named} ({', '.join(change.nodes)})"
    if change.kind == "data" and change.before and change.before == change.after:
        return f"{change.before} (input {change.name} of {', '.join(change.nodes)})"
    name = change.name if change.kind != "graph" else ", ".join(change.nodes)
    name += f" with {files_text(change.files)}" if change.files else ""
    sides = change.before or "–", change.after or "–"
    values = f": {sides[0]} → {sides[1]}" if change.before or change.after else ""
    nodes = f" ({', '.join(change.nodes)})" if change.kind not in ("graph", "code") else ""
    return f"{change.kind} {name}{values}{nodes}"


def judge_text(judge: BisectionJudge) -> str:
    """Return which runs are good."""
    if not judge.metric:
        return "a run that succeeds is good"
    side = "≥" if judge.is_higher_good else "<"
    return f"a run with {judge.node}.{judge.metric} {side} {judge.threshold:g} is good"


def show_preview(preview: BisectionPreview) -> None:
    """Print the changes and the number of runs."""
    for change in preview.changes:
        click.echo(change_text(change))
    cost = cost_text(preview.changes, preview.expected)
    click.echo(f"{cost}, at most {preview.limit}; {judge_text(preview.judge)}")


def cost_text(changes: Sequence[BisectionChange], expected: int) -> str:
    """Return how many changes a bisection tries, in about how many runs."""
    count = sum(change.reason is None for change in changes)
    return f"{counted(count, 'change')}, about {expected} runs"


def show_bisection(bisection: Bisection) -> None:
    """Print a bisection, one fact per line, with its probes and the culprits."""
    facts = facts_of(
        bisection,
        "workflow=title good_run=good_number bad_run=bad_number state judged_by runs"
        " made=created_at id",
        judged_by=lambda b: judge_text(b.judge),
        runs=lambda b: f"{len(b.probes)} of about {b.expected}",
    )
    show_facts(facts)
    show_items(bisection.probes, PROBE_COLUMNS)
    show_outcome(bisection)


def show_outcome(bisection: Bisection) -> None:
    """Print what the bisection has found."""
    if bisection.ending:
        is_one = bisection.ending == "found" and len(bisection.culprits) == 1
        click.echo(ONE_CHANGE if is_one else ENDINGS[bisection.ending])
    for place in bisection.culprits:
        click.echo(f"  {change_text(bisection.changes[place])}")
    untried = [change for change in bisection.changes if change.reason]
    if bisection.ending and bisection.ending != "found" and untried:
        click.echo("These changes were not tried, and may be the cause:")
        for change in untried:
            click.echo(f"  {change_text(change)}")
    if bisection.reason:
        click.echo(str(bisection.reason))


PROBE_COLUMNS = columns(
    "changes verdict value run=run_id",
    changes=lambda probe: len(probe.changes),
    verdict=lambda probe: probe.verdict or "…",
)
BISECTION_COLUMNS = columns(
    "workflow=title good=good_number bad=bad_number state runs changes culprits made=created_at id",
    runs=lambda b: len(b.probes),
    changes=lambda b: len(b.changes),
    culprits=lambda b: "; ".join(change_text(b.changes[place]) for place in b.culprits),
)
VIEWS: dict[str, Any] = {"bisections.get": show_bisection, "bisections.cancel": show_bisection}
