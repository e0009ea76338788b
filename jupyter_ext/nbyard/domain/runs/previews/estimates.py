"""Forecasts of runs, and estimates of durations from earlier runs."""

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from math import ceil, inf, prod
from statistics import median
from typing import Literal, Protocol

import msgspec
from msgspec.structs import replace

from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.limits import Limits
from nbyard.domain.maps.structs import Grid, Search
from nbyard.domain.runs.slots import Capacity, Slots
from nbyard.domain.runs.structs import NewRun, TaskPlan
from nbyard.domain.users.quotas import QuotaLedger, Quotas, Use, alike, cores_counted, fair_order
from nbyard.reasons.structs import Reason

# successes that count for the usual duration
SAMPLES = 5
# of the time that a node has taken, how much is left at least
OVERDUE = 0.25
# of each user's tasks, so many may pass one that waits for a quota or GPUs: others cost much time
AHEAD = 100
# the reason code of nodes that run after another one, but may still use a cached result
AFTER = "after-node"
ForecastState = Literal["cached", "stale", "skipped", "unknown"]


class Usual(msgspec.Struct, frozen=True):
    """The usual duration of a node: the median of recent successes of its executable.

    `samples` is the number of these successes. `starts_in_seconds` estimates when a queued task
    starts, from the usual durations of the tasks before it.
    """

    seconds: float
    samples: int
    starts_in_seconds: float | None = None


class Estimate(msgspec.Struct, frozen=True):
    """The estimated remaining time of a live run.

    `remaining_seconds` is a minimum, from the longest path through the nodes and from the
    machine's capacity. It is null if no usual duration is known, or if a node needs more GPUs than
    the machine has. `nodes` has the usual durations of unfinished nodes. `unknown` counts
    the nodes without one.
    """

    remaining_seconds: float | None = None
    unknown: int = 0
    nodes: dict[str, Usual] = {}


class PastSuccess(msgspec.Struct, frozen=True):
    """A successful task of an executable: the version that ran, and its duration."""

    version_id: str
    seconds: float


class UnfinishedNode(msgspec.Struct, frozen=True):
    """An unfinished node: its dependencies (`needs`), times, and limits on this machine.

    `limits` is None if the node runs on another machine. `use` is what it holds of quotas. A map
    has `elements`, of which `at_most` run at once. It need not wait for the end of the maps that it
    `follows`. `arrives_in` is in seconds; if negative, it has arrived.
    """

    needs: Collection[str] = ()
    usual: Usual | None = None
    elapsed_seconds: float = 0.0
    limits: Limits | None = Limits()
    elements: int = 1
    at_most: int | None = None
    follows: Collection[str] = ()
    use: Use = Use(kind="run", id="", name="", owner="")
    arrives_in: float = 0.0

    @property
    def left(self) -> float:
        """Return the remaining seconds; 0 if unknown, or if the node takes longer than usual."""
        return max(0.0, self.usual.seconds - self.elapsed_seconds) if self.usual else 0.0


def elements_to_run(
    plan: TaskPlan, reason: Reason | None, before: Mapping[str, int | None]
) -> int | None:
    """Return how many elements of a map may run, 1 for another node, None if unknown.

    `reason` is that of its forecast. `before` has the numbers of the maps before it.
    """
    if plan.map is None:
        return 1
    if reason and reason.code in ("map-forecast", "map-late"):
        return int(reason.params["total"]) - int(reason.params.get("cached", 0))
    each = plan.map.each
    if isinstance(each, Grid):
        return prod(map(len, each.values.values()))
    return each.count if isinstance(each, Search) else before.get(min(plan.follows(), default=""))


def usual_duration(past: Sequence[PastSuccess], version_id: str) -> Usual | None:
    """Return the usual duration of an executable version; None without earlier successes.

    `past` are the successes of the executable, newest first. Those of the same version count, if
    there are any, else those of other versions.
    """
    same = [success.seconds for success in past if success.version_id == version_id]
    seconds = (same or [success.seconds for success in past])[:SAMPLES]
    return Usual(median(seconds), len(seconds)) if seconds else None


def usual_seconds(past: Sequence[float]) -> float | None:
    """Return the median of the durations of recent successful runs, None without any."""
    return median(past) if past else None


def estimate_run(ahead: Mapping[str, UnfinishedNode], capacity: Capacity) -> Estimate:
    """Estimate the remaining time of a run.

    `ahead` are its unfinished nodes by ID in topological order.
    """
    nodes = {name: node.usual for name, node in ahead.items() if node.usual is not None}
    unknown = len(ahead) - len(nodes)
    here = [(n.left * n.elements, n.limits) for n in ahead.values() if n.limits is not None]
    if not nodes or any(Slots(capacity).is_too_much(limits) for _, limits in here):
        return Estimate(None, unknown, nodes)
    ends: dict[str, float] = {}
    for name, node in ahead.items():
        rounds = ceil(node.elements / node.at_most) if node.at_most else 1
        before = [ends.get(need, 0.0) for need in {*node.needs} - {*node.follows}]
        followed = [ends.get(need, 0.0) for need in node.follows]  # ends with its last element
        start = (node.usual and node.usual.starts_in_seconds) or 0.0
        whole = rounds * node.left + max([start, *before])
        ends[name] = max(whole, node.left + max(followed, default=0.0))
    gpus = len(capacity.gpus) * capacity.tasks_per_gpu
    work = []
    for left, limits in here:
        # shares of cores, memory and GPUs that the node uses while it runs
        shares = (
            min(limits.cpu or 1.0, capacity.cores) / capacity.cores,
            min(limits.memory_bytes or 0, capacity.memory_bytes) / (capacity.memory_bytes or 1),
            (limits.gpu or 0) / (gpus or 1),
        )
        work.append([left * share for share in shares])
    # for each resource, the seconds that it needs if fully used
    busy = map(sum, zip(*work, strict=True))
    return Estimate(max([*ends.values(), *busy]), unknown, nodes)


class ExpectedWork:
    """The running tasks, their expected ends, and what users used.

    `held` are GPUs that others occupy. `ledger` has what the running tasks hold of quotas.
    """

    def __init__(
        self,
        running: Collection[tuple[UnfinishedNode, Sequence[str]]],
        capacity: Capacity,
        held: Collection[str] = (),
        ledger: QuotaLedger | None = None,
        used: Mapping[str, float] | None = None,
    ):
        self.now, self._capacity, self._held = 0.0, capacity, held
        self._ledger = ledger or QuotaLedger(Quotas())
        self._used: defaultdict[str, float] = defaultdict(float, used or {})
        self._busy = [(self._end_of(node), node, gpus) for node, gpus in running]
        self._refused = dict[int, str | None]()  # by place, the scope without room

    def start(self, queues: Mapping[str, list[int]], nodes: list[UnfinishedNode]) -> list[int]:
        """Start the tasks that fit, and return their places."""
        started, short = list[int](), set[object]()
        busy = [(node.limits, gpus) for _, node, gpus in self._busy if node.limits]
        slots = Slots(self._capacity, busy, self._held)
        levels = Counter(node.use.owner for _, node, _ in self._busy)

        def ahead(owner: str) -> Iterator[int]:
            for place in (at for at in queues[owner][:AHEAD] if at not in self._refused):
                if alike(nodes[place].use) in short:
                    levels[owner] += 1  # refused without a check, as many may wait
                else:
                    yield place

        for place in fair_order({owner: ahead(owner) for owner in queues}, levels, self._used):
            node, limits = nodes[place], nodes[place].limits
            if slots.is_full:
                break
            if limits is None or (full := self._ledger.full_scope(node.use)):
                self._refused[place] = full if limits else None
                levels[node.use.owner] -= 1  # it delays no other task of its user
            elif lacking := slots.lacks(limits):
                slots.refuse([] if slots.is_too_much(limits) else lacking)
                short.add(alike(node.use))
            else:
                started.append(place)
                short.clear()  # an equal task may now lack more
                self._busy.append((self._end_of(node), node, slots.grant(limits)))
                self._ledger.take(node.use)
        return started

    def advance(self, until: float) -> None:
        """Advance to the next end of a task, at most to a time."""
        before, self.now = self.now, min([until, *(end for end, *_ in self._busy)])
        for end, node, _ in self._busy:
            cores = cores_counted(node.limits or Limits())
            self._used[node.use.owner] += (self.now - before) * cores
            if end <= self.now < inf:
                self._ledger.release(node.use)
                room = {*self._ledger.scopes_of(node.use)}
                self._refused = {at: full for at, full in self._refused.items() if full not in room}
        self._busy = [task for task in self._busy if task[0] > self.now]

    def _end_of(self, node: UnfinishedNode) -> float:
        """Return when a node ends; what runs has some time left."""
        return self.now + max(node.left, node.elapsed_seconds * OVERDUE) if node.usual else inf


def seconds_until_start(work: ExpectedWork, queue: dict[str, UnfinishedNode]) -> dict[str, float]:
    """Return the seconds until each queued task starts, if all tasks take as long as usual.

    `queue` has each user's tasks in the order of the queue, then those that are expected to arrive.
    Users take turns at each start. Tasks that wait for a task of unknown duration are left out.
    """
    names, nodes, starts = list(queue), list(queue.values()), dict[str, float]()
    later = deque(sorted(range(len(nodes)), key=lambda place: max(0.0, nodes[place].arrives_in)))
    asked = {names[at] for at in later if nodes[at].limits and nodes[at].arrives_in <= 0}
    queues: defaultdict[str, list[int]] = defaultdict(list)
    while asked - starts.keys() and work.now < inf:
        while later and nodes[later[0]].arrives_in <= work.now:
            queues[nodes[later[0]].use.owner].append(later.popleft())
        for place in work.start(queues, nodes):
            queues[nodes[place].use.owner].remove(place)
            starts[names[place]] = work.now
        work.advance(nodes[later[0]].arrives_in if later else inf)
    return {name: starts[name] for name in asked & starts.keys()}


def expected_tasks(past: Collection[UnfinishedNode]) -> dict[str, UnfinishedNode]:
    """Return past tasks as they are expected to arrive again.

    `past` are tasks of all users, those of each in their order. They come in the same rhythm.
    """
    period = -min((node.arrives_in for node in past), default=0.0)
    known = [node for node in past if node.usual and node.limits and node.arrives_in > -period]
    again = [replace(n, elapsed_seconds=0.0, arrives_in=n.arrives_in + period) for n in known]
    return {f"expected-{place}": node for place, node in enumerate(again)}


class ForecastRequest(NewRun, frozen=True, forbid_unknown_fields=True):
    """A run to forecast, with the fields of `runs.create`.

    `document` is the unsaved text of the workflow at `path`; empty for the saved file.
    """

    document: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """The forecast of a node's state: whether its result would come from the cache, and why."""

    state: ForecastState
    reason: Reason | None = None


class NodeForecast(Verdict, frozen=True):
    """The forecast of one node.

    A `cached` node uses an earlier result. A `stale` node runs, because of `reason`. A `skipped`
    one is left out by a condition. An `unknown` node could not be checked, for `reason`.

    `usual` is the usual duration of a node that may run, null if its code never succeeded. That of
    a map is a minimum for the `elements` that may run; their number is null if it is known only
    during the run. `environment` is what the node would use. The `hints` name packages that its
    code imports, and that are missing there.
    """

    node: str = ""
    usual: Usual | None = None
    environment: UsedEnvironment | None = None
    hints: list[Reason] = []
    elements: int | None = None


class RunForecast(msgspec.Struct, frozen=True):
    """The forecast of a run that would start now.

    `to_run` counts all nodes that may run. With `is_maximum`, fewer may run, because a node whose
    inputs are computed again may still use a cached result. `seconds` is a minimum, from the
    longest path through these nodes and from the machine's capacity; null if unknown.
    `without_estimate` counts nodes without a usual duration. `waits` is set if a node that could
    start at once must wait for a GPU, memory or a slot.
    """

    nodes: list[NodeForecast]
    cached: int
    to_run: int
    seconds: float | None
    without_estimate: int
    is_maximum: bool = False
    waits: Reason | None = None


class ForecastQuestion(msgspec.Struct, frozen=True):
    """The tasks of a run to forecast; the run is not created.

    `versions` are the executable versions that are not stored, by ID. `workflow` is the ID of the
    workflow, empty if it never ran. `project` is the ID of the active project.
    """

    owner: str
    workflow: str
    plans: Sequence[TaskPlan]
    versions: Mapping[str, ExecutableVersion] = {}
    project: str = ""

    @property
    def places(self) -> list[tuple[str, str]]:
        """Return what gives the run to projects, as `Run.places` does."""
        return [("workflow", self.workflow), ("project", self.project)]


class Forecaster(Protocol):
    """Compares tasks with the cache, by the same rules as a run."""

    def forecast(self, question: ForecastQuestion) -> dict[str, Verdict]:
        """Return the verdict for each node by its ID. The store is only read."""
