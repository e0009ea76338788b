"""Moves a user's own store into the shared store of a hub, from a backup that the user sends.

Rows keep their IDs, which documents of the user name. Runs get numbers after those that exist. A
backup may be forged. So its rows may refer only to rows, bytes and files that it contains, and
none of it can run: runs are records, whose results are not reused.
"""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from nbyard.backup.restoring import folder_of_parts, restore_backup
from nbyard.backup.writing import Totals
from nbyard.blobs import Blobs
from nbyard.domain.digest import digest_of
from nbyard.domain.environments.structs import KERNEL_PREFIX
from nbyard.domain.ids import first_id_at, new_id
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.state_machines import (
    ATTEMPT,
    DATASET_VERSION,
    ENVIRONMENT_VERSION,
    RUN,
    TASK,
)
from nbyard.errors import Busy, Conflict, TooLarge
from nbyard.host import clock
from nbyard.store import Connection, Store
from nbyard.store.database.database_connection import json_text, json_value
from nbyard.store.database.row_checks import (
    damaged,
    insert_copies,
    json_columns,
    known_ids,
    refused_rows,
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
    "runs": {"template_id": "", "submission_key": None, "person": ""},
    "tasks": {"cache_key": "", "base_key": ""},
    "attempts": {"site": ""},
}
# Columns of tasks in which digests name stored bytes.
NAME_BYTES = ("plan", "parts", "other_files")
# IDs of nbyard, unlike those of documents.
OUR_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
DIGEST = re.compile(r"(?:sha256|tree):[0-9a-f]{64}")
REASONS = {"reason", "waits", "warning"}  # columns, whose texts name runs by number
RUN_NUMBER = re.compile(r'(?<="run":)[1-9][0-9]*')
KERNEL = re.compile(rf"{KERNEL_PREFIX}(-[a-z0-9]+)*")
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000|\0")
MOST_ROWS, MOST_NUMBER, MOST_USED = 200_000, 10**8, 2**60
MOST_LINE = 1 << 23  # the objects of its JSON take 30 times as much memory
# Columns with documents of the user, whose IDs are those of the file.
DOCUMENT = ("document", "document_id", "parameters")


def move_store(
    store: Store, archive: Path, owner: str, roots: tuple[str, str], check: Callable[[int], None]
) -> Totals:
    """Add the rows and files of a backup to a shared store, for an owner; return their numbers.

    `roots` are the folder of the owner's files where the backup was written, and their mirror.
    `check` refuses a number of unpacked bytes. All rows become visible at once.

    Raises:
        Busy: A run of the owner began meanwhile.
        Conflict: A name is taken, the store was moved before, or work is under way.
        Damaged: The archive is no backup, or its rows are not those of a store.
        TooLarge: The backup has too many rows.
    """
    with folder_of_parts(store.folder) as parts:
        folder = parts / "store"
        _, totals = restore_backup(archive, folder, has_new_id=True, check=check, most=MOST_LINE)
        if sum(totals.rows.values()) > MOST_ROWS:
            why = f"A store with more than {MOST_ROWS:,} rows cannot be moved."
            raise TooLarge(why, hint="Delete old runs first: nbyard runs clean-up.")
        places = os.path.realpath(folder), os.path.realpath(store.folder)
        with closing(Store(folder)) as former, former.read() as source:
            with store.read() as c:
                after = store.runs.newest_number(c, owner), store.runs.scratch_number(c)
            move = _Move(former, source, owner, (roots, places), after)
            with store.read() as c:
                owners = known_ids(c, move.ids)
                if owner in owners.values():
                    raise Conflict("This store was moved before.", hint="Nothing was moved.")
                move.renew(owners)
            # Other writers wait during the transaction, so that it has nothing else to do.
            for name in TABLES:
                move.prepare(name, parts / name)
            with Blobs(store.folder / "blobs").without_collection():
                move.move_files(folder / "blobs", store.folder)
                with store.write() as c, refused_rows():
                    if after[0] != store.runs.newest_number(c, owner):
                        raise Busy("A run began meanwhile. Try again.")
                    for name, table in tables_of(c).items():
                        if taken := name in TABLES and insert_copies(
                            c, table, _rows_in(parts / name)
                        ):
                            raise Conflict(
                                f"{name} '{taken.get('name') or taken['id']}' exists already.",
                                hint="Rename or delete it in one of the stores. Nothing was moved.",
                            )
                    store.quotas.check_disk(c, owner, 0)
                    # Last: if the transaction fails, these folders wait for the next sweep.
                    for name in ("attempts", "projects"):
                        move.move_files(folder / name, store.folder, whole=True)
    return totals


class _Move:
    """Changes rows of a backup for a shared store.

    References to rows and bytes that the backup lacks become references to none.
    """

    def __init__(
        self,
        former: Store,
        source: Connection,
        owner: str,
        roots: tuple[tuple[str, str], ...],
        after: tuple[int, int],
    ):
        self._owner = owner
        self._folder = former.folder
        self._blobs = Blobs(former.folder / "blobs")
        self._roots = [[f"{root}/" for root in pair] for pair in roots]
        self._after, self._scratch = after
        self._source, self._tables = source, tables_of(source)
        self.ids = {
            row["id"]
            for name in TABLES
            if "id" in self._tables[name].columns
            for row in rows_of(source, self._tables[name])
        }
        newest = first_id_at(clock.now() + timedelta(days=1))
        if strange := [key for key in self.ids if not OUR_ID.fullmatch(key) or key > newest]:
            raise damaged(f"{strange[0]} is not an ID of a row")
        self._new_ids = defaultdict(new_id, {known: known for known in self.ids})
        self._new_digests = defaultdict[str, str](lambda: digest_of(new_id()))
        versions = rows_of(source, self._tables["environment_versions"])
        self._locks = {digest_of(json_value(row["packages"])) for row in versions}
        trees = (
            f"tree:{part.parent.name}{part.name}" for part in self._folder.glob("blobs/tree/??/*")
        )
        needed = former.digests_of_bytes(source).union(
            *({file.digest for file in self._blobs.tree(tree).files} for tree in trees)
        )
        if lacking := [digest for digest in needed if not self._blobs.exists(digest)]:
            raise damaged(f"it lacks the bytes of {min(lacking)}")

    def renew(self, taken: Collection[str]) -> None:
        """Replace IDs that rows of others have. A refusal would show that such rows exist."""
        self._new_ids |= {key: new_id() for key in taken}
        self.ids = {self._new_ids[key] for key in self.ids}

    def prepare(self, table: str, file: Path) -> None:
        """Write the changed rows of a table to a file.

        Raises:
            Conflict: A row is about work under way.
            Damaged: A row is not one that a store writes.
        """
        with file.open("wb") as lines:
            for row in rows_of(self._source, self._tables[table]):
                if table in ENDED and row["state"] not in ENDED[table]:
                    why = f"{table} '{row['id']}' is {row['state']}."
                    raise Conflict(why, hint="Wait until all work of your store has finished.")
                lines.write(json_text(self._changed(table, row)).encode() + b"\n")

    def _changed(self, table: str, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row of a table for the shared store."""
        row |= EMPTIED.get(table, {})
        # Escapes of JSON could hide IDs and digests.
        row |= {name: json_text(json_value(row[name])) for name in json_columns(table) if row[name]}
        match table:
            case "attempts":
                if not all(0 <= used < MOST_USED for used in json_value(row["usage"]).values()):
                    raise damaged("an attempt used more than is possible")
                # Nothing remains to be cleaned up.
                row["published_at"] = row["published_at"] or row["created_at"]
            case "environments" if not KERNEL.fullmatch(row["kernel"]):
                row["kernel"] = KERNEL_PREFIX
            case "environment_versions" if row["digest"]:
                row["digest"] = digest_of(json_value(row["packages"]))
            case "executable_versions":  # no result of others has a key with it
                row["code_digest"] = digest_of([self._owner, row["code_digest"]])
            case "artifacts" | "dataset_versions" if row["digest"]:  # the disk quota counts it
                row["size_bytes"] = self._size(row["digest"])
            case "runs":
                row["number"] = self._number(row["number"])
            case "tasks":  # on a shared store, no such plan runs
                plan = json_value(row["plan"]) | {"runtime": PROCESS}
                if plan.get("pinned", 0) > 0:
                    plan["pinned"] = self._number(plan["pinned"])
                row["plan"] = json_text(plan)
                texts = {name: row[name] for name in NAME_BYTES if row[name]}
                row |= {name: DIGEST.sub(self._digest, text) for name, text in texts.items()}
        return self._belonging(row)

    def _belonging(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row that belongs to the owner, in its references and paths, too."""
        for name in REASONS & row.keys():
            row[name] = RUN_NUMBER.sub(lambda match: str(self._number(int(match[0]))), row[name])
        for name, value in row.items():
            if isinstance(value, str) and NUL.search(value):  # PostgreSQL cannot read it
                raise damaged("a text contains the character NUL")
            if isinstance(value, str) and name not in DOCUMENT:
                row[name] = self._moved(value)
        if row.get("path"):
            row["path"] = self._path(row["path"])
        if "owner" in row:
            row["owner"] = self._owner
        return row

    def _number(self, number: int) -> int:
        """Return the number of a run among those of the owner, or among all scratch runs."""
        if number > MOST_NUMBER:
            raise damaged(f"{number} is not the number of a run")
        if number > 0:
            return number + self._after
        self._scratch -= 1
        return self._scratch

    def _size(self, digest: str) -> int:
        is_tree = digest.startswith("tree:")
        files = [file.digest for file in self._blobs.tree(digest).files] if is_tree else [digest]
        return sum(os.path.getsize(self._blobs.place(file)) for file in files)

    def move_files(self, source: Path, target: Path, *, whole: bool = False) -> None:
        """Move files, and `whole` folders, of the backup that the shared store lacks."""
        for inside, folders, names in os.walk(source):
            place = target / self._moved(str(Path(inside).relative_to(self._folder)))
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in (*(folders if whole else ()), *names):
                if not (new := place / self._moved(name)).exists():
                    os.rename(Path(inside, name), new)

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


def _rows_in(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as lines:
        yield from map(json_value, lines)
