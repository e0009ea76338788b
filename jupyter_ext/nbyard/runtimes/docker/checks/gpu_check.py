"""Checks that an engine provides the granted GPUs, as some engines ignore the request.

Before the work, a container of its image runs with the same request. It runs `nvidia-smi -L`, which
NVIDIA's toolkit adds to every container, or else `ls /dev`. A check during the work would be too
late: a short task would have ended on the CPU by then.
"""

import re
from collections.abc import Callable

import msgspec

from nbyard.dockerd import Engine, engine_message
from nbyard.errors import NbyardError, Unavailable
from nbyard.host.gpus import LISTED
from nbyard.reasons.structs import Reason, because
from nbyard.runtimes.docker.attempt_container_spec import GPU_CHECK, GPUS, visible_gpus
from nbyard.runtimes.docker.checks.image_query import question_spec, run_question
from nbyard.runtimes.protocol import Order

SECONDS = 60.0
# Docker's message on a machine without NVIDIA's container toolkit.
NO_DRIVER = "could not select device driver"
# Such as nvidia0. Others, such as nvidiactl and nvidia-uvm, are no GPUs.
DEVICE = re.compile(r"nvidia\d+")


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
