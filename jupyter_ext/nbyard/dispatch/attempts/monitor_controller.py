"""The controller of Monitor links: the ports of a running task and whether they respond.

TensorBoard beside an attempt: started when its logs exist, stopped with the attempt.

The attempt's file (`nbyard.attempts.monitor_link_files`) records its process, so that the next
dispatcher finds it. The sweep of processes stops unknown ones.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from nbyard.attempts import folders, monitor_link_files
from nbyard.attempts.folders import attempt_folder_of
from nbyard.attempts.monitor_link_files import LOOPBACK, LinkTarget, MonitorData, TensorBoardProcess
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.service_health import PortHealth
from nbyard.dispatch.state.live_runs import LiveAttempt
from nbyard.dispatch.threads import Threads
from nbyard.dockerd import Engine
from nbyard.domain.attempts.monitor_links import (
    EVERYWHERE,
    TENSORBOARD,
    container_ports,
    port_variables,
)
from nbyard.domain.deployments.deployment_status import no_way_in
from nbyard.domain.deployments.structs import Place
from nbyard.domain.naming.runtime_names import DOCKER, PROCESS
from nbyard.domain.runs.structs import TaskPlan
from nbyard.domain.state_machines import ATTEMPT
from nbyard.reasons.structs import because
from nbyard.runner.process import processes
from nbyard.runtimes.docker.attempt_container_spec import container_name
from nbyard.store.runs.attempts import AttemptRecord

CLOCK_SLACK_SECONDS = 0.05
TAIL_BYTES = 2000


def logs_of(folder: Path, declared: str) -> Path | None:
    """Return the folder of the attempt's logs if it exists.

    `declared` is the name of an output, or a folder below the working directory.
    """
    task = folders.read_task(folder)
    output = task.outputs.get(declared)
    place = folder / (output.path if output else f"{task.directory or 'code'}/{declared}")
    return place if place.is_dir() else None


def program_for(folder: Path) -> str:
    """Return the path of the program, or an empty text.

    The task's environment is searched first, then the folder of nbyard's Python, then the PATH.
    """
    surroundings = folders.surroundings_in(folder)
    places = (
        [Path(surroundings.interpreter).parent] if surroundings and surroundings.interpreter else []
    )
    places.append(Path(sys.executable).parent)
    searched = os.pathsep.join([*map(str, places), os.environ.get("PATH", os.defpath)])
    return shutil.which(TENSORBOARD, path=searched) or ""


def start_tensorboard(
    context: DispatchContext, attempt_id: str, program: str, logs: Path, port: int
) -> TensorBoardProcess:
    """Start TensorBoard on a port of this machine, and return its process.

    Its variables name the store and the attempt, so that the cleanup of orphans finds it.

    Raises:
        OSError: The program cannot be started.
    """
    # TensorBoard has no login, so only the proxy on this machine may reach it.
    argv = [program, "--logdir", str(logs), "--host", LOOPBACK, "--port", str(port)]
    ours = {"NBYARD_STORE": context.store.id, "NBYARD_ATTEMPT_ID": attempt_id}
    with monitor_link_files.open_log(context.folder, attempt_id) as log:
        made = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=logs,
            env={**os.environ, **ours},
            # A process group of its own, by which `stop_tensorboard` reaches child processes.
            start_new_session=True,
        )
    made.returncode = 0  # `is_alive` or `stop` reaps it
    process = processes.read_process(made.pid)
    return TensorBoardProcess(made.pid, process.started if process else 0.0, port)


def is_alive(board: TensorBoardProcess) -> bool:
    """Return whether the recorded TensorBoard process still runs."""
    process = processes.read_process(board.pid)
    if process is None:  # ended, maybe a zombie; reaping afterwards avoids a race
        _reap(board.pid)
        return False
    # PIDs are reused, so compare the start times.
    return abs(process.started - board.started) < CLOCK_SLACK_SECONDS


def stop_tensorboard(board: TensorBoardProcess) -> None:
    """Kill TensorBoard and its child processes; no data is lost."""
    if is_alive(board):
        os.killpg(board.pid, signal.SIGKILL)
        _reap(board.pid, 0)


def last_log_line(store: Path, attempt_id: str) -> str:
    """Return the last line that TensorBoard printed."""
    try:
        content = monitor_link_files.log_path(store, attempt_id).read_bytes()[-TAIL_BYTES:]
    except OSError:
        return ""
    lines = content.decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _reap(pid: int, flags: int = os.WNOHANG) -> None:
    """Reap the process if it is a child of this one."""
    try:
        os.waitpid(pid, flags)
    except ChildProcessError:
        return


LOOK_SECONDS = 1.0


def port_variables_of(store: Path, attempt: AttemptRecord, plan: TaskPlan) -> dict[str, str]:
    """Return the variables that give the work its ports.

    Ports of a process are chosen once, and recorded before it can start.
    """
    if not plan.ports or not plan.is_monitored:
        return {}
    # Docker forwards a published port to the address of the container, not to its loopback.
    if plan.runtime == DOCKER:
        return port_variables(container_ports(plan.ports), EVERYWHERE)
    known = monitor_link_files.read_monitor(store, attempt.id)
    if known is None:
        known = MonitorData(free_ports(plan.ports))
        monitor_link_files.write_monitor(store, attempt.id, known)
    return port_variables(known.ports, LOOPBACK)


def free_ports(names: Iterable[str]) -> dict[str, int]:
    """Return distinct free ports of this machine, by name."""
    # Holding all sockets open until the end keeps the ports distinct.
    with contextlib.ExitStack() as held:
        ports_by_name = {}
        for name in names:
            sock = held.enter_context(socket.socket())
            sock.bind((LOOPBACK, 0))
            ports_by_name[name] = int(sock.getsockname()[1])
        return ports_by_name


class MonitorController:
    """Keeps the Monitor links of running attempts up to date.

    Threads check the attempts, one thread per attempt. `live` returns the live attempts.
    """

    def __init__(
        self, context: DispatchContext, threads: Threads, live: Callable[[], Iterable[LiveAttempt]]
    ) -> None:
        self._context = context
        self._threads = threads
        self._live = live
        self._known: set[str] | None = None
        self._ports: dict[str, PortHealth] = {}
        self._engines: dict[str, Engine] = {}
        self._next = 0.0

    def tick(self) -> None:
        """Check the attempts that are due, and forget the ended ones."""
        if time.monotonic() < self._next and not self._known:
            return  # fast path: runs in every round, nearly always without monitored attempts
        watched = {
            attempt.record.id: attempt
            for attempt in self._live()
            if attempt.task.record.plan.is_monitored
        }
        # Files of attempts that ended while no dispatcher ran have to be removed, too.
        if self._known is None:
            self._known = monitor_link_files.stored_attempts(self._context.folder)
        for attempt_id in sorted(self._known - watched.keys()):
            work = partial(self._forget, attempt_id)
            # While a thread checks the attempt, the attempt stays known until a later round.
            if self._threads.submit(_key(attempt_id), work):
                self._known.discard(attempt_id)
        self._known |= watched.keys()
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LOOK_SECONDS
        for attempt_id, attempt in watched.items():
            if attempt.record.state == "running":
                work = partial(self._update_links, attempt.record, attempt.task.record.plan)
                self._threads.submit(_key(attempt_id), work, runtime=attempt.record.runtime)

    def close(self) -> None:
        """Close engine connections; attempts and their TensorBoards continue."""
        for engine in self._engines.values():
            engine.close()

    def _update_links(self, attempt: AttemptRecord, plan: TaskPlan) -> None:
        folder = attempt_folder_of(self._context.folder, attempt.id)
        known = monitor_link_files.read_monitor(self._context.folder, attempt.id) or MonitorData()
        spots = {spot.name: spot for spot in known.spots}
        board = known.board
        link_targets = list(self._declared_ports(attempt, plan, known, spots))
        if plan.tensorboard:
            spot, board = self._tensorboard(attempt, plan, folder, known)
            link_targets.append(spot)
        seen = replace(known, spots=self._asked(attempt.id, link_targets, spots), board=board)
        # Write only changes: this runs every second.
        if seen != known:
            monitor_link_files.write_monitor(self._context.folder, attempt.id, seen)

    def _declared_ports(
        self,
        attempt: AttemptRecord,
        plan: TaskPlan,
        known: MonitorData,
        spots: Mapping[str, LinkTarget],
    ) -> Iterable[LinkTarget]:
        if not plan.ports:
            return
        if plan.runtime == PROCESS:
            yield from (LinkTarget(name, known.ports.get(name, 0)) for name in plan.ports)
            return
        if reason := no_way_in(self._context.settings.container_network, attempt.site):
            yield from (LinkTarget(name, 0, reason=reason) for name in plan.ports)
            return
        # Published ports of a container are fixed, so ask the engine only until all are known.
        before = {name: spots[name].port for name in plan.ports if name in spots}
        published = {} if all(before.values()) and before else self._published_ports(attempt)
        for name, number in container_ports(plan.ports).items():
            yield LinkTarget(name, before.get(name) or published.get(number, 0))

    def _published_ports(self, attempt: AttemptRecord) -> dict[int, int]:
        engine = self._engines.get(attempt.site)
        if engine is None:
            certificates = self._context.settings.docker_cert_path
            engine = self._engines[attempt.site] = Engine(attempt.site, certificates=certificates)
        container = engine.container(container_name(attempt.id))
        return container.published if container else {}

    def _tensorboard(
        self, attempt: AttemptRecord, plan: TaskPlan, folder: Path, known: MonitorData
    ) -> tuple[LinkTarget, monitor_link_files.TensorBoardProcess | None]:
        """Return the link to TensorBoard; start TensorBoard as soon as logs exist."""
        board = known.board
        if plan.runtime != PROCESS:
            return LinkTarget(
                TENSORBOARD, 0, reason=because("tensorboard-beside-processes-only")
            ), None
        if board is None:
            logs = logs_of(folder, plan.tensorboard)
            if logs is None:
                return LinkTarget(TENSORBOARD, 0), None
            program = program_for(folder)
            if not program:
                return LinkTarget(TENSORBOARD, 0, reason=because("tensorboard-missing")), None
            (port,) = free_ports([TENSORBOARD]).values()
            board = start_tensorboard(self._context, attempt.id, program, logs, port)
            # Recorded at once: the next dispatcher must not start a second one.
            monitor_link_files.write_monitor(
                self._context.folder, attempt.id, replace(known, board=board)
            )
        elif not is_alive(board):
            said = last_log_line(self._context.folder, attempt.id)
            return LinkTarget(
                TENSORBOARD, 0, reason=because("tensorboard-ended", message=said)
            ), board
        return LinkTarget(TENSORBOARD, board.port, is_trusted=True), board

    def _asked(
        self, attempt_id: str, link_targets: Iterable[LinkTarget], before: Mapping[str, LinkTarget]
    ) -> list[LinkTarget]:
        """Check the ports and return the links with the result."""
        ports = self._ports.setdefault(attempt_id, PortHealth())
        known = [Place(s.name, LOOPBACK, s.port, s.answers) for s in before.values()]
        return [
            replace(spot, answers=seen.answers)
            for spot in link_targets
            for seen in ports.check(0, known, [(Place(spot.name, LOOPBACK, spot.port), "/")])
        ]

    def _forget(self, attempt_id: str) -> None:
        """Stop the TensorBoard of an ended attempt and delete its links."""
        with self._context.store.read() as c:
            state = self._context.store.attempts.state(c, attempt_id)
        # A run that could not be read is missing in the live ones, although its attempts continue.
        if state in ATTEMPT.live:
            return
        known = monitor_link_files.read_monitor(self._context.folder, attempt_id)
        if known is not None and known.board is not None:
            stop_tensorboard(known.board)
        # The file is removed last: after a crash, the next dispatcher finds the TensorBoard in it.
        monitor_link_files.remove_monitor(self._context.folder, attempt_id)
        self._ports.pop(attempt_id, None)


def _key(attempt_id: str) -> str:
    return f"monitor {attempt_id}"
