"""One attempt in its container: observed, followed, ended, cleared away.

All that matters is in the engine and in the folder; what is kept here may vanish at any moment.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property

from nbyard.dockerd import Container, Engine
from nbyard.domain.attempts import EVENTS, LOG, CommandWork, Result, TaskFile
from nbyard.errors import NbyardError, Unavailable
from nbyard.runner.folder import Folder
from nbyard.runtimes.docker import folder as files
from nbyard.runtimes.docker import results, transfer
from nbyard.runtimes.docker.logs import STDOUT, LogCopy
from nbyard.runtimes.docker.specs import (
    LOG_BASE,
    STAGING,
    VOLUME,
    container_name,
    container_user,
    network_name,
)
from nbyard.runtimes.protocol import Observation, Order

STDIN_DONE = "stdin.done"
GRACE_SECONDS = 3.0
RUNNER_GRACE_SECONDS = 20.0
LINGER_SECONDS = 5.0
LOOK_SECONDS = 0.1
POKE_SECONDS = 0.1
PULL_SECONDS = 1.0
PATIENCE_SECONDS = 60.0


class ContainerAttempt:
    def __init__(self, order: Order, engine: Engine, networks: threading.RLock):
        self.order = order
        self.engine = engine
        self.name = container_name(order.attempt_id)
        self.networks = networks
        self.is_starting = False
        self.has_started = False
        self._lock = threading.Lock()
        self._start_lock = threading.Lock()
        self._finish_lock = threading.Lock()
        self._watcher: threading.Thread | None = None
        self._ender: threading.Thread | None = None
        self._feeder: threading.Thread | None = None
        self._is_settled = False
        self._gone = threading.Event()
        self._pulled: dict[str, str] = {}
        self._last_poke = 0.0

    @cached_property
    def task(self) -> TaskFile:
        return files.read_task(self.order.folder)

    @property
    def command(self) -> CommandWork | None:
        return self.task.work if isinstance(self.task.work, CommandWork) else None

    @contextmanager
    def starting(self) -> Iterator[None]:
        with self._start_lock:
            self.is_starting = True
            try:
                yield
            finally:
                self.is_starting = False

    def poke(self) -> None:
        self._last_poke = time.monotonic()
        with suppress(NbyardError):  # what is over may have been cleared away
            Folder(str(self.order.folder)).poke(self.task.wake, self.order.attempt_id)

    # What has become of it

    def observe(self) -> Observation:
        if self.is_starting:
            return Observation("starting")
        try:
            container = self.engine.container(self.name)
            if container is not None and container.status != "created":
                return self._observe_container(container)
        except Unavailable as error:
            if not files.has_result(self.order.folder):
                return Observation("running" if self.order.site else "starting", error.message)
        if files.has_result(self.order.folder):
            return Observation("finished")
        if self.order.site or self.has_started:
            return Observation("lost", "container removed outside")
        return Observation("absent")

    def _observe_container(self, container: Container) -> Observation:
        if container.is_over:
            return self.finish(container)
        if files.has_result(self.order.folder):
            self._hurry()
        elif files.cancel_reason(self.order.folder) is not None:
            self.end()
        self.watch()
        return Observation("running")

    def _hurry(self) -> None:
        """The runner has said its last word: its container has no reason to stay."""
        with suppress(OSError):
            age = time.time() - os.lstat(self.order.folder / "result.json").st_mtime
            if age > LINGER_SECONDS:
                self.engine.signal(self.name, "SIGKILL")

    def finish(self, container: Container) -> Observation:
        """Take what an ended container left."""
        with self._finish_lock:
            if not files.has_result(self.order.folder):
                said = self._conclude(container)
                if isinstance(said, str):
                    return Observation("lost", said)
                if said is not None:
                    files.write_result(self.order.folder, said)
            self._settle(container)
            return Observation("finished")

    def _conclude(self, container: Container) -> Result | str | None:
        folder = self.order.folder
        if container.labels.get(STAGING) == VOLUME:
            transfer.fetch_all(self.engine, self.name, folder, self.task)
            if files.has_result(folder):
                return None
        command = self.command
        last_lines = self._drain(container) if command else self._runner_words()
        files.take_back(folder, container_user(self.engine.info))
        if command and command.stdout:
            files.place_stdout(folder, folder / STDOUT, command.stdout)
        ending = results.Ending(
            container=container,
            task=self.task,
            memory_bytes=self.order.memory_bytes,
            cancelled=files.cancel_reason(folder),
            last_lines=last_lines,
            input_was_cut=self._input_was_cut(),
        )
        return results.of_command(ending, folder) if command else results.of_silent_runner(ending)

    def _settle(self, container: Container) -> None:
        if self._is_settled:
            return
        files.take_back(self.order.folder, container_user(self.engine.info))
        said = files.read_result(self.order.folder)
        if said is not None:
            better = results.amended(said, container, self.order.memory_bytes)
            if better is not said:
                files.write_result(self.order.folder, better, replace=True)
        self._is_settled = True

    def _drain(self, container: Container) -> str:
        copy = self._log_copy(container)
        try:
            return copy.drain(self.engine.log(self.name))
        finally:
            copy.close()

    def _log_copy(self, container: Container) -> LogCopy:
        base = int(container.labels.get(LOG_BASE) or 0)
        apart = bool(self.command and self.command.stdout)
        return LogCopy(self.order.folder, base, stdout_apart=apart)

    def _runner_words(self) -> str:
        """What a runner that failed said outside the log."""
        said = b"".join(piece for _, piece in self.engine.log(self.name))
        return said[-4096:].decode("utf-8", "replace")

    # Standard input

    def feed(self) -> None:
        self._feeder = threading.Thread(target=self._feed, name=f"{self.name} in", daemon=True)
        self._feeder.start()

    def _feed(self) -> None:
        assert self.command is not None
        path = Folder(str(self.order.folder)).inside(self.command.stdin)
        try:
            with open(path, "rb") as source, self.engine.stdin(self.name) as send:
                while piece := source.read(1 << 16):
                    send(piece)
        except OSError:
            pass  # it ended, or closed its input, before it had read all
        except NbyardError:
            return
        with suppress(NbyardError):
            # An engine that is gone took the rest of the input with it.
            self.engine.container(self.name)
            (self.order.folder / STDIN_DONE).touch()

    def _input_was_cut(self) -> bool:
        if not self.command or not self.command.stdin:
            return False
        if self._feeder is not None:
            self._feeder.join(2)
        return not (self.order.folder / STDIN_DONE).exists()

    # Following

    def watch(self) -> None:
        """Follow the container in a thread, unless one does."""
        with self._lock:
            if self._watcher is not None and self._watcher.is_alive():
                return
            self._gone.clear()
            self._watcher = threading.Thread(target=self._watch, name=self.name, daemon=True)
            self._watcher.start()

    @property
    def is_busy(self) -> bool:
        threads = (self._watcher, self._ender, self._feeder)
        return self.is_starting or any(t is not None and t.is_alive() for t in threads)

    @property
    def is_watched(self) -> bool:
        return self._watcher is not None and self._watcher.is_alive()

    def _watch(self) -> None:
        clock: threading.Timer | None = None
        try:
            while (container := self._look()) is not None:
                if container.is_over:
                    self.finish(container)
                    break
                clock = clock or self._deadline(container)
                self._attend(container)
        except NbyardError:
            pass  # poll meets the same trouble and tells it
        finally:
            if clock is not None:
                clock.cancel()
            self.poke()

    def _look(self) -> Container | None:
        while not self._gone.is_set():
            try:
                return self.engine.container(self.name)
            except Unavailable:
                self._gone.wait(1)
        return None

    def _deadline(self, container: Container) -> threading.Timer | None:
        seconds = self.task.timeout_seconds
        if not seconds or not container.started_at:
            return None
        grace = 0.05 if self.command else RUNNER_GRACE_SECONDS
        spent = max(0.0, self.engine.fresh_info().now - container.started_at)
        clock = threading.Timer(max(0.0, seconds + grace - spent), self._time_out)
        clock.daemon = True
        clock.start()
        return clock

    def _time_out(self) -> None:
        with suppress(NbyardError):
            self._kill()

    def _attend(self, container: Container) -> None:
        """Some time with a running container."""
        if self.command is not None:
            self._attend_command(container)
        elif container.labels.get(STAGING) == VOLUME:
            with suppress(Unavailable):
                if transfer.fetch_progress(self.engine, self.name, self.order.folder, self._pulled):
                    self.poke()
            self._gone.wait(PULL_SECONDS)
        else:
            self._attend_folder()

    def _attend_command(self, container: Container) -> None:
        if self.command and self.command.stdin and self._feeder is None and self._input_was_cut():
            self.engine.signal(self.name, "SIGKILL")
        copy = self._log_copy(container)
        try:
            for is_stdout, piece in self.engine.log(self.name, follow=True):
                copy.feed(is_stdout, piece)
                if time.monotonic() - self._last_poke > POKE_SECONDS:
                    self.poke()
        except Unavailable:
            self._gone.wait(1)
        finally:
            copy.close()
        self._gone.wait(0.02)

    def _attend_folder(self) -> None:
        """The runner writes here itself; tell whoever waits that something came."""
        before = self._sizes()
        for _ in range(10):
            self._gone.wait(LOOK_SECONDS)
            now = self._sizes()
            if now != before:
                self.poke()
                before = now
            if files.has_result(self.order.folder):
                return

    def _sizes(self) -> list[int]:
        sizes = []
        for name in (EVENTS, LOG):
            try:
                sizes.append(os.lstat(self.order.folder / name).st_size)
            except OSError:
                sizes.append(0)
        return sizes

    def let_go(self) -> None:
        """Threads end when they next look."""
        self._gone.set()

    def bring_up_to_date(self) -> None:
        """Log, events and executed notebook, as far as no thread does it already."""
        if self.is_starting or self.is_watched:
            return
        container = self.engine.container(self.name)
        if container is None or container.status == "created":
            return
        if container.is_over:
            self.finish(container)
        else:
            self.watch()

    # Ending

    def end(self) -> None:
        """End it and clear it away, in a thread."""
        with self._lock:
            if self._ender is None or not self._ender.is_alive():
                self._ender = threading.Thread(
                    target=self._end, name=f"{self.name} end", daemon=True
                )
                self._ender.start()

    def _end(self) -> None:
        patience = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < patience:
            try:
                if not self.is_starting:
                    self._end_once()
                    break
            except Unavailable:
                time.sleep(1)
            except NbyardError:
                break  # the sweep will try again
            time.sleep(LOOK_SECONDS)
        self._gone.set()
        self.poke()

    def _end_once(self) -> None:
        container = self.engine.container(self.name)
        if container is not None and container.status not in ("created", "exited", "dead"):
            if container.labels.get(STAGING) == VOLUME and self.command is None:
                with suppress(NbyardError, OSError):
                    transfer.send_file(self.engine, self.name, self.order.folder / "cancel")
            self._kill()
            container = self.engine.container(self.name)
        if container is not None and container.is_over:
            with suppress(NbyardError, OSError):
                self.finish(container)
        self.clear()

    def _kill(self) -> None:
        self.engine.signal(self.name, "SIGTERM")
        if not self._wait_over(GRACE_SECONDS):
            self.engine.signal(self.name, "SIGKILL")
            self._wait_over(GRACE_SECONDS)

    def _wait_over(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while True:
            container = self.engine.container(self.name)
            if container is None or container.is_over:
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(LOOK_SECONDS)

    def clear(self) -> None:
        """No container, no volume, and no network that nobody uses."""
        self.engine.remove(self.name)
        self.engine.remove_volume(self.name)
        with self.networks:
            self.engine.remove_network(network_name(self.order.run_id))
