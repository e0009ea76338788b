"""What doctor finds on a machine."""

from pathlib import Path

import pytest

from nbyard.diagnostics import probe_slots, probe_users
from nbyard.dockerd import Engine, EngineInfo
from nbyard.host import hardware
from nbyard.settings import Settings
from nbyard.yard import probes


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where nvidia-smi is, if it is there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(hardware, "_driver", hardware.Driver())
    return tmp_path / "nvidia-smi"


def says(driver: Path, script: str) -> None:
    driver.write_text(f"#!/bin/sh\n{script}\n")
    driver.chmod(0o755)


def test_slots_memory_and_gpus_that_are_set(driver: Path) -> None:
    told = probe_slots(Settings(slots=3, memory_bytes=2**30, gpus=["0", "1"], tasks_per_gpu=2))
    assert (told.name, told.state) == ("slots", "ok")
    assert str(told.finding).startswith("3 (as set); ")
    assert "1 GiB of memory" in str(told.finding)
    assert str(told.finding).endswith("2 tasks at once")


def test_gpus_that_the_driver_names(driver: Path) -> None:
    says(driver, "echo 'GPU 0: A (UUID: GPU-a)'")
    told = probe_slots(Settings(slots=0))
    assert "(one for each core)" in str(told.finding)
    assert str(told.finding).endswith("GPU-a (reported by nvidia-smi)")


def test_no_gpus_and_why(driver: Path) -> None:
    """Only a driver that is there and names none needs a cure."""
    told = probe_slots(Settings())
    assert str(told.finding).endswith("(nvidia-smi is not installed)") and told.state == "ok"
    told = probe_slots(Settings(gpus=[]))
    assert str(told.finding).endswith("no GPUs (as set)") and told.state == "ok"


def test_a_driver_that_fails(driver: Path) -> None:
    says(driver, "exit 9")
    told = probe_slots(Settings())
    assert str(told.finding).endswith("(reported by nvidia-smi)")
    assert told.state == "missing" and "nvidia-smi -L" in str(told.cure)


@pytest.mark.parametrize(
    ("network", "remaps_users", "has_seccomp", "state", "lacks"),
    [
        ("internal", True, True, "ok", []),
        ("bridge", True, True, "missing", ["container_network"]),
        ("internal", False, True, "missing", ["userns-remap"]),
        ("bridge", False, True, "missing", ["container_network", "userns-remap"]),
        ("internal", True, False, "missing", ["seccomp"]),
    ],
)
def test_what_keeps_users_apart(monkeypatch, network, remaps_users, has_seccomp, state, lacks):
    info = EngineInfo(1, 1, 0.0, frozenset(), False, remaps_users, has_seccomp=has_seccomp)
    monkeypatch.setattr(Engine, "info", info)
    found = probe_users(Settings(shared=True, container_network=network))
    assert (found.name, found.state) == ("isolation", state)
    assert all(lack in found.finding for lack in lacks)


def test_without_an_engine_nothing_keeps_users_apart(tmp_path):
    settings = Settings(shared=True, docker_host=f"unix://{tmp_path}/none.sock")
    assert probe_users(settings).state == "missing"
    assert "isolation" in [probe().name for probe in probes(settings)]
    assert "isolation" not in [probe().name for probe in probes(Settings())]
