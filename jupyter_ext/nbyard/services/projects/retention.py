"""Service operations on the retention policies of projects."""

from __future__ import annotations

from nbyard.domain.callers import Caller
from nbyard.domain.naming.unique_names import no_such
from nbyard.domain.runs.retention import (
    MOST_POLICIES,
    PolicyRules,
    ProjectRetention,
)
from nbyard.errors import Invalid
from nbyard.services.operation import operation
from nbyard.services.project_filter import find_project
from nbyard.services.projects.records import ProjectRecords


class ProjectPolicies(ProjectRecords):
    """The part of the project service that sets which runs are deleted every day."""

    @operation("GET", "/projects/{project}/retention", scope="projects:read")
    def retention(self, caller: Caller, project: str) -> ProjectRetention:
        """List the retention policies of a project."""
        with self._store.read() as c:
            record = find_project(self._store, c, caller, project)
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
        with self._store.write() as c:
            record = find_project(self._store, c, caller, project)
            known = {existing.name for existing in self._store.retention.of_project(c, record)}
            if name not in known and len(known) >= MOST_POLICIES:
                raise Invalid.field(
                    "policy", f"there may be at most {MOST_POLICIES} retention policies"
                )
            self._store.retention.set_policy(c, record, name, body)
            # Policies are rows of their own. Without this event, open windows would show the old
            # ones.
            self._rows.append_event(c, record.id, caller.name, "changed")
        self._parts.ensure_dispatcher()
        return self.retention(caller, record.id)

    @operation(
        "DELETE", "/projects/{project}/retention/{policy}", scope="projects:write", status=204
    )
    def delete_policy(self, caller: Caller, project: str, policy: str) -> None:
        """Delete a retention policy of a project."""
        with self._store.write() as c:
            record = find_project(self._store, c, caller, project)
            if not self._store.retention.delete_policy(c, record, policy):
                present = [
                    existing.name for existing in self._store.retention.of_project(c, record)
                ]
                raise no_such("retention policy", policy, present)
            self._rows.append_event(c, record.id, caller.name, "changed")
