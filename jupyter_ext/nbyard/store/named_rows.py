"""Rows that have a name and an owner: create, find, list, change and delete them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec
from sqlalchemy import Connection, Row, Select, Table, and_, delete, insert, select, update

from nbyard.domain.ids import new_id
from nbyard.domain.naming.unique_names import check_free, no_such
from nbyard.errors import StaleWrite
from nbyard.store import events
from nbyard.store.database.project_filter import linked_to
from nbyard.store.database.query_parts import newest_first, with_text
from nbyard.store.events import Subject
from nbyard.store.visibility import is_own, may_see, role_of

T = TypeVar("T", bound=msgspec.Struct)


class Named(Protocol):
    """What an owner named."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def owner(self) -> str: ...


def columns_of(row: Row[Any], struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the columns that are named after fields of a struct."""
    known = row._mapping
    return {name: known[name] for name in struct.__struct_fields__ if name in known}


def struct_of_row(row: Row[Any], struct: type[T], **more: Any) -> T:
    """Return a row as a struct, with `more` fields."""
    return msgspec.convert(columns_of(row, struct) | more, struct)


class NamedRows(Generic[T]):
    """Queries on the rows of one table, which have a name and an owner.

    Queries with an `owner` see the rows that this user may see; names are those of own rows.

    A row becomes a `struct`. `noun` is the topic of its events and the kind of its links, `label`
    its name in errors. Lists are searched in the columns `searched`. Each change increases the
    column `counter`.
    """

    stored_in: ClassVar[Table]
    struct: type[T]
    noun: ClassVar[str]
    label: ClassVar[str] = ""
    searched: ClassVar[tuple[str, ...]] = ("name",)
    counter: ClassVar[str] = "revision"

    def query(self) -> Select[Any]:
        """Return the query of all rows, with what `read` needs."""
        return select(self.stored_in)

    def read(self, row: Row[Any]) -> T:
        """Convert a row to its struct."""
        return struct_of_row(row, self.struct)

    def items(self, c: Connection, rows: Sequence[Row[Any]]) -> list[T]:
        """Convert rows to their structs."""
        return [self.read(row) for row in rows]

    def get(self, c: Connection, owner: str, key: str) -> T | None:
        """Return a row by ID or `OWNER/NAME`, else an own row by name.

        The user may see it.
        """
        of, (its_owner, _, name) = self.stored_in.c, key.partition("/")
        is_named = is_own(owner, of.owner) & (of.name == key)
        # Names contain no slash.
        is_meant = (of.id == key) | (is_own(its_owner, of.owner) & (of.name == name))
        query = self.query().add_columns(role_of(owner, of.owner, c))
        query = query.where(is_meant & may_see(owner, of.owner, c) | is_named)
        # An ID wins over another row whose name looks like that ID.
        row = c.execute(query.order_by((of.id == key).desc())).first()
        return self.items(c, [row])[0] if row else None

    def find(self, c: Connection, owner: str, key: str) -> T:
        """Return a row by ID, else by name.

        Raises:
            NotFound: the owner has no such row.
        """
        item = self.get(c, owner, key)
        if item is None:
            raise no_such(self.label or self.noun, key, self.names(c, owner).values())
        return item

    def by_id(self, c: Connection, row_id: str) -> T | None:
        """Return a row of any owner."""
        row = c.execute(self.query().where(self.stored_in.c.id == row_id)).first()
        return self.items(c, [row])[0] if row else None

    def names(self, c: Connection, owner: str) -> dict[str, str]:
        """Return the names of own rows by ID."""
        of = self.stored_in.c
        rows = c.execute(select(of.id, of.name).where(is_own(owner, of.owner)))
        return {row.id: row.name for row in rows}

    def page(
        self,
        c: Connection,
        owner: str,
        limit: int,
        after: str,
        search: str,
        project: str = "",
        **values: str,
    ) -> list[T]:
        """Return a page of rows, newest first.

        Empty `values` of columns limit nothing.
        """
        of = self.stored_in.c
        seen = select(of.id).where(may_see(owner, of.owner, c))
        seen = seen.where(linked_to(project, self.noun, of.id))
        seen = seen.where(*(of[name] == value for name, value in values.items() if value))
        seen = with_text(seen, search, *(of[name] for name in self.searched))
        # Other columns, such as those of versions, are read for the page alone.
        is_shown = of.id.in_(newest_first(seen, of.id, limit, after))
        query = self.query().add_columns(role_of(owner, of.owner, c))
        query = query.where(is_shown).order_by(of.id.desc())
        return self.items(c, c.execute(query).all())

    def check_free(self, c: Connection, owner: str, name: str, own: str = "") -> None:
        """Check that no other row has a name that looks the same.

        `own` is the ID of the row that gets the name.

        Raises:
            NameTaken: another row of the owner has such a name.
        """
        check_free(self.names(c, owner), self.label or self.noun, name, own)

    def create(self, c: Connection, owner: str, **columns: Any) -> str:
        """Insert a row with a free name, and return its new ID.

        Raises:
            NameTaken: another row of the owner has such a name.
        """
        self.check_free(c, owner, columns["name"])
        made, now = new_id(), datetime.now(UTC)
        own = {"id": made, "owner": owner, self.counter: 1, "created_at": now, "updated_at": now}
        self.insert(c, own | columns)
        return made

    def insert(self, c: Connection, row: dict[str, Any]) -> None:
        """Insert a row, and append its event."""
        c.execute(insert(self.stored_in), [row])
        self.append_event(c, row["id"], row["owner"], "created")

    def update(self, c: Connection, owner: str, key: str, seen: int, **columns: Any) -> T:
        """Change a row of which the client has `seen` this revision.

        Return the changed row.

        Raises:
            NotFound: the owner has no such row.
            StaleWrite: its revision has changed.
            NameTaken: another row of the owner has the new name.
        """
        item: Any = self.find(c, owner, key)
        if getattr(item, self.counter) != seen:
            raise StaleWrite
        if "name" in columns:
            self.check_free(c, item.owner, columns["name"], item.id)
        self.change(c, item, **columns)
        return self.find(c, owner, item.id)

    def change(self, c: Connection, item: Named, change: str = "changed", **columns: Any) -> None:
        """Update a row, and append the event of this `change`.

        Raises:
            StaleWrite: its revision has changed.
        """
        of, seen = self.stored_in.c, getattr(item, self.counter)
        is_same = and_(of.id == item.id, of[self.counter] == seen)
        values = {self.counter: seen + 1, "updated_at": datetime.now(UTC), **columns}
        if c.execute(update(self.stored_in).where(is_same).values(**values)).rowcount != 1:
            raise StaleWrite
        self.append_event(c, item.id, item.owner, change)

    def delete(self, c: Connection, item: Named) -> None:
        """Delete a row, and append its event."""
        c.execute(delete(self.stored_in).where(self.stored_in.c.id == item.id))
        self.append_event(c, item.id, item.owner, "deleted")

    def append_event(self, c: Connection, row_id: str, owner: str, change: str) -> None:
        """Append an event about a row."""
        events.append(c, self.noun, Subject(row_id, owner), {"change": change})
