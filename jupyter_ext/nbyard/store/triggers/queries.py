"""Rows of triggers and of the files that they watch."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec
from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, or_, select, update

from nbyard.domain.schedules.structs import AutomaticRun
from nbyard.domain.triggers.file_changes import Snapshot, Stamp, snapshot_of
from nbyard.domain.triggers.structs import FiringCounts, Trigger, TriggerEvent, TriggerKind
from nbyard.errors import StaleWrite
from nbyard.store.database.compiled_statements import Prepared
from nbyard.store.facts import FactRows
from nbyard.store.named_rows import NamedRows
from nbyard.store.schema.scratch_runs import HISTORY
from nbyard.store.schema.tables import dataset_versions, datasets, runs
from nbyard.store.schema.trigger_tables import trigger_files, triggers

S, W = triggers.c, trigger_files.c
CURSOR = "trigger_cursor"
COUNTED = {
    "started": "started_count",
    "overlapped": "overlapped_count",
    "failed": "failed_count",
}
JSON_FIELDS = {"run": AutomaticRun, "values_from": dict[str, str]}
REVISIONS = Prepared(select(S.id, S.revision).where(S.is_enabled, S.kind == bindparam("of")))
# Reads one entry of the index, as there may be very many triggers.
FIRST = Prepared(select(func.min(S.since_event)).where(S.is_enabled, S.kind == bindparam("of")))


class TriggerRow(msgspec.Struct, frozen=True):
    """A trigger with the columns that only the dispatcher and its service use."""

    trigger: Trigger
    kind: TriggerKind
    source_id: str
    source_path: str
    since_event: int
    path: str
    root: str
    start: str
    template_id: str
    secret: str


class PublishedVersion(msgspec.Struct, frozen=True):
    """A version of a dataset, and the run that published it if there is one."""

    id: str
    number: int
    dataset_id: str
    dataset: str
    owner: str
    run_id: str


OTHERS = [name for name in TriggerRow.__struct_fields__ if name != "trigger"]


class TriggerRows(NamedRows[TriggerRow]):
    """Queries on triggers; queries with an `owner` see only the triggers of that owner."""

    table, noun = triggers, "trigger"

    @staticmethod
    def read(row: Row[Any]) -> TriggerRow:
        """Return a trigger with its other columns."""
        known = row._mapping
        fields = {name: known[name] for name in Trigger.__struct_fields__ if name in known}
        for name, kind in JSON_FIELDS.items():
            fields[name] = msgspec.convert(known[name], kind)
        fields["secret"] = ""  # the sealed one is no secret to show
        on = msgspec.convert(known["event"], TriggerEvent)
        counts = FiringCounts(*(known[column] for column in COUNTED.values()))
        others = {name: known[name] for name in OTHERS}
        return TriggerRow(Trigger(**fields, on=on, counts=counts), **others)

    def all_of(self, c: Connection, owner: str) -> list[TriggerRow]:
        """Return all triggers of an owner, oldest first."""
        query = select(triggers).where(S.owner == owner).order_by(S.id)
        return [self.read(row) for row in c.execute(query)]

    def change(self, c: Connection, trigger: Trigger, change: str, **columns: Any) -> None:
        """Update a trigger.

        Raises:
            StaleWrite: its revision has changed.
        """
        where = and_(S.id == trigger.id, S.revision == trigger.revision)
        values = {"revision": trigger.revision + 1, "updated_at": datetime.now(UTC), **columns}
        if c.execute(update(triggers).where(where).values(**values)).rowcount != 1:
            raise StaleWrite
        self.append_event(c, trigger.id, trigger.owner, change)

    def delete(self, c: Connection, trigger: Trigger) -> None:
        """Delete a trigger with its firings; its runs stay."""
        c.execute(delete(triggers).where(S.id == trigger.id))
        FactRows().keep_name(c, trigger.id, trigger.name)
        self.append_event(c, trigger.id, trigger.owner, "deleted")

    # What may fire

    def enabled_kinds(self, c: Connection) -> set[TriggerKind]:
        """Return the kinds of enabled triggers."""
        return {kind for kind in get_args(TriggerKind) if self._first(c, kind) is not None}

    def revisions(self, c: Connection, kind: TriggerKind) -> dict[str, int]:
        """Return the revisions of the enabled triggers of a kind by ID."""
        return {row[0]: row[1] for row in REVISIONS.ask(c, of=kind)}

    def of_sources(
        self, c: Connection, kinds: Iterable[TriggerKind], sources: Iterable[str]
    ) -> list[TriggerRow]:
        """Return the enabled triggers of these sources, oldest first.

        A source is an ID or a real path. Other triggers are not read, as there may be many.
        """
        known = [*sources]
        if not known:
            return []
        has_source = or_(S.source_id.in_(known), S.source_path.in_(known))
        query = select(triggers).where(S.is_enabled, S.kind.in_([*kinds]), has_source)
        return [self.read(row) for row in c.execute(query.order_by(S.id))]

    def first_since(self, c: Connection, kinds: Iterable[TriggerKind]) -> int | None:
        """Return the smallest `since_event` of the enabled triggers.

        Only later events fire a trigger. Return None if no trigger of these kinds is enabled.
        """
        first_events = (self._first(c, kind) for kind in kinds)
        return min((first for first in first_events if first is not None), default=None)

    def _first(self, c: Connection, kind: TriggerKind) -> int | None:
        first: int | None = FIRST.ask(c, of=kind)[0][0]
        return first

    def cursor(self, c: Connection) -> int:
        """Return the ID of the newest store event that was compared with the triggers."""
        return int(FactRows().get(c, CURSOR) or 0)

    def move_cursor(self, c: Connection, event_id: int) -> None:
        """Set the ID of the newest store event that was compared with the triggers."""
        FactRows().set(c, CURSOR, str(event_id))

    def version(self, c: Connection, version_id: str) -> PublishedVersion | None:
        """Return a version of a dataset of any owner."""
        v = dataset_versions.c
        query = select(v.id, v.number, v.dataset_id, datasets.c.name, datasets.c.owner, v.run_id)
        joined = query.join(datasets, datasets.c.id == v.dataset_id).where(v.id == version_id)
        row = c.execute(joined).first()
        return PublishedVersion(*row) if row else None

    def publishers(self, c: Connection, owner: str) -> set[tuple[str, str, str]]:
        """Return which code published which dataset: real path, dataset ID and its name."""
        query = (
            select(runs.c.path, datasets.c.id, datasets.c.name)
            .join(dataset_versions, dataset_versions.c.run_id == runs.c.id)
            .join(datasets, datasets.c.id == dataset_versions.c.dataset_id)
            .where(runs.c.owner == owner, HISTORY, runs.c.path != "")
            .where(dataset_versions.c.run_id != "")
        )
        return {(row[0], row[1], row[2]) for row in c.execute(query.distinct())}

    # Watched files

    def store_files(self, c: Connection, trigger_id: str, files: Snapshot) -> None:
        """Store the files as they are, so that only later changes count."""
        known = self.stored_files(c, trigger_id)
        c.execute(delete(trigger_files).where(W.trigger_id == trigger_id))
        # With a higher version, `advance` refuses the result of a dispatcher that read the old row.
        version = known[0] + 1 if known else 1
        row = {"trigger_id": trigger_id, "version": version, "files": dict(files)}
        c.execute(insert(trigger_files), [row])

    def stored_files(self, c: Connection, trigger_id: str) -> tuple[int, dict[str, Stamp]] | None:
        """Return the stored files of a trigger and the version of their row."""
        row = c.execute(select(trigger_files).where(W.trigger_id == trigger_id)).first()
        return (row.version, snapshot_of(row.files)) if row else None

    def advance(
        self, c: Connection, trigger_id: str, version: int, files: Mapping[str, Stamp]
    ) -> None:
        """Store the files that were handled.

        Raises:
            StaleWrite: the row was changed meanwhile.
        """
        where = and_(W.trigger_id == trigger_id, W.version == version)
        values = {"version": version + 1, "files": dict(files)}
        if c.execute(update(trigger_files).where(where).values(**values)).rowcount != 1:
            raise StaleWrite

    def count_outcome(self, c: Connection, trigger_id: str, outcome: str, number: int = 1) -> None:
        """Increase the counter of an outcome of a trigger's events."""
        if number and (name := COUNTED.get(outcome)):
            values = {name: S[name] + number}
            c.execute(update(triggers).where(S.id == trigger_id).values(**values))
