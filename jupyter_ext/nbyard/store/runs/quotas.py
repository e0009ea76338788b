"""Rows of quotas, and what runs and deployments hold of them, computed from their own rows."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Row, delete, exists, func, insert, or_, select, union

from nbyard.domain.deployments.structs import RevisionSpec
from nbyard.domain.limits import Limits
from nbyard.domain.runs.origins import RECHECK
from nbyard.domain.state_machines import ATTEMPT, DEPLOYMENT, RUN
from nbyard.domain.users.quotas import (
    FREES,
    Holder,
    Quota,
    QuotaLedger,
    QuotaLimits,
    Quotas,
    Use,
    UsedShare,
    amount,
    cores_counted,
    fair_order,
    quota_full,
    quota_reason,
    read_quota_id,
)
from nbyard.errors import OverQuota
from nbyard.reasons.structs import Reason, because
from nbyard.store import events
from nbyard.store.database.project_filter import linked_to, run_ids_of, runs_of
from nbyard.store.database.query_parts import Prepared
from nbyard.store.events import Subject
from nbyard.store.runs.tasks import TURN
from nbyard.store.schema.deployment_tables import deployments, revisions
from nbyard.store.schema.project_tables import (
    group_members,
    projects,
    quotas,
    usage,
    user_files,
)
from nbyard.store.schema.tables import artifacts, attempts, dataset_versions, datasets, runs, tasks
from nbyard.store.visibility import may_see

TOPIC = "quota"
A, B, D, P = attempts.c, artifacts.c, deployments.c, tasks.c.plan
R, T, V = runs.c, tasks.c, dataset_versions.c
IS_LIVE = R.state.in_(sorted(RUN.live))
ANY = Prepared(select(func.max(quotas.c.id)))
OTHERS = T.other_files["digest"].as_string(), T.other_files["size_bytes"].as_float()
GPUS, CPU = P["gpu"].as_integer().label("gpu"), P["cpu"].as_float().label("cpu")
MEMORY = P["memory_bytes"].as_float().label("memory_bytes")  # integers of SQL are too small
# Tasks in progress. Attempts of one function worker share its slot, so the first counts.
IN_PROGRESS = (
    select(A.id, A.worker, A.created_at, R.owner, R.number, T.run_id, GPUS, CPU, MEMORY)
    .join(tasks, T.id == A.task_id)
    .join(runs, R.id == T.run_id)
    .where(A.state.in_(sorted(ATTEMPT.live)))
    .order_by(A.id)
)
OF_PROJECT = projects.c.id == func.substr(quotas.c.id, len("project:") + 1)
# Users do not know the IDs of projects.
QUOTAS = select(quotas, projects.c.owner, projects.c.name).outerjoin(projects, OF_PROJECT)
QUEUE = select(T.id, T.run_id, R.owner).join(runs, R.id == T.run_id).where(T.state == "queued")


class DiskRoom(msgspec.Struct, frozen=True):
    """The disk quota of an owner or project, and how many bytes are stored of it."""

    of: str
    quota: Reason
    limit: int
    stored: int

    def check(self, added: int) -> None:
        """Check that more bytes may be stored.

        Raises:
            OverQuota: the bytes do not fit.
        """
        if self.stored + added > self.limit:
            limit, sizes = amount("stored_bytes", self.limit), {"stored": self.stored}
            why = because("disk-quota", quota=self.quota, limit=limit, added=added, **sizes)
            raise OverQuota(why, hint="Delete datasets and runs that you no longer need.")


class QuotaRows:
    """Queries on quotas and on what is held."""

    def page(self, c: Connection, after: str = "", limit: int | None = None) -> list[Quota]:
        """Return a page of quotas by ID."""
        query = QUOTAS.where(quotas.c.id > after).order_by(quotas.c.id).limit(limit)
        return [_quota(row) for row in c.execute(query)]

    def get(self, c: Connection, quota_id: str) -> Quota | None:
        """Return a quota by its ID."""
        row = c.execute(QUOTAS.where(quotas.c.id == quota_id)).first()
        return _quota(row) if row else None

    def store(self, c: Connection, quota_id: str, limits: Mapping[str, Any]) -> None:
        """Replace the limits of a quota; without limits, delete it."""
        c.execute(delete(quotas).where(quotas.c.id == quota_id))
        if limits:
            row = {"id": quota_id, "limits": limits, "updated_at": datetime.now(UTC)}
            c.execute(insert(quotas), [row])
        kind, _, name = quota_id.partition(":")
        owner = "" if kind == "everyone" else name  # a group or project may be unknown to others
        events.append(c, TOPIC, Subject(quota_id[:80], owner), {"change": "changed"})

    def read(self, c: Connection) -> Quotas:
        """Return all quotas, with the groups and projects that they need."""
        if ANY.ask(c)[0][0] is None:
            return Quotas()
        by_id = {quota.id: quota for quota in self.page(c)}
        groups = groups_by_user(c) if any(quota.kind == "group" for quota in by_id.values()) else {}
        names = {of.id: of.name for of in by_id.values() if of.kind == "project" and "/" in of.name}
        last = {key.partition(":")[2]: name.rpartition("/")[2] for key, name in names.items()}
        return Quotas(by_id, groups, last)

    # What is held

    def runs(self, c: Connection, without: Collection[str] = ()) -> list[Use]:
        """Return what started runs hold, one item for each task in progress.

        A run without a task in progress holds its place only. Attempts with the IDs in `without` do
        not count.
        """
        has_attempt = exists().where(T.run_id == R.id, A.task_id == T.id, A.id.not_in(without))
        started = select(R.id, R.number, R.owner).where(IS_LIVE, has_attempt)
        uses = [
            Use(kind="run", id=row.id, name=str(row.number), owner=row.owner)
            for row in c.execute(started)
        ]
        rows = [row for row in c.execute(IN_PROGRESS) if row.id not in without]
        for task in {row.worker or row.id: row for row in rows}.values():
            limits = Limits(gpu=task.gpu, cpu=task.cpu, memory_bytes=int(task.memory_bytes or 0))
            uses.append(Use.of_task(task.run_id, task.number, task.owner, limits))
        return uses

    def deployments(self, c: Connection) -> list[Use]:
        """Return what wanted deployments request, also those that wait or are idle."""
        of_newest = (revisions.c.deployment_id == D.id) & (revisions.c.number == D.revision)
        query = select(D.id, D.name, D.owner, revisions.c.spec).join(revisions, of_newest)
        is_wanted = D.state.in_(sorted(DEPLOYMENT.live)) & D.removed_at.is_(None)
        uses = []
        for row in c.execute(query.where(is_wanted).order_by(D.id)):
            spec = msgspec.convert(row.spec, RevisionSpec)
            limits = Limits(gpu=spec.gpu, cpu=spec.cpu, memory_bytes=spec.memory_bytes)
            use = Use.of_task(row.id, 0, row.owner, limits)
            uses.append(replace(use, kind="deployment", name=row.name))
        return uses

    def visible(self, c: Connection, viewer: str, uses: Collection[Use]) -> list[Holder]:
        """Return those runs and deployments that a user may see."""
        ids = [use.id for use in uses]
        seen = (
            select(of.id, of.title).where(of.id.in_(ids), may_see(viewer, of.owner, c))
            for of in (R, D)
        )
        titles = {row.id: row.title for row in c.execute(union(*seen))}
        return [
            Holder(
                *(use.kind, use.id, use.name, FREES[use.kind]),
                owner="" if use.owner == viewer else use.owner,
                title=titles[use.id],
            )
            for use in uses
            if use.id in titles
        ]

    def projects_of(self, c: Connection, known: Quotas) -> dict[str, list[str]]:
        """Return the projects with a quota by the IDs of their live runs and deployments."""
        by_id: defaultdict[str, list[str]] = defaultdict(list)
        for project in known.project_names:
            query = union(
                select(R.id).where(IS_LIVE, or_(*runs_of(project))),
                select(D.id).where(linked_to(project, "deployment", D.id)),
            )
            for resource_id in c.execute(query).scalars():
                by_id[resource_id].append(project)
        return by_id

    def ledger(self, c: Connection, known: Quotas, without: Collection[str] = ()) -> QuotaLedger:
        """Return what all runs and deployments hold now, by their rows."""
        uses = [*self.runs(c, without), *self.deployments(c)]
        return QuotaLedger(known, uses, self.projects_of(c, known))

    # Checks of requests

    def check_run(self, c: Connection, owner: str, run_id: str, plans: Collection[Limits]) -> None:
        """Check that a run that was just inserted may wait in the queue.

        Raises:
            OverQuota: a task can never start, or too many runs are queued.
        """
        if not (known := self.read(c)):
            return
        ids = self.projects_of(c, known).get(run_id, ())
        for plan in plans:
            alone = QuotaLedger(known, (), {run_id: ids})
            if over := alone.lacks(Use.of_task(run_id, 0, owner, plan)):
                raise OverQuota(over)
        for of in ("", *ids):
            limits = known.by_id[f"project:{of}"] if of else known.of_user(owner)[1]
            if (most := limits.queued_runs) is None:
                continue
            is_of = or_(*runs_of(of)) if of else R.owner == owner
            query = select(R.id, R.number, R.owner).where(is_of, IS_LIVE, R.id != run_id)
            query = query.where(R.origin != RECHECK)  # the night's sample delays no work
            live = [
                Use(kind="run", id=row.id, name=str(row.number), owner=row.owner)
                for row in c.execute(query.order_by(R.number).limit(most + 1))
            ]
            if len(live) >= most:
                name = quota_reason(owner, known.project_names[of] if of else "")
                why = quota_full(name, "queued_runs", most, live, owner)
                raise OverQuota(why, hint="Wait until a run ends, or cancel one.")

    def check_deployment(self, c: Connection, deployment_id: str, viewer: str) -> None:
        """Check that a deployment that was just inserted or changed fits into the quotas.

        Waiting and idle deployments count, too. GPUs of runs do not: the deployment waits for them.
        A refusal names what the viewer has that holds the quota.

        Raises:
            OverQuota: the deployment does not fit.
        """
        if not (known := self.read(c)):
            return
        wanted = {use.id: use for use in self.deployments(c)}
        own = wanted.pop(deployment_id, None)
        others = [*(replace(use, gpus=0) for use in self.runs(c)), *wanted.values()]
        ledger = QuotaLedger(known, others, self.projects_of(c, known))
        if own and (why := ledger.lacks(own, viewer)):
            raise OverQuota(why, hint="Stop what holds the quota, or request less.")

    def check_disk(
        self, c: Connection, owner: str, added: int, run_id: str = "", project: str = ""
    ) -> None:
        """Check that more bytes may be stored for an owner.

        They must also fit into the project, or the projects of the run.

        Raises:
            OverQuota: the bytes do not fit.
        """
        for room in self.rooms(c, owner, run_id, project):
            room.check(added)

    def rooms(
        self, c: Connection, owner: str, run_id: str = "", project: str = ""
    ) -> list[DiskRoom]:
        """Return the disk quotas of an owner, and of projects."""
        if not (known := self.read(c)):
            return []
        run = select(R.id).where(R.id == run_id)  # it may have just ended
        ids = [of for of in known.project_names if c.execute(run.where(or_(*runs_of(of)))).first()]
        rooms = []
        for of in ("", *ids, *({project} & {*known.project_names})):
            limits = known.by_id[f"project:{of}"] if of else known.of_user(owner)[1]
            if limits.stored_bytes is not None:
                quota = quota_reason(owner, known.project_names[of] if of else "")
                stored = self.stored_bytes(c, owner, of)
                rooms.append(DiskRoom(of or owner, quota, limits.stored_bytes, stored))
        return rooms

    def set_files(self, c: Connection, source: str, owner: str, size_bytes: int) -> None:
        """Store the size of a user's files, 0 for none.

        These belong to no dataset or run. `source` is `home:OWNER` or `push:PROJECT`, with the ID
        of the project.
        """
        c.execute(delete(user_files).where(user_files.c.source == source))
        if size_bytes:
            c.execute(insert(user_files).values((source, owner, size_bytes)))

    def stored_bytes(self, c: Connection, owner: str, project: str = "") -> int:
        """Return the stored bytes of an owner or project.

        These are datasets, results and other files of runs, and users' files. Equal ones count
        once, except users' files: the mirror of a user's own and those pushed to projects.
        """
        if project:
            data: Any = linked_to(project, "dataset", V.dataset_id)
            of_runs: Any = run_ids_of(project)
            files = user_files.c.source == f"push:{project}"
        else:
            files = user_files.c.owner == owner
            data = V.dataset_id.in_(select(datasets.c.id).where(datasets.c.owner == owner))
            of_runs = select(R.id).where(R.owner == owner)
        is_complete = (V.state == "importing") & (V.digest != "") & (V.bytes_done == V.size_bytes)
        sizes = union(
            select(V.digest, V.size_bytes).where(data, (V.state == "ready") | is_complete),
            select(B.digest, B.size_bytes).where(B.run_id.in_(of_runs)),
            select(*OTHERS).where(T.run_id.in_(of_runs), OTHERS[0] != ""),
        ).subquery()
        own_files = select(func.sum(user_files.c.size_bytes)).where(files)
        both = select(func.sum(sizes.c.size_bytes)), own_files
        return sum(int(c.execute(query).scalar() or 0) for query in both)

    # Fair share

    def is_shared(self, c: Connection) -> bool:
        """Return whether several users have runs."""
        ends = select(
            select(func.min(R.owner)).scalar_subquery(), select(func.max(R.owner)).scalar_subquery()
        )
        first, last = c.execute(ends).one()
        return bool(first != last)

    def used(self, c: Connection) -> dict[str, UsedShare]:
        """Return what users have used by finished tasks."""
        return {row.owner: UsedShare(row.seconds, row.at) for row in c.execute(select(usage))}

    def set_used(self, c: Connection, used: Mapping[str, UsedShare]) -> None:
        """Replace what these users have used."""
        if used:
            c.execute(delete(usage).where(usage.c.owner.in_(used)))
            rows = [{"owner": n, **msgspec.structs.asdict(share)} for n, share in used.items()]
            c.execute(insert(usage), rows)

    def queue(self, c: Connection, half_life: float) -> list[Row[Any]]:
        """Return ID, run and owner of the queued tasks in the order of the queue."""
        queues: defaultdict[str, list[tuple[int, Any]]] = defaultdict(list)
        for place, row in enumerate(c.execute(QUEUE.order_by(*TURN))):
            queues[row.owner].append((place, row))
        now = datetime.now(UTC).timestamp()
        used = {name: share.decayed(now, half_life) for name, share in self.used(c).items()}
        levels: Counter[str] = Counter()
        for task in c.execute(IN_PROGRESS):
            levels[task.owner] += 1
            cores = cores_counted(Limits(gpu=task.gpu, cpu=task.cpu))
            spent = (now - task.created_at.timestamp()) * cores
            used[task.owner] = used.get(task.owner, 0.0) + spent
        return [task for _, task in fair_order(queues, levels, used)]

    def queue_order(self, c: Connection, half_life: float) -> list[str] | None:
        """Return the IDs of queued tasks in queue order, None if one user has all runs."""
        if not self.is_shared(c):
            return None
        return [task.id for task in self.queue(c, half_life)]


def groups_by_user(c: Connection) -> dict[str, list[str]]:
    """Return the groups of each user, as they were last seen."""
    groups = defaultdict[str, list[str]](list)
    for user, group in c.execute(select(group_members.c.user_name, group_members.c.group_name)):
        groups[user].append(group)
    return groups


def _quota(row: Any) -> Quota:
    kind, name = read_quota_id(row.id)
    limits = msgspec.structs.asdict(msgspec.convert(row.limits, QuotaLimits))
    name = f"{row.owner}/{row.name}" if kind == "project" and row.name else name
    return Quota(id=row.id, kind=kind, name=name, updated_at=row.updated_at, **limits)
