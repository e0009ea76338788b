"""Service operations on datasets, and their import from files and URLs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec

from nbyard.blobs import DownloadRequest
from nbyard.domain.callers import Caller
from nbyard.domain.datasets.comparisons import (
    MAX_FILES,
    Comparison,
    Content,
    compare_columns,
    compare_files,
)
from nbyard.domain.datasets.s3 import KIND, SCHEME, address_of, read_object
from nbyard.domain.datasets.structs import (
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
from nbyard.domain.datasets.table_descriptions import Profile, TablePage
from nbyard.domain.digest import digest_of
from nbyard.domain.ids import new_id
from nbyard.domain.naming.names import check_filename, check_name, safe_filename
from nbyard.domain.naming.unique_names import MAX_TOLD, name_taken, nearest_names
from nbyard.domain.notebooks.writer import opening_notebook
from nbyard.domain.paging import Page, check_count, page_of
from nbyard.domain.parsing.urls import WEB, AllowedHosts, check_host, parse_url
from nbyard.errors import Conflict, Invalid, NotFound
from nbyard.host.project_files import write_whole
from nbyard.reasons.structs import because
from nbyard.services.operation import operation
from nbyard.services.requests import (
    filter_project,
    find_earlier_request,
    given_fields,
    store_idempotency_key,
)
from nbyard.services.service_context import Service, ServiceContext, pin_blobs
from nbyard.services.workflows.dependents import check_unused, workflows_using

if TYPE_CHECKING:
    from nbyard.domain.callers import Caller
    from nbyard.store import Connection
    from nbyard.tabular import TableFile


class ImportRequest:
    """A request for a new dataset version. An idempotency key creates at most one version."""

    def __init__(
        self, context: ServiceContext, caller: Caller, body: NewDataset, idempotency_key: str
    ):
        self._context = context
        self._store = context.store
        self._caller = caller
        self._body = body
        # A repeated upload creates one dataset, even if the first response was lost.
        upload = f"upload {digest_of(body)}" if isinstance(body.source, UploadSource) else ""
        self._key = upload or idempotency_key

    def ask_for(self) -> str:
        """Create a dataset version in state `importing`. Return the ID of its dataset.

        Raises:
            NameTaken: A dataset has this name, and `replace` is not set.
            Conflict: The newest version of that dataset is still importing.
            NotFound: The file or upload does not exist.
            Invalid: The source is refused. The error names the field.
        """
        with self._store.read() as c:
            made = find_earlier_request(self._context, c, self._caller.name, self._key, self._body)
        # A repeated request is answered first, because the first one deleted its upload.
        return made if made is not None else self._create()

    def _create(self) -> str:
        # Check everything that may be refused before the uploaded bytes are stored.
        filename, source = self._origin()
        own = folder_of(filename) if self._body.unpack else filename
        name = check_name(self._body.name if isinstance(self._body.name, str) else own)
        with self._store.read() as c:
            self._replaced(c, name)
        blob = None
        if isinstance(upload := self._body.source, UploadSource):
            uploads = self._context.uploads
            blob = uploads.finish(self._caller.name, upload.upload, upload.sha256)[1]
        with self._store.write() as c:
            made = find_earlier_request(self._context, c, self._caller.name, self._key, self._body)
            # Of two equal requests at the same time, the second finds the first one's key here.
            if made is None:
                made = self._replaced(c, name) or self._store.datasets.create(
                    c, self._caller.name, name=name, description=self._body.description
                )
                # The bytes of an upload are stored already; the dispatcher fetches all others.
                version = self._version(c, made, filename, source)
                if blob is not None:
                    version |= {"digest": blob.digest, "size_bytes": blob.size_bytes}
                self._store.datasets.add_version(c, self._caller.name, version)
                store_idempotency_key(
                    self._context, c, self._caller.name, self._key, self._body, made
                )
        return made

    def _origin(self) -> tuple[str, str]:
        """Return the name of the file to import, and its path or address ("" for an upload)."""
        source = self._body.source
        if isinstance(source, UploadSource):
            return self._context.uploads.get(self._caller.name, source.upload).filename, ""
        if isinstance(source, FileSource):
            real = self._context.files.locate(source.path, "source.path")
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
        allowed = AllowedHosts.parse(self._context.settings.allowed_private_hosts)
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
        """Return the ID of the dataset to replace, or None if the name is free."""
        names = self._store.datasets.names(c, self._caller.name)
        # Only an equal name means the same dataset. `check_free` refuses one that looks the same.
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
            "allowed_hosts": list(self._context.settings.allowed_private_hosts),
            "bytes_done": 0,
            # What leads from a run to a dataset may lead to an automation's loop.
            "run_id": self._store.attempts.run_of(c, self._caller.name, self._caller.attempt_id),
            "created_at": datetime.now(UTC),
        }


class DatasetService(Service):
    """Named datasets with immutable versions."""

    noun = "datasets"

    @operation("GET", "/datasets", scope="datasets:read")
    def list(
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        search: str = "",
        project: str = "",
    ) -> Page[Dataset]:
        """List datasets, newest first."""
        # Remove links of datasets that another server or a shell has deleted.
        self._context.links.sweep()
        with self._store.read() as c:
            of = filter_project(self._store, c, caller, project)
            datasets = self._store.datasets.page(c, caller.name, limit + 1, after, search, of)
        return page_of([self._linked(d) for d in datasets], limit)

    @operation("POST", "/datasets", scope="datasets:write", status=201)
    @pin_blobs
    def create(self, caller: Caller, body: NewDataset, idempotency_key: str = "") -> Dataset:
        """Create a dataset from an upload, a file or an address.

        The dataset is returned in state *importing*. Its bytes are fetched and read in the
        background. With `replace`, the bytes become a new version of the dataset with that name.
        """
        self._context.retire_idle_dispatcher()
        made = ImportRequest(self._context, caller, body, idempotency_key).ask_for()
        if isinstance(body.source, UploadSource):  # the version's row now keeps the bytes
            self._context.uploads.delete(caller.name, body.source.upload)
        self._context.ensure_dispatcher()
        return self.get(caller, made)

    @operation("GET", "/datasets/{dataset}", scope="datasets:read")
    def get(self, caller: Caller, dataset: str) -> Dataset:
        """Show a dataset, by ID or name."""
        self._context.watch()
        with self._store.read() as c:
            record = self._store.datasets.find(c, caller.name, dataset)
        return self._linked(record)

    def _linked(self, dataset: Dataset) -> Dataset:
        """Return the dataset with the path of its link below the root directory.

        Links to the dataset are created in all configured folders if they are missing.
        """
        folders = self._context.settings.link_folders
        # A shell has the whole machine as root, so no folder is the place for links.
        if not self._context.files.is_served or not folders or not self._is_shown(dataset):
            return dataset
        try:
            self._context.links.link_everywhere(dataset.id)
        except Conflict as error:
            notice = self._context.files.spoken_in(error.reason)
            return msgspec.structs.replace(dataset, notice=notice)
        return msgspec.structs.replace(dataset, resource=f"{folders[0]}/{dataset.id}")

    def _is_shown(self, dataset: Dataset) -> bool:
        if dataset.current.state == "ready" or dataset.current.number == 1:
            return dataset.current.state == "ready"
        with self._store.read() as c:
            return self._store.datasets.newest_ready(c, dataset.id) is not None

    @operation("PATCH", "/datasets/{dataset}", scope="datasets:write")
    def update(self, caller: Caller, dataset: str, body: DatasetPatch) -> Dataset:
        """Rename a dataset or change its description.

        Raises:
            StaleWrite: another request changed the dataset.
        """
        changes = given_fields(body)
        seen = changes.pop("revision")
        if "name" in changes:
            changes["name"] = check_name(changes["name"])
        with self._store.write() as c:
            changed = self._store.datasets.update(c, caller.name, dataset, seen, **changes)
        return self.get(caller, changed.id)

    @operation("DELETE", "/datasets/{dataset}", scope="datasets:write", status=204)
    def delete(self, caller: Caller, dataset: str, force: bool = False) -> None:
        """Delete a dataset.

        Fails while a workflow or an unfinished run uses it, unless `force` is set. Runs keep their
        records and the bytes that they use. Unreferenced bytes are deleted in the background.

        Raises:
            InUse: a workflow or an unfinished run uses the dataset.
        """
        record = self.get(caller, dataset)
        if not force:
            with self._store.read() as c:
                live = [f"run {number}" for number in self._store.datasets.live_runs(c, record)]
            check_unused(self._context, record.name, workflows_using(self._context, record), live)
        # On a full disk, even deleting needs space: release the reserve.
        self._store.reserve.spend()
        with self._store.write() as c:
            self._store.datasets.delete(c, record)
            # The dispatcher then collects unreferenced bytes at once.
            self._store.facts.set_collect_at(c)
        self._context.links.unlink(record.id)
        self._context.ensure_dispatcher()

    @operation("GET", "/datasets/{dataset}/versions", scope="datasets:read")
    def versions(self, caller: Caller, dataset: str) -> Page[DatasetVersion]:
        """List the versions of a dataset, newest first."""
        record = self.get(caller, dataset)
        with self._store.read() as c:
            return Page(self._store.datasets.versions(c, record.id))

    @operation("GET", "/datasets/{dataset}/preview", scope="datasets:read")
    def preview(  # noqa: PLR0913, PLR0917  these are the query's parameters
        self,
        caller: Caller,
        dataset: str,
        offset: int = 0,
        limit: int = 100,
        version: int = 0,
        column_offset: int = 0,
        sheet: str = "",
        sort: str = "",
    ) -> TablePage:
        """Show rows of a table with their column types.

        Only readable tables have a preview. A page has at most 500 columns, from `column_offset`
        on. `sheet` selects a sheet of an Excel file; the default is the first. `sort` is the column
        by which all rows are sorted; a - before its name reverses the order.
        """
        table = self._table(self._ready_version(caller, dataset, version), sheet)
        return self._context.tables.page(
            table, offset, limit, sort=sort, column_offset=column_offset
        )

    @operation("GET", "/datasets/{dataset}/profile", scope="datasets:read")
    def profile(
        self,
        caller: Caller,
        dataset: str,
        version: int = 0,
        sample: bool = False,
        column_offset: int = 0,
        sheet: str = "",
    ) -> Profile:
        """Show statistics and a chart for each column.

        `sample` reads only a sample and answers at once. A page has at most 500 columns, from
        `column_offset` on. `sheet` selects a sheet of an Excel file; the default is the first.
        """
        table = self._table(self._ready_version(caller, dataset, version), sheet)
        return self._context.tables.profile(table, sample=sample, column_offset=column_offset)

    @operation("GET", "/datasets/{dataset}/compare", scope="datasets:read")
    def compare(self, caller: Caller, dataset: str, old: int = 0, new: int = 0) -> Comparison:
        """Compare two versions; by default the newest two.

        For tables, the result has all columns with their old and new statistics. For folders, it
        lists the files that differ.
        """
        record = self.get(caller, dataset)
        second = self._ready_version(caller, record.id, new)
        first = self._ready_version(caller, record.id, old or self._previous_number(second))
        # Equal bytes need no profiles, which are slow for large tables.
        if first.digest == second.digest:
            return Comparison(first, second, same=True)
        folders = [version.digest.startswith("tree:") for version in (first, second)]
        if all(folders):
            changes = compare_files(self._contents(first), self._contents(second))
            listed = changes[:MAX_FILES]
            return Comparison(first, second, same=False, files=listed, file_changes=len(changes))
        if any(folders):
            return Comparison(first, second, same=False, note=because("folder-not-compared"))
        try:
            profiles = [
                self._context.tables.whole_profile(self._table(version))
                for version in (first, second)
            ]
        except Invalid as error:
            return Comparison(first, second, same=False, note=error.reason)
        return Comparison(first, second, same=False, columns=compare_columns(*profiles))

    def _previous_number(self, version: DatasetVersion) -> int:
        with self._store.read() as c:
            others = self._store.datasets.versions(c, version.dataset_id)
        earlier = [o.number for o in others if o.number < version.number and o.state == "ready"]
        if not earlier:
            raise NotFound(f"There is no version before {version.number} to compare it with.")
        return earlier[0]

    def _contents(self, version: DatasetVersion) -> dict[str, Content]:
        files = self._context.blobs.tree(version.digest).files
        return {entry.path: Content(entry.digest, entry.size_bytes) for entry in files}

    @operation(
        "POST", "/datasets/{dataset}/notebook", scope="datasets:write", status=201, files="writes"
    )
    def notebook(self, caller: Caller, dataset: str, body: NewNotebook) -> MadeFile:
        """Create a notebook whose first cell opens the dataset.

        Raises:
            NotFound: the folder does not exist.
        """
        record = self.get(caller, dataset)
        version = self._ready_version(caller, record.id, 0)
        folder = self._context.files.locate(body.folder or ".", "folder")
        if not folder.is_dir():
            raise NotFound(f"There is no folder {body.folder[:200]}.")
        # Never overwrite a notebook: use the first free name.
        stem = safe_filename(record.name).rsplit(".", 1)[0]
        place = next(
            p
            for n in range(10_000)
            if not (p := folder / f"{stem}{f'-{n}' if n else ''}.ipynb").exists()
        )
        with self._store.read() as c:
            table = self._store.datasets.table(c, version.id)
        text = opening_notebook(record.name, record.id, version.filename, version.format, table)
        write_whole(place, text.encode())
        return MadeFile(self._context.files.shown(place))

    def content(self, caller: Caller, dataset: str, version: int = 0) -> DownloadRequest:
        """Return which bytes to download for a version of a dataset, by default the current one."""
        ready_version = self._ready_version(caller, dataset, version)
        return DownloadRequest(ready_version.digest, ready_version.filename)

    def _table(self, version: DatasetVersion, sheet: str = "") -> TableFile:
        from nbyard.tabular import TableFile

        path = self._context.blobs.path(version.digest)
        with self._store.read() as c:
            info = self._store.datasets.table(c, version.id)
        if sheet and info is not None and sheet != info.sheet:
            info = None  # the stored information describes the first sheet
        return TableFile(path, version.filename, version.digest, sheet, info)

    def _ready_version(self, caller: Caller, dataset: str, number: int) -> DatasetVersion:
        check_count(number, "version")
        record = self.get(caller, dataset)
        with self._store.read() as c:
            version = (
                self._store.datasets.version(c, caller.name, record.id, number)
                if number
                # While a new version is imported or after it failed, the version before is used.
                else self._store.datasets.newest_ready(c, record.id)
            )
        if version is None or version.state == "failed":
            reason = version.reason if version else record.current.reason
            if reason is None:
                raise NotFound(
                    f"The requested version of '{record.name}' does not exist or is not ready."
                )
            raise NotFound(
                f"The requested version of '{record.name}' does not exist or is not ready. {reason}"
            )
        if version.state != "ready":
            raise Conflict(f"'{record.name}' is still importing.")
        return version
