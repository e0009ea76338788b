"""Rows of environments: what was installed where a task ran."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from nbyard.store.tables import environments


class EnvironmentRows:
    """Queries on environments, by their fingerprint."""

    def packages(self, c: Connection, fingerprint: str) -> Mapping[str, str] | None:
        """Versions of distributions by name; None when it was never seen."""
        query = select(environments.c.packages).where(environments.c.fingerprint == fingerprint)
        return c.execute(query).scalar_one_or_none()

    def keep(self, c: Connection, fingerprint: str, packages: Mapping[str, str]) -> None:
        """Remember it, once; one without distributions (an image) says nothing."""
        if packages and self.packages(c, fingerprint) is None:
            now = datetime.now(UTC)
            row = {"fingerprint": fingerprint, "packages": dict(packages), "created_at": now}
            c.execute(insert(environments).values(**row))
