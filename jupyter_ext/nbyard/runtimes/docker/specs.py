"""From an order and its task to a container: name, user, argv, environment, mounts."""

import os
import re
import secrets
from pathlib import Path

import msgspec

from nbyard.dockerd import (
    ATTEMPT,
    HOME,
    NODE,
    RUN,
    STORE,
    Container,
    ContainerSpec,
    EngineInfo,
    Mount,
    Owned,
)
from nbyard.domain.attempts import CommandWork, NotebookWork, TaskFile
from nbyard.runner.folder import OPTION_PLACEHOLDER
from nbyard.runtimes.protocol import Order

ROOT = "/nbyard"
FOLDER = "/nbyard/attempt"
RUNNER = ".runner"
STAGING, LOG_BASE, GPUS = "nbyard.staging", "nbyard.log-base", "nbyard.gpus"
WARM, STREAMS = "nbyard.warm", "nbyard.streams"
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
    name = matched.group(1)
    if WARM in found.labels:
        return name.rpartition("-warm-")[0] == found.labels.get(RUN)
    key = RUN if found.kind == "network" else ATTEMPT
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
    opens_files = info.is_podman and command is not None and bool(command.stdin or command.stdout)
    return ContainerSpec(
        name=container_name(order.attempt_id),
        image=image,
        argv=_opening(command) if opens_files and command else _argv(command),
        user=f"{uid}:{gid}",
        labels=labels(order) | _stamps(order, staging, opens_files),
        environment=_environment(task, command, order.gpus),
        directory=f"{FOLDER}/{task.directory or 'code'}" if command else FOLDER,
        mounts=_mounts(order, command is not None, staging),
        memory_bytes=order.memory_bytes,
        cpu=order.cpu,
        gpus=order.gpus,
        takes_stdin=bool(command and command.stdin) and not opens_files,
        log_bytes=STDOUT_LOG_BYTES if command and command.stdout else 128 * 2**20,
    )


def _stamps(order: Order, staging: str, opens_files: bool) -> dict[str, str]:
    """What whoever finds the container has to know of it."""
    log = order.folder / "log"
    stamps = {STAGING: staging, LOG_BASE: str(log.stat().st_size if log.exists() else 0)}
    if order.gpus:
        stamps[GPUS] = ",".join(order.gpus)
    if opens_files:
        stamps[STREAMS] = "files"
    return stamps


def _argv(command: CommandWork | None) -> list[str]:
    if command is not None:
        return [expand_word(word) for word in command.argv]
    return ["python3", f"{FOLDER}/{RUNNER}/__main__.py", "--alone", FOLDER]


def _opening(command: CommandWork) -> list[str]:
    """Podman lost parts of what was sent to standard input or printed: a shell in the container
    opens the files. Neither names nor words are ever a part of its script."""
    script = 'i=$1 o=$2; shift 2; exec "$@"'
    script += ' <"$i"' if command.stdin else ""
    script += ' >"$o"' if command.stdout else ""
    opened = [f"{FOLDER}/{name}" for name in (command.stdin, command.stdout)]
    return ["sh", "-c", script, "sh", *opened, *_argv(command)]


def expand_word(word: str) -> str:
    """`{attempt}` at the start of a word, or after the `=` of an option, as the runner does it."""
    found = OPTION_PLACEHOLDER.match(word)
    return (found["option"] or "") + FOLDER + word[found.end() :] if found else word


def _environment(task: TaskFile, command: CommandWork | None, gpus: list[str]) -> dict[str, str]:
    environment = {
        "HOME": HOME,
        "USER": "nbyard",
        "LOGNAME": "nbyard",
        "PYTHONUNBUFFERED": "1",
    }
    if command is None:
        environment |= {"NBYARD_MARK": "-" * len(task.mark)}  # room for it, see `prepared`
    else:
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


def warm_spec(
    order: Order, task: TaskFile, info: EngineInfo, image: str, home: Path | None
) -> ContainerSpec:
    """A container for one attempt after the other; `home` is its folder on our side where the
    engine sees it."""
    staging = BIND if home else VOLUME
    task = msgspec.structs.replace(task, work=NotebookWork("", "", "", {}))
    fresh = container_spec(order, task, info, image, staging)
    name = warm_name(order.run_id)
    mounts = [Mount(ROOT, name, kind="volume")]
    if home:
        home = home.resolve() / name
        mounts = [
            Mount(FOLDER, str(home / "seat")),
            Mount(f"{FOLDER}/inputs", str(home / "seat" / "inputs"), read_only=True),
            Mount(f"{ROOT}/runner", str(home / "runner"), read_only=True),
        ]
    marks = {key: fresh.labels[key] for key in fresh.labels if key not in (ATTEMPT, NODE, LOG_BASE)}
    return msgspec.structs.replace(
        fresh,
        name=name,
        argv=["python3", f"{ROOT}/runner/__main__.py", "--serve", FOLDER],
        labels=marks | {WARM: "1"},
        directory="/",
        mounts=mounts,
        takes_stdin=True,
    )


def opens_files(container: Container) -> bool:
    """Whether its shell opens the files of its standard streams itself."""
    return bool(container.labels.get(STREAMS))


def warm_name(run_id: str) -> str:
    return f"nby-{run_id}-warm-{secrets.token_hex(4)}"


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
