"""Artifacts: what came out of tasks."""

from __future__ import annotations

from nbyard.domain.callers import Caller
from nbyard.domain.paging import check_count, check_limit
from nbyard.domain.runs import Artifact
from nbyard.domain.tables import TablePage
from nbyard.errors import NotFound
from nbyard.services.datasets import Bytes
from nbyard.services.operation import operation
from nbyard.services.parts import Parts

# small enough to count the rows before the first page is shown
COUNTED_BYTES = 64 * 2**20


class ArtifactService:
    """Named bytes with their origin; the bytes themselves travel as
    `GET /artifacts/{artifact}/content`."""

    noun = "artifacts"

    def __init__(self, parts: Parts):
        self._parts = parts

    @operation("GET", "/artifacts/{artifact}", scope="runs:read")
    def get(self, caller: Caller, artifact: str) -> Artifact:
        """Show an artifact."""
        with self._parts.store.read() as c:
            found = self._parts.store.artifacts.get(c, caller.name, artifact)
        if found is None:
            raise NotFound("There is no such artifact.")
        return found

    @operation("GET", "/artifacts/{artifact}/preview", scope="runs:read")
    def preview(
        self, caller: Caller, artifact: str, offset: int = 0, limit: int = 100
    ) -> TablePage:
        """Show rows with types; only for tables that can be read."""
        from nbyard.tabular import TableFile

        check_count(offset, "offset")
        found = self.get(caller, artifact)
        path = self._parts.blobs.path(found.digest)
        table = TableFile(path, found.filename, found.digest)
        if not offset and found.size_bytes <= COUNTED_BYTES:
            self._parts.tables.info(table, count=True)
        return self._parts.tables.page(table, offset, check_limit(limit))

    def content(self, caller: Caller, artifact: str) -> Bytes:
        """The bytes, for a download."""
        found = self.get(caller, artifact)
        return Bytes(found.digest, found.filename)
