"""The only writer of states: compare-and-set and event in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, bindparam, insert, select, update

from nbyard.domain.state_machines import MACHINES, Machine
from nbyard.errors import Conflict
from nbyard.store import events
from nbyard.store.database.query_parts import Prepared
from nbyard.store.events import Move, NewEvent, Subject
from nbyard.store.notices.announce import announce_moves
from nbyard.store.schema.automation_tables import backfills
from nbyard.store.schema.deployment_tables import deployments
from nbyard.store.schema.tables import (
    attempts,
    bisections,
    dataset_versions,
    environment_versions,
    images,
    runs,
    tasks,
)

TABLES: Mapping[str, Table] = {
    "run": runs,
    "task": tasks,
    "attempt": attempts,
    "dataset-version": dataset_versions,
    "environment-version": environment_versions,
    "image": images,
    "deployment": deployments,
    "backfill": backfills,
    "bisection": bisections,
}
# Parameters: the ID, the state before the move, and the changed columns.
UPDATES = {
    name: Prepared(
        update(table).where(table.c.id == bindparam("its_id"), table.c.state == bindparam("since"))
    )
    for name, table in TABLES.items()
}
INSERTS = {name: Prepared(insert(table)) for name, table in TABLES.items()}


class StaleState(Conflict):
    """A row is not in the expected state."""


class Begun(msgspec.Struct, frozen=True):
    """Rows to insert in the initial state of their state machine.

    `move_all` inserts them in the transaction of its moves.
    """

    machine: Machine
    subjects: Sequence[Subject]
    rows: Sequence[Mapping[str, Any]]


def begin(c: Connection, machine: Machine, subject: Subject, row: Mapping[str, Any]) -> None:
    """Insert a row in the initial state of the state machine."""
    begin_all(c, machine, [subject], [row])


def begin_all(
    c: Connection, machine: Machine, subjects: Sequence[Subject], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert many rows like `begin`, in their order."""
    if rows:
        events.append_all(c, _begun(c, machine, subjects, rows))


def _begun(
    c: Connection, machine: Machine, subjects: Sequence[Subject], rows: Sequence[Mapping[str, Any]]
) -> list[NewEvent]:
    full = [
        {**row, "id": subject.id, "state": machine.initial}
        for subject, row in zip(subjects, rows, strict=True)
    ]
    INSERTS[machine.name].run(c, full)
    event_data = {"state": machine.initial}
    return [(machine.name, subject, event_data) for subject in subjects]


def move(
    c: Connection,
    machine: Machine,
    subject: Subject,
    to: str,
    *,
    since: Collection[str] | None = None,
    event_data: Mapping[str, Any] | None = None,
    **columns: Any,
) -> bool:
    """Move a row to the state `to` if its present state allows it.

    The state machine decides that. With `since`, the present state must also be in `since`. Return
    False if another writer was first: nothing was written, and a terminal state stays. `event_data`
    is added to the event.
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
    events.append(c, machine.name, subject, {"state": to, **(event_data or {})})
    return True


def move_all(c: Connection, moves: Sequence[Move], begun: Begun | None = None) -> None:
    """Execute many moves at once, each with its event; then insert the rows of `begun`.

    A row may move more than once. The notices about moves are written in the same transaction.

    Raises:
        StaleState: Another writer moved a row first; the transaction must not commit.
    """
    for step in moves:
        if not step.machine.allows(step.since, step.to):
            raise StaleState(f"a {step.machine.name} cannot become {step.to} from {step.since}")
    # Several moves of one row become one update from its first state to its last.
    updates: dict[str, tuple[str, dict[str, Any]]] = {}
    for step in moves:
        known = {"its_id": step.subject.id, "since": step.since}
        _, values = updates.setdefault(step.subject.id, (step.machine.name, known))
        values.update(step.columns)
        values["state"] = step.to
    # Equal statements go to the driver in one batch.
    rows = [(name, tuple(sorted(values)), values) for name, values in updates.values()]
    rows.sort(key=lambda row: row[:2])
    for (name, _), batch in groupby(rows, key=lambda row: row[:2]):
        changed = [values for _, _, values in batch]
        if UPDATES[name].run(c, changed) != len(changed):
            raise StaleState(f"a {name} was moved by somebody else")
    new_events: list[NewEvent] = [
        (m.machine.name, m.subject, {"state": m.to, **m.event_data}) for m in moves
    ]
    if begun and begun.rows:
        new_events += _begun(c, begun.machine, begun.subjects, begun.rows)
    if new_events:
        events.append_all(c, new_events)
    announce_moves(c, moves)


def state_of(c: Connection, machine: Machine, subject_id: str) -> str | None:
    """Return the current state, or None if the row does not exist."""
    table = TABLES[machine.name]
    return c.execute(select(table.c.state).where(table.c.id == subject_id)).scalar_one_or_none()


# Otherwise a new state machine without a table would fail at its first move only.
assert set(TABLES) == set(MACHINES)
