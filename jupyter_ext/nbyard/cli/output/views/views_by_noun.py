"""Output for people; `--json` prints everything."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

import click

from nbyard.cli.output.console import (
    cell_text,
    columns,
    counted,
    format_duration,
    format_estimate,
    format_number,
    format_size,
    print_note,
    show_table,
)
from nbyard.domain.arguments.structs import type_words
from nbyard.domain.automations.sentences import cause_reason
from nbyard.domain.parsing.canonical_json import canonical
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, joined, reason_text, separate

View = Callable[[Any], None]
MARKS = {"added": "+", "removed": "-", "place": "@", "same": " "}
FILE_MARKS = {"added": "+", "removed": "-", "changed": "~"}
VERSION_FACTS = columns("rows columns size=size_bytes format digest")
CELL = 40
MOST_SHOWN = 500  # characters of a parameter
WHY_NOT_KEPT = {
    "too-large": "the task wrote more bytes than are kept (setting max_other_bytes)",
    "too-many": "the task wrote more files than are kept (setting max_other_files)",
    "no-room": "the disk of the store was full",
    "ignored": "a rule of code bundles excludes it",
    "link": "it is a link, or no ordinary file",
    "name": "its name cannot be used elsewhere",
    "secret": "it holds a credential of the run",
    "unreadable": "it could not be read",
    "above": "write it below the folder of the code, or declare it as an output",
}


def show_facts(facts: Iterable[tuple[str, Any]]) -> None:
    """Print one fact per line, without empty ones. Moments are shown by their age."""
    known = [(name, text) for name, value in facts if (text := cell_text(value))]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        click.echo(f"{name.ljust(width)}  {value}")


def facts_of(item: Any, fields: str, **readers: Callable[[Any], Any]) -> list[tuple[str, Any]]:
    """Return facts of an item, whose `fields` are written as those of `columns`."""
    return [(title, read(item)) for title, read in columns(fields, **readers).items()]


def short_value(value: Any) -> str:
    """Return a text as it is and other values as JSON, long ones cut."""
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def _artifact(artifact: Any) -> None:
    of_type = []
    if metadata := artifact.type:
        of_type = [
            ("media type", metadata.media_type),
            ("frame", f"{metadata.frame}, {metadata.rows} rows" if metadata.frame else ""),
            ("columns", ", ".join(f"{name} ({kind})" for name, kind in metadata.columns)),
            ("array", f"{metadata.dtype} {metadata.shape}" if metadata.dtype else ""),
        ]
    output = f"{artifact.node}.{artifact.name}"
    own = facts_of(artifact, "file=filename output format", output=lambda _: output)
    rest = facts_of(artifact, "size=size_bytes digest made=created_at id")
    show_facts([*own, *of_type, *rest])


def _rows(page: Any) -> None:
    head = [f"{column.name} ({column.type})" for column in page.columns]
    show_table([[short_value(cell) for cell in row] for row in page.rows], head)
    total = "?" if page.total is None else page.total
    last = page.offset + len(page.rows)
    shown = f"rows {page.offset + 1} to {last} of {total}" if page.rows else f"no rows of {total}"
    click.echo(shown, err=True)
    _warn(page.warnings)


def _warn(warnings: Iterable[Reason]) -> None:
    for warning in warnings:
        click.echo(str(warning), err=True)


def _profile(profile: Any) -> None:
    head = ("column", "type", "values", "nulls", "distinct", "min", "mean", "max", "most frequent")
    rows = [
        (
            *(c.name, c.type, c.count, c.nulls, c.distinct),
            *(short_value(c.min), short_value(c.mean), short_value(c.max)),
            ", ".join(f"{short_value(top.value)} {top.count}" for top in c.top[:3]),
        )
        for c in profile.columns
    ]
    show_table(rows, head)
    _warn(profile.warnings)


def show_version_comparison(comparison: Any) -> None:
    """Print two versions of a dataset side by side."""
    rows = [
        (fact, _then_and_now(read(comparison.old), read(comparison.new)))
        for fact, read in VERSION_FACTS.items()
    ]
    show_facts([("version", f"{comparison.old.number} → {comparison.new.number}"), *rows])
    if comparison.same or comparison.note:
        note = reason_text(comparison.note)
        click.echo(note or "The bytes are the same.", err=True)
    if comparison.columns:
        from nbyard.domain.datasets.comparisons import FIGURES

        click.echo("")
        changes = []
        for column in comparison.columns:
            change = "" if column.change == "same" else column.change
            both = (column.old, column.new)
            pairs = ([short_value(getattr(of, name, None)) for of in both] for name in FIGURES)
            figures = [_then_and_now(*pair) for pair in pairs]
            changes.append((column.name, change, *figures))
        head = ("column", "", "type", "values", "nulls", "distinct", "min", "mean", "max")
        show_table(changes, head)
    for file in comparison.files:
        sizes = _then_and_now(format_size(file.old_bytes), format_size(file.new_bytes))
        click.echo(f"{FILE_MARKS[file.change]} {file.path}  {sizes}")
    if comparison.file_changes > len(comparison.files):
        click.echo(f"and {comparison.file_changes - len(comparison.files)} more files", err=True)


def _then_and_now(old: Any, new: Any) -> str:
    known = [str(value) for value in (old, new) if value not in (None, "")]
    return " → ".join(dict.fromkeys(known))


def _executable(executable: Any) -> None:
    from nbyard.domain.runs.previews.command_lines import draft_of, preview_command

    now = executable.current
    draft, line = draft_of(now), ""
    if draft is not None:
        try:
            line = preview_command(draft).line
        except Invalid as error:
            line = f"none yet: {error.message}"
    facts = facts_of(
        executable,
        "name kind version=current.number warning=current.not_reproducible follows=path"
        " command_line description made=created_at id",
        kind=lambda _: " ".join(filter(None, (now.kind, now.language))),
        command_line=lambda _: line,
    )
    show_facts(facts)
    _arguments(now.arguments, executable.hints)


def show_registered(made: Any) -> None:
    """Print the arguments of a new executable, the hints about its code, and its ID."""
    for argument in made.current.arguments:
        print_note(f"  {argument.role:6}  {argument.name}  {type_words(argument)}")
    for hint in made.hints:
        print_note(f"! {hint!s}")
    click.echo(made.id)


def show_inspection(inspection: Any) -> None:
    """Print what a file declares: its kind and its arguments."""
    kind = " ".join(filter(None, (inspection.kind, inspection.language)))
    show_facts([("name", inspection.name), ("kind", kind), ("kernel", inspection.kernel)])
    _arguments(inspection.arguments, inspection.hints)


def _arguments(arguments: Any, hints: Any) -> None:
    from msgspec import UNSET

    if arguments:
        click.echo("")
        head = ("argument", "role", "type", "default", "help")
        rows = []
        for argument in arguments:
            default = "" if argument.default is UNSET else short_value(argument.default)
            rows.append(
                (argument.name, argument.role, type_words(argument), default, argument.help)
            )
        show_table(rows, head)
    for hint in hints:
        click.echo(str(hint), err=True)


def _diff(diff: Any) -> None:
    click.echo(f"version {diff.old} → {diff.new}", err=True)
    for line in diff.lines:
        click.echo(f"{MARKS[line.kind]} {line.text}")
    if diff.hint:
        click.echo(str(diff.hint), err=True)


def show_run_facts(run: Any, shown: Collection[Reason | None] = (), source: str = "") -> None:
    """Print a run, without the reasons that are shown below.

    `source` names the automation that started it, if it is known.
    """
    key = source if source and run.origin.id == run.origin.source_id else run.origin.id
    # The reason of a run may join those of its tasks, which stand in the table below.
    reasons = [reason for reason in separate(run.reason) if reason not in shown]
    asked = run.cancel_requested_at and run.state in ("queued", "running")
    facts = facts_of(
        run,
        "run title reason state origin person=origin.person commit=git cause took"
        " started=created_at parameters tags kept id",
        run=lambda r: f"{r.number} {r.name}".strip(),
        reason=lambda _: joined(reasons),
        state=lambda r: r.state + (", is to be cancelled" if asked else ""),
        origin=lambda r: f"{r.origin.kind} {key}".strip(),
        cause=lambda r: cause_reason(r.origin.cause) if r.origin.cause else "",
        took=lambda r: format_duration(r.started_at, r.finished_at),
        parameters=lambda r: _parameters(r.parameters),
        kept=lambda r: "yes" if r.kept else "",
    )
    show_facts(facts)


def _parameters(values: Mapping[str, Any]) -> str:
    """Return the values of parameters as JSON, long ones cut."""
    texts = {json.dumps(name): json.dumps(value) for name, value in values.items()}
    shown = [
        f"{name}: {text}"
        if len(text) <= MOST_SHOWN
        else f"{name}: {text[:MOST_SHOWN]}… ({len(text):,} characters, see --json)"
        for name, text in texts.items()
    ]
    return f"{{{', '.join(shown)}}}" if shown else ""


def show_run(detail: Any, estimate: Any) -> None:
    """Print a run with its tasks and the usual durations of unfinished ones."""
    show_run_facts(detail.run, [task.reason for task in detail.tasks], detail.source_text)
    if left := time_left(estimate):
        click.echo(f"left        {left}")
    click.echo("")
    _show_tasks(detail.run.number, detail.tasks, estimate.nodes)
    for node, mode in sorted(detail.modes.items()):
        click.echo(f"{mode.capitalize()}: {node}")
    for task in detail.tasks:
        for link in (link for attempt in task.attempts for link in attempt.links):
            link_text = f"{link.path} ({'answers' if link.answers else 'not responding'})"
            click.echo(f"Monitor {task.node} {link.name}: {link.reason or link_text}")
        for artifact in task.artifacts:
            if verdict := artifact.type and artifact.type.verdict:
                broken = f"{len(verdict.breaches)} of {verdict.rules} rules broken"
                kept = f"{verdict.rules} rules kept"
                outcome = broken if verdict.breaches else kept
                click.echo(f"Contract {task.node}.{artifact.name}: {outcome}")


def time_left(estimate: Any) -> str:
    """Return the estimated rest of a run; empty if unknown."""
    if estimate.remaining_seconds is None:
        return ""
    some = f"; {counted(estimate.unknown, 'task')} without an estimate" if estimate.unknown else ""
    return f"about {format_estimate(estimate.remaining_seconds)}{some}"


def usual_duration_text(usual: Any, state: str = "queued") -> str:
    """Return `usually 3 min (last 5 runs), starts in about 2 h`; empty if unknown."""
    if usual is None:
        return ""
    waits = state == "queued" and (usual.starts_in_seconds or 0) >= 1
    runs = "last run" if usual.samples == 1 else f"last {usual.samples} runs"
    took = format_estimate(usual.seconds) if usual.seconds >= 1 else "under a second"
    begins = f", starts in about {format_estimate(usual.starts_in_seconds)}" if waits else ""
    return f"usually {took} ({runs}){begins}"


def _tasks(page: Any) -> None:
    _show_tasks(page.run.number, page.items, {})
    if page.next:
        click.echo(f"More: --after {page.next}", err=True)


def _show_tasks(number: int, tasks: Any, usual: Any) -> None:
    rows = []
    for task in tasks:
        state = "cached" if task.cached else task.state
        took = format_duration(task.started_at, task.finished_at)
        used = task.environment
        environment = f"{used.name}@{used.number}" if used else ""
        place = f"place {task.place}" if task.place else ""
        reasons = (place, task.why, usual_duration_text(usual.get(task.node), task.state))
        reason = "; ".join(filter(None, reasons))
        rows.append((task.title, state, took, len(task.attempts), environment, reason))
    show_table(rows, ("node", "state", "took", "attempts", "environment", "reason"))
    for task in tasks:
        if task.warning:
            click.echo(f"! {task.title}: {task.warning}")
        for line in other_file_lines(number, task):
            click.echo(line)


def other_file_lines(number: int, task: Any) -> Iterator[str]:
    """Yield lines about the files that a task wrote beside its declared outputs."""
    others = task.other_files
    if others is None:
        return
    if others.count:
        what, size = counted(others.count, "file"), format_size(others.size_bytes)
        how = f"nbyard runs files {number} --node {task.node} --save DIR"
        yield f"{task.node} wrote {what} beside its outputs ({size}). To save them: {how}"
    for line in left_out_lines(others.left_out, others.more):
        yield f"{task.node}: {line}"


def left_out_lines(left_out: Iterable[Any], more: int) -> Iterator[str]:
    """Yield a line for each file that was written but not stored, and one for `more` files."""
    for file in left_out:
        of = f" ({format_size(file.size_bytes)})" if file.size_bytes else ""
        yield f"{file.path}{of} was not kept: {WHY_NOT_KEPT[file.why]}"
    if more:
        yield f"{counted(more, 'more file')} not kept"


def show_nodes(page: Any) -> None:
    """Print the nodes of a workflow, then their problems."""
    head = ("node", "kind", "executable", "runtime", "image", "outputs", "after")
    rows = []
    for node in page.items:
        is_built = node.kind == "container" and not node.image and not node.problem
        image = f"built of {node.executable}" if is_built else node.image
        outputs = [f"{name} ({of})" for name, of in node.outputs.items()]
        facts = (node.node, node.kind, node.executable, node.runtime, image, outputs, node.after)
        rows.append(facts)
    show_table(rows, head)
    for node in page.items:
        if node.problem:
            click.echo(f"{node.node}: {node.problem}", err=True)


def show_changes(changes: Iterable[Any]) -> None:
    """Print what differs between two versions of a workflow."""
    for change in changes:
        values = [canonical(value).strip() for value in (change.old, change.new)]
        value = " → ".join(values) if change.kind == "changed" else ""
        click.echo(f"{FILE_MARKS[change.kind]} {'.'.join(change.place)} {value}".rstrip())


def show_metrics(metrics_by_node: Any) -> None:
    """Print one metric per line."""
    head = ("node", "metric", "points", "step", "last", "least", "largest")
    rows = []
    for node, node_metrics in metrics_by_node.items():
        for metric in node_metrics.metrics:
            numbers = [value for value in metric.values if not isinstance(value, str)]
            ends = (min(numbers), max(numbers)) if numbers else ("", "")
            step = metric.steps[-1] if metric.steps else ""
            rows.append(
                (node, metric.name, metric.count, *map(format_number, (step, metric.last, *ends)))
            )
    show_table(rows, head)


def _suggestion(suggestion: Any) -> None:
    click.echo(suggestion.name)
    if suggestion.taken:
        click.echo(suggestion.taken, err=True)


SHOWN_AFTER = ("cancel", "cancel_element", "keep", "retry", "retry_elements", "unkeep")
VIEWS: dict[str, View] = {
    "artifacts.get": _artifact,
    "artifacts.preview": _rows,
    "artifacts.suggest": _suggestion,
    "datasets.preview": _rows,
    "datasets.profile": _profile,
    "executables.get": _executable,
    "executables.diff": _diff,
    "executables.help": show_inspection,
    "executables.inspect": show_inspection,
    "executables.export": lambda exported: click.echo(exported.text, nl=False),
    "runs.tasks": _tasks,
    **{f"runs.{verb}": show_run_facts for verb in SHOWN_AFTER},
    "workflows.compare": lambda compared: show_changes(compared.changes),
    "workflows.restore": lambda version: click.echo(f"Restored as version {version.number}."),
    "workflows.show": show_nodes,
}
