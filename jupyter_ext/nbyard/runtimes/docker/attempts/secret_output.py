"""Collects the output of a command with secrets in memory, so that no engine log contains it.

The command prints into a pipe in the folder of its secrets. A second container of the attempt, the
collector, copies the pipe to numbered files there. It needs no dispatcher and ends with the
command. The files are always read from the start, like an engine's log. When there are too many,
the collector empties the oldest.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event

import msgspec

from nbyard.dockerd import Container, Engine, Mount, engine_message
from nbyard.domain.attempts.structs import CommandWork, TaskFile
from nbyard.errors import NbyardError, Unavailable
from nbyard.runner import secret_files
from nbyard.runtimes.docker.attempt_container_spec import (
    BIND,
    COLLECTOR,
    PIPE,
    PRINTED,
    container_name,
    container_user,
    prints_apart,
)
from nbyard.runtimes.docker.files.log_copy import FORGOTTEN
from nbyard.runtimes.docker.image_checks import question_spec
from nbyard.runtimes.protocol import Order

TARGET = "/nbyard/printed"
READY, END = "ready", "end"
FILE_BYTES, KEPT_FILES = 16 * 2**20, 4
MEMORY_BYTES = 256 * 2**20  # the files count as the container's memory
START_SECONDS, END_SECONDS = 60.0, 10.0
PAUSE_SECONDS, LOOK_SECONDS = 0.05, 2.0
PIECE_BYTES = 1 << 16
# Containers of these runtimes share the machine's kernel, so that two of them can share a pipe.
RUNTIMES = ("runc", "crun", "youki", "nvidia", "io.containerd.runc")
MISSING = "executable file not found"
# After a restart the script continues with the last file. If dd adds nothing, the pipe has ended.
SCRIPT = """
cd "$1" && : | dd >0 2>/dev/null && wc -c <0 >0 || exit 127
n=1; while [ -e $((n + 1)) ]; do n=$((n + 1)); done
: >>$n; was=$(wc -c <$n); : >ready
exec <"$2" || exit 1
while dd bs=65536 count=64 >>$n 2>/dev/null; do
  size=$(wc -c <$n)
  if [ $size -eq $was ]; then : >end; exit 0; fi
  was=$size
  if [ $size -ge "$3" ]; then
    n=$((n + 1)); was=0; : >$n
    if [ $n -gt "$4" ]; then : >$((n - $4)); fi
  fi
done
exit 1
"""

Pieces = Iterator[tuple[bool, bytes]]


def start_collector(engine: Engine, order: Order, task: TaskFile, image: str, staging: str) -> bool:
    """Start the collector for a command with secrets. Return whether it was started.

    It needs sh, dd and wc in the image, and an engine whose containers share the machine's kernel.
    Without a collector, the command prints to the engine's log.
    """
    secrets = secret_files.secrets_folder(order.store_id, order.attempt_id)
    is_command = isinstance(task.work, CommandWork)
    if staging != BIND or not is_command or not os.path.isdir(secrets):
        return False
    if (
        not engine.info.runtime.startswith(RUNTIMES)
        or secret_files.memory_folder() != secret_files.SHARED
    ):
        return False
    user = container_user(engine.info)
    folder = _folder(order)
    make_pipe(folder, user)
    argv = ["sh", "-c", SCRIPT, "sh", TARGET, PIPE, str(FILE_BYTES), str(KEPT_FILES)]
    spec = msgspec.structs.replace(
        question_spec(order, COLLECTOR, image, argv),
        user=f"{user[0]}:{user[1]}",
        mounts=[Mount(TARGET, folder)],
        memory_bytes=MEMORY_BYTES,
    )
    engine.remove(spec.name)
    try:
        engine.create(spec)
        engine.start(spec.name)
        end = time.monotonic() + START_SECONDS
        while not os.path.exists(os.path.join(folder, READY)):
            container = engine.container(spec.name)
            if container is None or container.is_over or time.monotonic() > end:
                break
            time.sleep(PAUSE_SECONDS)
        else:
            return True
    except Unavailable:
        raise
    except NbyardError as error:
        if MISSING not in engine_message(error):
            engine.remove(spec.name)
            raise
    engine.remove(spec.name)
    return False


def make_pipe(folder: str, user: tuple[int, int]) -> None:
    os.makedirs(folder, 0o700, exist_ok=True)
    pipe = os.path.join(folder, PIPE)
    # The file of an earlier collector would hide that the new one fails to start.
    with suppress(FileNotFoundError):
        os.unlink(os.path.join(folder, READY))
    with suppress(FileExistsError):
        os.mkfifo(pipe, 0o600)
    if os.getuid() == 0:
        for path in (folder, pipe):
            os.chown(path, *user, follow_symlinks=False)


def _folder(order: Order) -> str:
    return os.path.join(secret_files.secrets_folder(order.store_id, order.attempt_id), PRINTED)


def remove_with_collector(engine: Engine, order: Order, name: str) -> None:
    """Remove the container with this name, and the attempt's collector."""
    engine.remove(name)
    if os.path.lexists(order.folder / secret_files.SECRETS):
        engine.remove(container_name(order.attempt_id) + COLLECTOR)


def follow_output(engine: Engine, order: Order, container: Container, gone: Event) -> Pieces:
    """Yield the output of a container until it ends, or until the event `gone` is set.

    The output of a command with a collector comes from the collector's files.
    """
    name = container_name(order.attempt_id)
    if not prints_apart(container):
        yield from engine.log(name, follow=True)
        return
    folder, looked = _folder(order), time.monotonic()

    def is_over() -> bool:
        nonlocal looked
        if gone.is_set() or os.path.exists(os.path.join(folder, END)):
            return True
        if time.monotonic() - looked < LOOK_SECONDS:
            return False
        looked = time.monotonic()
        with suppress(Unavailable):  # the output is here, even if the engine does not respond
            return not _runs(engine, name)
        return False

    yield from read_output(folder, is_over)


def _runs(engine: Engine, name: str) -> bool:
    """Return whether the command or its collector still runs.

    A collector that has ended before the command is started again.
    """
    container, collector = engine.container(name), engine.container(name + COLLECTOR)
    if container is None or container.is_over:
        return collector is not None and not collector.is_over
    if collector is None:
        engine.signal(name, "SIGKILL")  # its output would be lost
    elif collector.is_over:
        engine.start(collector.id)
    return True


def read_all_output(engine: Engine, order: Order, container: Container) -> Pieces:
    """Yield the whole output of an ended container."""
    name = container_name(order.attempt_id)
    if prints_apart(container):
        folder, end = _folder(order), time.monotonic() + END_SECONDS
        while not os.path.exists(os.path.join(folder, END)) and time.monotonic() < end:
            collector = engine.container(name + COLLECTOR)
            if collector is None or collector.is_over:
                break
            time.sleep(PAUSE_SECONDS)
        yield from read_output(folder, lambda: True)
    yield from engine.log(name)  # after a collector, only errors of the shell itself


def read_output(folder: str, is_over: Callable[[], bool]) -> Pieces:
    """Yield the content of the collector's numbered files until `is_over` returns True.

    If an unread file was emptied, a line about the gap is yielded. Reading continues with the
    oldest file that has content.
    """
    number = _oldest(folder)
    skips = number > 1  # the lost part may end within a secret
    while os.path.exists(path := os.path.join(folder, str(number))):
        with open(path, "rb", buffering=0) as file:
            while True:
                has_ended = is_over()  # checked before the last read
                has_next = os.path.exists(os.path.join(folder, str(number + 1)))
                while piece := file.read(PIECE_BYTES):
                    if skips:
                        _, newline, piece = piece.partition(b"\n")
                        skips = not newline
                    if piece:
                        yield True, piece
                if has_next or has_ended:
                    break
                time.sleep(PAUSE_SECONDS)
            if not has_next:
                return
            was_emptied = file.tell() > os.fstat(file.fileno()).st_size or not file.tell()
        number += 1
        if was_emptied:
            number, skips = max(number, _oldest(folder)), True
            yield True, FORGOTTEN


def _oldest(folder: str) -> int:
    """Return the lowest number of a file that was not emptied."""
    sizes: dict[int, int] = {}
    with suppress(OSError), os.scandir(folder) as entries:
        sizes = {int(entry.name): entry.stat().st_size for entry in entries if entry.name.isdigit()}
    numbers = sorted(number for number in sizes if number)
    return next((number for number in numbers if sizes[number]), max(numbers, default=1))
