"""Wakes processes that wait for changes in a store, through datagram sockets.

The sockets are in the folder of the store.
"""

import contextlib
import os
import secrets
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

FOLDER = "wake"
NEWS = b"!"  # a process wrote to the store
PROGRESS = b"."  # runners send this while the task runs, and its id at the end
RING = b"?"  # sent by a thread of the listener's own process
WORD_BYTES = 64
MAX_ADDRESS_BYTES = 100


def wake_listeners(folder: Path, but: str = "") -> None:
    """Wake all listeners except the one with the socket `but`. Delete sockets of dead listeners."""
    try:
        names = os.listdir(folder / FOLDER)
    except FileNotFoundError:
        return
    # Without listeners no socket is created: most writes happen while none waits.
    paths = [folder / FOLDER / name for name in names if name != but]
    if not paths:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        # A full queue means that the listener has pokes to read already, so never wait for it.
        sender.setblocking(False)
        for path in paths:
            try:
                with _address(path) as address:
                    sender.sendto(NEWS, address)
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
            except OSError:
                # Unread pokes, a listener that exits, or another user's socket. Polling covers
                # these.
                pass


def remove_dead_sockets(folder: Path) -> None:
    """Delete the sockets of killed listeners, without waking the others."""
    place = folder / FOLDER
    for name in os.listdir(place):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as caller:
            try:
                with _address(place / name) as address:
                    caller.connect(address)
            except ConnectionRefusedError:
                (place / name).unlink(missing_ok=True)
            except OSError:
                pass  # a listener that exits, or another user's socket


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """Yield an address for a socket's path that is short enough.

    An address may have 108 bytes. A longer path is addressed through its open folder (Linux).
    """
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
    """A socket on which a process waits to be woken.

    Several wake-ups before a wait count as one.
    """

    def __init__(self, folder: Path):
        place = folder / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.mkdir(mode=0o700, exist_ok=True)
        remove_dead_sockets(folder)
        self.path = place / f"{os.getpid()}-{secrets.token_hex(3)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with _address(self.path) as address:
            self._socket.bind(address)
            self._bell.connect(address)
        for each in (self._socket, self._bell):
            # Reading ends when the queue is empty. A thread that rings never waits for space in it.
            each.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds` to be woken. Return False after the timeout."""
        return bool(self.listen(seconds, lambda word: True))

    def wait_for_news(self, seconds: float) -> bool:
        """Wait for a change in the store. Progress of running tasks is ignored."""
        return bool(self.listen(seconds, lambda word: word == NEWS))

    def receive_words(self, seconds: float) -> set[bytes]:
        """Return the received words, after waiting. Progress of running tasks is ignored."""
        return self.listen(seconds, lambda word: word != PROGRESS)

    def ring(self) -> None:
        """Wake this listener only. Any thread may call this."""
        with contextlib.suppress(OSError):  # unread words will wake it anyway
            self._bell.send(RING)

    def listen(self, seconds: float, heeds: Callable[[bytes], bool]) -> set[bytes]:
        end = time.monotonic() + seconds
        while self._selector.select(max(end - time.monotonic(), 0.0)):
            if words := set(filter(heeds, self._drain())):
                return words
        return set()

    def fileno(self) -> int:
        """Return the descriptor of the socket, for a selector."""
        return self._socket.fileno()

    def _drain(self) -> set[bytes]:
        words = set()
        with contextlib.suppress(BlockingIOError):
            while True:
                words.add(self._socket.recv(WORD_BYTES))
        return words

    def close(self) -> None:
        """Close the sockets and delete their file."""
        self._selector.close()
        self._socket.close()
        self._bell.close()
        self.path.unlink(missing_ok=True)


@contextlib.contextmanager
def open_listener(folder: Path) -> Iterator[Listener]:
    """Yield a listener, which is closed at the end of the block."""
    listener = Listener(folder)
    try:
        yield listener
    finally:
        listener.close()
