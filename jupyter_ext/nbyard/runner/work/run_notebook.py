"""Runs the notebook of an attempt in its kernel, as task.json says.

This process is a child of the supervisor. It reports its progress through a pipe, one JSON object
per line.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..attempt_folder import AttemptFolder, BadTask
from ..kernels import kernel_imports
from ..reasons import Explained, because
from .inject_parameters import CannotInject, insert_values_cell
from .status_pipe import Report

if TYPE_CHECKING:
    from ..kernels.forked_kernel import ForkedKernel
    from ..kernels.spawned_kernel import StartedKernel

    # A kernel, its client and its language info, as far as they are there.
    Ready = tuple[ForkedKernel | StartedKernel | None, Any, dict[str, Any] | None]
    # A notebook, and the position of each of its cells in the source.
    Opened = tuple[dict[str, Any], list[int | None]]


class NotebookRefused(Explained):
    """The notebook cannot be run."""


# Unreadable files, broken JSON and damaged notebooks cause these errors. nbformat raises many of
# them for files that claim an old format but are no notebooks.
UNREADABLE = (
    OSError,
    ValueError,
    LookupError,
    NameError,
    TypeError,
    AttributeError,
    RecursionError,
)
UNFIT = (NotebookRefused, CannotInject, BadTask)


def main(path: str, descriptor: int, *, is_prepared: bool = False) -> int:
    """Run the notebook of the attempt in the folder `path`.

    Return the exit status. `descriptor` is the pipe for reports. `is_prepared` states whether the
    kernel can be forked.
    """
    report = Report(descriptor)
    folder = AttemptFolder(path)
    try:
        task = folder.task()
        opened = read_notebook(folder, task["work"])
        report.stage("kernel-start")
        kernel = None
        if is_prepared:
            from ..kernels.forked_kernel import ForkedKernel
            from ..kernels.specifications import is_forkable

            if is_forkable(task["work"].get("kernel") or "python3"):
                kernel = ForkedKernel(os.environ["JUPYTER_RUNTIME_DIR"])
        failure = asyncio.run(_run(folder, task, opened, report, kernel))
    except UNFIT as error:
        failure = preparation_failure(error)
    report.end(failure)
    return 0


def preparation_failure(error: Exception) -> dict[str, Any]:
    """Return the failure of an attempt that could not begin, for an error listed in `UNFIT`."""
    if isinstance(error, Explained):
        return {"kind": "preparation", "reason": error.reason}
    return {"kind": "preparation", "reason": because("task-unusable", problem=str(error))}


def read_notebook(
    folder: AttemptFolder, work: dict[str, Any]
) -> tuple[dict[str, Any], list[int | None]]:
    """Return the notebook with its parameter values and without outputs, and the cells' positions.

    A position is the cell's index in the source notebook, None for the inserted cell.

    Raises:
        NotebookRefused: The file cannot be read, or has an unknown format.
    """
    path = folder.inside(work["path"])
    try:
        # Some editors begin a file with a byte order mark, which JSON does not allow.
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
        notebook = json.loads(text)
        if notebook["nbformat"] < 4:
            try:  # only in memory: the file keeps its format
                notebook = kernel_imports.session().upgrade_notebook(text)
            except ImportError as error:
                raise NotebookRefused(because("notebooks-impossible", error=str(error))) from error
        metadata = notebook.setdefault("metadata", {})
        if notebook["nbformat"] != 4 or not isinstance(metadata, dict):
            raise NotebookRefused(because("notebook-format", path=work["path"]))
        cells = enumerate(notebook["cells"], 1)
        if mended := [str(place) for place, cell in cells if not {"metadata", "source"} <= {*cell}]:
            note = f"[nbyard: added missing metadata or source; cells: {', '.join(mended)}]\n"
            os.write(1, note.encode())
        for cell in notebook["cells"]:
            # some editors leave out what the format requires
            cell.setdefault("metadata", {})
            if isinstance(cell.setdefault("source", ""), list):
                cell["source"] = "".join(cell["source"])
            if cell["cell_type"] == "code":
                cell.update(outputs=[], execution_count=None)
        places = insert_values_cell(
            notebook, work.get("language") or "", folder.expand(work["parameters"])
        )
    except UNREADABLE as error:
        reason = because("notebook-unreadable", path=work["path"], error=str(error))
        raise NotebookRefused(reason) from error
    if work["parameters"]:
        # Tools that read executed notebooks find the parameters where papermill records them.
        notebook["metadata"]["papermill"] = {"parameters": folder.expand(work["parameters"])}
    return dict(notebook), places


async def _run(
    folder: AttemptFolder,
    task: dict[str, Any],
    opened: Opened,
    report: Report,
    kernel: ForkedKernel | None,
) -> dict[str, Any] | None:
    session = open_session(folder, task, opened, (kernel, None, None))
    StopRequests(session.interrupt)
    return await go_through(session, report)


def open_session(folder: AttemptFolder, task: dict[str, Any], opened: Opened, ready: Ready) -> Any:
    """Return a session for the notebook.

    `ready` has a prepared kernel, if there is one.

    Raises:
        NotebookRefused: nbclient is not installed.
    """
    try:
        return kernel_imports.session().Session(folder, task, opened, ready)
    except ImportError as error:
        raise NotebookRefused(because("notebooks-impossible", error=str(error))) from error


async def go_through(session: Any, report: Report) -> dict[str, Any] | None:
    """Start the kernel, run the notebook, and stop the kernel.

    Return the failure, or None.

    Raises:
        NotebookRefused: The kernel is not installed or does not start.
    """
    from ..kernels.spawned_kernel import KernelEnded, KernelMissing

    try:
        await session.start()
        report.stage("running")
        failure = await run_cells(session, report)
        if failure is None:
            session.finish()
    except KernelMissing as error:
        raise NotebookRefused(error.reason) from error
    except KernelEnded as error:
        failure = {"kind": "kernel-died", "reason": error.reason, **session.place()}
    session.save()
    await session.close(failure is None)
    return failure


class StopRequests:
    """Calls `call` for each SIGTERM or SIGINT.

    Unlike with the event loop's own signal handlers, `close` reports signals not handled yet.
    """

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._has_request = False
        self._read_end, self._write_end = os.pipe()
        for end in (self._read_end, self._write_end):
            os.set_blocking(end, False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        asyncio.get_running_loop().add_reader(self._read_end, self._listen)

    def _listen(self) -> None:
        os.read(self._read_end, 4096)
        self._has_request = True
        self._call()

    def close(self) -> bool:
        """Restore the default signal handlers. Return whether a request to stop had come."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.set_wakeup_fd(-1)
        asyncio.get_running_loop().remove_reader(self._read_end)
        was_asked = self._has_request or bool(select.select([self._read_end], [], [], 0)[0])
        for end in (self._read_end, self._write_end):
            os.close(end)
        return was_asked


async def run_cells(session: Any, report: Report) -> dict[str, Any] | None:
    """Run code cells until one fails or exits. Return the failure, or None."""
    session.save_within()
    cells = session.code_cells()
    for index in cells:
        started = time.monotonic()
        report.cell(session.progress(index) | {"log_bytes": session.log_bytes()}, "running")
        failure = await session.run_cell(index)
        is_last = failure is not None or session.has_exited or index == cells[-1]
        if not is_last:
            session.save_within()
        state, seconds = "failed" if failure else "done", time.monotonic() - started
        report.cell(session.progress(index), state, seconds)
        if failure:
            return dict(failure)
        if session.interrupted:
            reason = because("interrupted")
            return {"kind": "cancelled", "reason": reason, **session.place(index)}
        if session.has_exited:
            break
    return None
