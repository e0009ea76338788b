"""Steps of a check run in parallel, and all of them stop together."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from checks import plan
from checks.plan import Stage, Step
from checks.running import Outcome, Runner

ROOT = Path(__file__).resolve().parents[3]
# A child in a session of its own, as dispatchers and engines are.
DETACHED = "import subprocess; subprocess.Popen(['sleep', '1000'], start_new_session=True)"


@pytest.fixture(autouse=True)
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "RECORDS", tmp_path)


def python(name: str, text: str, load: float = 1.0) -> Step:
    return Step(name, (sys.executable, "-c", text), load)


def run(*steps: Step, capacity: float = 2.0) -> tuple[list[Outcome], list[str]]:
    """Return the outcomes, and the events in their order."""
    told: list[str] = []
    runner = Runner(
        lambda step: told.append(f"+{step.name}"),
        lambda outcome: told.append(f"-{outcome.step.name}"),
    )
    return runner.run(Stage(steps, capacity)), told


def test_step_records_exit_code_output_and_times():
    burn = "import time; end = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    [outcome], _ = run(python("burns", f"print('hello')\n{burn}\nraise SystemExit(3)"))
    assert outcome.code == 3
    assert outcome.failed
    assert outcome.step.log.read_text() == "hello\n"
    assert outcome.cpu_seconds >= 0.2


def test_steps_run_in_parallel_while_their_loads_fit(tmp_path):
    wait = "import pathlib, time\nwhile not pathlib.Path({!r}).exists(): time.sleep(0.01)"
    first = python("first", wait.format(str(tmp_path / "go")))
    second = python("second", f"open({str(tmp_path / 'go')!r}, 'w')")
    third = python("third", "", load=2.0)
    _, told = run(first, second, third)
    assert told[:2] == ["+first", "+second"]
    assert told[-2:] == ["+third", "-third"]


def test_step_with_a_load_above_the_machine_runs_alone():
    _, told = run(python("large", "", load=9.0), python("small", ""))
    assert told == ["+large", "-large", "+small", "-small"]


def marked(mark: str) -> list[psutil.Process]:
    """Return the processes that have a mark in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("NBYARD_TEST_PROBE") == mark:
                found.append(process)
        except psutil.Error:
            continue
    return found


@contextmanager
def interrupted(tmp_path: Path, number: int, seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a check of four processes, one of which ignores Ctrl-C, after one signal."""
    script = f"""
import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup may run the tests
import sys; sys.path.insert(0, {str(ROOT / "buildtools")!r})
from pathlib import Path
from checks import plan; plan.RECORDS = Path({str(tmp_path)!r})
from checks.plan import Stage, Step
from checks.running import Runner
deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN)"
deaf += {f"; open({str(tmp_path / 'deaf')!r}, 'w'); time.sleep(1000)"!r}
steps = [Step("one", (sys.executable, "-c", {DETACHED!r} + "; import time; time.sleep(1000)")),
         Step("two", (sys.executable, "-c", deaf))]
import checks.running; checks.running.SIGNALS = [(n, {seconds}) for n, _ in checks.running.SIGNALS]
try:
    Runner(lambda step: None, lambda outcome: None).run(Stage(tuple(steps), 2))
except KeyboardInterrupt:
    sys.exit(130)
"""
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    environment = {**os.environ, "NBYARD_TEST_PROBE": mark}
    check = subprocess.Popen([sys.executable, "-c", script], env=environment)
    until(lambda: len(marked(mark)) == 4 and (tmp_path / "deaf").exists())
    check.send_signal(number)
    yield check
    assert check.wait(timeout=30) == 130
    until(lambda: marked(mark) == [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupt_stops_all_steps_and_their_child_processes(tmp_path, number):
    with interrupted(tmp_path, number, 0.5):
        pass


def test_second_interrupt_kills_a_step_that_ignores_the_first(tmp_path):
    with interrupted(tmp_path, signal.SIGINT, 1000) as check:
        until(lambda: len(psutil.Process(check.pid).children()) == 1)
        check.send_signal(signal.SIGINT)


def test_nohup_protects_a_check_from_a_closed_terminal():
    told = "import signal; from checks.running import interrupted_by_signals as by\n"
    told += "with by(): print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)"
    words = ["nohup", sys.executable, "-c", told]
    done = subprocess.run(words, cwd=ROOT / "buildtools", capture_output=True, check=True)
    assert done.stdout == b"True\n"


def until(fact) -> None:
    end = time.monotonic() + 30
    while not fact():
        assert time.monotonic() < end
        threading.Event().wait(0.05)
