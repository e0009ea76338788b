"""Runs a program of an image in a temporary container, and returns its output."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from nbyard.dockerd import ContainerSpec, Engine, check_wanted
from nbyard.domain.environments.structs import Lock
from nbyard.errors import NbyardError, Unavailable
from nbyard.host.kernels.installed_kernels import LIST_PACKAGES
from nbyard.host.project_files import write_whole
from nbyard.runtimes.docker.attempt_container_spec import (
    LIST,
    NOBODY,
    attempt_labels,
    container_name,
)
from nbyard.runtimes.protocol import Order

PAUSE_SECONDS = 0.02
MAX_BYTES = 8 * 2**20
LIST_COMMAND = ["python3", "-c", LIST_PACKAGES]
LOCK_SECONDS = 30.0


class Answer(msgspec.Struct, frozen=True):
    """The output of a program. `exit_code` is None if the program did not end in time."""

    exit_code: int | None
    said: bytes


def question_spec(order: Order, suffix: str, image: str, argv: list[str]) -> ContainerSpec:
    """Return a container that runs `argv` without network and files."""
    return ContainerSpec(
        name=container_name(order.attempt_id) + suffix,
        image=image,
        argv=argv,
        user=f"{NOBODY}:{NOBODY}",
        labels=attempt_labels(order),
        log_bytes=MAX_BYTES,
    )


def run_question(
    engine: Engine, spec: ContainerSpec, seconds: float, wanted: Callable[[], bool] = lambda: True
) -> Answer:
    """Run a container, return its standard output and exit code, and remove it.

    One byte more than MAX_BYTES means that output is missing.

    Raises:
        NoLongerWanted: `wanted` has returned False.
    """
    # A dispatcher that was killed may have left a container of this name.
    engine.remove(spec.name)
    try:
        engine.create(spec)
        engine.start(spec.name)
        exit_code: int | None = None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            check_wanted(wanted)
            container = engine.container(spec.name)
            if container is None or container.is_over:
                exit_code = container.exit_code if container else None
                break
            time.sleep(PAUSE_SECONDS)
        said = bytearray()
        for is_stdout, piece in engine.log(spec.name):
            said += piece if is_stdout else b""
            if len(said) > MAX_BYTES:
                break
        return Answer(exit_code, bytes(said[: MAX_BYTES + 1]))
    finally:
        engine.remove(spec.name)


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
            spec = question_spec(order, LIST, image, LIST_COMMAND)
            answer = run_question(engine, spec, LOCK_SECONDS)
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
