"""Service operations on deployments. The dispatcher starts and stops their containers."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import structs

from nbyard.domain.callers import Caller
from nbyard.domain.deployments import ai4os
from nbyard.domain.deployments.creation_form import (
    IDES,
    MAX_TITLE,
    MODEL,
    OFFERED,
    apply_change,
    complete_request,
    free_title,
    presets_for,
    warnings_of,
)
from nbyard.domain.deployments.deployment_status import not_answering_error
from nbyard.domain.deployments.endpoint_forms import CallForms
from nbyard.domain.deployments.keys import (
    SHOWN,
    CreatedKey,
    DeploymentKey,
    NewDeploymentKey,
    check_accepts_keys,
    check_new_key,
    hash_of_key,
    new_key_text,
)
from nbyard.domain.deployments.structs import (
    Deployment,
    DeploymentChange,
    DeploymentEvent,
    DeploymentForm,
    NewDeployment,
    Revision,
    Target,
    deployment_folder,
    log_name,
)
from nbyard.domain.deployments.traffic import Counted, Traffic, traffic_of
from nbyard.domain.ids import new_id
from nbyard.domain.images.structs import fits_pattern
from nbyard.domain.naming.unique_names import name_taken, nearest_names, no_such
from nbyard.domain.paging import Page, page_of
from nbyard.domain.runs.attempt_views import LogChunk
from nbyard.domain.state_machines import DEPLOYMENT
from nbyard.errors import Conflict, Forbidden, NotFound, StaleWrite
from nbyard.host import hardware
from nbyard.host.hardware import engine_size
from nbyard.ipc.deployment_secret import KeptSecret, hash_password
from nbyard.ipc.port_relay import address_of, open_port
from nbyard.logs.log_files import KeptTraffic, RotatingLog
from nbyard.reasons.structs import Reason, because
from nbyard.services.models.packages import deployable_model
from nbyard.services.operation import operation
from nbyard.services.projects.automatic_links import link_to_active
from nbyard.services.requests import filter_project, find_earlier_request, store_idempotency_key
from nbyard.services.service_context import Service, ServiceContext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nbyard.domain.deployments.structs import RevisionSpec
    from nbyard.store import Connection

DESCRIBED, EDITED = because("deployment-described"), because("deployment-edited")


class DeploymentService(Service):
    """Deployments: their requested revisions and their observed states."""

    noun = "deployments"

    def __init__(self, context: ServiceContext):
        super().__init__(context)
        self._rows = context.store.deployments

    @operation("GET", "/deployment-form", scope="deployments:read")
    def form(self, caller: Caller) -> DeploymentForm:
        """Show the deployment form: choices, defaults, ranges, help."""
        settings, engine = self._context.settings, self._context.engine()
        presets, there = presets_for(*engine_size(settings)), hardware.gpu_ids(settings.gpus)
        return DeploymentForm([*presets], [*OFFERED], [*there], engine)

    @operation("POST", "/deployments", scope="deployments:write", status=201)
    def create(self, caller: Caller, body: NewDeployment, idempotency_key: str = "") -> Deployment:
        """Deploy an image as a service that runs until it is stopped.

        Omitted options take their values from the preset and the service. `image` may name a model
        that was built here; the deployment waits until it is built. It is *running* once it
        responds. The default title is the model's name, with a number if that title is taken.

        Raises:
            OverQuota: the deployment does not fit into the quota of its owner.
        """
        asked, body = body, ai4os.to_own_fields(body)
        title = body.title
        with ai4os.with_request_field_names(asked):
            body = self._with_model(caller, body)
            name, spec = complete_request(body, presets_for(*engine_size(self._context.settings)))
        password = hash_password(body.password)
        unseen = structs.replace(body, password="")  # only the hash of a password is stored
        with self._context.writing_work(is_new=True) as c:
            made = find_earlier_request(self._context, c, caller.name, idempotency_key, unseen)
            if made is None:
                made = new_id()
                if name in self._rows.names(c, caller.name).values():
                    raise name_taken(
                        f"Another deployment already uses the host name '{name}'.",
                        "Choose another name, or edit or delete that deployment.",
                    )
                self._check_image(c, caller, spec)
                title = title or free_title(self._rows.titles(c, caller.name), body.title or name)
                texts = {"name": name, "title": title, "description": body.description}
                self._rows.insert(c, caller.name, made, texts)
                self._rows.add_revision(c, made, spec, because("deployment-created"), password)
                new = self._find(c, caller, made)
                link_to_active(self._store, c, caller, caller.project, "deployments.create", new)
                self._store.quotas.check_deployment(c, made, caller.name)
                store_idempotency_key(self._context, c, caller.name, idempotency_key, unseen, made)
        deployment = self.get(caller, made)
        warnings = [*deployment.warnings, *ai4os.ignored_fields(asked)]
        return structs.replace(deployment, warnings=warnings)

    def _check_image(self, c: Connection, caller: Caller, spec: RevisionSpec) -> None:
        rules = self._store.isolation
        self._store.images.usable(c, rules, caller.name, spec.image, awaits=True)

    def _with_model(self, caller: Caller, body: NewDeployment) -> NewDeployment:
        """Return the request with image, title and port of the model that it names, if any."""
        named = body.image if body.service == "api" else ""
        package = deployable_model(self._store, caller, named)
        if package is None:
            return body
        ports = [MODEL] if body.ports is None else body.ports
        title = body.title or package.name[:MAX_TITLE]
        return structs.replace(body, image=package.reference, title=title, ports=ports)

    @operation("GET", "/deployments", scope="deployments:read")
    def list(
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        search: str = "",
        state: str = "",
        project: str = "",
    ) -> Page[Deployment]:
        """List deployments, newest first, or those in one state."""
        self._context.watch()
        with self._store.read() as c:
            of = filter_project(self._store, c, caller, project)
            deployments = self._rows.page(
                c, caller.name, limit + 1, after, search, state, project=of
            )
        return page_of([self._warned(deployment) for deployment in deployments], limit)

    @operation("GET", "/deployments/{deployment}", scope="deployments:read")
    def get(self, caller: Caller, deployment: str) -> Deployment:
        """Show a deployment, by ID or name."""
        self._context.watch()
        with self._store.read() as c:
            return self._warned(self._find(c, caller, deployment))

    def _find(self, c: Connection, caller: Caller, key: str) -> Deployment:
        deployment = self._rows.get(c, caller.name, key)
        if deployment is None:
            raise no_such("deployment", key, self._rows.names(c, caller.name).values())
        return deployment

    def _warned(self, deployment: Deployment) -> Deployment:
        settings = self._context.settings
        warnings = warnings_of(deployment.spec, settings.ide_images)
        address = ""
        if deployment.port:
            address = address_of(
                settings.deployment_address, deployment.port, settings.deployment_certificate
            )
        return structs.replace(deployment, warnings=warnings, address=address)

    @operation("PATCH", "/deployments/{deployment}", scope="deployments:write")
    def edit(self, caller: Caller, deployment: str, body: DeploymentChange) -> Deployment:
        """Change a deployment.

        A change of anything but title and description creates a revision. It starts beside the
        current one and takes over once it responds.

        Raises:
            StaleWrite: another request changed the deployment.
        """
        named = body.image if isinstance(body.image, str) else ""
        package = deployable_model(self._store, caller, named)
        if package is not None:
            body = structs.replace(body, image=package.reference)
        with self._context.writing_work(is_new=True) as c:
            record = self._find(c, caller, deployment)
            if body.revision and body.revision != record.revision:
                raise StaleWrite(
                    f"{record.name} was changed in the meantime: it now has revision"
                    f" {record.revision}."
                )
            if body.changed_at and body.changed_at != record.changed_at:
                raise StaleWrite(f"{record.name} was changed in the meantime.")
            spec = apply_change(record.spec, body)
            said = {"title": body.title, "description": body.description}
            texts = {name: text for name, text in said.items() if isinstance(text, str)}
            if texts:
                self._rows.change(c, record, {"change": DESCRIBED}, **texts)
            known = self._rows.revision(c, record.id, record.revision)
            assert known is not None
            image_id = known.revision.image_id if spec.image == record.spec.image else ""
            if package is not None and image_id:  # the tag may name a newer build by now
                image_id = package.image_id
            self._check_image(c, caller, spec)
            is_other = spec != record.spec or image_id != known.revision.image_id
            if isinstance(body.password, str):
                self._add_revision(
                    c, caller, record, spec, EDITED, hash_password(body.password), image_id
                )
            elif is_other:
                self._add_revision(c, caller, record, spec, EDITED, known.password, image_id)
        return self.get(caller, record.id)

    @operation("POST", "/deployments/{deployment}/rollback", scope="deployments:write")
    def rollback(self, caller: Caller, deployment: str, revision: int = 0) -> Deployment:
        """Roll back to an older revision; by default the previous one.

        The rollback creates a new revision. It takes over once it responds, as after an edit.

        Raises:
            NotFound: no earlier revision exists.
        """
        with self._context.writing_work(is_new=True) as c:
            record = self._find(c, caller, deployment)
            wanted = revision or record.revision - 1
            older = self._rows.revision(c, record.id, wanted)
            if older is None or wanted == record.revision:
                why = (
                    f"{record.name} has no earlier revision {wanted}: the current one is"
                    f" {record.revision}."
                )
                raise NotFound(why, hint=f"nbyard deployments revisions {record.name} lists them.")
            origin = because("deployment-rolled-back", revision=wanted)
            of_then = older.revision.image_id
            self._add_revision(
                c, caller, record, older.revision.spec, origin, older.password, of_then
            )
        return self.get(caller, record.id)

    def _add_revision(  # noqa: PLR0913, PLR0917  these are the columns
        self,
        c: Connection,
        caller: Caller,
        deployment: Deployment,
        spec: RevisionSpec,
        origin: Reason,
        password: str,
        image_id: str,
    ) -> None:
        """Add a revision. If the deployment has failed or completed, queue it again."""
        number = self._rows.add_revision(c, deployment.id, spec, origin, password, image_id)
        event = {"change": origin, "revision": number}
        if deployment.state in ("failed", "completed"):
            self._rows.move(c, deployment, "queued", event, is_wanted=True, reason=None)
        else:
            self._rows.change(c, deployment, event, reason=None)
        self._store.quotas.check_deployment(c, deployment.id, caller.name)

    @operation("POST", "/deployments/{deployment}/start", scope="deployments:write")
    def start(self, caller: Caller, deployment: str) -> Deployment:
        """Start a stopped, completed or failed deployment.

        Raises:
            OverQuota: the deployment does not fit into the quota of its owner.
        """
        with self._context.writing_work(is_new=True) as c:
            record = self._find(c, caller, deployment)
            if record.state in {*DEPLOYMENT.rests, "stopping"}:
                event = {"change": because("start-requested"), "revision": record.revision}
                # A service that was still stopping has the start of the old period.
                begun = datetime.now(UTC) if record.state == "stopping" else None
                period: dict[str, Any] = {"period_start": begun, "reminded_at": None}
                self._rows.move(c, record, "queued", event, is_wanted=True, reason=None, **period)
                self._rows.reset_ended_revision(c, record.id, record.revision)
                self._store.quotas.check_deployment(c, record.id, caller.name)
        return self.get(caller, record.id)

    @operation("POST", "/deployments/{deployment}/extend", scope="deployments:write")
    def extend(self, caller: Caller, deployment: str) -> Deployment:
        """Extend a deployment by another lifetime from now on.

        Its service continues. Nothing changes if its quotas have no lifetime.

        Raises:
            Conflict: the deployment does not run.
            OverQuota: the deployment does not fit into the present quota of its owner.
        """
        with self._store.write() as c:
            record = self._find(c, caller, deployment)
            if record.state in {*DEPLOYMENT.rests, "stopping"}:
                why = f"{record.name} is {record.state}, so it cannot be extended."
                raise Conflict(why, hint="Start it for another lifetime.")
            if record.expires_at is not None:
                self._store.quotas.check_deployment(c, record.id, caller.name)
                period = {"period_start": datetime.now(UTC), "reminded_at": None}
                event = {"change": because("lifetime-extended"), "revision": record.revision}
                self._rows.record_fact(c, record, event, **period)
        return self.get(caller, record.id)

    @operation("POST", "/deployments/{deployment}/stop", scope="deployments:write")
    def stop(self, caller: Caller, deployment: str) -> Deployment:
        """Stop a deployment. It keeps its settings for a restart."""
        with self._context.writing_work() as c:
            record = self._find(c, caller, deployment)
            if record.state not in ("stopping", "stopped"):
                event = {"change": because("stop-requested"), "revision": record.revision}
                self._rows.move(c, record, "stopping", event, is_wanted=False)
        return self.get(caller, record.id)

    @operation("DELETE", "/deployments/{deployment}", scope="deployments:write", status=204)
    def delete(self, caller: Caller, deployment: str) -> None:
        """Delete a deployment with its revisions, files and logs."""
        with self._context.writing_work() as c:
            self._rows.remove(c, self._find(c, caller, deployment))

    @operation("GET", "/deployments/{deployment}/keys", scope="deployments:read")
    def keys(self, caller: Caller, deployment: str) -> Page[DeploymentKey]:
        """List the keys of a deployment, newest first."""
        with self._store.read() as c:
            record = self._find(c, caller, deployment)
            return Page(self._store.deployment_keys.list(c, record.id))

    @operation("POST", "/deployments/{deployment}/keys", scope="deployments:write", status=201)
    def create_key(self, caller: Caller, deployment: str, body: NewDeploymentKey) -> CreatedKey:
        """Create a key with which programs call a deployment at its own address.

        The response has the key, which is not shown again. A program sends it as
        `Authorization: Bearer KEY`.

        Raises:
            Conflict: the deployment does not check keys.
        """
        check_new_key(body)
        text, now = new_key_text(), datetime.now(UTC)
        expiry = None if body.days is None else now + timedelta(days=body.days)
        key = DeploymentKey(new_id(), text[:SHOWN], body.name, now, expiry)
        with self._context.writing_work(is_new=True) as c:
            record = self._find(c, caller, deployment)
            check_accepts_keys(record)
            if not record.port:
                with open_port(self._context.settings.deployment_address) as entrance:
                    port = entrance.getsockname()[1]
                self._store.deployment_keys.set_port(c, record.id, port)
            self._store.deployment_keys.insert(c, record, key, hash_of_key(text))
        address = self.get(caller, record.id).address
        return CreatedKey(**structs.asdict(key), key=text, address=address)

    @operation(
        "DELETE", "/deployments/{deployment}/keys/{key}", scope="deployments:write", status=204
    )
    def delete_key(self, caller: Caller, deployment: str, key: str) -> None:
        """Revoke a key of a deployment, by ID or prefix. It is refused within seconds.

        Raises:
            NotFound: the deployment has no such key.
        """
        with self._context.writing_work() as c:
            record = self._find(c, caller, deployment)
            keys = self._store.deployment_keys.list(c, record.id)
            meant = next((each for each in keys if key in (each.id, each.prefix)), None)
            if meant is None:
                raise NotFound(f"{record.name} has no key {key[:80]}.")
            self._store.deployment_keys.delete(c, record, meant)

    def store_urls(self, **urls: str) -> None:
        """Store the server's `base_url` for links of services, its `server_url` for messages."""
        with self._store.read() as c:
            new = {name: url for name, url in urls.items() if self._store.facts.get(c, name) != url}
        # They seldom change between starts, so most starts take no write lock.
        if new:
            with self._store.write() as c:
                for name, url in new.items():
                    self._store.facts.set(c, name, url)

    def target(self, caller: Caller, name: str, port: str) -> Target:
        """Return where the proxy can reach a port of a deployment now.

        A deployment has its name for its owner, and its ID for those with whom it is shared.

        Raises:
            Forbidden: Only the owner can open the port.
            NotFound: The caller has no such deployment, or the deployment has no such port.
            Unavailable: The deployment does not run or does not respond. The message says why.
        """
        with self._store.read() as c:
            row = self._rows.serving(c, caller.name, name)
        if row is None or not row.places:
            raise not_answering_error(self.get(caller, name))
        ports = row.revision.spec.ports
        for declared in ports:
            for place in row.places:
                if declared.name == place.name == port and place.port:
                    if not (place.answers or row.places[0].answers):
                        raise not_answering_error(self.get(caller, name))
                    spec, is_own = row.revision.spec, name != row.deployment
                    if not is_own and (declared.keep_prefix or spec.service in IDES):
                        raise Forbidden(f"Only the owner of {name} can open its port {port}.")
                    # What others made never gets the session of its visitor.
                    is_trusted = (
                        is_own
                        and spec.service in IDES
                        and fits_pattern(spec.image, self._context.settings.ide_images)
                    )
                    secret = KeptSecret(self._folder(row.deployment), row.number).read()
                    at = (place.host, place.port, declared.websocket, declared.keep_prefix)
                    return Target(row.deployment, *at, is_trusted, secret)
        present = nearest_names([port.name for port in ports], port)
        raise NotFound(f"{name} has no port '{port[:80]}'; {present}.")

    @operation("GET", "/deployments/{deployment}/traffic", scope="deployments:read")
    def traffic(self, caller: Caller, deployment: str, span: str = "hour") -> Traffic:
        """Show request counts, errors and latency of a deployment.

        `span` is `hour`, counted by the minute, or `day`, counted by the quarter of an hour.
        Websockets count when they are opened. The last few seconds may be missing.
        """
        with self._store.read() as c:
            record = self._find(c, caller, deployment)
        return traffic_of(self._traffic(record.id).read(), span, time.time())

    def counted(self, deployment_id: str, counts: Sequence[Counted]) -> None:
        """Add request counts of the proxy to a deployment's traffic.

        Ignore deleted deployments.
        """
        with self._store.read() as c:
            if deployment_id not in self._rows.ids(c):
                return
        self._traffic(deployment_id).add(counts)

    def _traffic(self, deployment_id: str) -> KeptTraffic:
        return KeptTraffic(self._folder(deployment_id))

    def _folder(self, deployment_id: str) -> Path:
        return self._store.folder / deployment_folder(deployment_id)

    @operation("GET", "/deployments/{deployment}/events", scope="deployments:read")
    def events(
        self, caller: Caller, deployment: str, limit: int = 50, after: int = 0
    ) -> Page[DeploymentEvent]:
        """List the events of a deployment, newest first."""
        with self._store.read() as c:
            record = self._find(c, caller, deployment)
            items = self._rows.events(c, record.id, limit + 1, after)
        return page_of(items, limit, lambda event: str(event.id))

    @operation("GET", "/deployments/{deployment}/forms", scope="deployments:read")
    def forms(self, caller: Caller, deployment: str) -> CallForms:
        """Show the endpoints in the Swagger of a deployment (DEEPaaS)."""
        with self._store.read() as c:
            record = self._find(c, caller, deployment)
            forms = self._rows.forms(c, record.id)
        return CallForms(record.links[0].path if record.links else "", forms)

    @operation("GET", "/deployments/{deployment}/revisions", scope="deployments:read")
    def revisions(
        self, caller: Caller, deployment: str, limit: int = 50, after: int = 0
    ) -> Page[Revision]:
        """List the revisions of a deployment, newest first."""
        with self._store.read() as c:
            record = self._find(c, caller, deployment)
            items = self._rows.revisions(c, record.id, limit + 1, after)
        return page_of(items, limit, lambda revision: str(revision.number))

    @operation("GET", "/deployments/{deployment}/log", scope="deployments:read")
    def log(self, caller: Caller, deployment: str, revision: int = 0, after: int = 0) -> LogChunk:
        """Read the log of a revision from byte `after` on.

        The default is the newest revision.

        Raises:
            NotFound: the deployment has no such revision.
        """
        self._context.watch()
        with self._store.read() as c:
            record = self._find(c, caller, deployment)
            number = revision or record.revision
            row = self._rows.revision(c, record.id, number)
        if row is None:
            raise NotFound(f"{record.name} has no revision {number}.")
        path = self._folder(record.id) / log_name(number)
        is_over = record.state in DEPLOYMENT.rests or number not in (
            record.revision,
            record.serving,
        )
        return RotatingLog(path).read(after, done=is_over)
