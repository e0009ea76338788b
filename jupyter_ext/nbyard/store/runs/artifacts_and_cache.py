"""Rows of artifacts, and the cache that refers to them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from nbyard.domain.attempts.outside_files import OutsideFile
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.file_formats import MODEL_FORMATS
from nbyard.domain.ids import new_id
from nbyard.domain.models.structs import ModelOutput
from nbyard.domain.runs.structs import MODEL_TYPE, Artifact, ArtifactType, Run, class_of
from nbyard.store.database.query_parts import Prepared, is_one_of
from nbyard.store.named_rows import columns_of
from nbyard.store.runs.tasks import TaskRecord
from nbyard.store.schema.project_tables import project_cache, project_links
from nbyard.store.schema.tables import HISTORY, artifacts, attempts, cache, runs, tasks
from nbyard.store.visibility import is_own, may_see, team_projects

L = project_links.c
TAKEN = ("name", "filename", "format", "digest", "size_bytes", "type")
INSERT = Prepared(insert(artifacts))
RESULTS = select(artifacts.c.task_id, *(artifacts.c[name] for name in TAKEN))
VIEWS: Select[Any] = select(*artifacts.c, tasks.c.node).select_from(
    artifacts.join(tasks, tasks.c.id == artifacts.c.task_id)
)
# The JSON of the types, as msgspec writes it.
TYPE = func.coalesce(artifacts.c.type, "")
IS_MODEL = TYPE.contains('"output_class":"model"') | (
    (artifacts.c.format.in_(MODEL_FORMATS) | TYPE.contains(MODEL_TYPE))
    & not_(TYPE.contains('"output_class":'))
)


class SourcedOutput(NamedTuple):
    """An output with its source: only the newest output of a source is listed.

    Outputs of several workflows are `alike` if users see no difference: title, name and bytes.
    """

    source: tuple[str, str, str]
    alike: tuple[str, str, str]
    output: ModelOutput


OF_RUN = VIEWS.where(artifacts.c.run_id == bindparam("of")).order_by(artifacts.c.id)


class ArtifactRows:
    """Queries on artifacts; queries with an `owner` see only the artifacts of that owner."""

    def insert_all(
        self, c: Connection, made: Sequence[tuple[TaskRecord, Sequence[Mapping[str, Any]]]]
    ) -> None:
        """Insert the outputs of these tasks."""
        now = datetime.now(UTC)
        full = [
            {**row, "id": new_id(), "run_id": task.run_id, "task_id": task.id, "created_at": now}
            for task, rows in made
            for row in rows
        ]
        if full:
            INSERT.run(c, full)

    def digests(self, c: Connection) -> Iterable[str]:
        """Return the digests of all artifacts."""
        return c.execute(select(artifacts.c.digest).distinct()).scalars()

    def of_tasks(self, c: Connection, task_ids: Collection[str]) -> dict[str, list[Any]]:
        """Return the outputs by task ID, as rows that can be inserted for other tasks."""
        rows_by_task: dict[str, list[Any]] = {task_id: [] for task_id in task_ids}
        for task_id, *row in c.execute(RESULTS.where(is_one_of(artifacts.c.task_id, task_ids))):
            rows_by_task[task_id].append(dict(zip(TAKEN, row, strict=True)))
        return rows_by_task

    def of_run(
        self, c: Connection, run_id: str, of: Collection[str] | None = None
    ) -> list[Artifact]:
        """Return all artifacts of the run, or those of some of its tasks."""
        query = OF_RUN if of is None else OF_RUN.where(artifacts.c.task_id.in_(of))
        return [_artifact(row) for row in c.execute(query, {"of": run_id})]

    def of_digest(self, c: Connection, run_id: str, digest: str) -> list[Artifact]:
        """Return the artifacts of the run that have these bytes."""
        query = OF_RUN.where(artifacts.c.digest == digest)
        return [_artifact(row) for row in c.execute(query, {"of": run_id})]

    def of_runs(self, c: Connection, run_ids: Collection[str]) -> dict[str, list[Artifact]]:
        """Return the artifacts by run ID."""
        artifacts_by_run: dict[str, list[Artifact]] = {run_id: [] for run_id in run_ids}
        query = VIEWS.where(artifacts.c.run_id.in_(run_ids)).order_by(artifacts.c.id)
        for row in c.execute(query):
            artifacts_by_run[row.run_id].append(_artifact(row))
        return artifacts_by_run

    def of_task(self, c: Connection, task_id: str) -> dict[str, Artifact]:
        """Return the artifacts of a task by name."""
        query = VIEWS.where(artifacts.c.task_id == task_id)
        return {row.name: _artifact(row) for row in c.execute(query)}

    def written_outside(
        self, c: Connection, owner: str, digest: str, runtime: str
    ) -> tuple[str, str] | None:
        """Return run and node of the newest task that wrote the bytes.

        Only tasks with an attempt on a runtime other than `runtime` count.
        """
        query = (
            select(tasks.c.run_id, tasks.c.node)
            .select_from(artifacts)
            .join(tasks, tasks.c.id == artifacts.c.task_id)
            .join(attempts, attempts.c.task_id == tasks.c.id)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(artifacts.c.digest == digest, attempts.c.runtime != runtime)
            .where(is_own(owner, runs.c.owner))
            .order_by(attempts.c.id.desc())
        )
        row = c.execute(query).first()
        return (row.run_id, row.node) if row else None

    def models_of_runs(
        self, c: Connection, owner: str, run_ids: Iterable[str]
    ) -> list[SourcedOutput]:
        """Return the outputs that may be models of those runs that a user may see, newest first."""
        query = select(artifacts).where(is_one_of(artifacts.c.run_id, run_ids), IS_MODEL)
        rows = c.execute(query.order_by(artifacts.c.id.desc())).all()
        # Tasks and runs by their IDs alone: joined, SQLite reads all runs of the owner first.
        is_seen = (HISTORY & may_see(owner, runs.c.owner)).label("is_seen")
        of_run = select(runs.c.id, runs.c.number, runs.c.title, runs.c.workflow_id, is_seen)
        of_run = of_run.where(is_one_of(runs.c.id, {row.run_id for row in rows}))
        by_run = {row.id: row for row in c.execute(of_run)}
        label = tasks.c.plan["label"].as_string().label("label")
        of_task = select(tasks.c.id, tasks.c.node, tasks.c.state, label)
        of_task = of_task.where(is_one_of(tasks.c.id, {row.task_id for row in rows}))
        by_task = {row.id: row for row in c.execute(of_task)}
        outputs = []
        for row in rows:
            run, task = by_run[row.run_id], by_task[row.task_id]
            if run.is_seen and task.state == "succeeded":
                source = (run.workflow_id or run.id, task.node, row.name)
                name = f"{task.node}.{row.name}"
                made = (row.run_id, run.number, run.title, name, row.size_bytes, row.created_at)
                alike = (run.title, name, row.digest)
                outputs.append(SourcedOutput(source, alike, ModelOutput(*made, label=task.label)))
        return outputs

    def get(self, c: Connection, owner: str, artifact_id: str) -> Artifact | None:
        """Return an artifact of the runs that the user may see, or None."""
        query = VIEWS.join(runs, runs.c.id == artifacts.c.run_id).where(
            artifacts.c.id == artifact_id, may_see(owner, runs.c.owner)
        )
        row = c.execute(query).first()
        return _artifact(row) if row else None


def _artifact(row: Row[Any]) -> Artifact:
    fields = columns_of(row, Artifact)
    if row.type is not None:
        fields["type"] = msgspec.json.decode(row.type, type=ArtifactType)
    return Artifact(**fields, output_class=class_of(row.filename, row.format, fields["type"]))


MOST_ALIKE = 5


class Hit(msgspec.Struct, frozen=True):
    """A cached result: its task, the number of its run and its time.

    `outside` are the states outside the code folder that it depends on, as JSON, because they may
    be thousands; empty if there are none. The result of a colleague has the name of this `maker`
    and the ID of the run.
    """

    task_id: str
    run_number: int
    made_at: datetime
    outside: str
    maker: str = ""
    run_id: str = ""

    def outside_files(self) -> dict[str, OutsideFile]:
        """Decode the states outside the code folder by path."""
        return msgspec.json.decode(self.outside or "{}", type=dict[str, OutsideFile])


class Alike(Hit, frozen=True, kw_only=True):
    """A cached result whose key differs at most in its code files.

    `files` holds the digests of these files, and `observed` what the work read of them.
    """

    key: str
    files: dict[str, str]
    observed: Observed


OUTSIDE = tasks.c.observed["outside"].as_string().label("outside")
HITS = (
    select(cache.c.owner, cache.c.key, cache.c.task_id, runs.c.number, cache.c.created_at, OUTSIDE)
    .join(tasks, tasks.c.id == cache.c.task_id)
    .join(runs, runs.c.id == tasks.c.run_id)
)
FORGET = Prepared(
    cache.delete().where(
        is_own(bindparam("of"), cache.c.owner), cache.c.key == bindparam("its_key")
    )
)
KEEP = Prepared(insert(cache))


def _alike(row: Any, maker: str = "", run_id: str = "") -> Alike:
    # The states outside the code folder may be thousands. They stay text until needed.
    observed = msgspec.convert({**(row.observed or {}), "outside": {}}, Observed)
    made = (row.task_id, row.number, row.created_at, _outside(row.outside), maker, run_id)
    return Alike(*made, key=row.key, files=row.parts["files"], observed=observed)


def _outside(outside: str | None) -> str:
    return "" if outside in (None, "{}") else outside


class CacheRows:
    """Queries on the cache: results by cache key and owner, on shared stores also of projects."""

    def __init__(self, *, is_shared: bool = False):
        self.is_shared = is_shared

    def find(self, c: Connection, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], Hit]:
        """Return the cached results of these owners and keys."""
        keys = {key for _, key in names}
        query = HITS.where(cache.c.owner.in_({owner for owner, _ in names}))
        rows = c.execute(query.where(is_one_of(cache.c.key, keys))) if names else ()
        return {
            (owner, key): Hit(task_id, number, made_at, _outside(outside))
            for owner, key, task_id, number, made_at, outside in rows
            if (owner, key) in names
        }

    def with_other_code_files(self, c: Connection, owner: str, base_key: str) -> list[Alike]:
        """Return up to 5 results that differ at most in their code files, newest first."""
        newest = func.max(tasks.c.id)
        keys = (
            select(tasks.c.cache_key)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(tasks.c.base_key == base_key, is_own(owner, runs.c.owner), HISTORY)
            .where(tasks.c.observed.is_not(None))
            .group_by(tasks.c.cache_key)
            .order_by(newest.desc())
            .limit(MOST_ALIKE)
        )
        known = list(c.execute(keys).scalars())
        if not known:
            return []
        query = (
            select(cache, runs.c.number, tasks.c.parts, tasks.c.observed)
            .add_columns(OUTSIDE)
            .join(tasks, tasks.c.id == cache.c.task_id)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(is_own(owner, cache.c.owner), cache.c.key.in_(known))
            .order_by(cache.c.created_at.desc())
        )
        alike_results = []
        for row in c.execute(query):
            if row.observed is not None:
                alike_results.append(_alike(row))
        return alike_results

    def of_team(
        self,
        c: Connection,
        owner: str,
        places: Collection[tuple[str, str]],
        names: Collection[tuple[str, str]],
    ) -> list[list[Alike]]:
        """Return up to 5 results of colleagues for each key and base key.

        They differ at most in their code files. That with the key comes first, then the newest.
        `places` are those of `team_projects`. No row of another project is read, so that its
        results change neither the statement nor its cost.
        """
        projects = [*c.execute(team_projects(owner, places)).scalars()]
        if not projects:
            return [[] for _ in names]
        T, R, S = tasks.c, runs.c, project_cache.c
        has_key = is_one_of(S.key, {key for key, _ in names})
        is_linked = exists().where(
            L.project_id == S.project_id, L.kind == "run", L.resource_id == R.id
        )
        query = (
            select(T.id.label("task_id"), T.parts, T.observed, T.run_id, R.number, S.key)
            .add_columns(R.owner.label("maker"), S.created_at, OUTSIDE)
            .select_from(project_cache)
            .join(tasks, T.id == S.task_id)
            .join(runs, R.id == T.run_id)
            .where(S.project_id.in_(projects), is_one_of(S.base_key, {base for _, base in names}))
            .where(is_linked, not_(is_own(owner, R.owner)), HISTORY)
            .where(or_(has_key, T.observed.is_not(None)))
        )
        place = func.row_number().over(partition_by=S.base_key, order_by=T.id.desc())
        ranked = query.add_columns(S.base_key, place.label("place"), has_key.label("has_key"))
        of = ranked.subquery().c
        wanted = select(*of).where(or_(of.has_key, of.place <= MOST_ALIKE)).order_by(of.place)
        alike = defaultdict[str, list[Alike]](list)
        for row in c.execute(wanted):
            alike[row.base_key].append(_alike(row, row.maker, row.run_id))
        return [
            sorted(alike[base], key=lambda each: each.key != key)[:MOST_ALIKE]
            for key, base in names
        ]

    def offer(self, c: Connection, task_ids: Collection[str], run_id: str = "") -> None:
        """Offer results of tasks, or of a run, to the projects of a link to their run.

        The newest result of a key replaces others. A cached task gives on its owner's result.
        """
        if not self.is_shared or not (task_ids or run_id):
            return
        T, R, S = tasks.c, runs.c, project_cache.c
        entry = and_(is_own(R.owner, cache.c.owner), cache.c.key == T.cache_key)
        query = (
            select(L.project_id, cache.c.key, T.base_key, T.id.label("task_id"))
            .add_columns(cache.c.created_at)
            .select_from(tasks.join(runs, R.id == T.run_id).join(cache, entry))
            .join(project_links, and_(L.kind == "run", L.resource_id == R.id))
            .where(T.run_id == run_id if run_id else is_one_of(T.id, task_ids))
            .where(HISTORY, T.state == "succeeded", or_(T.cached, cache.c.task_id == T.id))
            .order_by(T.id)
        )
        rows = {(row.project_id, row.key): row._asdict() for row in c.execute(query)}
        for project_id, key in rows:
            c.execute(delete(project_cache).where(S.project_id == project_id, S.key == key))
        if rows:
            c.execute(insert(project_cache), [*rows.values()])

    def repoint_entries(self, c: Connection, run: Run) -> None:
        """Point cache entries at equal results of other runs, before the run is deleted."""
        own = select(tasks.c.id).where(tasks.c.run_id == run.id)
        keys = select(cache.c.key).where(is_own(run.owner, cache.c.owner), cache.c.task_id.in_(own))
        others = (
            select(tasks.c.cache_key, tasks.c.id)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(
                is_own(run.owner, runs.c.owner),
                HISTORY,
                tasks.c.run_id != run.id,
                tasks.c.state == "succeeded",
                tasks.c.cache_key.in_(keys),
            )
            .order_by(tasks.c.id)
        )
        # The rows are in task order, so the newest task wins.
        for key, task_id in c.execute(others).all():
            mine = is_own(run.owner, cache.c.owner) & (cache.c.key == key)
            c.execute(update(cache).where(mine).values(task_id=task_id))
            if not self.is_shared:
                continue
            S = project_cache.c
            is_entry = and_(S.key == key, S.task_id.in_(own))
            of_run = select(tasks.c.run_id).where(tasks.c.id == task_id)
            of = select(L.project_id).where(L.kind == "run", L.resource_id.in_(of_run))
            entry = update(project_cache).where(is_entry, S.project_id.in_(of))
            c.execute(entry.values(task_id=task_id))

    def keep_all(self, c: Connection, made: Sequence[tuple[str, str, str]]) -> None:
        """Store results as (owner, key, task ID); the newest result of a key replaces others."""
        now = datetime.now(UTC)
        newest = {(owner, key): task_id for owner, key, task_id in made}
        if newest:
            # Delete and insert, because upserts of SQLAlchemy are dialect-specific.
            FORGET.run(c, [{"of": owner, "its_key": key} for owner, key in newest])
            rows = [
                {"owner": owner, "key": key, "task_id": task_id, "created_at": now}
                for (owner, key), task_id in newest.items()
            ]
            KEEP.run(c, rows)
