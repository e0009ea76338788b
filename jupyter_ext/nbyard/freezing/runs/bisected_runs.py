"""Read the plans of the good and the bad run of a bisection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbyard.domain.bisections.mixed_plans import FileChange, MixedPlans, Side
from nbyard.domain.caching.relevant_changes import files_that_count

if TYPE_CHECKING:
    from nbyard.domain.runs.structs import Run
    from nbyard.store import Connection, Store


def mixed_plans(store: Store, c: Connection, good: Run, bad: Run) -> MixedPlans:
    """Return the changes between two runs, and the plans for each combination of the changes."""
    sides = [
        Side({task.node: task.plan for task in store.tasks.of_run(c, run.id)}, run.parameters)
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
