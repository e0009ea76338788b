"""Checks of the variables and ports of a deployment."""

import re
from collections.abc import Iterator

from nbyard.domain.deployments.structs import OPEN, OPEN_VARIABLE, RevisionSpec
from nbyard.domain.images.structs import VARIABLE
from nbyard.domain.limits import SSH_PORT
from nbyard.errors import Detail

MAX_PORTS, MAX_WORDS, MAX_VARIABLES = 16, 200, 200
MAX_TEXT = 16 * 1024
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,500}")
# NVIDIA's hook would add the GPUs in NVIDIA_VISIBLE_DEVICES, also those of other tasks.
OURS = ("HOME", "NVIDIA_VISIBLE_DEVICES", "NBYARD_")
# variables that the image of a served model reads
OF_MODELS = (
    "NBYARD_CALL_SECONDS",
    "NBYARD_MAX_BODY_BYTES",
    "NBYARD_MAX_QUEUE_ROWS",
    OPEN_VARIABLE,
)
NOT_PORT_NAME = (
    "is not a valid port name: use lower-case letters and digits, with - between them, at most 63"
    " characters"
)
NOT_PORT = "is not a valid port: must be from 1 to 65535"
# JupyterLab finds its settings, including its password, by these
LABS = ("JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH", "JUPYTER_NO_CONFIG")


def wrong_variables(spec: RevisionSpec) -> Iterator[Detail]:
    """Yield the refused variables, each with the reason."""
    ours = OURS + LABS if spec.service == "jupyterlab" else OURS
    if len(spec.environment) > MAX_VARIABLES:
        yield Detail("environment", f"may have at most {MAX_VARIABLES} variables")
    for name, value in spec.environment.items():
        if not VARIABLE.fullmatch(name):
            yield Detail("environment", f"{name[:40]!r} is not a valid variable name")
        elif name.startswith(ours) and name not in OF_MODELS:
            yield Detail(f"environment.{name[:40]}", "is set by nbyard itself")
        elif name == OPEN_VARIABLE and value != OPEN:
            yield Detail(f"environment.{name}", f"must be {OPEN}, or be left out")
        elif len(value) > MAX_TEXT:
            yield Detail(f"environment.{name[:40]}", f"may have at most {MAX_TEXT} characters")


def wrong_ports(spec: RevisionSpec) -> Iterator[Detail]:
    """Yield the refused ports, each with the reason."""
    if len(spec.ports) > MAX_PORTS:
        yield Detail("ports", f"may have at most {MAX_PORTS} entries")
    if not spec.ports and spec.service != "own":
        yield Detail("ports", "at least one is needed")
    names, numbers = set[str](), set[int]()
    for index, port in enumerate(spec.ports[:MAX_PORTS]):
        if not LABEL.fullmatch(port.name) or port.name in names:
            why = "is used by another port" if port.name in names else NOT_PORT_NAME
            yield Detail(f"ports.{index}.name", f"{port.name[:80]!r} {why}")
        if not 1 <= port.port <= 65535 or port.port in numbers:
            why = "appears twice" if port.port in numbers else NOT_PORT
            yield Detail(f"ports.{index}.port", f"{port.port} {why}")
        elif port.port == SSH_PORT:
            yield Detail(f"ports.{index}.port", f"port {SSH_PORT} is that of SSH")
        if not PATH.fullmatch(port.path):
            yield Detail(f"ports.{index}.path", "must begin with / and be written as in a URL")
        names.add(port.name)
        numbers.add(port.port)
