"""Requests to import a dataset version from an upload, a file or an address.

The dispatcher then fetches and reads the bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from nbyard.domain.datasets.s3 import KIND, SCHEME, address_of, read_object
from nbyard.domain.datasets.structs import (
    FileSource,
    NewDataset,
    UploadSource,
    UrlSource,
    folder_of,
)
from nbyard.domain.digest import digest_of
from nbyard.domain.ids import new_id
from nbyard.domain.naming.names import check_filename, check_name, safe_filename
from nbyard.domain.naming.unique_names import MAX_TOLD, name_taken, nearest_names
from nbyard.domain.parsing.urls import WEB, AllowedHosts, check_host, parse_url
from nbyard.errors import Conflict, Invalid, NotFound
from nbyard.reasons.structs import because
from nbyard.services.idempotency_keys import find_earlier_request, store_idempotency_key
from nbyard.services.service_context import ServiceContext

if TYPE_CHECKING:
    from nbyard.blobs import Blob
    from nbyard.domain.callers import Caller
    from nbyard.store import Connection


class ImportRequest:
    """A request for a new dataset version. An idempotency key creates at most one version."""

    def __init__(
        self, parts: ServiceContext, caller: Caller, body: NewDataset, idempotency_key: str
    ):
        self._parts = parts
        self._store = parts.store
        self._caller = caller
        self._body = body
        # A repeated upload creates one dataset, even if the first response was lost.
        upload = f"upload {digest_of(body)}" if isinstance(body.source, UploadSource) else ""
        self._key = idempotency_key or upload

    def ask_for(self) -> str:
        """Create a dataset version in state `importing`. Return the ID of its dataset.

        Raises:
            NameTaken: A dataset has this name, and `replace` is not set.
            Conflict: The newest version of that dataset is still importing.
            NotFound: The file or upload does not exist.
            Invalid: The source is refused. The error names the field.
        """
        with self._store.read() as c:
            made = find_earlier_request(self._parts, c, self._caller.name, self._key, self._body)
        # A repeated request is answered first, because the first one deleted its upload.
        return made if made is not None else self._create()

    def _create(self) -> str:
        # Check everything that may be refused before the uploaded bytes are stored.
        filename, source = self._origin()
        own = folder_of(filename) if self._body.unpack else filename
        name = check_name(self._body.name if isinstance(self._body.name, str) else own)
        with self._store.read() as c:
            self._replaced(c, name)
        blob = self._uploaded()
        with self._store.write() as c:
            made = find_earlier_request(self._parts, c, self._caller.name, self._key, self._body)
            # Of two equal requests at the same time, the second finds the first one's key here.
            if made is None:
                made = self._named(c, name)
                # The bytes of an upload are stored already; the dispatcher fetches all others.
                version = self._version(c, made, filename, source)
                if blob is not None:
                    version |= {"digest": blob.digest, "size_bytes": blob.size_bytes}
                self._store.datasets.add_version(c, self._caller.name, version)
                store_idempotency_key(
                    self._parts, c, self._caller.name, self._key, self._body, made
                )
        return made

    def _uploaded(self) -> Blob | None:
        """Return the stored bytes of the upload, None for another kind of source."""
        if not isinstance(self._body.source, UploadSource):
            return None
        source = self._body.source
        return self._parts.uploads.finish(self._caller.name, source.upload, source.sha256)[1]

    def _origin(self) -> tuple[str, str]:
        """Return the name of the file to import, and its path or address ("" for an upload)."""
        source = self._body.source
        if isinstance(source, UploadSource):
            return self._parts.uploads.get(self._caller.name, source.upload).filename, ""
        if isinstance(source, FileSource):
            real = self._parts.files.locate(source.path, "source.path")
            if not real.exists():
                raise NotFound(because("no-file", path=source.path[:200]))
            # Reading a named pipe or a device could wait or continue for ever.
            if not (real.is_file() or real.is_dir()):
                why = f"{source.path[:200]} is not a regular file"
                raise Invalid.field("source.path", why)
            return check_filename(real.name, "source.path"), str(real)
        address, filename = self._address(source.url)
        scheme, has_scheme, _ = address.partition("://")
        if has_scheme and scheme.lower() not in WEB and "::" not in scheme:
            known = [*(f"{name}://" for name in WEB), SCHEME]
            raise Invalid.field("source.url", f"must begin with one of {', '.join(known)}")
        target = parse_url(address, field="source.url")
        allowed = AllowedHosts.parse(self._parts.settings.allowed_private_hosts)
        # Refuse private addresses early. The fetch checks each address again before it connects.
        check_host(target, allowed, "source.url")
        last = PurePosixPath(unquote(urlsplit(target.path).path)).name
        return safe_filename(filename or last or target.host), source.url

    def _address(self, url: str) -> tuple[str, str]:
        """Return the address to fetch, and for an object in S3 the name of its file."""
        if not url.startswith(SCHEME):
            return url, ""
        wanted = read_object(url, "source.url")
        with self._store.read() as c:
            credential = self._store.credentials.get(c, self._caller.name, wanted.credential)
            if credential is None or credential.kind != KIND:
                there = self._store.credentials.page(
                    c, self._caller.name, MAX_TOLD, "", "", kind=KIND
                )
                present = nearest_names([other.name for other in there], wanted.credential)
                why = f"there is no credential '{wanted.credential[:80]}' of the kind s3; {present}"
                raise Invalid.field("source.url", why)
        return address_of(wanted, credential.fields, "source.url"), wanted.filename

    def _replaced(self, c: Connection, name: str) -> str | None:
        """Return the ID of the dataset to replace, or None if the name is free.

        Raises:
            NameTaken: a dataset has this name, and `replace` is not set.
            Conflict: its newest version is still importing.
        """
        names = self._store.datasets.names(c, self._caller.name)
        # Only an equal name means the same dataset. `check_free` refuses a name that looks the
        # same.
        same = next((key for key, taken in names.items() if taken == name), "")
        known = self._store.datasets.get(c, self._caller.name, same)
        if known is not None:
            if not self._body.replace:
                hint = "Choose another name, or add a new version of that dataset."
                raise name_taken(f"The dataset '{name}' already exists.", hint)
            if known.current.state == "importing":
                raise Conflict(f"The newest version of '{name}' is still importing.")
            return known.id
        self._store.datasets.check_free(c, self._caller.name, name)
        return None

    def _named(self, c: Connection, name: str) -> str:
        """Return the ID of the dataset with this name to replace.

        Create the dataset if there is none.
        """
        known = self._replaced(c, name)
        if known is not None:
            return known
        description = self._body.description
        return self._store.datasets.create(c, self._caller.name, name=name, description=description)

    def _version(
        self, c: Connection, dataset_id: str, filename: str, source: str
    ) -> dict[str, Any]:
        origins = {UploadSource: "upload", FileSource: "file", UrlSource: "url"}
        return {
            "id": new_id(),
            "dataset_id": dataset_id,
            "number": self._store.datasets.next_number(c, dataset_id),
            "origin": "archive" if self._body.unpack else origins[type(self._body.source)],
            "source": source,
            "filename": filename,
            "format": "",
            "reason": None,
            "digest": "",
            # The dispatcher imports the version, and may have been started with other settings.
            "allowed_hosts": list(self._parts.settings.allowed_private_hosts),
            "bytes_done": 0,
            # What leads from a run to a dataset may lead to an automation's loop.
            "run_id": self._store.attempts.run_of(c, self._caller.name, self._caller.attempt_id),
            "created_at": datetime.now(UTC),
        }
