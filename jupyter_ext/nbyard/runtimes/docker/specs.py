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
    EngineImage,
    EngineInfo,
    Mount,
    Owned,
)
from nbyard.domain.attempts.structs import (
    IMAGE_PROGRAM,
    METRICS,
    TASK,
    CommandWork,
    NotebookWork,
    TaskFile,
)
from nbyard.errors import NbyardError
from nbyard.runner import beside, memory
from nbyard.runner.folder import expanded
from nbyard.runtimes.protocol import Order

ROOT = "/nbyard"
FOLDER = "/nbyard/attempt"
RUNNER = ".runner"
STAGING, LOG_BASE, GPUS = "nbyard.staging", "nbyard.log-base", "nbyard.gpus"
WARM, STREAMS, PRINTS = "nbyard.warm", "nbyard.streams", "nbyard.prints"
BIND, VOLUME = "bind", "volume"
NOBODY = 65534
# An output on standard output passes through the engine's log: it must not be rotated away.
STDOUT_LOG_BYTES = 64 * 2**30
NAME = re.compile(r"nby-([0-9A-Za-z][0-9A-Za-z_.-]*)")
PROBE, LIST, GPU_CHECK, COLLECTOR = "-probe", "-list", "-gpus", "-printed"
PRINTED, PIPE = ".printed", "pipe"  # beside the secrets
PYTHON_PATH = "PYTHONPATH"
# The next word is a variable, the one behind it the place of its value.
SET = 'cat "$2" >/dev/null || exit 125; export "$1=$(cat "$2")"; shift 2; '
ELSEWHERE = (
    "The Docker engine does not see the memory of this machine, and secrets are never written to a"
    " disk: let what uses a credential run as a process, on Dask, or with an engine here."
)
VISIBLE_GPUS = "NVIDIA_VISIBLE_DEVICES"
IDENTITY = {"HOME": HOME, "USER": "nbyard", "LOGNAME": "nbyard", "PYTHONUNBUFFERED": "1"}


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
    for suffix in (PROBE, LIST, GPU_CHECK, COLLECTOR):
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
    order: Order, task: TaskFile, info: EngineInfo, image: str, staging: str, apart: bool = False
) -> ContainerSpec:
    """The container of an attempt, but for its network. What it prints goes `apart` from the
    engine's log where a collector takes it."""
    command = task.work if isinstance(task.work, CommandWork) else None
    uid, gid = container_user(info)
    streams = (command.stdin, command.stdout, command.stderr) if command else ()
    opens_files = (info.is_podman or apart) and any(streams)
    argv = _with_secrets(_opening(command) if opens_files and command else _argv(command), command)
    return ContainerSpec(
        name=container_name(order.attempt_id),
        image=image,
        argv=_printing_apart(argv) if apart else argv,
        user=f"{uid}:{gid}",
        labels=labels(order)
        | _stamps(order, staging, opens_files)
        | ({PRINTS: "apart"} if apart else {}),
        environment=_environment(task, command, order.gpus) | _told_of_secrets(order),
        directory=_directory(task, command),
        mounts=_mounts(order, command is not None, staging),
        memory_bytes=order.memory_bytes,
        cpu=order.cpu,
        gpus=order.gpus,
        takes_stdin=bool(command and command.stdin) and not opens_files,
        log_bytes=STDOUT_LOG_BYTES if any(streams[1:]) else 128 * 2**20,
        ports=order.ports,
    )


def dockerfile_of(task: TaskFile) -> str:
    """The Dockerfile whose image does the work, relative to the bundle; "" for none."""
    named = task.work.dockerfile if isinstance(task.work, CommandWork) else ""
    return named.removeprefix("code/")


def with_image(task: TaskFile, image: EngineImage | None) -> TaskFile:
    """The task with what its image says: where its Python looks for modules, and what it starts by
    itself, where that is its program.

    Raises:
        NbyardError: the image says no program.
    """
    command = task.work
    if not isinstance(command, CommandWork) or image is None:
        return task
    if path := image.variables.get(PYTHON_PATH):
        task = msgspec.structs.replace(task, environment={PYTHON_PATH: path, **task.environment})
    if command.argv[0] != IMAGE_PROGRAM:
        return task
    program = image.entrypoint or image.command
    if not program:
        raise NbyardError("The image says no program: its Dockerfile needs ENTRYPOINT or CMD.")
    argv = [*program, *command.argv[1:]]
    return msgspec.structs.replace(task, work=msgspec.structs.replace(command, argv=argv))


def _stamps(order: Order, staging: str, opens_files: bool) -> dict[str, str]:
    """What whoever finds the container has to know of it."""
    log = order.folder / "log"
    stamps = {STAGING: staging, LOG_BASE: str(log.stat().st_size if log.exists() else 0)}
    if order.gpus:
        stamps[GPUS] = ",".join(order.gpus)
    if opens_files:
        stamps[STREAMS] = "files"
    return stamps


def _directory(task: TaskFile, command: CommandWork | None) -> str:
    """Empty for that of the image."""
    if command is None:
        return FOLDER
    return "" if command.dockerfile else f"{FOLDER}/{task.directory or 'code'}"


def _argv(command: CommandWork | None) -> list[str]:
    if command is not None:
        return [expand_word(word) for word in command.argv]
    return ["python3", f"{FOLDER}/{RUNNER}/__main__.py", "--alone", FOLDER]


def _opening(command: CommandWork) -> list[str]:
    """Podman lost parts of what was sent to standard input or printed: a shell in the container
    opens the files. Neither names nor words are ever a part of its script."""
    script = 'i=$1 o=$2 e=$3; shift 3; exec "$@"'
    script += ' <"$i"' if command.stdin else ""
    script += ' >"$o"' if command.stdout else ""
    script += ' 2>"$e"' if command.stderr else ""
    opened = [f"{FOLDER}/{name}" for name in (command.stdin, command.stdout, command.stderr)]
    return ["sh", "-c", script, "sh", *opened, *_argv(command)]


def _with_secrets(argv: list[str], command: CommandWork | None) -> list[str]:
    """A shell in the container fills the variables: whoever asks the engine what it was started
    with sees where they come from, and not what they hold."""
    if command is None or not command.secrets:
        return argv
    places = [word for name, place in command.secrets.items() for word in (name, place)]
    script = f'cd "$1" || exit 125; shift; {SET * len(command.secrets)}cd "$OLDPWD"; exec "$@"'
    return ["sh", "-c", script, "sh", FOLDER, *places, *argv]


def _printing_apart(argv: list[str]) -> list[str]:
    """A shell in the container sends both streams into the pipe, when somebody reads it. It opens
    the pipe for reading too: whatever happens to the reader, the command can write."""
    script = 'exec >>"$1" 2>&1 9<>"$1"; shift; exec "$@"'
    return ["sh", "-c", script, "sh", f"{FOLDER}/{memory.SECRETS}/{PRINTED}/{PIPE}", *argv]


def _told_of_secrets(order: Order) -> dict[str, str]:
    has_some = os.path.lexists(order.folder / memory.SECRETS)
    return {memory.VARIABLE: f"{FOLDER}/{memory.SECRETS}"} if has_some else {}


def expand_word(word: str) -> str:
    """`{attempt}` as the runner expands it."""
    return expanded(word, FOLDER)


def _environment(task: TaskFile, command: CommandWork | None, gpus: list[str]) -> dict[str, str]:
    environment = dict(IDENTITY)
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
        path = environment.get(PYTHON_PATH, "")
        environment[PYTHON_PATH] = beside.on_path(path, f"{FOLDER}/{RUNNER}/beside")
    return environment | visible_gpus(gpus)


def visible_gpus(gpus: list[str]) -> dict[str, str]:
    """Said even when there are none: some images and engines show all of them by themselves."""
    return {VISIBLE_GPUS: ",".join(gpus) or "void"}


def _mounts(order: Order, is_command: bool, staging: str) -> list[Mount]:
    secrets = memory.place(order.store_id, order.attempt_id)
    if staging == VOLUME and os.path.isdir(secrets):
        raise NbyardError(ELSEWHERE)
    if staging == VOLUME:
        # Mounted one level higher, so that the attempt's folder itself can be given to the user.
        return [Mount(ROOT, container_name(order.attempt_id), kind="volume")]
    folder = order.folder.resolve()
    inputs = [Mount(f"{FOLDER}/inputs", str(folder / "inputs"), read_only=True)]
    if os.path.isdir(secrets):
        inputs.append(Mount(f"{FOLDER}/{memory.SECRETS}", secrets, read_only=True))
    if not is_command:
        return [Mount(FOLDER, str(folder)), *inputs]
    # A command has no business with log and result: what we write there is out of its reach.
    own = [Mount(f"{FOLDER}/{name}", str(folder / name)) for name in ("code", "outputs", METRICS)]
    told = [
        Mount(f"{FOLDER}/{name}", str(folder / name), read_only=True) for name in (TASK, RUNNER)
    ]
    return [*own, *inputs, *told]


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


def prints_apart(container: Container) -> bool:
    """Whether a collector has what it prints, and not the engine's log."""
    return bool(container.labels.get(PRINTS))


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
