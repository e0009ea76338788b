"""Queries of the nightly sample that runs cached nodes again."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, select

from nbyard.domain.ids import first_id_at
from nbyard.domain.runs.origins import RECHECK
from nbyard.store.schema.tables import HISTORY, runs, tasks

R, T = runs.c, tasks.c
# A recheck ends within this time; a cached task follows the start of its run within this time.
LONGEST = timedelta(days=7)
JUDGED = ("reproduced", "not-reproduced", "not-comparable")
IN_RUNS = (
    select(T.id, T.run_id, T.cache_key, T.reason, R.owner)
    .join(runs, R.id == T.run_id)
    .where(HISTORY)
)
IS_RECHECK = (R.origin == RECHECK) & HISTORY


class RecheckRows:
    """Queries on cached tasks, and on the tasks that repeat them."""

    def cached_between(
        self, c: Connection, since: datetime, until: datetime
    ) -> list[Row[tuple[str, ...]]]:
        """Return all tasks that were cached in this time."""
        query = IN_RUNS.where(T.id >= first_id_at(since - LONGEST), T.cached)
        query = query.where(T.state == "succeeded", T.base_key != "", T.finished_at >= since)
        return [*c.execute(query.where(T.finished_at < until).order_by(T.id))]

    def unjudged(self, c: Connection, now: datetime) -> list[str]:
        """Return the IDs of rechecks that are not compared yet."""
        query = IN_RUNS.where(T.id >= first_id_at(now - LONGEST), IS_RECHECK)
        rows = c.execute(query.where(T.state == "succeeded").order_by(T.id))
        return [row.id for row in rows if row.reason is None or row.reason.code not in JUDGED]
