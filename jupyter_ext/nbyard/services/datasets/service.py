"""Service operations on datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from nbyard.domain.datasets.structs import (
    Dataset,
    DatasetPatch,
    DatasetVersion,
    MadeFile,
    NewDataset,
    NewNotebook,
    UploadSource,
)
from nbyard.domain.datasets.table_descriptions import Profile, TablePage
from nbyard.domain.naming.names import check_name, safe_filename
from nbyard.domain.notebooks.writer import opening_notebook
from nbyard.domain.paging import Page, check_count, check_limit, page_of
from nbyard.errors import Conflict, Invalid, NotFound
from nbyard.host.project_files import write_whole
from nbyard.reasons.structs import because
from nbyard.services.datasets.imports import ImportRequest
from nbyard.services.operation import operation
from nbyard.services.patches import given_fields
from nbyard.services.project_filter import filter_project
from nbyard.services.service_context import ServiceContext, pin_blobs
from nbyard.services.workflows.dependents import check_unused, workflows_using

if TYPE_CHECKING:
    from nbyard.tabular import TableFile


class DatasetService:
    """Named datasets with immutable versions."""

    noun = "datasets"

    def __init__(self, parts: ServiceContext):
        self._parts = parts
        self._store = parts.store

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
        check_limit(limit)
        # Remove links of datasets that another server or a shell has deleted.
        self._parts.links.sweep()
        with self._store.read() as c:
            of = filter_project(self._store, c, caller, project)
            datasets = self._store.datasets.page(c, caller.name, limit + 1, after, search, of)
        return page_of([self._linked(d) for d in datasets], limit, lambda d: d.id)

    @operation("POST", "/datasets", scope="datasets:write", status=201)
    @pin_blobs
    def create(self, caller: Caller, body: NewDataset, idempotency_key: str = "") -> Dataset:
        """Create a dataset from an upload, a file or an address.

        The dataset is returned in state *importing*. Its bytes are fetched and read in the
        background. With `replace`, the bytes become a new version of the dataset with that name.
        """
        self._parts.retire_idle_dispatcher()
        made = ImportRequest(self._parts, caller, body, idempotency_key).ask_for()
        if isinstance(body.source, UploadSource):  # the version's row now keeps the bytes
            self._parts.uploads.delete(caller.name, body.source.upload)
        self._parts.ensure_dispatcher()
        return self.get(caller, made)

    @operation("GET", "/datasets/{dataset}", scope="datasets:read")
    def get(self, caller: Caller, dataset: str) -> Dataset:
        """Show a dataset, by ID or name."""
        self._parts.watch()
        with self._store.read() as c:
            record = self._store.datasets.find(c, caller.name, dataset)
        return self._linked(record)

    def _linked(self, dataset: Dataset) -> Dataset:
        """Return the dataset with the path of its link below the root directory.

        Links to the dataset are created in all configured folders if they are missing.
        """
        folders = self._parts.settings.link_folders
        # A shell has the whole machine as root, so no folder is the place for links.
        if not self._parts.files.is_served or not folders or not self._is_shown(dataset):
            return dataset
        try:
            self._parts.links.link_everywhere(dataset.id)
        except Conflict as error:
            notice = self._parts.files.spoken_in(error.reason)
            return msgspec.structs.replace(dataset, notice=notice)
        return msgspec.structs.replace(dataset, resource=f"{folders[0]}/{dataset.id}")

    def _is_shown(self, dataset: Dataset) -> bool:
        """Return whether a version of the dataset is ready, be it the current or an earlier one."""
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
            check_unused(self._parts, record.name, workflows_using(self._parts, record), live)
        # On a full disk, even deleting needs space: release the reserve.
        self._store.reserve.spend()
        with self._store.write() as c:
            self._store.datasets.delete(c, record)
            # The dispatcher then collects unreferenced bytes at once.
            self._store.facts.set_collect_at(c)
        self._parts.links.unlink(record.id)
        self._parts.ensure_dispatcher()

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
    ) -> TablePage:
        """Show rows of a table with their column types.

        Only readable tables have a preview. A page has at most 500 columns, from `column_offset`
        on. `sheet` selects a sheet of an Excel file; the default is the first.
        """
        check_limit(limit)
        check_count(offset, "offset")
        check_count(column_offset, "column_offset")
        table = self._table(self._ready_version(caller, dataset, version), sheet)
        return self._parts.tables.page(table, offset, limit, column_offset=column_offset)

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
        check_count(column_offset, "column_offset")
        table = self._table(self._ready_version(caller, dataset, version), sheet)
        return self._parts.tables.profile(table, sample=sample, column_offset=column_offset)

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
                self._parts.tables.whole_profile(self._table(version))
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
        files = self._parts.blobs.tree(version.digest).files
        return {entry.path: Content(entry.digest, entry.size_bytes) for entry in files}

    @operation("POST", "/datasets/{dataset}/notebook", scope="datasets:write", status=201)
    def notebook(self, caller: Caller, dataset: str, body: NewNotebook) -> MadeFile:
        """Create a notebook whose first cell opens the dataset.

        Raises:
            NotFound: the folder does not exist.
        """
        record = self.get(caller, dataset)
        version = self._ready_version(caller, record.id, 0)
        folder = self._parts.files.locate(body.folder or ".", "folder")
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
        return MadeFile(self._parts.files.shown(place))

    def content(self, caller: Caller, dataset: str, version: int = 0) -> DownloadRequest:
        """Return which bytes to download for a version of a dataset, by default the current one."""
        ready_version = self._ready_version(caller, dataset, version)
        return DownloadRequest(ready_version.digest, ready_version.filename)

    def _table(self, version: DatasetVersion, sheet: str = "") -> TableFile:
        from nbyard.tabular import TableFile

        path = self._parts.blobs.path(version.digest)
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
