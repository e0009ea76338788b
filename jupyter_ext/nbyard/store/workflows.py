"""Rows of workflows and their frozen versions."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, or_, select, update

from nbyard.domain.datasets.structs import Dataset
from nbyard.domain.digest import digest_of
from nbyard.domain.ids import new_id
from nbyard.domain.workflows.revisions import SavedVersion
from nbyard.domain.workflows.structs import Document, PushedFiles, Workflow, part_for_runs
from nbyard.store import events
from nbyard.store.database.project_filter import linked_to
from nbyard.store.database.query_parts import (
    is_one_of,
    newest_first,
    with_newest_version,
    with_text,
)
from nbyard.store.events import Subject
from nbyard.store.named_rows import struct_of_row
from nbyard.store.notices.channels import RuleRows
from nbyard.store.schema.tables import HISTORY, runs, workflow_versions, workflows
from nbyard.store.visibility import is_own, may_see, role_of

BY_PATH = select(workflows).where(
    is_own(bindparam("of"), workflows.c.owner), workflows.c.path == bindparam("at")
)
OF_DOCUMENT = (
    select(workflows)
    .where(
        is_own(bindparam("of"), workflows.c.owner), workflows.c.document_id == bindparam("document")
    )
    .order_by(workflows.c.id)
)
# (owner, path) is unique: after its file was replaced, a workflow has its ID as its path.
HAS_PLACE = workflows.c.path != workflows.c.id
# Files that were only saved are found in their folders.
IS_LISTED = HAS_PLACE & workflows.c.listed
VERSION = workflow_versions.c
LAST_VERSION = (
    select(VERSION.id, VERSION.digest, VERSION.person, VERSION.kept, VERSION.created_at)
    .where(VERSION.workflow_id == bindparam("of"))
    .order_by(VERSION.number.desc())
    .limit(1)
)


SHOWN_RUNS = 10  # of a version
# Versions that were only saved: each save in this time replaces the one before, and so many stay.
SAVING = timedelta(minutes=10)
MOST_SAVES = 100
IsThere = Callable[[str, str], bool]


class WorkflowRows:
    """Queries on workflows; most see only the workflows of `owner`."""

    def find(
        self, c: Connection, owner: str, path: str, document_id: str, is_there: IsThere
    ) -> Workflow | None:
        """Return the workflow of a document that is saved at `path`.

        The document's ID decides, so a workflow keeps its history when its file moves. If several
        files share one ID, each file is its own workflow. A document without an ID is found by its
        path.
        """
        here = self.by_path(c, owner, path)
        if not document_id or (here and here.document_id == document_id):
            return here
        same = self.of_document(c, owner, document_id)
        moved = next(
            (workflow for workflow in same if not is_there(workflow.path, document_id)), None
        )
        if moved or here is None:
            return moved
        # A copy shared its ID with an older workflow, so its file may have got a new one.
        shared = here.document_id and self.of_document(c, owner, here.document_id)[0].id != here.id
        return here if shared or not here.document_id else None

    def create_or_update(
        self,
        c: Connection,
        owner: str,
        path: str,
        document: Document,
        is_there: IsThere = lambda *_: True,
        *,
        listed: bool = True,
    ) -> Workflow:
        """Return the workflow of a document; create or update its row.

        `is_there` returns whether the file at a path still holds the document with an ID. A row
        that is not `listed` yet keeps versions only.
        """
        now = datetime.now(UTC)
        title = document.meta.title
        known = self.find(c, owner, path, document.meta.id, is_there)
        if known is None:
            self._release(c, owner, path)
            made = new_id()
            row = {
                "id": made,
                "owner": owner,
                "document_id": document.meta.id,
                "path": path,
                "title": title,
                "created_at": now,
                "updated_at": now,
                "listed": False,
            }
            c.execute(insert(workflows), [row])
        else:
            made = known.id
            if known.path != path:
                self.move(c, known, path)
            document_id = document.meta.id or known.document_id
            if (known.title, known.document_id) != (title, document_id):
                where = workflows.c.id == known.id
                values = {"title": title, "document_id": document_id, "updated_at": now}
                c.execute(update(workflows).where(where).values(**values))
                events.append(c, "workflow", Subject(known.id, owner), {"change": "changed"})
        its_row = update(workflows).where(workflows.c.id == made, ~workflows.c.listed)
        if listed and c.execute(its_row.values(listed=True)).rowcount:
            events.append(c, "workflow", Subject(made, owner), {"change": "created"})
        workflow = self.by_path(c, owner, path)
        assert workflow is not None and workflow.id == made
        return workflow

    def move(self, c: Connection, workflow: Workflow, path: str) -> None:
        """Record the new path of the workflow's file, also for its runs and rules."""
        self._release(c, workflow.owner, path)
        self._place(c, workflow.id, path, path)
        subject = Subject(workflow.id, workflow.owner)
        events.append(c, "workflow", subject, {"change": "moved"})

    def defaults(self, c: Connection, versions: Collection[str]) -> dict[str, dict[str, Any]]:
        """Return the default values of the parameters of versions, by the version's ID."""
        version = workflow_versions.c
        query = select(version.id, version.document["meta", "parameters"])
        return {
            version_id: {n: p["default"] for n, p in (declared or {}).items() if "default" in p}
            for version_id, declared in c.execute(query.where(version.id.in_(versions)))
        }

    def move_store(self, c: Connection, inside: str, store: str) -> None:
        """Change the paths of files in a folder `inside` of a store that moved to `store`."""
        in_folder = workflows.c.path.contains(f"/{inside}")
        for row in c.execute(select(workflows.c.id, workflows.c.path).where(in_folder)).all():
            path = f"{store}/{inside}{row.path.partition(f'/{inside}')[2]}"
            self._set_paths(c, row.id, {"path": path}, path)

    def release(self, c: Connection, workflow: Workflow) -> None:
        """Record that the workflow's file was deleted, also for its runs. Lists leave it out."""
        self._place(c, workflow.id, workflow.id, "")
        events.append(c, "workflow", Subject(workflow.id, workflow.owner), {"change": "moved"})

    def _release(self, c: Connection, owner: str, path: str) -> None:
        """Free the path of a workflow whose file was replaced."""
        if before := self.by_path(c, owner, path):
            self._place(c, before.id, before.id, "")

    def _place(self, c: Connection, workflow_id: str, path: str, run_path: str) -> None:
        values = {"path": path, "updated_at": datetime.now(UTC)}
        self._set_paths(c, workflow_id, values, run_path)

    def _set_paths(
        self, c: Connection, workflow_id: str, values: dict[str, Any], run_path: str
    ) -> None:
        where = workflows.c.id == workflow_id
        before = c.execute(select(workflows.c.owner, workflows.c.path).where(where)).first()
        # Without a path for runs, the file is gone. Its rules wait for the next one there.
        if before and run_path:
            RuleRows().move(c, before.owner, before.path, run_path)
        c.execute(update(workflows).where(where).values(**values))
        c.execute(update(runs).where(runs.c.workflow_id == workflow_id).values(path=run_path))

    def below(self, c: Connection, path: str) -> list[Workflow]:
        """Return the workflows of all owners at a path or below it."""
        where = (workflows.c.path == path) | is_below(path)
        return [struct_of_row(row, Workflow) for row in c.execute(select(workflows).where(where))]

    def ending(self, c: Connection, owner: str, folder: str, end: str) -> list[Workflow]:
        """Return the workflows below a folder whose paths have this end."""
        where = is_own(owner, workflows.c.owner) & is_below(folder)
        has_end = workflows.c.path.endswith(end, autoescape=True)
        rows = c.execute(select(workflows).where(where, has_end))
        return [struct_of_row(row, Workflow) for row in rows]

    def of_document(self, c: Connection, owner: str, document_id: str) -> list[Workflow]:
        """Return the workflows with this document ID, oldest first; copies share the ID."""
        rows = c.execute(OF_DOCUMENT, {"of": owner, "document": document_id})
        return [struct_of_row(row, Workflow) for row in rows]

    def version_of(
        self, c: Connection, workflow: Workflow, document: Document, person: str = ""
    ) -> str:
        """Return the ID of the newest version if it is this document, else insert it.

        Positions and comments do not count: a moved card makes no version.
        """
        digest = digest_of(part_for_runs(document))
        newest = c.execute(LAST_VERSION, {"of": workflow.id}).first()
        if newest and newest.digest == digest:
            if not newest.kept:
                its_row = workflow_versions.update().where(VERSION.id == newest.id)
                c.execute(its_row.values(kept=True))
            return str(newest.id)
        return self._insert(c, workflow, document, person=person)

    def _insert(self, c: Connection, workflow: Workflow, document: Document, **columns: Any) -> str:
        numbers = select(func.max(VERSION.number)).where(VERSION.workflow_id == workflow.id)
        row = {
            "id": new_id(),
            "workflow_id": workflow.id,
            "number": int(c.execute(numbers).scalar() or 0) + 1,
            "digest": digest_of(part_for_runs(document)),
            "document": msgspec.to_builtins(document),
            "created_at": datetime.now(UTC),
            "kept": True,
            **columns,
        }
        c.execute(insert(workflow_versions), [row])
        events.append(c, "workflow", Subject(workflow.id, workflow.owner), {"change": "version"})
        return str(row["id"])

    def save(self, c: Connection, workflow: Workflow, document: Document, person: str) -> None:
        """Store the document that a person saved as the newest version.

        The version replaces that of a save by the same person shortly before, unless a run uses it.
        Only the newest versions that no run uses stay.
        """
        digest, begun = digest_of(part_for_runs(document)), datetime.now(UTC)
        newest = c.execute(LAST_VERSION, {"of": workflow.id}).first()
        if newest and begun - newest.created_at < SAVING:
            its_row = VERSION.id == newest.id
            if newest.digest == digest and not newest.person:  # a run was faster
                c.execute(workflow_versions.update().where(its_row).values(person=person))
            elif newest.digest != digest and not newest.kept and newest.person == person:
                begun = newest.created_at
                c.execute(workflow_versions.delete().where(its_row))
                newest = c.execute(LAST_VERSION, {"of": workflow.id}).first()
        if newest is None or newest.digest != digest:
            self._insert(c, workflow, document, kept=False, person=person, created_at=begun)
            saves = (VERSION.workflow_id == workflow.id) & ~VERSION.kept
            old = select(VERSION.id).where(saves).order_by(VERSION.number.desc()).offset(MOST_SAVES)
            c.execute(workflow_versions.delete().where(VERSION.id.in_(old)))

    def versions(
        self, c: Connection, workflow: Workflow, viewer: str, limit: int, after: str
    ) -> list[SavedVersion]:
        """Return a page of versions, newest first, with their newest runs that a user may see."""
        of = select(workflow_versions).where(workflow_versions.c.workflow_id == workflow.id)
        rows = c.execute(newest_first(of, workflow_versions.c.id, limit, after)).all()
        version = runs.c.workflow_version_id
        query = select(version, runs.c.number).where(version.in_([row.id for row in rows]), HISTORY)
        query = query.where(may_see(viewer, runs.c.owner, c))
        numbers = defaultdict[str, list[int]](list)
        for row in c.execute(query.order_by(runs.c.number.desc())):
            numbers[row.workflow_version_id].append(row.number)
        return [
            SavedVersion(
                r.id, r.number, r.created_at, r.person or workflow.owner, numbers[r.id][:SHOWN_RUNS]
            )
            for r in rows
        ]

    def document(self, c: Connection, workflow: Workflow, number: int) -> Document | None:
        """Return the document of a version, 0 is the newest."""
        of = select(VERSION.document).where(VERSION.workflow_id == workflow.id)
        of = of.where(VERSION.number == number) if number else of
        stored = c.execute(of.order_by(VERSION.number.desc()).limit(1)).scalar()
        return msgspec.convert(stored, Document) if stored else None

    def by_path(self, c: Connection, owner: str, path: str) -> Workflow | None:
        """Return the workflow with this path, or None."""
        row = c.execute(BY_PATH, {"of": owner, "at": path}).first()
        return struct_of_row(row, Workflow) if row else None

    def paths_with_dataset(self, c: Connection, dataset: Dataset) -> list[str]:
        """Return the paths of workflows whose newest version has a node for the dataset."""
        names = (dataset.id, dataset.name)
        query = (
            select(workflows.c.path, workflow_versions.c.document)
            .select_from(with_newest_version(workflows, workflow_versions, "workflow_id"))
            .where(is_own(dataset.owner, workflows.c.owner), HAS_PLACE)
            .order_by(workflows.c.path)
        )
        return [
            row.path
            for row in c.execute(query)
            if any(n.get("dataset") in names for n in row.document.get("nodes", {}).values())
        ]

    def placed(self, c: Connection, owner: str) -> list[Workflow]:
        """Return all listed workflows with a current or last known path."""
        where = is_own(owner, workflows.c.owner) & IS_LISTED
        return [struct_of_row(row, Workflow) for row in c.execute(select(workflows).where(where))]

    def with_runs(self, c: Connection, ids: Iterable[str]) -> set[str]:
        """Return which of the workflows have runs."""
        run = select(runs.c.id).where(runs.c.workflow_id == workflows.c.id, HISTORY)
        query = select(workflows.c.id).where(workflows.c.id.in_(ids), run.exists())
        return {*c.execute(query).scalars()}

    def get(self, c: Connection, owner: str, workflow_id: str) -> Workflow | None:
        """Return a workflow by ID."""
        is_seen = may_see(owner, workflows.c.owner)
        query = select(workflows, role_of(owner, workflows.c.owner)).where(is_seen)
        row = c.execute(query.where(workflows.c.id == workflow_id)).first()
        return struct_of_row(row, Workflow) if row else None

    def page(
        self,
        c: Connection,
        owner: str,
        limit: int,
        after: str,
        search: str,
        pushed: PushedFiles | None = None,
    ) -> list[Workflow]:
        """Return a page of workflows, newest first.

        With `pushed`, copies of other files are left out, and a project has what it pushed.
        """
        its_owner = workflows.c.owner
        seen = select(workflows, role_of(owner, its_owner, c)).where(may_see(owner, its_owner, c))
        known = with_text(seen.where(IS_LISTED), search, workflows.c.path)
        if pushed is not None and pushed.hidden:
            known = known.where(~is_one_of(workflows.c.id, pushed.hidden))
        if pushed is not None and pushed.project:
            linked = linked_to(pushed.project, "workflow", workflows.c.id)
            of_push = is_below(f"{pushed.folder}/{pushed.project}")
            is_source = is_one_of(workflows.c.id, pushed.sources)
            known = known.where(or_(linked, of_push, is_source))
        query = newest_first(known, workflows.c.id, limit, after)
        return [struct_of_row(row, Workflow) for row in c.execute(query)]


def is_below(folder: str) -> ColumnElement[bool]:
    """Return the condition that the file of a workflow is below a folder."""
    return workflows.c.path.startswith(f"{folder}/", autoescape=True)
