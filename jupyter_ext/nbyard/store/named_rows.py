"""Rows that an owner names and that belong to a code file: automations."""

from abc import abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import Connection, Row, Table, insert, select

from nbyard.domain.naming.unique_names import no_such
from nbyard.domain.projects.structs import LinkKind
from nbyard.store import events
from nbyard.store.database.project_filter import linked_to
from nbyard.store.database.query_parts import newest_first, with_text
from nbyard.store.events import Subject

T = TypeVar("T")


class NamedRows(Generic[T]):
    """Queries on the rows of one `table`; those with an `owner` see only the owner's rows.

    `noun` is the name of a row in errors, events and links of projects.
    """

    table: ClassVar[Table]
    noun: ClassVar[LinkKind]

    @staticmethod
    @abstractmethod
    def read(row: Row[Any]) -> T:
        """Convert a row to its struct."""

    def insert(self, c: Connection, row: dict[str, Any]) -> None:
        """Insert a row, and append its event."""
        c.execute(insert(self.table), [row])
        self.append_event(c, row["id"], row["owner"], "created")

    def append_event(self, c: Connection, row_id: str, owner: str, change: str) -> None:
        """Append an event about a row."""
        events.append(c, self.noun, Subject(row_id, owner), {"change": change})

    def enabled(self, c: Connection) -> list[T]:
        """Return the enabled rows of all owners.

        The table must have the column `is_enabled`.
        """
        of = self.table.c
        query = select(self.table).where(of.is_enabled).order_by(of.id)
        return [self.read(row) for row in c.execute(query)]

    def get(self, c: Connection, owner: str, key: str) -> T | None:
        """Return a row by ID, else by name."""
        of = self.table.c
        query = select(self.table).where(of.owner == owner, (of.id == key) | (of.name == key))
        row = c.execute(query.order_by((of.id == key).desc())).first()
        return self.read(row) if row else None

    def find(self, c: Connection, owner: str, key: str) -> T:
        """Return a row by ID, else by name.

        Raises:
            NotFound: the owner has no such row.
        """
        row = self.get(c, owner, key)
        if row is None:
            raise no_such(self.noun, key, self.names(c, owner).values())
        return row

    def by_id(self, c: Connection, row_id: str) -> T | None:
        """Return a row of any owner."""
        row = c.execute(select(self.table).where(self.table.c.id == row_id)).first()
        return self.read(row) if row else None

    def names(self, c: Connection, owner: str) -> dict[str, str]:
        """Return all names by ID."""
        of = self.table.c
        rows = c.execute(select(of.id, of.name).where(of.owner == owner))
        return {row.id: row.name for row in rows}

    def page(  # noqa: PLR0913  these are the filters
        self,
        c: Connection,
        owner: str,
        limit: int,
        after: str,
        search: str,
        path: str,
        *,
        project: str = "",
    ) -> list[T]:
        """Return a page of rows, newest first; `path` is a real path, or empty for all."""
        of = self.table.c
        query = with_text(select(self.table).where(of.owner == owner), search, of.name, of.path)
        query = query.where(of.path == path) if path else query
        query = query.where(linked_to(project, self.noun, of.id))
        return [self.read(row) for row in c.execute(newest_first(query, of.id, limit, after))]
