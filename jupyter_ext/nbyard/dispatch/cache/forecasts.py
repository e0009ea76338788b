"""Forecast before a run which nodes come from the cache.

The forecast uses the code that decides during a run.

Slow lookups for which a request waits only for a short time.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, TypeVar

from nbyard.blobs import DryBlobs
from nbyard.dispatch.cache.condition_values import value_of_task, why_unmet
from nbyard.dispatch.cache.keys import Code, Identities, code_of, environment_identity, key_parts
from nbyard.dispatch.cache.map_data import ElementResult, collect, read_elements
from nbyard.dispatch.cache.result_lookup import Query, ResultLookup, has_bytes, reuse_reason
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import inputs_from
from nbyard.domain.attempts.structs import EXECUTED
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.maps.structs import EACH, Element
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.runs.map_plans import element_plans, following_plans
from nbyard.domain.runs.previews.estimates import AFTER, Forecaster, ForecastQuestion, Verdict
from nbyard.domain.runs.structs import BytesOf, ResultOf, TaskPlan, bytes_of
from nbyard.domain.workflows.conditions import Reference, nodes_of
from nbyard.errors import NbyardError, NotFound, Unavailable, reason_of
from nbyard.reasons.structs import Reason, because
from nbyard.runtimes import protocol
from nbyard.runtimes.protocol import KnowsPackages
from nbyard.settings import Settings
from nbyard.store import Store
from nbyard.store.leases import Lease
from nbyard.store.runs.artifacts_and_cache import Hit
from nbyard.store.runs.tasks import TaskRecord
from nbyard.tabular import Tables
from nbyard.transfer.dataset_links import ResourceLinks

T = TypeVar("T")
# A place that hangs, such as a network mount, occupies its thread for as long.
MOST_THREADS = 16
LATE = because("forecast-late")
AGAIN = "elements-again"
MOST_COLLECTED = 1000  # elements, whose metrics are read


class BoundedLookups(Generic[T]):
    """Looks up values in threads, at most one for each key.

    A lookup that is late continues. Later requests for its key wait for the same lookup.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._under_way: dict[Hashable, Future[T]] = {}

    def is_under_way(self, key: Hashable) -> bool:
        """Return whether a thread looks up this key."""
        return key in self._under_way

    def get(self, key: Hashable, look: Callable[[], T], seconds: float) -> T:
        """Return the value from `look`, which runs in a thread.

        Raises:
            Unavailable: The value takes longer than `seconds`, or too many lookups are under way.
        """
        with self._lock:
            future = self._under_way.get(key)
            if future is None:
                if len(self._under_way) >= MOST_THREADS:
                    raise Unavailable(LATE)
                future = self._under_way[key] = Future()
                of = (key, future, look)
                # a daemon, because a process that ends must not wait for a mount that hangs
                threading.Thread(target=self._run, args=of, name=self._name, daemon=True).start()
        try:
            return future.result(seconds)
        except (TimeoutError, CancelledError):
            raise Unavailable(LATE) from None

    def _run(self, key: Hashable, future: Future[T], look: Callable[[], T]) -> None:
        answer: Callable[[], object] = future.cancel  # after an unexpected error
        try:
            answer = partial(future.set_result, look())
        except (NbyardError, OSError) as error:
            answer = partial(future.set_exception, error)
        finally:
            del self._under_way[key]  # first, so that the next request looks again
            answer()


# A forecast checks nodes for this long; the verdict on the others is unknown.
MOST_SECONDS = 2.0
ENGINE_SECONDS = 0.5
# A local interpreter must start to list its packages.
INTERPRETER_SECONDS = 5.0
OUTSIDE_SECONDS = 1.0
# Names and digests of this many files of stored code are kept in memory.
MOST_FILES = 200_000


@contextmanager
def open_forecaster(
    settings: Settings, store: Store, blobs: DryBlobs, tables: Tables, links: ResourceLinks
) -> Iterator[Forecaster]:
    """Open a forecaster. It holds no lease, so it cannot write, and starts no installation."""
    # No stored lease has the epoch -1, so each write would raise LeaseLost.
    nobody = Lease("", "", -1, datetime.now(UTC), 0.0)
    context = DispatchContext(settings, store, blobs, tables, links, {}, nobody, is_dry=True)
    # `version_in_place` starts no installation once this event is set.
    context.stopping.set()
    try:
        yield CacheForecaster(context, blobs)
    finally:
        for runtime in context.runtimes.values():
            runtime.close()


class CacheForecaster:
    """Looks up cached results for the tasks of a run that is not created."""

    def __init__(self, context: DispatchContext, blobs: DryBlobs):
        self._context = context
        self._store = context.store
        self._blobs = blobs
        self.identities = Identities(context, MOST_FILES)
        self._results = ResultLookup(context.store, self.identities)
        self._loading = threading.Lock()
        self._environments = BoundedLookups[EnvironmentRef]("nbyard-forecast")
        self._comparisons = BoundedLookups[list[Reason]]("nbyard-forecast-outside")

    def forecast(self, question: ForecastQuestion) -> dict[str, Verdict]:
        """Return the verdict for each node. Nothing is written.

        A node after one that runs counts as stale, although its inputs may turn out equal. Elements
        of a map that failed the last time are assumed to fail again.
        """
        forecast = _PartialForecast(question, time.monotonic() + MOST_SECONDS)
        for plan in question.plans:  # in topological order
            try:
                left_out = forecast.skipped & plan.needs()
                verdict = self._verdict_on_map if plan.map else self._verdict
                own = self._verdict_on_skipped(forecast, plan, left_out) or verdict(
                    forecast, plan.without(left_out)
                )
                if own.state == "cached" and (guessed := plan.needs() & forecast.guessed):
                    forecast.guessed.add(plan.node)
                    own = Verdict("unknown", because(AGAIN, node=forecast.labels[min(guessed)]))
                forecast.verdicts[plan.node] = own
            except (NbyardError, OSError) as error:
                reason = error.reason if isinstance(error, NbyardError) else reason_of(error)
                forecast.verdicts[plan.node] = Verdict("unknown", reason)
        return forecast.verdicts

    def _verdict_on_skipped(
        self, forecast: "_PartialForecast", plan: TaskPlan, left_out: set[str]
    ) -> Verdict | None:
        """Return the verdict on a node that a condition leaves out, as a run does; else None."""
        needs, optional = plan.needs(), plan.optional_needs()
        reason: Reason | None = None
        if left_out - optional or (left_out and left_out == needs):
            reason = because("upstream-skipped")
        elif (
            plan.when
            and not plan.decides_by_element
            and nodes_of(plan.when) <= forecast.origins.keys()
        ):
            reason = why_unmet(plan.when, partial(self._value, forecast))
        if not reason:
            return None
        forecast.skipped.add(plan.node)
        return Verdict("skipped", reason)

    def _value(self, forecast: "_PartialForecast", reference: Reference) -> Any:
        node, name = reference
        owner, task_id = forecast.question.owner, forecast.origins[node]
        with self._store.read() as c:
            outputs = self._store.artifacts.of_task(c, task_id)
            if not name:  # whether it has changed since the last success
                of, earlier = (forecast.question.workflow, node), self._store.history
                return any(
                    [e.digest for e in earlier.outputs_of_node(c, owner, *of, output, 1)]
                    != [own.digest]
                    for output, own in outputs.items()
                    if output != EXECUTED
                )
        return value_of_task(self._context, owner, task_id, outputs.values(), reference)

    def _verdict(self, forecast: "_PartialForecast", plan: TaskPlan) -> Verdict:
        """Return the verdict for a node; slow lookups do not hold a connection to the store."""
        if plan.reuse:
            return self._verdict_on_pinned(forecast, plan)
        if after := forecast.verdict_after_missing(plan):
            return after
        if time.monotonic() > forecast.end:
            raise Unavailable(LATE)
        code = self._code(forecast, plan)
        environment = self._environment(plan, code.version)
        inputs = inputs_from(plan, lambda node: forecast.results[node])
        digests = [code.version.content_digest, code.version.bundle_digest]
        digests += [input_bytes.digest for input_bytes in inputs.values()]
        packages = environment.lock.packages if environment.lock else []
        digests += [package.tree for package in packages if package.tree]
        if any(map(self._blobs.is_unread, digests)):
            return Verdict("unknown", because("file-not-read"))
        parts = key_parts(plan, code, inputs, environment)
        question, key = forecast.question, parts.key()
        query = Query(question.owner, plan, code, parts, key, environment, places=question.places)
        if hit := self._usable(forecast, query):
            return Verdict("cached", reuse_reason(query, hit))
        of = (forecast.question.owner, forecast.question.workflow, plan.node, plan.executable_id)
        with self._store.read() as c:
            last = partial(self._store.history.last_of, c, *of)
            return Verdict("stale", self._results.why(c, query, last))

    def _verdict_on_map(self, forecast: "_PartialForecast", plan: TaskPlan) -> Verdict:
        """Return the verdict for a map: cached if all of its elements are."""
        assert plan.map is not None
        if plan.map.each is None:
            followed = {n: of for n, of in forecast.elements.items() if n in plan.follows()}
            is_known = followed.keys() == plan.follows()
            plans = following_plans(plan, followed) if is_known else None
        elif after := forecast.verdict_after_missing(plan):
            return after
        elif plan.map.count:
            return Verdict("unknown", because("map-search", total=plan.map.count))
        else:
            inputs = inputs_from(plan, lambda node: forecast.results[node])
            data = plan.bindings.get(EACH)
            outer = forecast.elements.get(data.node, ()) if isinstance(data, ResultOf) else ()
            plans = element_plans(plan, read_elements(self._context, plan.map.each, inputs), outer)
        if plans is None:
            return Verdict("unknown", because("map-unknown-yet"))
        forecast.elements[plan.node] = [each.element for each in plans if each.element]
        for each in plans:
            if time.monotonic() > forecast.end:
                return Verdict("unknown", because("map-late", total=len(plans)))
            forecast.verdicts[each.node] = self._verdict(forecast, each)
        states = [forecast.verdicts[each.node].state for each in plans]
        cached = states.count("cached")
        if len(plans) <= MOST_COLLECTED:
            self._collect(forecast, plan, plans)
        why = because("map-forecast", cached=cached, total=len(plans))
        return Verdict("cached" if cached == len(plans) else "stale", why)

    def _collect(
        self, forecast: "_PartialForecast", plan: TaskPlan, elements: Sequence[TaskPlan]
    ) -> None:
        """Collect a map whose other elements failed the last time."""
        question, ended = forecast.question, []
        is_needed = any(plan.node in other.needs() for other in question.plans)
        if not is_needed or time.monotonic() > forecast.end:
            return
        of = (question.owner, question.workflow, plan.node, plan.executable_id)
        with self._store.read() as c:
            before = self._store.history.last_states(c, *of)
        for each in elements:
            origin = forecast.origins.get(each.node, "")
            state = "succeeded" if origin else before.get(each.node, "succeeded")
            if state == "succeeded" and not origin:
                return
            record = TaskRecord(origin, "", question.owner, each.node, state, each)
            ended.append(ElementResult(record, forecast.results.get(each.node, {})))
        outputs = [argument.name for argument in plan.arguments if argument.role == "output"]
        forecast.take(plan.node, collect(self._context, outputs, ended))
        if any(not element.record.id for element in ended):
            forecast.guessed.add(plan.node)

    def _usable(self, forecast: "_PartialForecast", query: Query) -> Hit | None:
        """Return the cached result of a node if it can be used.

        It must be recent and still stored, and files outside the code must be unchanged.
        """
        if query.why_cache_ignored():
            return None
        with self._store.read() as c:
            hit = self._results.find(c, [query]).get(query)
        if hit is None or query.is_expired(hit, datetime.now(UTC)):
            return None
        query.outside = self._outside_changes(hit, query.plan.runtime)
        with self._store.read() as c:
            rows = self._store.artifacts.of_tasks(c, [hit.task_id])[hit.task_id]
            others = self._store.tasks.key_of(c, hit.task_id)
        if query.outside or not has_bytes(self._blobs, rows, others):
            return None
        forecast.take(query.plan.node, rows)
        forecast.origins[query.plan.node] = hit.task_id
        return hit

    def _outside_changes(self, hit: Hit, runtime: str) -> list[Reason]:
        """Return how outside files differ from what the result used.

        Raises:
            Unavailable: The comparison is late, such as on a mount that hangs, or an earlier one is
                still running.
        """
        if not hit.outside:
            return []
        # That comparison may have seen files before the last edit.
        if self._comparisons.is_under_way(hit.task_id):
            raise Unavailable(LATE)
        files, outside = self.identities.outside, hit.outside_files()
        return self._comparisons.get(
            hit.task_id, lambda: list(files.changes(outside, runtime)), OUTSIDE_SECONDS
        )

    def _verdict_on_pinned(self, forecast: "_PartialForecast", plan: TaskPlan) -> Verdict:
        with self._store.read() as c:
            rows = self._store.artifacts.of_tasks(c, [plan.reuse])[plan.reuse]
            others = self._store.tasks.key_of(c, plan.reuse)
        if not has_bytes(self._blobs, rows, others):
            raise NotFound(because("pinned-result-gone", run=plan.pinned))
        forecast.take(plan.node, rows)
        forecast.origins[plan.node] = plan.reuse
        return Verdict("cached", because("pinned", run=plan.pinned))

    def _code(self, forecast: "_PartialForecast", plan: TaskPlan) -> Code:
        """Return the code of a node. Code that is not stored is kept for this forecast only."""
        version = forecast.question.versions.get(plan.executable_version_id)
        if version is None:
            return self.identities.code(plan)
        code = forecast.codes.get(version.id)
        if code is None:
            code = forecast.codes[version.id] = code_of(self._blobs, version)
        return code

    def _environment(self, plan: TaskPlan, version: ExecutableVersion) -> EnvironmentRef:
        """Return the environment; an engine gets little time to respond.

        Raises:
            Unavailable: There is no answer in time, or the environment is unknown until the run.
        """
        if known := self.identities.known_environment(plan, version):
            return known
        seconds = INTERPRETER_SECONDS
        if plan.runtime != PROCESS:
            self._load(plan.runtime)
            seconds = ENGINE_SECONDS

        def look() -> EnvironmentRef:
            with self._blobs.one_request():  # packages may be used from folders
                return self.identities.environment(plan, version)

        return self._environments.get(environment_identity(plan, version), look, seconds)

    def _load(self, name: str) -> None:
        """Load a runtime once.

        Raises:
            Unavailable: The runtime would have to start a cluster to answer.
        """
        with self._loading:
            runtime = self._context.runtimes.get(name)
            if runtime is None:
                runtime = protocol.load_one(self._context.settings, name)
                self._context.runtimes[name] = runtime
        if isinstance(runtime, KnowsPackages):
            raise Unavailable(LATE)


class _PartialForecast:
    """The verdicts so far, and the outputs of nodes that come from the cache."""

    def __init__(self, question: ForecastQuestion, end: float):
        self.question = question
        self.end = end
        self.verdicts: dict[str, Verdict] = {}
        self.results: dict[str, dict[str, BytesOf]] = {}
        self.codes: dict[str, Code] = {}
        self.elements: dict[str, list[Element]] = {}
        self.origins: dict[str, str] = {}
        self.guessed: set[str] = set()
        self.skipped: set[str] = set()
        self.labels = {plan.node: plan.label for plan in question.plans}

    def take(self, node: str, rows: list[dict[str, str]]) -> None:
        """Keep the outputs of a cached node as inputs of later nodes."""
        self.results[node] = {
            row["name"]: bytes_of(row["digest"], row["filename"], node) for row in rows
        }

    def verdict_after_missing(self, plan: TaskPlan) -> Verdict | None:
        """Return the verdict on a node that needs an uncached result.

        Return None if all nodes that it needs come from the cache.
        """
        missing = sorted(plan.needs() - self.results.keys())
        stale = [node for node in missing if self.verdicts[node].state == "stale"]
        if stale:
            return Verdict("stale", because(AFTER, node=self.labels.get(stale[0], stale[0])))
        if self.elements.keys() & missing:  # its elements are cached, but nothing is collected yet
            return Verdict("unknown", because("map-unknown-yet"))
        return self.verdicts[missing[0]] if missing else None
