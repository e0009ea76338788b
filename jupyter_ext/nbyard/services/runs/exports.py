"""Service operations that export the record of a run in formats of others."""

from __future__ import annotations

from typing import Any

import msgspec

import nbyard
from nbyard.domain.callers import Caller
from nbyard.domain.lineage.openlineage import NAMESPACE, run_events
from nbyard.domain.lineage.run_record import RunRecord
from nbyard.errors import Invalid
from nbyard.reasons.structs import because
from nbyard.services.operation import operation
from nbyard.services.runs.comparisons import RunComparisons

LONGEST_NAMESPACE = 250


class RunEvents(msgspec.Struct, frozen=True):
    """The OpenLineage events of a run, in the order of their times."""

    events: list[dict[str, Any]]


class RunExports(RunComparisons):
    """The part of the run service that exports runs."""

    @operation("GET", "/runs/{run}/openlineage", scope="runs:read")
    def openlineage(self, caller: Caller, run: str, namespace: str = NAMESPACE) -> RunEvents:
        """Show the OpenLineage events of a run.

        There is one job for the run and one for each task that ran, with an event about its start
        and, once it has ended, about its end. `namespace` is that of the jobs and their data.
        """
        if not namespace.strip() or len(namespace) > LONGEST_NAMESPACE:
            why = because("empty-or-too-long")
            raise Invalid.field("namespace", why)
        record = self._record(caller, run)
        return RunEvents(run_events(record, nbyard.__version__, namespace))

    def _record(self, caller: Caller, run: str) -> RunRecord:
        """Return the record of a run, with its path as the caller may name it."""
        with self._store.read() as c:
            record = self._store.lineage.run_record(c, self._find(c, caller, run))
        return msgspec.structs.replace(record, run=self._spoken(record.run))
