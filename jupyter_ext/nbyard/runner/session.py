"""One notebook in one kernel: nbclient, with outputs sent on as they come."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from typing import Any

import nbformat  # noqa: TID253
from nbclient import NotebookClient  # noqa: TID253 - this module is itself imported late
from nbclient.exceptions import CellExecutionError, DeadKernelError  # noqa: TID253
from nbformat import from_dict as _from_dict  # noqa: TID253
from nbformat.v4 import nbbase  # noqa: TID253

from .folder import Folder
from .kernel import ForkedKernel, installed
from .masks import Masks, masks_of
from .started import KernelEnded, KernelMissing, StartedKernel
from .verdict import how

START_SECONDS = 120.0  # for a kernel to answer
SAVE_SHARE = 10  # times what saving took pass before it is done again
SAVE_SECONDS = 0.1  # between two times, after each cell
AUTOSAVE_SECONDS = 5.0  # between two times, within a cell
MAX_STREAM = 8 * 1024 * 1024
MAX_MESSAGE = 1000
MAX_TRACEBACK = 200_000
MAX_NAME = 100
# Texts of a SystemExit with which papermill lets a notebook succeed, and those of None and False.
GOOD_EXITS = ("", "0", "None", "False")

EMPTY: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
from_dict: Any = _from_dict
_reads: Any = nbformat.reader.reads
_convert: Any = nbformat.convert
# What a kernel sends is kept as it is: its check takes longer than all else that is done with it.
nbbase.validate = lambda *_: None
nbformat.validate = lambda *_, **__: None
_prepared: list[Any] = []
# What nbclient says about itself is no output of the work.
_log = logging.getLogger("nbclient")
_log.addHandler(logging.NullHandler())


class Client(NotebookClient):
    """Writes streams to our own output at once, merges them in the notebook and caps them there."""

    session: Session

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        self.session.save_within(AUTOSAVE_SECONDS)
        if msg["msg_type"] == "stream":
            text = msg["content"].get("text", "")
            _write(text)
            # An Output widget captures what is printed inside it.
            captured = self.output_hook_stack[msg["parent_header"].get("msg_id")]
            if not captured and self._joined(
                cell.outputs, msg["content"].get("name", "stdout"), text
            ):
                return None
        elif msg["msg_type"] == "error":
            _write("\n".join(msg["content"].get("traceback", ())) + "\n")
        return super().process_message(msg, cell, cell_index)

    def _joined(self, outputs: Any, name: str, text: str) -> bool:
        """Whether the text found its place in the last output."""
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


def upgraded(text: str) -> dict[str, Any]:
    """A notebook of an older format in format 4.

    Raises:
        ValueError: it is none of that format; or another error of what misses in it.
    """
    try:
        return dict(_convert(_reads(text), 4))
    except nbformat.ValidationError as error:
        raise ValueError(str(error)) from error


def client_for(notebook: Any, kernel: str) -> Any:
    return Client(
        notebook,
        kernel_name=kernel,
        allow_errors=False,
        timeout=None,
        log=_log,
        record_timing=True,
        coalesce_streams=False,
    )


def prepare() -> None:
    """Do now what would keep a notebook waiting."""
    _prepared.append(client_for(from_dict(EMPTY), ""))


def prepared_client(kernel: str) -> Any:
    """One that belongs to no notebook yet."""
    if not _prepared:
        return client_for(from_dict(EMPTY), kernel)
    client = _prepared.pop()
    client.kernel_name = kernel
    return client


def _write(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def _in_lines(notebook: dict[str, Any], masks: Masks) -> str:
    """JSON with a line for each cell: to indent all of it takes ten times as long."""
    cells = ",\n".join(
        json.dumps(masks.cleaned(cell), ensure_ascii=False) for cell in notebook["cells"]
    )
    rest = {name: masks.cleaned(value) for name, value in notebook.items() if name != "cells"}
    return f'{{"cells": [\n{cells}\n],\n{json.dumps(rest, ensure_ascii=False)[1:]}\n'


class Session:
    """The notebook, with the places of its cells in the source, and its kernel: forked or, if not,
    started; what is ready of it, its client and what it told, is there already."""

    def __init__(
        self,
        folder: Folder,
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
        self._kernel = installed(self._wanted, language)
        self._named = f"the kernel {self._kernel[:MAX_NAME]!r}"
        self._process: ForkedKernel | StartedKernel = kernel or StartedKernel(
            self._kernel, self._language, self._directory, self._named
        )
        self._notebook = from_dict(notebook)
        self._saved_at = time.monotonic()
        self._save_cost = 0.0
        self._saving: asyncio.TimerHandle | None = None
        self._starting: asyncio.Task[None] | None = None
        self._interrupting: asyncio.Future[None] | None = None
        self.interrupted = False
        self.has_exited = False
        self._closes = False
        self.cell: int | None = None
        self.client: Any = client or prepared_client(self._kernel)
        self.client.nb = self._notebook
        self.client.session = self
        self.client.on_cell_executed = self._note_exit

    def progress(self, index: int) -> dict[str, int]:
        """A cell in executed.ipynb (`index` of `of`) and, if it is one of those in the source,
        there (`cell` of `cells`)."""
        written = sum(place is not None for place in self._places)
        found = {"index": index, "of": len(self._places), "cells": written}
        place = self._places[index]
        return found if place is None else {**found, "cell": place}

    def code_cells(self) -> list[int]:
        return [i for i, cell in enumerate(self._notebook.cells) if cell.cell_type == "code"]

    async def start(self) -> None:
        """A kernel that answers.

        Raises:
            KernelMissing: no kernel of that name, or it does not come up.
            KernelEnded: it was killed meanwhile.
        """
        self._starting = asyncio.ensure_future(self._start())
        await asyncio.wait({self._starting}, timeout=START_SECONDS)
        starting, self._starting = self._starting, None
        if starting.cancelled():
            raise KernelMissing("interrupted while the kernel was started")
        if not starting.done():
            starting.cancel()
            raise KernelMissing(f"{self._named} did not answer within {START_SECONDS:.0f} s")
        starting.result()

    async def _start(self) -> None:
        if self._kernel != self._wanted:
            _write(
                f"The kernel {self._wanted} is not installed: {self._kernel} runs the notebook.\n"
            )
        self.client.reset_execution_trackers()
        if self.client.kc is None:
            self._language_info = await self._process.connect(self.client)
        if self._language_info is None:
            raise KernelEnded(f"{self._named} ended while it started{self._how()}")
        self._notebook.metadata["language_info"] = from_dict(self._language_info)

    def interrupt(self) -> None:
        """Asked to end: a running cell gets KeyboardInterrupt, and no further one is run."""
        self.interrupted = True
        if self._starting is not None:
            self._starting.cancel()
        elif not self._closes:  # a kernel that is interrupted while it ends would not end
            self._interrupting = asyncio.ensure_future(self._process.interrupt())

    async def run_cell(self, index: int) -> dict[str, Any] | None:
        """Run one cell; return what went wrong. `has_exited` is true when it ended the notebook.

        Raises:
            KernelEnded: the kernel did not survive it.
        """
        self.cell = index
        try:
            await self.client.async_execute_cell(self._notebook.cells[index], index)
        except CellExecutionError as error:
            if error.ename != "SystemExit" or error.evalue not in GOOD_EXITS:
                return self._failure(index, error)
            self.has_exited = True
        except DeadKernelError:
            raise KernelEnded(f"the kernel died{self._how()} in {self._named_cell()}") from None
        self.cell = None
        return None

    def _note_exit(self, *, execute_reply: dict[str, Any], **_: Any) -> None:
        """Note that the cell asked the kernel to end, as `exit()` does in IPython and R.

        Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#payloads-deprecated
        """
        payload = execute_reply["content"].get("payload") or ()
        self.has_exited |= any(one.get("source") == "ask_exit" for one in payload)

    def _failure(self, index: int, error: CellExecutionError) -> dict[str, Any]:
        name, text = error.ename or "Error", (error.evalue or "").strip()
        message = f"{name}: {text}".splitlines()[0] if text else name
        traceback = ""
        for output in self._notebook.cells[index].outputs:
            if output["output_type"] == "error":
                traceback = "\n".join(output.get("traceback", ()))
        return {
            "kind": "error",
            "message": message[:MAX_MESSAGE],
            **self.place(index),
            "error_name": name[:MAX_MESSAGE],
            "traceback": (traceback or error.traceback or "")[-MAX_TRACEBACK:],
        }

    def place(self, index: int | None = None) -> dict[str, Any]:
        """For a failure: the cell (or the running one) in the source and in executed.ipynb. The
        cell with the values is none of the source's."""
        index = self.cell if index is None else index
        if index is None:
            return {}
        place = self._places[index]
        found = {} if place is None else {"cell": place}
        return {**found, "executed_cell": index}

    def _named_cell(self) -> str:
        place = self.place().get("cell")
        return "the cell with the parameters' values" if place is None else f"cell {place + 1}"

    def _how(self) -> str:
        return how(self._process.exit_code)

    def finish(self) -> None:
        """The last cell has been run."""
        self.client.set_widgets_metadata()

    async def close(self, kindly: bool) -> None:
        """End the kernel; after success it may run what was registered for its exit."""
        self._closes = True
        await self._process.end(self.client.kc, kindly=kindly)

    def save_within(self, seconds: float = SAVE_SECONDS) -> None:
        """Replace executed.ipynb so long after the last time, or later where that costs much
        compared to the work."""
        due = self._saved_at + max(seconds, self._save_cost * SAVE_SHARE)
        if self._saving is not None:
            if self._saving.when() <= due:
                return
            self._saving.cancel()
        self._saving = asyncio.get_running_loop().call_at(due, self._save_meanwhile)

    def _save_meanwhile(self) -> None:
        with contextlib.suppress(OSError):  # the last time it matters
            self.save()

    def save(self) -> None:
        """Replace executed.ipynb."""
        if self._saving is not None:
            self._saving.cancel()
            self._saving = None
        started = time.monotonic()
        temporary = self._folder.at("executed.ipynb.tmp")
        with open(temporary, "w", encoding="utf-8", errors="replace") as file:
            file.write(_in_lines(self._notebook, self._masks))
        os.replace(temporary, self._folder.at("executed.ipynb"))
        self._saved_at = time.monotonic()
        self._save_cost = self._saved_at - started
