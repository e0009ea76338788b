"""Upstream connections of a lineage: what its nodes come from."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, tuple_

from nbyard.domain.attempts.structs import Observed
from nbyard.domain.caching.files_read import files_read, is_data_beside
from nbyard.domain.digest import KeyParts
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.lineage.structs import Found, Link, Ref
from nbyard.domain.models.structs import RunOutput
from nbyard.domain.runs.structs import Binding, BytesOf, ResultOf
from nbyard.store.lineage.engine_images import image_refs
from nbyard.store.schema.deployment_tables import deployments, models, revisions
from nbyard.store.schema.tables import (
    artifacts,
    dataset_versions,
    environment_versions,
    executable_versions,
    images,
    tasks,
)

A, T, V = artifacts.c, tasks.c, dataset_versions.c
D, I, M, R = deployments.c, images.c, models.c, revisions.c  # noqa: E741
Bindings = Mapping[str, Binding]
PLAN = ("bindings", "executable_version_id", "environment", "image", "label", "kernel", "runtime")


def connections_to(c: Connection, viewer: str, refs: Collection[Ref], most: int) -> Found:
    """Return the connections that lead to the nodes `refs`."""
    keys: dict[str, list[str]] = defaultdict(list)
    for ref in refs:
        keys[ref.kind].append(ref.key)
    connections: list[Link] = []
    if keys["task"]:
        connections += upstream_of_tasks(c, viewer, keys["task"])
    if keys["artifact"]:
        query = select(A.id, A.task_id, A.name).where(A.id.in_(keys["artifact"]))
        for row in c.execute(query):
            connections.append(Link(Ref("task", row.task_id), Ref("artifact", row.id), row.name))
    if keys["dataset"]:
        connections += upstream_of_datasets(c, keys["dataset"])
    if keys["model"]:
        connections += upstream_of_models(c, keys["model"])
    if keys["image"]:
        connections += upstream_of_images(c, keys["image"])
    if keys["deployment"]:
        connections += upstream_of_deployments(c, viewer, keys["deployment"])
    of_runs, totals = upstream_of_runs(c, keys["run"], most) if keys["run"] else ([], {})
    return Found([*connections, *of_runs], totals)


def upstream_of_tasks(c: Connection, viewer: str, ids: Sequence[str]) -> Iterator[Link]:
    """Yield the data, code, environment and image of tasks.

    The data include files beside the code that the tasks were observed to read.
    """
    columns = [T.plan[name].label(name) for name in PLAN]
    fingerprint = T.parts["environment"].as_string().label("fingerprint")
    query = select(T.id, T.run_id, fingerprint, *columns)
    rows = c.execute(query.where(T.id.in_(ids)).order_by(T.id)).all()
    e = executable_versions.c
    kernel_query = select(e.id, e.kernel, e.language).where(
        e.id.in_({row.executable_version_id for row in rows})
    )
    kernels = {row.id: row.kernel or row.language for row in c.execute(kernel_query)}
    bindings = {row.id: msgspec.convert(row.bindings, dict[str, Binding]) for row in rows}
    results = _results(c, {row.id: (row.run_id, bindings[row.id]) for row in rows})
    of_names = image_refs(c, viewer, {(row.image, "") for row in rows if row.image})
    files = files_of_tasks(c, ids)
    for row in rows:
        target = Ref("task", row.id)
        for name, binding in bindings[row.id].items():
            if isinstance(binding, BytesOf):
                origin = binding.origin or binding.filename
                yield Link(_source(binding), target, name, origin)
            elif isinstance(binding, ResultOf):
                result_ref = results.get((row.run_id, binding.node, binding.output))
                if result_ref is not None:
                    yield Link(result_ref, target, name)
        for path, digest in files.get(row.id, {}).items():
            yield Link(Ref("file", f"{digest} {path}"), target, hint=path)
        yield Link(Ref("code", row.executable_version_id), target, hint=row.label)
        used = msgspec.convert(row.environment, UsedEnvironment | None)
        if used is not None:
            yield Link(Ref("environment", used.version_id), target, hint=used.name)
        elif row.fingerprint:
            # nbyard did not create the environment: the installed packages identify it.
            name = row.kernel or kernels.get(row.executable_version_id) or row.runtime
            yield Link(Ref("environment", f"{row.fingerprint} {name}"), target, hint=name)
        if row.image:
            yield Link(of_names[row.image, ""], target, hint=row.image)


def files_of_tasks(c: Connection, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return by task the digests of the data files beside the code that it read, by path."""
    query = select(T.id, T.observed).where(T.id.in_(ids), T.observed.is_not(None))
    observed: dict[str, Observed] = {}
    for task_id, plain in c.execute(query):
        record = msgspec.convert(plain or None, Observed | None)
        if record is not None and any(map(is_data_beside, record.read)):
            observed[task_id] = record
    # Parts list all files of a folder, so only one task's parts are in memory at a time.
    query = select(T.id, T.parts).where(T.id.in_([*observed]))
    rows = c.execute(query, execution_options={"yield_per": 1})
    return {
        task_id: files_read(msgspec.convert(plain or None, KeyParts | None), observed[task_id])
        for task_id, plain in rows
    }


def _source(binding: BytesOf) -> Ref:
    """Return the node of an input's bytes.

    A dataset version or an artifact has its ID. Other bytes are known by digest and origin.
    """
    kind, _, key = binding.source.partition(":")
    if kind in ("dataset", "artifact"):
        return Ref(kind, key)  # type: ignore[arg-type]
    return Ref("file", f"{binding.digest} {binding.origin or binding.filename}")


def _results(
    c: Connection, of: Mapping[str, tuple[str, Bindings]]
) -> dict[tuple[str, str, str], Ref]:
    """Return the results that tasks use, by run, node and output.

    `of` maps task IDs to their run and bindings. If a result does not exist yet, the task that
    produces it is returned.
    """
    outputs = {
        (run_id, binding.node, binding.output)
        for run_id, bindings in of.values()
        for binding in bindings.values()
        if isinstance(binding, ResultOf)
    }
    if not outputs:
        return {}
    # Rows of whole nodes: a task that has not ended has none of its results yet.
    wanted = {(run_id, node) for run_id, node, _ in outputs}
    query = select(T.run_id, T.node, T.id, A.id.label("artifact"), A.name)
    joined = tasks.outerjoin(artifacts, A.task_id == T.id)
    query = query.select_from(joined).where(tuple_(T.run_id, T.node).in_(sorted(wanted)))
    makers: dict[tuple[str, str], Ref] = {}
    refs: dict[tuple[str, str, str], Ref] = {}
    for row in c.execute(query):
        makers[row.run_id, row.node] = Ref("task", row.id)
        if row.artifact is not None:
            refs[row.run_id, row.node, row.name] = Ref("artifact", row.artifact)
    for run_id, node, output in outputs - refs.keys():
        if (run_id, node) in makers:
            refs[run_id, node, output] = makers[run_id, node]
    return refs


def upstream_of_datasets(c: Connection, ids: Sequence[str]) -> Iterator[Link]:
    """Yield the results or runs from which versions were uploaded."""
    is_same = (A.run_id == V.run_id) & (A.digest == V.digest)
    joined = dataset_versions.outerjoin(artifacts, is_same)
    query = select(V.id, V.run_id, func.min(A.id).label("artifact")).select_from(joined)
    query = query.where(V.id.in_(ids), V.run_id != "").group_by(V.id, V.run_id)
    for row in c.execute(query):
        source = Ref("artifact", row.artifact) if row.artifact else Ref("run", row.run_id)
        yield Link(source, Ref("dataset", row.id))


def upstream_of_models(c: Connection, ids: Sequence[str]) -> Iterator[Link]:
    """Yield the result or file that a model was built from."""
    rows = c.execute(select(M.id, M.path, M.source, M.bundle_digest).where(M.id.in_(ids))).all()
    sources = {row.id: msgspec.convert(row.source, RunOutput | None) for row in rows}
    outputs = {(source.task_id, source.output) for source in sources.values() if source}
    known = {}
    if outputs:
        query = select(A.id, A.task_id, A.name)
        query = query.where(tuple_(A.task_id, A.name).in_(sorted(outputs)))
        known = {(row.task_id, row.name): row.id for row in c.execute(query)}
    for row in rows:
        target, source = Ref("model", row.id), sources[row.id]
        if source is None:
            yield Link(Ref("file", f"{row.bundle_digest} {row.path}"), target, hint=row.path)
            continue
        # The package outlives the run.
        key = known.get((source.task_id, source.output), f"{source.task_id} {source.output}")
        hint = f"{source.node}.{source.output} of {source.run_title}, run {source.run_number}"
        yield Link(Ref("artifact", key), target, source.output, hint)


def upstream_of_images(c: Connection, ids: Sequence[str]) -> Iterator[Link]:
    """Yield the model, environment or file that an image was built from."""
    is_version = (environment_versions.c.environment_id == I.environment) & (
        environment_versions.c.number == I.version
    )
    joined = images.outerjoin(models, M.image == I.id).outerjoin(environment_versions, is_version)
    query = select(
        I.id, I.path, I.digest, M.id.label("model"), environment_versions.c.id.label("environment")
    ).select_from(joined)
    for row in c.execute(query.where(I.id.in_(ids))):
        target = Ref("image", row.id)
        if row.model:
            yield Link(Ref("model", row.model), target)
        elif row.environment:
            yield Link(Ref("environment", row.environment), target)
        elif row.path:
            yield Link(Ref("file", f"{row.digest} {row.path}"), target, hint=row.path)


def upstream_of_deployments(c: Connection, viewer: str, ids: Sequence[str]) -> Iterable[Link]:
    """Return the images of the newest and of the serving revision."""
    shown = R.number.in_([D.revision, D.serving])
    name = R.spec["image"].as_string().label("name")
    query = select(D.id, name, R.image_id).join(deployments, D.id == R.deployment_id)
    rows = c.execute(query.where(D.id.in_(ids), shown).order_by(R.number.desc())).all()
    refs = image_refs(c, viewer, {(row.name, row.image_id) for row in rows})
    return [
        Link(refs[row.name, row.image_id], Ref("deployment", row.id), hint=row.name) for row in rows
    ]


def upstream_of_runs(
    c: Connection, ids: Sequence[str], most: int
) -> tuple[list[Link], dict[Ref, int]]:
    """Return links from tasks to runs, at most `most` for each run.

    The numbers of tasks are returned, too, for runs that have more.
    """
    place = func.row_number().over(partition_by=T.run_id, order_by=T.place).label("rank")
    total = func.count().over(partition_by=T.run_id).label("total")
    ranked: Any = select(T.id, T.run_id, place, total).where(T.run_id.in_(ids)).subquery()
    rows = c.execute(select(ranked).where(ranked.c.rank <= most)).all()
    totals = {Ref("run", row.run_id): row.total for row in rows if row.total > most}
    return [Link(Ref("task", row.id), Ref("run", row.run_id)) for row in rows], totals
