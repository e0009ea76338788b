"""Access to the Monitor links of an attempt."""

from sqlalchemy import Connection, select

from nbyard.store.schema.tables import attempts, runs, tasks


class MonitorRows:
    """Queries for Monitor links. The links have no rows: they disappear with the attempt."""

    def is_running(self, c: Connection, owner: str, attempt_id: str) -> bool:
        """Return whether the owner has a running attempt with that ID."""
        query = (
            select(attempts.c.id)
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(attempts.c.id == attempt_id, attempts.c.state == "running")
            .where(runs.c.owner == owner)
        )
        return c.execute(query).first() is not None
