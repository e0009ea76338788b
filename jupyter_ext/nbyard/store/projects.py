"""Rows of projects and their links."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Table,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    true,
    union,
    union_all,
    update,
)

from nbyard.domain.projects.definitions import FOLDER, push_name
from nbyard.domain.projects.structs import LINK_KINDS, LinkKind, Project, ProjectResource
from nbyard.domain.runs.origins import GitState
from nbyard.domain.runs.structs import Run
from nbyard.store.database.project_filter import linked_to, projects_of_runs, run_ids_of
from nbyard.store.database.query_parts import contains_text, newest_first
from nbyard.store.named_rows import Named, NamedRows
from nbyard.store.notices.channels import RuleRows
from nbyard.store.runs.artifacts_and_cache import CacheRows
from nbyard.store.runs.queries import has_run_text
from nbyard.store.schema.automation_tables import automations
from nbyard.store.schema.deployment_tables import deployments, models
from nbyard.store.schema.project_tables import (
    environment_defaults,
    project_links,
    projects,
    quotas,
)
from nbyard.store.schema.tables import (
    HISTORY,
    artifacts,
    credentials,
    dataset_versions,
    datasets,
    environments,
    executables,
    runs,
    workflows,
)
from nbyard.store.visibility import GrantRows, is_own, is_shared, may_see
from nbyard.store.workflows import IS_LISTED, WorkflowRows, is_below

A, L, P, S, V = artifacts.c, project_links.c, projects.c, automations.c, dataset_versions.c
# Rows of links that the user removed have this in front of their kind.
UNLINKED = "no-"


class Linkable(msgspec.Struct, frozen=True):
    """The resources of one kind: their table, shown name and file, and which rows count."""

    table: Table
    name: ColumnElement[Any]
    is_there: ColumnElement[bool] = true()
    path: ColumnElement[Any] = literal("")


LINKABLE: dict[LinkKind, Linkable] = {
    "dataset": Linkable(datasets, datasets.c.name),
    "executable": Linkable(executables, executables.c.name, path=executables.c.path),
    "workflow": Linkable(
        workflows,
        func.coalesce(func.nullif(workflows.c.title, ""), workflows.c.path),
        IS_LISTED,
        workflows.c.path,
    ),
    "run": Linkable(runs, func.coalesce(func.nullif(runs.c.name, ""), runs.c.title), HISTORY),
    "model": Linkable(models, models.c.name),
    "deployment": Linkable(deployments, deployments.c.name, deployments.c.removed_at.is_(None)),
    "environment": Linkable(environments, environments.c.name),
    "automation": Linkable(automations, automations.c.name),
    "credential": Linkable(credentials, credentials.c.name),
}
LINK_COUNTS = union_all(  # once, since each view of a project asks
    *(
        select(L.project_id, L.kind, func.count())
        .join(of.table, of.table.c.id == L.resource_id)
        .where(L.project_id.in_(bindparam("ids", expanding=True)), L.kind == kind, of.is_there)
        .group_by(L.project_id, L.kind)
        for kind, of in LINKABLE.items()
    )
)


class ProjectRows(NamedRows[Project]):
    """Queries on projects; queries with an `owner` see only what that owner may see."""

    stored_in, struct, noun = projects, Project, "project"
    searched = ("name", "description")

    def __init__(self, cache: CacheRows):
        self._cache = cache

    def items(self, c: Connection, rows: Sequence[Row[Any]]) -> list[Project]:
        """Convert rows to projects with their numbers of links."""
        counts: dict[str, dict[str, int]] = {row.id: {} for row in rows}
        for project_id, kind, count in c.execute(LINK_COUNTS, {"ids": list(counts)}):
            counts[project_id][kind] = count
        return [replace(self.read(row), links=counts[row.id]) for row in rows]

    def id_of(self, c: Connection, owner: str, key: str) -> str | None:
        """Return the ID of a project given by ID, else by name."""
        is_named = is_own(owner, P.owner) & (P.name == key)
        query = select(P.id).where((P.id == key) & may_see(owner, P.owner) | is_named)
        return c.execute(query.order_by((P.id == key).desc())).scalar()

    def has_among(self, c: Connection, listed: Iterable[str], user: str, run_id: str = "") -> bool:
        """Return whether a list of users, groups and projects has a user.

        `group:NAME` is a group of the hub. `project:OWNER/NAME` means the editors and owners, with
        a `run_id` only for runs of the project.
        """
        grants = GrantRows()
        for entry in listed:
            kind, _, name = entry.partition(":")
            if kind != "project":
                is_meant = name in grants.groups(c, user) if kind == "group" else entry == user
            # Without the owner's name, anybody could create a project of this name.
            elif is_meant := "/" in name and (project := self.get(c, user, name)) is not None:
                of_run = projects_of_runs(c, [project.id], [run_id])[run_id] or not run_id
                is_meant = project.role != "viewer" and bool(of_run)
            if is_meant:
                return True
        return False

    def delete(self, c: Connection, item: Named) -> None:
        """Delete a project with its links, quota and rules of notices; the resources stay."""
        RuleRows().delete_of_project(c, item.id)
        c.execute(delete(project_links).where(L.project_id == item.id))
        c.execute(delete(quotas).where(quotas.c.id == f"project:{item.id}"))
        defaults = environment_defaults
        c.execute(delete(defaults).where(defaults.c.project_id == item.id))
        super().delete(c, item)

    def record_push(
        self, c: Connection, project: Project, files: str, git: GitState | None
    ) -> None:
        """Record the folder that was pushed, and the state of its repository."""
        pushed = {"files": files, "git": msgspec.to_builtins(git), "pushed_at": datetime.now(UTC)}
        c.execute(update(projects).where(P.id == project.id).values(**pushed))
        self.append_event(c, project.id, project.owner, "pushed")

    def move_pushed(self, c: Connection, folder: str) -> dict[str, str]:
        """Change the paths of pushed automations and workflows after the store moved.

        `folder` is the new folder of the store. Return the digests of the pushed folders by their
        paths in it.
        """
        digests_by_folder = {}
        for project_id, digest in c.execute(select(P.id, P.files).where(P.files != "")).all():
            inside = f"{FOLDER}/{project_id}/"
            digests_by_folder[inside + push_name(digest)] = digest
            own = select(S.id, S.path, S.root, S.start, S.run).where(S.root.contains(f"/{inside}"))
            for row in c.execute(own).all():
                old = row.root.partition(f"/{inside}")[0]
                paths = {"path": row.path, "root": row.root, "start": row.start}
                values: dict[str, Any] = {n: _moved(text, old, folder) for n, text in paths.items()}
                values["run"] = {**row.run, "path": _moved(row.run.get("path", ""), old, folder)}
                c.execute(update(automations).where(S.id == row.id).values(**values))
            WorkflowRows().move_store(c, inside, folder)
        return digests_by_folder

    def digests(self, c: Connection) -> Iterable[str]:
        """Return the digests of all folders that were pushed."""
        return c.execute(select(P.files).where(P.files != "").distinct()).scalars()

    # Links

    def link(self, c: Connection, project: Project, kind: LinkKind, resource_id: str) -> None:
        """Link a resource; do nothing if it is linked."""
        c.execute(delete(project_links).where(_is_unlinked(project, kind, resource_id)))
        if c.execute(select(L.kind).where(_is_link(project, kind, resource_id))).first():
            return
        row = {"project_id": project.id, "kind": kind, "resource_id": resource_id}
        c.execute(insert(project_links), [{**row, "created_at": datetime.now(UTC)}])
        self.append_event(c, project.id, project.owner, "linked")
        if kind == "run":  # after the event, whose lock the dispatcher takes first, too
            self._cache.offer(c, (), resource_id)

    def link_automatically(self, c: Connection, project: Project, workflow_id: str) -> None:
        """Link a workflow; do nothing if it is linked or the user unlinked it."""
        unlinked = _is_unlinked(project, "workflow", workflow_id)
        if not c.execute(select(L.kind).where(unlinked)).first():
            self.link(c, project, "workflow", workflow_id)

    def with_link_choice(self, c: Connection, project: Project) -> set[str]:
        """Return the IDs of the workflows that are linked, or that the user unlinked."""
        kinds = ("workflow", f"{UNLINKED}workflow")
        query = select(L.resource_id).where(L.project_id == project.id, L.kind.in_(kinds))
        return {*c.execute(query).scalars()}

    def link_retry(self, c: Connection, old: Run, made: str) -> None:
        """Link a retry to the projects that its run is linked to.

        Projects of its workflow or automation have it already.
        """
        query = select(L.project_id).where(L.kind == "run", L.resource_id == old.id)
        for project_id in [*c.execute(query).scalars()]:
            row = {"project_id": project_id, "kind": "run", "resource_id": made}
            c.execute(insert(project_links), [{**row, "created_at": datetime.now(UTC)}])
            self.append_event(c, project_id, old.owner, "linked")

    def unlink(self, c: Connection, project: Project, kind: LinkKind, resource_id: str) -> bool:
        """Remove a link; return whether it existed. `link_automatically` then adds it no more."""
        gone = delete(project_links).where(_is_link(project, kind, resource_id))
        if c.execute(gone).rowcount != 1:
            return False
        row = {"project_id": project.id, "kind": f"{UNLINKED}{kind}", "resource_id": resource_id}
        c.execute(insert(project_links), [{**row, "created_at": datetime.now(UTC)}])
        self.append_event(c, project.id, project.owner, "unlinked")
        return True

    def resources(  # noqa: PLR0913, PLR0917  these are the filters
        self,
        c: Connection,
        owner: str,
        project: Project,
        kinds: Iterable[LinkKind],
        limit: int,
        after: str,
        search: str,
        *,
        linked: bool = True,
        pushes: str = "",
    ) -> list[ProjectResource]:
        """Return a page of the resources that are linked to a project, newest first.

        Credentials are the user's own. If `linked` is False, they are the user's own resources that
        are not linked to it. Workflows below the folder `pushes` are left out.
        """
        parts = []
        for kind in kinds:
            of = LINKABLE[kind]
            its_owner = of.table.c.owner
            is_seen = may_see(owner, its_owner, c) if linked else is_own(owner, its_owner)
            own = and_(is_seen, of.is_there)
            ids = select(L.resource_id).where(L.project_id == project.id, L.kind == kind)
            is_wanted = of.table.c.id.in_(ids) if linked else of.table.c.id.not_in(ids)
            if kind == "workflow" and pushes:
                own = and_(own, ~is_below(pushes))
            query = select(
                literal(kind).label("kind"),
                of.table.c.id,
                of.name.label("name"),
                of.table.c.created_at,
                of.path.label("path"),
                its_owner,
                (of.table.c.number if kind == "run" else cast(null(), Integer)).label("number"),
            )
            query = query.where(own, is_wanted)
            if search:
                is_run = kind == "run"  # there may be very many
                has_text = contains_text(search, of.name, of.path)
                query = query.where(has_run_text(c, search) if is_run else has_text)
            # Limited here too, so that each table is read by its index.
            parts.append(select(newest_first(query, of.table.c.id, limit, after).subquery()))
        columns = union_all(*parts).subquery().c
        names = ("kind", "id", "name", "created_at", "path", "number", "owner")
        query = select(*(columns[name] for name in names))
        rows = c.execute(query.order_by(columns.id.desc()).limit(limit))
        return [ProjectResource(**row) for row in rows.mappings()]

    def stored_bytes(self, c: Connection, owner: str, project_id: str) -> int:
        """Return the bytes of a project's datasets and runs' results, equal ones counted once.

        Only what the user may see counts.
        """
        of_project = linked_to(project_id, "dataset", V.dataset_id)
        of_runs: ColumnElement[bool] = A.run_id.in_(run_ids_of(project_id))
        if is_shared(c):  # runs of a linked workflow may be those of others
            of_runs &= A.run_id.in_(select(runs.c.id).where(may_see(owner, runs.c.owner)))
        sizes = union(
            select(V.digest, V.size_bytes).where(of_project, V.digest != ""),
            select(A.digest, A.size_bytes).where(of_runs),
        )
        return int(c.execute(select(func.sum(sizes.subquery().c.size_bytes))).scalar() or 0)

    def delete_dangling(self, c: Connection) -> int:
        """Delete the links to resources that no longer exist; return their number."""
        return sum(
            c.execute(
                delete(project_links).where(
                    L.kind.in_((kind, f"{UNLINKED}{kind}")),
                    L.resource_id.not_in(select(LINKABLE[kind].table.c.id)),
                )
            ).rowcount
            for kind in LINK_KINDS
        )


def _moved(path: str, old: str, new: str) -> str:
    return f"{new}{path.removeprefix(old)}" if path.startswith(f"{old}/") else path


def _is_link(project: Project, kind: LinkKind, resource_id: str) -> ColumnElement[bool]:
    return and_(L.project_id == project.id, L.kind == kind, L.resource_id == resource_id)


def _is_unlinked(project: Project, kind: LinkKind, resource_id: str) -> ColumnElement[bool]:
    of_resource = and_(L.project_id == project.id, L.resource_id == resource_id)
    return and_(of_resource, L.kind == f"{UNLINKED}{kind}")
