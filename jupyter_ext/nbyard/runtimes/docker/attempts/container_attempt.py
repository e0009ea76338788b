"""One attempt in its container, after `runtime` started it: observe, follow, stop, clean up.

All state is in the engine and in the attempt folder, so that another dispatcher can continue.
"""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cached_property

import msgspec

from nbyard.attempts.folders import OUTPUTS, cancel_reason, delete_path, output_bytes
from nbyard.dockerd import Container, Engine
from nbyard.domain.attempts.structs import CommandWork, Failure, Result, TaskFile
from nbyard.errors import Conflict, NbyardError, TooLarge, Unavailable, waits_for_engine
from nbyard.reasons.structs import Reason, because
from nbyard.runner.attempt_folder import CODE, AttemptFolder
from nbyard.runner.process.clock import Stillness
from nbyard.runner.work.work_outcome import is_disk_full
from nbyard.runtimes import attempt_files as files
from nbyard.runtimes.docker import attempt_container_spec
from nbyard.runtimes.docker.attempts import container_outcome, secret_output
from nbyard.runtimes.docker.attempts.container_process import (
    AttemptTerminator,
    Feeder,
    output_outside_log,
    terminate_container,
)
from nbyard.runtimes.docker.attempts.watcher import Watcher
from nbyard.runtimes.docker.files import volume_transfer
from nbyard.runtimes.docker.files.local_folder import place_captured_output, restore_owner
from nbyard.runtimes.docker.files.log_copy import STDERR, STDOUT, log_copy
from nbyard.runtimes.docker.networks import Networks
from nbyard.runtimes.protocol import Observation, Order

LINGER_SECONDS = 5.0  # in which a runner must exit after its result


class ContainerAttempt:
    """An attempt in its container. Any thread may call its methods.

    The watcher's thread follows the container, and the terminator's thread stops it. Results are
    collected once, under `_finish_lock`. The attempt is then settled: its folder is complete.
    `warm.warm_attempt.WarmAttempt` enters and leaves containers differently.
    """

    is_shared = False  # if others use the container, the end of this one must be observed

    def __init__(self, order: Order, engine: Engine, networks: Networks):
        self.order = order
        self.engine = engine
        self.name = attempt_container_spec.container_name(order.attempt_id)
        self.networks = networks
        self.is_starting = self.has_started = False
        self._start_lock = threading.Lock()
        self._finish_lock = threading.Lock()
        self._is_settled = False
        self._lost: Reason | None = None
        self._lingers = Stillness()
        self.watcher = Watcher(self)
        self._ender = AttemptTerminator(self._end_when_started, self._leave)

    @property
    def site(self) -> str:
        """Return where the attempt runs, so that a later dispatcher finds it: the engine's URL."""
        return self.engine.url

    @property
    def was_placed(self) -> bool:
        """Return whether the attempt's container may exist, because its start has begun."""
        return bool(self.order.site)

    @cached_property
    def feeder(self) -> Feeder:
        stdin = self.command.stdin if self.command else ""
        return Feeder(self.engine, self.name, self.order.folder, stdin)

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
        """Wake the threads that wait for changes of the attempt."""
        with suppress(NbyardError):  # the folder may have been deleted after the end
            AttemptFolder(str(self.order.folder)).poke(self.task.wake, self.order.attempt_id)

    # State

    def observe(self) -> Observation:
        if self.is_starting:
            return Observation("starting")
        if self.is_over:
            return Observation("lost" if self._lost else "finished", self._lost)
        if problem := self.watcher.problem:
            self.watcher.problem = None
            self.watch()  # tries again
            raise problem
        return Observation("running") if self._is_followed() else self._poll_container()

    def _is_followed(self) -> bool:
        """Return whether the watcher has just seen the container run.

        The engine need not be asked then.
        """
        folder = self.order.folder
        if not self.watcher.has_just_seen_it:
            return False
        return not files.has_result(folder) and cancel_reason(folder) is None

    def _poll_container(self) -> Observation:
        try:
            container = self.engine.container(self.name)
            if container is not None and container.status != "created":
                return self._observe_container(container)
        except Unavailable as error:
            # An engine that restarts may keep its containers, so the attempt counts as running
            # meanwhile.
            if self.is_shared or not files.has_result(self.order.folder):
                reason = error.reason if self.order.site else waits_for_engine(error)
                return Observation("running" if self.order.site else "starting", reason)
        if files.has_result(self.order.folder):
            return Observation("finished")
        if self.order.site or self.has_started:
            return Observation("lost", because("container-removed"))
        return Observation("absent")

    def _observe_container(self, container: Container) -> Observation:
        if container.is_over:
            return self.finish(container)
        if files.has_result(self.order.folder):
            self.hurry()
        elif cancel_reason(self.order.folder) is not None:
            self.stop_in_background()
        self.watch()
        return Observation("running")

    def find_container(self) -> Container | None:
        """Return the attempt's container, None if there is none.

        Raises:
            Unavailable: The engine does not respond.
        """
        return self.engine.container(self.name)

    def hurry(self) -> None:
        """Kill the container if its runner has not exited long after the result."""
        if self._lingers.seconds("result.json") > LINGER_SECONDS:
            self.engine.signal(self.name, "SIGKILL")

    # Results

    def finish(self, container: Container) -> Observation:
        """Collect the results of an ended container. Return the state of the attempt."""
        # The watcher and a poll may notice the end at the same time.
        with self._finish_lock:
            if not files.has_result(self.order.folder):
                said = self._conclude_if_possible(container)
                if isinstance(said, Reason):
                    self._lost = said  # its folder may be cleaned up, so nothing is fetched again
                    return Observation("lost", said)
                if said is not None:
                    files.write_result(self.order.folder, said)
            self._complete_result(container)
            return Observation("finished")

    def finish_early(self, container: Container) -> None:
        """Collect the results while the runner exits.

        It has already killed all other processes.
        """
        with self._finish_lock:
            if (
                container.labels.get(attempt_container_spec.STAGING)
                == attempt_container_spec.VOLUME
            ):
                volume_transfer.fetch_all(self.engine, self.name, self.order, self.task)
            result = files.read_result(self.order.folder)
            if result is None or container_outcome.may_be_memory(result):
                return  # the container's end provides more information
            restore_owner(
                self.order.folder, attempt_container_spec.container_user(self.engine.info)
            )
            self._is_settled = True

    def _of_this(self, container: Container) -> Container:
        """Return the container with the start time of this attempt."""
        return container

    @property
    def is_over(self) -> bool:
        """Return whether all results were collected, or the attempt is lost."""
        return self._is_settled or bool(self._lost)

    def _conclude_if_possible(self, container: Container) -> Result | Reason | None:
        try:
            return self._conclude(container)
        except Conflict:
            if container.status == "exited":
                raise
            return because("container-removed")  # its log is gone
        except TooLarge as error:
            self._delete_files()
            ended = container_outcome.ContainerEnding(container, self.task, None, None)
            return container_outcome.result_of(ended, Failure("contract", error.reason))

    def _conclude(self, container: Container) -> Result | Reason | None:
        folder, command = self.order.folder, self.command
        captures = bool(command and (command.stdout or command.stderr))
        in_volume = (
            container.labels.get(attempt_container_spec.STAGING) == attempt_container_spec.VOLUME
        )
        is_full = not in_volume and is_disk_full(str(folder))
        is_lost = is_full and container_outcome.has_failed(container, self.task)
        if is_lost:
            self._delete_files()
        elif is_full:  # the store needs copies
            paths = [output.path for output in self.task.outputs.values()]
            files.check_size(folder, 2 * output_bytes(folder, (*paths, STDOUT, STDERR)))
        if in_volume:
            volume_transfer.fetch_all(self.engine, self.name, self.order, self.task)
            if files.has_result(folder):
                return None
        # Otherwise the runner, a collector or the command itself writes the output.
        is_owned = command is not None and not attempt_container_spec.prints_apart(container)
        is_cut = is_owned and bool(container.started_at) and not self.engine.has_seen_end(container)
        last_lines = self._read_last_lines(container, is_cut, is_lost)
        restore_owner(folder, attempt_container_spec.container_user(self.engine.info))
        if command and not is_lost and not attempt_container_spec.opens_files(container):
            place_captured_output(folder, command)
        ended = self._of_this(container)
        if ended.was_killed:
            ended = self._with_cause(ended)
        ending = container_outcome.ContainerEnding(
            container=ended,
            task=self.task,
            memory_bytes=self.order.memory_bytes,
            cancelled=cancel_reason(folder),
            last_lines=last_lines,
            input_was_cut=self.input_was_cut(container),
            output_was_cut=(
                is_cut and captures and not attempt_container_spec.opens_files(container)
            ),
            is_disk_full=is_full,
        )
        return (
            container_outcome.result_of_command(ending, folder)
            if command
            else container_outcome.result_of_silent_runner(ending)
        )

    def _delete_files(self) -> None:
        """Delete what the work wrote, to make space for its log and result and for the store."""
        for name in (OUTPUTS, CODE, STDOUT, STDERR):
            delete_path(self.order.folder / name)

    def _with_cause(self, ended: Container) -> Container:
        """Return a killed container, with `out_of_memory` set if the engine's events show it."""
        if not self.order.memory_bytes or cancel_reason(self.order.folder) is not None:
            return ended
        return msgspec.structs.replace(
            ended, out_of_memory=self.engine.was_out_of_memory(self._of_this(ended))
        )

    def _complete_result(self, container: Container) -> None:
        if self._is_settled:
            return
        restore_owner(self.order.folder, attempt_container_spec.container_user(self.engine.info))
        result = files.read_result(self.order.folder)
        if result is not None:
            if result.failure is not None and result.failure.kind == "kernel-died":
                container = self._with_cause(container)
            better = container_outcome.with_memory_failure(
                result, container, self.order.memory_bytes
            )
            if better is not result:
                files.write_result(self.order.folder, better, replace=True)
        self._is_settled = True

    def _read_last_lines(self, container: Container, is_cut: bool, is_lost: bool) -> str:
        if self.command is None:
            return output_outside_log(self.engine, self.name, self.order)
        # If the files are lost, captured streams go to the log, which has a limit.
        command = None if is_lost else self.command
        with closing(log_copy(self.order.folder, container, command, self.watcher.over)) as copy:
            printed = secret_output.read_all_output(self.engine, self.order, container)
            return copy.drain(printed, is_cut=is_cut)

    def input_was_cut(self, container: Container) -> bool:
        """Return whether the container did not get all of its standard input."""
        return not attempt_container_spec.opens_files(container) and self.feeder.was_cut()

    # Threads

    @property
    def is_busy(self) -> bool:
        return (
            self.is_starting
            or self.watcher.is_alive
            or self._ender.is_alive
            or self.feeder.is_alive
        )

    def watch(self) -> None:
        """Start a thread that follows the container, unless one is running."""
        self.watcher.start()

    def request_end(self) -> None:
        """Request the end of the watcher's thread, which comes at its next check."""
        self.watcher.request_end()

    def bring_up_to_date(self) -> None:
        """Update log, events and executed notebook in the folder, unless a thread does that."""
        if self.is_starting or self.watcher.is_alive or self.is_over:
            return
        # raises if the engine is down
        container = self.engine.container(self.name or self.order.attempt_id)
        if container is not None and container.is_over:
            self.finish(container)
        elif container is not None and container.status != "created":
            self.watch()

    def stop_in_background(self) -> None:
        """Start a thread that stops the attempt and removes its container, unless one runs."""
        self._ender.start(self.name)

    def _end_when_started(self) -> bool:
        if self.is_starting:
            return False
        self._end_once()
        return True

    def _leave(self) -> None:
        self.request_end()
        self.poke()
        self._leave_network()

    def _leave_network(self) -> None:
        with suppress(NbyardError):
            self.networks.remove_after_pause(self.engine, self.order.run_id)

    def _end_once(self) -> None:
        container = None if self.is_over else self.engine.container(self.name)
        if container is not None and container.status not in ("created", "exited", "dead"):
            if (
                container.labels.get(attempt_container_spec.STAGING)
                == attempt_container_spec.VOLUME
                and self.command is None
            ):
                # The runner sees the volume only, not the file `cancel` on this machine.
                with suppress(NbyardError, OSError):
                    volume_transfer.send_file(self.engine, self.name, self.order.folder / "cancel")
            terminate_container(self.engine, self.name)
            container = self.engine.container(self.name)
        self._finish_and_clear(container)

    def _finish_and_clear(self, container: Container | None) -> None:
        if container is not None and container.is_over:
            try:
                self.finish(container)
            except OSError:
                return  # on a full disk poll tries again, or else the sweep
            except NbyardError:
                pass  # poll has reported it
        self.clear()

    def clear(self) -> None:
        """Remove the attempt's container and volume."""
        secret_output.remove_with_collector(self.engine, self.order, self.name)
        self.engine.remove_volume(self.name)
