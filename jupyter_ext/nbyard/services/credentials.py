"""Service operations on credentials: named secrets that the API never returns."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.credentials import (
    KINDS,
    Credential,
    CredentialKind,
    CredentialPatch,
    NewCredential,
    Sealed,
    check_fields,
    kind_of,
    split_fields,
)
from nbyard.domain.ids import is_id, new_id
from nbyard.domain.naming.names import check_name
from nbyard.domain.naming.unique_names import MAX_TOLD
from nbyard.domain.paging import Page, check_length, page_of
from nbyard.errors import Conflict, InUse, Invalid, StaleWrite, StoreUnusable
from nbyard.services.operation import operation
from nbyard.services.requests import filter_project
from nbyard.services.service_context import Service
from nbyard.services.workflows.dependents import workflows_with_credential

if TYPE_CHECKING:
    from nbyard.store import Connection

MAX_DESCRIPTION = 10_000


class CredentialService(Service):
    """Named secrets of one owner. The API stores secret fields and never returns them.

    Only the dispatcher reads them, for the tasks and imports that name the credential.
    """

    noun = "credentials"

    @operation("GET", "/credential-kinds", scope="credentials:read")
    def kinds(self, caller: Caller) -> list[CredentialKind]:
        """List the kinds of credentials with their fields."""
        return [*KINDS]

    @operation("POST", "/credentials", scope="credentials:write", status=201)
    def create(self, caller: Caller, body: NewCredential) -> Credential:
        """Store a secret under a name.

        Raises:
            Invalid: the name looks like an ID.
        """
        name, kind = check_name(body.name), kind_of(body.kind)
        # Requests name a credential by ID or name in one field, so no name may look like an ID.
        if is_id(name):
            raise Invalid.field("name", "may not be an ID: IDs identify other credentials")
        shown, secret = split_fields(kind, check_fields(kind, body.fields))
        check_length("description", body.description, MAX_DESCRIPTION)
        now = datetime.now(UTC)
        made = Credential(
            id=new_id(),
            name=name,
            owner=caller.name,
            kind=kind.kind,
            description=body.description,
            fields=shown,
            kept=sorted(secret),
            version=1,
            created_at=now,
            updated_at=now,
        )
        with self._store.write() as c:
            # Check inside the writing transaction: another request may use the name too.
            self._store.credentials.check_free(c, caller.name, name)
            self._store.credentials.insert_sealed(c, made, secret)
        return made

    @operation("GET", "/credentials", scope="credentials:read")
    def list(
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        search: str = "",
        kind: str = "",
        project: str = "",
    ) -> Page[Credential]:
        """List credentials without their secrets, newest first.

        `kind` limits the list to one kind of credential.
        """
        if kind:
            kind_of(kind)
        with self._store.read() as c:
            of = filter_project(self._store, c, caller, project)
            credentials = self._store.credentials.page(
                c, caller.name, limit + 1, after, search, of, kind=kind
            )
        return page_of(credentials, limit)

    @operation("GET", "/credentials/{credential}", scope="credentials:read")
    def get(self, caller: Caller, credential: str) -> Credential:
        """Show a credential, by ID or name, without its secrets.

        The result lists the runs and workflows that use the credential.
        """
        record = self._find(caller, credential)
        return msgspec.structs.replace(record, used_by=self._used_by(record))

    def _used_by(self, credential: Credential) -> builtins.list[str]:
        with self._store.read() as c:
            # Only live tasks count: finished ones need no secret anymore.
            ids = self._store.tasks.using_credential(c, credential.id)
            runs = [run for run in (self._store.runs.by_id(c, each) for each in ids) if run]
        users = [f"run {run.number}" for run in runs]
        paths = workflows_with_credential(self._context, credential)
        return users + [self._context.files.without_root(path) for path in paths]

    def _find(self, caller: Caller, credential: str) -> Credential:
        with self._store.read() as c:
            return self._store.credentials.find(c, caller.name, credential)

    @operation("PATCH", "/credentials/{credential}", scope="credentials:write")
    def update(self, caller: Caller, credential: str, body: CredentialPatch) -> Credential:
        """Replace fields of a credential.

        Omitted fields keep their values. Work that starts after the change uses the new values.

        Raises:
            StaleWrite: another request changed the credential.
        """
        record = self._find(caller, credential)
        if record.version != body.version:
            raise StaleWrite
        columns: dict[str, Any] = {}
        secret = None
        if isinstance(body.description, str):
            check_length("description", body.description, MAX_DESCRIPTION)
            columns["description"] = body.description
        with self._store.write() as c:
            if isinstance(body.fields, dict):
                kind = kind_of(record.kind)
                fields = self._fields(c, record, kind, body.fields)
                shown, secret = split_fields(kind, check_fields(kind, fields))
                columns |= {"fields": shown, "kept": sorted(secret)}
            # This compares the version again, which may have changed since it was read.
            self._store.credentials.change_sealed(c, record, secret, **columns)
        return self._find(caller, record.id)

    def _fields(
        self, c: Connection, credential: Credential, kind: CredentialKind, new: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the stored fields of a credential, with the new ones replacing them.

        Stored fields that cannot be decrypted are left out if all required secrets are new.
        """
        try:
            # Stored fields are unreadable if the key that encrypted them is lost.
            return self._store.credentials.fields(c, credential) | dict(new)
        except (StoreUnusable, Conflict):
            if any(
                field.secret and field.required and not new.get(field.name) for field in kind.fields
            ):
                raise
        return credential.fields | dict(new)

    @operation("DELETE", "/credentials/{credential}", scope="credentials:write", status=204)
    def delete(self, caller: Caller, credential: str, force: bool = False) -> None:
        """Delete a credential.

        Fails while a live run or a saved workflow uses it, unless `force` is set.

        Raises:
            InUse: something uses the credential.
        """
        record = self._find(caller, credential)
        users = [] if force else self._used_by(record)
        if users:
            why = f"'{record.name}' is used by {', '.join(users[:MAX_TOLD])}."
            raise InUse(why, hint="Remove it from these, or force the deletion.")
        with self._store.write() as c:
            self._store.credentials.delete(c, record)

    @operation("POST", "/credentials/reseal", scope="credentials:write")
    def reseal(self, caller: Caller) -> Sealed:
        """Encrypt secrets again that were encrypted with an older key.

        The newest key is used, also for channels and webhooks.
        """
        sealed = (self._store.credentials, self._store.channels, self._store.automation_secrets)
        with self._store.write() as c:
            return Sealed(sum(rows.reseal_all(c, caller.name) for rows in sealed))
