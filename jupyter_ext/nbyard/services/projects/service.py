"""Service operations on projects: push and pull project folders, and link what is created."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.blobs import DownloadRequest
from nbyard.domain.callers import Caller
from nbyard.domain.environments.structs import EnvironmentChange, NewEnvironment
from nbyard.domain.ids import new_id
from nbyard.domain.naming.names import check_name
from nbyard.domain.projects.definitions import (
    Entries,
    EnvironmentEntry,
    ProjectChange,
    ProjectDefinition,
    ProjectFile,
    ProjectPlan,
    ProjectPush,
    PulledProject,
    differences,
    entry_path,
)
from nbyard.domain.projects.project_checks import check_fields, check_node_files
from nbyard.domain.projects.schedule_entries import PushedSchedule
from nbyard.domain.projects.structs import NewProject, Project
from nbyard.errors import Forbidden, NotFound, StaleWrite
from nbyard.freezing.pushed_folders import ensure_pushed_files, place_of
from nbyard.host.project_files import MAX_DOCUMENT
from nbyard.reasons.structs import because
from nbyard.services.environments.service import EnvironmentService
from nbyard.services.operation import operation
from nbyard.services.projects.automatic_links import CREATED, SCOPE, link_to_active
from nbyard.services.projects.pushed_files import (
    check_files,
    drop_others,
    files_of,
    missing_files,
    size_of,
    store_files,
)
from nbyard.services.projects.pushed_rules import (
    PushedRules,
    apply_rules,
    checked_rules,
    last_pushed_definition,
    stored_policies,
    stored_rules,
)
from nbyard.services.projects.pushed_schedules import (
    ScheduleSync,
    check_environments,
    check_names,
    check_timings,
    entries_of,
    pushed_rows,
    stored_schedules,
    wanted_schedules,
)
from nbyard.services.projects.records import ProjectRecords
from nbyard.services.requests import fields_below
from nbyard.services.service_context import pin_blobs
from nbyard.services.workflows.pushed_workflows import (
    link_sources,
    pushed_documents,
    store_workflows,
    unlinked_sources,
)

if TYPE_CHECKING:
    from nbyard.store.automations.queries import AutomationRow


class Compared(msgspec.Struct, frozen=True):
    """A checked push, the present state of the project, and the differences."""

    project: Project | None
    fields: NewProject
    wanted: dict[str, PushedSchedule]
    environments: dict[str, EnvironmentEntry]
    rows: dict[str, AutomationRow]
    stored: dict[str, ProjectFile]
    rules: PushedRules
    plan: ProjectPlan

    def changes(self, kind: str) -> list[ProjectChange]:
        """Return the planned changes of resources of this kind."""
        return [change for change in self.plan.changes if change.kind == kind]


class ProjectService(ProjectRecords):
    """Resources that belong together."""

    noun = "projects"

    @operation("POST", "/projects/plan", scope="projects:read")
    def plan(self, caller: Caller, body: ProjectPush) -> ProjectPlan:
        """Show what a push would change. Nothing is stored."""
        comparison = self.compare(caller, body)
        if comparison.project is None:
            return comparison.plan
        _, left_out = unlinked_sources(self._store, comparison.project)
        return msgspec.structs.replace(comparison.plan, unlinked=self._shown(left_out))

    @operation("POST", "/projects/push", scope="projects:write")
    @pin_blobs
    def push(self, caller: Caller, body: ProjectPush) -> ProjectPlan:
        """Update the server to match a project folder.

        Returns what changed.

        Schedules use the pushed files from then on. Environments and schedules that another source
        created are kept. An interrupted push can be repeated.

        Raises:
            StaleWrite: another push changed the project.
            OverQuota: the files do not fit into the disk quota.
        """
        comparison = self.compare(caller, body)
        if not comparison.plan.changes and self._is_applied(comparison):
            left_out = link_sources(self._store, comparison.project) if comparison.project else {}
            return msgspec.structs.replace(comparison.plan, unlinked=self._shown(left_out))
        stored_in = comparison.project.id if comparison.project else ""
        digest = store_files(self._context, caller.name, body, comparison.stored, stored_in)
        paths = {name: entry.path for name, entry in comparison.wanted.items()}
        check_node_files(paths, body.files, lambda path: self._content(body.files[path]))
        project = self._save_project(caller, comparison)
        environments = self._environments(caller, comparison)
        folder = ensure_pushed_files(self._context, project.id, digest)
        documents = pushed_documents(folder)
        schedules = ScheduleSync(self._context, caller, folder).apply(
            comparison.changes("schedule"),
            comparison.wanted,
            comparison.rows,
        )
        with self._store.write() as c:
            now = self._rows.get(c, caller.name, project.id)
            if now is None or now.revision != project.revision:  # another push is under way
                raise StaleWrite
            store_workflows(self._store, c, caller.name, folder, documents)
            pushes, newest = str(folder.parent), str(folder)
            self._store.executables.move_to_push(c, caller.name, pushes, newest)
            for schedule in schedules:
                self._rows.link(c, project, "automation", schedule)
            for environment in environments:
                self._rows.link(c, project, "environment", environment)
            changes = comparison.plan.changes
            apply_rules(self._context, c, project, comparison.rules, changes, folder)
            self._rows.record_push(c, project, digest, body.git)
            self._store.quotas.set_files(c, f"push:{project.id}", caller.name, size_of(body.files))
        # After the commit no schedule uses another folder. An interrupted push keeps all of them.
        drop_others(self._store, folder)
        # Until here, a repeated push needs the archive again.
        if body.archive:
            self._context.uploads.delete(caller.name, body.archive)
        left_out = self._shown(link_sources(self._store, project))
        return msgspec.structs.replace(comparison.plan, missing=[], unlinked=left_out)

    @operation("GET", "/projects/{project}/definition", scope="projects:read")
    def definition(self, caller: Caller, project: str) -> PulledProject:
        """Show what the server has of a pushed project: its file, and its other files."""
        with self._store.read() as c:
            record = self._rows.find(c, caller.name, project)
            rows = pushed_rows(self._context, c, caller.name, record.id)
            environments = {}
            resources = self._rows.resources
            for resource in resources(c, caller.name, record, ("environment",), 500, "", ""):
                known = self._store.environments.get(c, caller.name, resource.id)
                if known is not None:
                    environments[known.name] = EnvironmentEntry(known.current.requirements)
            notifications = stored_rules(self._context, c, record)
            policies = stored_policies(self._context, c, record)
        pushed = last_pushed_definition(self._context, record)
        definition = ProjectDefinition(
            _described(record),
            entries_of(rows, pushed.schedules),
            environments,
            {name: channel_rules.rules for name, channel_rules in notifications.items()},
            policies,
        )
        return PulledProject(definition, files_of(self._context, record.files), record.git)

    def file(self, caller: Caller, project: str, path: str) -> DownloadRequest:
        """Return which bytes to download: one pushed file, or all of them if `path` is empty.

        Raises:
            NotFound: The project has no such pushed file.
        """
        with self._store.read() as c:
            record = self._rows.find(c, caller.name, project)
        if not record.files:
            raise NotFound(f"The project '{record.name}' has no pushed files.")
        if not path:
            return DownloadRequest(record.files, record.name)
        known = files_of(self._context, record.files).get(path)
        if known is None:
            raise NotFound(because("no-file", path=path[:200]))
        return DownloadRequest(known.digest, PurePosixPath(path).name)

    def _shown(self, paths: dict[str, str]) -> dict[str, str]:
        return {key: self._context.files.without_root(path) for key, path in paths.items()}

    def _content(self, file: ProjectFile) -> bytes:
        """Return the content of a workflow file; empty if it is too large to run."""
        if file.size_bytes > MAX_DOCUMENT:
            return b""
        with self._context.blobs.open(file.digest) as opened:
            return opened.read()

    def compare(self, caller: Caller, body: ProjectPush) -> Compared:
        """Check a push and compare it with the present state of the project.

        Raises:
            Forbidden: Another user created the project.
            Invalid: A field of the project file is refused.
        """
        check_files(body.files, self._context.settings.max_bundle_bytes)
        if body.git is not None:
            body.git.check()
        given = msgspec.structs.asdict(body.definition.project)
        with fields_below("project"):
            fields = msgspec.convert(check_fields(given), NewProject)
        environments = self._checked_environments(body.definition.environments)
        with self._store.read() as c:
            project = self._rows.get(c, caller.name, fields.name)
            if project and project.owner != caller.name:
                # A push replaces files, policies and schedules, which are its owner's.
                raise Forbidden(f"Only {project.owner}, who created the project, may push to it.")
            rows = pushed_rows(self._context, c, caller.name, project.id) if project else {}
            present_schedules = stored_schedules(rows)
            wanted = wanted_schedules(body.definition.schedules, present_schedules, body.files)
            check_names(self._context.store.automations.names(c, caller.name), rows, wanted)
            others = (self._store.environments.get(c, caller.name, name) for name in environments)
            present = {
                environment.name: EnvironmentEntry(environment.current.requirements)
                for environment in others
                if environment
            }
            renewed = {name for name, entry in environments.items() if present.get(name) != entry}
            check_environments(self._context, c, caller.name, wanted, renewed)
            of_file = (body.definition, body.files)
            rules = checked_rules(self._context, c, caller.name, project, *of_file)
        stored = files_of(self._context, project.files if project else "")
        wanted_entries: Entries = {
            "project": {fields.name: fields},
            "file": body.files,
            "environment": environments,
            "schedule": wanted,
            "notification": rules.notifications,
            "policy": rules.policies,
        }
        present_entries: Entries = {
            "project": {fields.name: _described(project)} if project else {},
            "file": stored,
            "environment": present,
            "schedule": present_schedules,
            **rules.present,
        }
        changes = [*differences(wanted_entries, present_entries)]
        check_timings((change for change in changes if change.kind == "schedule"), wanted)
        missing = missing_files(body.files, stored)
        plan = ProjectPlan(changes, missing)
        return Compared(project, fields, wanted, environments, rows, stored, rules, plan)

    def _checked_environments(
        self, entries: dict[str, EnvironmentEntry]
    ) -> dict[str, EnvironmentEntry]:
        """Return the environments of a project file, with their requirements in canonical form."""
        service = EnvironmentService(self._context)
        checked = {}
        for name, entry in entries.items():
            where = entry_path("environments", name)
            check_name(name, where)
            with fields_below(where):
                checked[name] = EnvironmentEntry(service.lines_of("\n".join(entry.requirements)))
        return checked

    def _save_project(self, caller: Caller, comparison: Compared) -> Project:
        """Create or change the project, and return it.

        Raises:
            StaleWrite: Somebody created or changed the project since it was compared.
        """
        now = datetime.now(UTC)
        fields = msgspec.to_builtins(comparison.fields)
        with self._store.write() as c:
            if comparison.project is None:
                if self._rows.id_of(c, caller.name, comparison.fields.name):
                    raise StaleWrite
                made = new_id()
                row = {"id": made, "owner": caller.name, "revision": 1, "files": "", "git": None}
                self._rows.insert(c, {**row, **fields, "created_at": now, "updated_at": now})
            else:
                made = comparison.project.id
                # Also without changed fields, so that of two pushes at once one is refused.
                self._rows.change(c, comparison.project, **fields)
            return self._rows.find(c, caller.name, made)

    def _is_applied(self, comparison: Compared) -> bool:
        """Return whether all schedules and workflows use the files of the last push.

        Two pushes at the same time, or one that failed, may leave them with other files.
        """
        if comparison.project is None:
            return False
        folder = place_of(self._context, comparison.project.id, comparison.project.files)
        if not folder.is_dir():
            return False
        with self._store.read() as c:
            places = {
                workflow.path for workflow in self._store.workflows.below(c, str(folder.parent))
            }
        return (
            all(row.root == str(folder) for row in comparison.rows.values())
            and all(Path(path).is_relative_to(folder) for path in places)
            and all(str(file) in places for file in pushed_documents(folder))
        )

    def _environments(self, caller: Caller, comparison: Compared) -> list[str]:
        """Create and change the environments of a project file. Return their IDs."""
        service = EnvironmentService(self._context)
        by_name = {change.name: change for change in comparison.changes("environment")}
        ids = []
        for name, entry in comparison.environments.items():
            text, change = "\n".join(entry.requirements), by_name.get(name)
            if change is None:
                ids.append(service.get(caller, name).id)
            elif change.action == "add":
                ids.append(service.create(caller, NewEnvironment(name, text)).id)
            else:
                ids.append(service.change(caller, name, EnvironmentChange(text)).id)
        return ids

    def link_created(self, caller: Caller, project: str, operation: str, result: Any) -> None:
        """Link the result of an operation to the request's active project.

        If the project is gone, nothing happens, because the operation itself has succeeded.
        """
        if operation not in CREATED or not caller.may(SCOPE):
            return
        with self._store.write() as c:
            link_to_active(self._store, c, caller, project, operation, result)


def _described(project: Project) -> NewProject:
    fields = {name: getattr(project, name) for name in NewProject.__struct_fields__}
    return NewProject(**fields)
