"""What is installed in an image: its own Python is asked, once for each image."""

import time

import msgspec

from nbyard.dockerd import ContainerSpec, Engine
from nbyard.domain.environments import Lock
from nbyard.errors import NbyardError, Unavailable
from nbyard.kernels import LIST_PACKAGES
from nbyard.runtimes.docker.specs import LIST, NOBODY, container_name, labels
from nbyard.runtimes.protocol import Order

ASKED = ["python3", "-c", LIST_PACKAGES]
SECONDS = 30.0
PAUSE_SECONDS = 0.02
MAX_BYTES = 8 * 2**20


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
    spec = ContainerSpec(
        name=container_name(order.attempt_id) + LIST,
        image=image,
        argv=ASKED,
        user=f"{NOBODY}:{NOBODY}",
        labels=labels(order),
        log_bytes=MAX_BYTES,
    )
    engine.remove(spec.name)
    try:
        engine.create(spec)
        engine.start(spec.name)
        return _answer(engine, spec.name)
    except Unavailable:
        raise
    except (NbyardError, msgspec.DecodeError):
        return None
    finally:
        engine.remove(spec.name)


def _answer(engine: Engine, name: str) -> Lock | None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        container = engine.container(name)
        if container is None or container.is_over:
            break
        time.sleep(PAUSE_SECONDS)
    said = bytearray()
    for is_stdout, piece in engine.log(name):
        said += piece if is_stdout else b""
        if len(said) > MAX_BYTES:
            return None
    return msgspec.json.decode(said, type=Lock)
