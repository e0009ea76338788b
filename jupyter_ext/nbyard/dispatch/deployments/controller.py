"""The controller of deployments: run the wanted ones, and remove the remains of others."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from msgspec.structs import replace

from nbyard.dispatch.context import DispatchContext, Turn
from nbyard.dispatch.deployments.image_pins import awaited_build
from nbyard.dispatch.deployments.rollout import Rollout
from nbyard.dispatch.state.attempt_snapshot import ReportInbox
from nbyard.dispatch.threads import Threads
from nbyard.dockerd import Engine, OwnedObject
from nbyard.domain.limits import Limits
from nbyard.domain.runs.slots import TOO_MANY_FOR_DEPLOYMENT, Slots
from nbyard.domain.state_machines import DEPLOYMENT
from nbyard.domain.users.quotas import QuotaLedger, Use
from nbyard.reasons.structs import Reason, because
from nbyard.runtimes.docker.deployment_containers import objects_of_deployments, remove_objects
from nbyard.runtimes.protocol import ListsObjects
from nbyard.store.deployments import DeploymentRow, RevisionRow
from nbyard.store.events import Subject
from nbyard.store.notices.announce import announce_expiry

log = logging.getLogger("nbyard.dispatch")
CLOCK_SECONDS = 2.0
FIRST = float("-inf")
LOOKED_BACK = 50


class DeploymentController:
    """Runs one step of each deployment at a time, in threads.

    It grants GPUs in the same thread that grants them to runs. `slots` returns the slots that are
    free for a turn.
    """

    def __init__(
        self,
        context: DispatchContext,
        threads: Threads,
        inbox: ReportInbox,
        slots: Callable[[Turn], Slots],
    ) -> None:
        self._context = context
        self._rows = context.store.deployments
        self._threads = threads
        self._inbox = inbox
        self._slots = slots
        self._engine: Engine | None = None
        self.rollouts: dict[str, Rollout] = {}
        self._is_busy = False
        self._next_look = 0.0
        self._since: dict[str, float] = {}
        self._orphans: dict[str, list[OwnedObject]] = {}
        for runtime in context.runtimes.values():
            if isinstance(runtime, ListsObjects):  # it asks the engine for both controllers
                runtime.report_objects_to(self._note_orphans)
        self._read_grants()

    def tick(self, *, has_news: bool = True) -> bool:
        """Start the steps that are due; return whether any deployment is live or being deleted."""
        now = time.monotonic()
        self.sweep_orphans()
        # Skip the query if no event arrived and no step is due.
        if not has_news and now < self._next_look and self.seconds_until_due() > 0:
            return self._is_busy
        self._next_look = now + CLOCK_SECONDS
        with self._context.store.read() as c:
            rows = self._rows.under_way(c)
        self.rollouts = {
            row.id: self.rollouts.get(row.id)
            or Rollout(self._context, self._connected(), self._wake)
            for row in rows
        }
        self._stop_old(rows)
        for rollout in self.rollouts.values():
            # Decided anew in each round, because the GPUs may be free by now.
            rollout.gives_way = False
        self._is_busy = bool(rows)
        self._context.waits.clear()
        if rows or self._context.grants:  # stopped deployments return GPUs, too
            self._read_grants()
            self._grant_gpus(rows)
        for row in rows:
            rollout = self.rollouts[row.id]
            if has_news or rollout.due <= now:
                rollout.due = now + CLOCK_SECONDS
                work, fail = partial(rollout.step, row), partial(rollout.mark_failed, row)
                # After a step, other deployments may wait for the GPUs that it released.
                self._threads.submit(f"deployment {row.id}", work, fail, lambda _: self._wake())
        return self._is_busy

    def _stop_old(self, rows: list[DeploymentRow]) -> None:
        """Stop deployments whose lifetime is over; remind before."""
        if not rows:
            return
        with self._context.store.read() as c:
            quotas = self._context.store.quotas.read(c)
            projects = self._context.store.quotas.projects_of(c, quotas)
        for row in rows if quotas else ():
            # The start of the newest revision is lost when its service crashes, so it is copied.
            # A revision that replaces another one may never start.
            now, newest = datetime.now(UTC), row.newest.revision
            since = row.period_start or newest.started_at or (now if row.serving else None)
            life = quotas.lifetime(row.owner, projects.get(row.id, ()), since)
            if since is None or life is None or not row.is_wanted or row.state == "stopping":
                continue
            is_over, is_late = now > life.ends_at, now >= life.reminds_at
            if row.period_start and not is_over and is_late == (row.reminded_at is not None):
                continue
            reminded_at = (row.reminded_at or now) if is_late else None
            with self._context.write() as c:
                if not self._rows.set_period(c, row, period_start=since, reminded_at=reminded_at):
                    continue
                hours = (life.ends_at - (since if is_over else now)) / timedelta(hours=1)
                code = "lifetime-over" if is_over else "lifetime-ends"
                why = because(code, hours=round(hours, 1))
                if is_over:
                    self._rows.move(c, row, "stopping", {"change": why}, is_wanted=False)
                elif is_late and not row.reminded_at:
                    self._rows.record_fact(c, row, {"change": why}, reminded_at=now)
                    announce_expiry(c, Subject(row.id, row.owner), row.name, life.ends_at, why)

    def seconds_until_due(self) -> float:
        """Return the seconds until the next step is due."""
        due = min((rollout.due for rollout in self.rollouts.values()), default=float("inf"))
        return max(due - time.monotonic(), 0.0)

    def close(self) -> None:
        """Close the connection; deployments continue."""
        if self._engine is not None:
            self._engine.close()

    def _connected(self) -> Engine:
        if self._engine is None:
            settings = self._context.settings
            self._engine = Engine(settings.docker_host, certificates=settings.docker_cert_path)
        return self._engine

    def _wake(self) -> None:
        self._next_look = 0.0
        self._inbox.put(None)

    # Orphans

    def sweep_orphans(self) -> None:
        """Remove the noted orphans in threads.

        Each deployment has one thread at a time, so no start interferes.
        """
        orphans_by_name, self._orphans = self._orphans, {}
        for name, things in orphans_by_name.items():
            work = partial(self._clear, name, things)
            self._threads.submit(f"deployment {name}", work)

    def _note_orphans(self, things: list[OwnedObject]) -> None:
        """Note objects on the engine whose deployment is not live."""
        objects_by_name = objects_of_deployments(things)
        if objects_by_name:
            with self._context.store.read() as c:
                live = self._rows.live(c)
            self._orphans = {
                name: left for name, left in objects_by_name.items() if name not in live
            }

    def _clear(self, name: str, things: list[OwnedObject]) -> None:
        """Remove orphans; keep the files of deployments that can start again."""
        with self._context.write() as c:  # proves that this dispatcher holds the lease
            if name in self._rows.live(c):
                return
            is_known = name in self._rows.ids(c)
        removed = remove_objects(self._connected(), things, with_files=not is_known)
        if removed:
            log.warning("deployments: removed %s", ", ".join(removed))

    # GPUs

    def _read_grants(self) -> None:
        """Read from the store which GPUs deployments have.

        The queue of runs does not grant these GPUs.
        """
        with self._context.store.read() as c:
            granted = self._rows.granted_gpus(c)
        self._context.grants.clear()
        self._context.grants.update(granted)

    def _grant_gpus(self, rows: list[DeploymentRow]) -> None:
        """Grant GPUs to revisions that wait for nothing else.

        The longest waiting comes first. Tasks that wait for GPUs count, too.
        """
        waiting = [
            (self._turn(row, revision_row), row, revision_row)
            for row in rows
            if (revision_row := _waiting(row))
            and not awaited_build(self._context, row, revision_row)
        ]
        ahead: list[int] = []
        for turn, row, revision_row in sorted(waiting, key=lambda each: each[0]):
            rollout, former = self.rollouts[row.id], row.revisions.get(row.serving)
            wanted = Limits(gpu=revision_row.revision.spec.gpu)
            slots = self._slots(turn)
            # Otherwise small revisions would keep overtaking one that waits for many GPUs.
            for gpus in ahead:
                slots.hold(gpus)
            over = self._awaits_quota(rows, row, wanted)
            wait = over or slots.lacks(wanted, TOO_MANY_FOR_DEPLOYMENT).get("gpu")
            rollout.gives_way = bool(wait and former and former.revision.gpus)
            if wait is None:
                granted = list(slots.grant(wanted))
                with self._context.write() as c:
                    self._rows.set_revision(c, revision_row.revision.id, gpus=granted, reason=None)
                self._context.grants[revision_row.revision.id] = granted
                rollout.due = 0.0
                continue
            # A revision that can never fit, or waits for a quota, must not block the ones after it.
            if over is None:
                self._context.waits[turn] = revision_row.revision.spec.gpu
            if over is None and not slots.is_too_much(wanted):
                ahead.append(revision_row.revision.spec.gpu)
            if wait != revision_row.revision.reason:
                with self._context.write() as c:
                    self._rows.set_revision(c, revision_row.revision.id, reason=wait)
        names = {revision_row.revision.id for _, _, revision_row in waiting}
        self._since = {name: at for name, at in self._since.items() if name in names}

    def _awaits_quota(
        self, rows: list[DeploymentRow], row: DeploymentRow, wanted: Limits
    ) -> Reason | None:
        """Return why a revision has to wait for GPUs of a quota, None if it fits.

        Other deployments that wait hold nothing, so that two of them never wait for each other.
        """
        quotas, grants = self._context.store.quotas, self._context.grants
        others = [other for other in rows if other.id != row.id]
        holding = {
            other.id
            for other in others
            if any(each.revision.id in grants for each in other.revisions.values())
        }
        with self._context.store.read() as c:
            if not (known := quotas.read(c)):
                return None
            granted = [use for use in quotas.deployments(c) if use.id in holding]
            uses = [*quotas.runs(c), *granted]
            ledger = QuotaLedger(known, uses, quotas.projects_of(c, known))
        own = Use(kind="deployment", id=row.id, name=row.name, owner=row.owner)
        return ledger.lacks(replace(own, gpus=wanted.gpu or 0))

    def _turn(self, row: DeploymentRow, revision_row: RevisionRow) -> Turn:
        """Return the turn of a revision among tasks of normal priority.

        A revision that replaces another comes first, because it returns that one's GPUs.
        """
        name = revision_row.revision.id
        since = self._since.get(name) or self._waits_since(row, revision_row)
        former = row.revisions.get(row.serving)
        is_exchange = (
            former is not None and former is not revision_row and bool(former.revision.gpus)
        )
        return (FIRST if is_exchange else 0.0, since, name)

    def _waits_since(self, row: DeploymentRow, revision_row: RevisionRow) -> float:
        """Return when the revision started to wait, in seconds since 1970.

        Read it from the events, because an earlier dispatcher may have seen the start.
        """
        if revision_row.revision.restarts and row.state != DEPLOYMENT.initial:
            return time.time()  # it just ended, and no event exists yet
        with self._context.store.read() as c:
            events = self._rows.events(c, row.id, LOOKED_BACK)
        queued = [each.at for each in events if each.state == DEPLOYMENT.initial]
        since = self._since[revision_row.revision.id] = max(
            [revision_row.revision.created_at, *queued[:1]]
        ).timestamp()
        return since


def _waiting(row: DeploymentRow) -> RevisionRow | None:
    """Return the revision that needs GPUs before it can start, if any."""
    revision_row = row.revisions.get(row.serving, row.newest) if row.newest.is_over else row.newest
    is_wanted = row.is_wanted and row.state != "stopping" and revision_row.phase == "pending"
    lacks = len(revision_row.revision.gpus) < revision_row.revision.spec.gpu
    return revision_row if is_wanted and lacks else None
