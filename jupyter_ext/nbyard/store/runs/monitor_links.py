"""Who may follow the Monitor links of an attempt."""

from sqlalchemy import Connection, select

from nbyard.store.schema.tables import attempts, runs, tasks


class MonitorRows:
    """Links themselves are no rows: they are gone with the attempt."""

    def is_running(self, c: Connection, owner: str, attempt_id: str) -> bool:
        """Whether the owner has an attempt of that id, and it runs."""
        query = (
            select(attempts.c.id)
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(attempts.c.id == attempt_id, attempts.c.state == "running")
            .where(runs.c.owner == owner)
        )
        return c.execute(query).first() is not None
