"""Rows of run templates."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, or_, select

from nbyard.domain.ids import new_id
from nbyard.domain.runs.templates import RunTemplate, TemplateContent
from nbyard.store.database.database_connection import json_text
from nbyard.store.schema.automation_tables import automations, backfills
from nbyard.store.schema.tables import HISTORY, executable_versions, run_templates, runs
from nbyard.store.visibility import is_own

T, V = run_templates.c, executable_versions.c
# A template stays as long as one of these columns names it.
RUN_OF = runs.c.template_id
OF_PLANS = (automations.c.template_id, backfills.c.template_id)
REFERENCES = (RUN_OF, *OF_PLANS)
IS_USED = or_(*(select(column).where(column == T.id).exists() for column in REFERENCES))
KNOWN = select(T.id, T.created_at).where(
    is_own(bindparam("of"), T.owner), T.digest == bindparam("is")
)


class TemplateRows:
    """Queries on run templates.

    A run template is a request for runs whose files are frozen. Runs, automations and
    backfills refer to it. A request with equal content uses the existing template.
    """

    def keep(
        self, c: Connection, owner: str, content: TemplateContent, columns: dict[str, Any]
    ) -> RunTemplate:
        """Return the template with this content and these columns; insert it if needed.

        A template that no row refers to is deleted soon, so refer to it in the same transaction.
        """
        text = json_text([columns, content]).encode()
        digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
        known = c.execute(KNOWN, {"of": owner, "is": digest}).first()
        if known is not None:
            return RunTemplate(
                id=known.id, owner=owner, content=content, created_at=known.created_at, **columns
            )
        made = RunTemplate(
            id=new_id(), owner=owner, content=content, created_at=datetime.now(UTC), **columns
        )
        row = {name: getattr(made, name) for name in RunTemplate.__struct_fields__}
        digests = sorted({*content.digests(), *self._of_code(c, content)} - {""})
        c.execute(insert(run_templates), [{**row, "digest": digest, "digests": digests}])
        return made

    def _of_code(self, c: Connection, content: TemplateContent) -> Iterable[str]:
        versions = {node.version_id for node in content.nodes.values() if node.version_id}
        query = select(V.content_digest, V.bundle_digest).where(V.id.in_(versions))
        for row in c.execute(query):
            yield from row

    def get(self, c: Connection, owner: str, template_id: str) -> RunTemplate | None:
        """Return a template by ID, or None."""
        query = select(run_templates).where(T.id == template_id, is_own(owner, T.owner))
        row = c.execute(query).first()
        if row is None:
            return None
        fields = {name: getattr(row, name) for name in RunTemplate.__struct_fields__}
        return RunTemplate(**fields | {"content": msgspec.convert(row.content, TemplateContent)})

    def digests(self, c: Connection) -> Iterable[str]:
        """Yield the digests that templates in use name."""
        for digests in c.execute(select(T.digests).where(IS_USED)).scalars():
            yield from digests

    def digests_of_runs(self, c: Connection) -> Iterable[tuple[str, Iterable[str]]]:
        """Yield the ID of each run and the digests that its template names."""
        for row in c.execute(select(runs.c.id, T.digests).where(T.id == RUN_OF)):
            yield row.id, row.digests

    def digests_of_plans(self, c: Connection) -> Iterable[str]:
        """Yield the digests that templates of automations name."""
        for column in OF_PLANS:
            for digests in c.execute(select(T.digests).where(T.id == column)).scalars():
                yield from digests

    def has_run_in(self, c: Connection, workflow_id: str, folder: str) -> bool:
        """Return whether a run of a workflow started from a file whose path contains `folder`.

        Unlike runs, templates keep the path after the file was moved or deleted.
        """
        of_workflow = (runs.c.workflow_id == workflow_id) & (T.id == RUN_OF) & HISTORY
        is_inside = T.path.contains(f"/{folder}/", autoescape=True)
        return c.execute(select(T.id).where(of_workflow, is_inside).limit(1)).first() is not None

    def delete_unused(self, c: Connection) -> None:
        """Delete the templates that no row refers to."""
        c.execute(delete(run_templates).where(~IS_USED))
