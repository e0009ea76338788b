"""Execute one step of a revision: gather events, and carry out the actions that follow.

`revision_phase_table` maps events to actions. Facts are recorded before and after, so that every
step can repeat after a crash.

Copy the output of containers to their logs.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from msgspec.structs import replace

from nbyard.dispatch.attempts.secret_delivery import for_registries
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.deployments.deployment_records import DeploymentRecords, write_log_line
from nbyard.dispatch.deployments.image_pins import ImagePins, awaited_build, failed_build
from nbyard.dispatch.deployments.revision_phase_table import TABLE, Action, Event, Phase
from nbyard.dispatch.service_health import PortHealth, describe_calls, is_connected
from nbyard.dockerd import LOCAL_SOCKET, Container, Engine, NoLongerWanted
from nbyard.domain.deployments.deployment_status import (
    Ended,
    RevisionStatus,
    end_reason,
    is_port_taken,
    never_answered,
    no_way_in,
    reproduce_pull,
    restart_delay_seconds,
    restarts_then,
    start_failure,
    state_after_end,
    waits_for_build,
)
from nbyard.domain.deployments.structs import Place, deployment_folder, log_name
from nbyard.errors import NbyardError, Unavailable
from nbyard.ipc.crash_points import crash_point
from nbyard.logs.log_files import RotatingLog
from nbyard.reasons.structs import Reason, because
from nbyard.runtimes.docker import deployment_containers
from nbyard.runtimes.docker.deployment_containers import Deployed
from nbyard.store.deployments import DeploymentRow, RevisionRow

DRAIN_LEAST_SECONDS = 2.0
log = logging.getLogger("nbyard.dispatch")


SHORT_SECONDS = 1.0


class Shutdowns:
    """The shutdowns of one deployment's containers, by revision number.

    `wait_for_log_end` is called before the engine deletes a container with its output.
    """

    def __init__(self, engine: Engine, wait_for_log_end: Callable[[int], None]):
        self._engine = engine
        self._wait_for_log_end = wait_for_log_end
        self._leaving: dict[int, float] = {}
        self._ending: dict[int, float] = {}
        self._gone: set[int] = set()

    @property
    def is_busy(self) -> bool:
        """Return whether any shutdown is in progress."""
        return bool(self._leaving or self._ending)

    def is_ending(self, number: int) -> bool:
        """Return whether the container got SIGTERM and is not yet known to be gone."""
        return number in self._ending

    def is_drained(self, revision_row: RevisionRow) -> bool:
        """Return whether all connections have ended, or the time to stop is over."""
        since = self._leaving.setdefault(revision_row.number, time.monotonic())
        waited = time.monotonic() - since
        if waited < DRAIN_LEAST_SECONDS:
            return False
        # Unknown (None) counts as connected, so wait until the timeout.
        used = [
            is_connected(port, address)
            for place in revision_row.places
            for port, address in ((place.port, place.host), (place.inside_port, place.inside))
            if port and address
        ]
        return waited >= drain_seconds(revision_row) or not any(each is not False for each in used)

    def has_stopped(self, revision_row: RevisionRow, container: str) -> bool:
        """Send SIGTERM, then kill the container after a timeout; return whether it is gone."""
        number = revision_row.number
        engine_container = None if number in self._gone else self._engine.container(container)
        if engine_container is not None and engine_container.status == "running":
            if number not in self._ending:
                self._ending[number] = time.monotonic()
                self._engine.signal(container, "SIGTERM")
            if time.monotonic() - self._ending[number] < drain_seconds(revision_row):
                return False
        return self.is_gone(number, container)

    def is_gone(self, number: int, container: str) -> bool:
        """Kill and remove the container; return False if the engine still has it."""
        if number not in self._gone:
            # The engine deletes the output together with the container.
            self._wait_for_log_end(number)
            self._engine.remove(container)
            # `remove` passes over a conflict, for example with a removal that is under way.
            if self._engine.container(container) is not None:
                return False
            self._gone.add(number)
        self._ending.pop(number, None)
        self._leaving.pop(number, None)
        return True

    def reset(self, number: int) -> None:
        """Reset the shutdown, because a new container starts for the revision."""
        self._gone.discard(number)
        self._ending.pop(number, None)
        self._leaving.pop(number, None)


def drain_seconds(revision_row: RevisionRow) -> float:
    """Return the seconds that the revision has to finish its requests."""
    return revision_row.revision.spec.stop_seconds


class LogFollower(threading.Thread):
    """Copies the output of a container until it stops; a new follower continues its log.

    Then it calls `stopped`, so that no step has to poll for the end of the container.
    """

    def __init__(
        self,
        engine: Engine,
        container: str,
        kept_log: RotatingLog,
        stopped: Callable[[], None] = lambda: None,
    ):
        super().__init__(name=f"nbyard-log {container}", daemon=True)
        self._stopped = stopped
        self._engine, self._container, self._kept = engine, container, kept_log
        self.start()

    def run(self) -> None:
        """Copy lines until the container stops."""
        since = time.monotonic()
        try:
            # One nanosecond later: `since` of the Docker API includes lines of that very moment.
            for moment, text in self._engine.lines(self._container, self._kept.resume() + 1):
                self._kept.write(text, moment)
        except (NbyardError, OSError) as error:
            log.debug("the log of %s: %s", self._container, error)
            return
        # An engine that cannot follow logs closes them at once.
        if time.monotonic() - since > SHORT_SECONDS:
            self._stopped()


# Check healthy services rarely, because many log each request.
ASKED_EVERY_SECONDS = 10.0
LAST_SECONDS = 2.0
OOM_SECONDS = 0.5  # most engines know the cause by then
PROCESS_SECONDS = 2.0
TAIL_BYTES = 2**16
KEPT_LOGS = 10
FOLLOWS = {"completed": Event.COMPLETED, "again": Event.ENDED, "failed": Event.FAILED}


class RevisionMemory:
    """What is known of the revisions of one deployment between two steps, by their numbers.

    - `wake`: makes the next step due at once.
    - `since`: when the container was first seen; `not_before`: earliest next start. Both are
      seconds of the monotonic clock.

    All of it only affects speed and patience: a new dispatcher starts without it.
    """

    def __init__(self, context: DispatchContext, engine: Engine, wake: Callable[[], None]):
        self.engine, self.wake = engine, wake
        self.departures = Shutdowns(engine, self.wait_for_log_end)
        self.pins = ImagePins(engine, context.stopping)
        self.ports = PortHealth(ASKED_EVERY_SECONDS)
        self.followers: dict[int, LogFollower] = {}
        self.since: dict[int, float] = {}
        self.not_before: dict[int, float] = {}

    def wait_for_log_end(self, number: int) -> None:
        """Wait a moment until the rest of the container's output is in the log."""
        follower = self.followers.pop(number, None)
        if follower is not None:
            follower.join(LAST_SECONDS)


class Signal(NamedTuple):
    """An event, with what its actions need: a container, how it ended, its ports, or a failure.

    `by_hand` is a command that reproduces the failure.
    """

    event: Event
    container: Container | None = None
    ended: Ended | None = None
    places: list[Place] | None = None
    reason: Reason | None = None
    by_hand: str = ""


@dataclass
class RevisionDriver:
    """Executes one step of a revision."""

    context: DispatchContext
    memory: RevisionMemory
    notes: DeploymentRecords
    row: DeploymentRow
    revision_row: RevisionRow
    wish: Event  # what its deployment wants of it
    phase: Phase = field(init=False)
    reason: Reason | None = field(init=False)
    exit_code: int | None = field(init=False)
    answers: bool = False
    has_answered: bool = False  # only if its container was seen to run
    says: str = ""

    def __post_init__(self) -> None:
        known = self.revision_row.revision
        self.reason, self.exit_code = known.reason, known.exit_code
        self.phase = self._first_phase()

    def _first_phase(self) -> Phase:
        if self.revision_row.is_over:
            return Phase.OVER
        if self.memory.departures.is_ending(self.revision_row.number):
            return Phase.ENDING
        if self.revision_row.phase == "pending":
            return Phase.WAITING
        return Phase.ANSWERED if self.revision_row.has_answered else Phase.STARTING

    def begin(self) -> RevisionStatus:
        """Carry out what the wish requires; return the new status."""
        self._react(Signal(self.wish))
        number, reason = self.revision_row.number, self.reason
        match self.phase:
            case Phase.WAITING:
                return RevisionStatus(number, "pending", reason=reason, exit_code=self.exit_code)
            case Phase.GONE:
                return RevisionStatus(number, "over", reason=reason, exit_code=self.exit_code)
        return RevisionStatus(
            number, "alive", self.answers, self.has_answered, reason, says=self.says
        )

    def _react(self, signal: Signal) -> None:
        self.phase, actions = TABLE[self.phase, signal.event]
        for action in actions:
            following = self._do(action, signal)
            if following is not None:
                self._react(following)

    def _do(self, action: Action, signal: Signal) -> Signal | None:
        departures = self.memory.departures
        following = None
        match action:
            case Action.PREPARE:
                following = self._prepare()
            case Action.LAUNCH:
                following = self._launch()
            case Action.LOOK:
                following = self._check_container()
            case Action.ATTEND:
                following = self._check_ready(signal.container)
            case Action.DRAIN:
                is_drained = departures.is_drained(self.revision_row)
                following = Signal(Event.UNUSED if is_drained else Event.IN_USE)
            case Action.END:
                has_left = departures.has_stopped(self.revision_row, self._made.container)
                following = Signal(Event.LEFT if has_left else Event.ENDS)
            case Action.RECORD_STOP:
                following = self._record_stop()
            case Action.CLEAR:
                following = self._clear()
            case _:
                self._record(action, signal)
        return following

    def _record(self, action: Action, signal: Signal) -> None:
        match action:
            case Action.BEGIN:
                self._note(started_at=datetime.now(UTC), ready_at=None)
                crash_point("deployment-begun")
            case Action.SERVE:
                places = signal.places or []
                is_api = self.revision_row.revision.spec.service == "api"
                forms = describe_calls(places[0], self._made.secret) if is_api else []
                now = {"ready_at": datetime.now(UTC), "reason": None, "reproduce": ""}
                self.notes.record_places(self.row, self.revision_row, places, **now, forms=forms)
            case Action.NOTE_PLACES:
                self.notes.record_places(self.row, self.revision_row, signal.places or [])
            case Action.RESTART:
                assert signal.ended is not None and signal.reason is not None
                self._restart(signal.ended, signal.reason, signal.by_hand)
            case Action.COMPLETE:
                assert signal.reason is not None
                self._log(signal.reason)
                self.reason, self.exit_code = None, 0
                self._over(exit_code=0, reason=None, reproduce="")
            case Action.FAIL:
                self._fail(signal)

    # Start

    def _prepare(self) -> Signal:
        known = self.revision_row.revision
        if reason := awaited_build(self.context, self.row, self.revision_row):
            if not waits_for_build(reason):
                return Signal(Event.REFUSED, reason=reason)
            self.reason = reason
            return Signal(Event.BLOCKED)
        if waits_for_build(self.reason):  # outdated: the image exists now
            self.reason = None
            self.revision_row = replace(self.revision_row, revision=replace(known, reason=None))
        number = self.revision_row.number
        is_early = time.monotonic() < self.memory.not_before.get(number, 0.0)
        if is_early or len(known.gpus) < known.spec.gpu:
            return Signal(Event.BLOCKED)
        container = self._made.container
        # An earlier start may have left a container that the engine has not removed yet.
        if not self.memory.departures.is_gone(number, container):
            self.reason = because("waits-for-removal", container=container)
            return Signal(Event.BLOCKED)
        return Signal(Event.READY)

    def _launch(self) -> Signal:
        """Create the container of the revision as soon as its image is here."""
        network, engine = self.context.settings.container_network, self.memory.engine
        # The networks of a rootless engine are not those of this machine.
        ways = ("bridge",) if engine.info.is_rootless else ("bridge", "internal")
        if reason := no_way_in(network, engine.url, ways):
            return Signal(Event.REFUSED, reason=reason)
        number, spec = self.revision_row.number, self.revision_row.revision.spec
        folder = self.context.folder / deployment_folder(self.row.id)
        for old in range(number - KEPT_LOGS, 0, -1):
            if not RotatingLog(folder / log_name(old)).remove():
                break  # those before it were removed earlier
        hear = partial(write_log_line, self.notes.log(self.row, self.revision_row))
        try:
            with self.context.store.read() as c:  # the rules may have changed
                rows, rules = self.context.store.images, self.context.store.isolation
                image = rows.usable(c, rules, self.row.owner, spec.image)
            with for_registries(self.context, self.row.owner):
                known = self.revision_row.revision.image_id
                image_id = self.memory.pins.image_of(number, image, known, hear)
        except Unavailable:
            raise
        except NbyardError as error:
            if reason := failed_build(self.context, self.row, spec.image):
                return Signal(Event.REFUSED, reason=reason)
            url = self.memory.engine.url
            by_hand = reproduce_pull(spec.image, "" if url == LOCAL_SOCKET else url)
            return Signal(Event.REFUSED, reason=error.reason, by_hand=by_hand)
        if not image_id:
            return Signal(Event.PULLED_LATER)
        self.memory.departures.reset(number)
        pinned = replace(self.revision_row.revision, image_id=image_id)
        prefix = self.notes.base_url(self.row.owner)
        self.revision_row = replace(self.revision_row, prefix=prefix, revision=pinned)
        self._note(image_id=image_id, prefix=self.revision_row.prefix)
        self.notes.ensure_secret(self.row, self.revision_row)
        return self._create()

    def _create(self) -> Signal:
        """Start the container; abort once the revision is unwanted, even if the engine is slow."""
        say = partial(self.notes.append_to_log, self.row, self.revision_row)
        wanted = partial(self.notes.is_wanted, self.row)
        network = self.context.settings.container_network
        try:
            container = deployment_containers.launch_revision(
                self.memory.engine, self._made, say, wanted, network == "internal"
            )
        except NoLongerWanted:
            return Signal(Event.OVERTAKEN)
        except Unavailable:
            raise
        except NbyardError as error:
            # Another program took the port meanwhile; a restart chooses a new one.
            if is_port_taken(error.message):
                return self._end_signal(Ended(None, error=error.message))
            reason = start_failure(error.message) or error.reason
            return Signal(Event.REFUSED, reason=reason, by_hand=self._by_hand())
        crash_point("deployment-launched")
        self.memory.since[self.revision_row.number] = time.monotonic()
        return Signal(Event.RUNS, container)

    # Work

    def _check_container(self) -> Signal:
        container = self.memory.engine.container(self._made.container)
        # It had ports, so its container ran and was removed from outside.
        if container is None and self.revision_row.places:
            return self._end_signal(Ended(None))
        # A dispatcher that was killed may have left it unstarted.
        if container is None or container.status == "created":
            return Signal(Event.MISSING)
        if not container.is_over:
            return Signal(Event.RUNS, container)
        self.memory.wait_for_log_end(self.revision_row.number)
        lived = max(container.finished_at - container.started_at, 0.0)
        last = self.notes.last_output(self.row, self.revision_row, TAIL_BYTES)
        is_memory = container.out_of_memory
        if container.was_killed:
            is_memory = self.memory.engine.was_out_of_memory(container, OOM_SECONDS)
        return self._end_signal(Ended(container.exit_code, is_memory, container.error, last, lived))

    def _check_ready(self, container: Container | None) -> Signal:
        """Check whether the running container is ready, or still responds."""
        assert container is not None
        revision_row, memory, made = self.revision_row, self.memory, self._made
        follower = memory.followers.get(revision_row.number)
        if follower is None or not follower.is_alive():
            log = self.notes.log(self.row, revision_row)
            follower = LogFollower(memory.engine, made.container, log, memory.wake)
            memory.followers[revision_row.number] = follower
        places = memory.ports.check(
            revision_row.number,
            revision_row.places,
            deployment_containers.port_addresses(made, container),
            made.secret,
        )
        lived = time.monotonic() - memory.since.setdefault(revision_row.number, time.monotonic())
        # Without ports, a process must live for 2 s: even a missing command runs briefly.
        lives = revision_row.has_answered or lived >= PROCESS_SECONDS
        self.answers = places[0].answers if places else lives
        self.has_answered = self.answers or revision_row.has_answered
        self.says = memory.ports.explanation(revision_row.number)
        if self.has_answered and not revision_row.has_answered:
            return Signal(Event.ANSWERS, places=places)
        if not self.has_answered and lived > made.spec.start_seconds:
            reason = never_answered(made.spec)
            return Signal(Event.OVERDUE, reason=reason, by_hand=self._by_hand())
        return Signal(
            Event.UNCHANGED if places == revision_row.places else Event.MOVED, places=places
        )

    # End

    def _end_signal(self, ended: Ended) -> Signal:
        """Return the event for the end of a container: it may be started again."""
        known = self.revision_row.revision
        event = FOLLOWS[state_after_end(ended, known.restarts, known.spec.service)]
        by_hand = "" if event is Event.COMPLETED else self._by_hand()
        return Signal(event, ended=ended, reason=end_reason(ended, known.spec), by_hand=by_hand)

    def _restart(self, ended: Ended, reason: Reason, by_hand: str) -> None:
        self._log(reason)
        number = self.revision_row.number
        restarts = restarts_then(ended, self.revision_row.revision.restarts)
        self.memory.not_before[number] = time.monotonic() + restart_delay_seconds(restarts)
        self.memory.since.pop(number, None)
        self.reason = because("service-restarts", end=reason)
        self._note(
            **{"started_at": None, "ready_at": None, "gpus": [], "places": []},
            **{"restarts": restarts, "exit_code": ended.exit_code, "reason": self.reason},
            reproduce=by_hand,
        )
        self.memory.engine.remove(self._made.container)

    def _fail(self, signal: Signal) -> None:
        assert signal.reason is not None
        self._log(signal.reason)
        ended, restarts = signal.ended, self.revision_row.revision.restarts
        self.reason, self.exit_code = signal.reason, ended.exit_code if ended else None
        columns = {"reason": self.reason, "reproduce": signal.by_hand, "exit_code": self.exit_code}
        self._over(**columns, restarts=restarts_then(ended, restarts) if ended else restarts)

    def _over(self, **columns: Any) -> None:
        """Record the end of the revision, which keeps its GPUs until its container is gone."""
        self.memory.since.pop(self.revision_row.number, None)
        self._note(ended_at=datetime.now(UTC), places=[], **columns)

    # Shutdown

    def _record_stop(self) -> Signal:
        """Record the requested end; it does not count as an exit of its own."""
        self.memory.since.pop(self.revision_row.number, None)
        if self.wish is Event.WANTED:
            self.reason, self.exit_code = None, None
            self._note(started_at=None, ready_at=None, places=[])
            return Signal(Event.RESUMED)
        is_over = self.notes.record_stopped(self.row, self.revision_row)
        return Signal(Event.RECORDED if is_over else Event.RESUMED)

    def _clear(self) -> Signal:
        self.memory.pins.abandon(self.revision_row.number)
        if not self.memory.departures.is_gone(self.revision_row.number, self._made.container):
            return Signal(Event.STAYS)
        if self.revision_row.revision.gpus:
            self._note(gpus=[])
        return Signal(Event.CLEARED)

    @property
    def _made(self) -> Deployed:
        return self.notes.launch_description(self.row, self.revision_row)

    def _note(self, **columns: Any) -> None:
        self.notes.update_revision(self.revision_row, **columns)

    def _log(self, reason: Reason) -> None:
        self.notes.append_to_log(self.row, self.revision_row, str(reason))

    def _by_hand(self) -> str:
        name = self.revision_row.revision.spec.image
        return deployment_containers.docker_run_of(self.memory.engine, self._made, name)
