"""Wait for the image of a revision, and pin it from its first start.

A missing image is pulled in its own thread. The steps of the rollout check for its arrival and
never wait for a registry.
"""

import contextlib
import contextvars
import threading

from nbyard.dispatch.context import DispatchContext
from nbyard.dockerd import Engine, NoLongerWanted, Say
from nbyard.domain.deployments.deployment_status import (
    WAITS_FOR_BUILD,
    another_image,
    not_built,
    waits_for_build,
)
from nbyard.domain.models.structs import REPOSITORIES
from nbyard.domain.state_machines import IMAGE
from nbyard.errors import NbyardError
from nbyard.reasons.structs import Reason, because
from nbyard.store.deployments import DeploymentRow, RevisionRow

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
        image_id = self._engine.image_id(name)
        if not image_id:
            raise NbyardError(because("image-not-fetched", image=name))
        if known and image_id != known:
            raise NbyardError(another_image(name, known))
        return image_id

    def abandon(self, number: int) -> None:
        """Abandon the pull of the revision's image."""
        fetch = self._fetches.pop(number, None)
        if fetch is not None:
            fetch.abandon()


def awaited_build(
    context: DispatchContext, row: DeploymentRow, revision_row: RevisionRow
) -> Reason | None:
    """Return why a revision that never started has to wait.

    Its image is being built here, or that build failed. The wait is recorded in the store. Return
    None if the image exists or is not built here.
    """
    has_waited = waits_for_build(revision_row.revision.reason)
    if revision_row.revision.image_id:
        return None
    images, name = context.store.images, revision_row.revision.spec.image
    with context.store.read() as c:
        known, last = images.get(c, row.owner, name), images.newest(c, row.owner, name)
    if known is not None and known.origin == "build" and known.state in IMAGE.live:
        wait = because(WAITS_FOR_BUILD)
        if not has_waited:
            _note(context, revision_row, wait)
        return wait
    if has_waited and (last is None or last.state == "failed"):
        return not_built(last.reason if last else None)
    if has_waited:
        _note(context, revision_row, None)
    return None


def failed_build(context: DispatchContext, row: DeploymentRow, image: str) -> Reason | None:
    """Return the reason if an image is that of a model and its newest build failed.

    Such images are on the engine only. Other images may be on a registry, whose reason why they
    cannot be pulled matters.
    """
    if not image.startswith(REPOSITORIES):
        return None
    with context.store.read() as c:
        last = context.store.images.newest(c, row.owner, image)
    if last is None or (last.origin, last.state) != ("build", "failed"):
        return None
    return not_built(last.reason)


def _note(context: DispatchContext, revision_row: RevisionRow, reason: Reason | None) -> None:
    with context.write() as c:
        context.store.deployments.set_revision(c, revision_row.revision.id, reason=reason)
