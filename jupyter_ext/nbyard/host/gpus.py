"""Finds the GPUs of this machine: the configured ones, else those that NVIDIA's driver lists."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from threading import Event, Lock, Thread

from nbyard.reasons.structs import Reason, because

AUTO = "auto"
PROGRAM = "nvidia-smi"
VISIBLE = "CUDA_VISIBLE_DEVICES"
ATTEMPT_ID = "NBYARD_ATTEMPT_ID"
# Variables of Slurm, PBS and LSF. With ATTEMPT_ID set, they may be those of a notebook task that
# started the dispatcher.
JOBS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID")
SET, NOBODY = because("gpus-as-set"), because("no-gpu-driver")
DRIVER, OURS = because("gpus-of-driver"), because("gpus-of-job", variable=VISIBLE)
LOOK_SECONDS = 30.0
ANSWER_SECONDS = 10.0
# Output of `nvidia-smi -L`: one line per card, followed by one line per MIG partition.
LISTED = re.compile(r"^ *(?P<kind>GPU|MIG) .*\(UUID: (?P<uuid>[^)\s]+)\)", re.MULTILINE)


class Driver:
    """The GPUs that nvidia-smi lists, refreshed twice a minute in a thread.

    If nvidia-smi fails, the last result stays. A broken driver may block nvidia-smi forever, and
    then it cannot even be killed.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: tuple[str, ...] = ()
        self._has_tried = Event()
        self._asked_at = float("-inf")
        self._asking = Thread()

    def gpus(self) -> tuple[str, ...]:
        """Return the IDs of the GPUs.

        The first call waits for nvidia-smi up to ANSWER_SECONDS.
        """
        with self._lock:
            now = time.monotonic()
            if now - self._asked_at >= LOOK_SECONDS and not self._asking.is_alive():
                self._asked_at = now
                # Daemon: this process can exit while nvidia-smi is blocked.
                self._asking = Thread(target=self._ask, name=PROGRAM, daemon=True)
                self._asking.start()
        self._has_tried.wait(max(0.0, self._asked_at + ANSWER_SECONDS - time.monotonic()))
        return self._known

    def _ask(self) -> None:
        cards = ask_driver()
        self._known = self._known if cards is None else cards
        self._has_tried.set()


_driver = Driver()


def gpu_ids(configured: Sequence[str]) -> tuple[str, ...]:
    """Return the IDs of GPUs in the form of CUDA_VISIBLE_DEVICES.

    `auto` means to ask the driver.
    """
    if list(configured) != [AUTO]:
        return tuple(dict.fromkeys(configured))
    return _driver.gpus()


def gpu_source(configured: Sequence[str]) -> Reason:
    """Return for users where the IDs of the GPUs come from."""
    if list(configured) != [AUTO]:
        return SET
    if shutil.which(PROGRAM) is None:
        return NOBODY
    return DRIVER if _batch_job_gpus() is None else OURS


def _batch_job_gpus() -> str | None:
    """Return CUDA_VISIBLE_DEVICES of the batch job that this process is in, None without one."""
    is_job = any(name in os.environ for name in JOBS) and ATTEMPT_ID not in os.environ
    return os.environ.get(VISIBLE) if is_job else None


def ask_driver() -> tuple[str, ...] | None:
    """Return the UUIDs of the GPUs that nbyard may assign, as nvidia-smi lists them.

    No variable changes their order. Of a partitioned card (MIG), the UUIDs of the partitions are
    returned. Return None if nvidia-smi fails, and () if it is not installed.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        return ()
    try:
        done = subprocess.run(
            [program, "-L"], capture_output=True, timeout=ANSWER_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    cards: list[list[str]] = []
    for kind, uuid in LISTED.findall(done.stdout.decode("ascii", "replace")):
        if kind == "GPU" or not cards:
            cards.append([])
        cards[-1].append(uuid)
    return tuple(dict.fromkeys(_usable_uuids(cards)))


def _usable_uuids(cards: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the UUIDs of all cards, or of those in the batch job's CUDA_VISIBLE_DEVICES.

    The variable lists indexes and prefixes of UUIDs. The list ends at the first entry without a
    match (CUDA C++ Programming Guide, *CUDA Environment Variables*). Each group in `cards` begins
    with the card. If the card has partitions, only these are yielded.
    """
    visible_devices = _batch_job_gpus()
    if visible_devices is None:
        yield from chain.from_iterable(card[1:] or card for card in cards)
        return
    for word in map(str.strip, visible_devices.split(",")):
        uuids: list[str] = []
        for index, card in enumerate(cards):
            parts = card[1:] or card
            if word == str(index) or (len(word) > len("GPU-") and card[0].startswith(word)):
                uuids += parts
            elif len(word) > len("MIG-"):
                uuids += [uuid for uuid in parts if uuid.startswith(word)]
        if not uuids:
            return
        yield from uuids
