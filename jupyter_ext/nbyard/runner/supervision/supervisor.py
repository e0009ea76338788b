"""The supervisor of an attempt: keeps its log and its limits, and reports its end."""

from __future__ import annotations

import json
import os
import selectors
import signal
import sys
import time
from typing import Any

from ..attempt_folder import CODE, Folder
from ..process import processes
from ..process.clock import Clock
from ..process.prctl import ADOPTS, adopt_orphans
from ..reasons import Reason, because
from ..secret_masking import masks_of
from ..work import outcome
from ..work.launch import CannotStart, WorkProcess
from .disk_reserve import Reserve
from .guard import Guard
from .limits import MemoryWatch
from .log import Log
from .usage import GpuMeter, UsageRecord
from .watch import Watch

BEAT_SECONDS = 2.0  # between heartbeats
TICK_SECONDS = 0.25  # between checks of limits and of requests to cancel
GRACE_SECONDS = 3.0  # from SIGTERM to SIGKILL
DRAIN_SECONDS = 1.0  # for output that is left in the pipes of ended work
POKE_SECONDS = 0.1  # least time between two wake-ups of listeners
KILLED = 128 + signal.SIGKILL  # the exit status that a shell reports for a killed child
CHUNK_BYTES = 1024 * 1024
MAX_REPORT_BYTES = 32 * 1024 * 1024
VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


class Ending:
    """Why the work was asked to end, and until when it may do so by itself."""

    def __init__(self, state: str, failure: dict[str, Any], grace_seconds: float) -> None:
        self.state = state
        self.failure = failure
        self.deadline = time.monotonic() + grace_seconds


class Supervisor:
    def __init__(
        self,
        folder: Folder,
        task: dict[str, Any],
        launch: WorkProcess,
        guard: Guard,
        reserve: Reserve,
    ) -> None:
        self._folder = folder
        self._task = task
        self._wake = task.get("wake") or ""
        self._clock = Clock()
        self._launch = launch
        self._guard = guard
        self._reserve = reserve
        self._masks = masks_of(folder.path)
        self.log = Log(folder.at("log"), masks=self._masks)
        self._memory = MemoryWatch(task.get("memory_bytes"))
        own = os.environ.get(VISIBLE_GPUS)  # set for a Dask worker
        gpus = GpuMeter((task.get("environment") or {}).get(VISIBLE_GPUS, own) or "")
        self._record = UsageRecord(folder.at("usage.jsonl"), gpus, spent=launch.spent)
        self._selector = selectors.DefaultSelector()
        self._ending: Ending | None = None
        self._status: int | None = None
        self._largest = 0
        self._reported: dict[str, Any] | None = None
        self._report_rest = b""
        self._told_to_stop: Reason | None = None
        # runner.json counts as heartbeat until then
        self._next_beat = time.monotonic() + BEAT_SECONDS
        self._started = self._last_sign = self._last_poke = time.monotonic()
        self._has_news = False
        self._watch: Watch | None = None
        self._working_at: float | None = None
        self._hear, self._signal_end = os.pipe()  # a signal wakes the selector
        for end in (self._hear, self._signal_end):
            os.set_blocking(end, False)

    def run(self) -> dict[str, Any]:
        """Run the attempt and return its result."""
        started_at = self._clock.now()
        self._reserve.hold(self._folder.path)
        self._prepare()
        try:
            self._obey_cancel()
            if self._ending is None:
                self._begin()
                self._stay()
        except CannotStart as error:
            self._end("failed", outcome.failure("preparation", error.reason), 0)
        self._clear_away()
        observed = self._observed()
        present, failure = self._outputs(outcome.on_full_disk(self._failure(), self._folder))
        outputs = {name: self._task["outputs"][name] for name in present}
        disclosed = self._masks.disclosed(self._folder.path, outputs)
        state = self._ending.state if self._ending else "failed" if failure else "succeeded"
        return {
            "state": state,
            "started_at": started_at,
            "finished_at": self._clock.now(),
            "working_at": self._working_at,
            "outputs": present,
            "failure": self._masks.cleaned(failure),
            "disclosed": disclosed,
            "usage": self._usage(),
            "observed": observed,
        }

    def _observed(self) -> dict[str, Any] | None:
        """Return the files of its code that the work has read, None if it did not begin."""
        return self._watch.seen() if self._watch else None

    def _outputs(self, failure: dict[str, Any] | None) -> tuple[list[str], dict[str, Any] | None]:
        """Return the names of the outputs that exist, and the failure, if any."""
        if failure is not None and failure["kind"] != "contract":
            return [], failure
        code = 0 if self._status is None else os.waitstatus_to_exitcode(self._status)
        directory = self._task.get("directory") or CODE
        present, broken = outcome.look_at_outputs(
            self._folder, self._task["outputs"], directory, code
        )
        return present, failure or broken

    def _prepare(self) -> None:
        adopt_orphans()
        signal.set_wakeup_fd(self._signal_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGUSR1, lambda *_: None)
        signal.signal(signal.SIGHUP, lambda *_: None)  # if ignored, the work would inherit that
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        self._selector.register(self._hear, selectors.EVENT_READ, self._on_wakeup)

    def _on_stop(self, number: int, _frame: object) -> None:
        self._told_to_stop = because("supervisor-stopped", signal=signal.Signals(number).name)

    def _on_wakeup(self, descriptor: int) -> None:
        os.read(descriptor, 4096)

    def _begin(self) -> None:
        for output in self._task["outputs"].values():
            parent = os.path.dirname(self._folder.inside(output["path"]))
            os.makedirs(parent, exist_ok=True)
        os.makedirs(self._folder.at(CODE), exist_ok=True)
        self._watch = Watch(self._folder.at(CODE), self._selector)
        self._launch.start()
        self._started = self._last_sign = time.monotonic()
        stage = "preparing" if self._launch.reports else "running"
        self._tell({"type": "stage", "stage": stage})
        self._selector.register(self._launch.output, selectors.EVENT_READ, self._on_output)
        self._selector.register(self._launch.report, selectors.EVENT_READ, self._on_report)

    def _tell(self, *events: dict[str, Any]) -> None:
        for event in events:
            if event.get("stage") == "running":
                self._working_at = self._clock.now()
            self._folder.event(event)
        self._has_news = bool(self._wake)
        self._poke()

    def _poke(self) -> None:
        """Wake listeners about progress, at most once per POKE_SECONDS."""
        now = time.monotonic()
        if self._has_news and now - self._last_poke > POKE_SECONDS:
            self._has_news, self._last_poke = False, now
            self._folder.poke(self._wake, ".")

    def _stay(self) -> None:
        next_tick = 0.0
        while not self._is_over():
            for key, _ in self._selector.select(self._patience()):
                key.data(key.fd)
            self._reap()
            self._poke()
            self._guard.check()
            if time.monotonic() >= next_tick or self._told_to_stop or self._status is not None:
                self._tick()
                next_tick = time.monotonic() + TICK_SECONDS

    def _patience(self) -> float:
        """Return how many seconds to wait before the next check if nothing happens."""
        return POKE_SECONDS if self._has_news else TICK_SECONDS

    def _is_over(self) -> bool:
        if self._ending is not None and time.monotonic() >= self._ending.deadline:
            return True
        if self._status is None:
            return self._ending is None and self._offers_to_stay()
        return self._ending is None or not self._tree()

    def _offers_to_stay(self) -> bool:
        """Return whether the runner has reported the end of the work and waits for more."""
        return self._reported is not None and self._reported.get("stays", False)

    def _tick(self) -> None:
        now = time.monotonic()
        if now >= self._next_beat:
            self._beat()
            self._next_beat = now + BEAT_SECONDS
        if self._ending is not None or self._status is not None:
            return
        self._obey_cancel()
        self._obey_limits(now)

    def _beat(self) -> None:
        try:
            self._folder.beat()
        except OSError as error:
            sys.stderr.write(f"heartbeat: {error}\n")
        is_heard = time.monotonic() - self._last_sign < BEAT_SECONDS
        if is_heard and self.log.is_full and self._task.get("silence_timeout_seconds"):
            # the log file no longer shows that the work prints
            self._tell({"type": "log", "state": "full"})

    def _obey_cancel(self) -> None:
        reason = self._folder.cancel_reason() or self._told_to_stop
        if reason:
            self._end("cancelled", outcome.failure("cancelled", reason), GRACE_SECONDS)

    def _obey_limits(self, now: float) -> None:
        seconds = self._task.get("timeout_seconds")
        if self._ending is None and seconds and now - self._started > seconds:
            reason = outcome.too_long(seconds)
            self._end("failed", outcome.failure("timeout", reason), GRACE_SECONDS)
        seconds = self._task.get("silence_timeout_seconds")
        if self._ending is None and seconds and now - self._last_sign > seconds:
            reason = outcome.too_silent(seconds)
            self._end("failed", outcome.failure("timeout", reason), GRACE_SECONDS)
        if now - self._started < TICK_SECONDS:
            return  # short work may end before its memory would be measured
        excess = self._memory.exceeded(self._tree) if self._ending is None else None
        self._record.look(self._memory.seen)
        if excess:
            self._end("failed", outcome.failure("memory", excess), 0)

    def _end(self, state: str, failure: dict[str, Any], grace_seconds: float) -> None:
        """Ask the work to end. `_stay` waits for it, `_clear_away` kills what remains."""
        self._ending = Ending(state, failure, grace_seconds)
        self._tell({"type": "stage", "stage": "ending"})
        if not grace_seconds or not self._launch.pid:
            return
        targets = {self._launch.pid} if self._launch.is_notebook else self._tree()
        processes.send(targets, signal.SIGTERM)

    def _tree(self) -> set[int]:
        return processes.below(os.getpid()) - self._spared()

    def _spared(self) -> set[int]:
        return {os.getpid(), self._guard.pid, *self._record.gpus.processes()}

    def _on_output(self, descriptor: int) -> None:
        self._last_sign = time.monotonic()
        data = os.read(descriptor, CHUNK_BYTES)
        if not data:
            self._selector.unregister(descriptor)
            return
        self.log.feed(data)
        self._has_news = bool(self._wake)
        self._poke()

    def _on_report(self, descriptor: int) -> None:
        self._last_sign = time.monotonic()
        data = os.read(descriptor, CHUNK_BYTES)
        if not data:
            self._selector.unregister(descriptor)
            return
        *lines, self._report_rest = (self._report_rest + data).split(b"\n")
        if len(self._report_rest) > MAX_REPORT_BYTES:
            self._report_rest = b""
        news = []
        for line in lines:
            message = self._masks.cleaned(json.loads(line))
            if self._heed(message):
                news.append(message)
        if news:
            self._tell(*news)

    def _heed(self, message: dict[str, Any]) -> bool:
        """Handle a message. Return whether it is also an event for events.jsonl."""
        if message["type"] == "end":
            self._reported = message
            used = message.get("used", {}).get("max_rss_bytes", 0)
            self._largest = max(self._largest, used // UNIT)
        return message["type"] not in ("end", "ready")

    def _reap(self) -> bool:
        """Reap every ended child, adopted ones too. Return whether one is still alive."""
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._launch.pid:
                self._status = status
                if self._launch.spent:
                    continue  # its maximum may come from a kernel of another attempt
            self._largest = max(self._largest, used.ru_maxrss)

    def _clear_away(self) -> None:
        """Kill what is left of the work and store the rest of its output."""
        # the GPU monitor goes first: it may start processes while it lives
        self._record.end_gpus()
        if self._watch:
            self._watch.leave()
        left = 0
        # adopted processes are children, too
        if self._reap() and self._lets_stay():
            while heard := self._selector.select(0):
                for key, _ in heard:
                    key.data(key.fd)
        else:
            left = self._end_all()
        self._reap()
        self._record.close()
        if left and self._status is not None and self._ending is None:
            self.log.note(f"{left} processes that the work had left behind were ended")
        if self.log.trouble:
            self._reserve.release()
            self._tell({"type": "log", "state": "incomplete", "reason": self.log.trouble})
        self.log.end()
        signal.set_wakeup_fd(-1)

    def _lets_stay(self) -> bool:
        """Return whether the runner stays for another attempt. Kill it if it is not alone."""
        if self._ending is not None or self._status is not None or not self._offers_to_stay():
            return False
        assert self._reported is not None
        if self._tree() == {self._launch.pid}:
            self._launch.stay(self._reported["used"]["cpu_seconds"])
            self._record.staying = self._launch.spent
            return True
        os.kill(self._launch.pid, signal.SIGKILL)
        _, self._status, _ = os.wait4(self._launch.pid, 0)
        return False

    def _end_all(self) -> int:
        """Kill all processes of the work. Return how many there were."""
        left = 0
        if self._reap() or not ADOPTS:
            left = processes.kill_tree(os.getpid(), self._task["mark"], self._spared(), self._reap)
        deadline = time.monotonic() + DRAIN_SECONDS
        while len(self._selector.get_map()) > 1 and time.monotonic() < deadline:
            for key, _ in self._selector.select(0.05):
                key.data(key.fd)
        return left

    def _failure(self) -> dict[str, Any] | None:
        if self._ending is not None:
            return self._ending.failure
        if self._launch.stays:
            return None
        assert self._status is not None
        if self._launch.is_notebook:
            failure = outcome.of_notebook(self._status, self._reported)
        elif self._launch.reports:
            failure = outcome.of_function(self._status, self._reported, self._last_lines())
        else:
            codes = self._task["work"].get("exit_codes")
            failure = outcome.of_status(self._status, self.log.last_lines(), codes)
        code = failure.get("exit_code") if failure is not None else None
        by_force = code == KILLED or (failure is not None and outcome.was_killed(failure["reason"]))
        if failure is not None and by_force and self._memory.system_killed():
            reason = because("system-killed", cause=failure["reason"])
            return outcome.failure("memory", reason, traceback=failure.get("traceback", ""))
        return failure

    def _last_lines(self) -> str:
        return self.log.last_lines()

    def _usage(self) -> dict[str, float]:
        return {
            "max_rss_bytes": max(self._memory.peak_bytes, self._largest * UNIT),
            "cpu_seconds": round(self._record.ended_cpu(), 3),
        }

    def close(self) -> None:
        """Release everything that belongs to the attempt."""
        self.log.close()
        self._selector.close()
        if self._watch:
            self._watch.close()
        for end in (self._hear, self._signal_end):
            os.close(end)
        self._launch.close()
