"""What this machine has to give."""

from collections.abc import Iterator
from math import inf
from pathlib import Path

import pytest

from nbyard.host import hardware as machine
from nbyard.host.hardware import capacity
from nbyard.settings import Settings


def test_settings_win_over_the_machine():
    configured = capacity(Settings(slots=3, memory_bytes=5, gpus=["1", "0", "1"], tasks_per_gpu=2))
    assert configured.memory_bytes == 5
    assert (configured.cores, configured.gpus, configured.tasks_per_gpu) == (3, ("1", "0"), 2)
    found = capacity(Settings(gpus=[]))
    assert found.cores >= 1
    assert found.memory_bytes > 2**28
    assert found.gpus == ()


def test_auto_asks_the_driver_at_intervals(monkeypatch: pytest.MonkeyPatch):
    asked = iter([("GPU-a",)])
    monkeypatch.setattr(machine, "ask_driver", lambda: next(asked))
    monkeypatch.setattr(machine, "_driver", machine.Driver())
    assert [capacity(Settings()).gpus for _ in range(3)] == [("GPU-a",)] * 3


QUOTA, PERIOD, BYTES = "cpu.cfs_quota_us", "cpu.cfs_period_us", "memory.limit_in_bytes"
GIB = 2**30


@pytest.mark.parametrize(
    ("told", "files", "limits"),
    [
        ("0::/", {}, (inf, inf)),
        ("0::/", {"cpu.max": "max 100000", "memory.max": "max"}, (inf, inf)),
        ("0::/", {"cpu.max": "250000 100000", "memory.max": str(GIB)}, (2.5, GIB)),
        (  # a step of a batch job, whose limits are those of the job
            "0::/job/step",
            {"job/cpu.max": "400000 100000", "job/memory.max": str(GIB), "job/step/cpu.max": "max"},
            (4, GIB),
        ),
        ("0::/job", {"job/memory.max": str(4 * GIB), "memory.max": str(GIB)}, (inf, GIB)),
        ("0::/a", {"b/cpu.max": "100000 100000"}, (inf, inf)),
        (  # version 1, in a container that sees its own group only
            "3:memory:/docker/1f\n2:cpu,cpuacct:/docker/1f\n1:name=systemd:/docker/1f",
            {f"cpu,cpuacct/{QUOTA}": "200000", f"cpu,cpuacct/{PERIOD}": "100000"}
            | {f"memory/{BYTES}": str(8 * GIB)},
            (2, 8 * GIB),
        ),
        (
            "3:memory:/job\n2:cpu:/\n0::/",
            {f"cpu/{QUOTA}": "-1", f"cpu/{PERIOD}": "100000", f"memory/job/{BYTES}": str(GIB)},
            (inf, GIB),
        ),
    ],
)
def test_limits_of_control_groups_are_read(tmp_path: Path, told, files, limits):
    """Both versions, and all groups above the process."""
    (tmp_path / "own").write_text(f"{told}\n")
    for name, text in files.items():
        path = tmp_path / "mounts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    assert machine.cgroup_limits(tmp_path / "own", tmp_path / "mounts") == limits


def test_without_control_groups_there_are_no_limits(tmp_path: Path):
    assert machine.cgroup_limits(tmp_path / "own", tmp_path) == (inf, inf)


@pytest.fixture
def grouped(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In a container that may use half a core and a little memory."""
    monkeypatch.setattr(machine, "cgroup_limits", lambda: (0.5, 2**20))
    machine.usable.cache_clear()
    yield
    machine.usable.cache_clear()


def test_slots_and_memory_follow_the_container(grouped: None):
    """They do not follow the host. The configuration has precedence."""
    found = capacity(Settings(gpus=[]))
    assert (found.cores, found.memory_bytes) == (0.5, 2**20)
    assert capacity(Settings(gpus=[], slots=3)).cores == 3


@pytest.mark.parametrize("address", ["tcp://far:2376", "ssh://far"])
def test_a_remote_engine_has_its_own_capacity(grouped: None, monkeypatch, address: str):
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert machine.engine_size(Settings()) == (0.5, 2**20)
    assert machine.engine_size(Settings(docker_host="unix:///run/x.sock")) == (0.5, 2**20)
    assert machine.engine_size(Settings(docker_host=address)) == (inf, inf)
    monkeypatch.setenv("DOCKER_HOST", address)
    assert machine.engine_size(Settings()) == (inf, inf)
