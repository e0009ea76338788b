"""Queries of clean-ups: finished runs with their outputs, and what protects them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Text, cast, func, select, update

from nbyard.domain.runs.clean_up import FinishedRun
from nbyard.domain.runs.structs import Run
from nbyard.domain.state_machines import RUN
from nbyard.store import events
from nbyard.store.database.query_parts import with_newest_version
from nbyard.store.events import Subject
from nbyard.store.models.queries import packages_of_images
from nbyard.store.runs.tasks import DIGEST
from nbyard.store.runs.templates import TemplateRows
from nbyard.store.schema.deployment_tables import deployments, revisions
from nbyard.store.schema.scratch_runs import HISTORY
from nbyard.store.schema.tables import (
    artifacts,
    attempts,
    runs,
    tasks,
    workflow_versions,
    workflows,
)

ROWS_AT_ONCE = 1000
FEW_RUNS = 1000


class CleanUpRows:
    """Queries on runs that may be deleted; those with an `owner` see only that owner's rows."""

    def finished(
        self, c: Connection, owner: str, *, with_outputs: bool = True
    ) -> dict[str, FinishedRun]:
        """Return all finished runs by ID, without their protection by documents."""
        own = (runs.c.owner == owner) & HISTORY & runs.c.state.in_(sorted(RUN.terminal))
        outputs: dict[str, list[tuple[str, int]]] = {}
        made = select(artifacts.c.run_id, artifacts.c.digest, artifacts.c.size_bytes)
        for run_id, digest, size in c.execute(made.join(runs).where(own)) if with_outputs else ():
            outputs.setdefault(run_id, []).append((digest, size))
        # The database puts the fields together, as there may be very many runs.
        group = func.coalesce(
            func.nullif(runs.c.workflow_id, ""), func.nullif(runs.c.path, ""), runs.c.title
        )
        finished_at = func.coalesce(runs.c.finished_at, runs.c.created_at)
        name, columns = func.coalesce(runs.c.name, ""), (runs.c.id, runs.c.number, runs.c.title)
        query = select(*columns, name, runs.c.state, group, runs.c.path, finished_at).where(own)
        # All at once: row by row, the driver is asked for each of very many.
        rows = c.execute(query).all()
        return {row[0]: FinishedRun(*row, outputs.get(row[0], ())) for row in rows}

    def kept(self, c: Connection, owner: str) -> set[str]:
        """Return the IDs of the runs that the owner keeps."""
        query = select(runs.c.id).where(runs.c.owner == owner, runs.c.kept)
        return set(c.execute(query).scalars())

    def keep(self, c: Connection, run: Run, kept: bool) -> None:
        """Set whether clean-ups keep the run."""
        c.execute(update(runs).where(runs.c.id == run.id).values(kept=kept))
        events.append(c, "run", Subject(run.id, run.owner, run.id), {"change": "changed"})

    def deployed(self, c: Connection, owner: str) -> dict[str, str]:
        """Return the names of deployments by the ID of the run whose model they serve."""
        image = revisions.c.spec["image"].as_string().label("image")
        query = select(deployments.c.name, image, revisions.c.image_id).join(
            revisions, revisions.c.deployment_id == deployments.c.id
        )
        own = (deployments.c.owner == owner) & deployments.c.removed_at.is_(None)
        # A deployment may be rolled back to any of its revisions.
        names = {(row.image, row.image_id): row.name for row in c.execute(query.where(own))}
        models = packages_of_images(c, owner, names) if names else {}
        return {
            model.source.run_id: names[image]
            for image, model in models.items()
            if model.source is not None
        }

    def documents(self, c: Connection, owner: str) -> dict[str, Mapping[str, Any]]:
        """Return the newest version of each workflow by path."""
        joined = with_newest_version(workflows, workflow_versions, "workflow_id")
        query = select(workflows.c.path, workflow_versions.c.document).select_from(joined)
        return {
            row.path: row.document for row in c.execute(query.where(workflows.c.owner == owner))
        }

    def attempt_folders(self, c: Connection, of: Collection[str]) -> dict[str, set[str]]:
        """Return the names of the folders of these runs' attempts, by the ID of the run."""
        query = select(tasks.c.run_id, attempts.c.id, attempts.c.worker).join(
            tasks, tasks.c.id == attempts.c.task_id
        )
        if len(of) <= FEW_RUNS:  # then those of others are not read
            query = query.where(tasks.c.run_id.in_(of))
        found: dict[str, set[str]] = {}
        for run_id, attempt_id, worker in c.execute(query).all():
            if run_id in of:
                found.setdefault(run_id, set()).add(worker or attempt_id)
        return found

    def digests(self, c: Connection, of: Collection[str]) -> tuple[dict[str, set[str]], set[str]]:
        """Return the digests that each of these runs names, and those that all others name."""
        own: dict[str, set[str]] = {}
        others: set[str] = set()
        for run_id, digests in self._named(c):
            (own.setdefault(run_id, set()) if run_id in of else others).update(digests)
        return own, others

    def _named(self, c: Connection) -> Iterator[tuple[str, Iterable[str]]]:
        yield from TemplateRows().digests_of_runs(c)
        for run_id, digest in c.execute(select(artifacts.c.run_id, artifacts.c.digest)).all():
            yield run_id, (digest,)
        texts = (cast(tasks.c.plan, Text), cast(tasks.c.other_files, Text))
        query = select(tasks.c.run_id, *texts)
        read = c.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
        for run_id, plan, others in read:
            yield run_id, DIGEST.findall(f"{plan} {others or ''}")
