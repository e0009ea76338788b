"""New IDs in the rows of a backup, for a second store beside the one that wrote it.

Processes, containers, volumes and attempt folders carry the ID of the store and those of live
attempts, workers, model probes and deployments. Two stores with one ID would adopt and remove the
objects of each other.
"""

from collections.abc import Iterable, Iterator

import msgspec

from nbyard.domain.ids import is_id, new_id
from nbyard.domain.state_machines import ATTEMPT, RUN


class _Row(msgspec.Struct, frozen=True):
    """The columns of any table that tell what has a process or container."""

    id: str = ""
    state: str = ""
    run_id: str = ""
    task_id: str = ""
    worker: str = ""


class NewIds:
    """Replaces IDs in rows. Tables come in the order of a backup: referenced tables first."""

    def __init__(self, store_id: str):
        self._new = {store_id.encode(): new_id().encode()}
        self._live_runs: set[str] = set()
        self._live_tasks: set[str] = set()

    def replaced(self, table: str, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the rows of a table with new IDs, wherever they occur."""
        for line in lines:
            for known in self._named(table, line):
                if is_id(known):
                    self._new.setdefault(known.encode(), new_id().encode())
            row = line
            for former, new in self._new.items():
                row = row.replace(former, new)
            yield row

    def _named(self, table: str, line: bytes) -> Iterable[str]:
        """Return the IDs of a row by which processes or containers are named."""
        if table not in ("runs", "tasks", "attempts", "trials", "deployments"):
            return ()
        try:
            row = msgspec.json.decode(line, type=_Row)
        except msgspec.MsgspecError:
            return ()  # no row, which is refused when it is loaded
        match table:
            case "runs" if row.state in RUN.live:
                self._live_runs.add(row.id)
            case "tasks" if row.run_id in self._live_runs:
                self._live_tasks.add(row.id)
            case "attempts" if row.task_id in self._live_tasks:
                return (row.id, row.worker) if row.state in ATTEMPT.live else (row.worker,)
            case "trials" | "deployments":
                return (row.id,)
        return ()
