"""Monitor links: ports that a running task listens on, and TensorBoard on its files."""

import re
from collections.abc import Iterator, Mapping

import msgspec

PROXY = "nbyard/attempts"
TENSORBOARD = "tensorboard"
MAX_PORTS, MAX_PORT = 8, 65535
# the first number tried for a declared port 0
CONTAINER_PORTS = 8800
EVERYWHERE = "0.0.0.0"  # inside a container, which has its own network
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


class MonitorLink(msgspec.Struct, frozen=True):
    """The link to a port of a running attempt. `path` is below the server's base URL.

    Show it as active only while it `answers`. `reason` says why it never will.
    """

    name: str
    path: str
    answers: bool
    reason: str = ""


def link_path(name: str, port: str) -> str:
    """Return the path of a port of an attempt, below the server's base URL.

    `name` is the attempt's ID.
    """
    return f"{PROXY}/{name}/{port}/"


def container_ports(declared: Mapping[str, int]) -> dict[str, int]:
    """Return the ports inside a container. A declared port 0 becomes any other number."""
    taken = set(declared.values())
    free = (number for number in range(CONTAINER_PORTS, MAX_PORT) if number not in taken)
    return {name: number or next(free) for name, number in declared.items()}


def variables(ports: Mapping[str, int], host: str) -> dict[str, str]:
    """Return the environment variables with the address to listen on and the port of each name."""
    if not ports:
        return {}
    told = {variable(name): str(number) for name, number in ports.items()}
    if len(ports) == 1:
        told["NBYARD_PORT"] = next(iter(told.values()))
    return {"NBYARD_HOST": host, **told}


def variable(name: str) -> str:
    """Return the environment variable that holds the port of that name."""
    return f"NBYARD_PORT_{name.upper().replace('-', '_')}"


def wrong_monitors(ports: Mapping[str, int], tensorboard: str) -> Iterator[tuple[str, str]]:
    """Yield the problems of a declaration: the field and the reason."""
    if len(ports) > MAX_PORTS:
        yield "ports", f"there may be at most {MAX_PORTS} ports"
    for name, number in ports.items():
        if not NAME.fullmatch(name):
            words = f"{name[:40]!r} is no name of a port: use a-z, 0-9 and -, 31 characters at most"
            yield "ports", words
        elif tensorboard and name == TENSORBOARD:
            yield "ports", f"{TENSORBOARD!r} is the link of TensorBoard itself"
        if not 0 <= number <= MAX_PORT:
            yield "ports", f"{name[:40]} must be from 0 (any) to {MAX_PORT}"
    numbers = [number for number in ports.values() if number]
    for number in sorted({number for number in numbers if numbers.count(number) > 1}):
        yield "ports", f"two names have the port {number}"
    if tensorboard.startswith("/") or ".." in tensorboard.split("/"):
        yield "tensorboard", "must be a folder below the working directory, or an output's name"
