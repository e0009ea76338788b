"""Rows of retention: the rules of each owner for all runs, and the policies of projects."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, delete, insert, select

from nbyard.domain.projects.structs import Project
from nbyard.domain.runs.clean_up import CleanUpRules, Retention
from nbyard.domain.runs.retention import Policy, PolicyRules, ProjectPolicy
from nbyard.store.database.project_filter import run_ids_of
from nbyard.store.schema.project_tables import projects
from nbyard.store.schema.retention_tables import project_retention, retention

K, P, R = project_retention.c, projects.c, retention.c


class RetentionRows:
    """Queries on rules and policies."""

    def of_all_runs(self, c: Connection, owner: str) -> Retention:
        """Return the rules of an owner for all runs."""
        row = c.execute(select(retention).where(R.owner == owner)).first()
        if row is None:
            return Retention(None)
        return Retention(msgspec.convert(row.rules, CleanUpRules), row.updated_at)

    def set_for_all_runs(self, c: Connection, owner: str, rules: CleanUpRules | None) -> None:
        """Replace the rules of an owner for all runs; None deletes them."""
        c.execute(delete(retention).where(R.owner == owner))
        if rules is not None:
            row = {"owner": owner, "rules": msgspec.to_builtins(rules)}
            c.execute(insert(retention), [{**row, "updated_at": datetime.now(UTC)}])

    def of_project(self, c: Connection, project: Project) -> list[ProjectPolicy]:
        """Return the policies of a project, with their names in order."""
        query = select(project_retention).where(K.project_id == project.id).order_by(K.name)
        return [
            ProjectPolicy(row.name, msgspec.convert(row.rules, PolicyRules), row.updated_at)
            for row in c.execute(query)
        ]

    def set_policy(self, c: Connection, project: Project, name: str, rules: PolicyRules) -> None:
        """Create or replace a policy of a project."""
        self.delete_policy(c, project, name)
        row = {"project_id": project.id, "name": name, "rules": msgspec.to_builtins(rules)}
        c.execute(insert(project_retention), [{**row, "updated_at": datetime.now(UTC)}])

    def delete_policy(self, c: Connection, project: Project, name: str) -> bool:
        """Delete a policy of a project; return whether it existed."""
        where = and_(K.project_id == project.id, K.name == name)
        return c.execute(delete(project_retention).where(where)).rowcount == 1

    def policies(self, c: Connection, owner: str = "") -> dict[str, list[Policy]]:
        """Return all policies by owner, or those of one owner, in the order of their use.

        Rules for all runs come first, then projects and their policies by name.
        """
        policies_by_owner: dict[str, list[Policy]] = {}
        general = select(retention)
        for row in c.execute(general.where(R.owner == owner) if owner else general):
            made = Policy(msgspec.convert(row.rules, CleanUpRules), row.updated_at)
            policies_by_owner.setdefault(row.owner, []).append(made)
        own: Any = select(project_retention, P.owner, P.name.label("project"))
        own = own.join(projects, P.id == K.project_id).order_by(P.name, K.name)
        for row in c.execute(own.where(P.owner == owner) if owner else own):
            rules = msgspec.convert(row.rules, PolicyRules).as_clean_up
            made = Policy(rules, row.updated_at, row.name, row.project_id, row.project)
            policies_by_owner.setdefault(row.owner, []).append(made)
        return policies_by_owner

    def runs_by_policy(self, c: Connection, policies: Iterable[Policy]) -> dict[str, set[str]]:
        """Return the IDs of the runs of the projects that policies name, by project."""
        named = {policy.project_id for policy in policies} - {""}
        return {project: self.runs_in(c, project) for project in named}

    def runs_in(self, c: Connection, project_id: str) -> set[str]:
        """Return the IDs of the runs of a project."""
        return {*c.execute(run_ids_of(project_id)).scalars()}
