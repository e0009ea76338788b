"""Service operations that export the record of a run in formats of others."""

from __future__ import annotations

from typing import Any

import msgspec

import nbyard
from nbyard.blobs import DownloadRequest
from nbyard.domain.callers import Caller
from nbyard.domain.crates.run_crate import write_crate
from nbyard.domain.lineage.openlineage import NAMESPACE, run_events
from nbyard.domain.lineage.run_record import RunRecord
from nbyard.domain.names import safe_filename
from nbyard.domain.state_machines import RUN
from nbyard.errors import Conflict, Invalid
from nbyard.host import clock
from nbyard.reasons.structs import because
from nbyard.services.operation import operation
from nbyard.services.runs.run_bundles import RunBundles

LONGEST_NAMESPACE = 250


class RunEvents(msgspec.Struct, frozen=True):
    """The OpenLineage events of a run, in the order of their times."""

    events: list[dict[str, Any]]


class RunExports(RunBundles):
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

    def crate(self, caller: Caller, run: str, inputs: bool = True) -> DownloadRequest:
        """Return a run as an RO-Crate to download.

        Without `inputs`, data from outside the run are described by their digests only. So are
        bytes that are no longer stored.
        """
        record = self._record(caller, run)
        if record.run.state in RUN.live:
            raise Conflict(because("export-of-live-run", number=record.run.number))
        # Bytes may have been deleted since, for example by a repair of the store.
        wanted = {artifact.digest for task in record.tasks for artifact in task.artifacts}
        wanted |= {code.bundle_digest for code in record.code.values()}
        if inputs:
            wanted |= {one.digest for one in record.data_used().values()}
        stored = {digest for digest in wanted if digest and self._parts.blobs.exists(digest)}
        files = write_crate(record, stored, nbyard.__version__, clock.now())
        name = safe_filename(f"{record.run.name or record.run.title}-run-{record.run.number}")
        members = (
            DownloadRequest(one.digest, one.place, content=None if one.digest else one.content)
            for one in files
        )
        return DownloadRequest("", f"{name}.crate", tuple(members))

    def _record(self, caller: Caller, run: str) -> RunRecord:
        """Return the record of a run, with its path as the caller may name it."""
        with self._store.read() as c:
            record = self._store.lineage.run_record(c, self._recorded(c, caller, run))
        return msgspec.structs.replace(record, run=self._spoken(record.run))
