"""Checks of the variables and ports of a deployment."""

import re
from collections.abc import Iterator

from nbyard.domain.deployments.structs import OPEN, OPEN_VARIABLE, RevisionSpec
from nbyard.domain.images.structs import VARIABLE
from nbyard.domain.limits import SSH_PORT
from nbyard.errors import Detail
from nbyard.reasons.structs import because

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
# JupyterLab finds its settings, including its password, by these
LABS = ("JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH", "JUPYTER_NO_CONFIG")


def wrong_variables(spec: RevisionSpec) -> Iterator[Detail]:
    """Yield the refused variables, each with the reason."""
    ours = OURS + LABS if spec.service == "jupyterlab" else OURS
    if len(spec.environment) > MAX_VARIABLES:
        yield Detail.of("environment", because("too-many-variables", most=MAX_VARIABLES))
    for name, value in spec.environment.items():
        if not VARIABLE.fullmatch(name):
            yield Detail.of("environment", because("not-name-of-variable", name=repr(name[:40])))
        elif name.startswith(ours) and name not in OF_MODELS:
            yield Detail.of(f"environment.{name[:40]}", because("set-by-nbyard"))
        elif name == OPEN_VARIABLE and value != OPEN:
            yield Detail.of(f"environment.{name}", because("one-value-only", value=OPEN))
        elif len(value) > MAX_TEXT:
            yield Detail.of(
                f"environment.{name[:40]}", because("characters-allowed", most=MAX_TEXT)
            )


def wrong_ports(spec: RevisionSpec) -> Iterator[Detail]:
    """Yield the refused ports, each with the reason."""
    if len(spec.ports) > MAX_PORTS:
        yield Detail.of("ports", because("too-many-ports", most=MAX_PORTS))
    if not spec.ports and spec.service != "own":
        yield Detail.of("ports", because("port-needed"))
    names, numbers = set[str](), set[int]()
    for index, port in enumerate(spec.ports[:MAX_PORTS]):
        if not LABEL.fullmatch(port.name) or port.name in names:
            code = "port-name-taken" if port.name in names else "not-port-name"
            yield Detail.of(f"ports.{index}.name", because(code, name=repr(port.name[:80])))
        if not 1 <= port.port <= 65535 or port.port in numbers:
            code = "port-twice" if port.port in numbers else "not-port"
            yield Detail.of(f"ports.{index}.port", because(code, port=port.port))
        elif port.port == SSH_PORT:
            yield Detail(f"ports.{index}.port", f"port {SSH_PORT} is that of SSH")
        if not PATH.fullmatch(port.path):
            yield Detail.of(f"ports.{index}.path", because("not-url-path"))
        names.add(port.name)
        numbers.add(port.port)
