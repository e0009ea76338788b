"""Runs one notebook in one kernel with nbclient, and passes outputs on as they come.

Records numbers that a notebook reports with scrapbook's `glue` as metrics of the attempt.

`glue` displays each number as an output of its cell, in a format of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import importlib
import json
import logging
import os
import sys
import termios
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import nbformat  # noqa: TID253
from nbclient import NotebookClient  # noqa: TID253 - this module is itself imported late
from nbclient.exceptions import CellExecutionError, DeadKernelError  # noqa: TID253
from nbformat import from_dict as _from_dict  # noqa: TID253

from ..attempt_folder import AttemptFolder
from ..reasons import FROM_OUTSIDE, Reason, because, end_of, raised
from ..secret_masking import masks_of
from .kernel_imports import uses
from .spawned_kernel import KernelEnded, KernelMissing, StartedKernel, ended_at_start
from .specifications import installed_name

if TYPE_CHECKING:
    from .forked_kernel import ForkedKernel

# https://nteract-scrapbook.readthedocs.io/en/latest/usage-write.html
SCRAP = "application/scrapbook.scrap."


def record_scraps(folder: str, outputs: Iterable[dict[str, Any]]) -> None:
    """Record the numbers among the outputs of a cell as metrics of the attempt in a folder."""
    for name, value in numbers_of(outputs):
        from ..handoff.work_functions import record_metric

        record_metric(folder, name, value)


def numbers_of(outputs: Iterable[dict[str, Any]]) -> Iterator[tuple[str, float | str]]:
    """Yield the name and value of each number that `glue` displayed in these outputs.

    Other scraps are not metrics. They stay in the executed notebook only.
    """
    for output in outputs:
        for kind, scrap in (output.get("data") or {}).items():
            if not kind.startswith(SCRAP) or not isinstance(scrap, dict):
                continue
            # imported late: most notebooks need it in their kernel only
            from ..handoff.work_functions import MAX_METRIC_NAME, as_number

            name, value = scrap.get("name"), scrap.get("data")
            if not isinstance(name, str) or not 0 < len(name) <= MAX_METRIC_NAME:
                continue
            if isinstance(value, int | float) and not isinstance(value, bool):
                with suppress(ValueError):  # an integer that is too large must not fail the cell
                    yield name, as_number(value)


START_SECONDS = 120.0  # timeout for the kernel's first answer
SAVE_SHARE = 10  # the least pause between saves, as a multiple of the time a save takes
SAVE_SECONDS = 0.1  # least time between saves after cells
AUTOSAVE_SECONDS = 5.0  # least time between saves within a cell
MAX_STREAM = 8 * 1024 * 1024
MAX_MESSAGE = 1000
MAX_TRACEBACK = 200_000
MAX_NAME = 100
# Exit values with which papermill lets a notebook succeed, and the texts of None and False.
GOOD_EXITS = ("", "0", "None", "False")

# The inside of nbclient that `LoggingClient` relies on.
INSIDE = ("process_message", "output_hook_stack", "clear_before_next_output")

EMPTY: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
from_dict: Any = _from_dict
# nbclient's own log is no output of the work.
_log = logging.getLogger("nbclient")
_log.addHandler(logging.NullHandler())


# Skips the validation of messages, which takes longer than all other work on them.
# Another version that validates elsewhere is only slower.
with contextlib.suppress(ImportError):
    importlib.import_module("nbformat.v4.nbbase").validate = lambda *_: None  # type: ignore[attr-defined]
nbformat.validate = lambda *_, **__: None


class PlainClient(NotebookClient):
    """nbclient's own client.

    The session writes the outputs of each cell to the log after the cell.
    """

    session: Session
    passes_on = False


class LoggingClient(PlainClient):
    """A client that writes printed output to the log at once.

    In the notebook, the client joins consecutive pieces of a stream into one output and limits its
    size.
    """

    passes_on = True

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        """Handle a message from the kernel. Streams are written to the log at once."""
        self.session.save_within(AUTOSAVE_SECONDS)
        if msg["msg_type"] == "stream":
            text = msg["content"].get("text", "")
            _write(text)
            # An Output widget captures what is printed inside it.
            captured = self.output_hook_stack[msg["parent_header"].get("msg_id")]
            if not captured and self._append_to_last(
                cell.outputs, msg["content"].get("name", "stdout"), text
            ):
                return None
        elif msg["msg_type"] == "error":
            _write("\n".join(msg["content"].get("traceback", ())) + "\n")
        return super().process_message(msg, cell, cell_index)

    def _append_to_last(self, outputs: Any, name: str, text: str) -> bool:
        """Append the text to the cell's last output if that is the same stream.

        Return whether it is.
        """
        if self.clear_before_next_output or not outputs:
            return False
        last = outputs[-1]
        if last["output_type"] != "stream" or last["name"] != name:
            return False
        if len(last["text"]) < MAX_STREAM:
            last["text"] += text
            if len(last["text"]) >= MAX_STREAM:
                last["text"] += "\n[nbyard: more of this is in the log]\n"
        return True


def upgrade_notebook(text: str) -> dict[str, Any]:
    """Convert a notebook of an older format to format 4.

    Raises:
        ValueError: The text is not a notebook of that format. Missing parts raise other errors.
    """
    try:
        reader: Any = importlib.import_module("nbformat.reader")
        convert: Any = nbformat.convert
        return dict(convert(reader.reads(text), 4))
    except nbformat.ValidationError as error:
        raise ValueError(str(error)) from error


def client_for(kernel: str) -> Any:
    """Create a client of nbclient for the kernel with this name.

    The notebook is set later. The result is a `PlainClient` if nbclient's internals are not those
    that `LoggingClient` needs.
    """
    kind = LoggingClient if uses(NotebookClient, INSIDE) else PlainClient
    return kind(
        from_dict(EMPTY),
        kernel_name=kernel,
        allow_errors=False,
        timeout=None,
        log=_log,
        record_timing=True,
        coalesce_streams=False,
    )


def _write(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


class Session:
    """A notebook that runs in a kernel.

    `opened` is the result of `read_notebook`. `ready` has a kernel, its client and its language
    info, as far as they were prepared. Without a prepared kernel, the session spawns one.
    """

    def __init__(
        self,
        folder: AttemptFolder,
        task: dict[str, Any],
        opened: tuple[dict[str, Any], list[int | None]],
        ready: tuple[ForkedKernel | StartedKernel | None, Any, dict[str, Any] | None],
    ) -> None:
        notebook, self._places = opened
        kernel, client, self._language_info = ready
        self._folder = folder
        self._masks = masks_of(folder.path)
        self._directory = folder.inside(task.get("directory") or "code")
        self._wanted = task["work"].get("kernel") or "python3"
        language = (task["work"].get("language") or "").lower()
        self._language = language or "python"
        self._kernel = installed_name(self._wanted, language)
        self._named = self._kernel[:MAX_NAME]
        self._process: ForkedKernel | StartedKernel = kernel or self._spawned()
        self._notebook = from_dict(notebook)
        self._saved_at = time.monotonic()
        self._save_cost = 0.0
        self.saving: asyncio.TimerHandle | None = None
        self._starting: asyncio.Task[None] | None = None
        self._interrupting: asyncio.Future[None] | None = None
        self.interrupted = False
        self.has_exited = False
        self._closes = False
        self.cell: int | None = None
        self.client: Any = client or client_for(self._kernel)
        self.client.nb = self._notebook
        self.client.session = self
        self.client.on_cell_executed = self._note_end

    def _spawned(self) -> StartedKernel:
        return StartedKernel(self._kernel, self._language, self._directory, self._named)

    def progress(self, index: int) -> dict[str, int]:
        """Return the position of a cell for progress reports.

        The cell is number `index` of `of` in executed.ipynb, and number `cell` of `cells` in the
        source. A cell that is not in the source has no `cell`.
        """
        written = sum(place is not None for place in self._places)
        position = {"index": index, "of": len(self._places), "cells": written}
        place = self._places[index]
        return position if place is None else {**position, "cell": place}

    def log_bytes(self) -> int:
        """Return the size of the log, with the output that is still in the pipe to it."""
        waiting = bytearray(4)
        with suppress(OSError):  # without a supervisor, there is no log
            fcntl.ioctl(sys.stdout.fileno(), termios.FIONREAD, waiting)
            return int.from_bytes(waiting, sys.byteorder) + os.path.getsize(self._folder.at("log"))
        return 0

    def code_cells(self) -> list[int]:
        """Return the indexes of all code cells."""
        return [i for i, cell in enumerate(self._notebook.cells) if cell.cell_type == "code"]

    async def start(self) -> None:
        """Start the kernel and wait until it answers.

        Raises:
            KernelMissing: There is no kernel of that name, or it does not start.
            KernelEnded: The kernel was killed while it started.
        """
        self._starting = asyncio.ensure_future(self._start())
        await asyncio.wait({self._starting}, timeout=START_SECONDS)
        starting, self._starting = self._starting, None
        if starting.cancelled():
            raise KernelMissing(because("kernel-interrupted"))
        if not starting.done():
            starting.cancel()
            reason = because("kernel-silent", kernel=self._named, seconds=START_SECONDS)
            raise KernelMissing(reason)
        starting.result()

    async def _start(self) -> None:
        if self._kernel != self._wanted:
            _write(
                f"The kernel {self._wanted} is not installed: {self._kernel} runs the notebook.\n"
            )
        self.client.reset_execution_trackers()
        if self.client.kc is None:
            self._language_info = await self._process.connect(self.client)
        # A forked kernel may not fit an unknown version of ipykernel. A spawned one replaces it.
        if self._language_info is None and self._ended_by_itself():
            self._language_info = await self._connect_spawned()
        if self._language_info is None:
            raise KernelEnded(ended_at_start(self._named, self._process.exit_code))
        self._notebook.metadata["language_info"] = from_dict(self._language_info)

    def _ended_by_itself(self) -> bool:
        return -(self._process.exit_code or 0) not in FROM_OUTSIDE

    async def _connect_spawned(self) -> dict[str, Any]:
        """Start a spawned kernel in place of the forked one, and connect to it.

        Return its language info.
        """
        self._process, self.client.kc = self._spawned(), None
        return await self._process.connect(self.client)

    async def _replace_dead_kernel(self) -> bool:
        """Replace a forked kernel that died before it sent a message. Return whether it did."""
        # Only the client of a forked kernel has this attribute: a spawned kernel is not replaced.
        is_new = not getattr(self.client.kc, "has_received", True)
        if is_new and self._ended_by_itself() and not self.interrupted:
            self.client.kc.close()
            await self._connect_spawned()
            return True
        return False

    def interrupt(self) -> None:
        """Interrupt the running cell with KeyboardInterrupt and run no further cell."""
        self.interrupted = True
        if self._starting is not None:
            self._starting.cancel()
        elif not self._closes:  # a kernel that is interrupted during its shutdown would not end
            self._interrupting = asyncio.ensure_future(self._process.interrupt())

    async def run_cell(self, index: int) -> dict[str, Any] | None:
        """Run one cell.

        Return its failure, or None. Set `has_exited` if the cell ends the notebook.

        Raises:
            KernelEnded: The kernel died in the cell.
        """
        self.cell, cell = index, self._notebook.cells[index]
        try:
            cell.source.encode()  # jupyter_client refuses or replaces half of a surrogate pair
            await self.client.async_execute_cell(cell, index)
        except UnicodeEncodeError as error:
            return self._failure(index, CellExecutionError("", type(error).__name__, str(error)))
        except CellExecutionError as error:
            if error.ename != "SystemExit" or error.evalue not in GOOD_EXITS:
                return self._failure(index, error)
            self.has_exited = True
        except DeadKernelError:
            if await self._replace_dead_kernel():
                return await self.run_cell(index)
            raise KernelEnded(self._death()) from None
        finally:
            if not self.client.passes_on:
                for output in self._notebook.cells[index].get("outputs", ()):
                    _write(output.get("text", "") if output["output_type"] == "stream" else "")
                    _write("".join(f"{line}\n" for line in output.get("traceback", ())))
        self.cell = None
        return None

    def _note_end(self, *, cell: Any, execute_reply: dict[str, Any], **_: Any) -> None:
        """Record a cell's metrics, and whether the cell requested the kernel's end.

        `exit()` in IPython and R requests it with a payload in the reply:
        https://jupyter-client.readthedocs.io/en/stable/messaging.html#payloads-deprecated
        """
        record_scraps(self._folder.path, cell.get("outputs", ()))
        payload = execute_reply["content"].get("payload") or ()
        self.has_exited |= any(action.get("source") == "ask_exit" for action in payload)

    def _failure(self, index: int, error: CellExecutionError) -> dict[str, Any]:
        name, text = error.ename or "Error", (error.evalue or "").strip()
        line = f"{name}: {text}".splitlines()[0] if text else name
        traceback = ""
        for output in self._notebook.cells[index].outputs:
            if output["output_type"] == "error":
                traceback = "\n".join(output.get("traceback", ()))
        return {
            "kind": "error",
            "reason": raised(line[:MAX_MESSAGE]),
            **self.place(index),
            "error_name": name[:MAX_MESSAGE],
            "traceback": (traceback or error.traceback or "")[-MAX_TRACEBACK:],
        }

    def place(self, index: int | None = None) -> dict[str, Any]:
        """Return where a cell is: `cell` in the source, and `executed_cell` in executed.ipynb.

        The default is the running cell. The cell with the parameter values is not in the source.
        """
        index = self.cell if index is None else index
        if index is None:
            return {}
        place = self._places[index]
        source_cell = {} if place is None else {"cell": place}
        return {**source_cell, "executed_cell": index}

    def _death(self) -> Reason:
        cell, code = self.place().get("cell"), self._process.exit_code
        place = because("parameter-cell") if cell is None else because("cell", number=cell + 1)
        if code is None:
            return because("kernel-died", place=place)
        return because("kernel-died-by", place=place, end=end_of(code))

    def finish(self) -> None:
        """Add the state of widgets to the notebook after its last cell."""
        self.client.set_widgets_metadata()

    async def close(self, gracefully: bool) -> None:
        """Stop the kernel. With `gracefully`, let its exit handlers run first.

        The caller requests this only after a notebook that succeeded.
        """
        self._closes = True
        await self._process.end(self.client.kc, gracefully=gracefully)

    def save_within(self, seconds: float = SAVE_SECONDS) -> None:
        """Schedule a save of executed.ipynb for `seconds` after the last save.

        The pause is longer if saving takes long, so that the work is not slowed down.
        """
        due = self._saved_at + max(seconds, self._save_cost * SAVE_SHARE)
        if self.saving is not None:
            if self.saving.when() <= due:
                return
            self.saving.cancel()
        self.saving = asyncio.get_running_loop().call_at(due, self._save_meanwhile)

    def _save_meanwhile(self) -> None:
        with contextlib.suppress(OSError):  # only the last save must succeed
            self.save()

    def save(self) -> None:
        """Write executed.ipynb."""
        if self.saving is not None:
            self.saving.cancel()
            self.saving = None
        started = time.monotonic()
        masks, notebook = self._masks, self._notebook
        # One line per cell: indenting everything takes ten times as long.
        cells = ",\n".join(
            json.dumps(masks.cleaned(cell), ensure_ascii=False) for cell in notebook["cells"]
        )
        others = {name: masks.cleaned(value) for name, value in notebook.items() if name != "cells"}
        rest = json.dumps(others, ensure_ascii=False)[1:]
        temporary = self._folder.at("executed.ipynb.tmp")
        with open(temporary, "w", encoding="utf-8", errors="replace") as file:
            file.write(f'{{"cells": [\n{cells}\n],\n{rest}\n')
        os.replace(temporary, self._folder.at("executed.ipynb"))
        self._saved_at = time.monotonic()
        self._save_cost = self._saved_at - started
