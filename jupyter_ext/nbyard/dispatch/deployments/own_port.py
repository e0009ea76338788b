"""Answer programs with a key at a deployment's own port: deliver keys, and keep its relay."""

import socket
from contextlib import suppress

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.deployments.deployment_records import DeploymentRecords
from nbyard.dispatch.service_health import refuses_strangers
from nbyard.dockerd import Engine
from nbyard.domain.deployments.structs import Place, deployment_folder
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
        self._context, self._engine, self._notes = context, engine, notes
        self._delivered: dict[int, str] = {}
        self._checked: dict[tuple[str, int], bool] = {}
        self._reached: dict[tuple[str, int], bool] = {}
        self._problem: Reason | None = None

    def deliver(self, row: DeploymentRow, revision_row: RevisionRow, *, is_leaving: bool) -> None:
        """Pass the current keys to the container of a revision.

        A container that `is_leaving` asks its clients to connect again: to the next revision.
        """
        made = self._notes.launch_description(row, revision_row, is_leaving=is_leaving)
        if made.secret and self._delivered.get(revision_row.number) != made.keys:
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
        """Write a problem to the log of the revision, once."""
        if problem != self._problem:
            self._problem = problem
            self._notes.append_to_log(row, serving, str(problem))

    def close(self, row: DeploymentRow) -> None:
        """Close the own port; open connections end first."""
        close_relay(self._context.folder / deployment_folder(row.id))
