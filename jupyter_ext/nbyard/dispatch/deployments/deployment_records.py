"""Write what the steps of a rollout observe, and read what may have changed meanwhile."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from msgspec.structs import replace

from nbyard.dispatch.context import DispatchContext
from nbyard.domain.deployments.structs import (
    OPEN,
    OPEN_VARIABLE,
    VERSION_VARIABLE,
    Place,
    deployment_folder,
    log_name,
)
from nbyard.domain.models.structs import version_of
from nbyard.ipc.deployment_secret import KeptSecret
from nbyard.logs.log_files import RotatingLog
from nbyard.reasons.structs import Reason
from nbyard.runtimes.docker.deployment_containers import Deployed
from nbyard.store.deployments import DeploymentRow, RevisionRow
from nbyard.store.models import packages_of_images

OURS = "nbyard: "
BEGUN = ("started_at", "ready_at")


class DeploymentRecords:
    """Writes the records of a rollout's steps, each in its own transaction."""

    def __init__(self, context: DispatchContext):
        self._context = context
        self._rows = context.store.deployments

    def record_state(self, row: DeploymentRow, state: str, reason: Reason | None) -> None:
        """Record the observed state if it is new, and no request has arrived meanwhile."""
        event = {"revision": row.newest.number} | ({"reason": reason} if reason else {})
        columns: dict[str, Any] = {"reason": reason}
        if state == "running" and row.state != "running":
            columns["started_at"] = datetime.now(UTC)
        if (state, reason) == (row.state, row.reason):
            return
        with self._context.write() as c:
            if not self._rows.is_as_seen(c, row):
                return
            if state != row.state:
                self._rows.move(c, row, state, event, since=row.state, **columns)
            else:
                self._rows.record_fact(c, row, event, reason=reason)

    def update_revision(self, revision_row: RevisionRow, **columns: Any) -> None:
        """Update columns of a revision in a transaction of its own."""
        with self._context.write() as c:
            self._rows.set_revision(c, revision_row.revision.id, **columns)

    def record_stopped(self, row: DeploymentRow, revision_row: RevisionRow) -> bool:
        """Record that a stopped container is gone; return whether the revision is over.

        A revision that is wanted again waits to start instead.
        """
        with self._context.write() as c:
            is_over = self._rows.is_as_seen(c, row)
            columns = {"ended_at": datetime.now(UTC)} if is_over else dict.fromkeys(BEGUN)
            self._rows.set_revision(c, revision_row.revision.id, places=[], **columns)
        return is_over

    def is_wanted(self, row: DeploymentRow) -> bool:
        """Return whether a step may continue.

        It may not after another request for the deployment, or while this dispatcher is leaving.
        """
        if self._context.stopping.is_set():
            return False
        with self._context.store.read() as c:
            return self._rows.is_as_seen(c, row)

    def launch_description(
        self, row: DeploymentRow, revision_row: RevisionRow, *, is_leaving: bool = False
    ) -> Deployed:
        """Return the description from which the container is created.

        A container that `is_leaving` closes connections after its responses.
        """
        spec, secret = revision_row.revision.spec, self._secret(row, revision_row).read()
        version = {VERSION_VARIABLE: text} if (text := version_of(spec.image)) else {}
        return Deployed(
            store_id=self._context.store.id,
            deployment_id=row.id,
            name=row.name,
            number=revision_row.number,
            spec=replace(
                spec,
                # The ID of the first start, because the name may refer to another image by now.
                image=revision_row.revision.image_id or spec.image,
                environment=spec.environment | version,
            ),
            gpus=revision_row.revision.gpus,
            # A running container keeps the prefix of its start.
            base_url=revision_row.prefix or self.base_url(row.owner),
            password=revision_row.password,
            secret=secret,
            keys=self._keys(row, is_leaving=is_leaving) if secret else "",
        )

    def _keys(self, row: DeploymentRow, *, is_leaving: bool) -> str:
        """Return the file of keys: hashes with their expiry in seconds since 1970."""
        with self._context.store.read() as c:
            keys = self._context.store.deployment_keys.expiry_by_hash(c, row.id)
        expiries = {key: expiry and expiry.timestamp() for key, expiry in keys.items()}
        return json.dumps({"keys": expiries, "leaving": is_leaving})

    def ensure_secret(self, row: DeploymentRow, revision_row: RevisionRow) -> None:
        """Create the secret of a revision that serves a model whose image was built here."""
        spec = revision_row.revision.spec
        if spec.service != "api" or spec.environment.get(OPEN_VARIABLE) == OPEN:
            return
        image = (spec.image, revision_row.revision.image_id)
        with self._context.store.read() as c:
            is_model = image in packages_of_images(c, row.owner, [image])
        if is_model:
            self._secret(row, revision_row).create()

    def _secret(self, row: DeploymentRow, revision_row: RevisionRow) -> KeptSecret:
        return KeptSecret(self._context.folder / deployment_folder(row.id), revision_row.number)

    def base_url(self, owner: str) -> str:
        """Return the base URL of the server through which the owner reaches deployments."""
        with self._context.store.read() as c:
            base_url = self._context.store.facts.get(c, "base_url") or "/"
        # JupyterHub leaves these characters in the addresses of its users' servers.
        return (
            f"{base_url}{quote(owner, safe='@~')}/" if self._context.settings.shared else base_url
        )

    def log(self, row: DeploymentRow, revision_row: RevisionRow) -> RotatingLog:
        """Return the log file of a revision, to which the container's output is copied."""
        return RotatingLog(
            self._context.folder / deployment_folder(row.id) / log_name(revision_row.number)
        )

    def append_to_log(self, row: DeploymentRow, revision_row: RevisionRow, line: str) -> None:
        """Write a line of nbyard to the log of the revision."""
        write_log_line(self.log(row, revision_row), f"{OURS}{line}")

    def last_output(self, row: DeploymentRow, revision_row: RevisionRow, tail_bytes: int) -> str:
        """Return the end of the service's output since the last line of nbyard.

        Read at most `tail_bytes` of the log.
        """
        lines = self.log(row, revision_row).tail(tail_bytes).splitlines(keepends=True)
        ours = [place for place, line in enumerate(lines) if line.startswith(OURS)]
        return "".join(lines[ours[-1] + 1 :] if ours else lines)

    def record_places(
        self, row: DeploymentRow, revision_row: RevisionRow, places: list[Place], **columns: Any
    ) -> None:
        """Record where the ports of the revision respond.

        `columns` are set when the revision responds for the first time since its start. It receives
        requests from then on.
        """
        with self._context.write() as c:
            self._rows.set_revision(c, revision_row.revision.id, places=places, **columns)
            # An older revision that was restarted must not take the requests from a newer one.
            if columns and (revision_row.number == row.newest.number or row.newest.is_over):
                self._rows.route_requests(c, row, revision_row.number)


def write_log_line(kept_log: RotatingLog, line: str) -> None:
    """Append one line of nbyard's own to the log of a revision."""
    kept_log.write(line.encode() + b"\n")
