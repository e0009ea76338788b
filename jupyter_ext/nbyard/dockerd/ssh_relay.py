"""Reaches engines over ssh through a local socket.

Each connection to the socket starts one `ssh`. ssh itself finds keys, agents and known hosts, as on
the command line. It never prompts. The other machine needs Docker's command line client.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from nbyard.errors import Unavailable
from nbyard.reasons.structs import because

FAR_END = ["docker", "system", "dial-stdio"]
END_SECONDS = 5.0
SHARED_SECONDS = "30"
PREFIX = "nbyard-ssh-"


def ssh_arguments(url: str, folder: str, seconds: float) -> list[str]:
    """Return the ssh command without the remote command.

    No part of the URL can become an option. All connections share one ssh master process, because a
    login takes half a second. The master exits by itself.
    """
    parts = urlsplit(url)
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(max(1, int(seconds))),
        "ControlMaster": "auto",
        "ControlPath": os.path.join(folder, "c"),
        "ControlPersist": SHARED_SECONDS,
    }
    argv = ["ssh", "-T", *(f"-o{name}={value}" for name, value in options.items())]
    if parts.username:
        argv += ["-l", parts.username]
    if parts.port:
        argv += ["-p", str(parts.port)]
    return [*argv, "--", parts.hostname or ""]


def forget_dead() -> None:
    """Remove the folders that killed processes left, unless another process has the pid now."""
    for place in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = place.name.removeprefix(PREFIX).partition("-")[0]
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            shutil.rmtree(place, ignore_errors=True)
        except (ValueError, PermissionError):
            continue


class SshRelay:
    """A relay to an engine over ssh.

    It listens at `address` (unix://…) until it is closed.
    """

    def __init__(self, url: str, seconds: float):
        if shutil.which("ssh") is None:
            raise Unavailable(
                because("engine-unreachable", url=url, why="ssh is not installed on this machine."),
                hint=because("install-ssh"),
            )
        forget_dead()
        self._folder = tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-")
        self._words = ssh_arguments(url, self._folder.name, seconds)
        # A short name, because the path of a socket has at most 107 bytes on Linux.
        path = os.path.join(self._folder.name, "s")
        self.address = f"unix://{path}"
        self._said = open(os.path.join(self._folder.name, "said"), "a+b")  # noqa: SIM115
        self._children: list[subprocess.Popen[bytes]] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(64)
        self._thread = threading.Thread(target=self._accept, name="nbyard-ssh", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close every connection."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(END_SECONDS)
        self._listener.close()
        for child in self._children:
            child.terminate()
        for child in self._children:
            child.wait(END_SECONDS)
        self._end_shared()
        self._said.close()
        self._folder.cleanup()

    def _end_shared(self) -> None:
        at = self._words.index("--")
        # The shared master would otherwise live until ControlPersist ends.
        argv = [*self._words[:at], "-O", "exit", *self._words[at:]]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(argv, capture_output=True, timeout=END_SECONDS, check=False)

    def last_line(self) -> str:
        """Return the last line that ssh printed, or ""."""
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, size - 4096))
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def _accept(self) -> None:
        while True:
            try:
                end, _ = self._listener.accept()
            except OSError:
                return
            with end:
                # ssh uses the connection directly, so this process copies no data.
                # Only what the newest connection prints explains its failure.
                self._said.truncate(0)
                child = subprocess.Popen(
                    [*self._words, *FAR_END],
                    stdin=end.fileno(),
                    stdout=end.fileno(),
                    stderr=self._said,
                    start_new_session=True,
                )
            self._children = [earlier for earlier in self._children if earlier.poll() is None] + [
                child
            ]
