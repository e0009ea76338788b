"""Bring one deployment to its wanted state: each step observes it and takes the next action.

Facts are recorded before and after. Only timers are kept in memory. A rollback is a new revision
(`services/deployments.py`), which is rolled out like any other.
"""

import logging
import shutil
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from msgspec.structs import replace

from nbyard.dispatch.attempts.secrets import for_registries
from nbyard.dispatch.context import Room
from nbyard.dispatch.deployments.drain import Departures
from nbyard.dispatch.deployments.image_pins import Pins
from nbyard.dispatch.deployments.image_wait import awaited
from nbyard.dispatch.deployments.log_follower import Follower
from nbyard.dispatch.deployments.records import Notes, line
from nbyard.dispatch.health import Ports, described
from nbyard.dockerd import LOCAL_SOCKET, Container, Engine, Stopped
from nbyard.domain.deployments.status import (
    Ended,
    Standing,
    after,
    backoff_seconds,
    end_reason,
    is_port_taken,
    never_answered,
    no_way_in,
    reproduce_pull,
    restarts_then,
    start_failure,
    state_of,
    waits_for_build,
)
from nbyard.domain.deployments.structs import Place, deployment_folder, log_name
from nbyard.domain.states import DEPLOYMENT
from nbyard.errors import NbyardError, Unavailable
from nbyard.ipc.crash_points import crash_point
from nbyard.logs.rotating import forget_logs
from nbyard.reasons.structs import Reason, because
from nbyard.runtimes.docker import deployments
from nbyard.store.deployments import DeploymentRow, RevisionRow

log = logging.getLogger("nbyard.dispatch")
SOON_SECONDS, CALM_SECONDS = 0.2, 2.0
# Check healthy services rarely, because many log each request.
ASKED_EVERY_SECONDS = 10.0
LAST_SECONDS = 2.0
PROCESS_SECONDS = 2.0
TAIL_BYTES = 2**16
KEPT_LOGS = 10


class Rollout:
    """The steps of one deployment, executed by one thread at a time.

    Once `gives_way` is set, the serving revision releases its GPUs for the newest.
    """

    def __init__(self, room: Room, engine: Engine):
        self._room = room
        self._rows = room.store.deployments
        self._engine = engine
        self._since: dict[int, float] = {}
        self._not_before: dict[int, float] = {}
        self._departures = Departures(engine, self._hear_out)
        self._notes = Notes(room)
        self._pins = Pins(engine, room.stopping)
        self._ports = Ports(ASKED_EVERY_SECONDS)
        self._followers: dict[int, Follower] = {}
        self.gives_way = False
        self.due = 0.0

    def step(self, row: DeploymentRow) -> None:
        """Take the next action, and set when the following step is due."""
        wait = SOON_SECONDS
        try:
            if row.is_removed:
                self._remove(row)
            elif row.state == "stopping":
                self._stop(row)
            else:
                wait = self._drive(row)
        except Unavailable as error:
            if not row.is_removed:
                state = "stopping" if row.state == "stopping" else "down"
                self._notes.tell(row, state, error.reason)
            wait = CALM_SECONDS
        self.due = time.monotonic() + wait

    def fail(self, row: DeploymentRow, reason: Reason) -> None:
        """Handle an unexpected error that repeats.

        The deployment fails as soon as its container is gone. Until then its removal is repeated.
        """
        self.due = time.monotonic() + CALM_SECONDS
        if row.is_removed:
            return
        with self._room.write() as c:
            if not self._rows.is_as_seen(c, row):
                return
            if row.is_wanted and not row.newest.is_over:
                told = {"ended_at": datetime.now(UTC), "places": [], "reason": reason}
                self._rows.set_revision(c, row.newest.revision.id, **told)
        self._notes.tell(row, "down" if row.is_wanted else "stopping", reason)

    # Wanted revisions

    def _drive(self, row: DeploymentRow) -> float:
        """Advance all revisions and return the seconds until the next check."""
        kept = {row.newest.number, *([] if self.gives_way else [row.serving])}
        found = {}
        for one in row.revisions.values():
            if one.number in kept:
                found[one.number] = self._tend(row, one)
            elif one.is_over:
                self._let_go(row, one)
            else:
                self._leave(row, one)
        with self._room.store.read() as c:
            serving = self._rows.serving_number(c, row.id)
        state, reason = state_of(serving, found)
        if state in DEPLOYMENT.rests:
            deployments.rest(self._engine, self._notes.deployed(row, row.newest))
        self._notes.tell(row, state, reason)
        return self._patience(found.values())

    def _patience(self, found: Iterable[Standing]) -> float:
        is_starting = any(one.phase == "alive" and not one.has_answered for one in found)
        if is_starting or self._departures.is_busy:
            return SOON_SECONDS
        now = time.monotonic()
        waits = [moment - now for moment in self._not_before.values() if moment > now]
        return min([CALM_SECONDS, *waits])

    def _tend(self, row: DeploymentRow, one: RevisionRow) -> Standing:
        if one.is_over:
            return self._rest(row, one, one.standing)
        if one.phase == "pending":
            return self._begin(row, one)
        if self._departures.is_ending(one.number):
            return self._end_first(row, one)
        return self._look(row, one)

    def _look(self, row: DeploymentRow, one: RevisionRow) -> Standing:
        found = self._engine.container(self._notes.deployed(row, one).container)
        # It had ports, so its container ran and was removed from outside.
        if found is None and one.places:
            return self._end(row, one, Ended(None))
        if found is None or found.status == "created":  # a killed dispatcher did not start it
            return self._launch(row, one)
        if found.is_over:
            return self._end(row, one, self._ended(row, one, found))
        return self._attend(row, one, found)

    def _begin(self, row: DeploymentRow, one: RevisionRow) -> Standing:
        if reason := awaited(self._room, row, one):
            if waits_for_build(reason):
                return Standing(one.number, "pending", reason=reason)
            return self._give_up(row, one, reason, "")
        if waits_for_build(one.revision.reason):  # outdated: the image exists now
            one = replace(one, revision=replace(one.revision, reason=None))
        has_gpus = len(one.revision.gpus) >= one.revision.spec.gpu
        if not has_gpus or time.monotonic() < self._not_before.get(one.number, 0.0):
            return one.standing
        self._notes.note(one, started_at=datetime.now(UTC), ready_at=None)
        crash_point("deployment-begun")
        return self._launch(row, one)

    def _end_first(self, row: DeploymentRow, one: RevisionRow) -> Standing:
        """Finish the requested stop of a revision that is wanted again.

        This stop does not count as an exit.
        """
        if not self._departures.has_stopped(one, self._notes.deployed(row, one).container):
            return Standing(one.number, "alive", reason=one.revision.reason)
        self._since.pop(one.number, None)
        self._notes.note(one, started_at=None, ready_at=None, places=[])
        return Standing(one.number, "pending")

    def _launch(self, row: DeploymentRow, one: RevisionRow) -> Standing:
        """Create the container of a revision as soon as its image is here."""
        if reason := no_way_in(self._room.settings.container_network, self._engine.url):
            return self._give_up(row, one, reason, "")
        folder = self._room.folder / deployment_folder(row.id)
        forget_logs(folder / log_name(number) for number in range(one.number - KEPT_LOGS, 0, -1))
        name, known = one.revision.spec.image, one.revision.image_id
        try:
            hear = partial(line, self._notes.log(row, one))
            with for_registries(self._room, row.owner):
                image_id = self._pins.image_of(one.number, name, known, hear)
        except Unavailable:
            raise
        except NbyardError as error:
            return self._give_up(row, one, error.reason, reproduce_pull(name, self._url))
        if not image_id:
            return Standing(one.number, "alive", reason=one.revision.reason)
        self._departures.comes(one.number)
        told = replace(one.revision, image_id=image_id)
        one = replace(one, prefix=self._notes.base_url, revision=told)
        self._notes.note(one, image_id=image_id, prefix=one.prefix)
        self._notes.ensure_secret(row, one)
        return self._launch_with(row, one)

    def _launch_with(self, row: DeploymentRow, one: RevisionRow) -> Standing:
        """Start the container; abort once the revision is unwanted, even if the engine is slow."""
        made, wanted = self._notes.deployed(row, one), partial(self._notes.is_wanted, row)
        try:
            found = deployments.launch(
                self._engine, made, partial(self._notes.say, row, one), wanted
            )
        except Stopped:
            return Standing(one.number, "alive", reason=one.revision.reason)
        except Unavailable:
            raise
        except NbyardError as error:
            # Another program took the port meanwhile; a restart chooses a new one.
            if is_port_taken(error.message):
                return self._end(row, one, Ended(None, error=error.message))
            reason = start_failure(error.message) or error.reason
            return self._give_up(row, one, reason, self._by_hand(row, one))
        crash_point("deployment-launched")
        self._since[one.number] = time.monotonic()
        return self._attend(row, one, found)

    def _attend(self, row: DeploymentRow, one: RevisionRow, found: Container) -> Standing:
        """Check whether the running container is ready, or still responds."""
        made = self._notes.deployed(row, one)
        follower = self._followers.get(one.number)
        if follower is None or not follower.is_alive():
            follower = Follower(self._engine, made.container, self._notes.log(row, one))
            self._followers[one.number] = follower
        asked = deployments.asked(made, found)
        places = self._ports.look(one.number, one.places, asked, made.secret)
        since = self._since.setdefault(one.number, time.monotonic())
        lived = time.monotonic() - since
        # Without ports, a process must live for 2 s: even a missing command runs briefly.
        lives = one.has_answered or lived >= PROCESS_SECONDS
        is_ready = places[0].answers if places else lives
        has_answered = is_ready or one.has_answered
        if not has_answered and lived > made.spec.start_seconds:
            by_hand = self._by_hand(row, one)
            return self._give_up(row, one, never_answered(made.spec), by_hand)
        if places != one.places or has_answered != one.has_answered:
            is_new = has_answered != one.has_answered
            self._note_places(row, one, places, made.secret, is_new=is_new)
        told, says = one.revision.reason, self._ports.words(one.number)
        return Standing(one.number, "alive", is_ready, has_answered, told, says=says)

    def _note_places(
        self,
        row: DeploymentRow,
        one: RevisionRow,
        places: list[Place],
        secret: str,
        *,
        is_new: bool,
    ) -> None:
        told: dict[str, Any] = {}
        if is_new:
            told |= {"ready_at": datetime.now(UTC), "reason": None, "reproduce": ""}
            is_api = one.revision.spec.service == "api"
            told["forms"] = described(places[0], secret) if is_api else []
        self._notes.places(row, one, places, **told)

    # Revisions that ended

    def _ended(self, row: DeploymentRow, one: RevisionRow, found: Container) -> Ended:
        self._hear_out(one.number)
        lived = max(found.finished_at - found.started_at, 0.0)
        last = self._notes.said_last(row, one, TAIL_BYTES)
        return Ended(found.exit_code, found.out_of_memory, found.error, last, lived)

    def _end(self, row: DeploymentRow, one: RevisionRow, ended: Ended) -> Standing:
        """Decide after an exit whether to restart the revision."""
        spec = one.revision.spec
        reason = end_reason(ended, spec)
        restarts = restarts_then(ended, one.revision.restarts)
        follows = after(ended, one.revision.restarts, spec.service)
        if follows == "failed":
            by_hand = self._by_hand(row, one)
            return self._give_up(row, one, reason, by_hand, ended.exit_code, restarts)
        self._notes.say(row, one, str(reason))
        if follows == "completed":
            self._over(one, exit_code=0, reason=None, reproduce="")
            return self._rest(row, one, Standing(one.number, "over", exit_code=0))
        wait = backoff_seconds(restarts)
        self._not_before[one.number] = time.monotonic() + wait
        self._since.pop(one.number, None)
        again = because("service-restarts", end=reason)
        self._notes.note(
            one,
            **{"started_at": None, "ready_at": None, "gpus": [], "places": []},
            **{"restarts": restarts, "exit_code": ended.exit_code, "reason": again},
            reproduce=self._by_hand(row, one),
        )
        self._engine.remove(self._notes.deployed(row, one).container)
        return Standing(one.number, "pending", reason=again)

    def _give_up(
        self,
        row: DeploymentRow,
        one: RevisionRow,
        reason: Reason,
        by_hand: str,
        exit_code: int | None = None,
        restarts: int = 0,
    ) -> Standing:
        self._notes.say(row, one, str(reason))
        told = {"reason": reason, "reproduce": by_hand, "exit_code": exit_code}
        self._over(one, **told, restarts=restarts or one.revision.restarts)
        over = Standing(one.number, "over", reason=reason, exit_code=exit_code)
        return self._rest(row, one, over)

    def _over(self, one: RevisionRow, **columns: Any) -> None:
        """Record the end of a revision, which keeps its GPUs until its container is gone."""
        self._since.pop(one.number, None)
        self._notes.note(one, ended_at=datetime.now(UTC), places=[], **columns)

    def _rest(self, row: DeploymentRow, one: RevisionRow, over: Standing) -> Standing:
        """Return the standing of an ended revision: alive until its container is gone."""
        if self._let_go(row, one):
            return over
        return Standing(one.number, "alive", reason=over.reason)

    def _let_go(self, row: DeploymentRow, one: RevisionRow) -> bool:
        """Remove the container and free the GPUs; return whether both are done."""
        self._pins.leave(one.number)
        if not self._departures.is_gone(one.number, self._notes.deployed(row, one).container):
            return False
        if one.revision.gpus:
            self._notes.note(one, gpus=[])
        return True

    # Unwanted revisions

    def _leave(self, row: DeploymentRow, one: RevisionRow) -> None:
        """Stop a replaced revision after its open requests have ended."""
        if one.has_answered and not self._departures.is_drained(one):
            return
        self._end_softly(row, one)

    def _end_softly(self, row: DeploymentRow, one: RevisionRow) -> bool:
        """Stop the revision; return whether its end is recorded and its container is gone."""
        if not one.is_over:
            name = self._notes.deployed(row, one).container
            if not self._departures.has_stopped(one, name):
                return False
            self._since.pop(one.number, None)
            if not self._notes.stopped(row, one):
                return False
        return self._let_go(row, one)

    def _hear_out(self, number: int) -> None:
        """Copy the rest of the container's output to the log."""
        follower = self._followers.pop(number, None)
        if follower is not None:
            follower.join(LAST_SECONDS)

    def _stop(self, row: DeploymentRow) -> None:
        if all([self._end_softly(row, one) for one in row.revisions.values()]):
            deployments.rest(self._engine, self._notes.deployed(row, row.newest))
            with self._room.write() as c:
                told = {"revision": row.newest.number}
                self._rows.move(c, row, "stopped", told, since="stopping", serving=0, reason=None)

    def _remove(self, row: DeploymentRow) -> None:
        """Delete the deployment without draining."""
        if not all([self._let_go(row, one) for one in row.revisions.values()]):
            return
        deployments.clear(self._engine, self._notes.deployed(row, row.newest))
        with self._room.write() as c:
            self._rows.delete(c, row.id)
        shutil.rmtree(self._room.folder / deployment_folder(row.id), ignore_errors=True)

    def _by_hand(self, row: DeploymentRow, one: RevisionRow) -> str:
        name = one.revision.spec.image
        return deployments.shown_by_hand(self._engine, self._notes.deployed(row, one), name)

    @property
    def _url(self) -> str:
        return "" if self._engine.url == LOCAL_SOCKET else self._engine.url
