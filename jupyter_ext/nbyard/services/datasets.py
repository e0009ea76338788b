"""Datasets: what you can ask of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec

from nbyard.blobs import Bytes
from nbyard.domain.callers import Caller
from nbyard.domain.comparisons import (
    MAX_FILES,
    Comparison,
    Content,
    compare_columns,
    compare_files,
)
from nbyard.domain.datasets import (
    Dataset,
    DatasetPatch,
    DatasetVersion,
    FileSource,
    MadeFile,
    NewDataset,
    NewNotebook,
    UploadSource,
    UrlSource,
    folder_of,
)
from nbyard.domain.digest import digest_of
from nbyard.domain.ids import new_id
from nbyard.domain.names import check_filename, check_name, safe_filename
from nbyard.domain.notebook_text import opening_notebook
from nbyard.domain.paging import Page, check_count, check_limit, page_of
from nbyard.domain.s3 import KIND, SCHEME, address_of, read_object
from nbyard.domain.tables import Profile, TablePage
from nbyard.domain.urls import Allowed, check_host, parse
from nbyard.errors import Conflict, Detail, InUse, Invalid, NameTaken, NotFound, StaleWrite
from nbyard.files import write_whole
from nbyard.services.naming import MAX_TOLD, check_free, nearest
from nbyard.services.operation import operation
from nbyard.services.parts import Parts, keeping_bytes, made_before, remember
from nbyard.services.uses import workflows_using

if TYPE_CHECKING:
    from nbyard.blobs import Blob
    from nbyard.store import Connection
    from nbyard.tabular import TableFile


class DatasetService:
    """Names over immutable versions of bytes."""

    noun = "datasets"

    def __init__(self, parts: Parts):
        self._parts = parts
        self._store = parts.store

    @operation("GET", "/datasets", scope="datasets:read")
    def list(
        self, caller: Caller, limit: int = 50, after: str = "", search: str = ""
    ) -> Page[Dataset]:
        """List datasets, newest first."""
        check_limit(limit)
        self._parts.links.sweep()
        with self._store.read() as c:
            found = self._store.datasets.page(c, caller.name, limit + 1, after, search)
        return page_of([self._linked(d) for d in found], limit, lambda d: d.id)

    @operation("POST", "/datasets", scope="datasets:write", status=201)
    @keeping_bytes
    def create(self, caller: Caller, body: NewDataset, idempotency_key: str = "") -> Dataset:
        """Make a dataset from an upload, a file or an address.

        The answer is in state *importing*; bytes are fetched and read in the background. With
        `replace` the bytes become a new version of the dataset of that name.
        """
        key = idempotency_key or _key_of_upload(body)
        with self._store.read() as c:
            made = made_before(self._parts, c, caller.name, key, body)
        if made is None:
            made = self._make(caller, body, key)
        if isinstance(body.source, UploadSource):  # its bytes have a row: it can go
            self._parts.uploads.delete(caller.name, body.source.upload)
        self._parts.call_dispatcher()
        return self.get(caller, made)

    def _make(self, caller: Caller, body: NewDataset, key: str) -> str:
        filename, source = self._origin(caller, body)
        own = folder_of(filename) if body.unpack else filename
        name = check_name(body.name if isinstance(body.name, str) else own)
        with self._store.read() as c:
            self._replaced(c, caller, body, name)
        blob = self._uploaded(caller, body)
        with self._store.write() as c:
            made = made_before(self._parts, c, caller.name, key, body)
            if made is None:
                made = self._named(c, caller, body, name)
                version = self._version(c, made, body, filename, source)
                if blob is not None:
                    version |= {"digest": blob.digest, "size_bytes": blob.size_bytes}
                self._store.datasets.add_version(c, caller.name, version)
                remember(self._parts, c, caller.name, key, body, made)
        return made

    def _uploaded(self, caller: Caller, body: NewDataset) -> Blob | None:
        """The stored bytes, for an upload."""
        if not isinstance(body.source, UploadSource):
            return None
        source = body.source
        return self._parts.uploads.finish(caller.name, source.upload, source.sha256)[1]

    def _origin(self, caller: Caller, body: NewDataset) -> tuple[str, str]:
        """File name and source text."""
        source = body.source
        if isinstance(source, UploadSource):
            return self._parts.uploads.get(caller.name, source.upload).filename, ""
        if isinstance(source, FileSource):
            real = self._parts.files.locate(source.path, "source.path")
            if not real.exists():
                raise NotFound(f"There is no file {source.path[:200]}.")
            if not (real.is_file() or real.is_dir()):
                raise Invalid.field("source.path", f"{source.path[:200]} is no ordinary file")
            return check_filename(real.name, "source.path"), str(real)
        address, filename = self._address(caller, source.url)
        target = parse(address, field="source.url")
        allowed = Allowed.parse(self._parts.settings.allowed_private_hosts)
        check_host(target, allowed, "source.url")
        last = PurePosixPath(unquote(urlsplit(target.path).path)).name
        return safe_filename(filename or last or target.host), source.url

    def _address(self, caller: Caller, url: str) -> tuple[str, str]:
        """Where the bytes are asked for, and what an object's file is called."""
        if not url.startswith(SCHEME):
            return url, ""
        wanted = read_object(url, "source.url")
        with self._store.read() as c:
            found = self._store.credentials.get(c, caller.name, wanted.credential)
            if found is None or found.kind != KIND:
                there = self._store.credentials.page(c, caller.name, MAX_TOLD, "", "", KIND)
                told = nearest([one.name for one in there], wanted.credential)
                words = f"names no credential of the kind s3: {wanted.credential[:80]!r}; {told}"
                raise Invalid.field("source.url", words)
        return address_of(wanted, found.fields, "source.url"), wanted.filename

    def _replaced(self, c: Connection, caller: Caller, body: NewDataset, name: str) -> str | None:
        """The id of the present dataset of that name, when it is to be replaced.

        Raises:
            NameTaken: it is not.
            Conflict: its newest version is still importing.
        """
        names = self._store.datasets.names(c, caller.name)
        same = next((key for key, taken in names.items() if taken == name), "")
        known = self._store.datasets.get(c, caller.name, same)
        if known is not None:
            if not body.replace:
                said = f"There is a dataset {name!r} already."
                raise NameTaken(
                    said,
                    hint="Choose another name, or make a new version of it.",
                    details=[Detail("name", said)],
                )
            if known.current.state == "importing":
                raise Conflict(f"The newest version of {name!r} is still importing.")
            return known.id
        check_free(names, "a dataset", name)
        return None

    def _named(self, c: Connection, caller: Caller, body: NewDataset, name: str) -> str:
        """The id of the dataset of that name: a new one, or the present one when replacing."""
        known = self._replaced(c, caller, body, name)
        if known is not None:
            return known
        now = datetime.now(UTC)
        row = {
            "id": new_id(),
            "name": name,
            "description": body.description,
            "owner": caller.name,
            "revision": 1,
            "created_at": now,
            "updated_at": now,
        }
        self._store.datasets.insert(c, row)
        return str(row["id"])

    def _version(
        self, c: Connection, dataset_id: str, body: NewDataset, filename: str, source: str
    ) -> dict[str, Any]:
        origins = {UploadSource: "upload", FileSource: "file", UrlSource: "url"}
        return {
            "id": new_id(),
            "dataset_id": dataset_id,
            "number": self._store.datasets.next_number(c, dataset_id),
            "origin": "archive" if body.unpack else origins[type(body.source)],
            "source": source,
            "filename": filename,
            "format": "",
            "reason": "",
            "digest": "",
            "bytes_done": 0,
            "created_at": datetime.now(UTC),
        }

    @operation("GET", "/datasets/{dataset}", scope="datasets:read")
    def get(self, caller: Caller, dataset: str) -> Dataset:
        """Show a dataset, by id or name."""
        self._parts.watch()
        with self._store.read() as c:
            found = self._store.datasets.get(c, caller.name, dataset)
        if found is None:
            raise NotFound(f"There is no dataset {dataset[:80]!r}.")
        return self._linked(found)

    def _linked(self, dataset: Dataset) -> Dataset:
        """With the place below the root where it can be opened, linked there if it was not."""
        folders = self._parts.settings.link_folders
        if not self._parts.files.is_served or not folders or not self._is_shown(dataset):
            return dataset
        try:
            self._parts.links.link_everywhere(dataset.id)
        except Conflict as error:
            notice = self._parts.files.spoken(error.message)
            return msgspec.structs.replace(dataset, notice=notice)
        return msgspec.structs.replace(dataset, resource=f"{folders[0]}/{dataset.id}")

    def _is_shown(self, dataset: Dataset) -> bool:
        """Whether some version is ready, be it one before the current."""
        if dataset.current.state == "ready" or dataset.current.number == 1:
            return dataset.current.state == "ready"
        with self._store.read() as c:
            return self._store.datasets.newest_ready(c, dataset.id) is not None

    @operation("PATCH", "/datasets/{dataset}", scope="datasets:write")
    def update(self, caller: Caller, dataset: str, body: DatasetPatch) -> Dataset:
        """Rename or describe a dataset."""
        found = self.get(caller, dataset)
        changes: dict[str, Any] = {}
        if isinstance(body.name, str):
            changes["name"] = check_name(body.name)
        if isinstance(body.description, str):
            changes["description"] = body.description
        with self._store.write() as c:
            if body.revision != found.revision:
                raise StaleWrite()
            names = self._store.datasets.names(c, caller.name)
            check_free(names, "a dataset", changes.get("name", found.name), found.id)
            if not self._store.datasets.change(c, found, **changes):
                raise StaleWrite()
        return self.get(caller, found.id)

    @operation("DELETE", "/datasets/{dataset}", scope="datasets:write", status=204)
    def delete(self, caller: Caller, dataset: str, force: bool = False) -> None:
        """Delete a dataset.

        Refused while a workflow uses it, unless forced; past runs keep their record, and the bytes
        that they used. Bytes that nothing names any more are deleted in the background.
        """
        found = self.get(caller, dataset)
        users = [] if force else workflows_using(self._parts, found)
        if users:
            shown = [self._parts.files.spoken(path) for path in users[:5]]
            raise InUse(
                f"{found.name!r} is used by " + ", ".join(shown) + ".",
                hint="Take it out of these workflows, or force the deletion.",
            )
        self._store.reserve.spend()
        with self._store.write() as c:
            self._store.datasets.delete(c, found)
            self._store.facts.set_collect_at(c)
        self._parts.links.unlink(found.id)
        self._parts.call_dispatcher()

    @operation("GET", "/datasets/{dataset}/versions", scope="datasets:read")
    def versions(self, caller: Caller, dataset: str) -> Page[DatasetVersion]:
        """List the versions of a dataset, newest first."""
        found = self.get(caller, dataset)
        with self._store.read() as c:
            return Page(self._store.datasets.versions(c, found.id))

    @operation("GET", "/datasets/{dataset}/preview", scope="datasets:read")
    def preview(
        self, caller: Caller, dataset: str, offset: int = 0, limit: int = 100, version: int = 0
    ) -> TablePage:
        """Show rows with types; only for tables that can be read."""
        check_limit(limit)
        check_count(offset, "offset")
        found = self._ready(caller, dataset, version)
        return self._parts.tables.page(self._table(found), offset, limit)

    @operation("GET", "/datasets/{dataset}/profile", scope="datasets:read")
    def profile(
        self, caller: Caller, dataset: str, version: int = 0, sample: bool = False
    ) -> Profile:
        """Show statistics and a picture for each column; `sample` answers at once."""
        found = self._ready(caller, dataset, version)
        return self._parts.tables.profile(self._table(found), sample=sample)

    @operation("GET", "/datasets/{dataset}/compare", scope="datasets:read")
    def compare(self, caller: Caller, dataset: str, old: int = 0, new: int = 0) -> Comparison:
        """Compare two versions; by default the newest with the one before.

        Of tables all columns with their figures then and now, of folders the files that differ.
        """
        found = self.get(caller, dataset)
        second = self._ready(caller, found.id, new)
        first = self._ready(caller, found.id, old or self._before(second))
        if first.digest == second.digest:
            return Comparison(first, second, same=True)
        folders = [version.digest.startswith("tree:") for version in (first, second)]
        if all(folders):
            changes = compare_files(self._contents(first), self._contents(second))
            listed = changes[:MAX_FILES]
            return Comparison(first, second, same=False, files=listed, file_changes=len(changes))
        if any(folders):
            return Comparison(first, second, same=False, note="One of them is a folder.")
        try:
            profiles = [
                self._parts.tables.profile(self._table(version), sample=False)
                for version in (first, second)
            ]
        except Invalid as error:
            return Comparison(first, second, same=False, note=error.message)
        return Comparison(first, second, same=False, columns=compare_columns(*profiles))

    def _before(self, version: DatasetVersion) -> int:
        with self._store.read() as c:
            others = self._store.datasets.versions(c, version.dataset_id)
        earlier = [o.number for o in others if o.number < version.number and o.state == "ready"]
        if not earlier:
            raise NotFound(f"There is no version before {version.number} to compare it with.")
        return earlier[0]

    def _contents(self, version: DatasetVersion) -> dict[str, Content]:
        files = self._parts.blobs.tree(version.digest).files
        return {entry.path: Content(entry.digest, entry.size_bytes) for entry in files}

    @operation("POST", "/datasets/{dataset}/notebook", scope="datasets:write", status=201)
    def notebook(self, caller: Caller, dataset: str, body: NewNotebook) -> MadeFile:
        """Make a notebook whose first cell opens the dataset."""
        found = self.get(caller, dataset)
        version = self._ready(caller, found.id, 0)
        folder = self._parts.files.locate(body.folder or ".", "folder")
        if not folder.is_dir():
            raise NotFound(f"There is no folder {body.folder[:200]}.")
        stem = safe_filename(found.name).rsplit(".", 1)[0]
        place = next(
            p
            for n in range(10_000)
            if not (p := folder / f"{stem}{f'-{n}' if n else ''}.ipynb").exists()
        )
        text = opening_notebook(found.name, found.id, version.filename, version.format)
        write_whole(place, text.encode())
        return MadeFile(self._parts.files.shown(place))

    def content(self, caller: Caller, dataset: str, version: int = 0) -> Bytes:
        """The bytes of a version, for a download."""
        found = self._ready(caller, dataset, version)
        return Bytes(found.digest, found.filename)

    def _table(self, version: DatasetVersion) -> TableFile:
        from nbyard.tabular import TableFile

        path = self._parts.blobs.path(version.digest)
        return TableFile(path, version.filename, version.digest)

    def _ready(self, caller: Caller, dataset: str, number: int) -> DatasetVersion:
        check_count(number, "version")
        found = self.get(caller, dataset)
        with self._store.read() as c:
            version = (
                self._store.datasets.version(c, caller.name, found.id, number)
                if number
                else self._store.datasets.newest_ready(c, found.id)
            )
        if version is None or version.state == "failed":
            reason = version.reason if version else found.current.reason
            raise NotFound(f"{found.name!r} has no such version that is ready. {reason}".strip())
        if version.state != "ready":
            raise Conflict(f"{found.name!r} is still importing.")
        return version


def _key_of_upload(body: NewDataset) -> str:
    """An upload makes one dataset, also when the answer to the first request was lost."""
    if not isinstance(body.source, UploadSource):
        return ""
    return f"upload {digest_of(body)}"
