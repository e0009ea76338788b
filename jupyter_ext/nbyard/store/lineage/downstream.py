"""Downstream connections of a lineage: what was made with its nodes."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
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
    union_all,
)

from nbyard.domain.attempts.structs import EXECUTED
from nbyard.domain.lineage.structs import Found, LineageKind, Link, Ref
from nbyard.domain.runs.structs import Binding, ResultOf
from nbyard.store.database.database_connection import json_text
from nbyard.store.schema.deployment_tables import deployments, models, revisions
from nbyard.store.schema.lineage_tables import task_sources
from nbyard.store.schema.scratch_runs import HISTORY, IS_SCRATCH
from nbyard.store.schema.tables import artifacts, dataset_versions, images, runs, tasks
from nbyard.store.visibility import may_see

A, S, T, V = artifacts.c, task_sources.c, tasks.c, dataset_versions.c
D, I, M, R = deployments.c, images.c, models.c, revisions.c  # noqa: E741
# SQLite limits the depth of an expression.
FEW = 50
BINDINGS = T.plan["bindings"].label("bindings")


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
