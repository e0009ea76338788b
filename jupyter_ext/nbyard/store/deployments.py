"""Rows of deployments, their revisions and their keys."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, String, cast, delete, func, insert, select, update

from nbyard.domain.deployments.deployment_status import Phase, RevisionStatus
from nbyard.domain.deployments.endpoint_forms import CallForm
from nbyard.domain.deployments.keys import DeploymentKey
from nbyard.domain.deployments.structs import (
    Deployment,
    DeploymentEvent,
    Link,
    Place,
    Revision,
    RevisionSpec,
    link_path,
)
from nbyard.domain.ids import new_id
from nbyard.domain.state_machines import DEPLOYMENT
from nbyard.domain.users.quotas import Quotas
from nbyard.reasons.structs import Reason, because, read_reason
from nbyard.store import events as event_rows
from nbyard.store import transition
from nbyard.store.database.project_filter import linked_to
from nbyard.store.database.query_parts import newest_first, with_text
from nbyard.store.events import Subject
from nbyard.store.models import packages_of_images
from nbyard.store.named_rows import columns_of
from nbyard.store.runs.quotas import QuotaRows
from nbyard.store.schema.deployment_tables import deployment_keys, deployments, revisions
from nbyard.store.schema.tables import events
from nbyard.store.visibility import is_own, may_see, reference_of, role_of

D, R = deployments.c, revisions.c
TOPIC = DEPLOYMENT.name
OWN = ("id", "number", "origin", "image_id", "gpus", "restarts", "exit_code", "reason", "reproduce")
TIMES = ("created_at", "started_at", "ready_at", "ended_at")
UNDER_WAY = D.state.in_(sorted(DEPLOYMENT.live)) | D.removed_at.is_not(None)
# Cheap test: the dispatcher queries this in every round, often without a result.
ANY_UNDER_WAY = select(D.id).where(UNDER_WAY).limit(1)
NOTHING: Mapping[str, Any] = {
    **{"image_id": "", "gpus": [], "places": [], "restarts": 0, "reason": None, "reproduce": ""},
    **{"prefix": "", "forms": []},
}
# The period begins when the newest revision starts, unless another request begins it before.
NEW_PERIOD: Mapping[str, Any] = {"period_start": None, "reminded_at": None}
K = deployment_keys.c
KEY_FIELDS = DeploymentKey.__struct_fields__


class RevisionRow(msgspec.Struct, frozen=True):
    """A revision with the fields that only the dispatcher and the proxy need.

    These are the addresses of its ports, its path prefix and the hash of its password.
    """

    revision: Revision
    places: list[Place]
    prefix: str
    password: str
    deployment: str = ""

    @property
    def number(self) -> int:
        return self.revision.number

    @property
    def is_over(self) -> bool:
        return self.revision.ended_at is not None

    @property
    def has_answered(self) -> bool:
        """Return whether the revision has answered since its last start."""
        return self.revision.ready_at is not None and not self.is_over

    @property
    def phase(self) -> Phase:
        """Return whether the revision is pending, alive or over."""
        if self.is_over:
            return "over"
        return "alive" if self.revision.started_at else "pending"

    @property
    def status(self) -> RevisionStatus:
        """Return the status of the revision when the row was read."""
        known = self.revision
        is_ready = all(place.answers for place in self.places[:1]) and self.has_answered
        outcome = (known.reason, known.exit_code)
        return RevisionStatus(self.number, self.phase, is_ready, self.has_answered, *outcome)


class DeploymentRow(msgspec.Struct, frozen=True):
    """A deployment as the dispatcher sees it, with all its revisions by number."""

    id: str
    name: str
    owner: str
    state: str
    is_wanted: bool
    is_removed: bool
    reason: Reason | None
    serving: int
    revisions: dict[int, RevisionRow]
    started_at: datetime | None
    period_start: datetime | None = None
    reminded_at: datetime | None = None

    @property
    def newest(self) -> RevisionRow:
        return self.revisions[max(self.revisions)]


Known = Deployment | DeploymentRow


class DeploymentRows:
    """Queries on deployments; queries with an `owner` see only the deployments of that owner.

    Only the dispatcher sees a deployment that is being deleted.
    """

    def insert(
        self, c: Connection, owner: str, deployment_id: str, texts: Mapping[str, str]
    ) -> None:
        """Insert a deployment, queued and wanted, still without a revision.

        `texts` holds its name, title and description.
        """
        now = datetime.now(UTC)
        row: dict[str, Any] = {"owner": owner, "is_wanted": True, "reason": None, "serving": 0}
        row |= {"revision": 0, "created_at": now, "changed_at": now, **texts}
        transition.begin(c, DEPLOYMENT, Subject(deployment_id, owner), row)

    def add_revision(
        self,
        c: Connection,
        deployment_id: str,
        spec: RevisionSpec,
        origin: Reason,
        password: str,
        image_id: str = "",
    ) -> int:
        """Insert a revision as the newest one and return its number.

        Without `image_id`, the name of its image is resolved at the first start.
        """
        last = select(func.max(R.number)).where(R.deployment_id == deployment_id)
        number = int(c.execute(last).scalar() or 0) + 1
        row = {"id": new_id(), "deployment_id": deployment_id, "number": number, "origin": origin}
        row |= {"spec": msgspec.to_builtins(spec), "password": password, **NOTHING}
        row["image_id"] = image_id
        c.execute(insert(revisions), [{**row, "created_at": datetime.now(UTC)}])
        values = {"revision": number, **NEW_PERIOD}
        c.execute(update(deployments).where(D.id == deployment_id).values(**values))
        return number

    def change(
        self, c: Connection, of: Known, event_data: Mapping[str, Any], **columns: Any
    ) -> None:
        """Record a change that a user requested; `event_data` is its event."""
        self.record_fact(c, of, event_data, changed_at=datetime.now(UTC), **columns)

    def record_fact(
        self, c: Connection, of: Known, event_data: Mapping[str, Any], **columns: Any
    ) -> None:
        """Record an observed fact; `event_data` is its event."""
        c.execute(update(deployments).where(D.id == of.id).values(**columns))
        event_rows.append(c, TOPIC, _subject(of), event_data)

    def move(
        self,
        c: Connection,
        of: Known,
        to: str,
        event_data: Mapping[str, Any],
        *,
        since: str = "",
        **columns: Any,
    ) -> bool:
        """Move a deployment to its next state; return False if its state does not allow it.

        With `since`, only that current state allows it.
        """
        columns |= {"finished_at": datetime.now(UTC)} if to in DEPLOYMENT.rests else {}
        columns |= {"finished_at": None} if to == DEPLOYMENT.initial else {}
        known = {since} if since else None
        return transition.move(
            c, DEPLOYMENT, _subject(of), to, since=known, event_data=event_data, **columns
        )

    def remove(self, c: Connection, deployment: Deployment) -> None:
        """Hide the deployment and free its name; the dispatcher then deletes it."""
        # Names are unique per owner; the ID as a name frees the old one at once.
        values = {"removed_at": datetime.now(UTC), "is_wanted": False, "name": deployment.id}
        c.execute(update(deployments).where(D.id == deployment.id).values(**values))
        event_data = {"change": because("deployment-deleted")}
        event_rows.append(c, TOPIC, _subject(deployment), event_data)

    def delete(self, c: Connection, deployment_id: str) -> None:
        """Delete the deployment with its revisions."""
        c.execute(delete(deployments).where(D.id == deployment_id))

    def reset_ended_revision(self, c: Connection, deployment_id: str, number: int) -> None:
        """Clear how a revision ended, so that it starts again."""
        where = (R.deployment_id == deployment_id, R.number == number, R.ended_at.is_not(None))
        fresh: dict[str, Any] = {"restarts": 0, "reason": None, "reproduce": ""}
        fresh |= dict.fromkeys(("exit_code", "started_at", "ready_at", "ended_at"))
        c.execute(update(revisions).where(*where).values(**fresh))

    def set_period(self, c: Connection, row: DeploymentRow, **columns: Any) -> bool:
        """Update a period, unless a request changed it meanwhile."""
        is_same = D.period_start.is_not_distinct_from(row.period_start)
        changed = update(deployments).where(D.id == row.id, D.is_wanted, is_same)
        return c.execute(changed.values(**columns)).rowcount == 1

    def route_requests(self, c: Connection, of: Known, number: int) -> None:
        """Route requests to this revision from now on."""
        self.record_fact(
            c, of, {"change": because("revision-answers"), "revision": number}, serving=number
        )

    def serving_number(self, c: Connection, deployment_id: str) -> int:
        """Return the number of the serving revision; 0 if none."""
        return int(c.execute(select(D.serving).where(D.id == deployment_id)).scalar() or 0)

    def is_as_seen(self, c: Connection, row: DeploymentRow) -> bool:
        """Return whether no other request has arrived since the row was read."""
        where = (D.id == row.id, D.revision == row.newest.number, D.is_wanted == row.is_wanted)
        return c.execute(select(D.id).where(*where, D.removed_at.is_(None))).first() is not None

    def set_revision(self, c: Connection, revision_id: str, **columns: Any) -> None:
        """Update columns of a revision."""
        c.execute(update(revisions).where(R.id == revision_id).values(**columns))

    def get(self, c: Connection, owner: str, key: str) -> Deployment | None:
        """Return a deployment that the user may see by ID, else the user's own by name."""
        is_named = is_own(owner, D.owner) & (D.name == key)
        query = self._seen(owner).where((D.id == key) | is_named)
        row = c.execute(query.order_by((D.id == key).desc())).first()
        return self._deployments(c, owner, [row])[0] if row else None

    def page(  # noqa: PLR0913  these are the filters
        self,
        c: Connection,
        owner: str,
        limit: int,
        after: str,
        search: str,
        state: str,
        *,
        project: str = "",
    ) -> list[Deployment]:
        """Return a page of deployments, newest first."""
        known = with_text(self._seen(owner, c), search, D.name, D.title)
        known = known.where(linked_to(project, "deployment", D.id))
        query = newest_first(known, D.id, limit, after)
        if state:
            query = query.where(D.state == state)
        return self._deployments(c, owner, c.execute(query).all())

    def expiring(self, c: Connection, owner: str) -> list[Deployment]:
        """Return own deployments that stop soon by their quotas."""
        is_reminded = is_own(owner, D.owner) & D.reminded_at.is_not(None) & D.is_wanted
        rows = c.execute(select(deployments).where(is_reminded, D.removed_at.is_(None))).all()
        return [known for known in self._deployments(c, owner, rows) if known.expires_soon]

    def names(self, c: Connection, owner: str) -> dict[str, str]:
        """Return all names by ID."""
        rows = c.execute(select(D.id, D.name).where(is_own(owner, D.owner), D.removed_at.is_(None)))
        return {row.id: row.name for row in rows}

    def titles(self, c: Connection, owner: str) -> list[str]:
        """Return the titles of all deployments."""
        own = select(D.title).where(is_own(owner, D.owner), D.removed_at.is_(None))
        return [*c.execute(own).scalars()]

    def revisions(
        self, c: Connection, deployment_id: str, limit: int, after: int = 0
    ) -> list[Revision]:
        """Return revisions, newest first; `after` starts below that number."""
        own = select(revisions).where(R.deployment_id == deployment_id)
        query = newest_first(own, R.number, limit, after)
        return [_revision(row) for row in c.execute(query)]

    def revision(self, c: Connection, deployment_id: str, number: int) -> RevisionRow | None:
        """Return a revision with its internal fields."""
        where = (R.deployment_id == deployment_id, R.number == number)
        row = c.execute(select(revisions).where(*where)).first()
        return _revision_row(row) if row else None

    def serving(self, c: Connection, owner: str, name: str) -> RevisionRow | None:
        """Return the revision that serves requests under the user's own name, else under an ID."""
        joined = (D.id == R.deployment_id) & (D.serving == R.number)
        query = select(revisions).join(deployments, joined)
        is_named = is_own(owner, D.owner) & (D.name == name)
        is_seen = (D.id == name) & may_see(owner, D.owner) & D.removed_at.is_(None)
        row = c.execute(query.where(is_named | is_seen).order_by(is_named.desc())).first()
        return _revision_row(row) if row else None

    def forms(self, c: Connection, deployment_id: str) -> list[CallForm]:
        """Return the call forms of the serving revision."""
        joined = (D.id == R.deployment_id) & (D.serving == R.number)
        query = select(R.forms).join(deployments, joined).where(D.id == deployment_id)
        return msgspec.convert(c.execute(query).scalar() or [], list[CallForm])

    def events(
        self, c: Connection, deployment_id: str, limit: int, after: int = 0
    ) -> list[DeploymentEvent]:
        """Return events, newest first; `after` starts before that event."""
        e = events.c
        own = select(events).where(e.topic == TOPIC, e.subject_id == deployment_id)
        known = DeploymentEvent.__struct_fields__
        shared = {"change": because("sharing-changed")}
        return [
            DeploymentEvent(
                row.id,
                row.at,
                **{name: value for name, value in row.data.items() if name in known}
                | {name: read_reason(row.data.get(name)) for name in ("change", "reason")}
                if row.data.get("change") != "shared"
                else shared,
            )
            for row in c.execute(newest_first(own, e.id, limit, after))
        ]

    def under_way(self, c: Connection) -> list[DeploymentRow]:
        """Return the deployments that are live or being deleted, oldest first."""
        if c.execute(ANY_UNDER_WAY).first() is None:
            return []
        rows = c.execute(select(deployments).where(UNDER_WAY).order_by(D.id)).all()
        wanted = R.deployment_id.in_([row.id for row in rows])
        by_deployment: dict[str, dict[int, RevisionRow]] = {row.id: {} for row in rows}
        for revision in c.execute(select(revisions).where(wanted)):
            by_deployment[revision.deployment_id][revision.number] = _revision_row(revision)
        return [
            DeploymentRow(
                *(row.id, row.name, row.owner, row.state, row.is_wanted),
                *(row.removed_at is not None, row.reason, row.serving),
                *(by_deployment[row.id], row.started_at),
                period_start=row.period_start,
                reminded_at=row.reminded_at,
            )
            for row in rows
        ]

    def granted_gpus(self, c: Connection) -> dict[str, list[str]]:
        """Return the GPUs by revision ID; a revision keeps them until its container is gone."""
        rows = c.execute(select(R.id, R.gpus).where(cast(R.gpus, String) != "[]"))
        return {row.id: list(row.gpus) for row in rows}

    def started_revisions(self, c: Connection) -> set[tuple[str, int]]:
        """Return the revisions that have started and not ended, as (deployment, number)."""
        is_begun = R.started_at.is_not(None) & R.ended_at.is_(None)
        rows = c.execute(select(R.deployment_id, R.number).where(is_begun))
        return {(row.deployment_id, row.number) for row in rows}

    def live(self, c: Connection) -> set[str]:
        """Return the IDs of deployments that are live or being deleted."""
        return set(c.execute(select(D.id).where(UNDER_WAY)).scalars())

    def ids(self, c: Connection) -> set[str]:
        """Return the IDs of all deployments."""
        return set(c.execute(select(D.id)).scalars())

    def _seen(self, owner: str, c: Connection | None = None) -> Select[Any]:
        seen = select(deployments, role_of(owner, D.owner, c)).where(may_see(owner, D.owner, c))
        return seen.where(D.removed_at.is_(None))

    def _deployments(self, c: Connection, owner: str, rows: Sequence[Row[Any]]) -> list[Deployment]:
        shown = self._newest_and_serving(c, rows)
        newest = [shown[row.id, row.revision].revision for row in rows]
        images = [(revision.spec.image, revision.image_id) for revision in newest]
        models = packages_of_images(c, owner, images) if rows else {}
        quotas, now = QuotaRows().read(c) if rows else Quotas(), datetime.now(UTC)
        projects = QuotaRows().projects_of(c, quotas)
        deployment_views: list[Deployment] = []
        for row, last, image in zip(rows, newest, images, strict=True):
            serving = shown.get((row.id, row.serving))
            # The links lead to the ports of the serving revision, else of the newest one.
            places = serving.places if serving else []
            answering = {place.name for place in places if place.answers}
            ports = serving.revision.spec.ports if serving else last.spec.ports
            links = [
                Link(
                    port.name,
                    # A name is that of its owner.
                    link_path(row.id if "/" in reference_of(owner, row) else row.name, port.name),
                    *(port.port, port.websocket),
                    port.name in answering,
                )
                for port in ports
            ]
            has_end = quotas and row.is_wanted and row.state in DEPLOYMENT.live
            since = (row.period_start or last.started_at) if has_end else None
            life = quotas.lifetime(row.owner, projects.get(row.id, ()), since)
            deployment = Deployment(
                **columns_of(row, Deployment),
                expires_at=life.ends_at if life else None,
                expires_soon=life is not None and life.reminds_at <= now,
                **{name: getattr(last, name) for name in ("spec", "gpus", "reproduce")},
                links=links,
                warnings=[],
                model=models.get(image),
            )
            deployment_views.append(deployment)
        return deployment_views

    def _newest_and_serving(
        self, c: Connection, rows: Sequence[Row[Any]]
    ) -> dict[tuple[str, int], RevisionRow]:
        if not rows:
            return {}
        newest = (D.id == R.deployment_id) & ((D.revision == R.number) | (D.serving == R.number))
        query = select(revisions).join(deployments, newest)
        revision_rows = c.execute(query.where(D.id.in_([row.id for row in rows])))
        return {(row.deployment_id, row.number): _revision_row(row) for row in revision_rows}


def _subject(of: Known) -> Subject:
    return Subject(of.id, of.owner)


def _revision(row: Row[Any]) -> Revision:
    values = {name: getattr(row, name) for name in (*OWN, *TIMES)}
    return Revision(spec=msgspec.convert(row.spec, RevisionSpec), **values)


def _revision_row(row: Row[Any]) -> RevisionRow:
    places = msgspec.convert(row.places, list[Place])
    return RevisionRow(_revision(row), places, row.prefix, row.password, row.deployment_id)


class DeploymentKeyRows:
    """Queries on keys. Their callers have looked up the deployment as its owner."""

    def insert(self, c: Connection, of: Deployment, key: DeploymentKey, key_hash: str) -> None:
        """Insert a key by its hash."""
        row = {name: getattr(key, name) for name in KEY_FIELDS}
        c.execute(insert(deployment_keys).values(deployment_id=of.id, hash=key_hash, **row))
        _note(c, of, because("key-created", key=key.prefix))

    def list(self, c: Connection, deployment_id: str) -> list[DeploymentKey]:
        """Return the keys of a deployment, newest first."""
        own = select(*(K[name] for name in KEY_FIELDS)).where(K.deployment_id == deployment_id)
        return [DeploymentKey(*row) for row in c.execute(own.order_by(K.id.desc()))]

    def delete(self, c: Connection, of: Deployment, key: DeploymentKey) -> None:
        """Delete a key."""
        c.execute(delete(deployment_keys).where(K.id == key.id))
        _note(c, of, because("key-deleted", key=key.prefix))

    def expiry_by_hash(self, c: Connection, deployment_id: str) -> dict[str, datetime | None]:
        """Return the hashes of a deployment's keys, with the times when they expire."""
        own = select(K.hash, K.expires_at).where(K.deployment_id == deployment_id)
        return {row.hash: row.expires_at for row in c.execute(own.order_by(K.id))}

    def port(self, c: Connection, deployment_id: str) -> int:
        """Return the deployment's own port, 0 if it has none."""
        return int(c.execute(select(D.port).where(D.id == deployment_id)).scalar() or 0)

    def set_port(self, c: Connection, deployment_id: str, port: int) -> None:
        """Store the number of the deployment's own port."""
        c.execute(update(deployments).where(D.id == deployment_id).values(port=port))


def _note(c: Connection, of: Deployment, change: Reason) -> None:
    """Append an event, which wakes the dispatcher."""
    event_data = {"change": change, "revision": of.revision}
    event_rows.append(c, "deployment", Subject(of.id, of.owner), event_data)
