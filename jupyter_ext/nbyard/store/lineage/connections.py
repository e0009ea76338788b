"""Connections of a lineage: what its nodes come from, and what was made with them."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    cast,
    func,
    or_,
    select,
    tuple_,
    union_all,
)

from nbyard.domain.attempts.structs import EXECUTED, Observed
from nbyard.domain.caching.relevant_changes import files_read, is_data_file
from nbyard.domain.digest import KeyParts
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.lineage.structs import Found, LineageKind, Link, Ref
from nbyard.domain.maps.structs import EACH
from nbyard.domain.models.structs import RunOutput
from nbyard.domain.runs.structs import Binding, BytesOf, ResultOf
from nbyard.store.database.database_connection import json_text
from nbyard.store.schema.deployment_tables import deployments, models, revisions
from nbyard.store.schema.tables import (
    HISTORY,
    IS_SCRATCH,
    artifacts,
    dataset_versions,
    environment_versions,
    executable_versions,
    images,
    runs,
    task_sources,
    tasks,
)
from nbyard.store.visibility import may_see

Named = tuple[str, str]  # its name, and its ID on the engine if known
A, T, V = artifacts.c, tasks.c, dataset_versions.c
D, I, M, R = deployments.c, images.c, models.c, revisions.c  # noqa: E741
Bindings = Mapping[str, Binding]
PLAN = ("bindings", "executable_version_id", "environment", "image", "label", "kernel", "runtime")
S = task_sources.c
# SQLite limits the depth of an expression.
FEW = 50
BINDINGS = T.plan["bindings"].label("bindings")
MAP = T.plan["element"]["map"].as_string().label("map")


def image_refs(c: Connection, viewer: str, wanted: Collection[Named]) -> dict[Named, Ref]:
    """Return the image of each name: by its ID on the engine if known, else by the name.

    An image that was not built or pulled here is known by its name only. Images of the viewer
    come first, then the newest.
    """
    if not wanted:
        return {}
    # A name may have moved to another image since, so the ID on the engine decides.
    names, ids = {name for name, _ in wanted}, {key for _, key in wanted if key}
    is_own = may_see(viewer, I.owner).label("is_own")
    query = select(I.id, I.reference, I.image_id, is_own).where(I.removed_at.is_(None))
    rows = c.execute(query.where(I.reference.in_(names) | I.image_id.in_(ids))).all()
    refs = {}
    for name, key in wanted:
        fits = [row for row in rows if (row.image_id == key if key else row.reference == name)]
        best = max(fits, key=lambda row: (row.reference == name, row.is_own, row.id), default=None)
        refs[name, key] = Ref("image", best.id if best else name)
    return refs


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
    query = select(T.id, T.run_id, fingerprint, MAP, *columns)
    rows = c.execute(query.where(T.id.in_(ids)).order_by(T.id)).all()
    e = executable_versions.c
    kernel_query = select(e.id, e.kernel, e.language).where(
        e.id.in_({row.executable_version_id for row in rows})
    )
    kernels = {row.id: row.kernel or row.language for row in c.execute(kernel_query)}
    bindings = bindings_of(c, rows)
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


def bindings_of(c: Connection, rows: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """Return the bindings of tasks by ID, for elements with the data of their maps."""
    bindings = {row.id: msgspec.convert(row.bindings, dict[str, Any]) for row in rows}
    maps = sorted({(row.run_id, row.map) for row in rows if row.map})
    each = select(T.run_id, T.node, T.plan["bindings"][EACH].label("each"))
    known = c.execute(each.where(tuple_(T.run_id, T.node).in_(maps))) if maps else ()
    data = {(row.run_id, row.node): row.each for row in known if row.each}
    for row in rows:
        if (row.run_id, row.map) in data:
            bindings[row.id][EACH] = data[row.run_id, row.map]
    return {key: msgspec.convert(plain, dict[str, Binding]) for key, plain in bindings.items()}


def files_of_tasks(c: Connection, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return by task the digests of the data files beside the code that it read, by path."""
    query = select(T.id, T.observed).where(T.id.in_(ids), T.observed.is_not(None))
    observed: dict[str, Observed] = {}
    for task_id, plain in c.execute(query):
        record = msgspec.convert(plain or None, Observed | None)
        if record is not None and any(map(is_data_file, record.read)):
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
    """Yield what an image was built from: model, environment, file."""
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


def connections_from(c: Connection, viewer: str, refs: Collection[Ref], most: int) -> Found:
    """Return the connections that lead from the nodes `refs`.

    At most `most` tasks of other runs are returned for each node.
    """
    keys: dict[str, list[str]] = defaultdict(list)
    for ref in refs:
        keys[ref.kind].append(ref.key)
    connections: list[Link] = []
    totals: dict[Ref, int] = {}
    sources: tuple[LineageKind, ...] = ("artifact", "dataset")
    for kind in sources:
        if keys[kind]:
            links, more = tasks_of_other_runs(c, kind, keys[kind], most)
            connections += links
            totals |= more
    if keys["artifact"]:
        connections += tasks_of_same_run(c, keys["artifact"])
        connections += models_and_datasets_of(c, keys["artifact"])
        connections += collected_by_maps(c, keys["artifact"])
    if keys["task"]:
        is_output = A.task_id.in_(keys["task"]) & (A.name != EXECUTED)
        for row in c.execute(select(A.id, A.task_id, A.name).where(is_output).order_by(A.id)):
            connections.append(Link(Ref("task", row.task_id), Ref("artifact", row.id), row.name))
    if keys["model"]:
        of_models = select(M.id, M.image).where(M.id.in_(keys["model"]))
        connections += [
            Link(Ref("model", model), Ref("image", image)) for model, image in c.execute(of_models)
        ]
    if keys["image"]:
        connections += deployments_of(c, viewer, keys["image"])
    return Found(connections, totals)


def tasks_of_other_runs(
    c: Connection, kind: LineageKind, ids: Sequence[str], most: int
) -> tuple[list[Link], dict[Ref, int]]:
    """Return links from sources to the newest tasks of other runs.

    There are at most `most` links for each source. For sources with that many, the total number
    is returned, too.
    """
    # Grouped by the task alone, SQLite reads the index from its end.
    first = [func.min(S[name]).label(name) for name in ("source", "name")]
    used = select(S.task_id, *first)
    used = used.join(tasks, T.id == S.task_id).join(runs, runs.c.id == T.run_id).where(HISTORY)
    used = used.group_by(S.task_id).order_by(S.task_id.desc()).limit(most)
    sources = [Ref(kind, source_key).id for source_key in ids]
    rows: list[Any] = []
    # A dataset may have been used by many thousands of runs, of which the index finds the newest.
    for start in range(0, len(sources), FEW):
        some = sources[start : start + FEW]
        parts = [select(used.where(S.source == source).subquery()) for source in some]
        rows += c.execute(union_all(*parts))
    counts = Counter[str]()
    ranked: list[tuple[int, Link]] = []
    for row in sorted(rows, key=lambda row: row.task_id, reverse=True):
        counts[row.source] += 1
        link = Link(_ref(kind, row.source), Ref("task", row.task_id), row.name)
        ranked.append((counts[row.source], link))
    # The newest of each source first, as not all of them may fit.
    links = [link for _, link in sorted(ranked, key=lambda pair: pair[0])]
    full = [source for source, count in counts.items() if count == most]
    return links, {_ref(kind, source): count for source, count in count_users(c, full).items()}


def count_users(c: Connection, sources: Sequence[str]) -> Counter[str]:
    """Return how many tasks use each source, without scratch runs."""
    if not sources:
        return Counter()
    every = select(S.source, func.count(S.task_id.distinct())).group_by(S.source)
    every = every.where(S.source.in_(sources))
    # Scratch runs are few: to count theirs is faster than to look up the run of each task.
    others = select(T.id).where(T.run_id.in_(select(runs.c.id).where(IS_SCRATCH)))
    counts = Counter(_counted(c, every))
    counts.subtract(_counted(c, every.where(S.task_id.in_(others))))
    return counts


def _counted(c: Connection, query: Any) -> dict[str, int]:
    return {row[0]: row[1] for row in c.execute(query)}


def _ref(kind: LineageKind, source: str) -> Ref:
    return Ref(kind, source.partition(":")[2])


def tasks_of_same_run(c: Connection, ids: Sequence[str]) -> Iterator[Link]:
    """Yield links from results to tasks of the same run."""
    query = select(A.id, A.run_id, A.name, T.node).join(tasks, T.id == A.task_id)
    results = {
        (row.run_id, row.node, row.name): row.id for row in c.execute(query.where(A.id.in_(ids)))
    }
    if not results:
        return
    mentions: ColumnElement[bool] = T.run_id.in_({run_id for run_id, _, _ in results})
    nodes = {node for _, node, _ in results}
    if len(nodes) <= FEW:
        # The text leaves few plans of a large run to read; what they bind is decided below.
        text = cast(T.plan, Text)
        spelled = {spell(node) for node in nodes for spell in (json_text, json.dumps)}
        mentions &= or_(*(text.contains(spelling, autoescape=True) for spelling in sorted(spelled)))
    rows = c.execute(select(T.id, T.run_id, BINDINGS).where(mentions).order_by(T.place))
    for row in rows:
        for name, binding in msgspec.convert(row.bindings, dict[str, Binding]).items():
            if (
                isinstance(binding, ResultOf)
                and (row.run_id, binding.node, binding.output) in results
            ):
                source = Ref("artifact", results[row.run_id, binding.node, binding.output])
                yield Link(source, Ref("task", row.id), name)


def models_and_datasets_of(c: Connection, ids: Sequence[str]) -> Iterator[Link]:
    """Yield the models built from results, and the dataset versions uploaded in their runs."""
    of_model = (M.source["task_id"].as_string(), M.source["output"].as_string())
    is_source = and_(of_model[0] == A.task_id, of_model[1] == A.name)
    query = select(A.id, M.id.label("model")).select_from(artifacts.join(models, is_source))
    for row in c.execute(query.where(A.id.in_(ids)).order_by(M.id)):
        yield Link(Ref("artifact", row.id), Ref("model", row.model))
    is_same = (A.run_id == V.run_id) & (A.digest == V.digest)
    first = select(func.min(A.id).label("id"), V.id.label("version"))
    first = first.select_from(dataset_versions.join(artifacts, is_same)).group_by(V.id)
    for uploaded in c.execute(first.where(A.id.in_(ids)).order_by(V.id)):
        yield Link(Ref("artifact", uploaded.id), Ref("dataset", uploaded.version))


def collected_by_maps(c: Connection, ids: Sequence[str]) -> Iterator[Link]:
    """Yield links from results of elements to those of their maps."""
    whole, collected = tasks.alias(), artifacts.alias()
    query = select(A.id, collected.c.id.label("collected")).join(tasks, T.id == A.task_id)
    query = query.join(whole, (whole.c.run_id == T.run_id) & (whole.c.node == MAP))
    is_same = (collected.c.task_id == whole.c.id) & (collected.c.name == A.name)
    for row in c.execute(query.join(collected, is_same).where(A.id.in_(ids))):
        yield Link(Ref("artifact", row.id), Ref("artifact", row.collected))


def deployments_of(c: Connection, viewer: str, ids: Sequence[str]) -> Iterator[Link]:
    """Yield the deployments of the viewer whose newest or serving revision uses an image."""
    # The engine has one image of a name for all users, so only own deployments are listed.
    known = c.execute(select(I.id, I.reference, I.image_id).where(I.id.in_(ids))).all()
    by_name = {row.reference: row.id for row in known}
    by_id = {row.image_id: row.id for row in known if row.image_id}
    if not known:
        return
    name = R.spec["image"].as_string()
    query = select(D.id, name.label("name"), R.image_id, R.number)
    query = query.join(deployments, D.id == R.deployment_id)
    query = query.where(may_see(viewer, D.owner), D.removed_at.is_(None))
    query = query.where(R.number.in_([D.revision, D.serving]))
    is_used = name.in_([*by_name]) | R.image_id.in_([*by_id])
    for row in c.execute(query.where(is_used).order_by(D.id, R.number.desc())):
        image = by_id.get(row.image_id) if row.image_id else by_name.get(row.name)
        if image is not None:
            yield Link(Ref("image", image), Ref("deployment", row.id))
