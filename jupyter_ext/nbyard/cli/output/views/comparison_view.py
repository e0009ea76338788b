"""Output of compared runs: sections of differences, and causes of a difference."""

from collections.abc import Callable, Sequence
from typing import Any

import click
import msgspec

from nbyard.cli.output.console import format_number, format_size, show_table
from nbyard.cli.output.views.views_by_noun import VIEWS as BY_NOUN
from nbyard.domain.comparison.facts import CodeVersion, InputFile, OutputFile
from nbyard.domain.comparison.structs import (
    Explanation,
    MetricHistory,
    OutputComparison,
    RunComparison,
)
from nbyard.domain.executables.code_diffs import diff_lines
from nbyard.domain.runs.structs import Run

ABSENT = "–"
MARKS = {"added": "+", "removed": "-", "changed": "~"}
LINE_MARKS = {"added": "+", "removed": "-", "same": " ", "place": "@"}


def show_comparison(comparison: RunComparison) -> None:
    """Print each section that has differences, and how many items are equal."""
    for run in comparison.runs:
        _print(f"run {run.number}  {run.state}  {run.title} {run.name}".rstrip())
    heads = [_named(run) for run in comparison.runs]
    packages = [package for place in comparison.environment for package in place.packages]
    commits = [_text(run.git) for run in comparison.runs]
    starts = [
        f"{run.started_at.astimezone():%Y-%m-%d %H:%M:%S}" if run.started_at else ABSENT
        for run in comparison.runs
    ]
    sections: dict[str, list[Sequence[Any]]] = {
        "Parameters": [(_at(r.node, r.name), *map(_text, r.values)) for r in comparison.parameters],
        "Inputs": [(_at(r.node, r.name), *map(_text, r.files)) for r in comparison.inputs],
        "Metrics": [(_at(r.node, r.name), *map(_text, r.values)) for r in comparison.metrics],
        "Outputs": [(_at(r.node, r.name), *map(_text, r.files)) for r in comparison.outputs],
        "Commit": [("commit", *commits)] if len({*commits}) > 1 else [],
        "Code": [
            (name, *map(_text, row.versions)) for row in comparison.code for name in row.shown_names
        ],
        "Environment": [
            (", ".join(row.nodes), *map(_text, row.names))
            for row in comparison.environment
            if row.has_shown_names
        ],
        "Packages": [(package.name, *map(_text, package.versions)) for package in packages],
        "Timing": [
            *([("started", *starts)] if len({*starts}) > 1 else []),
            *(
                (
                    row.node or "run",
                    *(
                        "cached" if cached else _text(seconds and f"{seconds:.1f} s")
                        for seconds, cached in zip(row.seconds, row.cached, strict=True)
                    ),
                )
                for row in comparison.timing
            ),
        ],
    }
    for title, rows in sections.items():
        if rows:
            click.echo("")
            show_table(rows, (title, *heads))
    equal = msgspec.structs.asdict(comparison.equal)
    same = ", ".join(
        f"{count} {name.removesuffix('s') if count == 1 else name}"
        for name, count in equal.items()
        if count
    )
    if same:
        click.echo(f"\nEqual: {same}", err=True)


def show_explanation(explanation: Explanation) -> None:
    """Print the results that differ, then the causes, nearest first."""
    if not explanation.results:
        click.echo(explanation.sentence)
        return
    rows = [
        (_at(r.node, r.name or r.kind), _text(r.before), _text(r.after))
        for r in explanation.results
    ]
    show_table(rows, ("result", _named(explanation.old), _named(explanation.new)))
    click.echo("")
    for cause in explanation.causes:
        where = f" in {cause.name}" if cause.code else ""
        if cause.kind == "environment" and cause.before != cause.after:
            where = f" ({cause.before} → {cause.after})"
        _print(f"{cause.node}: {cause.reason}{where}")
        if cause.kind == "code":
            for line in diff_lines(cause.before or "", cause.after or ""):
                if line.kind != "place":
                    _print(f"    {LINE_MARKS[line.kind]} {line.text}")


def show_history(history: MetricHistory) -> None:
    """Print a line for each run with its metrics."""
    heads = [_at(series.node, series.name) for series in history.series]
    rows = [
        (run.number, run.created_at, *(_text(series.values[at]) for series in history.series))
        for at, run in enumerate(history.runs)
    ]
    show_table(rows, ("run", "started", *heads))


def show_output(comparison: OutputComparison) -> None:
    """Print what differs between two outputs."""
    if comparison.same:
        click.echo("Equal bytes.")
    rows = [
        (column.name, column.change, ", ".join(column.differs))
        for column in comparison.columns
        if column.change != "same"
    ]
    if comparison.rows:
        click.echo(f"rows: {' → '.join(map(str, comparison.rows))}")
    if rows:
        show_table(rows, ("column", "change", "differs"))
    for file in comparison.files:
        _print(f"{MARKS[file.change]} {file.path}")
    for line in comparison.lines:
        _print(f"{LINE_MARKS[line.kind]} {line.text}")
    if comparison.note:
        click.echo(str(comparison.note), err=True)


def _named(run: Run) -> str:
    return f"run {run.number}"


def _at(node: str, name: str) -> str:
    return f"{node}.{name}" if node else name


def _text(value: Any) -> str:
    """Return a value for a column; of a digest, its first characters."""
    match value:
        case None:
            return ABSENT
        case OutputFile():
            return f"{_text(value.compared)} {format_size(value.size_bytes)}"
        case InputFile():
            return f"{_text(value.digest)} {value.origin}"
        case CodeVersion():
            return f"version {value.number}"
    text = str(format_number(value))
    if text.startswith("sha256:"):
        return text[7:15]
    return text if len(text) <= 40 else f"{text[:39]}…"


def _print(text: str) -> None:
    click.echo(text)


VIEWS: dict[str, Callable[[Any], None]] = {
    "runs.compare_input": show_output,
    "runs.compare_code": BY_NOUN["executables.diff"],
    "runs.compare_output": show_output,
    "runs.metric_history": show_history,
}
