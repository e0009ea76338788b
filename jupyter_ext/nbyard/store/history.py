"""Successes of the past: how long they took, and what they depended on."""

from collections.abc import Collection

import msgspec
from sqlalchemy import Connection, bindparam, select, text

from nbyard.domain.attempts import Observed
from nbyard.domain.digest import KeyParts
from nbyard.domain.estimates import SAMPLES, Past
from nbyard.domain.uses import UsedEnvironment
from nbyard.store.tables import runs, tasks
from nbyard.store.tasks import TaskRecord

# of a version that did not run lately nothing is known by it
LOOKED_AT = 4 * SAMPLES

LAST_PARTS = (
    select(tasks.c.parts, tasks.c.plan, tasks.c.observed)
    .join(runs, runs.c.id == tasks.c.run_id)
    .where(
        runs.c.owner == bindparam("owner"),
        runs.c.workflow_id
        == select(runs.c.workflow_id).where(runs.c.id == bindparam("run_id")).scalar_subquery(),
        tasks.c.node == bindparam("node"),
        tasks.c.executable_id == bindparam("executable"),
        tasks.c.state == "succeeded",
        tasks.c.id != bindparam("its_id"),
    )
    .order_by(tasks.c.run_id.desc(), tasks.c.id.desc())
    .limit(1)
)
NEWEST = (
    select(
        tasks.c.plan["executable_version_id"].as_string(), tasks.c.started_at, tasks.c.finished_at
    )
    .join(runs, runs.c.id == tasks.c.run_id)
    .where(
        runs.c.owner == bindparam("owner"),
        tasks.c.executable_id == bindparam("executable"),
        text("tasks.state = 'succeeded' and not tasks.cached"),  # the words of the index
        tasks.c.started_at.is_not(None),
    )
    .order_by(tasks.c.id.desc())
    .limit(LOOKED_AT)
)


class Last(msgspec.Struct, frozen=True):
    """All that a result depended on, the environment that it used, and what its work read of the
    files of its code."""

    parts: KeyParts
    used: UsedEnvironment | None
    observed: Observed | None


class HistoryRows:
    """Of executables those that were worked for: what came from the cache took no time."""

    def of_executables(
        self, c: Connection, owner: str, executables: Collection[str]
    ) -> dict[str, list[Past]]:
        """The last successes of each executable, newest first."""
        found: dict[str, list[Past]] = {}
        for executable in executables:
            rows = c.execute(NEWEST, {"owner": owner, "executable": executable})
            if past := [
                Past(version_id, max(0.0, (finished_at - started_at).total_seconds()))
                for version_id, started_at, finished_at in rows
            ]:
                found[executable] = past
        return found

    def last(self, c: Connection, task: TaskRecord) -> Last | None:
        """What the newest earlier success of this node of this workflow depended on."""
        same = {"run_id": task.run_id, "owner": task.owner, "node": task.node, "its_id": task.id}
        asked = same | {"executable": task.plan.executable_id}
        found = c.execute(LAST_PARTS, asked).first()
        if found is None or not found.parts:
            return None
        used = msgspec.convert(found.plan.get("environment"), UsedEnvironment | None)
        observed = msgspec.convert(found.observed, Observed | None)
        return Last(msgspec.convert(found.parts, KeyParts), used, observed)
