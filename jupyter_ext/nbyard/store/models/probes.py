"""Rows of model probes, which load a model once in the environment that wrote it."""

from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from nbyard.domain.models.model_probes import ModelProbe, ProbeAnswer
from nbyard.store.schema.deployment_tables import trials

T = trials.c
# how long rows of a killed server may stay
KEPT = timedelta(hours=1)


class ModelProbeRows:
    """Queries on probes. The request that inserts a probe waits for its answer and deletes it."""

    def insert(self, c: Connection, probe: ModelProbe) -> None:
        """Insert a probe, and delete abandoned ones."""
        now = datetime.now(UTC)
        # A killed server never deletes its own rows.
        c.execute(delete(trials).where(T.created_at < now - KEPT))
        row = {"id": probe.id, "trial": msgspec.to_builtins(probe), "created_at": now}
        c.execute(insert(trials), [row])

    def open(self, c: Connection) -> list[ModelProbe]:
        """Return the probes without an answer, oldest first."""
        query = select(T.trial).where(T.answer.is_(None)).order_by(T.id)
        return [msgspec.convert(probe, ModelProbe) for probe in c.execute(query).scalars()]

    def begin(self, c: Connection, key: str) -> bool:
        """Mark a probe as begun; return False if it was begun before."""
        query = update(trials).where(T.id == key, T.begun_at.is_(None))
        return bool(c.execute(query.values(begun_at=datetime.now(UTC))).rowcount)

    def begun(self, c: Connection) -> set[str]:
        """Return the IDs of probes in progress."""
        query = select(T.id).where(T.begun_at.is_not(None), T.answer.is_(None))
        return set(c.execute(query).scalars())

    def conclude(self, c: Connection, key: str, answer: ProbeAnswer) -> None:
        """Store the answer; only the first answer counts."""
        query = update(trials).where(T.id == key, T.answer.is_(None))
        c.execute(query.values(answer=msgspec.to_builtins(answer)))

    def answer(self, c: Connection, key: str) -> ProbeAnswer | None:
        """Return the answer of a probe; None while it is in progress."""
        answer = c.execute(select(T.answer).where(T.id == key)).scalar()
        return None if answer is None else msgspec.convert(answer, ProbeAnswer)

    def delete(self, c: Connection, key: str) -> None:
        """Delete a probe."""
        c.execute(delete(trials).where(T.id == key))
