"""What the work uses, written down over time."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nbyard.runner.process import processes
from nbyard.runner.supervision import usage_recorder
from nbyard.runner.supervision.usage_recorder import GpuMeter, UsageFile, UsageRecord

pytestmark = pytest.mark.slow


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def record(path: Path, **more: Any) -> UsageRecord:
    return UsageRecord(str(path), GpuMeter(""), **more)


def test_a_sample_has_memory_and_cpu_time(tmp_path: Path) -> None:
    path = tmp_path / "usage.jsonl"
    looked = record(path)
    looked.record_if_due({os.getpid()})
    (line,) = lines(path)
    assert line["processes"] == 1
    assert line["memory"] > 2**20
    assert line["cpu"] > 0
    assert abs(line["at"] - time.time()) < 60
    assert "gpus" not in line


def test_cpu_of_processes_that_have_ended_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "usage.jsonl"
    looked = record(path)
    looked.record_if_due(())
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", burn], check=True)
    looked.close()
    before, after = lines(path)
    assert after["cpu"] - before["cpu"] > 0.25
    assert (after["processes"], after["memory"]) == (0, 0)


def test_samples_are_taken_at_intervals(tmp_path: Path) -> None:
    path = tmp_path / "usage.jsonl"
    looked = record(path)
    for _ in range(50):
        looked.record_if_due(())
    assert len(lines(path)) == 1


def test_large_process_trees_are_sampled_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that takes 0.05 s of CPU comes each 5 s."""
    now = [0.0]
    spent = count(0, 0.05)
    told = SimpleNamespace(
        monotonic=lambda: now[0], time=lambda: now[0], process_time=lambda: next(spent)
    )
    monkeypatch.setattr(usage_recorder, "time", told)
    path = tmp_path / "usage.jsonl"
    looked = record(path)
    for moment in range(1, 21):
        now[0] = moment
        looked.record_if_due(())
    assert len(lines(path)) <= 5


def test_a_full_file_is_thinned_and_written_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    told = SimpleNamespace(monotonic=lambda: now[0], time=lambda: now[0], process_time=lambda: 0.0)
    monkeypatch.setattr(usage_recorder, "time", told)
    path = tmp_path / "usage.jsonl"
    looked = record(path, max_lines=8)
    sizes = []
    for _ in range(1000):
        now[0] += 1
        looked.record_if_due(())
        sizes.append(len(lines(path)))
    assert max(sizes) == 8
    times = [line["at"] for line in lines(path)]
    assert times == sorted(times)
    assert times[0] == 1001 and times[-1] > 1800, "the whole time is covered"


def test_a_later_recorder_continues_the_file(tmp_path: Path) -> None:
    """A dispatcher that adopts a container."""
    path = tmp_path / "usage.jsonl"
    for first in (0, 10):
        file = UsageFile(str(path), max_lines=16)
        for moment in range(first, first + 10):
            file.write({"at": moment})
    assert [line["at"] for line in lines(path)] == [*range(0, 17, 2), 17, 18, 19]


def test_a_full_disk_loses_only_the_lines(tmp_path: Path) -> None:
    looked = record(tmp_path / "missing" / "usage.jsonl")
    looked.record_if_due(())
    looked.close()


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the driver's tool, which writes down how it was called."""
    tools = tmp_path / "bin"
    tools.mkdir()
    program = tools / "nvidia-smi"
    program.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n'
        'echo "GPU-a, 37, 512"\necho "GPU-b, [N/A], 3"\necho "broken"\n'
        "while sleep 0.05; do echo 'GPU-a, 41, 1024'; done\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    return tmp_path / "asked"


def test_a_wrapper_script_of_the_tool_is_killed(tmp_path: Path, driver: Path) -> None:
    """Its children stop as well, including a suspended one."""
    program = tmp_path / "bin" / "nvidia-smi"
    program.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {tmp_path}/child\nwait\n")
    meter = GpuMeter("GPU-a")
    end = time.monotonic() + 20
    while not (child := driver.with_name("child")).exists() or not child.read_text():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    pid = int(child.read_text())
    assert meter.processes() == {meter.pid, pid}
    os.kill(pid, signal.SIGSTOP)
    meter.close()
    while processes.read_process(pid) is not None:
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    assert meter.processes() == set()


@pytest.mark.usefixtures("driver")
def test_a_hanging_tool_is_not_awaited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGKILL takes effect when the driver responds, perhaps never."""
    (tmp_path / "bin" / "nvidia-smi").write_text("#!/bin/sh\nexec sleep 600\n")
    meter = GpuMeter("GPU-a")
    pid = meter.pid
    with monkeypatch.context() as hanging:
        hanging.setattr(os, "killpg", lambda *_: None)
        meter.close()
    assert pid in meter.processes(), "it is not taken for a part of the work"
    meter.close()
    assert meter.processes() == set()
    with pytest.raises(ChildProcessError):
        os.waitpid(pid, 0)


def wait_for(meter: GpuMeter, percent: float) -> None:
    end = time.monotonic() + 20
    while meter.latest.get("GPU-a", [0])[0] != percent:
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
        meter.listen()


def test_one_process_reads_the_granted_gpus(tmp_path: Path, driver: Path) -> None:
    path = tmp_path / "usage.jsonl"
    meter = GpuMeter("GPU-a,GPU-b")
    pid = meter.pid
    assert pid
    wait_for(meter, 41)
    assert "--id=GPU-a,GPU-b" in driver.read_text() and "--loop=1" in driver.read_text()
    looked = UsageRecord(str(path), meter)
    looked.record_if_due(())
    assert lines(path)[0]["gpus"] == {"GPU-a": [41, 1024 * 2**20]}
    looked.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(pid, 0)
    assert meter.pid == 0


@pytest.mark.usefixtures("driver")
def test_without_granted_gpus_nothing_is_read() -> None:
    assert GpuMeter("").pid == 0


def test_without_the_tool_no_gpu_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    meter = GpuMeter("0")
    meter.listen()
    assert (meter.pid, meter.latest) == (0, {})


def test_a_failing_tool_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nexit 9\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    meter = GpuMeter("0")
    os.waitpid(meter.pid, 0)
    meter.listen()
    assert (meter.pid, meter.latest) == (0, {})
