"""Rows of credentials; their secret fields are encrypted."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select, union_all, update

from nbyard.domain.credentials import Credential, Login, login_of
from nbyard.domain.runs.structs import SecretOf
from nbyard.store.credentials.vault import Vault
from nbyard.store.named_rows import NamedRows
from nbyard.store.schema.automation_tables import automations
from nbyard.store.schema.notice_tables import notice_channels
from nbyard.store.schema.tables import credentials
from nbyard.store.visibility import is_own

C = credentials.c
FIELDS = [name for name in Credential.__struct_fields__ if name != "used_by"]
# Any sealed text reveals that a key must exist somewhere.
ANY_SEALED = union_all(
    select(C.sealed),
    select(notice_channels.c.sealed),
    select(automations.c.secret).where(automations.c.secret != ""),
).limit(1)
REFERENCES = select(C.id, C.name, C.version).where(is_own(bindparam("of"), C.owner))


class CredentialRows(NamedRows[Credential]):
    """Queries on credentials; each query sees only the credentials of one owner."""

    stored_in, struct, noun = credentials, Credential, "credential"
    counter = "version"

    def __init__(self, vault: Vault):
        self.vault = vault

    def needs_key(self, c: Connection) -> bool:
        """Return whether any secret, also of channels and webhooks, needs the key of the store."""
        return c.execute(ANY_SEALED).first() is not None

    def insert_sealed(self, c: Connection, made: Credential, secret: Mapping[str, str]) -> None:
        """Insert a credential; `secret` holds the fields to encrypt."""
        row = {name: getattr(made, name) for name in FIELDS}
        self.insert(c, {**row, "sealed": self._seal(c, made, secret)})

    def references(self, c: Connection, owner: str) -> dict[str, SecretOf]:
        """Return all credentials under both their names and their IDs."""
        rows = c.execute(REFERENCES, {"of": owner})
        references = [SecretOf(row.id, row.name, row.version) for row in rows]
        return {reference.credential_id: reference for reference in references} | {
            reference.name: reference for reference in references
        }

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
        query = select(credentials).where(is_own(owner, C.owner), C.kind == "registry")
        login = login_of(image, map(self.read, c.execute(query)))
        if login is None:
            return None
        fields = self.fields(c, login)
        return Login(login.name, fields["username"], fields["password"])

    def change_sealed(
        self, c: Connection, old: Credential, secret: Mapping[str, str] | None, **columns: Any
    ) -> None:
        """Update a credential.

        Without `secret`, the sealed fields stay.

        Raises:
            StaleWrite: its version has changed.
        """
        if secret is not None:
            columns["sealed"] = self._seal(c, old, secret)
        self.change(c, old, **columns)

    def _seal(self, c: Connection, credential: Credential, secret: Mapping[str, str]) -> str:
        sealed_before = c.execute(ANY_SEALED).scalar() or ""
        return self.vault.seal(credential.owner, credential.name, dict(secret), sealed_before)

    def reseal_all(self, c: Connection, owner: str) -> int:
        """Encrypt the owner's credentials with older keys again.

        They get the newest key. Return their number.
        """
        count = 0
        # Read all rows first: SQLite does not define what a query returns while its rows change.
        for row in c.execute(select(credentials).where(is_own(owner, C.owner))).all():
            if sealed := self.vault.resealed(row.owner, row.name, row.sealed):
                c.execute(update(credentials).where(C.id == row.id).values(sealed=sealed))
                count += 1
        return count
