"""Queries of clean-ups: finished runs with their outputs, what protects them, and the policies."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Select,
    Text,
    and_,
    cast,
    delete,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
)

from nbyard.domain.ids import first_id_at
from nbyard.domain.projects.structs import Project
from nbyard.domain.runs.clean_up import CleanUpRules, FinishedRun, Retention
from nbyard.domain.runs.retention import Policy, PolicyRules, ProjectPolicy
from nbyard.domain.state_machines import RUN
from nbyard.store.database.project_filter import run_ids_of
from nbyard.store.database.query_parts import is_one_of, with_newest_version
from nbyard.store.models import packages_of_images
from nbyard.store.runs.tasks import DIGEST
from nbyard.store.runs.templates import TemplateRows
from nbyard.store.schema.deployment_tables import deployments, revisions
from nbyard.store.schema.project_tables import project_retention, projects, retention
from nbyard.store.schema.tables import (
    HISTORY,
    artifacts,
    attempts,
    runs,
    tasks,
    workflow_versions,
    workflows,
)
from nbyard.store.visibility import is_own

ROWS_AT_ONCE = 1000
FEW_RUNS = 1000
FEW_DIGESTS = 5000
K, P, R = project_retention.c, projects.c, retention.c


class CleanUpRows:
    """Queries on runs that may be deleted; those with an `owner` see only that owner's rows."""

    def finished_runs(
        self,
        c: Connection,
        owner: str,
        *,
        with_outputs: bool = True,
        until: datetime | None = None,
    ) -> dict[str, FinishedRun]:
        """Return the finished runs of an owner by ID.

        Their `protection` is not set. `until` limits them to those that finished until then.
        """
        finished_at = func.coalesce(runs.c.finished_at, runs.c.created_at)
        own = is_own(owner, runs.c.owner) & HISTORY & runs.c.state.in_(sorted(RUN.terminal))
        if until is not None:
            # IDs are in the order of creation, so their index finds the old runs.
            own &= (runs.c.id < first_id_at(until)) & (finished_at <= until)
        outputs: dict[str, list[tuple[str, int]]] = {}
        made = select(artifacts.c.run_id, artifacts.c.digest, artifacts.c.size_bytes)
        for run_id, digest, size in c.execute(made.join(runs).where(own)) if with_outputs else ():
            outputs.setdefault(run_id, []).append((digest, size))
        # The database puts the fields together, as there may be very many runs.
        name, columns = func.coalesce(runs.c.name, ""), (runs.c.id, runs.c.number, runs.c.title)
        group = (runs.c.state, runs.c.output_group, runs.c.path)
        query = select(*columns, name, *group, finished_at).where(own)
        # All at once: row by row, the driver is asked for each of very many.
        rows = c.execute(query).all()
        return {row[0]: FinishedRun(*row, outputs.get(row[0], ())) for row in rows}

    def kept_ids(self, c: Connection, owner: str) -> set[str]:
        """Return the IDs of the runs that the owner keeps."""
        query = select(runs.c.id).where(is_own(owner, runs.c.owner), runs.c.kept)
        return set(c.execute(query).scalars())

    def deployments_by_run(self, c: Connection, owner: str) -> dict[str, str]:
        """Return the names of deployments by the ID of the run whose model they serve."""
        image = revisions.c.spec["image"].as_string().label("image")
        query = select(deployments.c.name, image, revisions.c.image_id).join(
            revisions, revisions.c.deployment_id == deployments.c.id
        )
        own = is_own(owner, deployments.c.owner) & deployments.c.removed_at.is_(None)
        # A deployment may be rolled back to any of its revisions.
        names = {(row.image, row.image_id): row.name for row in c.execute(query.where(own))}
        models = packages_of_images(c, owner, names) if names else {}
        return {
            model.source.run_id: names[image]
            for image, model in models.items()
            if model.source is not None
        }

    def newest_documents(self, c: Connection, owner: str) -> dict[str, Mapping[str, Any]]:
        """Return the newest version of each workflow by path."""
        joined = with_newest_version(workflows, workflow_versions, "workflow_id")
        query = select(workflows.c.path, workflow_versions.c.document).select_from(joined)
        return {
            row.path: row.document
            for row in c.execute(query.where(is_own(owner, workflows.c.owner)))
        }

    def attempt_folders(self, c: Connection, groups: Sequence[Collection[str]]) -> list[set[str]]:
        """Return the names of the folders of attempts for each group of runs."""
        query = select(
            tasks.c.run_id, func.coalesce(func.nullif(attempts.c.worker, ""), attempts.c.id)
        )
        query = query.join(tasks, tasks.c.id == attempts.c.task_id)
        place = _places(groups)
        if len(place) <= FEW_RUNS:  # then rows of other runs are not read
            query = query.where(tasks.c.run_id.in_([*place]))
        folder_names: list[set[str]] = [set() for _ in groups]
        for run_id, name in c.execute(query).all():
            if (group := place.get(run_id)) is not None:
                folder_names[group].add(name)
        return folder_names

    def digests(
        self, c: Connection, groups: Sequence[Collection[str]]
    ) -> tuple[list[set[str]], set[str]]:
        """Return the digests that groups of runs name, and other runs.

        The first value has one set for each group. The second is the set of all other runs, without
        their outputs: see `digests_of_other_runs`.
        """
        place = _places(groups)
        digest_sets: list[set[str]] = [
            set() for _ in [*groups, ()]
        ]  # the last one is that of others
        for run_id, digests in TemplateRows().digests_of_runs(c):
            digest_sets[place.get(run_id, -1)].update(digests)
        self._add_texts(c, place, digest_sets)
        query = select(artifacts.c.run_id, artifacts.c.digest)
        if len(place) <= FEW_RUNS:  # then rows of other runs are not read
            query = query.where(artifacts.c.run_id.in_([*place]))
        for run_id, name in c.execute(query).all():
            if (group := place.get(run_id)) is not None:
                digest_sets[group].add(name)
        return digest_sets[:-1], digest_sets[-1]

    def digests_of_other_runs(
        self, c: Connection, groups: Sequence[Collection[str]], wanted: Collection[str]
    ) -> set[str]:
        """Return the digests of the outputs of all other runs.

        Digests of files that are not `wanted` may be left out.
        """
        digest = artifacts.c.digest
        query = select(digest).where(not_(is_one_of(artifacts.c.run_id, _places(groups))))
        if len(wanted) <= FEW_DIGESTS:  # then the database looks for them
            # Any folder may contain a file that is wanted.
            query = query.where(or_(digest.in_(wanted), digest.startswith("tree:")))
        return set(c.execute(query).scalars())

    def _add_texts(
        self, c: Connection, place: Mapping[str, int], digest_sets: Sequence[set[str]]
    ) -> None:
        """Add the digests that plans of tasks and their other files name."""
        texts = (cast(tasks.c.plan, Text), func.coalesce(cast(tasks.c.other_files, Text), ""))
        query = select(tasks.c.run_id, *texts)
        if len(place) <= FEW_RUNS:
            is_own = tasks.c.run_id.in_([*place])
            _add_texts_of(c, query.where(is_own), place, digest_sets)
            # Runs of the same workflow have the same plans.
            query = select(literal(""), *texts).where(~is_own).distinct()
        _add_texts_of(c, query, place, digest_sets)


def _add_texts_of(
    c: Connection, query: Select[Any], place: Mapping[str, int], digest_sets: Sequence[set[str]]
) -> None:
    read = c.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
    for rows in read.partitions():
        parts: dict[int, list[str]] = {}
        for run_id, plan, other_files in rows:
            parts.setdefault(place.get(run_id, -1), []).append(f"{plan} {other_files}")
        for group, part in parts.items():
            digest_sets[group].update(
                DIGEST.findall(" ".join(part))
            )  # a call for each takes longer


def _places(groups: Sequence[Collection[str]]) -> dict[str, int]:
    """Return the index of each run's group, by run ID."""
    return {run_id: place for place, own in enumerate(groups) for run_id in own}


class RetentionRows:
    """Queries on rules and policies."""

    def of_all_runs(self, c: Connection, owner: str) -> Retention:
        """Return the rules of an owner for all runs."""
        row = c.execute(select(retention).where(is_own(owner, R.owner))).first()
        if row is None:
            return Retention(None)
        return Retention(msgspec.convert(row.rules, CleanUpRules), row.updated_at)

    def set_for_all_runs(self, c: Connection, owner: str, rules: CleanUpRules | None) -> None:
        """Replace the rules of an owner for all runs; None deletes them."""
        c.execute(delete(retention).where(is_own(owner, R.owner)))
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
        for row in c.execute(general.where(is_own(owner, R.owner)) if owner else general):
            made = Policy(msgspec.convert(row.rules, CleanUpRules), row.updated_at)
            policies_by_owner.setdefault(row.owner, []).append(made)
        own: Any = select(project_retention, P.owner, P.name.label("project"))
        own = own.join(projects, P.id == K.project_id).order_by(P.name, K.name)
        for row in c.execute(own.where(is_own(owner, P.owner)) if owner else own):
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
