"""GPUs as NVIDIA's driver names them."""

import os
from pathlib import Path

import pytest

from nbyard import gpus

ANSWER = "GPU-1\\nGPU-2\\n"


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (f"printf '{ANSWER}'", ("GPU-1", "GPU-2")),
        ("echo NVIDIA-SMI has failed; exit 9", ()),
        ("echo No devices were found", ()),
    ],
)
def test_the_driver_is_asked(
    script: str, found: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(gpus, "_seen", (-gpus.LOOK_SECONDS, ()))
    assert gpus.present(["auto"]) == found


def test_without_a_driver_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(gpus, "_seen", (-gpus.LOOK_SECONDS, ()))
    assert gpus.present(["auto"]) == ()
