"""Rows of trials: models that the dispatcher has to ask where they were made."""

from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from nbyard.domain.models.trials import Trial, TrialAnswer
from nbyard.store.schema.deployment_tables import trials

T = trials.c
# so long the row of a server that was killed may stay
KEPT = timedelta(hours=1)


class TrialRows:
    """Queries on trials. The request that asks for one waits for its answer and deletes it."""

    def insert(self, c: Connection, trial: Trial) -> None:
        """Ask for a trial, and delete those for which nobody waits any more."""
        now = datetime.now(UTC)
        c.execute(delete(trials).where(T.created_at < now - KEPT))
        row = {"id": trial.id, "trial": msgspec.to_builtins(trial), "created_at": now}
        c.execute(insert(trials), [row])

    def open(self, c: Connection) -> list[Trial]:
        """Return those without an answer, the oldest first."""
        query = select(T.trial).where(T.answer.is_(None)).order_by(T.id)
        return [msgspec.convert(found, Trial) for found in c.execute(query).scalars()]

    def begin(self, c: Connection, key: str) -> bool:
        """Mark a trial as begun; False where it was begun before."""
        query = update(trials).where(T.id == key, T.begun_at.is_(None))
        return bool(c.execute(query.values(begun_at=datetime.now(UTC))).rowcount)

    def begun(self, c: Connection) -> set[str]:
        """Return the ids of those under way."""
        query = select(T.id).where(T.begun_at.is_not(None), T.answer.is_(None))
        return set(c.execute(query).scalars())

    def conclude(self, c: Connection, key: str, answer: TrialAnswer) -> None:
        """Write the answer; the first one stays."""
        query = update(trials).where(T.id == key, T.answer.is_(None))
        c.execute(query.values(answer=msgspec.to_builtins(answer)))

    def answer(self, c: Connection, key: str) -> TrialAnswer | None:
        """Return what came of a trial; None while it is under way."""
        found = c.execute(select(T.answer).where(T.id == key)).scalar()
        return None if found is None else msgspec.convert(found, TrialAnswer)

    def delete(self, c: Connection, key: str) -> None:
        """Delete a trial."""
        c.execute(delete(trials).where(T.id == key))
