"""Moves a user's own store into the shared store of a hub, from a backup that the user sends.

Rows keep their IDs, which documents of the user name. Runs get numbers after those that exist. A
backup may be forged. So its rows may refer only to rows, bytes and files that it contains, and
none of it can run: runs are records, whose results are not reused.
"""

import os
import re
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from nbyard.backup.restoring import folder_of_parts, restore_backup
from nbyard.backup.writing import Totals
from nbyard.blobs import Blobs
from nbyard.domain.digest import digest_of
from nbyard.domain.ids import new_id
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.state_machines import (
    ATTEMPT,
    DATASET_VERSION,
    ENVIRONMENT_VERSION,
    RUN,
    TASK,
)
from nbyard.errors import Conflict, Damaged
from nbyard.store import Connection, Store
from nbyard.store.database.database_connection import json_text, json_value
from nbyard.store.database.row_checks import (
    insert_copy,
    json_columns,
    known_ids,
    rows_of,
    tables_of,
)

TABLES = (
    *("datasets", "dataset_versions", "executables", "executable_versions", "environments"),
    *("environment_versions", "workflows", "workflow_versions", "projects", "project_links"),
    *("environment_defaults", "runs", "tasks", "task_sources", "attempts", "artifacts"),
)
ENDED = {
    "dataset_versions": DATASET_VERSION.terminal,
    "environment_versions": ENVIRONMENT_VERSION.terminal,
    "runs": RUN.terminal,
    "tasks": TASK.terminal,
    "attempts": ATTEMPT.terminal,
}
# Columns that would give a row access or an effect.
EMPTIED: dict[str, dict[str, Any]] = {
    "dataset_versions": {"allowed_hosts": "[]"},
    "environment_versions": {"place": ""},
    "runs": {"template_id": "", "submission_key": None},
    "tasks": {"cache_key": "", "base_key": ""},
    "attempts": {"site": ""},
}
SIZED = ("artifacts", "dataset_versions")
# Columns of tasks in which digests name stored bytes.
NAME_BYTES = ("plan", "parts", "other_files")
# IDs of nbyard, unlike those of documents.
OUR_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
DIGEST = re.compile(r"(?:sha256|tree):[0-9a-f]{64}")
# Columns with documents of the user, whose IDs are those of the file.
DOCUMENT = ("document", "document_id", "parameters")
FOLDERS = ("blobs", "attempts", "projects")


def move_store(
    store: Store, archive: Path, owner: str, roots: tuple[str, str], check: Callable[[int], None]
) -> Totals:
    """Add the rows and files of a backup to a shared store, for an owner; return their numbers.

    `roots` are the folder of the owner's files where the backup was written, and their mirror.
    `check` refuses a number of unpacked bytes. All rows become visible at once, after the files.

    Raises:
        Conflict: A name is taken, the store was moved before, or work is under way.
        Damaged: The archive is no backup, or its rows are not those of a store.
    """
    with folder_of_parts(store.folder) as parts:
        folder = parts / "store"
        _, totals = restore_backup(archive, folder, has_new_id=True, check=check)
        places = os.path.realpath(folder), os.path.realpath(store.folder)
        with (
            closing(Store(folder)) as former,
            Blobs(store.folder / "blobs").without_collection(),
            former.read() as source,
        ):
            move = _Move(former, source, owner, (roots, places))
            with store.write() as c:
                move.copy_rows(source, store, c)
                store.quotas.check_disk(c, owner, totals.size_bytes)
                # Before the commit: rows never name bytes that are not there.
                for name in FOLDERS:
                    move.move_files(folder / name, store.folder)
    return totals


class _Move:
    """Changes rows of a backup for a shared store.

    References to rows and bytes that the backup lacks become references to none.
    """

    def __init__(
        self, former: Store, source: Connection, owner: str, roots: tuple[tuple[str, str], ...]
    ):
        self._owner = owner
        self._folder = former.folder
        self._blobs = Blobs(former.folder / "blobs")
        self._roots = [[f"{root}/" for root in pair] for pair in roots]
        tables = {name: tables_of(source)[name] for name in TABLES}
        self.ids = {
            row["id"] for table in tables.values() for row in rows_of(source, table) if "id" in row
        }
        self._new_ids = defaultdict(new_id, {known: known for known in self.ids})
        self._new_digests = defaultdict[str, str](lambda: digest_of(new_id()))
        versions = rows_of(source, tables["environment_versions"])
        self._locks = {digest_of(json_value(row["packages"])) for row in versions}
        trees = (
            f"tree:{part.parent.name}{part.name}" for part in self._folder.glob("blobs/tree/??/*")
        )
        needed = former.digests_of_bytes(source).union(
            *({file.digest for file in self._blobs.tree(tree).files} for tree in trees)
        )
        if lacking := [digest for digest in needed if not self._blobs.exists(digest)]:
            raise Damaged(f"The backup cannot be moved: it lacks the bytes of {min(lacking)}.")

    def copy_rows(self, source: Connection, store: Store, c: Connection) -> None:
        """Insert the rows of the backup into the shared store.

        Raises:
            Conflict: A row is known, its name is taken, or it is about work under way.
        """
        if known_ids(c, self.ids):
            raise Conflict("This store was moved before.", hint="Nothing was moved now.")
        after = store.runs.newest_number(c, self._owner), store.runs.scratch_number(c)
        tables = tables_of(c)
        for name, table in tables_of(source).items():
            for row in rows_of(source, table) if name in TABLES else ():
                if name in ENDED and row["state"] not in ENDED[name]:
                    why = f"{name} '{row['id']}' is {row['state']}."
                    raise Conflict(why, hint="Wait until all work of your store has finished.")
                if name == "runs":
                    row["number"] += after[row["number"] < 0]
                if not insert_copy(c, tables[name], self._changed(name, row)) and "id" in row:
                    raise Conflict(
                        f"{name} '{row.get('name') or row['id']}' is in the shared store.",
                        hint="Rename or delete it in one of the stores. Nothing was moved.",
                    )

    def _changed(self, table: str, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row of a table for the shared store."""
        row |= EMPTIED.get(table, {})
        # Escapes of JSON could hide IDs and digests.
        row |= {name: json_text(json_value(row[name])) for name in json_columns(table) if row[name]}
        match table:
            case "attempts":  # nothing remains to be cleaned up
                row["published_at"] = row["published_at"] or row["created_at"]
            case "environment_versions" if row["digest"]:
                row["digest"] = digest_of(json_value(row["packages"]))
            case "executable_versions":  # no result of others has a key with it
                row["code_digest"] = digest_of([self._owner, row["code_digest"]])
            case "tasks":  # on a shared store, no such plan runs
                row["plan"] = json_text(json_value(row["plan"]) | {"runtime": PROCESS})
                texts = {name: row[name] for name in NAME_BYTES if row[name]}
                row |= {name: DIGEST.sub(self._digest, text) for name, text in texts.items()}
        if table in SIZED and row["digest"]:  # which the disk quota counts
            row["size_bytes"] = self._size(row["digest"])
        for name, value in row.items():
            if isinstance(value, str) and name not in DOCUMENT:
                row[name] = self._moved(value)
        if row.get("path"):
            row["path"] = self._path(row["path"])
        if "owner" in row:
            row["owner"] = self._owner
        return row

    def _size(self, digest: str) -> int:
        is_tree = digest.startswith("tree:")
        files = [file.digest for file in self._blobs.tree(digest).files] if is_tree else [digest]
        return sum(os.path.getsize(self._blobs.place(file)) for file in files)

    def move_files(self, source: Path, target: Path) -> None:
        """Move the files of a folder of the backup that the shared store lacks."""
        for inside, _, names in os.walk(source):
            place = target / self._moved(str(Path(inside).relative_to(self._folder)))
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in names:
                if not (place / name).exists():
                    os.rename(Path(inside, name), place / name)

    def _moved(self, text: str) -> str:
        for before, after in self._roots:
            text = text.replace(before, after)
        return OUR_ID.sub(lambda match: self._new_ids[match[0]], text)

    def _path(self, path: str) -> str:
        """Return a path that is a file of the owner: other files appear below the mirror."""
        (_, mirror), (_, folder) = self._roots
        path = os.path.normpath(os.path.join(mirror, path))
        pushed = path.removeprefix(f"{folder}projects/").partition("/")[0]
        is_own = path.startswith(mirror) or pushed in self.ids
        return path if is_own else os.path.join(mirror, path.lstrip("/"))

    def _digest(self, match: re.Match[str]) -> str:
        is_here = match[0] in self._locks or self._blobs.exists(match[0])
        return match[0] if is_here else self._new_digests[match[0]]
