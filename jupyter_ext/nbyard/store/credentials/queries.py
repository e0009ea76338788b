"""Rows of credentials; their secret fields are encrypted."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, union_all, update

from nbyard.domain.credentials import Credential, Login, login_of
from nbyard.domain.runs.structs import SecretOf
from nbyard.store import events
from nbyard.store.credentials.vault import Vault
from nbyard.store.database.project_filter import linked_to
from nbyard.store.database.query_parts import newest_first, with_text
from nbyard.store.events import Subject
from nbyard.store.schema.automation_tables import automations
from nbyard.store.schema.notice_tables import notice_channels
from nbyard.store.schema.tables import credentials

C = credentials.c
FIELDS = [name for name in Credential.__struct_fields__ if name != "used_by"]
# Any sealed text reveals that a key must exist somewhere.
ANY_SEALED = union_all(
    select(C.sealed),
    select(notice_channels.c.sealed),
    select(automations.c.secret).where(automations.c.secret != ""),
).limit(1)
REFERENCES = select(C.id, C.name, C.version).where(C.owner == bindparam("of"))


class CredentialRows:
    """Queries on credentials; each query sees only the credentials of one owner."""

    def __init__(self, vault: Vault):
        self.vault = vault

    def needs_key(self, c: Connection) -> bool:
        """Return whether any secret, also of channels and webhooks, needs the key of the store."""
        return c.execute(ANY_SEALED).first() is not None

    def insert(self, c: Connection, made: Credential, secret: Mapping[str, str]) -> None:
        """Insert a credential; `secret` holds the fields to encrypt."""
        row = {name: getattr(made, name) for name in FIELDS}
        row["sealed"] = self._seal(c, made, secret)
        c.execute(insert(credentials), [row])
        self._append_event(c, made, "created")

    def get(self, c: Connection, owner: str, key: str) -> Credential | None:
        """Return a credential by ID, else by name."""
        query = select(credentials).where(C.owner == owner, (C.id == key) | (C.name == key))
        # An ID wins over another credential whose name looks like that ID.
        row = c.execute(query.order_by((C.id == key).desc())).first()
        return _credential(row) if row else None

    def names(self, c: Connection, owner: str) -> dict[str, str]:
        """Return all names by ID."""
        query = select(C.id, C.name).where(C.owner == owner)
        return {row.id: row.name for row in c.execute(query)}

    def references(self, c: Connection, owner: str) -> dict[str, SecretOf]:
        """Return all credentials under both their names and their IDs."""
        rows = c.execute(REFERENCES, {"of": owner})
        references = [SecretOf(row.id, row.name, row.version) for row in rows]
        return {reference.credential_id: reference for reference in references} | {
            reference.name: reference for reference in references
        }

    def page(  # noqa: PLR0913  these are the filters
        self,
        c: Connection,
        owner: str,
        limit: int,
        after: str,
        search: str,
        kind: str,
        *,
        project: str = "",
    ) -> list[Credential]:
        """Return a page of credentials, newest first."""
        own = select(credentials).where(C.owner == owner, linked_to(project, "credential", C.id))
        query = newest_first(with_text(own, search, C.name), C.id, limit, after)
        if kind:
            query = query.where(C.kind == kind)
        return [_credential(row) for row in c.execute(query)]

    def fields(self, c: Connection, credential: Credential) -> dict[str, str]:
        """Return all fields, including the decrypted secret ones.

        Raises:
            StoreUnusable: The encryption key is missing.
            Conflict: The sealed fields were changed outside of nbyard.
        """
        sealed = c.execute(select(C.sealed).where(C.id == credential.id)).scalar_one()
        return credential.fields | self.vault.open(credential.owner, credential.name, sealed)

    def login(self, c: Connection, owner: str, image: str) -> Login | None:
        """Return the login for the registry of an image, or None; decrypt only that credential.

        Raises:
            StoreUnusable: The encryption key is missing.
            Conflict: The sealed fields were changed outside of nbyard.
        """
        query = select(credentials).where(C.owner == owner, C.kind == "registry")
        login = login_of(image, map(_credential, c.execute(query)))
        if login is None:
            return None
        fields = self.fields(c, login)
        return Login(login.name, fields["username"], fields["password"])

    def change(
        self, c: Connection, old: Credential, new: Credential, secret: Mapping[str, str] | None
    ) -> bool:
        """Update a credential if its version is still `old.version`; return whether it was.

        Without `secret`, the sealed fields stay.
        """
        columns: dict[str, Any] = {
            "fields": new.fields,
            "kept": new.kept,
            "description": new.description,
            "version": new.version,
            "updated_at": datetime.now(UTC),
        }
        if secret is not None:
            columns["sealed"] = self._seal(c, old, secret)
        same = (C.id == old.id) & (C.version == old.version)
        if c.execute(update(credentials).where(same).values(**columns)).rowcount != 1:
            return False
        self._append_event(c, old, "changed")
        return True

    def _seal(self, c: Connection, credential: Credential, secret: Mapping[str, str]) -> str:
        sealed_before = c.execute(ANY_SEALED).scalar() or ""
        return self.vault.seal(credential.owner, credential.name, dict(secret), sealed_before)

    def reseal_all(self, c: Connection, owner: str) -> int:
        """Encrypt the owner's credentials with older keys again.

        They get the newest key. Return their number.
        """
        count = 0
        # Read all rows first: SQLite does not define what a query returns while its rows change.
        for row in c.execute(select(credentials).where(C.owner == owner)).all():
            if sealed := self.vault.resealed(row.owner, row.name, row.sealed):
                c.execute(update(credentials).where(C.id == row.id).values(sealed=sealed))
                count += 1
        return count

    def delete(self, c: Connection, credential: Credential) -> None:
        """Delete a credential."""
        c.execute(delete(credentials).where(C.id == credential.id))
        self._append_event(c, credential, "deleted")

    def _append_event(self, c: Connection, credential: Credential, change: str) -> None:
        subject = Subject(credential.id, credential.owner)
        events.append(c, "credential", subject, {"change": change})


def _credential(row: Row[Any]) -> Credential:
    return Credential(**{name: getattr(row, name) for name in FIELDS})
