"""Output of a forecast: what would run, and why."""

import click

from nbyard.cli.output.console import format_estimate, show_table
from nbyard.cli.output.views.views_by_noun import usual_duration_text
from nbyard.domain.runs.previews.forecasts import RunForecast
from nbyard.reasons.structs import reason_text


def show_forecast(forecast: RunForecast) -> None:
    """Print the totals, and each node that may run with state, reason and usual duration.

    Hints about missing packages follow.
    """
    click.echo(forecast_text(forecast))
    rows = [
        (
            node.node,
            "unknown" if node.state == "unknown" else "runs",
            reason_text(node.reason),
            usual_duration_text(node.usual),
        )
        for node in forecast.nodes
        if node.state != "cached"
    ]
    if rows:
        show_table(rows, ("node", "state", "because", ""))
    for node in forecast.nodes:
        for hint in node.hints:
            click.echo(f"{node.node}: {hint}")


def forecast_text(forecast: RunForecast) -> str:
    """Return `3 cached, up to 2 will run, about 4 min, waits for 1 of 1 GPUs (0 free)`."""
    parts = [f"{forecast.cached} cached"] if forecast.cached else []
    parts.append(f"{'up to ' if forecast.is_maximum else ''}{forecast.to_run} will run")
    if forecast.seconds:
        parts.append(f"about {format_estimate(forecast.seconds)}")
    if forecast.waits:
        parts.append(reason_text(forecast.waits))
    return ", ".join(parts)
