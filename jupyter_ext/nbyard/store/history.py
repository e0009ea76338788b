"""How long executables worked, for estimates."""

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from nbyard.domain.estimates import SAMPLES, Past
from nbyard.store.tables import runs, tasks

# of a version that did not run lately nothing is known by it
LOOKED_AT = 4 * SAMPLES


class HistoryRows:
    """Successes that were worked for; what came from the cache took no time."""

    def of_executables(
        self, c: Connection, owner: str, executables: Collection[str]
    ) -> dict[str, list[Past]]:
        """The last successes of each executable, newest first."""
        rank = func.row_number().over(
            partition_by=tasks.c.executable_id, order_by=tasks.c.id.desc()
        )
        done = (
            select(tasks.c.id, rank.label("rank"))
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(
                runs.c.owner == owner,
                tasks.c.executable_id.in_(executables),
                tasks.c.state == "succeeded",
                tasks.c.cached.is_(False),
                tasks.c.started_at.is_not(None),
            )
            .subquery()
        )
        version = tasks.c.plan["executable_version_id"].as_string()
        query = (
            select(tasks.c.executable_id, version, tasks.c.started_at, tasks.c.finished_at)
            .join(done, done.c.id == tasks.c.id)
            .where(done.c.rank <= LOOKED_AT)
            .order_by(tasks.c.id.desc())
        )
        found: dict[str, list[Past]] = {}
        for executable, version_id, started_at, finished_at in c.execute(query):
            seconds = (finished_at - started_at).total_seconds()
            found.setdefault(executable, []).append(Past(version_id, max(0.0, seconds)))
        return found
