"""Rows of automations, of the files that they watch, and of the secrets of webhooks."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec
from sqlalchemy import (
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from nbyard.domain.automations.file_changes import Snapshot, Stamp, snapshot_of
from nbyard.domain.automations.structs import (
    AutomaticRun,
    Automation,
    EventKind,
    FiringCounts,
    Kind,
    On,
)
from nbyard.domain.automations.times.due_times import TimingPlan
from nbyard.domain.automations.times.structs import Missed, Timing
from nbyard.errors import StaleWrite
from nbyard.store.credentials.queries import ANY_SEALED
from nbyard.store.credentials.vault import Vault
from nbyard.store.database.query_parts import Prepared
from nbyard.store.facts import FactRows
from nbyard.store.named_rows import Named, NamedRows
from nbyard.store.notices.channels import RuleRows
from nbyard.store.schema.automation_tables import automation_files, automations
from nbyard.store.schema.tables import HISTORY, dataset_versions, datasets, runs
from nbyard.store.visibility import is_own

A, W = automations.c, automation_files.c
CURSOR = "automation_cursor"
MOST_SET_BACK = 100
COUNTED: dict[str, str] = {
    "started": "started_count",
    "missed": "missed_count",
    "overlapped": "overlapped_count",
    "failed": "failed_count",
}
JSON_FIELDS = {
    "run": AutomaticRun,
    "timing": Timing | None,
    "missed": Missed,
    "values_from": dict[str, str],
}
NEXT = Prepared(select(func.min(A.next_due)))
DUE = Prepared(
    select(A.id).where(A.next_due <= bindparam("now")).order_by(A.next_due).limit(bindparam("most"))
)
AHEAD = Prepared(
    select(A.id)
    .where(A.handled_until > bindparam("now"), A.next_due.is_not(None))
    .limit(bindparam("most"))
)
REVISIONS = Prepared(select(A.id, A.revision).where(A.is_enabled, A.kind == bindparam("of")))
# Reads one entry of the index, as there may be very many automations.
FIRST = Prepared(select(func.min(A.since_event)).where(A.is_enabled, A.kind == bindparam("of")))
S = automations.c
FIELD = "secret"


class AutomationRow(msgspec.Struct, frozen=True):
    """An automation with the columns that only the dispatcher and its service use."""

    automation: Automation
    kind: Kind
    source_id: str
    source_path: str
    since_event: int
    path: str
    root: str
    start: str
    template_id: str
    anchor: datetime
    handled_until: datetime
    secret: str

    @property
    def plan(self) -> TimingPlan:
        """Return the timing with its start and end."""
        automation = self.automation
        assert automation.timing is not None
        limits = (automation.starts_at, automation.ends_at)
        return TimingPlan(automation.timing, automation.zone, self.anchor, *limits)


class PublishedVersion(msgspec.Struct, frozen=True):
    """A version of a dataset, and the run that published it if there is one."""

    id: str
    number: int
    dataset_id: str
    dataset: str
    owner: str
    run_id: str


OTHERS = [name for name in AutomationRow.__struct_fields__ if name != "automation"]


class AutomationRows(NamedRows[AutomationRow]):
    """Queries on automations; queries with an `owner` see only the automations of that owner."""

    stored_in, struct, noun = automations, AutomationRow, "automation"
    searched = ("name", "path")

    def read(self, row: Row[Any]) -> AutomationRow:
        """Return an automation with its other columns."""
        known = row._mapping
        fields = {name: known[name] for name in Automation.__struct_fields__ if name in known}
        for name, kind in JSON_FIELDS.items():
            fields[name] = msgspec.convert(known[name], kind)
        fields["secret"] = ""  # the sealed one is no secret to show
        on = msgspec.convert(known["event"], On)
        counts = FiringCounts(*(known[column] for column in COUNTED.values()))
        others = {name: known[name] for name in OTHERS}
        return AutomationRow(Automation(**fields, on=on, counts=counts), **others)

    def enabled(self, c: Connection) -> list[AutomationRow]:
        """Return the enabled automations of all owners."""
        query = select(automations).where(A.is_enabled).order_by(A.id)
        return [self.read(row) for row in c.execute(query)]

    def all_of(self, c: Connection, owner: str) -> list[AutomationRow]:
        """Return all automations of an owner, oldest first."""
        query = select(automations).where(is_own(owner, A.owner)).order_by(A.id)
        return [self.read(row) for row in c.execute(query)]

    def below(self, c: Connection, owner: str, folder: str) -> list[AutomationRow]:
        """Return the automations of files below a real folder, with their names in order.

        Without an owner, return those of all owners.
        """
        is_below = A.root.startswith(f"{folder}/", autoescape=True)
        of_owner = is_own(owner, A.owner) if owner else true()
        query = select(automations).where(of_owner, is_below).order_by(A.name)
        return [self.read(row) for row in c.execute(query)]

    def delete(self, c: Connection, item: Named) -> None:
        """Delete an automation; its runs stay."""
        RuleRows().delete_of_automation(c, item.id)
        FactRows().keep_name(c, item.id, item.name)
        super().delete(c, item)

    def count_outcome(
        self, c: Connection, automation_id: str, outcome: str, number: int = 1
    ) -> None:
        """Increase the counter of an outcome."""
        if number and (name := COUNTED.get(outcome)):
            values = {name: A[name] + number}
            c.execute(update(automations).where(A.id == automation_id).values(**values))

    # What is due

    def next_due(self, c: Connection) -> datetime | None:
        """Return the earliest due time, None if there is none."""
        timestamp = NEXT.ask(c)[0][0]
        # A prepared query returns the seconds as the column stores them.
        return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)

    def due(self, c: Connection, now: datetime, most: int) -> list[str]:
        """Return the IDs of due automations, the longest due first."""
        return [row[0] for row in DUE.ask(c, now=now, most=most)]

    def ids_handled_beyond_now(self, c: Connection, now: datetime) -> list[str]:
        """Return the IDs of automations handled beyond now: the clock was set back."""
        return [row[0] for row in AHEAD.ask(c, now=now, most=MOST_SET_BACK)]

    def advance(
        self, c: Connection, row: AutomationRow, next_due: datetime | None, until: datetime
    ) -> None:
        """Set the next due time.

        Raises:
            StaleWrite: the automation was changed meanwhile.
        """
        # A user may have changed the automation while its due times were handled.
        automation = row.automation
        is_same = and_(A.revision == automation.revision, A.next_due == automation.next_due)
        values = {"next_due": next_due, "handled_until": until}
        statement = update(automations).where(A.id == automation.id, is_same).values(**values)
        if c.execute(statement).rowcount != 1:
            raise StaleWrite

    # What an event may start

    def enabled_kinds(self, c: Connection) -> set[EventKind]:
        """Return the kinds of events of enabled automations."""
        return {kind for kind in get_args(EventKind) if self._first(c, kind) is not None}

    def is_enabled(self, c: Connection) -> bool:
        """Return whether a time or an event may start a run."""
        return self.next_due(c) is not None or bool(self.enabled_kinds(c))

    def revisions(self, c: Connection, kind: EventKind) -> dict[str, int]:
        """Return the revisions of enabled automations of a kind by ID."""
        return {row[0]: row[1] for row in REVISIONS.ask(c, of=kind)}

    def of_sources(
        self, c: Connection, kinds: Iterable[EventKind], sources: Iterable[str]
    ) -> list[AutomationRow]:
        """Return enabled automations of these sources, oldest first.

        A source is an ID or a real path. Other automations are not read, as there may be many.
        """
        known = [*sources]
        if not known:
            return []
        has_source = or_(A.source_id.in_(known), A.source_path.in_(known))
        query = select(automations).where(A.is_enabled, A.kind.in_([*kinds]), has_source)
        return [self.read(row) for row in c.execute(query.order_by(A.id))]

    def first_since(self, c: Connection, kinds: Iterable[EventKind]) -> int | None:
        """Return the smallest `since_event` of enabled automations.

        Only later events start a run. Return None if no automation of these kinds is enabled.
        """
        first_events = (self._first(c, kind) for kind in kinds)
        return min((first for first in first_events if first is not None), default=None)

    def _first(self, c: Connection, kind: EventKind) -> int | None:
        first: int | None = FIRST.ask(c, of=kind)[0][0]
        return first

    def cursor(self, c: Connection) -> int:
        """Return the ID of the newest store event that was compared with the automations."""
        return int(FactRows().get(c, CURSOR) or 0)

    def move_cursor(self, c: Connection, event_id: int) -> None:
        """Set the ID of the newest store event that was compared with the automations."""
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
            .where(is_own(owner, runs.c.owner), HISTORY, runs.c.path != "")
            .where(dataset_versions.c.run_id != "")
        )
        return {(row[0], row[1], row[2]) for row in c.execute(query.distinct())}

    # Watched files

    def store_files(self, c: Connection, automation_id: str, files: Snapshot) -> None:
        """Store the files as they are: only later changes count."""
        known = self.stored_files(c, automation_id)
        c.execute(delete(automation_files).where(W.automation_id == automation_id))
        # With a higher version, `advance_files` refuses a dispatcher that read the old row.
        version = known[0] + 1 if known else 1
        row = {"automation_id": automation_id, "version": version, "files": dict(files)}
        c.execute(insert(automation_files), [row])

    def stored_files(
        self, c: Connection, automation_id: str
    ) -> tuple[int, dict[str, Stamp]] | None:
        """Return the stored files, and the version of their row."""
        query = select(automation_files).where(W.automation_id == automation_id)
        row = c.execute(query).first()
        return (row.version, snapshot_of(row.files)) if row else None

    def advance_files(
        self, c: Connection, automation_id: str, version: int, files: Mapping[str, Stamp]
    ) -> None:
        """Store the files that were handled.

        Raises:
            StaleWrite: the row was changed meanwhile.
        """
        where = and_(W.automation_id == automation_id, W.version == version)
        values = {"version": version + 1, "files": dict(files)}
        if c.execute(update(automation_files).where(where).values(**values)).rowcount != 1:
            raise StaleWrite


class AutomationSecretRows:
    """Encrypts and decrypts the secrets of webhooks."""

    def __init__(self, vault: Vault):
        self._vault = vault

    def seal(self, c: Connection, owner: str, automation_id: str, secret: str) -> str:
        """Return the value of the column for a new secret.

        Raises:
            StoreUnusable: other secrets were sealed with a key, but there is no key here.
        """
        sealed_before = c.execute(ANY_SEALED).scalar() or ""
        return self._vault.seal(owner, automation_id, {FIELD: secret}, sealed_before)

    def secret(self, row: AutomationRow) -> str:
        """Return the secret of a webhook.

        Raises:
            StoreUnusable: the encryption key is missing.
            Conflict: the sealed text was changed outside of nbyard.
        """
        automation = row.automation
        return self._vault.open(automation.owner, automation.id, row.secret)[FIELD]

    def reseal_all(self, c: Connection, owner: str) -> int:
        """Encrypt the owner's secrets with older keys again.

        They get the newest key. Return their number.
        """
        query = select(S.id, S.secret).where(is_own(owner, S.owner), S.secret != "")
        count = 0
        for row in c.execute(query).all():
            if sealed := self._vault.resealed(owner, row.id, row.secret):
                c.execute(update(automations).where(S.id == row.id).values(secret=sealed))
                count += 1
        return count
