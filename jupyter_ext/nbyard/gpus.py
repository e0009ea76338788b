"""GPUs of this machine: those that are configured, else those that NVIDIA's driver names."""

import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from threading import Event, Lock, Thread

AUTO = "auto"
PROGRAM = "nvidia-smi"
SET, DRIVER, NOBODY = "as set", "asked of nvidia-smi", "there is no nvidia-smi"
LOOK_SECONDS = 30.0
ANSWER_SECONDS = 10.0
# of `nvidia-smi -L`: a line for each card, and below it one for each part of it (MIG)
LISTED = re.compile(r"^ *(?P<kind>GPU|MIG) .*\(UUID: (?P<uuid>[^)\s]+)\)", re.MULTILINE)


class Driver:
    """What nvidia-smi says, twice a minute; what it said last holds while it fails. It is asked in
    a thread: of a driver in trouble it may never come back, and cannot even be killed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: tuple[str, ...] = ()
        self._has_tried = Event()
        self._asked_at = float("-inf")
        self._asking = Thread()

    def gpus(self) -> tuple[str, ...]:
        """Only its first answer is waited for, and not for long."""
        with self._lock:
            now = time.monotonic()
            if now - self._asked_at >= LOOK_SECONDS and not self._asking.is_alive():
                self._asked_at = now
                self._asking = Thread(target=self._ask, name=PROGRAM, daemon=True)
                self._asking.start()
        self._has_tried.wait(max(0.0, self._asked_at + ANSWER_SECONDS - time.monotonic()))
        return self._known

    def _ask(self) -> None:
        found = ask_driver()
        self._known = self._known if found is None else found
        self._has_tried.set()


_driver = Driver()


def present(configured: Sequence[str]) -> tuple[str, ...]:
    """Their ids as CUDA_VISIBLE_DEVICES takes them; `auto` asks the driver."""
    if list(configured) != [AUTO]:
        return tuple(dict.fromkeys(configured))
    return _driver.gpus()


def source(configured: Sequence[str]) -> str:
    """Where they are known from, in words."""
    if list(configured) != [AUTO]:
        return SET
    return DRIVER if shutil.which(PROGRAM) else NOBODY


def ask_driver() -> tuple[str, ...] | None:
    """UUIDs, whose order no variable changes, of a card in parts those of the parts; none where
    there is no driver, None where it fails."""
    program = shutil.which(PROGRAM)
    if program is None:
        return ()
    try:
        done = subprocess.run(
            [program, "-L"], capture_output=True, timeout=ANSWER_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found: list[str] = []
    for kind, uuid in LISTED.findall(done.stdout.decode("ascii", "replace")):
        if kind == "MIG" and found and found[-1].startswith("GPU-"):
            found.pop()
        found.append(uuid)
    return tuple(found)
