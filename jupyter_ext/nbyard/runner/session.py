"""One notebook in one kernel: nbclient, with outputs sent on as they come."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

from nbclient import NotebookClient  # noqa: TID253 - this module is itself imported late
from nbclient.exceptions import CellExecutionError, DeadKernelError  # noqa: TID253
from nbformat import from_dict as _from_dict  # noqa: TID253
from nbformat.v4 import new_output as _new_output  # noqa: TID253

from .folder import Folder
from .kernel import ForkedKernel
from .verdict import signal_name
from .work import die_with_parent

START_SECONDS = 120.0
PROBE_SECONDS = 0.1
SAVE_SHARE = 10
AUTOSAVE_SECONDS = 5.0
MAX_STREAM = 8 * 1024 * 1024
MAX_MESSAGE = 1000
MAX_TRACEBACK = 200_000
MAX_NAME = 100
MAX_SOCKET_FOLDER = 80

from_dict: Any = _from_dict
new_output: Any = _new_output


class KernelMissing(Exception):
    """There is no such kernel here, or it does not start."""


class KernelEnded(Exception):
    """The kernel died under the notebook."""


class Client(NotebookClient):
    """Writes streams to our own output at once, merges them in the notebook and caps them there."""

    session: Session

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        self.session.save(every=AUTOSAVE_SECONDS)
        if msg["msg_type"] == "stream":
            text = msg["content"].get("text", "")
            _write(text)
            if self._joined(cell.outputs, msg["content"].get("name", "stdout"), text):
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


def read_schema() -> None:
    """Do now what would keep the first output of a notebook waiting."""
    new_output("stream")


def _write(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


class Session:
    """The notebook and its kernel; `places` says where its cells stand in the source."""

    def __init__(
        self,
        folder: Folder,
        task: dict[str, Any],
        notebook: dict[str, Any],
        places: list[int | None],
        kernel: ForkedKernel | None = None,
    ) -> None:
        self._folder = folder
        self._directory = folder.inside(task.get("directory") or "code")
        self._kernel = task["work"].get("kernel") or "python3"
        self._language = (task["work"].get("language") or "python").lower()
        self._named = f"the kernel {self._kernel[:MAX_NAME]!r}"
        self._forked = kernel
        self._notebook = from_dict(notebook)
        self._places = places
        self._saved_at = 0.0
        self._save_cost = 0.0
        self._starting: asyncio.Task[None] | None = None
        self._interrupting: asyncio.Future[None] | None = None
        self.interrupted = False
        self.cell: int | None = None
        self.client: Any = Client(
            self._notebook,
            kernel_name=self._kernel,
            allow_errors=False,
            timeout=None,
            record_timing=True,
            coalesce_streams=False,
        )
        self.client.session = self

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
        client = self.client
        client.reset_execution_trackers()
        self._check_kernel()
        if self._forked is None:
            await self._launch()
        elif not await self._forked.attach(client.km):
            raise KernelMissing(f"{self._named} ended while it started")
        client.kc = client.km.client()
        client.kc.start_channels()
        client.kc.allow_stdin = False
        await self._probe()

    async def _launch(self) -> None:
        client, parent = self.client, os.getpid()
        try:
            await client.async_start_new_kernel(
                cwd=self._directory,
                env={**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
                preexec_fn=lambda: die_with_parent(parent),
            )
        except OSError as error:
            raise KernelMissing(f"{self._named} cannot be started: {error}") from None

    def _check_kernel(self) -> None:
        client = self.client
        manager = client.create_kernel_manager()
        if client.km is None:
            client.km = manager
        if self._forked is not None:
            return
        runtime_folder = os.environ.get("JUPYTER_RUNTIME_DIR", "")
        if self._language == "python" and 0 < len(runtime_folder) < MAX_SOCKET_FOLDER:
            # no ports that two kernels could draw at once, and none that a neighbour could reach
            manager.transport = "ipc"
            manager.ip = os.path.join(runtime_folder, "kernel")
        specs = manager.kernel_spec_manager.find_kernel_specs()
        if self._kernel not in specs:
            present = ", ".join(sorted(specs)) or "none"
            raise KernelMissing(f"{self._named} is not installed here (present: {present})")

    async def _probe(self) -> None:
        """Ask until both channels have answered: only then is no output missed."""
        client, shell, iopub = self.client.kc, False, False
        while not (shell and iopub):
            if not await self.client.km.is_alive():
                raise KernelMissing(f"{self._named} ended while it started{self._how()}")
            if not shell:
                client.kernel_info()
            shell = shell or bool(await client.shell_channel.socket.poll(PROBE_SECONDS * 1000))
            if shell:
                iopub = bool(await client.iopub_channel.socket.poll(PROBE_SECONDS * 1000))
                if not iopub:
                    client.kernel_info()
        while await client.shell_channel.socket.poll(0):
            message = await client.get_shell_msg(timeout=1)
            if message["msg_type"] == "kernel_info_reply":
                client._handle_kernel_info_reply(message)
                info = message["content"].get("language_info")
                self._notebook.metadata["language_info"] = from_dict(info or {})

    def interrupt(self) -> None:
        """Asked to end: a running cell gets KeyboardInterrupt, and no further one is run."""
        self.interrupted = True
        if self._starting is not None:
            self._starting.cancel()
        elif self.client.km is not None:
            self._interrupting = asyncio.ensure_future(self.client.km.interrupt_kernel())

    async def run_cell(self, index: int) -> dict[str, Any] | None:
        """Run one cell; what went wrong, in words.

        Raises:
            KernelEnded: the kernel did not survive it.
        """
        self.cell = index
        try:
            await self.client.async_execute_cell(self._notebook.cells[index], index)
        except CellExecutionError as error:
            return self._failure(index, error)
        except DeadKernelError:
            raise KernelEnded(f"the kernel died{self._how()} in {self._named_cell()}") from None
        self.cell = None
        return None

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
        provisioner = getattr(self.client.km, "provisioner", None)
        process = getattr(provisioner, "process", None)
        code = process.poll() if process is not None else None
        if code is None:
            code = getattr(provisioner, "exit_code", None)
        if code is None:
            return ""
        return f" (signal {-code}, {signal_name(-code)})" if code < 0 else f" (exit code {code})"

    async def finish(self) -> None:
        self.client.set_widgets_metadata()

    async def close(self, kindly: bool) -> None:
        """End the kernel; after success it may run what was registered for its exit."""
        client = self.client
        if client.kc is not None:
            if kindly and self._forked is not None:
                await self._forked.end(client)
            elif kindly and client.km is not None:
                await client.km.shutdown_kernel(now=False)
            client.kc.stop_channels()
        if client.km is not None and client.km.has_kernel:
            await client.km.shutdown_kernel(now=True)

    def save(self, *, hurry: bool = False, every: float = 0.0) -> None:
        """Replace executed.ipynb; in a hurry only where that costs little compared to the work."""
        now = time.monotonic()
        pause = max(every, self._save_cost * SAVE_SHARE)
        if (hurry or every) and now - self._saved_at < pause:
            return
        temporary = self._folder.at("executed.ipynb.tmp")
        with open(temporary, "w", encoding="utf-8", errors="replace") as file:
            json.dump(self._notebook, file, ensure_ascii=False, indent=1)
            file.write("\n")
        os.replace(temporary, self._folder.at("executed.ipynb"))
        self._saved_at = time.monotonic()
        self._save_cost = self._saved_at - now
