"""THE writer of states: compare-and-set and event row in one transaction."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from nbyard.domain.states import MACHINES, Machine
from nbyard.store import events
from nbyard.store.events import Subject
from nbyard.store.tables import attempts, dataset_versions, runs, tasks

TABLES: Mapping[str, Table] = {
    "run": runs,
    "task": tasks,
    "attempt": attempts,
    "dataset-version": dataset_versions,
}


def begin(c: Connection, machine: Machine, subject: Subject, row: Mapping[str, Any]) -> None:
    """Insert a row in the machine's initial state."""
    c.execute(insert(TABLES[machine.name]), [{**row, "id": subject.id, "state": machine.initial}])
    events.append(c, machine.name, subject, {"state": machine.initial})


def move(
    c: Connection,
    machine: Machine,
    subject: Subject,
    to: str,
    *,
    since: Collection[str] | None = None,
    told: Mapping[str, Any] | None = None,
    **columns: Any,
) -> bool:
    """Move the row to `to` if the table allows it from where it is (and it is in `since`).

    False means that someone else was first: nothing was written, a terminal state stays.
    `told` is added to the event.
    """
    table = TABLES[machine.name]
    allowed = machine.before(to) if since is None else machine.before(to) & set(since)
    statement = (
        update(table)
        .where(table.c.id == subject.id, table.c.state.in_(sorted(allowed)))
        .values(state=to, **columns)
    )
    if c.execute(statement).rowcount != 1:
        return False
    events.append(c, machine.name, subject, {"state": to, **(told or {})})
    return True


def state_of(c: Connection, machine: Machine, subject_id: str) -> str | None:
    """The present state, or None when there is no such row."""
    table = TABLES[machine.name]
    return c.execute(select(table.c.state).where(table.c.id == subject_id)).scalar_one_or_none()


assert set(TABLES) == set(MACHINES)
