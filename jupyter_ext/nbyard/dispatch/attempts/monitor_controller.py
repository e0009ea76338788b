"""The controller of Monitor links: the ports of a running task and whether they respond."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from nbyard.attempts import monitor_link_files
from nbyard.attempts.folders import attempt_folder_of
from nbyard.attempts.monitor_link_files import LOOPBACK, LinkTarget, MonitorData
from nbyard.dispatch.attempts import tensorboard
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
from nbyard.runtimes.docker.attempt_container_spec import container_name
from nbyard.store.runs.attempts import AttemptRecord

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
        """Return the published ports of the attempt's container, by container port."""
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
            logs = tensorboard.logs_of(folder, plan.tensorboard)
            if logs is None:
                return LinkTarget(TENSORBOARD, 0), None
            program = tensorboard.program_for(folder)
            if not program:
                return LinkTarget(TENSORBOARD, 0, reason=because("tensorboard-missing")), None
            (port,) = free_ports([TENSORBOARD]).values()
            board = tensorboard.start_tensorboard(self._context, attempt.id, program, logs, port)
            # Recorded at once: the next dispatcher must not start a second one.
            monitor_link_files.write_monitor(
                self._context.folder, attempt.id, replace(known, board=board)
            )
        elif not tensorboard.is_alive(board):
            said = tensorboard.last_log_line(self._context.folder, attempt.id)
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
            tensorboard.stop_tensorboard(known.board)
        # The file is removed last: after a crash, the next dispatcher finds the TensorBoard in it.
        monitor_link_files.remove_monitor(self._context.folder, attempt_id)
        self._ports.pop(attempt_id, None)


def _key(attempt_id: str) -> str:
    return f"monitor {attempt_id}"
