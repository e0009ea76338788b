"""Moves the store of one person into a store of several, from its backup.

Rows keep their IDs and get the new owner. Runs get numbers after those that exist. Only an
administrator does this: rows of a forged backup could refer to what belongs to others.
"""

import os
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from nbyard.backup.restoring import PARTS, restore_backup
from nbyard.backup.writing import Totals
from nbyard.blobs import Blobs
from nbyard.errors import Conflict
from nbyard.store import Store
from nbyard.store.database.row_checks import insert_copy, rows_of, tables_of

# About the store itself and its users, or of use only where it was.
LEFT = (
    *("facts", "leases", "events", "submissions", "fingerprints", "trials"),
    *("audit", "grants", "group_members", "quotas", "share_links", "usage"),
)
# The columns with secrets, and the names that these are bound to.
SEALED = {
    "credentials": ("sealed", "{name}"),
    "notice_channels": ("sealed", "channel {id}"),
    "automations": ("secret", "{id}"),
}
MOVED = ("blobs", "attempts", "projects")


def take_over(
    store: Store, blobs: Blobs, archive: Path, owner: str, roots: tuple[str, str]
) -> Totals:
    """Add the rows and files of a backup to a store, for one owner; return their numbers.

    `roots` are the folder of the person's files, and where the store of several has them.
    Automations are off. All rows become visible at once, after the files, or none.

    Raises:
        Conflict: The owner has a row with the same name, or the backup was moved before.
        Damaged: The archive is no backup, or its rows are not those of a store.
    """
    with tempfile.TemporaryDirectory(prefix=PARTS, dir=store.folder) as temporary:
        folder = Path(temporary, "store")
        _, totals = restore_backup(archive, folder, has_new_id=True)
        with (
            closing(Store(folder)) as former,
            blobs.without_collection(),
            former.read() as source,
            store.write() as c,
        ):
            # Files of pushed projects are in the store.
            pairs = roots, (os.path.realpath(folder), os.path.realpath(store.folder))
            after = store.runs.newest_number(c, owner), store.runs.scratch_number(c)
            move = _Move(former, store, owner, pairs, after)
            tables = tables_of(c)
            for name, table in tables_of(source).items():
                if name in LEFT:
                    continue
                for row in rows_of(source, table):
                    if not insert_copy(c, tables[name], move.changed(name, row)):
                        raise Conflict(
                            f"{name} '{row.get('name') or row.get('id')}' is in the shared store.",
                            hint="Rename or delete it in one of the stores. Nothing was moved.",
                        )
            # Before the commit: rows never name bytes that are not there.
            for name in MOVED:
                _move_files(folder / name, store.folder / name)
    return totals


def _move_files(source: Path, target: Path) -> None:
    """Move the files of a folder that the other folder lacks."""
    for inside, _, names in os.walk(source):
        place = target / Path(inside).relative_to(source)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in names:
            if not (place / name).exists():
                os.rename(Path(inside, name), place / name)


class _Move:
    """Changes rows of one store for the other and its owner."""

    def __init__(
        self,
        former: Store,
        new: Store,
        owner: str,
        roots: Sequence[tuple[str, str]],
        after: tuple[int, int],
    ):
        self._vaults = former.credentials.vault, new.credentials.vault
        self._owner = owner
        self._roots = [[f"{root.rstrip('/')}/" for root in pair] for pair in roots]
        self._after = after

    def changed(self, table: str, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row of a table for the new store."""
        column, bound = SEALED.get(table, ("", ""))
        if row.get(column):
            name = bound.format(**row)
            fields = self._vaults[0].open(row["owner"], name, row[column])
            row[column] = self._vaults[1].seal(self._owner, name, fields)
        if "owner" in row:
            row["owner"] = self._owner
        if table == "runs":
            row["number"] += self._after[row["number"] < 0]
        for before, after in self._roots:
            for name, value in row.items():
                row[name] = value.replace(before, after) if isinstance(value, str) else value
        return row
