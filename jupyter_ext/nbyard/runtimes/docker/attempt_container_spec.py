"""Builds the specification of an attempt's container from the order and the task."""

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
    OwnedObject,
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
from nbyard.reasons.structs import because
from nbyard.runner import pythonpath_shim, secret_files
from nbyard.runner.attempt_folder import expand_attempt_path
from nbyard.runtimes.protocol import Order

ROOT = "/nbyard"
FOLDER = "/nbyard/attempt"
RUNNER = ".runner"
# In the folder of a warm container: the folder that is mounted, its inputs, and the runner.
MOUNTED, INPUTS, WARM_RUNNER = "seat", "inputs", "runner"
STAGING, LOG_BASE, GPUS = "nbyard.staging", "nbyard.log-base", "nbyard.gpus"
WARM, STREAMS, PRINTS = "nbyard.warm", "nbyard.streams", "nbyard.prints"
BIND, VOLUME = "bind", "volume"
NOBODY = 65534
# For outputs on standard output, which pass through the engine's log: rotation would lose data.
STDOUT_LOG_BYTES = 64 * 2**30
NAME = re.compile(r"nby-([0-9A-Za-z][0-9A-Za-z_.-]*)")
PROBE, LIST, GPU_CHECK, COLLECTOR = "-probe", "-list", "-gpus", "-printed"
PRINTED, PIPE = ".printed", "pipe"  # beside the secrets
PYTHON_PATH = "PYTHONPATH"
# The first argument is the name of a variable, the second the path of its value.
# `export` hides a failure of `cat` within it, so the file is read once before.
SET = 'cat "$2" >/dev/null || exit 125; export "$1=$(cat "$2")"; shift 2; '
VISIBLE_GPUS = "NVIDIA_VISIBLE_DEVICES"
IDENTITY = {"HOME": HOME, "USER": "nbyard", "LOGNAME": "nbyard", "PYTHONUNBUFFERED": "1"}


def container_name(attempt_id: str) -> str:
    """Return the name of an attempt's container and volume."""
    return f"nby-{attempt_id}"


def network_name(run_id: str) -> str:
    """Return the name of a run's network."""
    return f"nby-{run_id}"


def attempt_labels(order: Order) -> dict[str, str]:
    """Return the labels of an attempt's container."""
    return {
        STORE: order.store_id,
        RUN: order.run_id,
        ATTEMPT: order.attempt_id,
        NODE: order.node_id,
    }


def is_owned(owned_object: OwnedObject) -> bool:
    """Return whether an object's name matches its labels, which could be forged or copied."""
    matched = NAME.fullmatch(owned_object.name)
    if matched is None:
        return False
    name = matched.group(1)
    if WARM in owned_object.labels:
        return name.rpartition("-warm-")[0] == owned_object.labels.get(RUN)
    key = RUN if owned_object.kind == "network" else ATTEMPT
    for suffix in (PROBE, LIST, GPU_CHECK, COLLECTOR):
        name = name.removesuffix(suffix)
    return name == owned_object.labels.get(key)


def container_user(info: EngineInfo) -> tuple[int, int]:
    """Return the user and group IDs of the work in a container.

    They are those of this process, or unprivileged ones if it runs as root. In a rootless engine,
    root (0, 0) stands for the calling user.
    """
    if info.is_rootless:
        # Root in a rootless container is the user who runs the engine, which no other ID maps to.
        return 0, 0
    if os.getuid() == 0:
        return NOBODY, NOBODY
    return os.getuid(), os.getgid()


def container_spec(
    order: Order, task: TaskFile, info: EngineInfo, image: str, staging: str, apart: bool = False
) -> ContainerSpec:
    """Return the specification of an attempt's container, without its network.

    With `apart`, the command prints to a collector instead of the engine's log.
    """
    command = task.work if isinstance(task.work, CommandWork) else None
    uid, gid = container_user(info)
    streams = (command.stdin, command.stdout, command.stderr) if command else ()
    opens_files = (info.is_podman or apart) and any(streams)
    # The labels have the facts needed to handle a container that is found later.
    log = order.folder / "log"
    stamps = {STAGING: staging, LOG_BASE: str(log.stat().st_size if log.exists() else 0)}
    if order.gpus:
        stamps[GPUS] = ",".join(order.gpus)
    if opens_files:
        stamps[STREAMS] = "files"
    if apart:
        stamps[PRINTS] = "apart"
    directory = FOLDER
    if command:  # an image that is built for the command has its own working directory
        directory = "" if command.dockerfile else f"{FOLDER}/{task.directory or 'code'}"
    return ContainerSpec(
        name=container_name(order.attempt_id),
        image=image,
        argv=argv_of(command, opens_files, apart),
        user=f"{uid}:{gid}",
        labels=attempt_labels(order) | stamps,
        environment=_environment(order, task, command),
        directory=directory,
        mounts=_mounts(order, command is not None, staging),
        memory_bytes=order.memory_bytes,
        cpu=order.cpu,
        gpus=order.gpus,
        takes_stdin=bool(command and command.stdin) and not opens_files,
        log_bytes=STDOUT_LOG_BYTES if any(streams[1:]) else 128 * 2**20,
        ports=order.ports,
    )


def dockerfile_of(task: TaskFile) -> str:
    """Return the Dockerfile for the image of the work, relative to the bundle, or ""."""
    named = task.work.dockerfile if isinstance(task.work, CommandWork) else ""
    return named.removeprefix("code/")


def with_image(task: TaskFile, image: EngineImage | None) -> TaskFile:
    """Return the task, with Python's module path and the default program of its image filled in.

    Raises:
        NbyardError: The image has no program.
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
        raise NbyardError(because("image-without-program"))
    argv = [*program, *command.argv[1:]]
    return msgspec.structs.replace(task, work=msgspec.structs.replace(command, argv=argv))


def argv_of(command: CommandWork | None, opens_files: bool, apart: bool) -> list[str]:
    """Return the container's command: the program, within shells that prepare streams and secrets.

    Names and arguments are passed as parameters, never as part of a shell script.
    """
    argv = ["python3", f"{FOLDER}/{RUNNER}/__main__.py", "--alone", FOLDER]
    if command:
        argv = [expand_word(word) for word in command.argv]
    if command and opens_files:  # Podman lost parts of standard input and output
        script = 'i=$1 o=$2 e=$3; shift 3; exec "$@"'
        script += ' <"$i"' if command.stdin else ""
        script += ' >"$o"' if command.stdout else ""
        script += ' 2>"$e"' if command.stderr else ""
        opened = [f"{FOLDER}/{name}" for name in (command.stdin, command.stdout, command.stderr)]
        argv = ["sh", "-c", script, "sh", *opened, *argv]
    if command and command.secrets:  # inspecting the container shows their paths, not their values
        places = [word for name, place in command.secrets.items() for word in (name, place)]
        script = f'cd "$1" || exit 125; shift; {SET * len(command.secrets)}cd "$OLDPWD"; exec "$@"'
        argv = ["sh", "-c", script, "sh", FOLDER, *places, *argv]
    if apart:  # both streams go into the collector's pipe
        # The shell reads from the pipe too: the command can write even if the collector ends.
        script = 'exec >>"$1" 2>&1 9<>"$1"; shift; exec "$@"'
        pipe = f"{FOLDER}/{secret_files.SECRETS}/{PRINTED}/{PIPE}"
        argv = ["sh", "-c", script, "sh", pipe, *argv]
    return argv


def expand_word(word: str) -> str:
    """Replace the placeholder `{attempt}` in a word by the folder's path in the container."""
    return expand_attempt_path(word, FOLDER)


def _environment(order: Order, task: TaskFile, command: CommandWork | None) -> dict[str, str]:
    environment = dict(IDENTITY)
    if command is None:
        # reserves space for it, see `runner.process.environ_stamps`
        environment |= {"NBYARD_MARK": "-" * len(task.mark)}
    else:
        environment |= task.environment
        environment |= {name: expand_word(v) for name, v in command.environment.items()}
        environment |= {
            "NBYARD_ATTEMPT": FOLDER,
            "NBYARD_ATTEMPT_ID": task.attempt_id,
            "NBYARD_MARK": task.mark,
        }
        path, place = environment.get(PYTHON_PATH, ""), f"{FOLDER}/{RUNNER}/pythonpath_shim"
        environment[PYTHON_PATH] = pythonpath_shim.on_path(path, place)
    environment |= visible_gpus(order.gpus)
    if os.path.lexists(order.folder / secret_files.SECRETS):
        environment[secret_files.VARIABLE] = f"{FOLDER}/{secret_files.SECRETS}"
    return environment


def visible_gpus(gpus: list[str]) -> dict[str, str]:
    """Return the environment variable that lists the GPUs, "void" for none.

    Without the variable, some images use all GPUs.
    """
    return {VISIBLE_GPUS: ",".join(gpus) or "void"}


def _mounts(order: Order, is_command: bool, staging: str) -> list[Mount]:
    secrets = secret_files.secrets_folder(order.store_id, order.attempt_id)
    if staging == VOLUME and os.path.isdir(secrets):
        raise NbyardError(because("secrets-out-of-reach"))
    if staging == VOLUME:
        # Mounted one level higher, so that the user can own the attempt folder itself.
        return [Mount(ROOT, container_name(order.attempt_id), kind="volume")]
    folder = order.folder.resolve()
    inputs = [Mount(f"{FOLDER}/inputs", str(folder / "inputs"), read_only=True)]
    if os.path.isdir(secrets):
        inputs.append(Mount(f"{FOLDER}/{secret_files.SECRETS}", secrets, read_only=True))
    if not is_command:
        return [Mount(FOLDER, str(folder)), *inputs]
    # A command cannot access the log and the result that the runtime writes.
    own = [Mount(f"{FOLDER}/{name}", str(folder / name)) for name in ("code", "outputs", METRICS)]
    runner_files = [
        Mount(f"{FOLDER}/{name}", str(folder / name), read_only=True) for name in (TASK, RUNNER)
    ]
    return [*own, *inputs, *runner_files]


def warm_spec(
    order: Order, task: TaskFile, info: EngineInfo, image: str, home: Path | None
) -> ContainerSpec:
    """Return the specification of a warm container, which serves one attempt after the other.

    `home` is the folder of warm containers on this machine, None if the engine cannot access it.
    """
    staging = BIND if home else VOLUME
    task = msgspec.structs.replace(task, work=NotebookWork("", "", "", {}))
    fresh = container_spec(order, task, info, image, staging)
    name = f"nby-{order.run_id}-warm-{secrets.token_hex(4)}"
    mounts = [Mount(ROOT, name, kind="volume")]
    if home:
        home = home.resolve() / name
        inputs = home / MOUNTED / INPUTS
        mounts = [
            Mount(FOLDER, str(home / MOUNTED)),
            Mount(f"{FOLDER}/inputs", str(inputs), read_only=True),
            Mount(f"{ROOT}/runner", str(home / WARM_RUNNER), read_only=True),
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
    """Return whether a shell in the container redirects standard input and output to files."""
    return bool(container.labels.get(STREAMS))


def prints_apart(container: Container) -> bool:
    """Return whether the container prints to a collector instead of the engine's log."""
    return bool(container.labels.get(PRINTS))


def probe_spec(order: Order, image: str, folder: Path) -> ContainerSpec:
    """Return the specification of a container that tests whether `folder` can be mounted.

    The container is created, but never started.
    """
    return ContainerSpec(
        name=container_name(order.attempt_id) + PROBE,
        image=image,
        argv=["probe"],
        user=f"{NOBODY}:{NOBODY}",
        labels=attempt_labels(order),
        mounts=[Mount("/nbyard/probe", str(folder.resolve()), read_only=True)],
    )
