"""Quotas: what users, groups and projects may hold at once, and in which order users get turns."""

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec.structs import replace

from nbyard.domain.limits import MAX_GPUS, Limits
from nbyard.domain.naming.names import check_title
from nbyard.domain.presentation import AGE, SIZE, shown
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

Kind = Literal["everyone", "group", "user", "project"]
T = TypeVar("T")
EVERYONE = "everyone"
# A reminder comes this long before a deployment's end, or at a tenth of a shorter lifetime.
REMINDER = timedelta(days=1)
# A GPU counts as much as this number of cores in what a user has used.
CORES_PER_GPU = 10
DEFAULT_GPUS = 1
EPSILON = 1e-9
AMOUNTS = ("gpus", "cpu", "memory_bytes")
alike = attrgetter("owner", *AMOUNTS)
HELD_BY = {"run": "held-by-run", "deployment": "held-by-deployment"}
FREES: Mapping[str, Literal["runs.cancel", "deployments.stop"]] = {
    "run": "runs.cancel",
    "deployment": "deployments.stop",
}
AMOUNT_CODES = {
    "gpus": "quota-gpus",
    "cpu": "quota-cpu",
    "memory_bytes": "quota-memory",
    "stored_bytes": "quota-stored",
    "runs": "quota-runs",
    "queued_runs": "quota-queued-runs",
    "deployments": "quota-deployments",
}
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "tutorial": {
        "gpus": 0,
        "cpu": 2.0,
        "memory_bytes": 4 * 10**9,
        "stored_bytes": 5 * 10**9,
        "runs": 1,
        "queued_runs": 20,
        "deployments": 1,
        "deployment_days": 0.25,
    }
}


class QuotaLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a user, or all runs and deployments of a project, may hold. Null means no limit.

    `gpus`, `cpu` and `memory_bytes` limit what running tasks and wanted deployments request
    together. A task without a number of cores counts as one core. `runs` limits the runs that have
    started, `queued_runs` those that are queued or have started. `deployments` limits the
    deployments that are wanted, also idle ones, and `deployment_days` how long each lives.
    """

    gpus: Annotated[int | None, shown("GPUs", "GPUs at once. Default: 1.")] = None
    cpu: Annotated[float | None, shown("CPUs", "Cores at once.")] = None
    memory_bytes: Annotated[
        int | None, shown("Memory", "Requested memory: 16GB.", option="--memory", format=SIZE)
    ] = None
    stored_bytes: Annotated[
        int | None, shown("Disk", "Stored data: 100GB.", option="--disk", format=SIZE)
    ] = None
    runs: Annotated[int | None, shown("Runs", "Runs that execute at once.")] = None
    queued_runs: Annotated[int | None, shown("Queued runs", "Runs in the queue or executing.")] = (
        None
    )
    deployments: Annotated[int | None, shown("Deployments", "Also idle ones.")] = None
    deployment_days: Annotated[
        float | None,
        shown("Lifetime", "Deployments stop after: 12h, 30d.", option="--lifetime", format=AGE),
    ] = None


class NewQuota(QuotaLimits, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The limits to set, which replace all earlier ones. Fields that are set go before a preset.

    Without a number of GPUs, it is 1; only a project then has no limit.
    """

    preset: Annotated[
        Literal["", "tutorial"], shown("Preset", option_help="Use these limits, unless set.")
    ] = ""


class Quota(QuotaLimits, frozen=True, kw_only=True):
    """A stored quota. `id` is `everyone`, or its kind and name, such as `group:students`.

    That of a project has the ID of the project, and `name` is OWNER/NAME.
    """

    id: str
    kind: Kind
    name: str
    updated_at: datetime


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What a run or deployment holds of a quota; `name` is the run's number as text."""

    kind: Literal["run", "deployment"]
    id: str
    name: str
    owner: str
    gpus: int = 0
    cpu: float = 0.0
    memory_bytes: int = 0

    @classmethod
    def of_task(cls, run_id: str, number: int, owner: str, limits: Limits) -> "Use":
        """Return what a task of a run holds."""
        return cls(
            kind="run",
            id=run_id,
            name=str(number),
            owner=owner,
            gpus=limits.gpu or 0,
            cpu=limits.cpu or 1.0,
            memory_bytes=limits.memory_bytes or 0,
        )

    def plus(self, other: "Use", sign: int = 1) -> "Use":
        """Return the sum of what two tasks of the run hold."""
        amounts = {name: getattr(self, name) + sign * getattr(other, name) for name in AMOUNTS}
        return replace(self, **amounts)

    @property
    def reason(self) -> Reason:
        """Return the reason that names the run or deployment."""
        return because(HELD_BY[self.kind], name=self.name, id=self.id)


class QuotaUse(msgspec.Struct, frozen=True):
    """The limits of the caller, and the runs and deployments that hold parts of them.

    `quota` is the ID of the quota that applies: the user's own, else `groups` for the largest
    limits of the user's groups, else `everyone`; empty for none. `free_gpus` are the GPUs of this
    machine that no run and no deployment holds.
    """

    quota: str
    limits: QuotaLimits
    uses: list[Use]
    stored_bytes: int
    free_gpus: int
    total_gpus: int


class Holder(msgspec.Struct, frozen=True):
    """A run or deployment, what frees it, and its owner unless it is the caller's."""

    kind: Literal["run", "deployment"]
    id: str
    name: str
    operation: Literal["runs.cancel", "deployments.stop"]
    owner: str = ""
    title: str = ""


class RunQueue(msgspec.Struct, frozen=True):
    """Where the first queued task of a run is in the queue, and what it waits for.

    `place` counts from 1 and is 0 if no task is queued. `own_before` and `others_before` count the
    tasks of the caller and of others before it. `holders` hold what it needs. `held_by_others`
    states whether others that the caller may not see hold some of it. `starts_in_seconds` is null
    without an estimate.
    """

    place: int = 0
    own_before: int = 0
    others_before: int = 0
    waits: Reason | None = None
    holders: list[Holder] = []
    held_by_others: bool = False
    starts_in_seconds: float | None = None


def read_quota_id(key: str) -> tuple[Kind, str]:
    """Return kind and name of a quota's ID.

    Raises:
        Invalid: the text is no ID of a quota.
    """
    kind, _, name = key.partition(":")
    if key == EVERYONE:
        return "everyone", ""
    if kind not in ("user", "group", "project") or not name:
        why = "must be everyone, user:NAME, group:NAME or project:NAME"
        raise Invalid.field("quota", why)
    return kind, check_title(name, "quota")  # type: ignore[return-value]


def complete_quota(kind: Kind, body: NewQuota, most_gpus: int) -> dict[str, Any]:
    """Return the limits to store, with those of the preset, after a check.

    Raises:
        Invalid: a limit is negative, or there are more GPUs than the setting allows.
    """
    given = {name: getattr(body, name) for name in QuotaLimits.__struct_fields__}
    preset = PRESETS.get(body.preset, {})
    limits = {n: preset.get(n) if value is None else value for n, value in given.items()}
    if limits["gpus"] is None and kind != "project":
        limits["gpus"] = DEFAULT_GPUS
    for name, limit in limits.items():
        if limit is not None and not 0 <= limit < float("inf"):
            raise Invalid.field(name, "must be 0 or more")
    most = MAX_GPUS if kind == "project" else most_gpus
    if (limits["gpus"] or 0) > most:
        raise Invalid.field("gpus", f"must be at most {most}, the setting max_quota_gpus")
    return limits


class Quotas(msgspec.Struct, frozen=True):
    """All quotas by ID, the groups of users, and the projects with a quota, by name."""

    by_id: Mapping[str, Quota] = {}
    groups: Mapping[str, Collection[str]] = {}
    project_names: Mapping[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self.by_id)

    def of_user(self, owner: str) -> tuple[str, QuotaLimits]:
        """Return the limits of a user, and which quota they are from.

        The user's own quota counts, else the largest limits of the user's groups, else those of
        everyone.
        """
        if own := self.by_id.get(f"user:{owner}"):
            return own.id, own
        names = [f"group:{name}" for name in self.groups.get(owner, ())]
        if of_groups := [self.by_id[name] for name in names if name in self.by_id]:
            return "groups", largest(of_groups)
        everyone = self.by_id.get(EVERYONE)
        return (EVERYONE, everyone) if everyone else ("", QuotaLimits())

    def lifetime(
        self, owner: str, projects: Iterable[str], since: datetime | None
    ) -> "Lifetime | None":
        """Return the shortest lifetime by the quotas of an owner and of projects, None for none."""
        limits = [self.of_user(owner)[1], *(self.by_id[f"project:{name}"] for name in projects)]
        days = [each.deployment_days for each in limits if each.deployment_days is not None]
        if not days or since is None:
            return None
        period = timedelta(days=min(days))
        return Lifetime(since + period, since + period - min(period / 10, REMINDER))


class Lifetime(msgspec.Struct, frozen=True):
    """When a deployment stops by its quotas, and when its owner is reminded of it."""

    ends_at: datetime
    reminds_at: datetime


def largest(quotas: Sequence[QuotaLimits]) -> QuotaLimits:
    """Return the largest of each limit; none is the largest."""
    limits = {}
    for name in QuotaLimits.__struct_fields__:
        values = [getattr(quota, name) for quota in quotas]
        limits[name] = None if None in values else max(values)
    return QuotaLimits(**limits)


class QuotaLedger:
    """What runs and deployments hold, and whether the quotas leave room for more.

    `projects` are the IDs of the projects with a quota that a run or deployment is linked to.
    """

    def __init__(
        self,
        quotas: Quotas,
        uses: Iterable[Use] = (),
        projects: Mapping[str, Collection[str]] | None = None,
    ):
        self._quotas = quotas
        self._projects = projects or {}
        self._scopes: dict[str, dict[str, Use]] = {}
        self._limits: dict[str, QuotaLimits] = {}
        for use in uses:
            self.take(use)

    def take(self, use: Use) -> None:
        """Add what a task or deployment holds."""
        for scope in self.scopes_of(use):
            held = self._scopes.setdefault(scope, {})
            held[use.id] = held[use.id].plus(use) if use.id in held else use

    def release(self, use: Use) -> None:
        """Remove what a task held. A run without a task in progress then holds no place."""
        for scope in self.scopes_of(use):
            held = self._scopes.get(scope, {})
            rest = held.pop(use.id, use).plus(use, -1)
            if rest.cpu >= EPSILON:
                held[use.id] = rest

    def full_scope(self, use: Use) -> str | None:
        """Return the first scope without room for a task or deployment, None if it fits."""
        return next((scope for scope in self.scopes_of(use) if self._lacks_in(scope, use)), None)

    def lacks(self, use: Use, viewer: str = "") -> Reason | None:
        """Return why a task or deployment has to wait for a quota, None if it fits.

        The reason names holders of the viewer, by default the owner.
        """
        for scope in self.scopes_of(use):
            if lacking := self._lacks_in(scope, use):
                name, limit, holders = lacking
                project = scope.removeprefix("project:")
                quota = quota_reason(use.owner, self._quotas.project_names.get(project, ""))
                wanted = getattr(use, name, 1)
                if wanted > limit + EPSILON:
                    return over_quota(quota, name, wanted, limit)
                return quota_full(quota, name, limit, holders, viewer or use.owner)
        return None

    def holders(self, use: Use) -> list[Use]:
        """Return what holds what a task waits for: its quota, else GPUs or cores."""
        for scope in self.scopes_of(use):
            if lacking := self._lacks_in(scope, use):
                return lacking[2]
        name = "gpus" if use.gpus else "cpu"
        return [each for each in self.held() if getattr(each, name) > EPSILON]

    def held(self) -> Iterator[Use]:
        """Yield what each started run and wanted deployment holds in total."""
        for scope, held in self._scopes.items():
            yield from held.values() if scope.startswith("user:") else ()

    def scopes_of(self, use: Use) -> list[str]:
        """Return the user and the projects whose quotas count."""
        projects = self._projects.get(use.id, ())
        return [f"user:{use.owner}", *(f"project:{project}" for project in projects)]

    def _limits_of(self, scope: str) -> QuotaLimits:
        if scope not in self._limits:
            kind, _, name = scope.partition(":")
            own = self._quotas.of_user(name)[1] if kind == "user" else self._quotas.by_id[scope]
            self._limits[scope] = own
        return self._limits[scope]

    def _lacks_in(self, scope: str, use: Use) -> tuple[str, float, list[Use]] | None:
        """Return what is lacking first, its limit and its holders."""
        limits, held = self._limits_of(scope), self._scopes.get(scope, {})
        for name in AMOUNTS:
            limit, wanted = getattr(limits, name), getattr(use, name)
            if limit is not None and wanted:
                holders = [other for other in held.values() if getattr(other, name) > EPSILON]
                if sum(getattr(other, name) for other in holders) + wanted > limit + EPSILON:
                    return name, limit, holders
        name = f"{use.kind}s"
        limit = getattr(limits, name)
        same = [other for other in held.values() if other.kind == use.kind]
        if limit is not None and use.id not in held and len(same) + 1 > limit:
            return name, limit, same
        return None


def quota_reason(user: str, project: str = "") -> Reason:
    """Return the reason that names the quota of a project or, without one, of a user."""
    of_user = because("quota-of-user", user=user)
    return because("quota-of-project", name=project) if project else of_user


def over_quota(quota: Reason, name: str, wanted: float, limit: float) -> Reason:
    """Return the reason for a request that never fits into a quota."""
    amounts = {"wanted": amount(name, wanted), "limit": amount(name, limit)}
    return because("over-quota", quota=quota, **amounts)


def amount(name: str, count: float) -> Reason:
    """Return the reason that shows an amount of a limit with its unit."""
    return because(AMOUNT_CODES[name], count=count)


def quota_full(
    quota: Reason, name: str, limit: float, holders: Collection[Use], viewer: str
) -> Reason:
    """Return the reason to wait for a quota, which names the viewer's own holders of it."""
    own = [use.reason for use in holders if use.owner == viewer]
    others = [because("held-by-others")] * (len(own) < len(holders))
    return because("quota-full", quota=quota, limit=amount(name, limit), holders=own + others)


# Fair share


class UsedShare(msgspec.Struct, frozen=True):
    """The core-seconds that a user has used, as they counted at a time in seconds since 1970."""

    seconds: float
    at: float

    def decayed(self, now: float, half_life: float) -> float:
        """Return the core-seconds as they count now: half after each half-life."""
        return float(self.seconds * 0.5 ** (max(now - self.at, 0.0) / half_life))

    def plus(self, seconds: float, now: float, half_life: float) -> "UsedShare":
        """Return the share with what was used just now."""
        return UsedShare(self.decayed(now, half_life) + seconds, now)


def cores_counted(limits: Limits) -> float:
    """Return how many cores a task counts as in what its user has used."""
    return (limits.cpu or 1.0) + CORES_PER_GPU * (limits.gpu or 0)


def fair_order(
    queues: Mapping[str, Iterable[T]], levels: "Counter[str]", used: Mapping[str, float]
) -> Iterator[T]:
    """Yield the tasks of all users in the order of their turns.

    Each user's tasks stay in their order. The user with the fewest tasks in progress comes first,
    of equals the one that has used less, then the smaller task. So a task in progress, or earlier
    in this order, weighs more than any use in the past: a user's only task is never held up by the
    many of another user. `levels` counts these tasks by user. The caller may lower the level of a
    user whose last task does not count.
    """
    heads: list[tuple[int, float, Any, str]] = []
    rest = {owner: iter(queue) for owner, queue in queues.items()}

    def add(owner: str) -> None:
        for task in rest[owner]:
            heapq.heappush(heads, (levels[owner], used.get(owner, 0.0), task, owner))
            break

    for name in queues:
        add(name)
    while heads:
        _, _, task, owner = heapq.heappop(heads)
        levels[owner] += 1
        yield task
        add(owner)
