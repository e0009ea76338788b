"""GPUs of this machine: those that are configured, else those that NVIDIA's driver names."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from threading import Event, Lock, Thread

AUTO = "auto"
PROGRAM = "nvidia-smi"
VISIBLE = "CUDA_VISIBLE_DEVICES"
ATTEMPT_ID = "NBYARD_ATTEMPT_ID"
# Of Slurm, PBS and LSF. Elsewhere that may be a notebook's own, which called the dispatcher.
JOBS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID")
SET, DRIVER, NOBODY = "as set", "asked of nvidia-smi", "there is no nvidia-smi"
OURS = f"{DRIVER}, of those in the {VISIBLE} of this job"
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
    if shutil.which(PROGRAM) is None:
        return NOBODY
    return DRIVER if _given() is None else OURS


def _given() -> str | None:
    """What the batch job that this is has of this machine's GPUs, when that is said."""
    is_job = any(name in os.environ for name in JOBS) and ATTEMPT_ID not in os.environ
    return os.environ.get(VISIBLE) if is_job else None


def ask_driver() -> tuple[str, ...] | None:
    """UUIDs, whose order no variable changes, of a card in parts those of the parts, as far as they
    are ours to grant. None where it fails, none where there is no driver."""
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
    return tuple(dict.fromkeys(_left_to_us(cards)))


def _left_to_us(cards: Sequence[Sequence[str]]) -> Iterator[str]:
    """All, or those in the CUDA_VISIBLE_DEVICES of our batch job: indexes and beginnings of UUIDs
    up to the first that names none (CUDA C++ Programming Guide, *CUDA Environment Variables*). A
    card stands before its parts, and only they are granted."""
    words = _given()
    if words is None:
        yield from chain.from_iterable(card[1:] or card for card in cards)
        return
    for word in words.split(","):
        found = list(_named(word.strip(), cards))
        if not found:
            return
        yield from found


def _named(word: str, cards: Sequence[Sequence[str]]) -> Iterator[str]:
    for index, card in enumerate(cards):
        is_whole = word == str(index) or (len(word) > len("GPU-") and card[0].startswith(word))
        for uuid in card[1:] or card:
            if is_whole or (len(word) > len("MIG-") and uuid.startswith(word)):
                yield uuid
