"""Commands for the systemd user unit that starts the dispatcher after a reboot."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.shared_options import json_option
from nbyard.errors import Unavailable
from nbyard.host.user_unit import systemctl, unit_file
from nbyard.host.user_unit.dispatcher_start import DispatcherStart
from nbyard.host.user_unit.unit_text import cron_line, unit_text
from nbyard.settings import Settings
from nbyard.yard import Yard

FORCE = click.option("--force", is_flag=True, help="Also if the unit was edited by hand.")
WITH_SECRETS = click.option(
    "--environment-file",
    "secrets",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with variables that contain secrets; mode 600.",
)
TEXTS = {
    "missing": "not installed",
    "installed": "installed",
    "edited": "edited by hand",
    "other-store": "installed for another store",
}


@click.command()
@WITH_SECRETS
@FORCE
def install(secrets: Path | None, force: bool) -> None:
    """Start the dispatcher after a reboot, by a systemd user unit.

    The unit has the NBYARD_* settings of this shell. Repeat the command after a change of them.
    """
    settings = Settings()
    start = DispatcherStart.of_this_process(settings, secrets)
    try:
        systemctl.check_session()
    except Unavailable as error:
        hint = (
            "Without systemd, cron can start the dispatcher. Add this line with crontab"
            f" -e:\n{cron_line(start)}"
        )
        raise Unavailable(error.reason, hint=hint) from None
    start.store.mkdir(mode=0o700, parents=True, exist_ok=True)  # systemd opens the log in it
    is_changed = unit_file.write(unit_text(start), start.store, force)
    # systemd reads a changed unit file only after this.
    systemctl.systemctl("daemon-reload")
    systemctl.systemctl("enable", unit_file.NAME)
    systemctl.systemctl("restart" if is_changed else "start", unit_file.NAME)
    click.echo(f"{unit_file.unit_path()}: {'written' if is_changed else 'unchanged'}, enabled")
    if not unit_file.lingers():
        print_note(unit_file.linger_hint())


@click.command()
@FORCE
def remove(force: bool) -> None:
    """Delete the systemd user unit; running tasks continue."""
    settings = Settings()
    unit = unit_file.unit_state(settings.store_path)
    if unit.state == "missing":
        click.echo(f"{unit.path}: {TEXTS['missing']}")
        return
    unit_file.check_ours(settings.store_path, force)
    try:
        systemctl.check_session()
    # Without a running user manager of systemd, there is no unit to stop.
    except Unavailable:
        unit_file.remove()
    else:
        systemctl.systemctl("disable", "--now", unit_file.NAME)
        unit_file.remove()
        systemctl.systemctl("daemon-reload")
    click.echo(f"{unit.path}: deleted")
    if settings.store_path.is_dir():  # replace the dispatcher that stopped with its unit
        Yard.open(settings).close()


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show whether a systemd user unit starts the dispatcher."""
    unit = unit_file.unit_state(Settings().store_path)
    active = "" if unit.state == "missing" else systemctl.active_state(unit_file.NAME)
    if as_json:
        show_json(msgspec.to_builtins(unit) | {"active": active})
        return
    lines = [f"unit      {unit.path}", f"state     {TEXTS[unit.state]}"]
    if unit.store:
        lines.append(f"store     {unit.store}")
    if unit.state != "missing":
        starts = "at boot" if unit.lingers else "when you sign in"
        lines.append(f"starts    {starts if unit.is_enabled else 'never: it is disabled'}")
        lines.append(f"systemd   {active or 'does not respond'}")
    click.echo("\n".join(lines))


COMMANDS: tuple[click.Command, ...] = (install, remove, status)
