"""Pin the image of a revision from its first start.

A missing image is pulled in its own thread. The steps of the rollout check for its arrival and
never wait for a registry.
"""

import contextlib
import contextvars
import threading

from nbyard.dockerd import Engine, NoLongerWanted, Say
from nbyard.domain.deployments.deployment_status import another_image
from nbyard.errors import NbyardError
from nbyard.reasons.structs import because

BRIEF_SECONDS = 0.2


class ImagePull(threading.Thread):
    """A pull of an image in its own thread, with the logins of the owner."""

    def __init__(self, engine: Engine, name: str, say: Say, leaving: threading.Event):
        super().__init__(name=f"nbyard-fetch {name}", daemon=True)
        self._engine, self._image, self._say = engine, name, say
        self._leaving = leaving
        self._is_left = False
        self._speaking = threading.Lock()
        self._error: NbyardError | None = None
        # The logins of the owner are in a context variable of the caller.
        self._context = contextvars.copy_context()
        self.start()

    def run(self) -> None:
        """Pull the image, and keep the error for `check`."""
        try:
            with contextlib.suppress(NoLongerWanted):
                pull = self._engine.pull
                self._context.run(pull, self._image, self._log_line, self._is_wanted)
        except NbyardError as error:
            self._error = error

    def abandon(self) -> None:
        """Abandon the pull: it reports nothing more and ends as soon as the engine allows."""
        with self._speaking:
            # Thanks to the lock, no line is logged after this method has returned.
            self._is_left = True

    def check(self) -> None:
        """Raise the `NbyardError` of a failed pull."""
        if self._error is not None:
            raise self._error

    def _is_wanted(self) -> bool:
        return not (self._is_left or self._leaving.is_set())

    def _log_line(self, line: str) -> None:
        with self._speaking:
            if not self._is_left:
                self._say(line)


class ImagePins:
    """The image pulls of one deployment, by revision number; they stop once `leaving` is set."""

    def __init__(self, engine: Engine, leaving: threading.Event):
        self._engine = engine
        self._leaving = leaving
        self._fetches: dict[int, ImagePull] = {}

    def image_of(self, number: int, name: str, known: str, say: Say) -> str:
        """Return the ID of the image, or "" while it is being pulled.

        `known` is the ID pinned at an earlier start, "" at the first. `say` logs lines of the pull.

        Raises:
            NbyardError: The pull failed, or the name now refers to another image.
        """
        fetch = self._fetches.get(number)
        if fetch is None:
            # The name may have moved to another image, but the pinned one is here.
            if known and self._engine.image_id(known):
                return known
            if not self._engine.image_id(name):
                fetch = self._fetches[number] = ImagePull(self._engine, name, say, self._leaving)
        if fetch is not None:
            fetch.join(BRIEF_SECONDS)  # most failures appear at once
            if fetch.is_alive():
                return ""
            del self._fetches[number]
            fetch.check()
        return self._checked_image_id(name, known)

    def abandon(self, number: int) -> None:
        """Abandon the pull of the revision's image."""
        fetch = self._fetches.pop(number, None)
        if fetch is not None:
            fetch.abandon()

    def _checked_image_id(self, name: str, known: str) -> str:
        image_id = self._engine.image_id(name)
        if not image_id:
            raise NbyardError(because("image-not-fetched", image=name))
        if known and image_id != known:
            raise NbyardError(another_image(name, known))
        return image_id
