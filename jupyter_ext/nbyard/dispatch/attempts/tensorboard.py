"""TensorBoard beside an attempt: started when its logs exist, stopped with the attempt.

The attempt's file (`nbyard.attempts.monitor_link_files`) records its process, so that the next
dispatcher finds it. The sweep of processes stops unknown ones.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from nbyard.attempts import folders, monitor_link_files
from nbyard.attempts.monitor_link_files import LOOPBACK, TensorBoardProcess
from nbyard.dispatch.context import DispatchContext
from nbyard.domain.attempts.monitor_links import TENSORBOARD
from nbyard.runner.process import processes

CLOCK_SLACK_SECONDS = 0.05
TAIL_BYTES = 2000


def logs_of(folder: Path, declared: str) -> Path | None:
    """Return the folder of the attempt's logs if it exists.

    `declared` is the name of an output, or a folder below the working directory.
    """
    task = folders.read_task(folder)
    output = task.outputs.get(declared)
    place = folder / (output.path if output else f"{task.directory or 'code'}/{declared}")
    return place if place.is_dir() else None


def program_for(folder: Path) -> str:
    """Return the path of the program, or an empty text.

    The task's environment is searched first, then the folder of nbyard's Python, then the PATH.
    """
    surroundings = folders.surroundings_in(folder)
    places = (
        [Path(surroundings.interpreter).parent] if surroundings and surroundings.interpreter else []
    )
    places.append(Path(sys.executable).parent)
    searched = os.pathsep.join([*map(str, places), os.environ.get("PATH", os.defpath)])
    return shutil.which(TENSORBOARD, path=searched) or ""


def start_tensorboard(
    context: DispatchContext, attempt_id: str, program: str, logs: Path, port: int
) -> TensorBoardProcess:
    """Start TensorBoard on a port of this machine, and return its process.

    Its variables name the store and the attempt, so that the cleanup of orphans finds it.

    Raises:
        OSError: The program cannot be started.
    """
    # TensorBoard has no login, so only the proxy on this machine may reach it.
    argv = [program, "--logdir", str(logs), "--host", LOOPBACK, "--port", str(port)]
    ours = {"NBYARD_STORE": context.store.id, "NBYARD_ATTEMPT_ID": attempt_id}
    with monitor_link_files.open_log(context.folder, attempt_id) as log:
        made = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=logs,
            env={**os.environ, **ours},
            # A process group of its own, by which `stop_tensorboard` reaches child processes.
            start_new_session=True,
        )
    made.returncode = 0  # `is_alive` or `stop` reaps it
    process = processes.read_process(made.pid)
    return TensorBoardProcess(made.pid, process.started if process else 0.0, port)


def is_alive(board: TensorBoardProcess) -> bool:
    """Return whether the recorded TensorBoard process still runs."""
    process = processes.read_process(board.pid)
    if process is None:  # ended, maybe a zombie; reaping afterwards avoids a race
        _reap(board.pid)
        return False
    # PIDs are reused, so compare the start times.
    return abs(process.started - board.started) < CLOCK_SLACK_SECONDS


def stop_tensorboard(board: TensorBoardProcess) -> None:
    """Kill TensorBoard and its child processes; no data is lost."""
    if is_alive(board):
        os.killpg(board.pid, signal.SIGKILL)
        _reap(board.pid, 0)


def last_log_line(store: Path, attempt_id: str) -> str:
    """Return the last line that TensorBoard printed."""
    try:
        content = monitor_link_files.log_path(store, attempt_id).read_bytes()[-TAIL_BYTES:]
    except OSError:
        return ""
    lines = content.decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _reap(pid: int, flags: int = os.WNOHANG) -> None:
    """Reap the process if it is a child of this one."""
    try:
        os.waitpid(pid, flags)
    except ChildProcessError:
        return
