"""Waking whoever waits for news of a store: datagram sockets in its folder, and NOTIFY."""

import contextlib
import os
import secrets
import select
import socket
from collections.abc import Iterator
from pathlib import Path

FOLDER = "wake"


def poke(folder: Path) -> None:
    """Wake every listener; dead sockets are removed."""
    place = folder / FOLDER
    if not place.is_dir():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for path in sorted(place.iterdir()):
            _send(sender, path)


def _send(sender: socket.socket, path: Path) -> None:
    try:
        sender.sendto(b"!", os.fspath(path))
    except ConnectionRefusedError:
        path.unlink(missing_ok=True)
    except (BlockingIOError, FileNotFoundError):
        pass  # it has unread pokes already, or just left


class Listener:
    """One who waits. Several pokes while nobody waits count as one."""

    def __init__(self, folder: Path):
        place = folder / FOLDER
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = place / f"{os.getpid()}-{secrets.token_hex(3)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(os.fspath(self.path))
        self._socket.setblocking(False)

    def wait(self, seconds: float) -> bool:
        """True when poked, False when the time is over."""
        ready, _, _ = select.select([self._socket], [], [], seconds)
        if ready:
            self._drain()
        return bool(ready)

    def fileno(self) -> int:
        return self._socket.fileno()

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(16)

    def close(self) -> None:
        self._socket.close()
        self.path.unlink(missing_ok=True)


@contextlib.contextmanager
def listening(folder: Path) -> Iterator[Listener]:
    """A listener for the time of the block."""
    listener = Listener(folder)
    try:
        yield listener
    finally:
        listener.close()
