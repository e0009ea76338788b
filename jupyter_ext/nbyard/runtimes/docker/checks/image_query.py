"""Runs a program of an image in a temporary container, and returns its output."""

import time
from collections.abc import Callable

import msgspec

from nbyard.dockerd import ContainerSpec, Engine, check_wanted
from nbyard.runtimes.docker.attempt_container_spec import NOBODY, attempt_labels, container_name
from nbyard.runtimes.protocol import Order

PAUSE_SECONDS = 0.02
MAX_BYTES = 8 * 2**20


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
