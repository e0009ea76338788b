"""Finds processes by their parents or by the mark of an attempt, measures and kills them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
HAS_PROC = os.path.isdir("/proc/self")
# Linux has this file if it was built with CONFIG_PROC_CHILDREN.
HAS_CHILDREN = os.path.exists(f"/proc/self/task/{os.getpid()}/children")
KILL_SECONDS = 10.0
# Beyond this number of stopped processes, such as of a fork bomb, killing begins at once.
MAX_FROZEN = 20_000
LAST_LOOKS = 2
DEAD = ("Z", "X")


class Process(NamedTuple):
    """A process of this machine."""

    pid: int
    parent: int
    started: float  # in seconds since the machine's start; with the pid, it identifies a process
    rss_bytes: int
    state: str
    cpu_seconds: float = 0.0  # with those of children that the process has reaped


def process_table(*, dead: bool = False) -> dict[int, Process]:
    """Return all visible processes by pid. With `dead`, include zombies.

    A zombie may still have children and threads.
    """
    if not HAS_PROC:
        return _ps_table()
    process_by_pid = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            process = _stat(int(name))
            if process is not None and (dead or process.state not in DEAD):
                process_by_pid[process.pid] = process
    return process_by_pid


def read_process(pid: int) -> Process | None:
    """Return one process, or None if it is gone or a zombie."""
    if not HAS_PROC:
        return _ps_table().get(pid)
    process = _stat(pid)
    return None if process is None or process.state in DEAD else process


def _stat(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name of a program may contain spaces and parentheses, so the last one counts.
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    if len(fields) < 22:
        return None
    return Process(
        pid,
        int(fields[1]),
        int(fields[19]) / TICKS,
        int(fields[21]) * PAGE_BYTES,
        fields[0].decode(),
        sum(map(int, fields[11:15])) / TICKS,
    )


def _ps_table() -> dict[int, Process]:
    # The locale would change how `lstart` writes days and months.
    command = ["ps", "-axo", "pid=,ppid=,rss=,stat=,lstart="]
    listing = subprocess.run(command, capture_output=True, check=False, env={"LC_ALL": "C"})
    process_by_pid = {}
    for line in listing.stdout.decode("utf-8", "replace").splitlines():
        fields = line.split()
        if len(fields) < 9 or fields[3].startswith("Z"):
            continue
        started = time.mktime(time.strptime(" ".join(fields[4:9]), "%a %b %d %H:%M:%S %Y"))
        pid = int(fields[0])
        process_by_pid[pid] = Process(
            pid, int(fields[1]), started, int(fields[2]) * 1024, fields[3]
        )
    return process_by_pid


@cache
def boot_id() -> str:
    """Return an ID that changes with every start of the machine, or an empty text."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def descendants(root: int, processes: dict[int, Process]) -> set[int]:
    """Return the pids of all processes below `root`."""
    children: dict[int, list[int]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process.pid)
    pids: set[int] = set()
    todo = list(children.get(root, ()))
    while todo:
        pid = todo.pop()
        if pid not in pids:
            pids.add(pid)
            todo.extend(children.get(pid, ()))
    return pids


def descendants_of(root: int) -> set[int]:
    """Return the pids of all processes below `root`, if possible without reading every process.

    This is good enough for measurements: a process may be missed while another one ends.
    """
    if not HAS_CHILDREN:
        return descendants(root, process_table())
    pids: set[int] = set()
    todo = [root]
    while todo:
        pid = todo.pop()
        children: set[int] = set()
        with contextlib.suppress(OSError):  # the process is ending
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                    children.update(map(int, file.read().split()))
        children -= pids
        pids |= children
        todo.extend(children)
    return pids


def has_children() -> bool:
    """Return whether this process has children, including zombies."""
    try:
        # WNOWAIT leaves ended children to be reaped by their owner.
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def processes_with_mark(mark: str, processes: Iterable[int]) -> set[int]:
    """Return this user's processes that were started with NBYARD_MARK=mark."""
    return {pid for pid in processes if variables_of(pid).get("NBYARD_MARK") == mark}


def variables_of(pid: int) -> dict[str, str]:
    """Return the NBYARD_* variables a process was started with, none for other users' processes."""
    try:
        # As root, this process would otherwise kill processes of users that copied our variables.
        if os.stat(f"/proc/{pid}").st_uid != os.getuid():
            return {}
        with open(f"/proc/{pid}/environ", "rb") as file:
            entries = file.read().split(b"\0")
    except OSError:
        return {}
    pairs = (
        word.decode("utf-8", "replace").partition("=") for word in entries if word[:7] == b"NBYARD_"
    )
    return {name: value for name, _, value in pairs}


def memory_bytes(pids: Iterable[int]) -> int:
    """Return the memory in bytes with shared pages counted once (PSS), or RSS without PSS."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
                pss = [line for line in file if line.startswith(b"Pss:")]
            total += int(pss[0].split()[1]) * 1024
        except (OSError, IndexError):
            process = read_process(pid)
            total += process.rss_bytes if process else 0
    return total


def keep_only(*descriptors: int) -> None:
    """Close all files of this process except the given ones and the three standard ones."""
    for name in os.listdir("/proc/self/fd" if HAS_PROC else "/dev/fd"):
        if int(name) > 2 and int(name) not in descriptors:
            with contextlib.suppress(OSError):  # the descriptor of the listing itself
                os.close(int(name))


def send_signal(pids: Iterable[int], number: int) -> None:
    """Send a signal to processes. Ignore those that are gone."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            continue


def kill_tree(
    root: int | None, mark: str, spare: set[int], collect: Callable[[], object] = lambda: None
) -> int:
    """Kill all processes below `root` and all with the mark of an attempt, until none is left.

    Processes in `spare` are left alone. `collect` reaps killed children. Return how many were
    killed.
    """
    return kill_all(lambda: _targets(root, mark) - spare, collect)


def kill_all(find: Callable[[], set[int]], collect: Callable[[], object]) -> int:
    """Kill the processes that `find` returns, until it returns none twice in a row.

    Each process is stopped before it is killed, because a stopped process cannot fork. A single
    look may miss a process that was just forked. `collect` reaps killed children. Return how many
    were killed.
    """
    deadline = time.monotonic() + KILL_SECONDS
    killed: set[int] = set()
    frozen: set[int] = set()
    looks = 0
    while looks < LAST_LOOKS and time.monotonic() < deadline:
        targets = find()
        fresh = targets - frozen
        if fresh and len(frozen) < MAX_FROZEN:
            send_signal(fresh, signal.SIGSTOP)
            frozen |= fresh
            continue
        killed |= {pid for pid in targets - killed if read_process(pid)}
        send_signal(targets, signal.SIGKILL)
        collect()
        looks = 0 if targets else looks + 1
        time.sleep(0.005)
    return len(killed)


def _targets(root: int | None, mark: str) -> set[int]:
    processes = process_table(dead=True)
    pids = descendants(root, processes) if root is not None else set()
    return pids | processes_with_mark(mark, processes.keys() - pids)
