"""The process in a container: what it reads, what it reports, and how it is stopped.

Its runner reports by lines of JSON on the container's standard output, such as
{"ended": ATTEMPT_ID}. The engine stores that output and always returns it from the start, so
nothing is stored here.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from nbyard.dockerd import Engine
from nbyard.domain.attempts.structs import EVENTS, LOG
from nbyard.errors import NbyardError, Unavailable
from nbyard.runner import secret_files
from nbyard.runner.attempt_folder import AttemptFolder
from nbyard.runner.secret_masking import masks_of
from nbyard.runtimes.docker.attempt_container_spec import VOLUME
from nbyard.runtimes.docker.files import volume_transfer
from nbyard.runtimes.protocol import Order

LOOK_SECONDS = 0.1
PULL_SECONDS = 1.0
MAX_WORD_BYTES = 4096
# Shows a dispatcher that adopts the container whether the input is complete.
DONE = "stdin.done"
STDIN_SECONDS = 2.0
GRACE_SECONDS = 3.0  # from SIGTERM to SIGKILL
PATIENCE_SECONDS = 60.0  # with an unresponsive engine


class RunnerChannel:
    """Receives a container's messages in a thread, which ends with the container."""

    def __init__(self, engine: Engine, name: str):
        self._engine = engine
        self._name = name
        self._news = threading.Event()
        self._said: set[tuple[str, str]] = set()
        self._thread = threading.Thread(target=self._listen, name=f"{name} out", daemon=True)
        self._thread.start()

    def has_reported(self, word: str, attempt_id: str) -> bool:
        """Return whether the runner has sent the message `word` about the attempt.

        After "ended", no process of the attempt is left in the container.
        """
        return (word, attempt_id) in self._said

    @property
    def is_listening(self) -> bool:
        """Return whether more messages may come. False means that the container has ended."""
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Wait up to `seconds` for a new message or `wake_watcher`."""
        self._news.wait(seconds)
        self._news.clear()

    def wake_watcher(self) -> None:
        """Wake the thread that sleeps in `wait`, so that it can end."""
        self._news.set()

    def _listen(self) -> None:
        rest = b""
        with suppress(NbyardError):
            for is_stdout, piece in self._engine.log(self._name, follow=True):
                if is_stdout:
                    *lines, rest = (rest + piece).split(b"\n")
                    # Output without line ends, as from another program, must not fill the memory.
                    rest = rest[-MAX_WORD_BYTES:]
                    for line in lines:
                        # Other lines on standard output, such as warnings, are no messages.
                        with suppress(msgspec.MsgspecError):
                            self._said.update(
                                msgspec.json.decode(line, type=dict[str, str]).items()
                            )
                            self._news.set()
        self._news.set()


class Progress:
    """Notices changes in an attempt folder.

    If the engine cannot access the folder, changed files are fetched from the container.
    """

    def __init__(self, engine: Engine, container: str, folder: Path, staging: str):
        self._fetch = engine if staging == VOLUME else None
        self._container = container
        self._folder = folder
        self._sizes: dict[str, int] = {}
        self._seen: dict[str, str] = {}
        self.pause = PULL_SECONDS if self._fetch else LOOK_SECONDS

    def report_changes(self, tell: Callable[[], None]) -> None:
        """Call `tell` if the folder has changed since the last check."""
        if self._fetch is not None:
            with suppress(Unavailable):
                if volume_transfer.fetch_progress(
                    self._fetch, self._container, self._folder, self._seen
                ):
                    tell()
            return
        before, self._sizes = self._sizes, dict.fromkeys((EVENTS, LOG), 0)
        for name in self._sizes:
            with suppress(OSError):
                self._sizes[name] = os.lstat(self._folder / name).st_size
        if before and before != self._sizes:
            tell()


def output_outside_log(engine: Engine, name: str, order: Order) -> str:
    """Return what a failed runner printed to the container's log, with secrets masked."""
    masks = masks_of(
        str(order.folder), secret_files.secrets_folder(order.store_id, order.attempt_id)
    )
    said = b"".join(masks.feed(piece) for _, piece in engine.log(name)) + masks.end()
    return said[-MAX_WORD_BYTES:].decode("utf-8", "replace")


class Feeder:
    """Sends the file `stdin`, relative to the attempt folder. "" means that there is no input."""

    def __init__(self, engine: Engine, name: str, folder: Path, stdin: str):
        self._engine = engine
        self._name = name
        self._folder = folder
        self._stdin = stdin
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start a thread that sends the file."""
        self._thread = threading.Thread(target=self._feed, name=f"{self._name} in", daemon=True)
        self._thread.start()

    @property
    def has_begun(self) -> bool:
        """Return whether this object has started to send the file."""
        return self._thread is not None

    @property
    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def was_cut(self) -> bool:
        """Return whether the container did not get all of its input."""
        if not self._stdin:
            return False
        if self._thread is not None:
            self._thread.join(STDIN_SECONDS)
        return not (self._folder / DONE).exists()

    def _feed(self) -> None:
        path = AttemptFolder(str(self._folder)).inside(self._stdin)
        try:
            with open(path, "rb") as source, self._engine.stdin(self._name) as send:
                while piece := source.read(1 << 16):
                    send(piece)
        except OSError:
            pass  # the container ended, or closed its input, before it had read everything
        except NbyardError:
            return
        with suppress(NbyardError):
            # If the engine is down, the rest of the input is lost.
            self._engine.container(self._name)
            (self._folder / DONE).touch()


class AttemptTerminator:
    """Stops an attempt in a thread. After its end, the thread can be started again.

    `end` stops the attempt and cleans up. It returns False while that is not possible yet. `leave`
    is called at the end of the thread, even if the attempt could not be stopped.
    """

    def __init__(self, end: Callable[[], bool], leave: Callable[[], None]):
        self._end, self._leave = end, leave
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, name: str) -> None:
        """Start the thread, unless it is running. `name` is the container's name."""
        with self._lock:
            if not self.is_alive:
                self._thread = threading.Thread(target=self._run, name=f"{name} end", daemon=True)
                self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        patience = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < patience:
            try:
                if self._end():
                    break
            except Unavailable:
                time.sleep(1)
            except (NbyardError, OSError):
                break  # the sweep will try again
            time.sleep(LOOK_SECONDS)
        self._leave()


def terminate_container(engine: Engine, name: str) -> None:
    """Stop a container with SIGTERM, and after the grace period with SIGKILL.

    Returns when the container has ended, or when a second grace period is over.

    Raises:
        Unavailable: The engine does not answer.
    """
    engine.signal(name, "SIGTERM")
    if not is_over_within(engine, name, GRACE_SECONDS):
        engine.signal(name, "SIGKILL")
        is_over_within(engine, name, GRACE_SECONDS)


def is_over_within(engine: Engine, name: str, seconds: float) -> bool:
    """Wait up to `seconds` for a container's end.

    Return whether the container has ended or is gone.

    Raises:
        Unavailable: The engine does not answer.
    """
    end = time.monotonic() + seconds
    while True:
        container = engine.container(name)
        if container is None or container.is_over:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(LOOK_SECONDS)
