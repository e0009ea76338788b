"""What the work uses while it runs: a line of usage.jsonl for each look at it.

A line is {at, cpu, memory, processes}: seconds since 1970, seconds of CPU so far, bytes now; and
where it was granted GPUs, {gpus: {id: [percent, bytes]}}.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Collection
from typing import Any

from . import processes
from .work import die_with_parent

FIRST_PAUSE = 1.0
MAX_LINES = 2000
# Looking costs less than a hundredth of one core, however large the work is.
LOOK_SHARE = 100
MIB = 2**20
END_SECONDS = 1.0  # for who looks at GPUs, killed, to be gone
GPU_QUERY = "--query-gpu=uuid,utilization.gpu,memory.used"


class UsageFile:
    """Whenever it is full, every other line goes and the pause between two doubles."""

    def __init__(self, path: str, max_lines: int = MAX_LINES) -> None:
        self.pause = FIRST_PAUSE
        self._path = path
        self._max_lines = max_lines
        self._lines: list[str] = []
        with contextlib.suppress(OSError), open(path, encoding="ascii", errors="replace") as file:
            self._lines = file.readlines()  # of whoever looked before

    def write(self, sample: dict[str, Any]) -> None:
        line = json.dumps(sample) + "\n"
        self._lines.append(line)
        try:
            if len(self._lines) > self._max_lines:
                self._thin_out()
            else:
                with open(self._path, "a", encoding="ascii") as file:
                    file.write(line)
        except OSError:
            return  # a full disk costs the lines, not the work

    def _thin_out(self) -> None:
        self.pause *= 2
        self._lines = self._lines[::2]
        temporary = self._path + ".tmp"
        with open(temporary, "w", encoding="ascii") as file:
            file.writelines(self._lines)
        os.replace(temporary, self._path)


class UsageRecord:
    """Looks each second at first, then as often as the file wants it."""

    def __init__(
        self, path: str, gpus: GpuMeter, max_lines: int = MAX_LINES, *, spent: float = 0.0
    ) -> None:
        self.staying = 0.0  # seconds of a process that stays when the work has ended
        self.gpus = gpus
        self._file = UsageFile(path, max_lines)
        self._next_look = 0.0
        self._cpu = 0.0
        self._before = _cpu_of_children() + spent  # another attempt's
        self._ended: float | None = None

    def look(self, pids: Collection[int]) -> None:
        """Write down what these processes hold, when it is time to."""
        self.gpus.listen()
        now, before = time.monotonic(), time.process_time()
        if now >= self._next_look:
            self._add(pids)
            cost = time.process_time() - before
            self._next_look = now + max(self._file.pause, cost * LOOK_SHARE)

    def end_gpus(self) -> None:
        """Look at them no longer; what that has cost is not the work's."""
        self.gpus.listen()
        before = _cpu_of_children()
        self.gpus.end()
        self._before += _cpu_of_children() - before

    def close(self) -> None:
        """A last line, when all processes are gone."""
        self._add(())
        self._ended = self.ended_cpu()  # without that of who looked at the GPUs
        self.gpus.close()

    def ended_cpu(self) -> float:
        """Seconds of processor time of the processes that are gone."""
        if self._ended is not None:
            return self._ended
        return _cpu_of_children() + self.staying - self._before

    def _add(self, pids: Collection[int]) -> None:
        known = [found for pid in pids if (found := processes.read(pid))]
        used = self.ended_cpu() + sum(found.cpu_seconds for found in known)
        self._cpu = max(self._cpu, used)  # what has died but was not reaped yet is in neither
        sample: dict[str, Any] = {
            "at": round(time.time(), 2),
            "cpu": round(self._cpu, 2),
            "memory": processes.memory_bytes(found.pid for found in known),
            "processes": len(known),
        }
        if self.gpus.latest:
            sample["gpus"] = self.gpus.latest
        self._file.write(sample)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class GpuMeter:
    """What the driver's own tool says of the GPUs: one process that tells it each second. Without
    GPUs or without the tool there is none."""

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

    def _start(self, words: list[str]) -> None:
        parent = os.getpid()
        self._output, end = os.pipe()
        os.set_blocking(self._output, False)
        try:
            process = subprocess.Popen(
                [*words, "--loop=1"],
                stdin=subprocess.DEVNULL,
                stdout=end,
                stderr=subprocess.DEVNULL,
                env={k: v for k, v in os.environ.items() if not k.startswith("NBYARD_")},
                start_new_session=True,
                # one thread only lives here, so that this is safe
                preexec_fn=lambda: die_with_parent(parent),  # noqa: PLW1509
            )
            self.pid = process.pid
            process.returncode = 0  # the supervisor reaps, Popen shall not wait
        except OSError:
            self.close()
        finally:
            os.close(end)

    def listen(self) -> None:
        """Take in what it has said."""
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
            return  # "[N/A]", or a sentence

    def processes(self) -> set[int]:
        """The tool, and what it has started: it may be a script around the real one."""
        return {self.pid, *processes.below(self.pid)} if self.pid else set()

    def end(self) -> None:
        """End it with all of its group, also what was stopped. What cannot be killed is no part of
        the work as long as it lives."""
        if self._output >= 0:
            os.close(self._output)
            self._output = -1
        if self.pid and _ended(self.pid):
            self.pid = 0

    def close(self) -> None:
        """Leave nothing of it to the next attempt."""
        self.end()
        self.latest = {}


def _ended(group: int) -> bool:
    """Whether all of it is gone: what hangs in the driver is not waited for."""
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
