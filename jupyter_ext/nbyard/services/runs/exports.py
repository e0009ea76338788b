"""Service operations that export the record of a run in formats of other programs.

Packs a run into a zip with which plain papermill can repeat the run.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any

import msgspec

import nbyard
from nbyard.blobs import DownloadRequest
from nbyard.domain.callers import Caller
from nbyard.domain.crates.entities import CodeFile, CrateFile
from nbyard.domain.crates.run_crate import write_crate
from nbyard.domain.file_formats import holds_data
from nbyard.domain.lineage.openlineage import NAMESPACE, run_events
from nbyard.domain.lineage.run_record import RunRecord
from nbyard.domain.maps.structs import ALL
from nbyard.domain.naming.names import safe_filename
from nbyard.domain.repeats.run_bundle import RecordedNode, StoredOutput, write_bundle
from nbyard.domain.runs.structs import Run
from nbyard.domain.state_machines import RUN
from nbyard.errors import Conflict, Invalid, NotFound
from nbyard.host import clock
from nbyard.services.operation import operation
from nbyard.services.runs.comparisons.run_comparisons import RunComparisons
from nbyard.services.runs.comparisons.run_facts import FactReader

LONGEST_NAMESPACE = 250


class RunEvents(msgspec.Struct, frozen=True):
    """The OpenLineage events of a run, in the order of their times."""

    events: list[dict[str, Any]]


class RunExports(RunComparisons):
    """The part of the run service that exports runs: as code to run again, and as records."""

    def bundle(self, caller: Caller, run: str) -> DownloadRequest:
        """Return which files to download: a zip with which plain papermill repeats a run.

        Raises:
            Conflict: The run has not ended, or is a scratch run.
            NotFound: Bytes of the run were deleted.
        """
        record, nodes = self._with_nodes(caller, run)
        if record.state not in RUN.terminal:
            raise Conflict(f"Run {record.number} has not finished, so it has no bundle yet.")
        members = write_bundle(record, nodes)
        files = []
        for member in members:
            if member.digest and not self._context.blobs.exists(member.digest):
                raise NotFound(f"{member.place} of the bundle was deleted.")
            content = None if member.digest else member.text.encode()
            files.append(DownloadRequest(member.digest, member.place, (), content))
        name = safe_filename(f"{record.name or record.title}-run-{record.number}")
        return DownloadRequest("", name, tuple(files))

    def _with_nodes(self, caller: Caller, run: str) -> tuple[Run, list[RecordedNode]]:
        with self._store.read() as c:
            record = self._recorded(c, caller, run)
            reader = FactReader(self._store, c)
            outputs: dict[str, dict[str, StoredOutput]] = {}
            for artifact in self._store.artifacts.of_run(c, record.id):
                stored = StoredOutput(artifact.filename, artifact.digest)
                outputs.setdefault(artifact.node, {})[artifact.name] = stored
            nodes = []
            ran = [t for t in self._store.compared.tasks(c, record.id) if t.state != "skipped"]
            for row in ran:
                declared = {argument.name for argument in row.plan.arguments} | {ALL}
                # Executed notebooks are artifacts too, but papermill writes them by itself.
                own = {n: o for n, o in outputs.get(row.node, {}).items() if n in declared}
                version = reader.version(row.plan.executable_version_id)
                plan = row.plan.without(row.plan.optional_needs() - outputs.keys())
                packages, is_done = reader.packages_of(row), row.state == "succeeded"
                nodes.append(RecordedNode(plan, version, own, packages, is_done))
        return record, nodes

    @operation("GET", "/runs/{run}/openlineage", scope="runs:read")
    def openlineage(self, caller: Caller, run: str, namespace: str = NAMESPACE) -> RunEvents:
        """Show the OpenLineage events of a run.

        There is one job for the run and one for each task that ran, with an event about its start
        and, once it has ended, about its end. `namespace` is that of the jobs and their data.

        Raises:
            Invalid: the namespace is empty or too long.
        """
        if not namespace.strip() or len(namespace) > LONGEST_NAMESPACE:
            why = "is empty or too long"
            raise Invalid.field("namespace", why)
        record = self._record(caller, run)
        return RunEvents(run_events(record, nbyard.__version__, namespace))

    def crate(self, caller: Caller, run: str, inputs: bool = True) -> DownloadRequest:
        """Return which files to download for a run as an RO-Crate.

        Without `inputs`, the crate has only the digests of data from outside the run, including
        data beside the code. Bytes that are no longer stored are also replaced by their digests.

        Raises:
            Conflict: The run has not ended.
        """
        record = self._record(caller, run)
        if record.run.state in RUN.live:
            raise Conflict(f"Run {record.run.number} has not finished. Export it afterwards.")
        # Bytes may have been deleted since, for example by a repair of the store.
        wanted = {artifact.digest for task in record.tasks for artifact in task.artifacts}
        wanted |= {version.bundle_digest for version in record.code.values()}
        if inputs:
            wanted |= {used_data.digest for used_data in record.data_used().values()}
        stored = {digest for digest in wanted if digest and self._context.blobs.exists(digest)}
        # A data file beside the code is input data too, although it is stored with the code.
        left_out = {} if inputs else self._data_beside_code(record, stored)
        files = write_crate(record, stored, nbyard.__version__, clock.now(), left_out)
        name = safe_filename(f"{record.run.name or record.run.title}-run-{record.run.number}")
        members = (
            member
            for crate_file in files
            for member in self._members(crate_file, left_out.get(crate_file.digest, ()))
        )
        return DownloadRequest("", f"{name}.crate", tuple(members))

    def _data_beside_code(
        self, record: RunRecord, stored: Container[str]
    ) -> dict[str, list[CodeFile]]:
        """Return the data files in each code bundle.

        A file counts as data by its name, or because a task used the same bytes as an input.
        """
        blobs, used = self._context.blobs, set[str]()
        for used_data in record.data_used().values():
            used.add(used_data.digest)
            if used_data.digest.startswith("tree:") and blobs.exists(used_data.digest):
                used |= {entry.digest for entry in blobs.tree(used_data.digest).files}
        tools = {(code.bundle_digest, code.file) for code in record.code.values()}
        return {
            bundle: [
                CodeFile(entry.path, entry.digest, entry.size_bytes)
                for entry in blobs.tree(bundle).files
                if (bundle, entry.path) not in tools
                and (holds_data(entry.path) or entry.declared or entry.digest in used)
            ]
            for bundle in {bundle for bundle, _ in tools}
            if bundle in stored
        }

    def _members(self, file: CrateFile, left_out: Sequence[CodeFile]) -> Iterator[DownloadRequest]:
        """Yield the downloads for a file or folder of a crate, without the files `left_out`."""
        if not left_out:
            content = None if file.digest else file.content
            yield DownloadRequest(file.digest, file.place, (), content)
            return
        without = {code_file.path for code_file in left_out}
        for entry in self._context.blobs.tree(file.digest).files:
            if entry.path not in without:
                yield DownloadRequest(entry.digest, f"{file.place}/{entry.path}")

    def _record(self, caller: Caller, run: str) -> RunRecord:
        """Return the record of a run, with its path as this server shows it."""
        with self._store.read() as c:
            record = self._store.lineage.run_record(c, self._recorded(c, caller, run))
        return msgspec.structs.replace(record, run=self._with_shown_path(record.run))
