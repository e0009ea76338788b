"""Service operations on uploads, whose bytes become a dataset or an executable."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from nbyard.domain.callers import Caller
from nbyard.domain.datasets.structs import NewUpload, Upload
from nbyard.services.operation import operation
from nbyard.services.service_context import Service

if TYPE_CHECKING:
    from nbyard.transfer.uploads import UploadWriter


class UploadService(Service):
    """Uploads in pieces.

    `PATCH /uploads/{upload}` sends the bytes, with their position in the header Upload-Offset.
    """

    noun = "uploads"

    @operation("POST", "/uploads", scope="datasets:write", status=201)
    def create(self, caller: Caller, body: NewUpload) -> Upload:
        """Start an upload.

        Raises:
            OverQuota: the announced size does not fit into the quota.
        """
        with self._store.read() as c:
            self._store.quotas.check_disk(c, caller.name, body.size_bytes or 0)
        return self._context.uploads.create(caller.name, body.filename, body.size_bytes)

    @operation("GET", "/uploads/{upload}", scope="datasets:write")
    def get(self, caller: Caller, upload: str) -> Upload:
        """Show how many bytes of an upload have arrived."""
        return self._context.uploads.get(caller.name, upload)

    @operation("DELETE", "/uploads/{upload}", scope="datasets:write", status=204)
    def delete(self, caller: Caller, upload: str) -> None:
        """Cancel an upload."""
        self._context.uploads.delete(caller.name, upload)

    def appending(
        self, caller: Caller, upload: str, offset: int
    ) -> AbstractContextManager[UploadWriter]:
        """Return a context manager that appends streamed bytes to an upload, from `offset` on."""
        return self._context.uploads.appending(caller.name, upload, offset)
