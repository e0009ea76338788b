"""GPUs as NVIDIA's driver names them."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from nbyard.host import hardware
from nbyard.reasons.structs import because

CARDS = """GPU 0: NVIDIA A (UUID: GPU-1)
GPU 1: NVIDIA A (UUID: GPU-2)
"""
PARTS = """GPU 0: NVIDIA A (UUID: GPU-1)
  MIG 3g.20gb     Device  0: (UUID: MIG-3)
  MIG 1g.5gb      Device  1: (UUID: MIG-4)
GPU 1: NVIDIA A (UUID: GPU-2)
"""


@pytest.fixture(autouse=True)
def _driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody has asked yet, and asks anew each time."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for name in (hardware.VISIBLE, *hardware.JOBS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(hardware, "_driver", hardware.Driver())
    monkeypatch.setattr(hardware, "LOOK_SECONDS", 0.0)


@pytest.fixture
def says(tmp_path: Path) -> Callable[[str], None]:
    """Have nvidia-smi do this."""

    def write(script: str) -> None:
        program = tmp_path / "written"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        program.rename(tmp_path / "nvidia-smi")

    return write


def until(found: tuple[str, ...]) -> None:
    """What it says next is known a moment later."""
    end = time.monotonic() + 20
    while hardware.gpu_ids(["auto"]) != found:
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (f"echo '{CARDS}'", ("GPU-1", "GPU-2")),
        (f"echo '{PARTS}'", ("MIG-3", "MIG-4", "GPU-2")),
        ("echo NVIDIA-SMI has failed; exit 9", ()),
        ("echo No devices were found", ()),
    ],
)
def test_the_driver_lists_the_gpus(script: str, found: tuple[str, ...], says) -> None:
    """The first response is awaited. A GPU in parts (MIG) is granted in these parts."""
    says(f'[ "$*" = -L ] || exit 1; {script}')
    assert hardware.gpu_ids(["auto"]) == found


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        ("", ()),
        ("-1", ()),
        ("1", ("GPU-2",)),
        ("1,0", ("GPU-2", "MIG-3", "MIG-4")),
        ("0, 7, 1", ("MIG-3", "MIG-4")),
        ("GPU-2", ("GPU-2",)),
        ("MIG-4,GPU-2", ("MIG-4", "GPU-2")),
        ("GPU-,1", ()),
    ],
)
def test_only_visible_gpus_are_granted(
    visible: str, found: tuple[str, ...], says, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This matches a job of Slurm."""
    says(f"echo '{PARTS}'")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert hardware.gpu_ids(["auto"]) == found
    assert hardware.gpu_source(["auto"]) == because("gpus-of-job", variable="CUDA_VISIBLE_DEVICES")
    assert hardware.gpu_ids(["0", "1"]) == ("0", "1")


@pytest.mark.parametrize("attempt", [False, True])
def test_variables_of_a_notebook_limit_no_gpus(
    attempt: bool, says, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One dispatcher serves all callers, whatever their variables."""
    says(f"echo '{CARDS}'")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    if attempt:
        monkeypatch.setenv("SLURM_JOB_ID", "7")
        monkeypatch.setenv("NBYARD_ATTEMPT_ID", "one")
    assert hardware.gpu_ids(["auto"]) == ("GPU-1", "GPU-2")
    assert hardware.gpu_source(["auto"]) == because("gpus-of-driver")


def test_without_a_driver_there_are_no_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert hardware.gpu_ids(["auto"]) == ()


def test_known_gpus_stay_while_the_driver_fails(says, tmp_path: Path) -> None:
    """The list of the last success stays valid."""
    says(f"echo '{CARDS}'")
    assert hardware.gpu_ids(["auto"]) == ("GPU-1", "GPU-2")
    says(f"echo >> {tmp_path}/failed; exit 9")
    end = time.monotonic() + 20
    while not (tmp_path / "failed").exists() or (tmp_path / "failed").stat().st_size < 3:
        assert hardware.gpu_ids(["auto"]) == ("GPU-1", "GPU-2")
        assert time.monotonic() < end, "waited in vain"
    says(f"echo '{PARTS}'")
    until(("MIG-3", "MIG-4", "GPU-2"))


def test_a_hanging_driver_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it asked again meanwhile. Callers use the known list."""
    asked, answers = [], Event()

    def ask() -> tuple[str, ...]:
        asked.append(1)
        if len(asked) == 2:
            answers.wait(60)
        return ("GPU-1",) if len(asked) == 1 else ("GPU-2",)

    monkeypatch.setattr(hardware, "ask_driver", ask)
    assert hardware.gpu_ids(["auto"]) == ("GPU-1",)
    until_asked = time.monotonic() + 20
    while len(asked) < 2:
        assert hardware.gpu_ids(["auto"]) == ("GPU-1",)
        assert time.monotonic() < until_asked, "waited in vain"
    assert [hardware.gpu_ids(["auto"]) for _ in range(9)] == [("GPU-1",)] * 9
    assert len(asked) == 2
    answers.set()
    until(("GPU-2",))


def test_a_driver_that_always_hangs_blocks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Event()
    monkeypatch.setattr(hardware, "ANSWER_SECONDS", 0.01)
    monkeypatch.setattr(hardware, "ask_driver", lambda: ("GPU-1",) if answers.wait(60) else ())
    assert [hardware.gpu_ids(["auto"]) for _ in range(3)] == [()] * 3
    answers.set()
    until(("GPU-1",))
