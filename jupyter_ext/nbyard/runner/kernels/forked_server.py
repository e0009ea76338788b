"""Runs a kernel in a fork of the runner."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from .. import pythonpath_shim
from ..process.environ_stamps import adopt_attempt
from ..process.pipes import read_whole
from ..process.processes import keep_only
from .loaded_modules import forget_others
from .prebuilt import kernel_app


def serve(connection_file: str, end: socket.socket, tell: int, wait: int | None) -> int:
    """Run a kernel in this fork until the client requests its shutdown.

    Return the exit status. `end` is the socket to the client. `tell` is a pipe that reports when
    the kernel is ready. `wait` is a pipe from which a warm kernel reads its attempt, None for a
    kernel that has one already.
    """
    keep_only(end.fileno(), tell, *([] if wait is None else [wait]))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The variables and arguments that jupyter_client and the specification give to a spawned
    # kernel.
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    sys.argv = ["ipykernel_launcher", "-f", connection_file]
    app = kernel_app()
    of_the_end = forget_others()
    app.connect_fork(end, connection_file)
    app.open()
    os.write(tell, b"1")
    os.close(tell)
    # The kernel is ready already. Below, it runs startup files of the user, which belong to an
    # attempt.
    if wait is not None:
        if not (message := read_whole(wait)):
            os._exit(0)  # no attempt came
        adopt_attempt(json.loads(message))
    app.shell.starting_dir = os.getcwd()
    app.shell.history_manager.dir_hist[:] = [Path.cwd()]
    pythonpath_shim.offer(pythonpath_shim.folder())
    app.begin()
    shut_down = app.kernel.do_shutdown

    def do_shutdown(restart: bool) -> Any:
        # ipykernel needs psutil at its shutdown. Importing it again would take more than 10 ms.
        for name, module in of_the_end.items():
            sys.modules.setdefault(name, module)
        return shut_down(restart)

    app.kernel.do_shutdown = do_shutdown
    app.start()
    # do what the interpreter does at exit, without unwinding the frames inherited by the fork
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    return 0
