"""Run `nbyard run` in a fork of a process that has its imports, which take most of its time.

A command without such a process starts one when it ends (`warm_process`). It serves commands of
the same user with the same surroundings. This module uses the standard library only.
"""

import atexit
import contextlib
import hashlib
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

COMMANDS = frozenset({"run"})
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
STREAMS = 3  # stdin, stdout, stderr
# Variables that change how Python starts, and what it reads only once.
VARIABLES = ("PYTHON", "LANG", "LC_", "TZ", "LD_")
SETTING = "NBYARD_WARM_SHELL"
OFF = ("0", "false")


def main() -> NoReturn:
    """Run the command line: in a warm process if there is one, else in this process."""
    arguments = sys.argv[1:]
    is_linux = sys.platform == "linux"  # elsewhere, forks are not safe
    is_off = os.environ.get(SETTING, "").lower() in OFF
    if is_linux and COMMANDS & {*arguments[:1]} and not is_off:
        with contextlib.suppress(OSError):  # such as a folder that was deleted
            place = socket_path()
            code = run_warm(place, arguments)
            if code is not None:
                sys.exit(code)
            # At exit, so that both do not compete for the processor.
            atexit.register(start, place)
    from nbyard.cli.main import main as run_here

    run_here()
    sys.exit()


def socket_path() -> Path:
    """Return the path of the socket of processes with the surroundings of this one."""
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    digest = hashlib.sha256(json.dumps(surroundings()).encode()).hexdigest()[:16]
    return folder / f"nbyard-{os.getuid()}" / f"{digest}.sock"


def surroundings() -> list[Any]:
    """Return what a forked process shares with its parent, and the state of the code."""
    import resource

    names = [name for name in vars(resource) if name.startswith("RLIMIT_")]
    return [
        [sys.executable, sys.prefix, newest_change()],
        sorted((k, v) for k, v in os.environ.items() if k.startswith(VARIABLES)),
        [resource.getrlimit(getattr(resource, name)) for name in sorted(names)],
        [os.getgid(), sorted(os.getgroups()), sorted(os.sched_getaffinity(0))],
        os.getpriority(os.PRIO_PROCESS, 0),
        [os.readlink(f"/proc/self/ns/{name}") for name in ("mnt", "net", "pid", "user")],
        Path("/proc/self/cgroup").read_text(),
    ]


def newest_change() -> int:
    """Return the time of the newest change of this package's code, in nanoseconds."""
    package = Path(__file__).parents[1]
    newest, folders = 0, [str(package)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    newest = max(newest, entry.stat().st_mtime_ns)
                elif entry.name not in ("__pycache__", "labextension") and entry.is_dir():
                    folders.append(entry.path)
    return newest


def run_warm(place: Path, arguments: list[str]) -> int | None:
    """Run a command in the warm process at a socket; return its exit code.

    Return None if there is no such process.
    """
    with socket.socket(socket.AF_UNIX) as link:
        try:
            check_folder(place.parent)
            link.connect(str(place))
        except OSError:
            return None
        os.umask(mask := os.umask(0))
        surrounding = {"folder": os.getcwd(), "environment": {**os.environ}, "umask": mask}
        request = json.dumps({"arguments": arguments, **surrounding}).encode()
        socket.send_fds(link, [struct.pack("!I", len(request))], range(STREAMS))
        link.sendall(request)
        for number in FORWARDED:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as with nohup
                signal.signal(number, lambda sent, _frame: _forward(link, sent))

        def pause(*_: object) -> None:  # as Ctrl-Z does, until this process continues
            _forward(link, signal.SIGSTOP)
            os.kill(os.getpid(), signal.SIGSTOP)
            _forward(link, signal.SIGCONT)

        signal.signal(signal.SIGTSTP, pause)
        answer = b""
        with contextlib.suppress(OSError):  # the warm process was killed
            answer = link.recv(4)
    if len(answer) < 4:
        sys.stderr.write("The process that ran the command ended. Repeat the command.\n")
        return 1
    code: int = struct.unpack("!i", answer)[0]
    if code < 0:  # a signal killed the command
        with contextlib.suppress(OSError):  # SIGKILL has no handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def _forward(link: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # the command has ended
        link.sendall(bytes([number]))


def check_folder(folder: Path) -> None:
    """Create the folder of the sockets for this user alone.

    Raises:
        PermissionError: It belongs to another user, or others may write to it.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    is_own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    if not is_own or status.st_mode & 0o077:
        raise PermissionError(f"{folder} is not a private folder")


def start(place: Path) -> None:
    """Start a warm process if this command opened a store, without waiting for it."""
    if "nbyard.yard" not in sys.modules:
        return
    subprocess.Popen(
        [sys.executable, "-m", "nbyard.cli.warm_process", str(place)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
