"""Follows an attempt in its running container, in a thread."""

import threading
import time
from contextlib import closing
from typing import Protocol

from nbyard.dockerd import Container, Engine
from nbyard.domain.attempts.structs import CommandWork, TaskFile
from nbyard.errors import NbyardError, Unavailable
from nbyard.runner.container_main import ENDED
from nbyard.runtimes.docker import attempt_container_spec
from nbyard.runtimes.docker.attempts import secret_output
from nbyard.runtimes.docker.attempts.container_usage import Meter
from nbyard.runtimes.docker.attempts.deadline import Deadline
from nbyard.runtimes.docker.attempts.runner_channel import Progress, RunnerChannel
from nbyard.runtimes.docker.attempts.stdin_feeder import Feeder
from nbyard.runtimes.docker.files.log_copy import Over, log_copy
from nbyard.runtimes.protocol import Observation, Order

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
        self._deadline = Deadline(attempt.order, attempt.stop_in_background)
        self._progress: Progress | None = None
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
            self._thread = threading.Thread(target=self._watch, name=name, daemon=True)
            self._thread.start()

    def let_go(self) -> None:
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

    def _watch(self) -> None:
        attempt = self._attempt
        try:
            grace = 0.0 if attempt.command else RUNNER_GRACE_SECONDS
            while (container := self._find_container()) is not None:
                if container.is_over:
                    attempt.finish(container)
                    break
                self._seen_at = time.monotonic()
                self._deadline.start_timer(attempt.task, grace)
                if attempt.command:
                    self._follow_command(container, attempt.command)
                else:
                    self._follow_runner(container)
                if attempt.is_over:
                    break
        except (NbyardError, OSError):
            pass  # poll meets the same error, such as a full disk, and reports it
        finally:
            self._deadline.stop_timer()
            attempt.poke()

    def _find_container(self) -> Container | None:
        while not self._gone.is_set():
            try:
                return self._attempt.find_container()
            except Unavailable:
                self._gone.wait(1)
        return None

    def _follow_runner(self, container: Container) -> None:
        """Wake listeners about changes in the folder, for LOOKS checks, or collect the results.

        The runner itself writes log and events into the folder.
        """
        attempt, staging = self._attempt, container.labels.get(attempt_container_spec.STAGING, "")
        if self._progress is None:
            self._progress = Progress(attempt.engine, attempt.name, attempt.order.folder, staging)
        if self.channel is None or not self.channel.is_listening:
            self.channel = RunnerChannel(attempt.engine, attempt.name)
        for _ in range(LOOKS):
            self.channel.wait(self._progress.pause)
            if self.channel.has_reported(ENDED, attempt.order.attempt_id):
                try:
                    attempt.finish_early(container)
                except OSError as problem:
                    self.problem = problem
                    raise
            if self._gone.is_set() or attempt.is_over or not self.channel.is_listening:
                return
            self._progress.report_changes(attempt.poke)

    def _follow_command(self, container: Container, command: CommandWork) -> None:
        """Copy the command's output to the log, until it ends or the engine does not respond."""
        attempt = self._attempt
        # A dispatcher was killed while it sent the input. The command would take a part for the
        # whole.
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
