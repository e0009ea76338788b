"""Output about one attempt: usage, surroundings and notebook; estimates and forecasts of runs."""

from typing import Any

import click

from nbyard.cli.output.console import (
    columns,
    format_estimate,
    format_size,
    show_items,
    show_table,
)
from nbyard.cli.output.views.views_by_noun import (
    facts_of,
    show_facts,
    time_left,
    usual_duration_text,
)
from nbyard.domain.runs.previews.estimates import RunForecast
from nbyard.reasons.structs import reason_text

TEXT = "text/plain"


def _usage(used: Any) -> None:
    if not used.seconds:
        click.echo("Nothing was recorded.", err=True)
        return
    took = used.seconds[-1]
    facts = [
        ("attempt", f"{used.attempt}{'' if used.done else ', still at work'}"),
        ("took", format_estimate(took)),
        ("CPU time", f"{used.cpu_seconds:.1f} s"),
        ("most cores", f"{max(used.cores):.1f}"),
        ("most memory", format_size(max(used.memory_bytes))),
        ("most processes", max(used.processes)),
    ]
    for name, gpu in used.gpus.items():
        percent = [value for value in gpu.percent if value is not None]
        memory = [value for value in gpu.memory_bytes if value is not None]
        if percent:
            facts.append((f"GPU {name}", f"at most {max(percent):.0f} %"))
        if memory:
            facts.append((f"memory of GPU {name}", f"at most {format_size(max(memory))}"))
    show_facts(facts)


def _surroundings(surroundings: Any) -> None:
    used, lock, image = surroundings.environment, surroundings.lock, surroundings.image
    facts = facts_of(
        surroundings,
        "kernel interpreter environment image image_id Python packages code=code_digest"
        " folder=bundle_digest",
        environment=lambda _: f"{used.name}@{used.number}" if used else "",
        image=lambda _: image.name if image else "",
        image_id=lambda _: image.id if image else "",
        Python=lambda _: lock.python if lock else "",
        packages=lambda s: f"{len(lock.packages)}, fingerprint {s.fingerprint}" if lock else "",
    )
    show_facts([*surroundings.machine.items(), *facts])
    if lock and lock.packages:
        click.echo("")
        show_items(lock.packages, columns("package=name version"))


def _cells(progress: Any) -> None:
    if progress.notebook is None:
        click.echo("The attempt has no executed notebook.", err=True)
        return
    for cell in progress.notebook.get("cells", ()):
        if cell["cell_type"] != "code":
            continue
        # Cells that did not run have null as count.
        number = cell.get("execution_count") or " "
        click.echo(f"In [{number}]:\n{_joined(cell['source'])}")
        printed = []
        for output in cell.get("outputs", ()):
            match output["output_type"]:
                case "stream":
                    text = _joined(output["text"])
                case "error":
                    text = "\n".join(output["traceback"])
                    text = text or f"{output['ename']}: {output['evalue']}"
                case _:  # the text, or the types of an output without text
                    data = output.get("data", {})
                    text = _joined(data[TEXT]) if TEXT in data else f"({', '.join(data)})"
            printed.append(text.rstrip("\r\n"))
        if any(printed):
            click.echo("\n".join(["", *filter(None, printed)]))
        click.echo("")
    click.echo(f"{progress.done} of {progress.total} cells done", err=True)


def _joined(text: Any) -> str:
    """Return the text of a notebook field, which is one text or a list of lines."""
    return text if isinstance(text, str) else "".join(text)


def _estimate(estimate: Any) -> None:
    left = time_left(estimate)
    click.echo(left[:1].upper() + left[1:] if left else "Nothing is known.", err=not left)
    if estimate.nodes:
        show_table(
            [(node, usual_duration_text(usual)) for node, usual in estimate.nodes.items()],
            ("node", ""),
        )


VIEWS = {
    "runs.cells": _cells,
    "runs.estimate": _estimate,
    "runs.surroundings": _surroundings,
    "runs.usage": _usage,
}


def show_forecast(forecast: RunForecast) -> None:
    """Print the totals, and each node that may run with state, reason and usual duration.

    Maps have their numbers of elements. Hints about missing packages follow.
    """
    click.echo(forecast_text(forecast))
    maps = ["elements"] if any(node.elements is not None for node in forecast.nodes) else []
    rows = [
        (
            node.node,
            "runs" if node.state == "stale" else node.state,
            *("" if node.elements is None else f"{node.elements:,}" for _ in maps),
            reason_text(node.reason),
            usual_duration_text(node.usual),
        )
        for node in forecast.nodes
        if node.state != "cached"
    ]
    if rows:
        show_table(rows, ("node", "state", *maps, "because", ""))
    for node in forecast.nodes:
        for hint in node.hints:
            click.echo(f"{node.node}: {hint}")


def forecast_text(forecast: RunForecast) -> str:
    """Return `3 cached, up to 2 will run, about 4 min, waits for 1 of 1 GPU (0 free)`."""
    parts = [f"{forecast.cached} cached"] if forecast.cached else []
    parts.append(f"{'up to ' if forecast.is_maximum else ''}{forecast.to_run} will run")
    if forecast.seconds:
        parts.append(f"about {format_estimate(forecast.seconds)}")
    if forecast.waits:
        parts.append(reason_text(forecast.waits))
    return ", ".join(parts)
