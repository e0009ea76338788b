"""`nbyard doctor` and `nbyard openapi`."""

import click

from nbyard.cli.by_hand import json_option, server_option
from nbyard.cli.output import show_json

SIGNS = {"ok": "✓", "missing": "–", "failed": "✗"}


@click.command()
@server_option
@json_option
def doctor(server: str, as_json: bool) -> None:
    """Check this installation; the exit code is 1 when something needed is missing."""
    from nbyard.discover import connect

    diagnosis = connect(server).system.doctor()
    if as_json:
        show_json(diagnosis)
    else:
        click.echo(f"nbyard {diagnosis.version}")
        for check in diagnosis.checks:
            click.echo(f"{SIGNS[check.state]} {check.name}: {check.message}")
            if check.cure:
                click.echo(f"    {check.cure}")
    if any(check.state == "failed" for check in diagnosis.checks):
        raise click.exceptions.Exit(1)


@click.command(hidden=True)
def openapi() -> None:
    """Print the OpenAPI document."""
    from nbyard.rest import openapi as made

    click.echo(made.text(), nl=False)
