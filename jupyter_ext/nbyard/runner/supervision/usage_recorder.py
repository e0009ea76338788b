"""Measures the resources that the work uses: records them, and enforces the limits of the work.

Each line of usage.jsonl has `at` (seconds since 1970), `cpu` (CPU seconds so far), `memory` (bytes)
and `processes`. With granted GPUs, it also has `gpus`: {ID: [percent, bytes]}.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Collection
from typing import Any

from ..process import processes
from ..process.forks import die_with_parent
from ..reasons import Reason, because
from ..work.work_outcome import too_long, too_silent, words_for_bytes

FIRST_PAUSE = 1.0
MAX_LINES = 2000
# Measuring takes less than a hundredth of one core, however large the work is.
LOOK_SHARE = 100
MIB = 2**20
END_SECONDS = 1.0  # for the killed GPU monitor to be gone
GPU_QUERY = "--query-gpu=uuid,utilization.gpu,memory.used"
LOOK_SECONDS = 0.5
FREE_SECONDS = 0.25  # short work may end before its memory would be measured
LIMIT_LOOK_SHARE = 20
# In version 2 and in version 1 of Linux control groups.
EVENT_FILES = (
    ("/sys/fs/cgroup/memory.events", "oom_kill"),
    ("/sys/fs/cgroup/memory/memory.oom_control", "oom_kill"),
)


class UsageFile:
    """The file of samples.

    When it is full, every other line is dropped and the pause doubles. `pause` is the time between
    two samples in seconds.
    """

    def __init__(self, path: str, max_lines: int = MAX_LINES) -> None:
        self.pause = FIRST_PAUSE
        self._path = path
        self._max_lines = max_lines
        self._lines: list[str] = []
        with contextlib.suppress(OSError), open(path, encoding="ascii", errors="replace") as file:
            self._lines = file.readlines()  # from an earlier supervisor

    def write(self, sample: dict[str, Any]) -> None:
        """Append a sample. If the disk is full, only the sample is lost."""
        line = json.dumps(sample) + "\n"
        self._lines.append(line)
        try:
            if len(self._lines) > self._max_lines:
                self.pause *= 2
                self._lines = self._lines[::2]
                temporary = self._path + ".tmp"
                with open(temporary, "w", encoding="ascii") as file:
                    file.writelines(self._lines)
                os.replace(temporary, self._path)
            else:
                with open(self._path, "a", encoding="ascii") as file:
                    file.write(line)
        except OSError:
            return  # a full disk costs the lines, not the work


class UsageRecord:
    """Records a sample each second at first, and less often when the file is full.

    `spent` is the CPU time in seconds of a waiting runner's earlier attempts, which does not count.
    """

    def __init__(
        self, path: str, gpus: GpuMeter, max_lines: int = MAX_LINES, *, spent: float = 0.0
    ) -> None:
        self.staying = 0.0  # CPU seconds of a runner that stays after the work
        self.gpus = gpus
        self._file = UsageFile(path, max_lines)
        self._next_look = 0.0
        self._cpu = 0.0
        self._before = _cpu_of_children() + spent  # without other attempts
        self._ended: float | None = None

    def record_if_due(self, pids: Collection[int]) -> None:
        """Append a sample of what these processes use, if one is due."""
        self.gpus.listen()
        now, before = time.monotonic(), time.process_time()
        if now >= self._next_look:
            self._add(pids)
            cost = time.process_time() - before
            self._next_look = now + max(self._file.pause, cost * LOOK_SHARE)

    def stop_gpu_monitor(self) -> None:
        """Stop the GPU monitor and exclude its CPU time from the work's."""
        self.gpus.listen()
        before = _cpu_of_children()
        self.gpus.end()
        self._before += _cpu_of_children() - before

    def close(self) -> None:
        """Append a last sample once all processes of the work are gone."""
        self._add(())
        self._ended = self.ended_cpu()  # without the GPU monitor
        self.gpus.close()

    def ended_cpu(self) -> float:
        """Return the CPU seconds of the work's processes that have ended."""
        if self._ended is not None:
            return self._ended
        return _cpu_of_children() + self.staying - self._before

    def _add(self, pids: Collection[int]) -> None:
        known = [process for pid in pids if (process := processes.read_process(pid))]
        used = self.ended_cpu() + sum(process.cpu_seconds for process in known)
        self._cpu = max(self._cpu, used)  # a dead process that is not reaped yet is in neither sum
        sample: dict[str, Any] = {
            "at": round(time.time(), 2),
            "cpu": round(self._cpu, 2),
            "memory": processes.memory_bytes(process.pid for process in known),
            "processes": len(known),
        }
        if self.gpus.latest:
            sample["gpus"] = self.gpus.latest
        self._file.write(sample)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class GpuMeter:
    """Runs nvidia-smi, which prints the usage of the GPUs each second.

    `ids` lists the granted GPUs. Nothing is started without GPUs or without that program. `latest`
    has percent and bytes by GPU.
    """

    def __init__(self, ids: str) -> None:
        self.latest: dict[str, list[float]] = {}
        self.pid = 0
        self._rest = b""
        self._output = -1
        if not ids:
            return
        import shutil

        if program := shutil.which("nvidia-smi"):
            self._start([program, GPU_QUERY, "--format=csv,noheader,nounits", f"--id={ids}"])

    def _start(self, argv: list[str]) -> None:
        parent = os.getpid()
        self._output, end = os.pipe()
        os.set_blocking(self._output, False)
        try:
            process = subprocess.Popen(
                [*argv, "--loop=1"],
                stdin=subprocess.DEVNULL,
                stdout=end,
                stderr=subprocess.DEVNULL,
                # With these variables, a sweep would take the monitor for a part of the work.
                env={k: v for k, v in os.environ.items() if not k.startswith("NBYARD_")},
                start_new_session=True,
                # safe because only one thread runs here
                preexec_fn=lambda: die_with_parent(parent),  # noqa: PLW1509
            )
            self.pid = process.pid
            process.returncode = 0  # the supervisor reaps; Popen must not wait
        except OSError:
            self.close()
        finally:
            os.close(end)

    def listen(self) -> None:
        """Read the samples that nvidia-smi has printed."""
        while self._output >= 0:
            try:
                data = os.read(self._output, 65536)
            except BlockingIOError:
                return
            if not data:
                self.close()
                return
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._take(line.decode("ascii", "replace").split(","))

    def _take(self, fields: list[str]) -> None:
        try:
            name, percent, mebibytes = (field.strip() for field in fields)
            self.latest[name] = [float(percent), float(mebibytes) * MIB]
        except ValueError:
            return  # "[N/A]", or a message

    def processes(self) -> set[int]:
        """Return the pids of nvidia-smi, which may be a script, and its descendants."""
        return {self.pid, *processes.descendants_of(self.pid)} if self.pid else set()

    def end(self) -> None:
        """Kill nvidia-smi and its process group.

        If that fails, `processes` still has its pid, so that it never counts as part of the work.
        """
        if self._output >= 0:
            os.close(self._output)
            self._output = -1
        if self.pid and _ended(self.pid):
            self.pid = 0

    def close(self) -> None:
        """Stop nvidia-smi and drop its samples, so that the next attempt starts without any."""
        self.end()
        self.latest = {}


def _ended(group: int) -> bool:
    """Kill a process group. Return whether all of it is gone within a second.

    A process may hang in the GPU driver.
    """
    deadline = time.monotonic() + END_SECONDS
    try:
        os.killpg(group, signal.SIGKILL)
        while time.monotonic() < deadline:
            if os.waitpid(-group, os.WNOHANG) == (0, 0):
                time.sleep(0.002)
    except (ProcessLookupError, ChildProcessError):
        return True
    except PermissionError:
        pass
    return False


class Limits:
    """The limits of an attempt: its duration, its time without output, and its memory."""

    def __init__(self, task: dict[str, Any]) -> None:
        self._seconds = task.get("timeout_seconds")
        self._silent_seconds = task.get("silence_timeout_seconds")
        self.memory = MemoryWatch(task.get("memory_bytes"))
        self._started = self._last_sign = time.monotonic()

    def begin(self) -> None:
        """Start to count the time of the work now."""
        self._started = self._last_sign = time.monotonic()

    def note_activity(self) -> None:
        """Record that the work printed or reported something."""
        self._last_sign = time.monotonic()

    def silent_seconds(self) -> float:
        """Return the seconds since the work last printed or reported something."""
        return time.monotonic() - self._last_sign

    def broken(self, now: float, tree: Callable[[], set[int]]) -> tuple[str, Reason] | None:
        """Return the kind of failure and its reason if a limit is exceeded, else None.

        `now` is a time of the monotonic clock. `tree` returns the pids of the work.
        """
        if self._seconds and now - self._started > self._seconds:
            return "timeout", too_long(self._seconds)
        if self._silent_seconds and now - self._last_sign > self._silent_seconds:
            return "timeout", too_silent(self._silent_seconds)
        if now - self._started < FREE_SECONDS:
            return None
        reason = self.memory.exceeded(tree)
        return ("memory", reason) if reason else None


class MemoryWatch:
    """Measures the memory of the work's processes, in at most a twentieth of the time.

    `seen` has the pids at the last measurement.
    """

    def __init__(self, limit_bytes: float | None) -> None:
        self._limit = limit_bytes
        self._next_look = 0.0
        self._kills = kills_by_system()
        self.peak_bytes = 0
        self.seen: set[int] = set()

    def exceeded(self, tree: Callable[[], set[int]]) -> Reason | None:
        """Measure the memory if that is due.

        Return the reason if the limit is exceeded, else None.
        """
        started = time.monotonic()
        if started < self._next_look:
            return None
        pids = self.seen = tree()
        known = [processes.read_process(pid) for pid in pids]
        used = sum(process.rss_bytes for process in known if process)
        if self._limit and used > self._limit:
            # the sum counts pages shared by forked processes several times
            used = processes.memory_bytes(pids)
        self.peak_bytes = max(self.peak_bytes, used)
        now = time.monotonic()
        self._next_look = now + max(LOOK_SECONDS, (now - started) * LIMIT_LOOK_SHARE)
        if not self._limit or used <= self._limit:
            return None
        shown = {"used": words_for_bytes(used), "limit": words_for_bytes(self._limit)}
        return because("memory-limit", **shown)

    def system_killed(self) -> bool:
        """Return whether the system has killed a process for lack of memory since the start."""
        return kills_by_system() > self._kills


def kills_by_system() -> int:
    """Return how many processes the system has killed for lack of memory in this control group.

    Return 0 if the system does not count them.
    """
    for path, key in EVENT_FILES:
        try:
            with open(path, encoding="ascii") as file:
                counts = dict(line.split()[:2] for line in file)
            return int(counts.get(key, 0))
        except (OSError, ValueError):
            continue
    return 0
