"""Runs a small notebook in the prepared parent, so that its forks start faster.

The run compiles code and fills caches that every fork then inherits. The notebook contains only
nbyard's own code, and starts no thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import glob
import json
import os
import tempfile
from types import SimpleNamespace
from typing import Any

from ipykernel.iostream import OutStream

from ..attempt_folder import AttemptFolder
from ..kernels import kernel_imports, wire
from ..kernels.forked_kernel import Talk, language_info
from ..kernels.in_process_kernel import App, PrebuiltKernel, undo_global_changes
from ..work import run_notebook
from ..work.status_pipe import Report

CELLS = ("x = 1", "import os\nprint(x)", "x")
PLAY_SECONDS = 20.0  # a kernel of an unknown version may never answer
WORK = {"path": "rehearsal.ipynb", "language": "python", "parameters": {"x": 2}}


def run_warm_up(prebuilt: PrebuiltKernel) -> None:
    """Run the warm-up notebook with this kernel. The kernel cannot be used afterwards."""
    # the name identifies the owner, if this process is killed
    prefix = f"nby-{os.environ.get('NBYARD_STORE', '')}-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix) as place, undo_global_changes():
        played = _play(prebuilt.take(), AttemptFolder(place))
        asyncio.run(asyncio.wait_for(played, PLAY_SECONDS))
        for kind in ("*.py", "*.ipy"):  # as a kernel looks for the user's startup files
            glob.glob(os.path.join(place, kind))
    prebuilt.forget()


async def _play(app: App, folder: AttemptFolder) -> None:
    cells = [
        {"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in CELLS
    ]
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    with open(folder.at(str(WORK["path"])), "w", encoding="utf-8") as file:
        json.dump(whole, file)
    opened = run_notebook.read_notebook(folder, WORK)
    ours, theirs = wire.pair()
    stage: Any = SimpleNamespace(is_alive=lambda: True, exit_code=None)
    client = kernel_imports.session().client_for("python3")
    client.kc = Talk(stage, ours)
    with theirs, open(os.devnull, "wb") as nobody, contextlib.closing(client.kc):
        # The kernel runs in this very process, so a stand-in takes the place of its process.
        ready = (stage, client, language_info())
        session = kernel_imports.session().Session(folder, {"work": WORK}, opened, ready)
        app.connect_fork(theirs, "kernel.json")
        app.kernel.start()
        stream: Any = OutStream
        printed = stream(app.session, app.iopub_thread, "stdout", watchfd=False)
        printed.buffer = nobody  # the runner writes it there
        with contextlib.redirect_stdout(printed):
            await session.start()
            failure = await run_notebook.run_cells(session, Report(os.dup(nobody.fileno())))
        session.finish()
        session.save()
    if failure:
        raise RuntimeError(f"the rehearsal failed: {failure['reason']}")
