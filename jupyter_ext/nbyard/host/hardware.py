"""The hardware of this machine: the cores, memory and GPUs that tasks may use.

GPUs are the configured ones, else those that NVIDIA's driver lists.
"""

import itertools
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from math import inf
from pathlib import Path
from threading import Event, Lock, Thread

from nbyard.domain.runs.slots import Capacity
from nbyard.reasons.structs import Reason, because
from nbyard.settings import Settings

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
# For cgroup version 2 and version 1, see https://docs.kernel.org/admin-guide/cgroup-v2.html and
# cgroup-v1/memory.html.
# Quota and period are in microseconds: cpu.max has `150000 100000` for 1.5 cores, or `max 100000`.
QUOTAS = (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
MEMORY = ("memory.max", "memory.limit_in_bytes")
NO_LIMIT = ("max", "-1")


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
        """Return the IDs of the GPUs. The first call waits for nvidia-smi up to ANSWER_SECONDS."""
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


def capacity(settings: Settings) -> Capacity:
    """Return the configured capacity. The default is what this process may use of the machine."""
    cores, memory_bytes = usable()
    return Capacity(
        cores=float(settings.slots or cores),
        memory_bytes=settings.memory_bytes or memory_bytes,
        gpus=gpu_ids(settings.gpus),
        tasks_per_gpu=settings.tasks_per_gpu,
    )


def engine_size(settings: Settings) -> tuple[float, float]:
    """Return the cores and bytes of memory for containers, infinite if the engine is elsewhere."""
    address = settings.docker_host or os.environ.get("DOCKER_HOST", "")
    if address and not address.startswith("unix://"):
        return inf, inf
    return usable()


@cache
def usable() -> tuple[float, int]:
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores, most_bytes = cgroup_limits()
    # macOS cannot bind a process to some of its cores.
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(bound or 1, cores), int(min(memory_bytes, most_bytes))


def cgroup_limits(
    own: Path = Path("/proc/self/cgroup"), mounts: Path = Path("/sys/fs/cgroup")
) -> tuple[float, float]:
    """Return the limits of this process's control groups: cores and bytes of memory.

    A container or a batch job sets them. A missing limit is infinite.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        lines = []
    folders: list[Path] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        # A line of version 1 is such as `4:memory:/job`; that of version 2 is such as `0::/job`.
        mount = mounts / controllers
        folder = mount / path.lstrip("/")
        # Inside a container the path may be the machine's. The mount itself is our group then.
        folders += [
            group_folder
            for group_folder in (folder, *folder.parents)
            if group_folder.is_relative_to(mount)
        ]
    quotas = [_numbers(folder, *names) for folder in folders for names in QUOTAS]
    # Without a limit, version 1 has a number that is larger than the memory of any machine.
    memory = [_numbers(folder, name) for folder in folders for name in MEMORY]
    cores = (quota / period for quota, period in filter(None, quotas))
    return min(cores, default=inf), min(itertools.chain.from_iterable(memory), default=inf)


def _numbers(folder: Path, *names: str) -> list[int]:
    """Return the numbers in these files, [] if a file is missing or states no limit."""
    try:
        fields = " ".join((folder / name).read_text() for name in names).split()
    except OSError:
        return []
    return [] if fields[0] in NO_LIMIT else [int(word) for word in fields]
