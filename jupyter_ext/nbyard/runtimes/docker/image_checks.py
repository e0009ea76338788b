"""Asks programs of an image in temporary containers, before the work.

Some engines ignore the request for GPUs. So a container of the image runs with the same request. It
runs `nvidia-smi -L`, which NVIDIA's toolkit adds to every container, or else `ls /dev`. A check
during the work would be too late: a short task would have ended on the CPU by then.
"""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from nbyard.dockerd import ContainerSpec, Engine, check_wanted, engine_message
from nbyard.domain.environments.structs import Lock
from nbyard.errors import NbyardError, Unavailable
from nbyard.host.hardware import LISTED
from nbyard.host.kernels import LIST_PACKAGES
from nbyard.host.project_files import write_whole
from nbyard.reasons.structs import Reason, because
from nbyard.runtimes.docker.attempt_container_spec import (
    GPU_CHECK,
    GPUS,
    LIST,
    NOBODY,
    attempt_labels,
    container_name,
    visible_gpus,
)
from nbyard.runtimes.protocol import Order

PAUSE_SECONDS = 0.02
MAX_BYTES = 8 * 2**20
LIST_COMMAND = ["python3", "-c", LIST_PACKAGES]
LOCK_SECONDS = 30.0
SECONDS = 60.0
# Docker's message on a machine without NVIDIA's container toolkit.
NO_DRIVER = "could not select device driver"
# Such as nvidia0. Others, such as nvidiactl and nvidia-uvm, are no GPUs.
DEVICE = re.compile(r"nvidia\d+")


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


def verify_gpus(
    engine: Engine, order: Order, image: str, wanted: Callable[[], bool] = lambda: True
) -> None:
    """Check that a container of the image sees exactly the granted GPUs.

    `wanted` is polled meanwhile.

    Raises:
        NoLongerWanted: `wanted` has returned False.
        NbyardError: The container does not see the granted GPUs, or sees more.
    """
    if not order.gpus:
        return
    listed = _ask(engine, order, image, ["nvidia-smi", "-L"], wanted)
    if listed is not None:
        # nvidia-smi lists the devices of a partitioned GPU below the GPU itself. Each has a UUID.
        kind = "MIG" if order.gpus[0].startswith("MIG-") else "GPU"
        matches = LISTED.finditer(listed)
        _compare(order.gpus, [match["uuid"] for match in matches if match["kind"] == kind])
        return
    names = _ask(engine, order, image, ["ls", "/dev"], wanted)
    if names is None:
        raise _broken(order.gpus, because("gpus-not-listed"))
    _compare(order.gpus, ["" for name in names.split() if DEVICE.fullmatch(name)])


def _ask(
    engine: Engine, order: Order, image: str, argv: list[str], wanted: Callable[[], bool]
) -> str | None:
    """Return the output of a program in the image, None if it is missing or fails."""
    spec = question_spec(order, GPU_CHECK, image, argv)
    spec = msgspec.structs.replace(
        spec,
        gpus=order.gpus,
        labels=spec.labels | {GPUS: ",".join(order.gpus)},
        environment=visible_gpus(order.gpus),
    )
    try:
        answer = run_question(engine, spec, SECONDS, wanted)
    except Unavailable:
        raise
    except NbyardError as error:
        message = engine_message(error)
        if "executable file not found" in message:
            return None
        if NO_DRIVER in message:
            why = because("gpus-not-supported", message=NO_DRIVER)
            raise _without_toolkit(order.gpus, why) from error
        if "CDI" in message:
            raise _without_toolkit(order.gpus, because("no-cdi-device")) from error
        match = re.search(r"nvidia-container-cli: [^\n\"\\]+", message)
        if match is None:
            raise
        raise _broken(order.gpus, because("text", text=match.group().strip())) from error
    return answer.said.decode("utf-8", "replace") if answer.exit_code == 0 else None


def _compare(granted: list[str], seen: list[str]) -> None:
    """Check that the seen GPUs are the granted ones.

    Indexes are only counted, because containers number their GPUs anew.
    """
    if not seen:
        raise _without_toolkit(granted, because("no-gpu-seen"))
    if len(seen) != len(granted):
        why = because("other-count-of-gpus", seen=len(seen), granted=len(granted))
        raise _broken(granted, why)
    if not all(gpu.startswith(("GPU-", "MIG-")) for gpu in granted):
        return
    strangers = [uuid for uuid in seen if uuid and not uuid.startswith(tuple(granted))]
    if strangers:
        raise _broken(granted, because("other-gpus-seen", gpus=strangers))


def _broken(gpus: list[str], why: Reason) -> NbyardError:
    return NbyardError(because("gpus-not-given", why=why, gpus=gpus))


def _without_toolkit(gpus: list[str], why: Reason) -> NbyardError:
    return NbyardError(
        because("gpus-need-toolkit", why=why, gpus=gpus), hint=because("install-gpu-toolkit")
    )
