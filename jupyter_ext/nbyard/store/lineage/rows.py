"""Rows of lineage: connections, nodes as users may see them, and the records of runs."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, case, func, insert, select

from nbyard.domain.caching.relevant_changes import files_read
from nbyard.domain.environments.structs import LockedPackage
from nbyard.domain.ids import is_id
from nbyard.domain.lineage.run_record import RunRecord, UsedPackages
from nbyard.domain.lineage.structs import (
    Direction,
    Found,
    LineageKind,
    LineageNode,
    LineageRun,
    Ref,
    hidden_node,
)
from nbyard.domain.runs.origins import GitState
from nbyard.domain.runs.structs import Artifact, Binding, BytesOf, Run, TaskPlan, shown_values
from nbyard.store.environments import EnvironmentRows, FingerprintRows
from nbyard.store.executables import ExecutableRows
from nbyard.store.lineage.connections import connections_from, connections_to
from nbyard.store.named_rows import columns_of
from nbyard.store.runs.artifacts_and_cache import ArtifactRows
from nbyard.store.runs.compared_rows import ComparedRows, ComparedTask
from nbyard.store.runs.tasks import TaskRows
from nbyard.store.schema.deployment_tables import deployments, models
from nbyard.store.schema.tables import (
    artifacts,
    dataset_versions,
    datasets,
    environment_versions,
    environments,
    executable_versions,
    executables,
    fingerprints,
    images,
    runs,
    task_sources,
    tasks,
    workflow_versions,
)
from nbyard.store.visibility import may_see

RUN = tuple(
    column.label(f"run_{name}")
    for name, column in (
        *(("key", runs.c.id), ("number", runs.c.number), ("name", runs.c.name)),
        *(("title", runs.c.title), ("git", runs.c.git), ("workflow", runs.c.workflow_id)),
    )
)
T = TypeVar("T")
VERSIONS = workflow_versions.c
DOCUMENT = select(VERSIONS.document).where(VERSIONS.id == bindparam("its_id"))


def nodes_for_viewer(
    c: Connection, viewer: str, hints: Mapping[Ref, str]
) -> dict[Ref, LineageNode]:
    """Return nodes as a viewer may see them.

    A deleted node has its hint as its name. A node that the viewer may not see is hidden.
    """
    keys: dict[LineageKind, list[str]] = defaultdict(list)
    for ref in hints:
        keys[ref.kind].append(ref.key)
    # What no reader finds below was deleted, or never had a row.
    nodes = {ref: _missing(ref, hint) for ref, hint in hints.items()}
    # Environments that nbyard did not create have only their recorded packages.
    f = fingerprints.c
    kernels = {ref: node.digest for ref, node in nodes.items() if ref.kind == "environment"}
    query = select(f.fingerprint, f.packages).where(f.fingerprint.in_({*kernels.values()}))
    packages = {row.fingerprint: row.packages for row in c.execute(query)} if kernels else {}
    for ref, digest in kernels.items():
        if digest in packages:
            nodes[ref] = msgspec.structs.replace(nodes[ref], packages=packages[digest])
    for kind, ids in keys.items():
        if kind in READERS:
            for ref, node, is_visible in READERS[kind](c, viewer, ids):
                nodes[ref] = node if is_visible else hidden_node(ref.kind)
    return nodes


def _missing(ref: Ref, hint: str) -> LineageNode:
    """Return a node without a row: a file, a kernel or image of others, or a deleted row."""
    if is_id(ref.key) or ref.kind not in ("file", "environment", "image"):
        return LineageNode("", ref.kind, hint or ref.kind, is_deleted=True)
    if ref.kind == "image":
        return LineageNode("", "image", ref.key)
    # Such a key is a digest and a name, for example `sha256:4f… data/iris.csv`.
    digest, _, name = ref.key.partition(" ")
    return LineageNode("", ref.kind, name, file=name if ref.kind == "file" else "", digest=digest)


Read = Iterator[tuple[Ref, LineageNode, bool]]
Reader = Callable[[Connection, str, Sequence[str]], Read]
More = Callable[[Any], dict[str, Any]]


def _nodes(c: Connection, kind: LineageKind, query: Any, more: More = lambda _: {}) -> Read:
    """Yield the nodes of rows, which have a `key` and columns named after fields of the node."""
    for row in c.execute(query):
        fields = columns_of(row, LineageNode) | {"is_visible": True} | more(row)
        yield Ref(kind, row.key), LineageNode("", kind, **fields), row.is_visible


def _visible(viewer: str, owner: ColumnElement[Any]) -> ColumnElement[bool]:
    return may_see(viewer, owner).label("is_visible")


def _ids(key: ColumnElement[Any], subject: ColumnElement[Any]) -> Sequence[ColumnElement[Any]]:
    return key.label("key"), subject.label("subject")


def read_datasets(c: Connection, viewer: str, ids: Sequence[str]) -> Read:
    """Yield versions of datasets by ID, and whether the viewer may see each."""
    v, d = dataset_versions.c, datasets.c
    query = select(*_ids(v.id, d.id), d.name, v.number.label("version"), v.state, v.digest)
    query = query.add_columns(v.filename.label("file"), v.size_bytes, v.created_at)
    query = query.add_columns(_visible(viewer, d.owner))
    return _nodes(c, "dataset", query.join(datasets, d.id == v.dataset_id).where(v.id.in_(ids)))


def read_tasks(c: Connection, viewer: str, ids: Sequence[str]) -> Read:
    """Yield tasks by ID, and whether the viewer may see each."""
    t = tasks.c
    name = func.coalesce(func.nullif(t.plan["label"].as_string(), ""), t.node).label("name")
    query = select(*_ids(t.id, runs.c.id), name, t.node.label("workflow_node"), t.state, t.cached)
    query = query.add_columns(t.created_at, t.plan["bindings"].label("bindings"), *RUN)
    query = query.add_columns(_visible(viewer, runs.c.owner)).where(t.id.in_(ids))

    def more(row: Any) -> dict[str, Any]:
        values = shown_values(msgspec.convert(row.bindings, dict[str, Binding]))
        return {"run": _run(row), "parameters": values}

    return _nodes(c, "task", query.join(runs, runs.c.id == t.run_id), more)


def read_artifacts(c: Connection, viewer: str, ids: Sequence[str]) -> Read:
    """Yield results by ID, and whether the viewer may see each."""
    a = artifacts.c
    query = select(*_ids(a.id, a.id), a.name, a.filename.label("file"), a.digest, a.size_bytes)
    query = query.add_columns(a.created_at, tasks.c.node.label("workflow_node"), *RUN)
    query = query.add_columns(_visible(viewer, runs.c.owner)).where(a.id.in_(ids))
    query = query.join(tasks, tasks.c.id == a.task_id).join(runs, runs.c.id == a.run_id)

    def more(row: Any) -> dict[str, Any]:
        # The result of a named run of one executable is a named artifact.
        is_named = row.run_name and not row.run_workflow
        return {"run": _run(row), "name": f"{row.run_name}.{row.name}" if is_named else row.name}

    return _nodes(c, "artifact", query, more)


def _run(row: Any) -> LineageRun:
    git = msgspec.convert(row.run_git, GitState | None)
    return LineageRun(row.run_key, row.run_number, row.run_name or "", row.run_title, git)


def read_runs(c: Connection, viewer: str, ids: Sequence[str]) -> Read:
    """Yield runs by ID, and whether the viewer may see each."""
    r = runs.c
    name = func.coalesce(func.nullif(r.name, ""), r.title).label("name")
    query = select(*_ids(r.id, r.id), name, r.state, r.created_at, *RUN, _visible(viewer, r.owner))
    return _nodes(c, "run", query.where(r.id.in_(ids)), lambda row: {"run": _run(row)})


def read_code(c: Connection, viewer: str, ids: Sequence[str]) -> Read:
    """Yield versions of executables by ID, and whether the viewer may see each."""
    v, e = executable_versions.c, executables.c
    name = func.coalesce(func.nullif(e.name, ""), v.file).label("name")
    # A user who sees a task sees its code, also after its executable is deleted.
    is_visible = (e.id.is_(None) | may_see(viewer, e.owner)).label("is_visible")
    query = select(*_ids(v.id, func.coalesce(e.id, "")), name, v.number.label("version"), v.file)
    query = query.add_columns(v.code_digest.label("digest"), v.created_at, is_visible)
    joined = executable_versions.outerjoin(executables, e.id == v.executable_id)
    return _nodes(c, "code", query.select_from(joined).where(v.id.in_(ids)))


def read_environments(c: Connection, viewer: str, ids: Sequence[str]) -> Read:
    """Yield versions of environments by ID, and whether the viewer may see each."""
    v, e = environment_versions.c, environments.c
    query = select(*_ids(v.id, e.id), e.name, v.number.label("version"), v.state, v.digest)
    query = query.add_columns(v.created_at, v.packages, _visible(viewer, e.owner))
    query = query.join(environments, e.id == v.environment_id).where(v.id.in_(ids))

    def more(row: Any) -> dict[str, Any]:
        packages = msgspec.convert(row.packages, list[LockedPackage])
        return {"packages": {package.name: package.shown for package in packages}}

    return _nodes(c, "environment", query, more)


def _deleted(removed_at: ColumnElement[Any]) -> ColumnElement[bool]:
    return removed_at.is_not(None).label("is_deleted")


def read_models(c: Connection, viewer: str, ids: Sequence[str]) -> Read:
    """Yield models by ID, and whether the viewer may see each."""
    m, i = models.c, images.c
    name = case((m.tag != "", m.name + ":" + m.tag), else_=m.name).label("name")
    query = select(*_ids(m.id, m.id), name, m.number.label("version"), i.state, m.created_at)
    query = query.add_columns(m.bundle_digest.label("digest"), _deleted(i.removed_at))
    query = query.add_columns(_visible(viewer, m.owner)).join(images, i.id == m.image)
    return _nodes(c, "model", query.where(m.id.in_(ids)))


def read_images(c: Connection, viewer: str, ids: Sequence[str]) -> Read:
    """Yield images by ID, and whether the viewer may see each."""
    i = images.c
    query = select(*_ids(i.id, i.environment), i.reference.label("name"), i.state, i.digest)
    query = query.add_columns(i.size_bytes, i.created_at, _deleted(i.removed_at))
    query = query.add_columns(_visible(viewer, i.owner))
    return _nodes(c, "image", query.where(i.id.in_(ids)))


def read_deployments(c: Connection, viewer: str, ids: Sequence[str]) -> Read:
    """Yield deployments by ID, and whether the viewer may see each."""
    d = deployments.c
    name = case((d.removed_at.is_(None), d.name), else_=d.title).label("name")
    query = select(*_ids(d.id, d.id), name, d.revision.label("version"), d.state, d.created_at)
    query = query.add_columns(_deleted(d.removed_at), _visible(viewer, d.owner))
    return _nodes(c, "deployment", query.where(d.id.in_(ids)))


READERS: Mapping[LineageKind, Reader] = {
    "artifact": read_artifacts,
    "code": read_code,
    "dataset": read_datasets,
    "deployment": read_deployments,
    "environment": read_environments,
    "image": read_images,
    "model": read_models,
    "run": read_runs,
    "task": read_tasks,
}


def read_run_record(c: Connection, run: Run) -> RunRecord:
    """Return a run with its tasks, results, code and packages.

    The caller checks that the user may see the run.
    """
    artifacts: dict[str, list[Artifact]] = {}
    for artifact in ArtifactRows().of_run(c, run.id):
        artifacts.setdefault(artifact.node, []).append(artifact)
    tasks = [
        msgspec.structs.replace(task, artifacts=artifacts.get(task.node, []))
        for task in TaskRows().views(c, run.id)
    ]
    code, locks = ExecutableRows(), EnvironmentRows()
    rows = ComparedRows().tasks(c, run.id)
    return RunRecord(
        run,
        tasks,
        [edge for row in rows for edge in row.plan.edges()],
        _known(lambda key: code.version(c, key), (task.executable_version_id for task in tasks)),
        _known(
            lambda key: locks.version(c, key),
            (task.environment.version_id for task in tasks if task.environment),
        ),
        c.execute(DOCUMENT, {"its_id": run.workflow_version_id}).scalar(),
        _packages(c, rows),
        {row.node: files_read(row.parts, row.observed) for row in rows},
    )


def _packages(c: Connection, tasks: Sequence[ComparedTask]) -> dict[str, UsedPackages]:
    """Return by node the recorded packages of tasks outside the environments of nbyard."""
    rows = [row for row in tasks if row.parts]
    places = {row.node: row.parts.environment for row in rows if row.parts}
    packages_by_place = _known(lambda place: FingerprintRows().packages(c, place), places.values())
    code = ExecutableRows()
    versions = _known(
        lambda key: code.version(c, key), (row.plan.executable_version_id for row in rows)
    )
    packages = {}
    for row in rows:
        place, plan = places[row.node], row.plan
        if place in packages_by_place and plan.environment is None:
            version = versions.get(plan.executable_version_id)
            name = plan.image or plan.kernel or (version.kernel if version else "") or plan.runtime
            packages[row.node] = UsedPackages(name, place, packages_by_place[place])
    return packages


def _known(find: Callable[[str], T | None], keys: Iterable[str]) -> dict[str, T]:
    """Return the values that exist; look up each key once."""
    values_by_key = {key: find(key) for key in dict.fromkeys(keys)}
    return {key: value for key, value in values_by_key.items() if value is not None}


class LineageRows:
    """Queries on lineage. Links may lead to other owners; nodes hide what a user must not see."""

    def insert(self, c: Connection, plans: Iterable[tuple[str, TaskPlan]]) -> None:
        """Store the sources of tasks, given as (task ID, plan)."""
        rows = [
            {"task_id": task_id, "name": name, "source": binding.source}
            for task_id, plan in plans
            for name, binding in plan.bindings.items()
            if isinstance(binding, BytesOf) and binding.source
        ]
        if rows:
            c.execute(insert(task_sources), rows)

    def run_record(self, c: Connection, run: Run) -> RunRecord:
        """Return the record of a run that the user may see."""
        return read_run_record(c, run)

    def links(
        self, c: Connection, viewer: str, refs: Collection[Ref], direction: Direction, most: int
    ) -> Found:
        """Return the connections of nodes in one direction.

        For each node, at most `most` connections of each kind are returned. If a node has more,
        the totals contain the number of all of them.
        """
        if direction == "back":
            return connections_to(c, viewer, refs, most)
        return connections_from(c, viewer, refs, most)

    def nodes(self, c: Connection, viewer: str, hints: Mapping[Ref, str]) -> dict[Ref, LineageNode]:
        """Return nodes as a user may see them. A deleted node has its hint as a name."""
        return nodes_for_viewer(c, viewer, hints)
