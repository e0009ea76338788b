"""The supervisor of an attempt: runs its work to the end and determines its result.

It reaps, measures and kills the processes of the work. Signals wake its selector; SIGTERM and
SIGINT stop the attempt. It reserves disk space for the result, in case the disk is full by then.
"""

from __future__ import annotations

import os
import selectors
import signal
import sys
import time
from typing import Any

from ..attempt_folder import CODE, AttemptFolder
from ..process import processes
from ..process.clock import Clock
from ..process.forks import ADOPTS, adopt_orphans
from ..reasons import Reason, because
from ..secret_masking import masks_of
from ..work import work_outcome
from ..work.launch_process import CannotStart, WorkProcess
from .attempt_events import POKE_SECONDS, Progress, Reports
from .orphan_cleanup import OrphanCleanup
from .outside import TAKE_SECONDS, OutsideWatch
from .usage_recorder import GpuMeter, Limits, UsageRecord
from .watch import Watch
from .work_log import Log

# Room for the end of a log (256 KiB) and a result with a long traceback (200 kB).
RESERVED_BYTES = 4096 * 128
_RESERVED_PAGES = [b"\0" * 4096] * 128
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


class Reserve:
    """An open file without a name.

    The system frees its space when this process ends. It is reused for the next attempt.
    """

    def __init__(self) -> None:
        self._file = -1

    def hold(self, folder: str) -> None:
        """Reserve space on the disk of a folder.

        If there is no space, reserve nothing.
        """
        try:
            if self._file >= 0 and os.fstat(self._file).st_dev == os.stat(folder).st_dev:
                return
            self.release()
            path = os.path.join(folder, "reserve")
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            os.unlink(path)
            if hasattr(os, "posix_fallocate"):
                # Setting only the file's size would reserve no space.
                os.posix_fallocate(self._file, 0, RESERVED_BYTES)
            else:
                os.writev(self._file, _RESERVED_PAGES)  # dirties only one page of memory
        except OSError:
            self.release()

    def release(self) -> bool:
        """Free the space. Return whether there was any."""
        if self._file < 0:
            return False
        os.close(self._file)
        self._file = -1
        return True


class Children:
    """The processes below the supervisor, including those that it adopted.

    `status` is the exit status of the work's first process once that has ended. `largest_bytes` is
    the memory of the largest process that has ended.
    """

    def __init__(self, launch: WorkProcess, guard: OrphanCleanup, gpus: GpuMeter) -> None:
        self._launch = launch
        self._guard = guard
        self._gpus = gpus
        self.status: int | None = None
        self.largest_bytes = 0

    def tree(self) -> set[int]:
        """Return the pids of the work's processes, without the supervisor's own helpers."""
        return processes.descendants_of(os.getpid()) - self._spared()

    def _spared(self) -> set[int]:
        return {os.getpid(), self._guard.pid, *self._gpus.processes()}

    def reap(self) -> bool:
        """Reap every ended child. Return whether one is still alive."""
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._launch.pid:
                self.status = status
                if self._launch.spent:
                    continue  # its maximum may come from a kernel of another attempt
            self.largest_bytes = max(self.largest_bytes, used.ru_maxrss * UNIT)

    def note_end(self, message: dict[str, Any]) -> None:
        """Record the memory of the largest process, from the runner's message about its end."""
        self.largest_bytes = max(
            self.largest_bytes, message.get("used", {}).get("max_rss_bytes", 0)
        )

    def ask_to_end(self) -> None:
        """Send SIGTERM to the work.

        For a notebook, only its runner gets it, and stops the kernel.
        """
        if self._launch.pid:
            targets = {self._launch.pid} if self._launch.is_notebook else self.tree()
            processes.send_signal(targets, signal.SIGTERM)

    def kill_first(self) -> None:
        """Kill the work's first process and wait for its end."""
        # Without the runner, `kill_all` counts only what the work has left behind.
        os.kill(self._launch.pid, signal.SIGKILL)
        _, self.status, _ = os.wait4(self._launch.pid, 0)

    def kill_all(self, mark: str) -> int:
        """Kill all processes of the work. Return how many there were."""
        # The supervisor adopts what the work leaves, so nothing is left if it has no children.
        # Other systems than Linux have no such adoption.
        if self.reap() or not ADOPTS:
            return processes.kill_tree(os.getpid(), mark, self._spared(), self.reap)
        return 0


class Signals:
    """Handles the signals of this process.

    `stop` is the reason to stop the attempt, if there is one.
    """

    def __init__(self) -> None:
        self.stop: Reason | None = None
        self._read_end, self._write_end = os.pipe()
        for end in (self._read_end, self._write_end):
            os.set_blocking(end, False)

    def install_handlers(self, selector: selectors.BaseSelector) -> None:
        """Install the signal handlers; each signal wakes the selector."""
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        # Python wakes the selector only for signals that have a handler.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGUSR1, lambda *_: None)
        signal.signal(signal.SIGHUP, lambda *_: None)  # if ignored, the work would inherit that
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        selector.register(
            self._read_end, selectors.EVENT_READ, lambda descriptor: os.read(descriptor, 4096)
        )

    def _on_stop(self, number: int, _frame: object) -> None:
        self.stop = because("supervisor-stopped", signal=signal.Signals(number).name)

    def leave(self) -> None:
        """Stop signals from writing to the pipe, before it is closed."""
        signal.set_wakeup_fd(-1)

    def close(self) -> None:
        """Close both ends of the pipe, after `leave`."""
        for end in (self._read_end, self._write_end):
            os.close(end)


BEAT_SECONDS = 2.0  # between heartbeats
TICK_SECONDS = 0.25  # between checks of limits and of requests to cancel
GRACE_SECONDS = 3.0  # from SIGTERM to SIGKILL
DRAIN_SECONDS = 1.0  # for output that is left in the pipes of ended work
KILLED = 128 + signal.SIGKILL  # the exit status that a shell reports for a killed child
CHUNK_BYTES = 1024 * 1024
VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"


class Ending:
    """Why the work must stop, and when it is killed if it has not stopped by itself."""

    def __init__(self, state: str, failure: dict[str, Any], grace_seconds: float) -> None:
        self.state = state
        self.failure = failure
        self.deadline = time.monotonic() + grace_seconds


class Supervisor:
    """Runs the work of one attempt, enforces its limits, and collects its log, usage and result."""

    def __init__(
        self,
        folder: AttemptFolder,
        task: dict[str, Any],
        launch: WorkProcess,
        guard: OrphanCleanup,
        reserve: Reserve,
    ) -> None:
        self._folder = folder
        self._task = task
        self._clock = Clock()
        self._progress = Progress(folder, task.get("wake") or "", self._clock)
        self._launch = launch
        self._guard = guard
        self._reserve = reserve
        self._masks = masks_of(folder.path)
        self.log = Log(folder.at("log"), masks=self._masks)
        self._limits = Limits(task)
        own = os.environ.get(VISIBLE_GPUS)  # set for a Dask worker
        gpus = GpuMeter((task.get("environment") or {}).get(VISIBLE_GPUS, own) or "")
        self._record = UsageRecord(folder.at("usage.jsonl"), gpus, spent=launch.spent)
        self._children = Children(launch, guard, gpus)
        self._reports = Reports(self._masks)
        self._selector = selectors.DefaultSelector()
        self._signals = Signals()
        self._ending: Ending | None = None
        # runner.json counts as heartbeat until then
        self._next_beat = time.monotonic() + BEAT_SECONDS
        self._watch: Watch | None = None
        self._outside: OutsideWatch | None = None

    def run(self) -> dict[str, Any]:
        """Run the attempt to its end, and return the content of result.json."""
        started_at = self._clock.now()
        self._reserve.hold(self._folder.path)
        adopt_orphans()
        self._signals.install_handlers(self._selector)
        try:
            # The attempt may have been cancelled while it waited for its start.
            self._obey_cancel()
            if self._ending is None:
                self._begin()
                next_tick = 0.0
                while not self._is_over():
                    for key, _ in self._selector.select(self._seconds_to_wait()):
                        key.data(key.fd)
                    self._children.reap()
                    self._progress.poke()
                    self._guard.check()
                    if self._outside:
                        self._outside.take()
                    has_ended = self._children.status is not None
                    if time.monotonic() >= next_tick or self._signals.stop or has_ended:
                        self._tick()
                        next_tick = time.monotonic() + TICK_SECONDS
        except CannotStart as error:
            self._end("failed", work_outcome.failure_record("preparation", error.reason), 0)
        self._kill_remains()
        # Before the outputs are collected, which opens and moves files of the code.
        observed, outside = self._observed(), self._used_outside()
        present, failure = self._outputs(work_outcome.with_disk_note(self._failure(), self._folder))
        outputs = {name: self._task["outputs"][name] for name in present}
        disclosed = self._masks.disclosed(self._folder.path, outputs)
        state = self._ending.state if self._ending else "failed" if failure else "succeeded"
        return {
            "state": state,
            "started_at": started_at,
            "finished_at": self._clock.now(),
            "working_at": self._progress.working_at,
            "outputs": present,
            "failure": self._masks.cleaned(failure),
            "disclosed": disclosed,
            "usage": {
                "max_rss_bytes": max(self._limits.memory.peak_bytes, self._children.largest_bytes),
                "cpu_seconds": round(self._record.ended_cpu(), 3),
            },
            "observed": observed,
            "outside": outside,
        }

    def _observed(self) -> dict[str, Any] | None:
        """Return the files of the code that the work has read, None if the work did not begin."""
        return self._watch.observed() if self._watch else None

    def _used_outside(self) -> dict[str, Any]:
        """Return how the work used paths outside the code folder."""
        return self._outside.uses() if self._outside else {}

    def _outputs(self, failure: dict[str, Any] | None) -> tuple[list[str], dict[str, Any] | None]:
        """Return the names of the outputs that exist, and the failure, if there is one.

        `failure` is that of the work. An invalid output is a failure, too.
        """
        if failure is not None and failure["kind"] != "contract":
            return [], failure
        status = self._children.status
        code = 0 if status is None else os.waitstatus_to_exitcode(status)
        directory = self._task.get("directory") or CODE
        present, broken = work_outcome.check_outputs(
            self._folder, self._task["outputs"], directory, code
        )
        return present, failure or broken

    def _begin(self) -> None:
        for output in self._task["outputs"].values():
            parent = os.path.dirname(self._folder.inside(output["path"]))
            os.makedirs(parent, exist_ok=True)
        os.makedirs(self._folder.at(CODE), exist_ok=True)
        self._watch = Watch(self._folder.at(CODE), self._selector)
        unknown = self._watch.problem is not None
        self._folder.has_distributions = unknown or self._watch.has_distributions
        if outside := self._task.get("outside"):
            self._outside = OutsideWatch(outside)
        self._launch.start()
        self._limits.begin()
        stage = "preparing" if self._launch.reports else "running"
        self._progress.write_events({"type": "stage", "stage": stage})
        self._selector.register(self._launch.output, selectors.EVENT_READ, self._on_output)
        self._selector.register(self._launch.report, selectors.EVENT_READ, self._on_report)

    def _seconds_to_wait(self) -> float:
        """Return how many seconds to wait before the next check if nothing happens."""
        if self._outside:
            return TAKE_SECONDS
        return POKE_SECONDS if self._progress.has_news else TICK_SECONDS

    def _is_over(self) -> bool:
        if self._ending is not None and time.monotonic() >= self._ending.deadline:
            return True
        if self._children.status is None:
            return self._ending is None and self._reports.offers_to_stay
        return self._ending is None or not self._children.tree()

    def _tick(self) -> None:
        now = time.monotonic()
        if now >= self._next_beat:
            try:
                self._folder.touch_heartbeat()
            except OSError as error:
                sys.stderr.write(f"heartbeat: {error}\n")
            is_heard = self._limits.silent_seconds() < BEAT_SECONDS
            if is_heard and self.log.is_full and self._task.get("silence_timeout_seconds"):
                # the log file no longer shows that the work prints
                self._progress.write_events({"type": "log", "state": "full"})
            self._next_beat = now + BEAT_SECONDS
        if self._ending is not None or self._children.status is not None:
            return
        self._obey_cancel()
        if self._ending is None:
            self._obey_limits(now)

    def _obey_cancel(self) -> None:
        reason = self._folder.cancel_reason() or self._signals.stop
        if reason:
            self._end("cancelled", work_outcome.failure_record("cancelled", reason), GRACE_SECONDS)

    def _obey_limits(self, now: float) -> None:
        broken = self._limits.broken(now, self._children.tree)
        if self._limits.memory.seen:
            self._record.record_if_due(self._limits.memory.seen)
        if broken:
            kind, reason = broken
            # In a grace period, the work could use up the memory of the machine.
            grace_seconds = 0 if kind == "memory" else GRACE_SECONDS
            self._end("failed", work_outcome.failure_record(kind, reason), grace_seconds)

    def _end(self, state: str, failure: dict[str, Any], grace_seconds: float) -> None:
        """Request the end of the work, with the state and failure that the attempt will have.

        `run` waits for the end, and `_kill_remains` kills what is left.
        """
        self._ending = Ending(state, failure, grace_seconds)
        self._progress.write_events({"type": "stage", "stage": "ending"})
        if grace_seconds:
            self._children.ask_to_end()

    def _read(self, descriptor: int) -> bytes:
        """Read from a pipe of the work.

        Empty bytes mean that the work has closed the pipe.
        """
        self._limits.note_activity()
        data = os.read(descriptor, CHUNK_BYTES)
        if not data:
            self._selector.unregister(descriptor)
        return data

    def _on_output(self, descriptor: int) -> None:
        if data := self._read(descriptor):
            self.log.feed(data)
            self._progress.note()

    def _on_report(self, descriptor: int) -> None:
        data = self._read(descriptor)
        news = [message for message in self._reports.read(data) if self._handle_message(message)]
        if news:
            self._progress.write_events(*news)

    def _handle_message(self, message: dict[str, Any]) -> bool:
        """Handle a message of the runner.

        Return whether to write it to events.jsonl, too.
        """
        if message["type"] == "end":
            self._children.note_end(message)
        return message["type"] not in ("end", "ready")

    def _kill_remains(self) -> None:
        """Kill what is left of the work, and write the rest of its output to the log."""
        # the GPU monitor goes first: it may start processes while it lives
        self._record.stop_gpu_monitor()
        if self._watch:
            self._watch.leave()
        left = 0
        # adopted processes are children, too
        if self._children.reap() and self._keep_runner():
            while heard := self._selector.select(0):
                for key, _ in heard:
                    key.data(key.fd)
        else:
            left = self._children.kill_all(self._task["mark"])
            # Read the output that is left in the pipes; that of the signals always stays.
            deadline = time.monotonic() + DRAIN_SECONDS
            while len(self._selector.get_map()) > 1 and time.monotonic() < deadline:
                for key, _ in self._selector.select(0.05):
                    key.data(key.fd)
        self._children.reap()
        self._record.close()
        if left and self._children.status is not None and self._ending is None:
            self.log.note(f"{left} processes that the work had left behind were ended")
        if self.log.trouble:
            self._reserve.release()
            self._progress.write_events(
                {"type": "log", "state": "incomplete", "reason": self.log.trouble}
            )
        self.log.end()
        self._signals.leave()

    def _keep_runner(self) -> bool:
        """Return whether the runner stays for another attempt.

        A runner that offers to stay, but has left other processes, is killed.
        """
        children, end = self._children, self._reports.end
        if self._ending is not None or children.status is not None:
            return False
        if end is None or not self._reports.offers_to_stay:
            return False
        if children.tree() != {self._launch.pid}:
            children.kill_first()
            return False
        self._launch.stay(end["used"]["cpu_seconds"])
        self._record.staying = self._launch.spent
        return True

    def _failure(self) -> dict[str, Any] | None:
        if self._ending is not None:
            return self._ending.failure
        if self._launch.stays:
            return None
        status, end = self._children.status, self._reports.end
        assert status is not None
        if self._launch.is_notebook:
            failure = work_outcome.failure_of_notebook(status, end, self._last_lines())
        elif self._launch.reports:
            failure = work_outcome.failure_of_function(status, end, self._last_lines())
        else:
            codes = self._task["work"].get("exit_codes")
            failure = work_outcome.failure_of_status(status, self.log.last_lines(), codes)
        code = failure.get("exit_code") if failure is not None else None
        by_force = code == KILLED or (
            failure is not None and work_outcome.was_killed(failure["reason"])
        )
        if failure is not None and by_force and self._limits.memory.system_killed():
            reason = because("system-killed", cause=failure["reason"])
            return work_outcome.failure_record(
                "memory", reason, traceback=failure.get("traceback", "")
            )
        return failure

    def _last_lines(self) -> str:
        return self.log.last_lines()

    def close(self) -> None:
        """Release everything that belongs to the attempt."""
        self.log.close()
        self._selector.close()
        for watch in (self._watch, self._outside):
            if watch:
                watch.close()
        self._signals.close()
        self._launch.close()
