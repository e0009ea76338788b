"""Follows an attempt in its running container, in a thread.

Enforces the time limit of an attempt in a container.

Measures the resources that a command's container uses, through the engine.

No process of nbyard runs in that container, which could measure them.
"""

import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol

from nbyard.attempts.folders import request_stop
from nbyard.dockerd import Container, Engine
from nbyard.domain.attempts.structs import USAGE, CommandWork, TaskFile
from nbyard.errors import NbyardError, Unavailable
from nbyard.runner.container_main import ENDED
from nbyard.runner.supervision.usage_recorder import UsageFile
from nbyard.runtimes.docker import attempt_container_spec
from nbyard.runtimes.docker.attempts import container_outcome, secret_output
from nbyard.runtimes.docker.attempts.container_process import Feeder, Progress, RunnerChannel
from nbyard.runtimes.docker.files.log_copy import Over, log_copy
from nbyard.runtimes.protocol import Observation, Order


class Meter:
    """Records the container's usage in usage.jsonl, in a thread, during the block."""

    def __init__(self, engine: Engine, name: str, folder: Path):
        self._engine = engine
        self._name = name
        self._file = UsageFile(str(folder / USAGE))
        self._last: dict[str, Any] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name} usage", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _run(self) -> None:
        try:
            while self._record_sample() and not self._over.wait(self._file.pause):
                pass
        except NbyardError:
            pass  # the engine is down, which the thread that follows the log also notices
        if self._last:
            ended = {"at": round(time.time(), 2), "memory": 0, "processes": 0}
            self._file.write(self._last | ended)

    def _record_sample(self) -> bool:
        usage = self._engine.usage(self._name)
        if usage is not None:
            self._last = {
                "at": round(time.time(), 2),
                "cpu": round(usage.cpu_seconds, 2),
                "memory": usage.memory_bytes,
                "processes": usage.processes,
            }
            self._file.write(self._last)
        return usage is not None


class Deadline:
    """Calls `end` when an attempt has reached its time limit.

    The time starts when this process first saw the attempt run. The engine's clock is not used: it
    may be set, and it continues while the machine sleeps.
    """

    def __init__(self, order: Order, end: Callable[[], None]):
        self._order = order
        self._end = end
        self._since = 0.0
        self._timer: threading.Timer | None = None

    def start_timer(self, task: TaskFile, grace_seconds: float) -> None:
        """Start the timer, unless it is running. `grace_seconds` are added to the task's limit."""
        seconds = task.timeout_seconds
        if self._timer is not None or not seconds:
            return
        self._since = self._since or time.monotonic()
        due = self._since + seconds + grace_seconds
        left = max(0.0, due - time.monotonic())
        self._timer = threading.Timer(left, self._come, [task])
        self._timer.daemon = True
        self._timer.start()

    def stop_timer(self) -> None:
        """Stop the timer. The time so far still counts after a later `start_timer`."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _come(self, task: TaskFile) -> None:
        with suppress(OSError):  # The disk is full. The dispatcher checks the limit as well.
            request_stop(self._order.folder, container_outcome.too_long(task))
            self._end()


RUNNER_GRACE_SECONDS = 20.0  # on top of the limit, which the runner inside enforces
LOOKS = 10  # checks of the runner before its container is checked again
SEEN_SECONDS = 2.0  # after a sighting, the engine is not asked
POKE_SECONDS = 0.1  # between two wake-ups for a growing log


class Followed(Protocol):
    """The attempt that a watcher follows."""

    order: Order
    engine: Engine
    name: str

    @property
    def task(self) -> TaskFile: ...

    @property
    def command(self) -> CommandWork | None: ...

    @property
    def feeder(self) -> Feeder: ...

    @property
    def is_over(self) -> bool: ...

    def find_container(self) -> Container | None:
        """Return the attempt's container, None if there is none.

        Raises:
            Unavailable: The engine does not respond.
        """

    def finish(self, container: Container) -> Observation:
        """Collect the results of an ended container."""

    def finish_early(self, container: Container) -> None:
        """Collect the results while the runner exits."""

    def input_was_cut(self, container: Container) -> bool:
        """Return whether the container did not get all of its standard input."""

    def stop_in_background(self) -> None:
        """Start a thread that stops the attempt, unless one is running."""

    def poke(self) -> None:
        """Wake the threads that wait for changes of the attempt."""


class Watcher:
    """Follows the container of an attempt until its end, in a thread that can be started again.

    `over` counts the output beyond the log's limit. `problem` is an error that prevented collecting
    the results, for `observe` to raise.
    """

    def __init__(self, attempt: Followed):
        self._attempt = attempt
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._gone = threading.Event()
        self._poked_at, self._seen_at = 0.0, -SEEN_SECONDS
        self.deadline = Deadline(attempt.order, attempt.stop_in_background)
        self.progress: Progress | None = None
        self.channel: RunnerChannel | None = None
        self.over: Over | None = None
        self.problem: OSError | None = None

    def start(self) -> None:
        """Start the thread, unless it is running."""
        with self._lock:
            if self.is_alive:
                return
            self._gone.clear()
            name = self._attempt.name
            self._thread = threading.Thread(target=self.watch, name=name, daemon=True)
            self._thread.start()

    def request_end(self) -> None:
        """Request the end of the thread, which comes at its next check."""
        self._gone.set()
        if self.channel is not None:
            self.channel.wake_watcher()

    @property
    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def has_just_seen_it(self) -> bool:
        """Return whether the container was running up to two seconds ago."""
        return self.is_alive and time.monotonic() - self._seen_at <= SEEN_SECONDS

    def watch(self) -> None:
        attempt = self._attempt
        try:
            grace = 0.0 if attempt.command else RUNNER_GRACE_SECONDS
            while (container := self._find_container()) is not None:
                if container.is_over:
                    attempt.finish(container)
                    break
                self._seen_at = time.monotonic()
                self.deadline.start_timer(attempt.task, grace)
                if attempt.command:
                    self._follow_command(container, attempt.command)
                else:
                    self.follow_runner(container)
                if attempt.is_over:
                    break
        except (NbyardError, OSError):
            pass  # poll meets the same error, such as a full disk, and reports it
        finally:
            self.deadline.stop_timer()
            attempt.poke()

    def _find_container(self) -> Container | None:
        while not self._gone.is_set():
            try:
                return self._attempt.find_container()
            except Unavailable:
                self._gone.wait(1)
        return None

    def follow_runner(self, container: Container) -> None:
        """Wake listeners about changes in the folder, for LOOKS checks, or collect the results.

        The runner itself writes log and events into the folder.
        """
        attempt, staging = self._attempt, container.labels.get(attempt_container_spec.STAGING, "")
        if self.progress is None:
            self.progress = Progress(attempt.engine, attempt.name, attempt.order.folder, staging)
        if self.channel is None or not self.channel.is_listening:
            self.channel = RunnerChannel(attempt.engine, attempt.name)
        for _ in range(LOOKS):
            self.channel.wait(self.progress.pause)
            if self.channel.has_reported(ENDED, attempt.order.attempt_id):
                try:
                    attempt.finish_early(container)
                except OSError as problem:
                    self.problem = problem
                    raise
            if self._gone.is_set() or attempt.is_over or not self.channel.is_listening:
                return
            self.progress.report_changes(attempt.poke)

    def _follow_command(self, container: Container, command: CommandWork) -> None:
        """Copy the command's output to the log, until it ends or the engine does not respond."""
        attempt = self._attempt
        # A dispatcher was killed while it sent the input; the command would take a part as all.
        if not attempt.feeder.has_begun and attempt.input_was_cut(container):
            attempt.engine.signal(attempt.name, "SIGKILL")
        folder = attempt.order.folder
        meter = Meter(attempt.engine, attempt.name, folder)
        try:
            with meter, closing(log_copy(folder, container, command)) as copy:
                printed = secret_output.follow_output(
                    attempt.engine, attempt.order, container, self._gone
                )
                for is_stdout, piece in printed:
                    copy.feed(is_stdout, piece)
                    self.over = max(copy.excess, self.over or copy.excess)
                    if time.monotonic() - self._poked_at > POKE_SECONDS:
                        self._poked_at = time.monotonic()
                        attempt.poke()
        except Unavailable:
            self._gone.wait(1)
        # The log may end shortly before the engine reports the end of the container.
        self._gone.wait(0.02)
