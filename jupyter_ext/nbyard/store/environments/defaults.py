"""Rows of default environments: those of projects, and that of the store."""

from sqlalchemy import Connection, delete, insert, select

from nbyard.domain.environments.references import EnvironmentDefault
from nbyard.store import events
from nbyard.store.events import Subject
from nbyard.store.schema.project_tables import environment_defaults, project_links, projects
from nbyard.store.schema.tables import environments, executables, workflows

D, L = environment_defaults.c, project_links.c


class DefaultRows:
    """Queries on the default environments of an owner."""

    def set(self, c: Connection, owner: str, project_id: str, environment_id: str) -> None:
        """Replace the default of a project, or that of the store. An empty ID removes it."""
        key = {"owner": owner, "project_id": project_id}
        c.execute(delete(environment_defaults).where(D.owner == owner, D.project_id == project_id))
        if environment_id:
            c.execute(insert(environment_defaults), [{**key, "environment_id": environment_id}])
        subject = Subject(environment_id or project_id or owner, owner)
        events.append(c, "environment", subject, {"change": "default"})

    def all(self, c: Connection, owner: str) -> dict[str, EnvironmentDefault]:
        """Return the defaults by project ID; the ID of the store's default is empty."""
        query = (
            select(D.project_id, environments.c.name, projects.c.name.label("project"))
            .join(environments, environments.c.id == D.environment_id)
            .outerjoin(projects, projects.c.id == D.project_id)
            .where(D.owner == owner)
            .order_by(projects.c.name)
        )
        return {
            row.project_id: EnvironmentDefault(
                row.name, "project" if row.project_id else "store", row.project or ""
            )
            for row in c.execute(query)
        }

    def of_file(
        self, c: Connection, owner: str, path: str, project: str
    ) -> EnvironmentDefault | None:
        """Return the default for a file: of its project, else of the store.

        `project` precedes the projects to which the workflow or executable at `path` is linked,
        of which the newest link decides.
        """
        known = self.all(c, owner)
        if project and project in known:
            return known[project]
        of_projects = [key for key in known if key]
        if of_projects:
            linked = [
                (L.kind == kind)
                & L.resource_id.in_(
                    select(table.c.id).where(table.c.owner == owner, table.c.path == path)
                )
                for kind, table in (("workflow", workflows), ("executable", executables))
            ]
            query = select(L.project_id).where(L.project_id.in_(of_projects), linked[0] | linked[1])
            newest = c.execute(query.order_by(L.created_at.desc()).limit(1)).scalar()
            if newest is not None:
                return known[newest]
        return known.get("")
