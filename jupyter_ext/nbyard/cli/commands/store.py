"""Commands that back up, restore and migrate the store of this machine."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import click
import msgspec

from nbyard.backup.restoring import folder_of_parts, restore_backup, try_backup
from nbyard.backup.writing import Header, Totals, write_backup
from nbyard.cli.commands.datasets import upload_file
from nbyard.cli.output.console import format_size, print_note, show_json
from nbyard.cli.shared_options import json_option
from nbyard.client import OwnServer
from nbyard.discover import connect_here
from nbyard.errors import Conflict, NotFound, Unavailable
from nbyard.settings import Settings
from nbyard.store import Store
from nbyard.store.migrate import revisions, schema_before

# No server option: files of another machine cannot be read from here.
ARCHIVE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
SAME_ID = (
    "The next nbyard command starts the automations and deployments of the restored store."
    " Do not start the former store again: both have the same ID, and would remove each"
    " other's containers."
)
MOVE_SECONDS = 3600.0
NEW_ID = (
    "Automations, backfills and bisections of the restored store are off. The next nbyard"
    " command starts its deployments and repeats its active runs."
)


@click.command()
@ARCHIVE
@click.option(
    "--with-key", is_flag=True, help="Include the key of secrets: keep FILE as safe as it."
)
@json_option
def backup(file: Path, with_key: bool, as_json: bool) -> None:
    """Write a backup of the store to FILE, also during runs.

    FILE is a tar archive; with a name that ends with .gz or .tgz, it is compressed.
    """
    settings = Settings()
    store = Store(settings.store_path, settings.database_url)
    try:
        totals = write_backup(store, file.absolute(), with_key)
        with store.read() as c:
            lacks_key = store.credentials.needs_key(c) and not totals.has_key
    finally:
        store.close()
    if as_json:
        show_json(totals)
        return
    click.echo(f"{file}: {_counts(totals)}")
    if lacks_key:
        print_note(
            f"The backup cannot decrypt secrets. Keep {store.folder / 'crypt.key'} elsewhere,"
            " or use --with-key."
        )


@click.command()
@ARCHIVE
@click.option("--dry-run", is_flag=True, help="Restore into a temporary folder, then delete it.")
@click.option(
    "--new-id/--same-id",
    "has_new_id",
    default=None,
    help="A second store beside the former one, or its replacement.",
)
@json_option
def restore(file: Path, dry_run: bool, has_new_id: bool | None, as_json: bool) -> None:
    """Restore a backup into an empty store and an empty database.

    The settings store_dir and database_url name them. A backup of SQLite can be restored into
    PostgreSQL, and the other way round.

    If the former store is still on this machine, choose --new-id or --same-id. With --new-id,
    automations, backfills and bisections are off. The next nbyard command starts the
    deployments, in containers of their own, and repeats active runs.
    """
    settings = Settings()
    if dry_run:
        header, totals = try_backup(file)
    else:
        header, totals = restore_backup(
            file, settings.store_path, settings.database_url, has_new_id
        )
    if as_json:
        show_json({"header": msgspec.to_builtins(header), "totals": msgspec.to_builtins(totals)})
    elif dry_run:
        click.echo(f"The backup can be restored: {_counts(totals)}, {_origin(header)}")
    else:
        click.echo(f"{settings.store_path}: {_counts(totals)}, {_origin(header)}")
    if not dry_run:
        print_note(NEW_ID if has_new_id else SAME_ID)


@click.command()
@click.option("--to-hub", is_flag=True, help="To the service of the JupyterHub of this session.")
def move(to_hub: bool) -> None:
    """Move the store of this machine to the service of a JupyterHub.

    Its datasets, workflows, runs and environments are added to yours there, or none of them. The
    store on this machine stays as it is. Credentials, automations, models, images and deployments
    are not moved: create those that you still need.
    """
    if not to_hub:
        raise click.UsageError("Use --to-hub.")
    connection = connect_here()
    if not isinstance(connection, OwnServer):
        raise Unavailable(
            "This is no session of a JupyterHub with one store for all users.",
            hint="Run the command in a terminal of your JupyterLab there.",
        )
    settings = Settings()
    if not schema_before(settings.store_path, settings.database_url):
        raise NotFound(f"there is no store in {settings.store_path}")
    with (
        closing(Store(settings.store_path, settings.database_url)) as store,
        folder_of_parts(store.folder) as folder,
    ):
        with store.read() as c:
            if store.is_working(c):
                why = "Runs, imports or installations of this store are under way."
                raise Conflict(why, hint="Wait until they have finished, or cancel them.")
        backup = folder / "backup.tar"
        print_note(f"{settings.store_path}: {_counts(write_backup(store, backup))}")
        upload = upload_file(connection, backup)
    connection.seconds = MOVE_SECONDS
    root = os.path.realpath(os.environ["NBYARD_HUB_ROOT"])
    moved = connection.home.move_store(body={"upload": upload, "root": root})
    counts = f"{moved.runs} runs, {moved.datasets} datasets, {moved.workflows} workflows"
    size = format_size(moved.size_bytes)
    click.echo(f"Moved: {counts}, {moved.environments} environments, {size}")


@click.command()
def migrate() -> None:
    """Upgrade the database to the schema of this nbyard.

    Every command and server does so at its start. Use this command to do it beforehand.
    """
    settings = Settings()
    before = schema_before(settings.store_path, settings.database_url)
    Store(settings.store_path, settings.database_url).close()
    newest = revisions()[-1]
    change = newest if before == newest else f"{before or 'none'} → {newest}"
    click.echo(f"Schema: {change}")


def _counts(totals: Totals) -> str:
    runs, rows = totals.rows.get("runs", 0), sum(totals.rows.values())
    size = format_size(totals.size_bytes)
    return f"{runs} runs, {rows} rows, {totals.files} files, {size}"


def _origin(header: Header) -> str:
    return f"written by nbyard {header.nbyard} at {header.created_at:%Y-%m-%d %H:%M} UTC"


COMMANDS: tuple[click.Command, ...] = (backup, restore, move, migrate)
