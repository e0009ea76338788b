"""Which stored folders are code, and what uses them."""

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, Connection, literal, or_, select, union_all, update

from nbyard.reasons.structs import Reason, joined
from nbyard.store.schema.deployment_tables import models
from nbyard.store.schema.project_tables import projects
from nbyard.store.schema.scratch_runs import HISTORY
from nbyard.store.schema.tables import executable_versions, executables, images, runs, tasks

V = executable_versions.c
OWNED = executable_versions.outerjoin(executables, executables.c.id == V.executable_id)
CODE = union_all(
    select(V.bundle_digest, literal("executable"), executables.c.name).select_from(OWNED),
    select(images.c.context_digest, literal("image"), images.c.reference),
    select(models.c.bundle_digest, literal("model"), models.c.name),
    select(projects.c.files, literal("project"), projects.c.name),
)
MIXED = tasks.c.plan["mixed_bundle"].as_string()
VERSION = tasks.c.plan["executable_version_id"].as_string()


class StoredCode:
    """Queries on the folders that executables, images, models and pushed projects name."""

    def users(self, c: Connection) -> Iterable[tuple[str, str, str]]:
        """Yield the digest of each folder, and the noun and name of what uses it.

        The name of a deleted executable is empty. Bundles of bisections have no user.
        """
        for digest, noun, name in c.execute(CODE):
            yield digest, noun, name or ""
        for digest in c.execute(select(MIXED).where(MIXED != "").distinct()).scalars():
            yield digest, "", ""

    def runs(self, c: Connection, digests: Collection[str]) -> list[int]:
        """Return the numbers of the runs of code in these folders."""
        query = select(runs.c.number).join(tasks, tasks.c.run_id == runs.c.id)
        return sorted({*c.execute(query.where(HISTORY, self._ran(digests))).scalars()})

    def warn(self, c: Connection, digests: Collection[str], warning: Reason) -> None:
        """Add a warning to the tasks of code in these folders."""
        for row in c.execute(select(tasks.c.id, tasks.c.warning).where(self._ran(digests))).all():
            both = joined((row.warning, warning))
            c.execute(update(tasks).where(tasks.c.id == row.id).values(warning=both))

    def _ran(self, digests: Collection[str]) -> ColumnElement[bool]:
        versions = select(V.id).where(V.bundle_digest.in_(digests))
        return or_(VERSION.in_(versions), MIXED.in_(digests))
