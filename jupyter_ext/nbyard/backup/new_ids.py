"""Replaces IDs in the rows of a backup, so that a second store can exist beside the first.

Processes, containers, volumes and attempt folders have the ID of the store, and those of live
attempts, workers, model probes and deployments. Two stores with one ID would adopt and remove each
other's objects.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from nbyard.attempts.folders import attempt_folder_of, delete_path
from nbyard.domain.attempts import structs as contract
from nbyard.domain.ids import is_id, new_id
from nbyard.domain.state_machines import ATTEMPT

ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NAMED = ("attempts", "trials", "deployments")


class _Row(msgspec.Struct, frozen=True):
    """The columns of a row that show whether a process or container has its ID."""

    id: str = ""
    state: str = ""
    worker: str = ""
    answer: Any = None


class NewIds:
    """Replaces IDs in rows.

    Call it with the tables in the order of a backup: referenced tables first.
    """

    def __init__(self, store_id: str):
        self._new = {store_id.encode(): new_id().encode()}
        self._new_workers: dict[bytes, bytes] = {}
        self._live: list[_Row] = []

    def replace_ids(self, table: str, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the rows of a table with new IDs.

        An ID is replaced in the row that it identifies, and in all later rows and tables. Finished
        attempts keep the ID of their worker, whose folder has their records.
        """
        workers: dict[bytes, bytes] = {}

        def new_of(match: re.Match[bytes]) -> bytes:
            former = match[0]
            return workers.get(former) or self._new.get(former, former)

        for line in lines:
            row = self._find_live(table, line)
            if row is not None:
                self._new.setdefault(row.id.encode(), new_id().encode())
            if row is not None and row.worker:
                self._new_workers.setdefault(row.worker.encode(), new_id().encode())
            workers = self._new_workers if row is not None else {}
            yield ID.sub(new_of, line)

    def rename_folders(self, store: Path) -> None:
        """Rename the folders of live attempts in the folder of the restored store.

        Files by which the dispatcher would adopt processes of the former store are deleted.
        """
        for file in store.glob(f"attempts/*/{contract.RUNNER}"):
            file.unlink()
        for row in self._live:
            worker = self._new_workers.get(row.worker.encode(), b"").decode()
            former = attempt_folder_of(store, row.id, row.worker)
            new = attempt_folder_of(store, self._new[row.id.encode()].decode(), worker)
            if not former.is_dir():
                continue
            new.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.rename(former, new)
            for name in (contract.TASK, contract.CANCEL, contract.RESULT):
                delete_path(new / name)

    def _find_live(self, table: str, line: bytes) -> _Row | None:
        """Return the row if a process or container may have its ID, else None."""
        if table not in NAMED:
            return None
        try:
            row = msgspec.json.decode(line, type=_Row)
        except msgspec.MsgspecError:
            return None  # not a valid row: loading it fails later
        if table == "attempts":
            is_live = row.state in ATTEMPT.live
        else:
            is_live = table == "deployments" or row.answer is None
        if not is_live or not is_id(row.id):
            return None
        if table == "attempts":
            self._live.append(row)
        return row
