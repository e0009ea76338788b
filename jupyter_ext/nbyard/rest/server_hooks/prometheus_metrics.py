"""Adds Prometheus metrics to the server's /metrics, read from the store at each scrape."""

import logging
from collections.abc import Iterator
from concurrent.futures import Future, wait
from typing import Any

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from nbyard.domain.counts import Counts
from nbyard.rest.operation_handler import RestContext

log = logging.getLogger("nbyard.rest")
# Jupyter serves /metrics in its event loop, so waiting blocks all other requests.
PATIENCE_SECONDS = 0.5


def register_metrics(context: RestContext) -> None:
    """Register the metrics with Prometheus until the context is closed."""
    collector = StoreCollector(context)
    REGISTRY.register(collector)
    context.closing.append(lambda: REGISTRY.unregister(collector))


class StoreCollector(Collector):
    """Reads the counts in a thread of the context.

    If that takes long, the next scrape shows them.
    """

    def __init__(self, context: RestContext):
        self._context = context
        self._asked: Future[Counts] | None = None
        self._is_up: bool | None = None
        self._counts: Counts | None = None

    def describe(self) -> list[Any]:
        """Return nothing, so that registration does not open the store."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        self._refresh_counts()
        if self._is_up is not None:
            description = "Whether the store of nbyard answers"
            yield GaugeMetricFamily("nbyard_store_up", description, value=self._is_up)
        if self._counts is not None:
            yield from metric_families(self._counts)

    def _refresh_counts(self) -> None:
        if self._asked is None:
            self._asked = self._context.pool.submit(self._ask)
        # Keep the pending future, so that slow scrapes do not pile up threads.
        if wait([self._asked], PATIENCE_SECONDS).not_done:
            return
        asked, self._asked = self._asked, None
        try:
            self._is_up, self._counts = True, asked.result()
        except Exception as error:  # noqa: BLE001  other collectors must still report
            self._is_up, self._counts = False, None
            log.warning("nbyard cannot be measured: %s", error)

    def _ask(self) -> Counts:
        return self._context.services.system.counts()


def metric_families(counts: Counts) -> Iterator[GaugeMetricFamily]:
    """Yield the metrics. All are gauges, because numbers fall when records are deleted."""
    yield _by_state("nbyard_runs", "Runs that are kept", counts.runs)
    yield _by_state("nbyard_tasks", "Tasks of runs that are kept", counts.tasks)
    values = {
        "nbyard_cached_tasks": ("Tasks whose result came from the cache", counts.cached_tasks),
        "nbyard_queue_length": ("Tasks in the queue", counts.tasks["queued"]),
        "nbyard_queue_age_seconds": (
            "How long the task that came first into the queue has waited",
            counts.oldest_queued_seconds,
        ),
        "nbyard_dispatcher_up": (
            "Whether a dispatcher lives; it leaves when there is no work",
            counts.dispatcher_lives,
        ),
        "nbyard_granted_gpus": ("GPUs that attempts under way hold", counts.granted_gpus),
    }
    for name, (description, value) in values.items():
        yield GaugeMetricFamily(name, description, value=value)
    labels = ("runtime", "state")
    number = GaugeMetricFamily("nbyard_attempts", "Attempts at tasks", labels=labels)
    description = "Time between start and end of the attempts that have ended"
    seconds = GaugeMetricFamily("nbyard_attempt_seconds", description, labels=labels)
    for attempt in counts.attempts:
        number.add_metric((attempt.runtime, attempt.state), attempt.number)
        seconds.add_metric((attempt.runtime, attempt.state), attempt.seconds)
    yield from (number, seconds)
    used = {
        "nbyard_attempt_cpu_seconds": "CPU time that attempts used",
        "nbyard_attempt_peak_memory_bytes": "The most memory that one of the attempts used",
        "nbyard_attempt_gpu_seconds": "Time that attempts held GPUs, times their number",
    }
    for name, description in used.items():
        family = GaugeMetricFamily(name, description, labels=("owner", "kind", "runtime"))
        for usage in counts.used:
            amount = getattr(usage, name.removeprefix("nbyard_attempt_"))
            family.add_metric((usage.owner, usage.kind, usage.runtime), amount)
        yield family


def _by_state(name: str, description: str, counts: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, description, labels=("state",))
    for state, count in counts.items():
        family.add_metric((state,), count)
    return family
