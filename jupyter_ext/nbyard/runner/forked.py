"""In a fork of the runner: be the kernel that would have been started."""

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

from . import beside
from .prepared import forget_others, kernel_app, read_whole, take_on
from .processes import keep_only


def serve(connection_file: str, end: socket.socket, tell: int, wait: int | None) -> int:
    """Be a kernel until asked to end; the work begins when `wait` has said whose it is."""
    keep_only(end.fileno(), tell, *([] if wait is None else [wait]))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    sys.argv = ["ipykernel_launcher", "-f", connection_file]
    app = kernel_app()
    of_the_end = forget_others()
    app.be_own(end, connection_file)
    app.open()
    os.write(tell, b"1")
    os.close(tell)
    if wait is not None:
        app.rehearse()
        _wait(wait)
    app.shell.starting_dir = os.getcwd()
    app.shell.history_manager.dir_hist[:] = [Path.cwd()]
    beside.offer(beside.folder())
    app.begin()
    shut_down = app.kernel.do_shutdown

    def do_shutdown(restart: bool) -> Any:
        for name, module in of_the_end.items():
            sys.modules.setdefault(name, module)
        return shut_down(restart)

    app.kernel.do_shutdown = do_shutdown
    app.start()
    # what an interpreter does at its end, but for the frames of those we were forked from
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    return 0


def _wait(wait: int) -> None:
    told = read_whole(wait)
    if not told:
        os._exit(0)  # nobody wanted it
    take_on(json.loads(told))
