"""Lists the packages in an image with the image's own Python, once per image."""

from contextlib import suppress
from pathlib import Path

import msgspec

from nbyard.dockerd import Engine
from nbyard.domain.environments.structs import Lock
from nbyard.errors import NbyardError, Unavailable
from nbyard.host.kernels.installed_kernels import LIST_PACKAGES
from nbyard.host.project_files import write_whole
from nbyard.runtimes.docker.attempt_container_spec import LIST
from nbyard.runtimes.docker.checks.image_query import question_spec, run_question
from nbyard.runtimes.protocol import Order

ASKED = ["python3", "-c", LIST_PACKAGES]
SECONDS = 30.0


class Locks:
    """The packages of images, by the engine's image ID.

    They are cached in files of `folder`, if given.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._known: dict[str, Lock | None] = {}

    def of(self, engine: Engine, order: Order, image: str, image_id: str) -> Lock | None:
        """Return the packages of an image, or None if it has no working Python."""
        if image_id not in self._known:
            self._known[image_id] = self._read(image_id) or self._ask(
                engine, order, image, image_id
            )
        return self._known[image_id]

    def _path(self, image_id: str) -> Path | None:
        # The engine's text becomes a file name, which must not lead to another folder.
        digest = image_id.rpartition(":")[2]
        return self._folder / f"{digest}.json" if self._folder and digest.isalnum() else None

    def _read(self, image_id: str) -> Lock | None:
        path = self._path(image_id)
        with suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode(path.read_bytes(), type=Lock) if path else None
        return None

    def _ask(self, engine: Engine, order: Order, image: str, image_id: str) -> Lock | None:
        try:
            answer = run_question(engine, question_spec(order, LIST, image, ASKED), SECONDS)
            lock = msgspec.json.decode(answer.said, type=Lock)
        except Unavailable:
            raise
        except (NbyardError, msgspec.DecodeError):
            return None
        path = self._path(image_id)
        if path is not None:
            with suppress(OSError):
                path.parent.mkdir(exist_ok=True)
                write_whole(path, msgspec.json.encode(lock))
        return lock
