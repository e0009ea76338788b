"""The process that forks commands of the shell, `python -m nbyard.cli.warm_process SOCKET`."""

import atexit
import contextlib
import io
import json
import os
import select
import signal
import socket
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any

# The imports of a run, which a fork of this process need not repeat.
from nbyard import yard  # noqa: F401
from nbyard.cli.commands import run  # noqa: F401
from nbyard.cli.main import main as run_command
from nbyard.cli.warm_shell import FORWARDED, STREAMS, check_folder
from nbyard.services.runs import service  # noqa: F401
from nbyard.settings import Settings

REQUEST_SECONDS = 5.0


class WarmProcess:
    """The process that forks commands. Each connection carries one command."""

    def __init__(self, listener: socket.socket, idle_seconds: float):
        self._listener = listener
        self._idle_seconds = idle_seconds
        self._links: dict[int, socket.socket] = {}  # by the pid of the command

    def serve(self) -> None:
        """Run commands until none came for the idle time."""
        woken, waker = socket.socketpair()
        woken.setblocking(False)
        waker.setblocking(False)
        signal.set_wakeup_fd(waker.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            sources = [self._listener, woken, *self._links.values()]
            idle = None if self._links else self._idle_seconds
            ready, _, _ = select.select(sources, [], [], idle)
            if not ready:
                return
            with contextlib.suppress(BlockingIOError):
                woken.recv(1024)
            self._reap()
            for pid, link in [*self._links.items()]:
                if link in ready:
                    try:
                        numbers = link.recv(64)
                    except OSError:
                        numbers = b""
                    # A command whose caller was killed does not go on alone.
                    for number in numbers or [signal.SIGKILL]:
                        os.kill(pid, number)
                    if not numbers:
                        os.waitpid(pid, 0)
                        self._links.pop(pid).close()
            if self._listener in ready:
                self._accept()

    def _reap(self) -> None:
        for pid, link in [*self._links.items()]:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                with contextlib.suppress(OSError), link:
                    link.sendall(struct.pack("!i", os.waitstatus_to_exitcode(status)))
                del self._links[pid]

    def _accept(self) -> None:
        link, _ = self._listener.accept()
        link.settimeout(REQUEST_SECONDS)
        try:
            request, streams = receive(link)
        except (OSError, ValueError, struct.error):
            link.close()
            return
        pid = os.fork()
        if not pid:
            self._listener.close()
            for other in (link, *self._links.values()):
                other.close()
            os._exit(run_request(request, streams))
        for descriptor in streams:
            os.close(descriptor)
        self._links[pid] = link


def receive(link: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return the request of a connection and the descriptors of its three streams.

    Raises:
        OSError: The caller is another user, or went away.
        ValueError: The request is incomplete.
    """
    pid_uid_gid = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    if struct.unpack("3i", pid_uid_gid)[1] != os.getuid():
        raise PermissionError("the caller is another user")
    head, streams, _, _ = socket.recv_fds(link, 4, STREAMS)
    with link.makefile("rb") as content:
        request = content.read(struct.unpack("!I", head)[0])
    return json.loads(request), list(streams)


def run_request(request: dict[str, Any], streams: list[int]) -> int:
    """Run a command with the streams and surroundings of its caller; return its exit code."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, *FORWARDED):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for target, source in enumerate(streams):
        os.dup2(source, target)
        os.close(source)
    # Python decided at its start how to buffer other streams.
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=os.isatty(1))
    os.environ.clear()
    os.environ.update(request["environment"])
    os.umask(request["umask"])
    tempfile.tempdir = None
    sys.argv = ["nbyard", *request["arguments"]]
    code: Any = 1
    try:
        os.chdir(request["folder"])
        run_command()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        atexit._run_exitfuncs()  # as at the end of a process of its own
        sys.stdout.flush()
    return code if isinstance(code, int) else 1


def serve(place: Path) -> None:
    """Run commands from a socket until none came for the idle time."""
    check_folder(place.parent)
    own = place.with_suffix(f".{os.getpid()}")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(own))
        listener.listen()
        inode = own.stat().st_ino
        own.replace(place)
        WarmProcess(listener, Settings().idle_seconds).serve()
        with contextlib.suppress(FileNotFoundError):
            if place.stat().st_ino == inode:  # no other process took its place
                place.unlink()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
