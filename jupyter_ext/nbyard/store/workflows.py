"""Rows of workflows and their frozen versions."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from nbyard.domain.datasets import Dataset
from nbyard.domain.digest import digest_of
from nbyard.domain.ids import new_id
from nbyard.domain.workflows import Document, Workflow
from nbyard.store import events
from nbyard.store.events import Subject
from nbyard.store.tables import workflow_versions, workflows

BY_PATH = select(workflows).where(
    workflows.c.owner == bindparam("of"), workflows.c.path == bindparam("at")
)
LAST_VERSION = (
    select(workflow_versions.c.id, workflow_versions.c.digest)
    .where(workflow_versions.c.workflow_id == bindparam("of"))
    .order_by(workflow_versions.c.number.desc())
    .limit(1)
)


class WorkflowRows:
    """Queries on workflows; all see only what belongs to `owner`."""

    def seen(self, c: Connection, owner: str, path: str, document: Document) -> Workflow:
        """The workflow at that path, made or brought up to date."""
        now = datetime.now(UTC)
        title = document.meta.title
        known = self.by_path(c, owner, path)
        if known is None:
            made = new_id()
            row = {
                "id": made,
                "owner": owner,
                "document_id": document.meta.id,
                "path": path,
                "title": title,
                "created_at": now,
                "updated_at": now,
            }
            c.execute(insert(workflows), [row])
            events.append(c, "workflow", Subject(made, owner), {"change": "created"})
        elif (known.title, known.document_id) != (title, document.meta.id):
            where = workflows.c.id == known.id
            values = {"title": title, "document_id": document.meta.id, "updated_at": now}
            c.execute(update(workflows).where(where).values(**values))
            events.append(c, "workflow", Subject(known.id, owner), {"change": "changed"})
        else:
            return known
        found = self.by_path(c, owner, path)
        assert found is not None
        return found

    def freeze(self, c: Connection, workflow: Workflow, document: Document) -> str:
        """The id of the version with exactly this document."""
        digest = digest_of(document)
        newest = c.execute(LAST_VERSION, {"of": workflow.id}).first()
        if newest and newest.digest == digest:
            return str(newest.id)
        v = workflow_versions.c
        number = c.execute(select(func.max(v.number)).where(v.workflow_id == workflow.id)).scalar()
        row = {
            "id": new_id(),
            "workflow_id": workflow.id,
            "number": int(number or 0) + 1,
            "digest": digest,
            "document": msgspec.to_builtins(document),
            "created_at": datetime.now(UTC),
        }
        c.execute(insert(workflow_versions), [row])
        return str(row["id"])

    def by_path(self, c: Connection, owner: str, path: str) -> Workflow | None:
        row = c.execute(BY_PATH, {"of": owner, "at": path}).first()
        return _workflow(row) if row else None

    def using(self, c: Connection, dataset: Dataset) -> list[str]:
        """Paths of its owner's workflows whose newest version has a node of that dataset."""
        names = (dataset.id, dataset.name)
        v = workflow_versions.c
        newest = select(v.workflow_id, func.max(v.number).label("n")).group_by(v.workflow_id)
        sub = newest.subquery()
        query = (
            select(workflows.c.path, v.document)
            .join(sub, sub.c.workflow_id == workflows.c.id)
            .join(workflow_versions, (v.workflow_id == sub.c.workflow_id) & (v.number == sub.c.n))
            .where(workflows.c.owner == dataset.owner)
            .order_by(workflows.c.path)
        )
        return [
            row.path
            for row in c.execute(query)
            if any(n.get("dataset") in names for n in row.document.get("nodes", {}).values())
        ]

    def paths(self, c: Connection, owner: str) -> list[str]:
        """Where all of them are, or were."""
        return list(c.execute(select(workflows.c.path).where(workflows.c.owner == owner)).scalars())

    def page(
        self, c: Connection, owner: str, limit: int, after: str, search: str
    ) -> list[Workflow]:
        query = select(workflows).where(workflows.c.owner == owner)
        if after:
            query = query.where(workflows.c.id < after)
        if search:
            query = query.where(workflows.c.path.icontains(search, autoescape=True))
        rows = c.execute(query.order_by(workflows.c.id.desc()).limit(limit))
        return [_workflow(row) for row in rows]


def _workflow(row: Row[Any]) -> Workflow:
    return Workflow(
        id=row.id,
        document_id=row.document_id,
        path=row.path,
        title=row.title,
        owner=row.owner,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
