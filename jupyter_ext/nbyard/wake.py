"""Waking whoever waits for news of a store: datagram sockets in its folder, and NOTIFY."""

import contextlib
import os
import secrets
import selectors
import socket
import time
from collections.abc import Iterator
from pathlib import Path

FOLDER = "wake"
PROGRESS = b"."  # of work that is not at its end, said by runners
MAX_ADDRESS_BYTES = 100


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
        with _address(path) as address:
            sender.sendto(b"!", address)
    except ConnectionRefusedError:
        path.unlink(missing_ok=True)
    except OSError:
        pass  # it has unread pokes already, just left, or is another user's; the clock is there


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """How a socket is called: an address has room for 108 bytes, so that a long path is named
    through its open folder (Linux)."""
    plain = os.fspath(path)
    if len(os.fsencode(plain)) <= MAX_ADDRESS_BYTES:
        yield plain
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class Listener:
    """One who waits. Several pokes while nobody waits count as one."""

    def __init__(self, folder: Path):
        place = folder / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.mkdir(mode=0o700, exist_ok=True)
        self.path = place / f"{os.getpid()}-{secrets.token_hex(3)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with _address(self.path) as address:
            self._socket.bind(address)
        self._socket.setblocking(False)

    def wait(self, seconds: float) -> bool:
        """True when poked, False when the time is over."""
        return self._wait(seconds, deaf_to=None)

    def wait_for_news(self, seconds: float) -> bool:
        """As `wait`, but sleeps on while work only comes further."""
        return self._wait(seconds, deaf_to=PROGRESS)

    def _wait(self, seconds: float, deaf_to: bytes | None) -> bool:
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            while selector.select(max(end - time.monotonic(), 0.0)):
                if any(word != deaf_to for word in self._drain()):
                    return True
        return False

    def fileno(self) -> int:
        return self._socket.fileno()

    def _drain(self) -> list[bytes]:
        words = []
        with contextlib.suppress(BlockingIOError):
            while True:
                words.append(self._socket.recv(16))
        return words

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
