"""Rows of bisections."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, select, update

from nbyard.domain.bisections.mixed_plans import BisectionChange
from nbyard.domain.bisections.structs import Bisection, BisectionJudge, BisectionProbe, Conclusion
from nbyard.domain.state_machines import BISECTION
from nbyard.reasons.structs import Reason
from nbyard.store import events, transition
from nbyard.store.database.query_parts import newest_first
from nbyard.store.events import Subject
from nbyard.store.schema.tables import bisections
from nbyard.store.visibility import is_own

B = bisections.c
JSONS = ("judge", "changes", "probes", "culprits")


class BisectionRows:
    """Queries on bisections; queries with an `owner` see only the bisections of that owner."""

    def insert(self, c: Connection, bisection: Bisection) -> None:
        """Insert a running bisection."""
        row = {
            name: getattr(bisection, name)
            for name in Bisection.__struct_fields__
            if name != "state"
        }
        row |= {name: msgspec.to_builtins(row[name]) for name in JSONS}
        transition.begin(c, BISECTION, Subject(bisection.id, bisection.owner), row)

    def get(self, c: Connection, owner: str, bisection_id: str) -> Bisection | None:
        """Return a bisection by ID."""
        query = select(bisections).where(is_own(owner, B.owner), B.id == bisection_id)
        row = c.execute(query).first()
        return _bisection(row) if row else None

    def by_id(self, c: Connection, bisection_id: str) -> Bisection | None:
        """Return a bisection of any owner, for the dispatcher."""
        row = c.execute(select(bisections).where(B.id == bisection_id)).first()
        return _bisection(row) if row else None

    def page(self, c: Connection, owner: str, limit: int, after: str) -> list[Bisection]:
        """Return a page of bisections, newest first."""
        query = select(bisections).where(is_own(owner, B.owner))
        return [_bisection(row) for row in c.execute(newest_first(query, B.id, limit, after))]

    def running(self, c: Connection) -> list[str]:
        """Return the IDs of the running bisections, the oldest first."""
        query = select(B.id).where(B.state.in_(BISECTION.live)).order_by(B.id)
        return [*c.execute(query).scalars()]

    def compared(self, c: Connection, owner: str) -> set[str]:
        """Return the IDs of the runs that running bisections of an owner compare."""
        query = select(B.good_run, B.bad_run).where(
            is_own(owner, B.owner), B.state.in_(BISECTION.live)
        )
        return {run_id for row in c.execute(query) for run_id in row}

    def store_probes(
        self, c: Connection, bisection: Bisection, probes: Sequence[BisectionProbe]
    ) -> bool:
        """Store the probes; return False if the bisection has ended."""
        # The user may have cancelled the bisection since the dispatcher read it.
        where = (B.id == bisection.id) & (B.state == "running")
        plain = msgspec.to_builtins([*probes])
        if c.execute(update(bisections).where(where).values(probes=plain)).rowcount != 1:
            return False
        events.append(c, "bisection", Subject(bisection.id, bisection.owner), {"change": "probed"})
        return True

    def conclude(self, c: Connection, bisection: Bisection, conclusion: Conclusion) -> bool:
        """Mark a bisection as done; return False if it has ended."""
        return self._end(
            c, bisection, "done", ending=conclusion.ending, culprits=sorted(conclusion.culprits)
        )

    def set_failed(self, c: Connection, bisection: Bisection, reason: Reason) -> bool:
        """Mark a bisection as failed; return False if it has ended."""
        return self._end(c, bisection, "failed", reason=reason)

    def cancel(self, c: Connection, bisection: Bisection) -> bool:
        """Cancel a bisection; return False if it has ended."""
        return self._end(c, bisection, "cancelled")

    def delete(self, c: Connection, bisection: Bisection) -> None:
        """Delete a bisection; its runs are deleted automatically."""
        c.execute(delete(bisections).where(B.id == bisection.id))
        events.append(c, "bisection", Subject(bisection.id, bisection.owner), {"change": "deleted"})

    def _end(self, c: Connection, bisection: Bisection, state: str, **columns: Any) -> bool:
        columns["finished_at"] = datetime.now(UTC)
        return transition.move(
            c, BISECTION, Subject(bisection.id, bisection.owner), state, **columns
        )


def _bisection(row: Row[Any]) -> Bisection:
    plain = {name: getattr(row, name) for name in Bisection.__struct_fields__}
    judge = msgspec.convert(row.judge, BisectionJudge)
    changes = msgspec.convert(row.changes, list[BisectionChange])
    probes = msgspec.convert(row.probes, list[BisectionProbe])
    return Bisection(**plain | {"judge": judge, "changes": changes, "probes": probes})
