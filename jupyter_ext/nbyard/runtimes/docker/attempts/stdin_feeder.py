"""Sends a file to a container's standard input, and records when all of it was sent."""

import threading
from contextlib import suppress
from pathlib import Path

from nbyard.dockerd import Engine
from nbyard.errors import NbyardError
from nbyard.runner.attempt_folder import AttemptFolder

# Shows a dispatcher that adopts the container whether the input is complete.
DONE = "stdin.done"
PATIENCE_SECONDS = 2.0


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
            self._thread.join(PATIENCE_SECONDS)
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
