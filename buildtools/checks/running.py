"""Run steps side by side, keep their outputs apart, and stop all of them together."""

import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType

from checks.plan import ROOT, SCRATCH, Stage, Step

MARK = "NBYARD_TEST_CHECK"
# pytest and Playwright stop servers and containers when they are interrupted
SCRATCH_BYTES = 8 * 2**30  # a whole check leaves 4.6 GB
LOOP_ADDITIONS = 10_000_000
LOOP_ROUNDS = 3
SIGNALS = ((signal.SIGINT, 20.0), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))


@dataclass(frozen=True)
class Outcome:
    """The result of a step: exit code, wall and processor time in seconds.

    The processor time (user and system) is that of the command and of all processes below it that
    their parents waited for. It lacks processes that left their parents, such as dispatchers,
    servers and containers that init adopts, and the work of an engine that was running before.
    """

    step: Step
    code: int
    wall_seconds: float
    cpu_seconds: float

    @property
    def failed(self) -> bool:
        """Return whether the command failed."""
        return self.code != 0


def loop_seconds(additions: int = LOOP_ADDITIONS) -> float:
    """Return the processor time of a fixed loop: the best of some rounds, in seconds.

    Divided by it, processor times of different machines compare. Python alone decides it: a machine
    with slow system calls or little cache is slower in a check than the loop shows.
    """
    rounds = []
    for _ in range(LOOP_ROUNDS):
        begin, total = time.process_time(), 0
        for number in range(additions):
            total += number
        rounds.append(time.process_time() - begin)
    return min(rounds)


def idle_seconds() -> float:
    """Return how long the cores were idle since the machine started, all together."""
    fields = Path("/proc/stat").read_text().split(maxsplit=6)
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


class Runner:
    """Runs stages and calls `started` and `ended` for each step."""

    def __init__(self, started: Callable[[Step], None], ended: Callable[[Outcome], None]):
        self._started, self._ended = started, ended
        self._mark = uuid.uuid4().hex
        self._running: dict[Step, subprocess.Popen[bytes]] = {}
        self._outcomes: SimpleQueue[Outcome] = SimpleQueue()

    def run(self, stage: Stage) -> list[Outcome]:
        """Run the steps of a stage, the first ones first, as many at once as fit.

        Raises:
            KeyboardInterrupt: Ctrl-C, SIGTERM or a closed terminal; by then no process of the
                steps is left.
        """
        waiting, outcomes = list(stage.steps), []
        with interrupted_by_signals():
            try:
                while waiting or self._running:
                    for step in [step for step in waiting if self._fits(step, stage.capacity)]:
                        if self._fits(step, stage.capacity):
                            waiting.remove(step)
                            self._start(step)
                    outcomes.append(self._next())
            except BaseException:
                self.stop()
                raise
        return outcomes

    def _fits(self, step: Step, capacity: float) -> bool:
        busy = sum(other.load for other in self._running)
        return not self._running or busy + step.load <= capacity

    def _start(self, step: Step) -> None:
        step.log.parent.mkdir(parents=True, exist_ok=True)
        step.junit.unlink(missing_ok=True)
        with step.log.open("wb") as log:
            process = subprocess.Popen(
                step.command,
                cwd=ROOT,
                env={**step.variables(), MARK: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[step] = process
        self._started(step)
        threading.Thread(target=self._wait, args=(step, process), daemon=True).start()

    def _wait(self, step: Step, process: subprocess.Popen[bytes]) -> None:
        begin = time.monotonic()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu = usage.ru_utime + usage.ru_stime
        self._outcomes.put(Outcome(step, process.returncode, time.monotonic() - begin, cpu))

    def _next(self) -> Outcome:
        while True:
            try:
                outcome = self._outcomes.get(timeout=1)
            except Empty:
                continue
            del self._running[outcome.step]
            self._ended(outcome)
            return outcome

    def stop(self) -> None:
        """Interrupt all steps, then kill the rest of them and of their children.

        Each further Ctrl-C skips to the next signal.
        """
        for number, seconds in SIGNALS:
            with suppress(KeyboardInterrupt):
                self._send(number)
                end = time.monotonic() + seconds
                while time.monotonic() < end and self._alive():
                    time.sleep(0.1)
        for pid in self._left():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        for process in self._running.values():
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, number)

    def _alive(self) -> bool:
        return any(process.returncode is None for process in self._running.values())

    def _left(self) -> list[int]:
        """Return the processes that carry our mark: servers and dispatchers outlive a test."""
        left = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                variables = (folder / "environ").read_bytes()
            except OSError:
                continue
            if f"{MARK}={self._mark}".encode() in variables and int(folder.name) != os.getpid():
                left.append(int(folder.name))
        return left


def make_scratch(*, in_memory: bool) -> None:
    """Create the folder for temporary files; delete those of finished checks in the background.

    Tests create and delete a hundred thousand files, which takes a disk a third of the processor
    time of unit tests. Without the right to mount, or with little memory, the disk has the files.
    """
    SCRATCH.mkdir(exist_ok=True)
    for folder in SCRATCH.parent.glob("nbcheck-*"):
        if not Path("/proc", folder.name.rpartition("-")[2]).exists():
            _unmount(folder)
            subprocess.Popen(["nice", "rm", "-rf", str(folder)], start_new_session=True)
    if in_memory and _available_bytes() >= 2 * SCRATCH_BYTES:
        options = f"mode=755,size={SCRATCH_BYTES}"
        mount = ["mount", "-t", "tmpfs", "-o", options, "nbcheck", str(SCRATCH)]
        subprocess.run(mount, stderr=subprocess.DEVNULL, check=False)


def _available_bytes() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if "MemAvailable" in line), 0)


def drop_scratch() -> None:
    """Free the memory of the temporary files; those of a disk stay until the next check."""
    _unmount(SCRATCH)


def kept_scratch() -> Iterator[str]:
    """Yield how to free the memory of the temporary files that stay after a failure."""
    if SCRATCH.is_mount():
        yield f"Temporary files stay in memory. To free it: umount --lazy {SCRATCH}"


def _unmount(folder: Path) -> None:
    if folder.is_mount():
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Treat SIGTERM and, unless nohup ignores it, SIGHUP like Ctrl-C."""
    numbers = [signal.SIGTERM, signal.SIGHUP]
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, before[number])


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
