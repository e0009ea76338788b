"""Rows of fingerprints: the packages that were installed where a task ran."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, insert, select

from nbyard.store.schema.tables import fingerprints

KNOWN = select(fingerprints.c.fingerprint).where(
    fingerprints.c.fingerprint == bindparam("fingerprint")
)


class FingerprintRows:
    """Queries on installed packages, by the fingerprint of the environment."""

    def packages(self, c: Connection, fingerprint: str) -> Mapping[str, str] | None:
        """Return package versions by name; None for an unknown fingerprint."""
        query = select(fingerprints.c.packages).where(fingerprints.c.fingerprint == fingerprint)
        return c.execute(query).scalar_one_or_none()

    def store_packages(self, c: Connection, fingerprint: str, packages: Mapping[str, str]) -> None:
        """Store the packages once; an empty set (an image) is not stored."""
        known = packages and c.execute(KNOWN, {"fingerprint": fingerprint}).first()
        if packages and not known:
            now = datetime.now(UTC)
            row = {"fingerprint": fingerprint, "packages": dict(packages), "created_at": now}
            c.execute(insert(fingerprints).values(**row))
