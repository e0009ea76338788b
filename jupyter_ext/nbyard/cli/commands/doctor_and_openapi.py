"""The commands `nbyard doctor` and `nbyard openapi`."""

import click

from nbyard import __version__
from nbyard.cli.output.console import chosen_server, show_json
from nbyard.cli.shared_options import connect, json_option, server_option
from nbyard.domain.doctor import Check, Diagnosis
from nbyard.errors import Unavailable
from nbyard.settings import Settings

SIGNS = {"ok": "✓", "missing": "–", "failed": "✗"}


@click.command()
@server_option
@json_option
def doctor(server: str, as_json: bool) -> None:
    """Check this installation.

    The exit code is 1 if a required part is missing.
    """
    try:
        diagnosis: Diagnosis = connect(server).system.doctor()
    except Unavailable as error:
        if chosen_server():
            raise
        from nbyard.yard import probes

        # The store of this machine cannot be opened: check the rest.
        store = Check("store", "failed", error.message, error.hint)
        probed = [probe() for probe in probes(Settings())]
        diagnosis = Diagnosis(__version__, [store, *probed])
    if as_json:
        show_json(diagnosis)
    else:
        click.echo(f"nbyard {diagnosis.version}")
        for check in diagnosis.checks:
            click.echo(f"{SIGNS[check.state]} {check.name}: {check.finding}".removesuffix(": "))
            if check.cure:
                click.echo(f"    {check.cure}")
    if any(check.state == "failed" for check in diagnosis.checks):
        raise click.exceptions.Exit(1)


@click.command(hidden=True)
def openapi() -> None:
    """Print the OpenAPI document."""
    from nbyard.rest import openapi as made

    click.echo(made.openapi_text(), nl=False)


COMMANDS: tuple[click.Command, ...] = (doctor, openapi)
