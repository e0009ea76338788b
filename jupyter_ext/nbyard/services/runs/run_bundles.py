"""Packs a run into a zip with which plain papermill can repeat the run."""

from __future__ import annotations

from nbyard.blobs import DownloadRequest
from nbyard.domain.callers import Caller
from nbyard.domain.naming.names import safe_filename
from nbyard.domain.repeats.run_bundle import write_bundle
from nbyard.domain.repeats.structs import RecordedNode, StoredOutput
from nbyard.domain.runs.structs import Run
from nbyard.domain.state_machines import RUN
from nbyard.errors import Conflict, NotFound
from nbyard.services.runs.comparisons.run_comparisons import RunComparisons
from nbyard.services.runs.comparisons.run_facts import FactReader


class RunBundles(RunComparisons):
    """The part of the run service that packs runs for other programs."""

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
            if member.digest and not self._parts.blobs.exists(member.digest):
                raise NotFound(f"{member.place} of the bundle was deleted.")
            content = None if member.digest else member.text.encode()
            files.append(DownloadRequest(member.digest, member.place, (), content))
        name = safe_filename(f"{record.name or record.title}-run-{record.number}")
        return DownloadRequest("", name, tuple(files))

    def _with_nodes(self, caller: Caller, run: str) -> tuple[Run, list[RecordedNode]]:
        """Return a run, and its nodes in an order in which they can run."""
        with self._store.read() as c:
            record = self._recorded(c, caller, run)
            reader = FactReader(self._store, c)
            outputs: dict[str, dict[str, StoredOutput]] = {}
            for artifact in self._store.artifacts.of_run(c, record.id):
                outputs.setdefault(artifact.node, {})[artifact.name] = StoredOutput(
                    artifact.filename, artifact.digest
                )
            nodes = []
            for row in self._store.compared.tasks(c, record.id):
                declared = {
                    argument.name for argument in row.plan.arguments if argument.role == "output"
                }
                # Executed notebooks are artifacts too, but papermill writes them by itself.
                own = {n: o for n, o in outputs.get(row.node, {}).items() if n in declared}
                version = reader.version(row.plan.executable_version_id)
                nodes.append(RecordedNode(row.plan, version, own, reader.packages_of(row)))
        return record, nodes
