"""The plans and the code of the runs of a bisection, mixed from its good and its bad run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from nbyard.blobs.trees import Tree
from nbyard.domain.bisections.mixed_plans import FileChange, MixedPlans, Side
from nbyard.domain.caching.relevant_changes import files_that_count
from nbyard.domain.inspection.functions import split_function_path
from nbyard.errors import NotFound
from nbyard.reasons.structs import because

if TYPE_CHECKING:
    from nbyard.blobs import Blobs
    from nbyard.domain.executables.structs import ExecutableVersion
    from nbyard.domain.runs.structs import Run, TaskPlan
    from nbyard.store import Connection, Store


def mixed_plans(store: Store, c: Connection, good: Run, bad: Run) -> MixedPlans:
    """Return the changes between two runs, and the plans for each combination of the changes."""
    sides = [
        Side(
            {t.node: t.plan for t in store.tasks.of_run(c, run.id) if not t.plan.element},
            run.parameters,
        )
        for run in (good, bad)
    ]
    ids = {plan.executable_version_id for side in sides for plan in side.plans.values()}
    versions = [store.executables.version(c, version_id) for version_id in ids if version_id]
    codes = {version.id: version.code_digest for version in versions if version is not None}
    # By node, changed files beside its code that the node may have used.
    changes_by_node: dict[str, dict[str, FileChange]] = {}
    then = {row.node: row for row in store.compared.tasks(c, good.id)}
    for now in store.compared.tasks(c, bad.id):
        old = then.get(now.node)
        if old is None or old.parts is None or now.parts is None:
            continue  # nothing is recorded in one of the runs
        before, after = old.parts.files, now.parts.files
        names = files_that_count(before, after, (old.observed, now.observed))
        changes_by_node[now.node] = {name: (before.get(name), after.get(name)) for name in names}
    return MixedPlans(sides[0], sides[1], codes, changes_by_node)


def with_mixed_bundles(
    store: Store, blobs: Blobs, c: Connection, plans: Iterable[TaskPlan]
) -> list[TaskPlan]:
    """Store the bundles of plans with `mixed_files`; return the plans with their digests.

    A path that the other version lacks is left out. The caller prevents collection until the plans
    are stored.

    Raises:
        NotFound: A version or its bundle was deleted.
    """
    mixed: list[TaskPlan] = []
    for plan in plans:
        if not plan.mixed_files:
            mixed.append(plan)
            continue
        version = _version(store, c, plan, plan.executable_version_id)
        own = blobs.tree(version.bundle_digest)
        entries = {entry.path: entry for entry in own.files}
        for version_id in {*plan.mixed_files.values()}:
            other = _version(store, c, plan, version_id)
            there = {entry.path: entry for entry in blobs.tree(other.bundle_digest).files}
            for path, source in plan.mixed_files.items():
                if source != version_id or path == split_function_path(version.file).file:
                    continue
                entries.pop(path, None)
                if path in there:
                    entries[path] = there[path]
        # Of an empty folder, a file of the other version may be the first one.
        folders = [
            folder
            for folder in own.folders
            if not any(path.startswith(f"{folder}/") for path in entries)
        ]
        bundle = blobs.put_tree(Tree([*entries.values()], folders))
        mixed.append(msgspec.structs.replace(plan, mixed_bundle=bundle.digest))
    return mixed


def _version(store: Store, c: Connection, plan: TaskPlan, version_id: str) -> ExecutableVersion:
    version = store.executables.version(c, version_id)
    if version is None:
        raise NotFound(because("code-gone", node=plan.label))
    return version
