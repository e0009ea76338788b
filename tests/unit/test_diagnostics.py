"""What doctor finds on a machine."""

from pathlib import Path

import pytest

from nbyard.diagnostics import probe_slots
from nbyard.host import hardware
from nbyard.settings import Settings


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
