"""Attempts as processes of this machine, each with a supervisor that outlives everybody else.

The supervisor is `nbyard/runner`, started by its path, so that nothing of nbyard is imported where
the work is done. Who it is stands in runner.json; its pid alone is never believed.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

import msgspec

from nbyard.attempts.folders import ask_to_end
from nbyard.domain.attempts import structs as attempts
from nbyard.errors import NbyardError, Unavailable
from nbyard.host.project_files import read_small
from nbyard.ipc.crash_points import crash_point
from nbyard.runner import processes
from nbyard.runner.clock import Stillness
from nbyard.runtimes.prepared import NO_ATTEMPT, RUNNER, Parents, sweep_rehearsals
from nbyard.runtimes.protocol import Observation, Order
from nbyard.settings import Settings

START_SECONDS = 30.0  # for a supervisor to be there
SILENCE_SECONDS = 60.0  # without a heartbeat, after which one of another machine is gone
NEWBORN_SECONDS = 10.0  # younger ones are not swept: their attempt may not be known here yet
CLOCK_SLACK_SECONDS = 0.05  # between two readings of when one process started
# Of the server or kernel that we were started from; work must not take itself for a part of it.
FOREIGN = ("JPY_", "JUPYTERHUB_", "JUPYTER_TOKEN", "NBYARD_", "OLDPWD", "PYDEVD_")
INLINE_BACKEND = "inline"
RESTARTED = "the machine was restarted"


class ProcessRuntime:
    name = "process"
    queues_itself = False

    def __init__(self, python: str = sys.executable, parents: Parents | None = None) -> None:
        self._python = python
        self._parents = parents
        self._hosts: dict[str, dict[str, str]] = {}
        self._signs: dict[Path, Stillness] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> "ProcessRuntime":
        if not settings.prepared_parent:
            return cls()
        count, size = settings.ready_kernels, settings.ready_kernels_memory
        return cls(parents=Parents(ready_kernels=count, ready_bytes=size))

    def open(self, store_id: str) -> None:
        if self._parents:
            self._parents.prepare(self._host(store_id))

    def close(self) -> None:
        if self._parents:
            self._parents.close()
            for store_id in self._hosts:
                sweep_rehearsals(store_id)

    def start(self, order: Order) -> str:
        """Make the attempt live, or do nothing when it already is; the site is the host's name."""
        parents, host = self._parents, self._host(order.store_id)
        if parents and parents.supervise(order.folder, order.attempt_id, host):
            return socket.gethostname()
        command = [self._python, "-I", "-S", str(RUNNER), str(order.folder)]
        try:
            done = subprocess.run(
                command,
                env=_environment(order),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=START_SECONDS,
                check=False,
            )
        except OSError as error:
            raise NbyardError(f"The runner cannot be started: {error}") from error
        except subprocess.TimeoutExpired:
            raise Unavailable(f"The runner did not start within {START_SECONDS:g} s.") from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip() or _last_line(order)
            if done.returncode < 0 or not said:
                # a supervisor may live all the same: whoever starts it again finds it
                raise Unavailable(f"The runner was ended while it started ({done.returncode}).")
            raise NbyardError(f"The runner cannot be started: {said}")
        return socket.gethostname()

    def _host(self, store_id: str) -> dict[str, str]:
        """The same for every attempt: our own variables do not change."""
        if store_id not in self._hosts:
            self._hosts[store_id] = _host(store_id)
        return self._hosts[store_id]

    def poll(self, order: Order) -> Observation:
        """What has become of it. What a dead supervisor left is ended before *lost* is said."""
        identity = _identity(order)
        if identity is None:
            return _finished(order) or Observation("absent")
        finished, gone = _finished(order), ""
        if finished is None:
            gone = self._why_gone(order, identity)
            # Once more: a supervisor may have written its result and left between the two looks.
            finished = _finished(order) if gone else None
        if finished is not None:
            self._signs.pop(order.folder, None)
            # outputs are synced when they are taken: a power cut before that may have torn them
            return Observation("lost", RESTARTED) if _is_of_before(identity) else finished
        if not gone:
            return Observation("running")
        _clear_away(order, identity)
        return Observation("lost", gone)

    def _why_gone(self, order: Order, identity: attempts.RunnerIdentity) -> str:
        """Why the supervisor is gone; empty while it lives."""
        if identity.host != socket.gethostname():
            known = self._signs.setdefault(order.folder, Stillness())
            silent = known.seconds(_last_sign(order))
            if silent < SILENCE_SECONDS:
                return ""
            return f"no sign of life from {identity.host} for {silent:.0f} s"
        if _is_alive(identity):
            return ""
        return RESTARTED if _is_of_before(identity) else "its supervisor was killed"

    def logs(self, order: Order) -> None:
        """Nothing to do: the supervisor writes into the folder itself."""

    def stop(self, order: Order, reason: str) -> None:
        """Ask it to end at once, kill it after 3 s, and leave nothing of it. Returns at once."""
        is_finished = _finished(order) is not None
        if not is_finished:
            ask_to_end(order.folder, reason)
        identity = _identity(order)
        # who told its result had ended all that it had begun
        if identity is None or (is_finished and not identity.scratch):
            return
        if _is_alive(identity):
            # one that was stopped must be able to obey
            processes.send([identity.pid], signal.SIGCONT)
            processes.send([identity.pid], signal.SIGUSR1)
        else:
            _clear_away(order, identity)

    def sweep(self, store_id: str, live: Collection[str]) -> list[str]:
        """Kill what this store once started and no live attempt owns; remove what is left of
        parents that were killed.

        Only processes of this user with the store's id in the environment they were started with,
        and none younger than ten seconds: those may belong to an attempt not yet known here.
        """
        sweep_rehearsals(store_id)
        swept = []
        own = processes.read(os.getpid())
        now = _seconds_since_boot()
        for process in processes.table().values():
            marks = processes.environment(process.pid)
            attempt = marks.get("NBYARD_ATTEMPT_ID", "")
            if marks.get("NBYARD_STORE") != store_id or attempt in ("", NO_ATTEMPT, *live):
                continue
            since = max(process.started, _seconds(marks.get("NBYARD_SINCE", "")))
            if process == own or now - since < NEWBORN_SECONDS:
                continue
            processes.send([process.pid], signal.SIGKILL)
            crash_point("swept")
            swept.append(f"process {process.pid} of attempt {attempt}")
        return swept


def _environment(order: Order) -> dict[str, str]:
    # Not the mark: who starts the supervisor would be taken for a part of the work.
    return {**_host(order.store_id), "NBYARD_ATTEMPT_ID": order.attempt_id}


def _host(store_id: str) -> dict[str, str]:
    """What any work of this store finds in its environment."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    if INLINE_BACKEND in environment.get("MPLBACKEND", ""):
        del environment["MPLBACKEND"]
    environment["NBYARD_STORE"] = store_id
    return environment


class Identity(attempts.RunnerIdentity, frozen=True):
    """runner.json, and the folder for sockets that the supervisor made outside the attempt's."""

    scratch: str = ""


def _clear_away(order: Order, identity: Identity) -> None:
    """What a supervisor leaves that was killed together with its guard."""
    if identity.host != socket.gethostname():
        return
    if _finished(order) is None:  # who told its result had ended all that it had begun
        processes.kill_tree(None, order.mark, {os.getpid()})
    if Path(identity.scratch).name.startswith("nby-"):
        shutil.rmtree(identity.scratch, ignore_errors=True)


def _identity(order: Order) -> Identity | None:
    try:
        return msgspec.json.decode(read_small(f"{order.folder}/{attempts.RUNNER}"), type=Identity)
    except (OSError, msgspec.MsgspecError):
        return None


def _finished(order: Order) -> Observation | None:
    is_there = os.path.exists(f"{order.folder}/{attempts.RESULT}")
    return Observation("finished") if is_there else None


def _is_of_before(identity: attempts.RunnerIdentity) -> bool:
    """Whether this machine was started anew since."""
    return identity.boot_id != processes.boot_id() and identity.host == socket.gethostname()


def _is_alive(identity: attempts.RunnerIdentity) -> bool:
    if identity.host != socket.gethostname() or identity.boot_id != processes.boot_id():
        return False
    process = processes.read(identity.pid)
    return process is not None and abs(process.started - identity.started) < CLOCK_SLACK_SECONDS


def _last_sign(order: Order) -> float:
    """When its last heartbeat was, or when it said who it is, by the clock of its machine."""
    for name in (attempts.HEARTBEAT, attempts.RUNNER):
        with contextlib.suppress(OSError):
            return (order.folder / name).stat().st_mtime
    return 0.0


def _seconds(text: str) -> float:
    """0 where nothing is said."""
    try:
        return float(text)
    except ValueError:
        return 0.0


def _seconds_since_boot() -> float:
    """On the scale of process start times."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if processes.HAS_PROC else time.time()


def _last_line(order: Order) -> str:
    """What the runner said into the log before it could say it anywhere else."""
    try:
        lines = (order.folder / attempts.LOG).read_text("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line for line in reversed(lines) if line.strip()), "")
