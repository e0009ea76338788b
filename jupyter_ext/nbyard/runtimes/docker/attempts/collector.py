"""What a command with secrets prints: kept in memory, and not in the engine's log.

The command prints into a pipe beside its secrets. A second container of the attempt, the collector,
copies the pipe into numbered files there. It needs no dispatcher, and ends with the command. The
files are read from their start each time, as the log of an engine is. Of too many, the collector
empties the oldest.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event

import msgspec

from nbyard.dockerd import Container, Engine, EngineInfo, Mount
from nbyard.domain.attempts.structs import CommandWork, TaskFile
from nbyard.errors import NbyardError, Unavailable
from nbyard.runner import memory
from nbyard.runtimes.docker.checks.image_query import question
from nbyard.runtimes.docker.files.log_copy import FORGOTTEN
from nbyard.runtimes.docker.specs import (
    BIND,
    COLLECTOR,
    PIPE,
    PRINTED,
    container_name,
    container_user,
    prints_apart,
)
from nbyard.runtimes.protocol import Order

TARGET = "/nbyard/printed"
READY, END = "ready", "end"
FILE_BYTES, KEPT_FILES = 16 * 2**20, 4
MEMORY_BYTES = 256 * 2**20  # the files count as its memory
START_SECONDS, END_SECONDS = 60.0, 10.0
PAUSE_SECONDS, LOOK_SECONDS = 0.05, 2.0
PIECE_BYTES = 1 << 16
# Their containers have the kernel of the machine, so that two of them can share a pipe.
RUNTIMES = ("runc", "crun", "youki", "nvidia", "io.containerd.runc")
MISSING = "executable file not found"
# One that is started again goes on with the last file. A file that stays as it is: the pipe's end.
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


def start(engine: Engine, order: Order, task: TaskFile, image: str, staging: str) -> bool:
    """Start the collector of a command with secrets; whether there is one.

    Without sh, dd and wc in the image, or with an engine whose containers share no kernel, there is
    none: the engine's log keeps what the command prints.
    """
    secrets = memory.place(order.store_id, order.attempt_id)
    is_command = isinstance(task.work, CommandWork)
    if staging != BIND or not is_command or not os.path.isdir(secrets) or not _can(engine.info):
        return False
    user = container_user(engine.info)
    folder = _folder(order)
    _make_pipe(folder, user)
    argv = ["sh", "-c", SCRIPT, "sh", TARGET, PIPE, str(FILE_BYTES), str(KEPT_FILES)]
    spec = msgspec.structs.replace(
        question(order, COLLECTOR, image, argv),
        user=f"{user[0]}:{user[1]}",
        mounts=[Mount(TARGET, folder)],
        memory_bytes=MEMORY_BYTES,
    )
    engine.remove(spec.name)
    try:
        engine.create(spec)
        engine.start(spec.name)
        if _is_ready(engine, spec.name, folder):
            return True
    except Unavailable:
        raise
    except NbyardError as error:
        if MISSING not in error.message:
            engine.remove(spec.name)
            raise
    engine.remove(spec.name)
    return False


def _can(info: EngineInfo) -> bool:
    return info.runtime.startswith(RUNTIMES) and memory.root() == memory.SHARED


def _make_pipe(folder: str, user: tuple[int, int]) -> None:
    os.makedirs(folder, 0o700, exist_ok=True)
    pipe = os.path.join(folder, PIPE)
    with suppress(FileNotFoundError):
        os.unlink(os.path.join(folder, READY))
    with suppress(FileExistsError):
        os.mkfifo(pipe, 0o600)
    if os.getuid() == 0:
        for path in (folder, pipe):
            os.chown(path, *user, follow_symlinks=False)


def _is_ready(engine: Engine, name: str, folder: str) -> bool:
    end = time.monotonic() + START_SECONDS
    while not os.path.exists(os.path.join(folder, READY)):
        container = engine.container(name)
        if container is None or container.is_over or time.monotonic() > end:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def _folder(order: Order) -> str:
    return os.path.join(memory.place(order.store_id, order.attempt_id), PRINTED)


def remove(engine: Engine, order: Order, name: str) -> None:
    """Remove the container of this name, and the collector of the attempt."""
    engine.remove(name)
    if os.path.lexists(order.folder / memory.SECRETS):
        engine.remove(container_name(order.attempt_id) + COLLECTOR)


def follow(engine: Engine, order: Order, container: Container, gone: Event) -> Pieces:
    """What the container prints, from its start to its end, or until the dispatcher is `gone`."""
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
        with suppress(Unavailable):  # what it prints is here, whether the engine answers or not
            return not _runs(engine, name)
        return False

    yield from _read(folder, is_over)


def _runs(engine: Engine, name: str) -> bool:
    """Whether more may be printed or collected. While the command runs, its collector does too, or
    is started again."""
    found, collector = engine.container(name), engine.container(name + COLLECTOR)
    if found is None or found.is_over:
        return collector is not None and not collector.is_over
    if collector is None:
        engine.signal(name, "SIGKILL")  # nobody could see what it prints
    elif collector.is_over:
        engine.start(collector.id)
    return True


def drain(engine: Engine, order: Order, container: Container) -> Pieces:
    """All that a container has printed that has ended."""
    name = container_name(order.attempt_id)
    if prints_apart(container):
        folder, end = _folder(order), time.monotonic() + END_SECONDS
        while not os.path.exists(os.path.join(folder, END)) and time.monotonic() < end:
            collector = engine.container(name + COLLECTOR)
            if collector is None or collector.is_over:
                break
            time.sleep(PAUSE_SECONDS)
        yield from _read(folder, lambda: True)
    yield from engine.log(name)  # apart: only why the shell could not begin


def _read(folder: str, is_over: Callable[[], bool]) -> Pieces:
    """The numbered files one after the other, to the end. A reader who was overtaken goes on with
    the oldest one, behind a line that says so."""
    number = _oldest(folder)
    skips = number > 1  # what is forgotten may end within a secret
    while os.path.exists(path := os.path.join(folder, str(number))):
        with open(path, "rb", buffering=0) as file:
            while True:
                has_ended = is_over()  # before the last look
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
    """The first number whose file was not emptied."""
    sizes: dict[int, int] = {}
    with suppress(OSError), os.scandir(folder) as entries:
        sizes = {int(one.name): one.stat().st_size for one in entries if one.name.isdigit()}
    numbers = sorted(number for number in sizes if number)
    return next((number for number in numbers if sizes[number]), max(numbers, default=1))
