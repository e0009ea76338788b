"""Bring one deployment to its wanted state: each step observes it and takes the next action.

What happens to each revision is decided in `revision_phase_table`. A rollback is a new revision
(`services/deployments.py`), which is rolled out like any other.

Answer programs with a key at a deployment's own port: deliver keys, and keep its relay.
"""

import shutil
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.deployments.deployment_records import DeploymentRecords
from nbyard.dispatch.deployments.revision_driver import RevisionDriver, RevisionMemory
from nbyard.dispatch.deployments.revision_phase_table import Event, wanted_event
from nbyard.dispatch.service_health import refuses_strangers
from nbyard.dockerd import Engine
from nbyard.domain.deployments.deployment_status import RevisionStatus, state_of
from nbyard.domain.deployments.structs import Place, deployment_folder
from nbyard.domain.state_machines import DEPLOYMENT
from nbyard.errors import Conflict, NotFound, Unavailable
from nbyard.ipc.port_relay import Route, close_relay, is_relayed, open_relay
from nbyard.reasons.structs import Reason, because
from nbyard.runtimes.docker import deployment_containers
from nbyard.store.deployments import DeploymentRow, RevisionRow

REACH_SECONDS = 1.0
UNCHECKED = because("keys-not-checked")


class OwnPort:
    """The own port of one deployment.

    What it remembers only saves work: a new dispatcher delivers the keys again.
    """

    def __init__(self, context: DispatchContext, engine: Engine, notes: DeploymentRecords):
        self._context, self._engine, self.notes = context, engine, notes
        self._delivered: dict[int, str] = {}
        self._checked: dict[tuple[str, int], bool] = {}
        self._reached: dict[tuple[str, int], bool] = {}
        self._problem: Reason | None = None

    def deliver(self, row: DeploymentRow, revision_row: RevisionRow, *, is_leaving: bool) -> None:
        """Pass the current keys to the container of a revision.

        A container that `is_leaving` asks its clients to connect again: to the next revision.
        """
        made = self.notes.launch_description(row, revision_row, is_leaving=is_leaving)
        if made.secret and self._delivered.get(revision_row.number) != made.keys:
            with suppress(NotFound, Conflict):  # a later step delivers them
                deployment_containers.put_keys(self._engine, made)
                self._delivered[revision_row.number] = made.keys

    def serve(self, row: DeploymentRow) -> None:
        """Connect the own port, if there is one, with the serving revision."""
        rows, keys = self._context.store.deployments, self._context.store.deployment_keys
        with self._context.store.read() as c:
            port = keys.port(c, row.id)
            serving = port and rows.revision(c, row.id, rows.serving_number(c, row.id))
        if not serving or not serving.places or not serving.places[0].answers:
            return
        place, settings = serving.places[0], self._context.settings
        files = settings.deployment_certificate, settings.deployment_certificate_key
        host, target = self._nearest(place)
        route = Route(settings.deployment_address, port, target, host, *files)
        folder = self._context.folder / deployment_folder(row.id)
        # It may just be busy: what is relayed now stays.
        if is_relayed(folder, route) or (checks_keys := self._checks_keys(place)) is None:
            return
        if not checks_keys:
            close_relay(folder)
            self._log_once(row, serving, UNCHECKED)
            return
        try:
            opened = open_relay(folder, route)
        except OSError as error:
            why = because("no-port-for-keys", address=route.address, error=str(error))
            self._log_once(row, serving, why)
            return
        if opened != port:
            with self._context.write() as c:
                keys.set_port(c, row.id, opened)

    def _nearest(self, place: Place) -> tuple[str, int]:
        """Return the address at which the relay reaches a container.

        Its own address spares the proxy of the engine. Rootless engines have none to reach.
        """
        inside = place.inside, place.inside_port
        if inside not in self._reached:
            self._reached = {inside: False}
            if place.inside:
                with suppress(OSError), socket.create_connection(inside, REACH_SECONDS):
                    self._reached[inside] = True
        return inside if self._reached[inside] else (place.host, place.port)

    def _checks_keys(self, place: Place) -> bool | None:
        """Return whether the container refuses requests without a key; None if unknown.

        A deployment with keys may have been edited to answer all programs that reach its port.
        """
        spot = place.host, place.port
        if spot not in self._checked:
            refuses = refuses_strangers(place)
            self._checked = {} if refuses is None else {spot: refuses}
        return self._checked.get(spot)

    def _log_once(self, row: DeploymentRow, serving: RevisionRow, problem: Reason) -> None:
        if problem != self._problem:
            self._problem = problem
            self.notes.append_to_log(row, serving, str(problem))

    def close(self, row: DeploymentRow) -> None:
        """Close the own port; open connections end first."""
        close_relay(self._context.folder / deployment_folder(row.id))


SOON_SECONDS, CALM_SECONDS = 0.2, 2.0


class Rollout:
    """The steps of one deployment, executed by one thread at a time.

    Once `gives_way` is set, the serving revision releases its GPUs for the newest. `wake` ends the
    wait of the dispatcher.
    """

    def __init__(self, context: DispatchContext, engine: Engine, wake: Callable[[], None]):
        self._context = context
        self._rows = context.store.deployments
        self._engine = engine
        self.memory = RevisionMemory(context, engine, self._hurry)
        self.notes = DeploymentRecords(context)
        self._own_port = OwnPort(context, engine, self.notes)
        self.gives_way = False
        self.due = 0.0
        self._wake = wake

    def _hurry(self) -> None:
        """Advance the next step, because a container has ended."""
        self.due = 0.0
        self._wake()

    def step(self, row: DeploymentRow) -> None:
        """Execute the next action; set when the next step is due."""
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
                self.notes.record_state(row, state, error.reason)
            wait = CALM_SECONDS
        self.due = time.monotonic() + wait

    def mark_failed(self, row: DeploymentRow, reason: Reason) -> None:
        """Mark the deployment as failed, after an unexpected error that repeats.

        The deployment fails as soon as its container is gone. Until then its removal is repeated.
        """
        self.due = time.monotonic() + CALM_SECONDS
        if row.is_removed:
            return
        with self._context.write() as c:
            if not self._rows.is_as_seen(c, row):
                return
            if row.is_wanted and not row.newest.is_over:
                columns = {"ended_at": datetime.now(UTC), "places": [], "reason": reason}
                self._rows.set_revision(c, row.newest.revision.id, **columns)
        self.notes.record_state(row, "down" if row.is_wanted else "stopping", reason)

    def _drive(self, row: DeploymentRow) -> float:
        """Advance all revisions and return the seconds until the next check."""
        kept, is_leaving = {}, False
        for revision in row.revisions.values():
            newest, serving = row.newest.number, row.serving
            wish = wanted_event(revision.number, newest, serving, gives_way=self.gives_way)
            status = self._advance(row, revision, wish)
            if wish is Event.WANTED:
                kept[revision.number] = status
            else:
                is_leaving = is_leaving or status.phase != "over"
            if status.phase == "alive":
                self._own_port.deliver(row, revision, is_leaving=wish is not Event.WANTED)
        self._own_port.serve(row)
        with self._context.store.read() as c:
            # A revision that answered for the first time in this step now gets the requests.
            serving = self._rows.serving_number(c, row.id)
        state, reason = state_of(serving, kept, is_leaving=is_leaving)
        if state in DEPLOYMENT.rests:
            self._own_port.close(row)
            deployment_containers.remove_network(
                self._engine, self.notes.launch_description(row, row.newest)
            )
        self.notes.record_state(row, state, reason)
        return self._seconds_until_due(kept.values())

    def _advance(
        self, row: DeploymentRow, revision_row: RevisionRow, wish: Event
    ) -> RevisionStatus:
        return RevisionDriver(
            self._context, self.memory, self.notes, row, revision_row, wish
        ).begin()

    def _seconds_until_due(self, kept: Iterable[RevisionStatus]) -> float:
        is_starting = any(status.phase == "alive" and not status.has_answered for status in kept)
        if is_starting or self.memory.departures.is_busy:
            return SOON_SECONDS
        now = time.monotonic()
        waits = [moment - now for moment in self.memory.not_before.values() if moment > now]
        return min([CALM_SECONDS, *waits])

    def _end_all(self, row: DeploymentRow, wish: Event) -> bool:
        ends = [self._advance(row, revision, wish) for revision in row.revisions.values()]
        return all(status.phase == "over" for status in ends)

    def _stop(self, row: DeploymentRow) -> None:
        self._own_port.close(row)
        if self._end_all(row, Event.STOPPED):
            deployment_containers.remove_network(
                self._engine, self.notes.launch_description(row, row.newest)
            )
            with self._context.write() as c:
                event = {"revision": row.newest.number}
                self._rows.move(c, row, "stopped", event, since="stopping", serving=0, reason=None)

    def _remove(self, row: DeploymentRow) -> None:
        """Delete the deployment without draining."""
        self._own_port.close(row)
        if not self._end_all(row, Event.DELETED):
            return
        deployment_containers.remove_shared_objects(
            self._engine, self.notes.launch_description(row, row.newest)
        )
        with self._context.write() as c:
            self._rows.delete(c, row.id)
        shutil.rmtree(self._context.folder / deployment_folder(row.id), ignore_errors=True)
