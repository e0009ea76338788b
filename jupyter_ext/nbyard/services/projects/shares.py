"""Service operations on the roles of users and groups on projects and other resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbyard.domain.callers import Caller
from nbyard.domain.paging import Page, check_choice
from nbyard.domain.projects.members import SHARED_KINDS, Member, NewMember, SharedKind
from nbyard.errors import Conflict, NotFound
from nbyard.services.operation import operation
from nbyard.services.projects.records import ProjectRecords
from nbyard.services.service_context import Service

if TYPE_CHECKING:
    from nbyard.store import Connection


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

    def _append_event(self, c: Connection, kind: str, resource_id: str, creator: str) -> None:
        events = self._store.events
        subject = events.Subject(resource_id, creator, resource_id if kind == "run" else "")
        events.append(c, kind, subject, {"change": "shared"})
