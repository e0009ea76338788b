"""Service operations on artifacts, the stored outputs of tasks."""

from __future__ import annotations

from nbyard.blobs import DownloadRequest
from nbyard.domain.callers import Caller
from nbyard.domain.datasets.table_descriptions import TablePage
from nbyard.domain.naming.names import safe_filename
from nbyard.domain.naming.unique_names import check_run_name, next_name
from nbyard.domain.paging import Page, page_of
from nbyard.domain.runs.named_artifacts import (
    NamedArtifact,
    SuggestedName,
    named_artifact,
    names_in_folder,
)
from nbyard.domain.runs.structs import Artifact
from nbyard.errors import NameTaken
from nbyard.freezing.artifact_files import file_named, files_named
from nbyard.freezing.runs.run_creation import check_run_name_free
from nbyard.services.operation import operation
from nbyard.services.requests import filter_project
from nbyard.services.service_context import Service

# Counting the rows of a larger file would delay the first page.
COUNTED_BYTES = 64 * 2**20


class ArtifactService(Service):
    """Stored files with their origin. `GET /artifacts/{artifact}/content` returns the bytes."""

    noun = "artifacts"

    @operation("GET", "/artifacts", scope="runs:read")
    def list(
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        search: str = "",
        project: str = "",
        executable: str = "",
    ) -> Page[NamedArtifact]:
        """List the named artifacts, newest first; `executable` is an ID, a name or a file.

        Each artifact holds the outputs of one executable's run that was started under this name.
        """
        store = self._context.store
        with store.read() as c:
            # One row more than the limit shows whether there is a next page.
            of = filter_project(store, c, caller, project)
            if executable:
                path = str(self._context.files.real_path_of(executable))
                executable = store.executables.find(c, caller.name, executable, path).id
            runs = store.runs.page(
                *(c, caller.name, limit + 1, after),
                search=search,
                single="named",
                project=of,
                executable=executable,
            )
            files = store.artifacts.of_runs(c, [run.id for run in runs])
        named = [named_artifact(run, files[run.id]) for run in runs]
        return page_of(named, limit, lambda artifact: artifact.run_id)

    @operation("GET", "/artifact-suggestions", scope="runs:read")
    def suggest(self, caller: Caller, name: str) -> SuggestedName:
        """Suggest a free name for a new artifact.

        Returns `name` itself if it is free, else the next free name with a number.
        """
        wanted = check_run_name(name)
        store = self._context.store
        with store.read() as c:
            try:
                check_run_name_free(store, c, caller.name, wanted)
            except NameTaken as taken:
                names = store.runs.names(c, caller.name)
                return SuggestedName(next_name(names.values(), wanted), taken.message)
        return SuggestedName(wanted)

    @operation("GET", "/artifacts/{artifact}", scope="runs:read")
    def get(self, caller: Caller, artifact: str) -> Artifact:
        """Show one file of an artifact.

        `artifact` is the file's ID, `NAME.OUTPUT`, or `NAME` if the artifact has only one file.
        """
        with self._context.store.read() as c:
            return file_named(self._context.store, c, caller.name, artifact)

    @operation("GET", "/artifacts/{artifact}/preview", scope="runs:read")
    def preview(  # noqa: PLR0913, PLR0917  these are the query's parameters
        self,
        caller: Caller,
        artifact: str,
        offset: int = 0,
        limit: int = 100,
        column_offset: int = 0,
        sheet: str = "",
        sort: str = "",
    ) -> TablePage:
        """Show rows of a table with their column types.

        Only readable tables have a preview. A page has at most 500 columns, from `column_offset`
        on. `sheet` selects a sheet of an Excel file; the default is the first. `sort` is the column
        by which all rows are sorted; a - before its name reverses the order.
        """
        file = self.get(caller, artifact)
        table = self._context.table(file.digest, file.filename, sheet)
        # The first page of a small table also shows its number of rows.
        if not offset and file.size_bytes <= COUNTED_BYTES:
            self._context.tables.info(table, count=True)
        return self._context.tables.page(
            table, offset, limit, sort=sort, column_offset=column_offset
        )

    def content(self, caller: Caller, artifact: str) -> DownloadRequest:
        """Return which bytes to download: one file, or all files of a named artifact."""
        with self._context.store.read() as c:
            files = files_named(self._context.store, c, caller.name, artifact)
        if len(files) == 1:
            return DownloadRequest(files[0].digest, files[0].filename)
        members = [
            DownloadRequest(file.digest, place) for place, file in names_in_folder(files).items()
        ]
        return DownloadRequest("", safe_filename(artifact), tuple(members))
