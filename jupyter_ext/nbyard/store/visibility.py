"""The clauses that say who may see a row, and the roles that users have on rows.

A row is seen by its owner, by those whom a grant names, as users or by a group, and by the members
of the projects that it is linked to. Rows without an owner are seen through their parent. A
share link shows one row to its viewer, who sees nothing else.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    and_,
    bindparam,
    case,
    delete,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    type_coerce,
    union_all,
)

from nbyard.domain.callers import ROLES, Role
from nbyard.domain.projects.members import (
    EVERYONE,
    LINK_VIEWER,
    LinkedKind,
    Member,
    NewMember,
    OpenedLink,
    SharedKind,
    ShareLink,
)
from nbyard.errors import Forbidden
from nbyard.store.facts import FactRows
from nbyard.store.schema.automation_tables import automations
from nbyard.store.schema.deployment_tables import deployments, models
from nbyard.store.schema.project_tables import (
    grants,
    group_members,
    project_links,
    projects,
    share_links,
)
from nbyard.store.schema.sql_column_types import Moment
from nbyard.store.schema.tables import (
    dataset_versions,
    datasets,
    environments,
    events,
    executables,
    runs,
    workflows,
)

G, K, L, M, P = grants.c, share_links.c, project_links.c, group_members.c, projects.c
LINK_FIELDS = ShareLink.__struct_fields__
# Rows of other tables, such as credentials, are never shared.
SHARED: dict[SharedKind, Table] = {
    "project": projects,
    "dataset": datasets,
    "executable": executables,
    "workflow": workflows,
    "run": runs,
    "model": models,
    "deployment": deployments,
    "environment": environments,
    "automation": automations,
}
KINDS = {table: kind for kind, table in SHARED.items()}
# The owner of an event that all users see.
EVERYBODY = ""
# A fact since the first grant: links to resources of others outlive the last grant.
SHARING = "sharing"


def is_own(name: Any, owner: Any) -> ColumnElement[bool]:
    """Return the condition that a row has this owner: names, paths and numbers are its owner's."""
    return cast("ColumnElement[bool]", owner == name)


def reference_of(viewer: str, row: Any) -> str:
    """Return the name of a row of the viewer, else `OWNER/NAME`."""
    return str(row.name if row.owner == viewer else f"{row.owner}/{row.name}")


def is_shared(c: Connection) -> bool:
    """Return whether anything in the store is or was shared."""
    return FactRows().get(c, SHARING) is not None


def may_see(viewer: Any, owner: Any, c: Connection | None = None) -> ColumnElement[bool]:
    """Return the condition that a user may see a row of the table with this column `owner`.

    With `c`, it is shorter if nothing in the store was shared, so that lists use the indexes.
    """
    kind = KINDS.get(owner.table)
    if kind is None or (c is not None and not is_shared(c)):
        return is_own(viewer, owner)
    return or_(is_own(viewer, owner), owner.table.c.id.in_(_shared(viewer, kind)))


def role_of(viewer: Any, owner: Any, c: Connection | None = None) -> ColumnElement[str]:
    """Return the column `role`: the highest role that a user has on a row that the user may see.

    Only rows of others read the grants. For `c`, see `may_see`.
    """
    kind, key = KINDS.get(owner.table), owner.table.c.id
    role: ColumnElement[str] = literal("owner")
    if kind is not None and (c is None or is_shared(c)):
        # The runs of an automation have the files, secrets and quota of its owner.
        higher = () if kind == "automation" else ROLES[:0:-1]
        by_role = [(key.in_(_shared(viewer, kind, least=least)), least) for least in higher]
        role = case((is_own(viewer, owner), "owner"), *by_role, else_="viewer")
    return role.label("role")


def may_see_event(viewer: str, c: Connection) -> ColumnElement[bool]:
    """Return the condition that a user may see an event.

    It is that of the event's subject.
    """
    own = events.c.owner.in_([viewer, EVERYBODY])
    if not is_shared(c):
        return own
    of_dataset = dataset_versions.c.dataset_id.in_(_shared(viewer, "dataset"))
    versions = select(dataset_versions.c.id).where(of_dataset)
    subject, of_run = events.c.subject_id, events.c.run_id.in_(_shared(viewer, "run"))
    return or_(own, of_run, subject.in_(_shared(viewer, *SHARED)), subject.in_(versions))


def _is_grantee(viewer: Any) -> ColumnElement[bool]:
    groups = select(M.group_name).where(M.user_name == viewer)
    as_user = and_(G.grantee_kind == "user", G.grantee.in_([viewer, EVERYONE]))
    return or_(as_user, and_(G.grantee_kind == "group", G.grantee.in_(groups)))


def _shared(viewer: Any, *kinds: SharedKind, least: Role = "viewer") -> Any:
    """Return the query for the IDs on which a user has a role by a grant, a project or a link."""
    link = func.substr(type_coerce(viewer, String), len(LINK_VIEWER) + 1)
    linkable = kinds if least == "viewer" else ()
    by_link = select(K.resource_id).where(K.id == link, K.kind.in_(linkable), _is_valid())
    if isinstance(viewer, str) and viewer.startswith(LINK_VIEWER):
        return by_link
    has_role = G.role.in_(ROLES[ROLES.index(least) :])
    granted = select(G.resource_id).where(_is_grantee(viewer), has_role)
    projects_of_member = granted.where(G.kind == "project")
    is_member = or_(
        L.project_id.in_(select(P.id).where(is_own(viewer, P.owner))),
        L.project_id.in_(projects_of_member),
    )
    linked = select(L.resource_id).where(L.kind.in_(kinds), is_member)
    shared = [granted.where(G.kind.in_(kinds)), linked]
    # A parameter may be the viewer of a link.
    return union_all(*shared, *([] if isinstance(viewer, str) else [by_link]))


def _is_valid() -> ColumnElement[bool]:
    # Some queries are built once, and used for ever.
    now = bindparam(None, type_=Moment(), callable_=lambda: datetime.now(UTC), unique=True)
    return K.expires_at > now


def team_projects(viewer: str, places: Collection[tuple[str, str]]) -> Select[Any]:
    """Return the query for the projects of a run of a user, who is a member of them.

    `places` are the kinds and IDs of what links the run, or `project` and the ID of the project.
    """
    named = [
        P.id == key
        if kind == "project"
        else P.id.in_(select(L.project_id).where(L.kind == kind, L.resource_id == key))
        for kind, key in places
        if key
    ]
    granted = select(G.resource_id).where(_is_grantee(viewer), G.kind == "project")
    is_member = or_(is_own(viewer, P.owner), P.id.in_(granted))
    return select(P.id).where(or_(false(), *named), is_member)


def _kind(group: bool) -> str:
    return "group" if group else "user"


class GrantRows:
    """Queries on the roles that users and groups have on resources."""

    def role(self, c: Connection, viewer: str, kind: SharedKind, resource_id: str) -> Role | None:
        """Return the highest role of a user on a resource, or None if the user may not see it."""
        if viewer.startswith(LINK_VIEWER):
            return "viewer"
        of = SHARED[kind].c
        seen = may_see(viewer, of.owner, c) & (of.id == resource_id)
        query = select(role_of(viewer, of.owner, c)).where(seen)
        return cast("Role | None", c.execute(query).scalar())

    def check(
        self, c: Connection, viewer: str, kind: SharedKind, resource_id: str, needed: Role
    ) -> None:
        """Check that a user who may see a resource has at least a role on it.

        Raises:
            Forbidden: the user has a lower role.
        """
        role = self.role(c, viewer, kind, resource_id)
        if role is not None and ROLES.index(role) < ROLES.index(needed):
            owners = [m.name for m in self.members(c, kind, resource_id) if m.role == "owner"]
            raise Forbidden(
                f"You are {role} of this {kind}; this needs the role {needed}.",
                hint=f"Its owners can change your role: {', '.join(owners)}.",
            )

    def members(self, c: Connection, kind: SharedKind, resource_id: str) -> list[Member]:
        """Return the owner of a resource, then everyone who has a role on it by a grant."""
        of = SHARED[kind].c
        owner = c.execute(select(of.owner).where(of.id == resource_id)).scalar_one()
        query = select(G.grantee, G.role, G.grantee_kind == "group").where(
            G.kind == kind, G.resource_id == resource_id
        )
        rows = c.execute(query.order_by(G.grantee_kind.desc(), G.grantee))
        return [Member(owner, "owner", is_creator=True), *(Member(*row) for row in rows)]

    def grant(self, c: Connection, kind: SharedKind, resource_id: str, new: NewMember) -> None:
        """Set the role of a user or group on a resource."""
        self.revoke(c, kind, resource_id, new.name, group=new.group)
        row = {"kind": kind, "resource_id": resource_id, "grantee_kind": _kind(new.group)}
        row |= {"grantee": new.name, "role": new.role}
        c.execute(insert(grants), [{**row, "created_at": datetime.now(UTC)}])
        FactRows().get_or_store(c, SHARING, "1")

    def revoke(
        self, c: Connection, kind: SharedKind, resource_id: str, name: str, *, group: bool
    ) -> bool:
        """Remove the role of a user or group on a resource; return whether there was one."""
        is_of = and_(G.kind == kind, G.resource_id == resource_id)
        is_grantee = and_(G.grantee_kind == _kind(group), G.grantee == name)
        return c.execute(delete(grants).where(is_of, is_grantee)).rowcount == 1

    def groups(self, c: Connection, user: str) -> set[str]:
        """Return the groups of a user in the user's last request."""
        return {*c.execute(select(M.group_name).where(M.user_name == user)).scalars()}

    def users(self, c: Connection, name: str, *, group: bool) -> list[str]:
        """Return the users whom a grantee stands for."""
        if not group:
            return [EVERYBODY if name == EVERYONE else name]
        return [*c.execute(select(M.user_name).where(M.group_name == name)).scalars()]

    def set_groups(self, c: Connection, user: str, groups: Collection[str]) -> None:
        """Store the groups of a user."""
        c.execute(delete(group_members).where(M.user_name == user))
        rows = [{"user_name": user, "group_name": group} for group in sorted({*groups})]
        if rows:
            c.execute(insert(group_members), rows)

    def delete_dangling(self, c: Connection) -> int:
        """Delete grants and links on resources that no longer exist, and expired links.

        Return their number.
        """
        gone = [
            delete(table).where(t.kind == kind, t.resource_id.not_in(select(of.c.id)))
            for table, t in ((grants, G), (share_links, K))
            for kind, of in SHARED.items()
        ]
        return sum(
            c.execute(query).rowcount for query in (*gone, delete(share_links).where(~_is_valid()))
        )


class ShareLinkRows:
    """Queries on links, which show one resource each."""

    def insert(
        self, c: Connection, kind: LinkedKind, resource_id: str, link: ShareLink, link_hash: str
    ) -> None:
        """Insert a link by the hash of its secret."""
        row = {name: getattr(link, name) for name in LINK_FIELDS}
        row |= {"kind": kind, "resource_id": resource_id, "hash": link_hash}
        c.execute(insert(share_links), [row])
        FactRows().get_or_store(c, SHARING, "1")

    def list(self, c: Connection, kind: SharedKind, resource_id: str) -> list[ShareLink]:
        """Return the links of a resource that have not expired, newest first."""
        query = select(*(K[name] for name in LINK_FIELDS)).where(
            K.kind == kind, K.resource_id == resource_id, _is_valid()
        )
        return [ShareLink(*row) for row in c.execute(query.order_by(K.id.desc()))]

    def delete(self, c: Connection, kind: SharedKind, resource_id: str, link: str) -> bool:
        """Delete a link of a resource; return whether there was one."""
        is_of = and_(K.kind == kind, K.resource_id == resource_id, K.id == link)
        return c.execute(delete(share_links).where(is_of)).rowcount == 1

    def open(self, c: Connection, key: str) -> OpenedLink | None:
        """Return a link by its hash or ID; None if its creator may not share anymore."""
        is_meant = or_(K.hash == key, K.id == key)
        row = c.execute(select(share_links).where(is_meant, _is_valid())).first()
        if row is None or GrantRows().role(c, row.creator, row.kind, row.resource_id) != "owner":
            return None
        of = SHARED[row.kind].c
        owner = c.execute(select(of.owner).where(of.id == row.resource_id)).scalar_one()
        return OpenedLink(row.id, row.kind, row.resource_id, owner, row.expires_at)
