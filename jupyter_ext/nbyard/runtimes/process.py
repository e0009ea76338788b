"""The process runtime: runs attempts as processes of this machine.

Each attempt has a supervisor that outlives the dispatcher: the program `nbyard/runner`. It is
started by its path, so that the work imports no other package of nbyard. runner.json identifies the
supervisor, because its pid could be reused.
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

from nbyard.attempts.folders import request_stop
from nbyard.domain.attempts import structs as attempts
from nbyard.errors import NbyardError, Unavailable
from nbyard.host.project_files import read_small
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import Reason, because
from nbyard.runner.process import processes
from nbyard.runner.process.clock import Stillness
from nbyard.runtimes.protocol import Observation, Order
from nbyard.runtimes.supervisor_parents import NO_ATTEMPT, RUNNER, Parents, sweep_warm_ups
from nbyard.settings import Settings

START_SECONDS = 30.0  # for a supervisor to start
# without a heartbeat, after which a supervisor on another machine counts as gone
SILENCE_SECONDS = 60.0
# younger processes are not swept, as their attempt may not be known here yet
NEWBORN_SECONDS = 10.0
CLOCK_SLACK_SECONDS = 0.05  # tolerance of a process's start time
# Variables of the server or kernel that started us. The work must not take itself for a part of it.
FOREIGN = ("JPY_", "JUPYTERHUB_", "JUPYTER_TOKEN", "NBYARD_", "OLDPWD", "PYDEVD_")
# ipykernel sets MPLBACKEND to this backend, which shows no figures outside of a kernel.
INLINE_BACKEND = "inline"
RESTARTED = because("machine-restarted")


class ProcessRuntime:
    """Runs attempts as processes of this machine.

    With `parents`, supervisors are forked, not spawned.
    """

    name = "process"
    queues_itself = False

    def __init__(self, python: str = sys.executable, parents: Parents | None = None) -> None:
        self._python = python
        self.parents = parents
        self._hosts: dict[str, dict[str, str]] = {}
        self._signs: dict[Path, Stillness] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> "ProcessRuntime":
        if not settings.prepared_parent:
            return cls()
        count, size = settings.ready_kernels, settings.ready_kernels_memory
        return cls(parents=Parents(ready_kernels=count, ready_bytes=size))

    def open(self, store_id: str) -> None:
        """Start the parent of the supervisors of commands, if the runtime has parents."""
        if self.parents:
            self.parents.of_commands.prepare(self.host_of(store_id))

    def prepare_notebooks(self, store_id: str) -> None:
        """Start the parent of the supervisors of notebooks, too. It takes much memory."""
        if self.parents:
            self.parents.of_notebooks.prepare(self.host_of(store_id))

    def close(self) -> None:
        """Disconnect from the parents, and remove the folders of their warm-up."""
        if self.parents:
            self.parents.close()
            for store_id in self._hosts:
                sweep_warm_ups(store_id)

    def start(self, order: Order) -> str:
        """Start the attempt, unless it is running already. Return the name of the host.

        Raises:
            Unavailable: The runner was too slow or ended without a message. Try again.
            NbyardError: The runner cannot start. The message says why.
        """
        parents, host = self.parents, self.host_of(order.store_id)
        if parents and parents.supervise(order.folder, order.attempt_id, host):
            return socket.gethostname()
        command = [self._python, "-I", "-S", str(RUNNER), str(order.folder)]
        # Without the mark: the process that starts the supervisor would count as part of the work.
        environment = {**host_of(order.store_id), "NBYARD_ATTEMPT_ID": order.attempt_id}
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=START_SECONDS,
                check=False,
            )
        except OSError as error:
            raise NbyardError(because("runner-not-started", message=str(error))) from error
        except subprocess.TimeoutExpired:
            raise Unavailable(because("runner-start-slow", seconds=START_SECONDS)) from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()
            if not said:
                with contextlib.suppress(OSError):  # the log has early errors of the runner
                    lines = (order.folder / attempts.LOG).read_text("utf-8", "replace").split("\n")
                    said = next((line for line in reversed(lines) if line.strip()), "")
            if done.returncode < 0 or not said:
                # a supervisor may run all the same; the next start finds it
                raise Unavailable(because("runner-ended-at-start", exit_code=done.returncode))
            raise NbyardError(because("runner-not-started", message=said))
        return socket.gethostname()

    def host_of(self, store_id: str) -> dict[str, str]:
        """Return the environment variables for all work of a store, determined once."""
        if store_id not in self._hosts:
            self._hosts[store_id] = host_of(store_id)
        return self._hosts[store_id]

    def poll(self, order: Order) -> Observation:
        """Return the state of the attempt.

        For a `lost` attempt, processes that the dead supervisor left are killed first.
        """
        identity = _identity(order)
        if identity is None:
            return _finished(order) or Observation("absent")
        finished, gone = _finished(order), None
        if finished is None:
            gone = self._why_gone(order, identity)
            # The supervisor may have written its result and ended between the two checks.
            finished = _finished(order) if gone else None
        if finished is not None:
            self._signs.pop(order.folder, None)
            # Outputs are synced when they are collected. A power cut before that may damage them.
            return Observation("lost", RESTARTED) if _is_of_before(identity) else finished
        if not gone:
            return Observation("running")
        _clean_up(order, identity)
        return Observation("lost", gone)

    def _why_gone(self, order: Order, identity: attempts.RunnerIdentity) -> Reason | None:
        """Return why the supervisor is gone, None while it lives.

        A supervisor on another host counts as gone once its heartbeat has been silent for long.
        """
        if identity.host != socket.gethostname():
            known = self._signs.setdefault(order.folder, Stillness())
            last_sign = 0.0  # the heartbeat or else runner.json, by the clock of its machine
            for name in (attempts.RUNNER, attempts.HEARTBEAT):
                with contextlib.suppress(OSError):
                    last_sign = (order.folder / name).stat().st_mtime
            silent = known.seconds(last_sign)
            if silent < SILENCE_SECONDS:
                return None
            return because("host-silent", host=identity.host, seconds=round(silent))
        if _is_alive(identity):
            return None
        return RESTARTED if _is_of_before(identity) else because("supervisor-killed")

    def logs(self, order: Order) -> None:
        """Do nothing: the supervisor writes into the folder itself."""

    def stop(self, order: Order, reason: Reason) -> None:
        """Request the end of the work. Its supervisor kills it after the grace period (3 s).

        Returns at once. Without a living supervisor, the processes are killed here.
        """
        is_finished = _finished(order) is not None
        if not is_finished:
            request_stop(order.folder, reason)
        identity = _identity(order)
        # a supervisor kills its processes before it writes the result
        if identity is None or (is_finished and not identity.scratch):
            return
        if _is_alive(identity):
            # a suspended supervisor must continue to handle the request
            processes.send_signal([identity.pid], signal.SIGCONT)
            processes.send_signal([identity.pid], signal.SIGUSR1)
        else:
            _clean_up(order, identity)

    def sweep(self, store_id: str, live: Collection[str]) -> list[str]:
        """Kill processes that this store started for attempts that are not in `live`.

        Only processes of this user with the store's ID in their initial environment are killed.
        Processes younger than ten seconds are spared, because this process may not know their
        attempt yet. Folders of killed parents are removed, too.
        """
        sweep_warm_ups(store_id)
        swept = []
        own = processes.read_process(os.getpid())
        # on the scale of process start times
        now = time.clock_gettime(time.CLOCK_BOOTTIME) if processes.HAS_PROC else time.time()
        for process in processes.process_table().values():
            marks = processes.variables_of(process.pid)
            attempt = marks.get("NBYARD_ATTEMPT_ID", "")
            if marks.get("NBYARD_STORE") != store_id or attempt in ("", NO_ATTEMPT):
                continue
            # A process that waited for its attempt is older than the attempt.
            since = process.started
            with contextlib.suppress(ValueError):
                since = max(since, float(marks.get("NBYARD_SINCE", "")))
            # `live` reads the store each time.
            if process == own or now - since < NEWBORN_SECONDS or attempt in live:
                continue
            processes.send_signal([process.pid], signal.SIGKILL)
            crash_point("swept")
            swept.append(f"process {process.pid} of attempt {attempt}")
        return swept


def host_of(store_id: str) -> dict[str, str]:
    """Return the environment variables that all work of a store gets."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    if INLINE_BACKEND in environment.get("MPLBACKEND", ""):
        del environment["MPLBACKEND"]
    environment["NBYARD_STORE"] = store_id
    return environment


class Identity(attempts.RunnerIdentity, frozen=True):
    """The content of runner.json.

    `scratch` is the folder for sockets outside the attempt folder.
    """

    scratch: str = ""


def _clean_up(order: Order, identity: Identity) -> None:
    """Kill what is left of an attempt whose supervisor and guard process were killed."""
    if identity.host != socket.gethostname():
        return
    if _finished(order) is None:  # a supervisor kills its processes before it writes the result
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
    """Return whether this machine was restarted since the supervisor's start."""
    return identity.boot_id != processes.boot_id() and identity.host == socket.gethostname()


def _is_alive(identity: attempts.RunnerIdentity) -> bool:
    if identity.host != socket.gethostname() or identity.boot_id != processes.boot_id():
        return False
    process = processes.read_process(identity.pid)
    return process is not None and abs(process.started - identity.started) < CLOCK_SLACK_SECONDS
