"""Rows of environments: what was installed where a task ran."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, insert, select

from nbyard.store.schema.tables import fingerprints

KNOWN = select(fingerprints.c.fingerprint).where(
    fingerprints.c.fingerprint == bindparam("fingerprint")
)


class FingerprintRows:
    """What was installed in environments, by their fingerprint."""

    def packages(self, c: Connection, fingerprint: str) -> Mapping[str, str] | None:
        """Versions of distributions by name; None when it was never seen."""
        query = select(fingerprints.c.packages).where(fingerprints.c.fingerprint == fingerprint)
        return c.execute(query).scalar_one_or_none()

    def keep(self, c: Connection, fingerprint: str, packages: Mapping[str, str]) -> None:
        """Remember it, once; one without distributions (an image) says nothing."""
        known = packages and c.execute(KNOWN, {"fingerprint": fingerprint}).first()
        if packages and not known:
            now = datetime.now(UTC)
            row = {"fingerprint": fingerprint, "packages": dict(packages), "created_at": now}
            c.execute(insert(fingerprints).values(**row))
