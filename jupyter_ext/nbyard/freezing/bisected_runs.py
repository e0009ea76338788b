"""Read the plans of the good and the bad run of a bisection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbyard.domain.bisections.mixed_plans import MixedPlans, Side

if TYPE_CHECKING:
    from nbyard.domain.runs.structs import Run
    from nbyard.store import Connection, Store


def mixed_plans(store: Store, c: Connection, good: Run, bad: Run) -> MixedPlans:
    """Return the changes between two runs, and the plans of each combination."""
    sides = [
        Side({task.node: task.plan for task in store.tasks.of_run(c, run.id)}, run.parameters)
        for run in (good, bad)
    ]
    ids = {plan.executable_version_id for side in sides for plan in side.plans.values()}
    versions = [store.executables.version(c, one) for one in ids if one]
    codes = {one.id: one.code_digest for one in versions if one is not None}
    return MixedPlans(sides[0], sides[1], codes)
