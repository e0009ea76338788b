"""Service operations on the roles of users and groups on resources, and on links to these."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.paging import Page, check_choice
from nbyard.domain.projects.members import (
    LINKED_KINDS,
    LINKS,
    SHARED_KINDS,
    CreatedShareLink,
    Member,
    NewMember,
    NewShareLink,
    OpenedLink,
    SharedKind,
    ShareLink,
    hash_of_link,
)
from nbyard.domain.workflows.structs import Document
from nbyard.errors import Conflict, NotFound
from nbyard.services.operation import operation
from nbyard.services.projects.records import ProjectRecords
from nbyard.services.service_context import Service

if TYPE_CHECKING:
    from nbyard.store import Connection

SECRET_BYTES = 32


class ShareService(Service):
    """Who may see and change a project or another resource, besides its creator.

    The members of a project have their role on all that is linked to it.
    """

    noun = "shares"

    @operation("GET", "/shares/{kind}/{resource}", scope="projects:read")
    def list(self, caller: Caller, kind: str, resource: str) -> Page[Member]:
        """List the users and groups with a role on a project or another resource.

        The creator is first. Users who see it only through a project are not listed.
        """
        with self._store.read() as c:
            return Page(self._store.grants.members(c, *self._find(c, caller, kind, resource)))

    @operation("POST", "/shares/{kind}/{resource}", scope="projects:write", status=201)
    def grant(self, caller: Caller, kind: str, resource: str, body: NewMember) -> Page[Member]:
        """Set the role of a user or group on a project or another resource.

        Raises:
            Conflict: the user is the creator, who stays an owner.
        """
        body.check()
        with self._store.write() as c:
            if kind == "workflow":  # those with whom it is shared need its newest version
                find = ProjectRecords(self._context).find_resource
                find(c, caller, "workflow", resource, records=True)
            of, resource_id = self._find(c, caller, kind, resource)
            creator = self._other_than(c, of, resource_id, body.name, group=body.group)
            self._store.grants.grant(c, of, resource_id, body)
            self._append_event(c, of, resource_id, creator)
            return Page(self._store.grants.members(c, of, resource_id))

    @operation("DELETE", "/shares/{kind}/{resource}/{name}", scope="projects:write", status=204)
    def revoke(
        self, caller: Caller, kind: str, resource: str, name: str, group: bool = False
    ) -> None:
        """Remove the role of a user or group on a project or another resource.

        With `group`, the name is that of a group.

        What a former member linked to a project stays linked.

        Raises:
            Conflict: the user is the creator, who stays an owner.
            NotFound: the user or group has no role.
        """
        with self._store.write() as c:
            of, resource_id = self._find(c, caller, kind, resource)
            creator = self._other_than(c, of, resource_id, name, group=group)
            if not self._store.grants.revoke(c, of, resource_id, name, group=group):
                raise NotFound(f"{name[:80]} has no role on this {of}.")
            self._append_event(c, of, resource_id, creator)
            # What former members saw leaves their lists.
            for user in self._store.grants.users(c, name, group=group):
                self._append_event(c, "project", "", user)

    @operation("GET", "/shares/{kind}/{resource}/links", scope="projects:read")
    def links(self, caller: Caller, kind: str, resource: str) -> Page[ShareLink]:
        """List the links that show a resource, newest first, without their addresses."""
        with self._store.read() as c:
            return Page(self._store.share_links.list(c, *self._find(c, caller, kind, resource)))

    @operation("POST", "/shares/{kind}/{resource}/links", scope="projects:write", status=201)
    def create_link(
        self, caller: Caller, kind: str, resource: str, body: NewShareLink
    ) -> CreatedShareLink:
        """Create a link that shows a dataset, run, workflow or deployment, for reading only.

        The response has the address, which is not shown again. Every user who has the address can
        open it, with the setting `public_links` also people without an account. It is valid as long
        as its creator is an owner.
        """
        body.check()
        of, now = check_choice("kind", kind, LINKED_KINDS), datetime.now(UTC)
        secret = secrets.token_urlsafe(SECRET_BYTES)
        link = ShareLink(new_id(), caller.name, now, now + timedelta(days=body.days))
        with self._store.write() as c:
            _, resource_id = self._find(c, caller, of, resource)
            self._store.share_links.insert(c, of, resource_id, link, hash_of_link(secret))
            creator = self._store.grants.members(c, of, resource_id)[0].name
            self._append_event(c, of, resource_id, creator)
            known = [self._store.facts.get(c, name) for name in ("links_url", "base_url")]
        base = known[0] or self._context.settings.public_url or known[1] or "/"
        url = f"{base.rstrip('/')}/{LINKS}/{secret}"
        return CreatedShareLink(**msgspec.structs.asdict(link), url=url)

    @operation(
        "DELETE", "/shares/{kind}/{resource}/links/{link}", scope="projects:write", status=204
    )
    def revoke_link(self, caller: Caller, kind: str, resource: str, link: str) -> None:
        """Revoke a link, by its ID. It shows nothing from now on.

        Raises:
            NotFound: the resource has no such link.
        """
        with self._store.write() as c:
            of, resource_id = self._find(c, caller, kind, resource)
            if not self._store.share_links.delete(c, of, resource_id, link):
                raise NotFound(f"This {of} has no link {link[:80]}.")

    def open_link(self, secret: str) -> OpenedLink:
        """Return what a link shows.

        Raises:
            NotFound: the link does not exist, has expired, or was revoked.
        """
        with self._store.read() as c:
            opened = self._store.share_links.open(c, hash_of_link(secret))
        if opened is None:
            raise NotFound("This link does not exist, has expired, or was revoked.")
        return opened

    def is_valid(self, link: str) -> bool:
        """Return whether a link, by its ID, still shows its resource."""
        with self._store.read() as c:
            return self._store.share_links.open(c, link) is not None

    def document(self, caller: Caller, workflow: str) -> tuple[str, Document]:
        """Return the title and the newest document of a workflow.

        Raises:
            NotFound: the workflow has no document yet.
        """
        with self._store.read() as c:
            record = self._store.workflows.get(c, caller.name, workflow)
            document = record and self._store.workflows.document(c, record, 0)
            if record and document:
                return record.title or PurePath(record.path).stem, document
        raise NotFound("This workflow has no document yet.")

    def credential_names(self, run: str) -> set[str]:
        """Return the names of the credentials of a run, which stand for its secrets."""
        with self._store.read() as c:
            return self._store.tasks.credential_names(c, run)

    def _find(self, c: Connection, caller: Caller, kind: str, key: str) -> tuple[SharedKind, str]:
        of = check_choice("kind", kind, SHARED_KINDS)
        if of == "project":
            return of, self._store.projects.find(c, caller.name, key).id
        return of, ProjectRecords(self._context).find_resource(c, caller, of, key)

    def _other_than(
        self, c: Connection, kind: SharedKind, resource_id: str, name: str, *, group: bool
    ) -> str:
        """Return the creator of a resource, who must not be the user with this name."""
        creator = self._store.grants.members(c, kind, resource_id)[0].name
        if not group and name == creator:
            raise Conflict(f"{creator} created this {kind} and stays its owner.")
        return creator

    def _append_event(self, c: Connection, kind: str, resource_id: str, owner: str) -> None:
        events = self._store.events
        subject = events.Subject(resource_id, owner, resource_id if kind == "run" else "")
        events.append(c, kind, subject, {"change": "shared"})
