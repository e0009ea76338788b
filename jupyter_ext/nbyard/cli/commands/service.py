"""Commands for the systemd user unit that starts the dispatcher after a reboot."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.shared_options import json_option
from nbyard.errors import Unavailable
from nbyard.host import user_unit
from nbyard.host.user_unit import DispatcherStart, unit_text
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
    user_unit.check_session()
    start.store.mkdir(mode=0o700, parents=True, exist_ok=True)  # systemd opens the log in it
    is_changed = user_unit.write(unit_text(start), start.store, force)
    # systemd reads a changed unit file only after this.
    user_unit.systemctl("daemon-reload")
    user_unit.systemctl("enable", user_unit.NAME)
    user_unit.systemctl("restart" if is_changed else "start", user_unit.NAME)
    click.echo(f"{user_unit.unit_path()}: {'written' if is_changed else 'unchanged'}, enabled")
    if not user_unit.lingers():
        print_note(user_unit.linger_hint())


@click.command()
@FORCE
def remove(force: bool) -> None:
    """Delete the systemd user unit; running tasks continue."""
    settings = Settings()
    unit = user_unit.unit_state(settings.store_path)
    if unit.state == "missing":
        click.echo(f"{unit.path}: {TEXTS['missing']}")
        return
    user_unit.check_owned(settings.store_path, force)
    try:
        user_unit.check_session()
    # Without a running user manager of systemd, there is no unit to stop.
    except Unavailable:
        user_unit.remove()
    else:
        user_unit.systemctl("disable", "--now", user_unit.NAME)
        user_unit.remove()
        user_unit.systemctl("daemon-reload")
    click.echo(f"{unit.path}: deleted")
    if settings.store_path.is_dir():  # replace the dispatcher that stopped with its unit
        Yard.open(settings).close()


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show whether a systemd user unit starts the dispatcher."""
    unit = user_unit.unit_state(Settings().store_path)
    active = "" if unit.state == "missing" else user_unit.active_state(user_unit.NAME)
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
