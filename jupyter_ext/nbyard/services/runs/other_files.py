"""Service operations on files that tasks wrote without declaring them as outputs."""

from __future__ import annotations

from pathlib import Path

from nbyard.blobs import DownloadRequest
from nbyard.domain.attempts.other_files import OtherFile, OtherFileList, OtherFiles
from nbyard.domain.callers import Caller
from nbyard.domain.datasets.table_descriptions import TablePage
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.naming.names import safe_filename
from nbyard.domain.paging import check_count, check_limit
from nbyard.domain.runs.structs import Task
from nbyard.errors import NotFound
from nbyard.services.operation import operation
from nbyard.services.runs.clean_up import RunCleanUps


class RunFiles(RunCleanUps):
    """The part of the run service that returns other files.

    `GET /runs/{run}/tasks/{node}/files/content?path=…` returns the bytes.
    """

    @operation("GET", "/runs/{run}/tasks/{node}/files", scope="runs:read")
    def files(self, caller: Caller, run: str, node: str) -> OtherFileList:
        """List the files that a task wrote beside its outputs.

        They come from the last attempt. A cached task has the files of the task whose result it
        uses.
        """
        task = self._task(caller, run, node, 0)
        others = task.other_files or OtherFiles()
        folder = self._folder(caller, task) if others.count else ""
        return OtherFileList(self._kept(task), others.left_out, others.more, folder)

    @operation("GET", "/runs/{run}/tasks/{node}/files/preview", scope="runs:read")
    def preview(  # noqa: PLR0913, PLR0917  these are the query's parameters
        self,
        caller: Caller,
        run: str,
        node: str,
        path: str,
        offset: int = 0,
        limit: int = 100,
        column_offset: int = 0,
        sheet: str = "",
    ) -> TablePage:
        """Show rows of a table among the other files of a task.

        A page has column types and at most 500 columns, from `column_offset` on. `sheet` selects a
        sheet of an Excel file; the default is the first.
        """
        check_count(offset, "offset")
        check_count(column_offset, "column_offset")
        file = self._file(caller, run, node, path)
        table = self._parts.table(file.digest, Path(file.path).name, sheet)
        limit = check_limit(limit)
        return self._parts.tables.page(table, offset, limit, column_offset=column_offset)

    def file(self, caller: Caller, run: str, node: str, path: str) -> DownloadRequest:
        """Return which bytes to download: one file, or all files as a folder if `path` is empty.

        Raises:
            NotFound: The task has no such files.
        """
        if not path:
            task = self._task(caller, run, node, 0)
            if task.other_files is None or not task.other_files.digest:
                raise NotFound(f"'{node[:80]}' has no other files.")
            return DownloadRequest(task.other_files.digest, safe_filename(f"{node}-files"))
        file = self._file(caller, run, node, path)
        return DownloadRequest(file.digest, Path(file.path).name)

    def _file(self, caller: Caller, run: str, node: str, path: str) -> OtherFile:
        for file in self._kept(self._task(caller, run, node, 0)):
            if file.path == path:
                return file
        raise NotFound(f"'{node[:80]}' has no other file '{path[:200]}'.")

    def _kept(self, task: Task) -> list[OtherFile]:
        if task.other_files is None or not task.other_files.digest:
            return []
        tree = self._parts.blobs.tree(task.other_files.digest)
        return [OtherFile(file.path, file.digest, file.size_bytes) for file in tree.files]

    def _folder(self, caller: Caller, task: Task) -> str:
        """Return the folder of the task's code, as this server shows it.

        Return "" if the executable's file is unknown now, or is not the one that the task ran.
        """
        with self._store.read() as c:
            version = self._store.executables.version(c, task.executable_version_id)
            known = self._store.executables.get(c, caller.name, task.executable_id)
        if version is None or known is None or not known.path:
            return ""
        own, path = (
            split_function_path(version.file).file,
            Path(split_function_path(known.path).file),
        )
        # The executable may follow a moved file, whose folder is not the one of the task.
        if not path.as_posix().endswith(f"/{own}"):
            return ""
        # The file `src/train.py` of a bundle lies one folder below the folder to return.
        return self._parts.files.without_root(str(path.parents[own.count("/")]))
