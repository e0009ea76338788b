"""Monitor links: ports that a running task listens on, and TensorBoard on its files."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from nbyard.domain.limits import SSH_PORT
from nbyard.reasons.structs import Reason

PROXY = "nbyard/attempts"
TENSORBOARD = "tensorboard"
MAX_PORTS, MAX_PORT = 8, 65535
# the first number tried for a declared port 0
CONTAINER_PORTS = 8800
EVERYWHERE = "0.0.0.0"  # inside a container, which has its own network
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


class MonitorLink(msgspec.Struct, frozen=True):
    """The link to a port of a running attempt. `path` is below the server's base URL.

    The link works while `answers` is true. `reason` says why the port will never answer.
    """

    name: str
    path: str
    answers: bool
    reason: Reason | None = None


def link_path(name: str, port: str) -> str:
    """Return the path of a port of an attempt, below the server's base URL.

    `name` is the attempt's ID.
    """
    return f"{PROXY}/{name}/{port}/"


def container_ports(declared: Mapping[str, int]) -> dict[str, int]:
    """Return the ports inside a container, by name.

    A declared port 0 becomes a number from 8800 on that no other port has.
    """
    taken = set(declared.values())
    free = (number for number in range(CONTAINER_PORTS, MAX_PORT) if number not in taken)
    return {name: number or next(free) for name, number in declared.items()}


def port_variables(ports: Mapping[str, int], host: str) -> dict[str, str]:
    """Return the environment variables that pass a task its ports.

    `NBYARD_HOST` is the address to listen on. Each port has a variable with its name. A single port
    is also in `NBYARD_PORT`.
    """
    if not ports:
        return {}
    plain = {name.upper().replace("-", "_"): str(number) for name, number in ports.items()}
    variables = {f"NBYARD_PORT_{name}": number for name, number in plain.items()}
    if len(ports) == 1:
        variables["NBYARD_PORT"] = next(iter(variables.values()))
    return {"NBYARD_HOST": host, **variables}


def wrong_monitors(ports: Mapping[str, int], tensorboard: str) -> Iterator[tuple[str, str]]:
    """Yield the problems of declared ports and of the TensorBoard folder.

    Each problem is the name of the field and the reason.
    """
    if len(ports) > MAX_PORTS:
        yield "ports", f"there may be at most {MAX_PORTS} ports"
    for name, number in ports.items():
        if not NAME.fullmatch(name):
            yield (
                "ports",
                (
                    f"{name[:40]!r} is not a valid port name: use a-z, 0-9 and -, at most 31"
                    " characters"
                ),
            )
        elif tensorboard and name == TENSORBOARD:
            yield "ports", f"'{TENSORBOARD}' is reserved for the link to TensorBoard"
        if not 0 <= number <= MAX_PORT:
            yield "ports", f"{name[:40]} must be from 0 (any) to {MAX_PORT}"
        elif number == SSH_PORT:
            yield "ports", f"port {SSH_PORT} is that of SSH"
    # 0 stands for any free port, so several links may declare it.
    numbers = [number for number in ports.values() if number]
    for number in sorted({number for number in numbers if numbers.count(number) > 1}):
        yield "ports", f"two names have the port {number}"
    # TensorBoard would otherwise show files outside the folders of the task.
    if tensorboard.startswith("/") or ".." in tensorboard.split("/"):
        yield (
            "tensorboard",
            "must be a folder below the working directory, or the name of an output",
        )
