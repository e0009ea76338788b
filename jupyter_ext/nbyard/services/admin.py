"""Service operations for administrators: the audit log, and the work of all users."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.ids import first_id_at
from nbyard.domain.naming.unique_names import no_such
from nbyard.domain.paging import Page, check_choice, check_length, check_range, page_of
from nbyard.domain.users.admin import (
    BY_ADMINISTRATOR,
    MAX_TEXT,
    AuditEntry,
    Broadcast,
    DeploymentOverview,
    Drain,
    QueuedTask,
    RunOverview,
    UsageDay,
)
from nbyard.errors import Invalid
from nbyard.services.deployments import DeploymentService
from nbyard.services.operation import operation
from nbyard.services.runs.history import parse_moment
from nbyard.services.runs.service import RunService
from nbyard.services.service_context import Service

MAX_DAYS = 366


class AuditService(Service):
    """The log of changes in a store with several users. No operation changes or deletes entries."""

    noun = "audit"

    @operation("GET", "/audit", scope="audit:admin")
    def list(  # noqa: PLR0913, PLR0917  these are the query's parameters
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        user: str = "",
        operation: str = "",
        since: str = "",
        until: str = "",
    ) -> Page[AuditEntry]:
        """List who changed what, newest first.

        `operation` is an ID such as `runs.cancel`. `since` and `until` limit the time: a date or
        time in ISO 8601, by default in the server's time zone.
        """
        begin, end = parse_moment(since, "since"), parse_moment(until, "until")
        bounds = (first_id_at(begin) if begin else "", first_id_at(end) if end else "")
        with self._store.read() as c:
            entries = self._store.audit.page(
                c, limit + 1, after, *bounds, user=user, operation=operation
            )
        return page_of(entries, limit)

    def record(self, entry: AuditEntry) -> None:
        """Append an entry."""
        with self._store.write() as c:
            self._store.audit.add(c, entry)


class AdminService(Service):
    """Runs, deployments and usage of all users, without parameters, outputs and logs."""

    noun = "admin"

    @operation("GET", "/admin/runs", scope="admin:admin")
    def runs(
        self, caller: Caller, limit: int = 50, after: str = "", state: str = "", user: str = ""
    ) -> Page[RunOverview]:
        """List the runs of all users, newest first."""
        with self._store.read() as c:
            runs = self._store.overview.runs(c, limit + 1, after, state=state, owner=user)
        return page_of(runs, limit)

    @operation("GET", "/admin/queue", scope="admin:admin")
    def queue(self, caller: Caller, limit: int = 50) -> Page[QueuedTask]:
        """List the first tasks of the queue, in its order."""
        half_life = self._context.settings.fair_share_half_life_seconds
        with self._store.read() as c:
            first = self._store.quotas.queue(c, half_life)[:limit]
            return Page(self._store.overview.queue(c, [task.id for task in first]))

    @operation("GET", "/admin/deployments", scope="admin:admin")
    def deployments(
        self, caller: Caller, limit: int = 50, after: str = "", state: str = "", user: str = ""
    ) -> Page[DeploymentOverview]:
        """List the deployments of all users, newest first."""
        with self._store.read() as c:
            overview = self._store.overview
            listed = overview.deployments(c, limit + 1, after, state=state, owner=user)
        return page_of(listed, limit)

    @operation("GET", "/admin/usage", scope="admin:admin")
    def usage(self, caller: Caller, by: str = "user", days: int = 30) -> Page[UsageDay]:
        """Show the usage of each day by `user` or `project`, newest first.

        Attempts count on the day of their end (UTC). Deployments count with the GPUs and cores that
        they request, since their last start. What is in two projects counts in both.
        """
        check_choice("by", by, ("user", "project"))
        check_range("days", days, 1, MAX_DAYS)
        now = datetime.now(UTC)
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        since = today - timedelta(days=days - 1)
        with self._store.read() as c:
            return Page(self._store.overview.usage(c, since, now, by_project=by == "project"))

    @operation("POST", "/admin/runs/{run}/cancel", scope="admin:admin", status=202)
    def cancel_run(self, caller: Caller, run: str) -> RunOverview:
        """Cancel a run of any user, by its ID. Tasks stop in the background.

        Raises:
            Conflict: the run has ended.
        """
        of = self._owner(caller, "run", run)
        made = RunService(self._context).cancel_because(of, run, BY_ADMINISTRATOR)
        person = {"person": made.origin.person}
        return msgspec.convert(msgspec.structs.asdict(made) | person, RunOverview)

    @operation("POST", "/admin/deployments/{deployment}/stop", scope="admin:admin")
    def stop_deployment(self, caller: Caller, deployment: str) -> DeploymentOverview:
        """Stop a deployment of any user, by its ID."""
        of = self._owner(caller, "deployment", deployment)
        stopped = DeploymentService(self._context).stop(of, deployment)
        more = {"gpus": len(stopped.gpus), "waits": None}
        return msgspec.convert(msgspec.structs.asdict(stopped) | more, DeploymentOverview)

    def _owner(self, caller: Caller, noun: Literal["run", "deployment"], item_id: str) -> Caller:
        """Return the caller in the name of the owner of an item."""
        with self._store.read() as c:
            owner = self._store.overview.owner(c, noun, item_id)
        if owner is None:
            raise no_such(noun, item_id, ())
        return msgspec.structs.replace(caller, name=owner)

    @operation("POST", "/admin/drain", scope="admin:admin")
    def drain(self, caller: Caller, text: str) -> Drain:
        """Start no new attempts, and show users why. Running ones end, and deployments go on."""
        drain = Drain(_checked(text), datetime.now(UTC))
        self._announce(Drain, drain)
        return drain

    @operation("DELETE", "/admin/drain", scope="admin:admin", status=204)
    def resume(self, caller: Caller) -> None:
        """Start new attempts again."""
        self._announce(Drain, None)
        self._context.ensure_dispatcher()

    @operation("POST", "/admin/broadcast", scope="admin:admin")
    def broadcast(self, caller: Caller, text: str, until: str) -> Broadcast:
        """Show a message to all users until a time. It replaces the last one.

        `until` is a date or time in ISO 8601, by default in the server's time zone.

        Raises:
            Invalid: the time has passed.
        """
        end = parse_moment(until, "until")
        if end is None or end <= datetime.now(UTC):
            raise Invalid.field("until", "must be a time that has not passed")
        broadcast = Broadcast(_checked(text), end)
        self._announce(Broadcast, broadcast)
        return broadcast

    @operation("DELETE", "/admin/broadcast", scope="admin:admin", status=204)
    def withdraw(self, caller: Caller) -> None:
        """Remove the message to all users."""
        self._announce(Broadcast, None)

    def _announce(self, kind: type[Broadcast | Drain], value: Any) -> None:
        with self._store.write() as c:
            self._store.announcements.set(c, kind, value)


def _checked(text: str) -> str:
    check_length("text", text, MAX_TEXT)
    if not text.strip():
        raise Invalid.field("text", "may not be empty")
    return text.strip()
