"""Rows of the keys of deployments."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from nbyard.domain.deployments.keys import DeploymentKey
from nbyard.domain.deployments.structs import Deployment
from nbyard.reasons.structs import Reason, because
from nbyard.store import events
from nbyard.store.events import Subject
from nbyard.store.schema.deployment_tables import deployment_keys, deployments

K, D = deployment_keys.c, deployments.c
FIELDS = DeploymentKey.__struct_fields__


class DeploymentKeyRows:
    """Queries on keys. Their callers have looked up the deployment as its owner."""

    def insert(self, c: Connection, of: Deployment, key: DeploymentKey, key_hash: str) -> None:
        """Insert a key by its hash."""
        row = {name: getattr(key, name) for name in FIELDS}
        c.execute(insert(deployment_keys).values(deployment_id=of.id, hash=key_hash, **row))
        _note(c, of, because("key-created", key=key.prefix))

    def list(self, c: Connection, deployment_id: str) -> list[DeploymentKey]:
        """Return the keys of a deployment, newest first."""
        own = select(*(K[name] for name in FIELDS)).where(K.deployment_id == deployment_id)
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
    events.append(c, "deployment", Subject(of.id, of.owner), event_data)
