"""Service operations on runs that show what nodes produced, for small cards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from nbyard.domain.callers import Caller
from nbyard.domain.datasets.previews import FilePreview
from nbyard.domain.runs.previews.node_results import (
    NodePreview,
    PreviewPage,
    StoredFile,
    files_for_part,
    needed_parts,
    preview_of,
    stored_file,
)
from nbyard.domain.runs.structs import BytesOf
from nbyard.errors import Invalid, NotFound
from nbyard.services.operation import operation
from nbyard.services.runs import attempt_views as views
from nbyard.services.runs.attempts import RunAttempts
from nbyard.services.service_context import ServiceContext

if TYPE_CHECKING:
    from nbyard.domain.runs.structs import Attempt, Run
    from nbyard.store import Connection
    from nbyard.store.runs.tasks import SucceededTask
    from nbyard.tabular import TableFile

# A request makes previews for at most this long. The client asks for the others later.
SECONDS = 2.0
# A file whose reading failed for now is not read again for this long, so that a slow file leaves
# time for others. Of unreadable content, the empty preview is stored.
AGAIN_SECONDS = 60.0
MAX_FAILED = 10_000
MOST_METRICS = 100
TASKS_AT_ONCE = 1_000  # databases limit the values of a statement
EMPTY = FilePreview()
Metrics = dict[str, float | str]


class RunPreviews(RunAttempts):
    """The part of the run service that previews results.

    `GET /runs/{run}/pictures/{digest}` returns a small picture.
    """

    def __init__(self, context: ServiceContext):
        super().__init__(context)
        self._making = threading.Lock()
        self._failed: dict[StoredFile, float] = {}

    @operation("GET", "/runs/{run}/previews", scope="runs:read")
    def previews(
        self, caller: Caller, run: str, limit: int = 500, after: str = "", nodes: str = ""
    ) -> PreviewPage:
        """Show what the nodes of a run produced, for small cards.

        The page has finished tasks in the order of the graph, after the node `after`. The first
        page also has the dataset nodes. `nodes` limits it to these nodes, separated by commas. A
        preview is made once for the same bytes; a request waits a few seconds at most. Nodes
        without any result to show are left out.
        """
        wanted = [node for node in nodes.split(",") if node]
        with self._store.read() as c:
            record = self._find(c, caller, run)
            made = self._store.tasks.succeeded(c, record.id, limit + 1, after, wanted)
            shown = made[:limit]
            files = self._files_of(c, record, shown)
            if not after and not (wanted and files.keys() >= set(wanted)):
                data = self.datasets_of(c, record)
                files |= {n: [file] for n, file in data.items() if not wanted or n in wanted}
            digests = {file.digest for own in files.values() for file in own if file.is_model}
            rows = self._store.models
            packages = rows.of_outputs(c, caller.name, digests) if digests else {}
            newest = self._newest(c, caller, shown)
        folder = self._store.folder
        logged = {
            task.node: views.last_values(folder, newest[task.id])
            for task in shown
            if task.id in newest
        }
        end = time.monotonic() + SECONDS
        items: list[NodePreview] = []
        pending: list[str] = []
        for node, own in files.items():
            models = [packages[file.digest] for file in own if file.digest in packages]
            metrics = logged.get(node, [])
            named = needed_parts(metrics, models)
            if (parts := self._parts_of(own, named, lambda: time.monotonic() < end)) is None:
                pending.append(node)
                continue
            preview = preview_of(node, parts, metrics, models)
            if preview != NodePreview(node):
                items.append(preview)
        following = shown[-1].node if len(made) > limit else None
        return PreviewPage(items, pending, following)

    @operation("GET", "/runs/{run}/previews/{node}/{output}", scope="runs:read")
    def output_preview(self, caller: Caller, run: str, node: str, output: str) -> FilePreview:
        """Show the first rows of an output, for a connection.

        `node` is a task or a dataset node, whose output is `data`. An output that cannot be read
        has an empty preview.

        Raises:
            NotFound: the node has no such output.
        """
        with self._store.read() as c:
            record = self._find(c, caller, run)
            made = self._store.tasks.succeeded(c, record.id, 1, "", [node])
            files = self._files_of(c, record, made).get(node, [])
            if not made and (data := self.datasets_of(c, record).get(node)):
                files = [data]
        file = next((file for file in files if file.name == output), None)
        if file is None:
            raise NotFound(f"'{node[:80]}' has no output '{output[:80]}'.")
        return self._read(file) if file.may_be_shown else EMPTY

    def picture(self, caller: Caller, run: str, digest: str) -> bytes:
        """Return the small picture for a file of this run.

        Raises:
            NotFound: The run has no such file, or the file has no picture.
        """
        with self._store.read() as c:
            record = self._find(c, caller, run)
            # A digest alone gives no right to see bytes: the file must belong to the run.
            files = [
                stored_file(file) for file in self._store.artifacts.of_digest(c, record.id, digest)
            ]
            if not files_for_part(files, "picture"):
                data = self.datasets_of(c, record).values()
                files = [file for file in data if file.digest == digest]
        for file in files_for_part(files, "picture"):
            if self._read(file).picture:
                return self._context.tables.picture(self._table(file))
        raise NotFound(f"This run has no picture '{digest[:80]}'.")

    def _files_of(
        self, c: Connection, run: Run, tasks: Sequence[SucceededTask]
    ) -> dict[str, list[StoredFile]]:
        """Return the output files of each task, in the order of the tasks."""
        files: dict[str, list[StoredFile]] = {task.node: [] for task in tasks}
        for artifact in self._store.artifacts.of_run(c, run.id, [task.id for task in tasks]):
            files[artifact.node].append(stored_file(artifact))
        return files

    def datasets_of(self, c: Connection, run: Run) -> dict[str, StoredFile]:
        """Return the file of each dataset node, as it was an input of a task after the node."""
        tasks = self._store.tasks.states(c, run.id)
        files_by_node: dict[str, StoredFile] = {}
        for edge in self._store.runs.edges(c, run.id):
            # All edges from a dataset node pass the same file, so the first one is enough.
            if edge.source in tasks or edge.source in files_by_node or edge.target not in tasks:
                continue
            task = self._store.tasks.view(c, run.id, edge.target)
            data = task.inputs.get(edge.input) if task else None
            if isinstance(data, BytesOf):
                files_by_node[edge.source] = StoredFile(edge.output, data.filename, data.digest)
        return files_by_node

    def _newest(
        self, c: Connection, caller: Caller, tasks: Sequence[SucceededTask]
    ) -> dict[str, Attempt]:
        """Return the newest attempt of each task, by task ID.

        For a cached task, this is the newest attempt of the task whose result it uses.
        """
        cached = self._store.tasks.origins_of_cached(c, [task.id for task in tasks if task.cached])
        makers = {task.id: cached.get(task.id, task.id) for task in tasks}
        newest = self._store.attempts.newest_of(c, makers.values())
        without = [maker for maker in cached.values() if maker not in newest]
        newest |= self._store.attempts.newest_origin_attempts(c, caller.name, without)
        return {task_id: newest[maker] for task_id, maker in makers.items() if maker in newest}

    def _parts_of(
        self, files: Sequence[StoredFile], parts: Sequence[str], may_make: Callable[[], bool]
    ) -> dict[str, tuple[StoredFile, FilePreview]] | None:
        """Return the file for each part of a preview, such as `table`, with the file's preview.

        Return None if a file has no stored preview yet and cannot be read now.
        """
        files_by_part: dict[str, tuple[StoredFile, FilePreview]] = {}
        for part in parts:
            if part == "text" and files_by_part:
                break  # a text is shown only if there is nothing else
            for file in files_for_part(files, part):
                preview = self._known(file)
                if preview is None and may_make() and self._making.acquire(blocking=False):
                    # One request at a time makes previews, so that threads stay for the others.
                    try:
                        preview = self._read(file)
                    finally:
                        self._making.release()
                if preview is None:
                    return None
                if getattr(preview, part):
                    files_by_part[part] = (file, preview)
                    break
        return files_by_part

    def _table(self, file: StoredFile) -> TableFile:
        return self._context.table(file.digest, file.filename)

    def _known(self, file: StoredFile) -> FilePreview | None:
        """Return the stored preview of a file, None without one.

        The preview is empty if reading the file has failed lately.
        """
        if time.monotonic() < self._failed.get(file, 0.0):
            return EMPTY
        return self._context.tables.known_preview(self._table(file))

    def _read(self, file: StoredFile) -> FilePreview:
        """Return the preview of a file, reading the file if needed. It is empty if that fails."""
        known = self._known(file)
        if known is not None:
            return known
        try:
            return self._context.tables.preview(self._table(file))
        except (Invalid, NotFound, OSError):
            if len(self._failed) >= MAX_FAILED:
                self._failed.clear()
            self._failed[file] = time.monotonic() + AGAIN_SECONDS
            return EMPTY

    def _metrics(
        self, c: Connection, caller: Caller, run_ids: Sequence[str]
    ) -> dict[str, dict[str, Metrics]]:
        """Return the metrics of each node in these runs, by run ID."""
        made = self._store.tasks.succeeded_by_run(c, run_ids)
        read = self._read_metrics(c, caller, made)
        return {
            run_id: {task.node: task.metrics or read.get(task.id, {}) for task in own}
            for run_id, own in made.items()
        }

    def _read_metrics(
        self, c: Connection, caller: Caller, made: Mapping[str, Sequence[SucceededTask]]
    ) -> dict[str, Metrics]:
        """Read the metrics of tasks by task ID, except those that the store has already.

        A task without recorded metrics has the numbers of a JSON output. Outputs are read for two
        seconds; the tasks of others are left out.
        """
        end = time.monotonic() + SECONDS
        tasks = [task for own in made.values() for task in own if task.metrics is None]
        newest: dict[str, Attempt] = {}
        for start in range(0, len(tasks), TASKS_AT_ONCE):
            newest |= self._newest(c, caller, tasks[start : start + TASKS_AT_ONCE])
        read = {
            task_id: {each.name: each.value for each in last}
            for task_id, attempt in newest.items()
            if (last := views.last_values(self._store.folder, attempt, MOST_METRICS))
        }
        others = {task.id for task in tasks} - read.keys()
        of_runs = [run_id for run_id, own in made.items() if any(t.id in others for t in own)]
        for run_id, outputs in self._store.artifacts.of_runs(c, of_runs).items():
            for task in made[run_id]:
                own = [stored_file(output) for output in outputs if output.node == task.node]
                if task.id not in others or not self._failed.keys().isdisjoint(own):
                    continue
                parts = self._parts_of(own, ("metrics",), lambda: time.monotonic() < end)
                if parts is not None:
                    read[task.id] = {m.name: m.value for _, p in parts.values() for m in p.metrics}
        return read
