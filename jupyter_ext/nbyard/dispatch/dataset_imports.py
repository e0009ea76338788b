"""The controller of imports: fetch, store and read the bytes, then mark the version as ready."""

import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from nbyard.blobs import Blob
from nbyard.blobs.archives import put_archive
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.garbage import GarbageCollector
from nbyard.dispatch.threads import Threads
from nbyard.domain.datasets.s3 import KIND, SCHEME, address_of, read_object, signed_headers
from nbyard.domain.datasets.structs import DatasetVersion
from nbyard.domain.datasets.table_descriptions import BrokenTable, TableInfo
from nbyard.domain.file_formats import format_of
from nbyard.domain.parsing.urls import AllowedHosts, Target, parse_url
from nbyard.domain.state_machines import DATASET_VERSION
from nbyard.errors import Invalid, NbyardError, reason_of
from nbyard.host.safe_open import open_real
from nbyard.reasons.structs import Reason, because
from nbyard.store import transition
from nbyard.tabular import TableFile
from nbyard.transfer.fetching import Limits, Remote, Sign, Watch

log = logging.getLogger("nbyard.dispatch")
# Each update is a transaction, so a fast download must not write after every block.
PROGRESS_SECONDS = 0.3
LOOK_SECONDS = 1.0


class ImportController:
    """Imports dataset versions, each in its own thread; `wake` wakes the loop after an import."""

    def __init__(
        self,
        context: DispatchContext,
        threads: Threads,
        garbage: GarbageCollector,
        wake: Callable[[], None],
    ):
        self._context = context
        self._wake = wake
        self._store = context.store
        self._threads = threads
        self._garbage = garbage

    def tick(self) -> bool:
        """Start new imports; return whether any is in progress."""
        with self._store.read() as c:
            importing = self._store.datasets.importing(c)
        for owner, version in importing:
            work = partial(self._import, owner, version)
            give_up = partial(self._fail, owner, version)
            # The dispatcher's own writes do not wake its loop, but automations await the version.
            self._threads.submit(version.id, work, give_up, lambda _: self._wake())
        return bool(importing)

    def _import(self, owner: str, version: DatasetVersion) -> None:
        try:
            columns = self._store_bytes(owner, version)
            with self._context.write() as c:  # from now on, its bytes count for others
                self._store.datasets.update_progress(c, owner, version.id, **columns)
                self._store.quotas.check_disk(c, owner, 0)
            info, table_columns = self._table(owner, columns)
            columns |= table_columns
            # Before the version is ready: an automation may start code that opens the link.
            digest = columns["digest"]
            filename = "" if digest.startswith("tree:") else columns["filename"]
            stage = partial(self._context.blobs.stage, digest)
            self._context.links.link(version.dataset_id, filename, stage)
        except BrokenTable as error:
            self._fail(owner, version, because("broken-table", message=error.message))
            return
        except NbyardError as error:
            self._fail(owner, version, error.reason)
            return
        except OSError as error:
            self._fail(owner, version, reason_of(error))
            return
        with self._context.write() as c:
            is_wanted = self._store.datasets.set_ready(c, owner, version.id, **columns)
            if is_wanted and info is not None:
                self._store.datasets.keep_table(c, version.id, info)
        if not is_wanted:  # the dataset was deleted meanwhile
            self._context.links.unlink(version.dataset_id)

    def _fail(self, owner: str, version: DatasetVersion, reason: Reason) -> None:
        """Record the failure of an import, and discard its bytes."""
        with self._context.write() as c:
            digest = self._store.datasets.bytes_of(c, version.id)
            self._store.datasets.set_failed(c, owner, version.id, reason)
        if digest:
            self._garbage.discard_soon(digest)

    def _store_bytes(self, owner: str, version: DatasetVersion) -> dict[str, Any]:
        """Store the bytes of a version as blobs, from any source; return the columns to record."""
        filename = version.filename
        if version.source.startswith(("http://", "https://", SCHEME)):
            blob, filename = self._fetch(owner, version)
        elif version.source:
            blob = self._store_and_name(version, partial(self._read, Path(version.source)))
        else:
            blob = Blob(version.digest, version.size_bytes or 0)
        # Unless an earlier dispatcher has unpacked it.
        if version.origin == "archive" and not blob.digest.startswith("tree:"):
            limit = self._context.settings.max_upload_bytes
            unpack = partial(put_archive, self._context.blobs, blob.digest, limit)
            blob = self._store_and_name(version, unpack)
        size = blob.size_bytes
        return {"digest": blob.digest, "size_bytes": size, "bytes_done": size, "filename": filename}

    def _store_and_name(self, version: DatasetVersion, put: Callable[[], Blob]) -> Blob:
        """Store bytes and record their digest at once.

        Reading a table may take long, and the bytes must not be collected meanwhile.
        """
        with self._context.blobs.without_collection():
            blob = put()
            with self._context.write() as c:
                self._store.datasets.set_importing_digest(c, version.id, blob.digest)
        return blob

    def _read(self, path: Path) -> Blob:
        """Store the file or folder at a path.

        The path was inside the root when it was named. A link in it appeared later, and is refused.
        """
        fd = open_real(path)
        try:
            if path.is_dir():
                return self._context.blobs.put_folder(path)
            return self._context.blobs.put_fd(fd)
        finally:
            os.close(fd)

    def _fetch(self, owner: str, version: DatasetVersion) -> tuple[Blob, str]:
        with self._store.read() as c:
            allowed = AllowedHosts.parse(self._store.datasets.allowed_hosts(c, version.id))
        remote = Remote(allowed, Limits(max_bytes=self._context.settings.max_upload_bytes))
        watch = Watch(self._progress_writer(owner, version), self._is_gone(version))
        url, sign = version.source, None
        if url.startswith(SCHEME):
            url, sign = self.url_and_signer(owner, url)
        # The size may be unknown, so the writer checks the free space as it goes.
        with self._context.blobs.writer() as writer:
            response = remote.fetch(url, writer.write, watch=watch, sign=sign)
            blob = self._store_and_name(version, writer.commit)
        return blob, version.filename if sign else response.filename or version.filename

    def url_and_signer(self, owner: str, source: str) -> tuple[str, Sign]:
        """Return the URL of an object and a function that signs each request.

        It signs only requests to the object's own origin, each at the time of the request.

        Raises:
            Invalid: The credential was deleted.
        """
        wanted = read_object(source)
        with self._store.read() as c:
            credential = self._store.credentials.get(c, owner, wanted.credential)
            if credential is None or credential.kind != KIND:
                raise Invalid(because("credential-deleted", credential=repr(wanted.credential)))
            fields = self._store.credentials.fields(c, credential)
        url = address_of(wanted, fields)
        own = parse_url(url).origin

        # A redirect to another server must not carry the signature there.
        def sign(target: Target) -> dict[str, str]:
            return signed_headers(target, fields, datetime.now(UTC)) if target.origin == own else {}

        return url, sign

    def _progress_writer(
        self, owner: str, version: DatasetVersion
    ) -> Callable[[int, int | None], None]:
        last = 0.0

        def write_progress(done: int, total: int | None) -> None:
            nonlocal last
            if time.monotonic() - last > PROGRESS_SECONDS:
                last = time.monotonic()
                columns = {"bytes_done": done, "size_bytes": total}
                with self._context.write() as c:
                    self._store.datasets.update_progress(c, owner, version.id, **columns)

        return write_progress

    def _is_gone(self, version: DatasetVersion) -> Callable[[], bool]:
        """Return a function that tests, at most once a second, whether the dataset was deleted."""
        next_look, gone = 0.0, False

        def look() -> bool:
            nonlocal next_look, gone
            if time.monotonic() > next_look:
                next_look = time.monotonic() + LOOK_SECONDS
                with self._store.read() as c:
                    gone = transition.state_of(c, DATASET_VERSION, version.id) is None
            return gone

        return look

    def _table(
        self, owner: str, columns: dict[str, Any]
    ) -> tuple[TableInfo | None, dict[str, Any]]:
        """Return table info, and the columns format, rows and columns.

        Return only the format if the bytes are not a readable table.

        Raises:
            BrokenTable: The filename promises a table, but it is broken.
        """
        filename = columns["filename"]
        if columns["digest"].startswith("tree:"):
            return None, {"format": "folder"}
        kind = format_of(filename)
        try:
            path = self._context.blobs.path(columns["digest"])
            tables = self._context.tables.of_owner(self._store.isolation.owner_key(owner))
            info = tables.info(TableFile(path, filename, columns["digest"]), count=True)
        except BrokenTable:
            raise
        except NbyardError as error:
            log.info("%s has no preview: %s", filename, error)
            return None, {"format": kind, "reason": error.reason}
        return info, {"format": info.format, "rows": info.rows, "columns": info.column_count}
