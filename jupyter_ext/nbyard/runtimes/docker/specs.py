"""From an order and its task to a container: name, user, argv, environment, mounts."""

import os
import re
from pathlib import Path

from nbyard.dockerd import (
    ATTEMPT,
    HOME,
    NODE,
    RUN,
    STORE,
    ContainerSpec,
    EngineInfo,
    Mount,
    Owned,
)
from nbyard.domain.attempts import CommandWork, TaskFile
from nbyard.runner.folder import OPTION_PLACEHOLDER
from nbyard.runtimes.protocol import Order

ROOT = "/nbyard"
FOLDER = "/nbyard/attempt"
RUNNER = ".runner"
STAGING, LOG_BASE, GPUS = "nbyard.staging", "nbyard.log-base", "nbyard.gpus"
BIND, VOLUME = "bind", "volume"
NOBODY = 65534
# An output on standard output passes through the engine's log: it must not be rotated away.
STDOUT_LOG_BYTES = 64 * 2**30
NAME = re.compile(r"nby-([0-9A-Za-z][0-9A-Za-z_.-]*)")
PROBE, LIST, GPU_CHECK = "-probe", "-list", "-gpus"
VISIBLE_GPUS = "NVIDIA_VISIBLE_DEVICES"


def container_name(attempt_id: str) -> str:
    return f"nby-{attempt_id}"


def network_name(run_id: str) -> str:
    return f"nby-{run_id}"


def labels(order: Order) -> dict[str, str]:
    return {
        STORE: order.store_id,
        RUN: order.run_id,
        ATTEMPT: order.attempt_id,
        NODE: order.node_id,
    }


def network_labels(order: Order) -> dict[str, str]:
    return {STORE: order.store_id, RUN: order.run_id}


def is_ours(found: Owned) -> bool:
    """A label can be forged or copied; the name must agree with it."""
    matched = NAME.fullmatch(found.name)
    if matched is None:
        return False
    key = RUN if found.kind == "network" else ATTEMPT
    name = matched.group(1)
    for suffix in (PROBE, LIST, GPU_CHECK):
        name = name.removesuffix(suffix)
    return name == found.labels.get(key)


def container_user(info: EngineInfo) -> tuple[int, int]:
    """Who the work is: the calling user, never root of the machine."""
    if info.is_rootless:
        # Root of a rootless engine is the user who runs it, and nobody else maps to him.
        return 0, 0
    if os.getuid() == 0:
        return NOBODY, NOBODY
    return os.getuid(), os.getgid()


def container_spec(
    order: Order, task: TaskFile, info: EngineInfo, image: str, staging: str
) -> ContainerSpec:
    """The container of an attempt, but for its network."""
    command = task.work if isinstance(task.work, CommandWork) else None
    uid, gid = container_user(info)
    log = order.folder / "log"
    stamps = {STAGING: staging, LOG_BASE: str(log.stat().st_size if log.exists() else 0)}
    if order.gpus:
        stamps[GPUS] = ",".join(order.gpus)
    return ContainerSpec(
        name=container_name(order.attempt_id),
        image=image,
        argv=_argv(command),
        user=f"{uid}:{gid}",
        labels=labels(order) | stamps,
        environment=_environment(task, command, order.gpus),
        directory=f"{FOLDER}/{task.directory or 'code'}" if command else FOLDER,
        mounts=_mounts(order, command is not None, staging),
        memory_bytes=order.memory_bytes,
        cpu=order.cpu,
        gpus=order.gpus,
        takes_stdin=bool(command and command.stdin),
        log_bytes=STDOUT_LOG_BYTES if command and command.stdout else 128 * 2**20,
    )


def _argv(command: CommandWork | None) -> list[str]:
    if command is not None:
        return [expand_word(word) for word in command.argv]
    return ["python3", f"{FOLDER}/{RUNNER}/__main__.py", "--foreground", FOLDER]


def expand_word(word: str) -> str:
    """`{attempt}` at the start of a word, or after the `=` of an option, as the runner does it."""
    found = OPTION_PLACEHOLDER.match(word)
    return (found["option"] or "") + FOLDER + word[found.end() :] if found else word


def _environment(task: TaskFile, command: CommandWork | None, gpus: list[str]) -> dict[str, str]:
    environment = {
        "HOME": HOME,
        "USER": "nbyard",
        "LOGNAME": "nbyard",
        "PYTHONPYCACHEPREFIX": "/tmp/pycache",
        "PYTHONUNBUFFERED": "1",
    }
    if command is not None:
        environment |= task.environment
        environment |= {name: expand_word(v) for name, v in command.environment.items()}
        environment |= {
            "NBYARD_ATTEMPT": FOLDER,
            "NBYARD_ATTEMPT_ID": task.attempt_id,
            "NBYARD_MARK": task.mark,
        }
    return environment | visible_gpus(gpus)


def visible_gpus(gpus: list[str]) -> dict[str, str]:
    """Said even when there are none: some images and engines show all of them by themselves."""
    return {VISIBLE_GPUS: ",".join(gpus) or "void"}


def _mounts(order: Order, is_command: bool, staging: str) -> list[Mount]:
    if staging == VOLUME:
        # Mounted one level higher, so that the attempt's folder itself can be given to the user.
        return [Mount(ROOT, container_name(order.attempt_id), kind="volume")]
    folder = order.folder.resolve()
    inputs = [Mount(f"{FOLDER}/inputs", str(folder / "inputs"), read_only=True)]
    if not is_command:
        return [Mount(FOLDER, str(folder)), *inputs]
    # A command has no business with log, task and result: what we write there is out of its reach.
    return [Mount(f"{FOLDER}/{name}", str(folder / name)) for name in ("code", "outputs")] + inputs


def probe_spec(order: Order, image: str, folder: Path) -> ContainerSpec:
    """A container that is never started: it only shows whether the engine sees our files."""
    return ContainerSpec(
        name=container_name(order.attempt_id) + PROBE,
        image=image,
        argv=["probe"],
        user=f"{NOBODY}:{NOBODY}",
        labels=labels(order),
        mounts=[Mount("/nbyard/probe", str(folder.resolve()), read_only=True)],
    )
