"""What is installed in an image: its own Python is asked, once for each image."""

import msgspec

from nbyard.dockerd import Engine
from nbyard.domain.environments import Lock
from nbyard.errors import NbyardError, Unavailable
from nbyard.kernels import LIST_PACKAGES
from nbyard.runtimes.docker.asking import ask, question
from nbyard.runtimes.docker.specs import LIST
from nbyard.runtimes.protocol import Order

ASKED = ["python3", "-c", LIST_PACKAGES]
SECONDS = 30.0


class Locks:
    """Remembered by the engine's id of an image."""

    def __init__(self) -> None:
        self._known: dict[str, Lock | None] = {}

    def of(self, engine: Engine, order: Order, image: str, image_id: str) -> Lock | None:
        """None where the image has no Python that answers."""
        if image_id not in self._known:
            self._known[image_id] = _ask(engine, order, image)
        return self._known[image_id]


def _ask(engine: Engine, order: Order, image: str) -> Lock | None:
    try:
        answer = ask(engine, question(order, LIST, image, ASKED), SECONDS)
        return msgspec.json.decode(answer.said, type=Lock)
    except Unavailable:
        raise
    except (NbyardError, msgspec.DecodeError):
        return None
