"""Service operations on uploads, whose bytes become a dataset or an executable."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from nbyard.domain.callers import Caller
from nbyard.domain.datasets.structs import NewUpload, Upload
from nbyard.services.operation import operation
from nbyard.services.service_context import Service

if TYPE_CHECKING:
    from nbyard.transfer.uploads import UploadWriter

# Others may grow meanwhile, so their sizes are read again.
LOOK_BYTES = 64 * 2**20


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
        self._room(caller)(body.size_bytes or 0)
        return self._context.uploads.create(caller.name, body.filename, body.size_bytes)

    def _room(self, caller: Caller, upload: str = "") -> Callable[[int], None]:
        """Return the check of the size of an upload, beside all others."""
        with self._store.read() as c:
            rooms = self._store.quotas.rooms(c, caller.name)
        others = again = 0

        def check(size: int) -> None:
            nonlocal others, again
            if rooms and size >= again:
                others = self._context.uploads.size_bytes(caller.name, upload)
                again = size + LOOK_BYTES
            for room in rooms:
                room.check(others + size)

        return check

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
        room = self._room(caller, upload)
        return self._context.uploads.appending(caller.name, upload, offset, room)
