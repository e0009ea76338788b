"""Output of a forecast: what would run, and why."""

import click

from nbyard.cli.output.console import format_estimate, show_table
from nbyard.cli.output.views_by_noun import usual_duration_text
from nbyard.domain.runs.forecasts import RunForecast
from nbyard.reasons.structs import reason_text


def show_forecast(found: RunForecast) -> None:
    """Print the totals, and each node that may run with state, reason and usual duration."""
    click.echo(forecast_text(found))
    rows = [
        (
            one.node,
            "unknown" if one.state == "unknown" else "runs",
            reason_text(one.reason),
            usual_duration_text(one.usual),
        )
        for one in found.nodes
        if one.state != "cached"
    ]
    if rows:
        show_table(rows, ("node", "state", "because", ""))


def forecast_text(found: RunForecast) -> str:
    """Return `3 cached, up to 2 will run, about 4 min, waits for 1 of 1 GPUs (0 free)`."""
    parts = [f"{found.cached} cached"] if found.cached else []
    parts.append(f"{'up to ' if found.is_maximum else ''}{found.to_run} will run")
    if found.seconds:
        parts.append(f"about {format_estimate(found.seconds)}")
    if found.waits:
        parts.append(reason_text(found.waits))
    return ", ".join(parts)
