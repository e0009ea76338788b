"""GPUs of this machine: those that are configured, else those that NVIDIA's driver names."""

import shutil
import subprocess
import time
from collections.abc import Sequence
from threading import Lock

AUTO = "auto"
PROGRAM = "nvidia-smi"
SET, DRIVER, NOBODY = "as set", "asked of nvidia-smi", "there is no nvidia-smi"
LOOK_SECONDS = 30.0
ANSWER_SECONDS = 10.0

_lock = Lock()
_seen: tuple[float, tuple[str, ...]] = (-LOOK_SECONDS, ())


def present(configured: Sequence[str]) -> tuple[str, ...]:
    """Their ids as CUDA_VISIBLE_DEVICES takes them; `auto` asks the driver, twice a minute."""
    if list(configured) != [AUTO]:
        return tuple(dict.fromkeys(configured))
    global _seen  # noqa: PLW0603 - one machine, one answer
    with _lock:
        if time.monotonic() - _seen[0] >= LOOK_SECONDS:
            _seen = (time.monotonic(), _ask_driver())
        return _seen[1]


def source(configured: Sequence[str]) -> str:
    """Where they are known from, in words."""
    if list(configured) != [AUTO]:
        return SET
    return DRIVER if shutil.which(PROGRAM) else NOBODY


def _ask_driver() -> tuple[str, ...]:
    """UUIDs, whose order no variable changes; none where there is no driver or it fails."""
    program = shutil.which(PROGRAM)
    if program is None:
        return ()
    try:
        done = subprocess.run(
            [program, "--query-gpu=uuid", "--format=csv,noheader"],
            capture_output=True,
            timeout=ANSWER_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    lines = done.stdout.decode("ascii", "replace").splitlines()
    return tuple(line.strip() for line in lines if line.strip().startswith("GPU-"))
