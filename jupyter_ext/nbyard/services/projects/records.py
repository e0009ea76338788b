"""Service operations on projects, on the resources linked to them, and on retention policies."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.naming.unique_names import no_such
from nbyard.domain.paging import Page, check_choice, page_of
from nbyard.domain.projects.project_checks import check_fields
from nbyard.domain.projects.structs import (
    ARTIFACT_KINDS,
    LINK_KINDS,
    LinkKind,
    NewLink,
    NewProject,
    Project,
    ProjectArtifact,
    ProjectPatch,
    ProjectResource,
)
from nbyard.domain.runs.checks import refuse_scratch
from nbyard.domain.runs.retention import MOST_POLICIES, PolicyRules, ProjectRetention
from nbyard.domain.runs.structs import Run
from nbyard.errors import Invalid, NotFound
from nbyard.freezing.executable_versions import Code, Freezer
from nbyard.freezing.pushed_folders import folder_of, folder_of_pushes
from nbyard.host.project_files import file_of
from nbyard.services.operation import operation
from nbyard.services.requests import (
    filter_project,
    find_earlier_request,
    given_fields,
    store_idempotency_key,
)
from nbyard.services.service_context import Service, pin_blobs
from nbyard.services.workflows.file_tracking import record_file, saved_workflow, unrun_files
from nbyard.services.workflows.pushed_workflows import release_workflows

if TYPE_CHECKING:
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection


class ProjectRecords(Service):
    """The part of the project service that describes projects and links resources."""

    def __init__(self, context: ServiceContext):
        super().__init__(context)
        self._rows = context.store.projects

    @operation("POST", "/projects", scope="projects:write", status=201)
    def create(self, caller: Caller, body: NewProject, idempotency_key: str = "") -> Project:
        """Create a project."""
        fields = _plain(check_fields(msgspec.structs.asdict(body)))
        with self._store.write() as c:
            made = find_earlier_request(self._context, c, caller.name, idempotency_key, body)
            if made is None:
                made = self._rows.create(c, caller.name, **fields, files="", git=None)
                store_idempotency_key(self._context, c, caller.name, idempotency_key, body, made)
            return self._rows.find(c, caller.name, made)

    @operation("GET", "/projects", scope="projects:read")
    def list(
        self, caller: Caller, limit: int = 50, after: str = "", search: str = ""
    ) -> Page[Project]:
        """List projects, newest first."""
        with self._store.read() as c:
            projects = self._rows.page(c, caller.name, limit + 1, after, search)
        return page_of(projects, limit)

    @operation("GET", "/projects/{project}", scope="projects:read")
    def get(self, caller: Caller, project: str) -> Project:
        """Show a project, by ID or name."""
        with self._store.read() as c:
            found = self._rows.find(c, caller.name, project)
            size = self._rows.stored_bytes(c, caller.name, found.id)
            return msgspec.structs.replace(found, stored_bytes=size)

    @operation("PATCH", "/projects/{project}", scope="projects:write")
    def update(self, caller: Caller, project: str, body: ProjectPatch) -> Project:
        """Change a project. Omitted fields keep their values.

        Raises:
            StaleWrite: another request changed the project.
        """
        given = given_fields(body)
        seen = given.pop("revision")
        fields = _plain(check_fields(given))
        with self._store.write() as c:
            return self._rows.update(c, caller.name, project, seen, **fields)

    @operation("DELETE", "/projects/{project}", scope="projects:write", status=204)
    def delete(self, caller: Caller, project: str) -> None:
        """Delete a project. Its resources are kept."""
        with self._store.write() as c:
            record = self._rows.find(c, caller.name, project)
            self._rows.delete(c, record)
            # Schedules outlive their project, and their runs still read the pushed files.
            folder = folder_of(self._store, record.id)
            is_used = self._store.automations.below(c, "", str(folder))
            if not is_used:
                release_workflows(self._store, c, folder)
                self._store.quotas.set_files(c, f"push:{record.id}", record.owner, 0)
        if not is_used:
            shutil.rmtree(folder, ignore_errors=True)

    @operation("GET", "/projects/{project}/links", scope="projects:read", files="lists")
    def links(
        self,
        caller: Caller,
        project: str,
        kind: str = "",
        search: str = "",
        limit: int = 50,
        after: str = "",
    ) -> Page[ProjectResource]:
        """List the linked resources of a project, newest first, or those of one kind."""
        kinds = (check_choice("kind", kind, LINK_KINDS),) if kind else LINK_KINDS
        return self._resources(caller, project, (kinds, limit, after, search), linked=True)

    @operation("GET", "/projects/{project}/linkable", scope="projects:read", files="lists")
    def linkable(
        self,
        caller: Caller,
        project: str,
        kind: str,
        search: str = "",
        limit: int = 50,
        after: str = "",
    ) -> Page[ProjectResource]:
        """List the resources of a kind that are not linked to a project, newest first.

        Pushed workflows are left out: they belong to the project that pushed them. The last page
        has all files that never ran, beyond its limit: of workflows, or for executables, notebooks.
        """
        kinds = (check_choice("kind", kind, LINK_KINDS),)
        page = self._resources(caller, project, (kinds, limit, after, search), linked=False)
        if kind == "workflow" and page.next is None:
            page.items.extend(
                ProjectResource("workflow", f.path, f.title or f.path, f.saved_at, f.path)
                for f in unrun_files(self._context, caller.name)
                if search.casefold() in f"{f.title} {f.path}".casefold()
            )
        if kind == "executable" and page.next is None:
            page.items.extend(unrun_notebooks(self._context, caller.name, search))
        return page

    @operation("GET", "/projects/{project}/artifacts", scope="runs:read")
    def artifacts(
        self,
        caller: Caller,
        project: str,
        kind: str = "",
        search: str = "",
        limit: int = 50,
        after: str = "",
    ) -> Page[ProjectArtifact]:
        """List the newest result of each output in the runs of a project, newest first.

        Only the newest 20 runs of each workflow, file or executable in each state are searched. If
        these are more than 200 runs, fewer of each are searched, but always the newest. `kind`
        limits the list to data or models.

        Raises:
            Invalid: the kind is unknown.
        """
        if kind:
            check_choice("kind", kind, ARTIFACT_KINDS)
        with self._store.read() as c:
            of = filter_project(self._store, c, caller, project)
            artifacts = self._store.results.page(
                c, caller.name, of, limit + 1, after, search=search, kind=kind
            )
        return page_of(artifacts, limit)

    def _resources(
        self,
        caller: Caller,
        project: str,
        asked: tuple[tuple[LinkKind, ...], int, str, str],
        *,
        linked: bool,
    ) -> Page[ProjectResource]:
        kinds, limit, after, search = asked
        with self._store.read() as c:
            of = self._rows.find(c, caller.name, project)
            resources = self._rows.resources(
                *(c, caller.name, of, kinds, limit + 1, after, search),
                linked=linked,
                pushes="" if linked else str(folder_of_pushes(self._store)),
            )
        shorten = self._context.files.without_root  # a name may be a path
        shown = [
            msgspec.structs.replace(
                r,
                name=shorten(r.name),
                path=shorten(r.path),
                is_gone=bool(r.path) and not file_of(Path(r.path)).is_file(),
            )
            for r in resources
        ]
        return page_of(shown, limit)

    @operation("POST", "/projects/{project}/links", scope="projects:write", status=201)
    @pin_blobs
    def link(self, caller: Caller, project: str, body: NewLink) -> Project:
        """Link a resource to a project. A linked resource stays linked.

        A workflow, notebook or script is given by its ID or file. The file need not have run.
        """
        freezer = Freezer(self._context)
        code = self._unrun_code(freezer, caller.name, body)
        fields = freezer.prepare(code, code.description) if code else {}
        with self._store.write() as c:
            of = self._rows.find(c, caller.name, project)
            if code:
                resource = freezer.follow(c, caller.name, code, fields, revision=1).id
            else:
                resource = self.find_resource(c, caller, body.kind, body.resource, records=True)
            if body.kind != "credential":  # only the user's own are found
                self._store.grants.check(c, caller.name, body.kind, resource, "owner")
            self._rows.link(c, of, body.kind, resource)
            return self._rows.find(c, caller.name, of.id)

    def _unrun_code(self, freezer: Freezer, owner: str, body: NewLink) -> Code | None:
        """Return the code in a file that is to be linked and is no executable yet, if it is one."""
        if body.kind != "executable":
            return None
        rows = self._store.executables
        with self._store.read() as c:
            if rows.get(c, owner, body.resource):
                return None
            place = self._context.files.locate_code(body.resource, "resource")
            if rows.by_path(c, owner, str(place)) or not file_of(place).is_file():
                return None
        return freezer.load_real(place)

    @operation(
        "DELETE", "/projects/{project}/links/{kind}/{resource}", scope="projects:write", status=204
    )
    def unlink(self, caller: Caller, project: str, kind: str, resource: str) -> None:
        """Unlink a resource from a project. The resource is kept.

        Raises:
            NotFound: the project has no such link.
        """
        of_kind = check_choice("kind", kind, LINK_KINDS)
        with self._store.write() as c:
            of = self._rows.find(c, caller.name, project)
            resource_id = self.find_resource(c, caller, of_kind, resource)
            if not self._rows.unlink(c, of, of_kind, resource_id):
                raise NotFound(f"The {kind} '{resource[:80]}' is not linked to this project.")

    def find_resource(
        self, c: Connection, caller: Caller, kind: LinkKind, key: str, *, records: bool = False
    ) -> str:
        """Return the ID of a resource of this kind, which is given by ID or name.

        With `records`, a workflow file that never ran is stored.

        Raises:
            NotFound: there is no such resource.
        """
        store, owner = self._store, caller.name
        resource: Any
        if kind == "automation":
            row = store.automations.get(c, owner, key)
            resource = row and row.automation
        elif kind == "model":
            resource = store.models.find(c, owner, key)
        elif kind == "workflow":
            resource = store.workflows.get(c, owner, key)
            if resource is None:
                path = self._context.files.locate(key, "resource")
                resource = record_file(self._context, c, owner, path) if records else None
                resource = resource or saved_workflow(self._context, c, owner, path)
        else:
            # The rows of the other kinds have the plural as name, such as `store.datasets`.
            resource = getattr(store, f"{kind}s").get(c, owner, key)
            if resource is None and kind == "executable":  # several may have similar names
                code = self._context.files.locate_code(key, "resource")
                resource = store.executables.by_path(c, owner, str(code))
        if resource is None:
            raise NotFound(f"There is no {kind} '{key[:80]}'.")
        if isinstance(resource, Run):
            refuse_scratch(resource)
        return str(resource.id)

    @operation("GET", "/projects/{project}/retention", scope="projects:read")
    def retention(self, caller: Caller, project: str) -> ProjectRetention:
        """List the retention policies of a project."""
        with self._store.read() as c:
            record = self._rows.find(c, caller.name, project)
            return ProjectRetention(self._store.retention.of_project(c, record))

    @operation("PATCH", "/projects/{project}/retention/{policy}", scope="projects:write")
    def set_policy(
        self, caller: Caller, project: str, policy: str, body: PolicyRules
    ) -> ProjectRetention:
        """Create or replace a retention policy of a project.

        The dispatcher applies all policies within a minute after a change, then once a day while it
        works. A run is deleted if any policy chooses it.

        Raises:
            Invalid: the project has too many policies.
        """
        name = body.check(policy)
        with self._context.writing_work() as c:
            record = self._rows.find(c, caller.name, project)
            known = {existing.name for existing in self._store.retention.of_project(c, record)}
            if name not in known and len(known) >= MOST_POLICIES:
                raise Invalid.field(
                    "policy", f"there may be at most {MOST_POLICIES} retention policies"
                )
            self._store.retention.set_policy(c, record, name, body)
            # Policies are rows of their own. Without this event, open windows would show old ones.
            self._rows.append_event(c, record.id, record.owner, "changed")
        return self.retention(caller, record.id)

    @operation(
        "DELETE", "/projects/{project}/retention/{policy}", scope="projects:write", status=204
    )
    def delete_policy(self, caller: Caller, project: str, policy: str) -> None:
        """Delete a retention policy of a project."""
        with self._store.write() as c:
            record = self._rows.find(c, caller.name, project)
            if not self._store.retention.delete_policy(c, record, policy):
                present = [
                    existing.name for existing in self._store.retention.of_project(c, record)
                ]
                raise no_such("retention policy", policy, present)
            self._rows.append_event(c, record.id, record.owner, "changed")


def unrun_notebooks(context: ServiceContext, owner: str, search: str) -> list[ProjectResource]:
    """Return the notebooks that are no executables yet and have a text in their path."""
    with context.store.read() as c:
        known = context.store.executables.paths(c, owner)
    notebooks = []
    for file in context.files.with_suffix(".ipynb"):
        path = context.files.shown(file)
        if str(file) in known or search.casefold() not in path.casefold():
            continue
        with suppress(OSError):  # deleted meanwhile
            saved_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            notebooks.append(ProjectResource("executable", path, file.name, saved_at, path))
    return notebooks


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: msgspec.to_builtins(value) for name, value in fields.items()}
