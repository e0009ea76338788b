"""Hooks in the Jupyter server: activity, metrics, renamed files, log format and a watchdog."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from datetime import UTC, datetime, timedelta
from typing import Any

from jupyter_server.base.call_context import CallContext
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from tornado.ioloop import PeriodicCallback

from nbyard.domain.callers import Caller
from nbyard.domain.counts import Counts
from nbyard.domain.environments.structs import KERNEL_PREFIX
from nbyard.errors import NbyardError
from nbyard.host.project_files import DOCUMENT
from nbyard.logs.json_lines import JsonFormatter
from nbyard.rest.forwarding import HubService
from nbyard.rest.identity import caller_of, local_name
from nbyard.rest.operation_handler import RestContext
from nbyard.settings import Settings

NAME = "nbyard"
LOOK_SECONDS = 5.0
WATCH_SECONDS = 4.0
CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
log = logging.getLogger("nbyard.rest")
# Jupyter serves /metrics in its event loop, so waiting blocks all other requests.
PATIENCE_SECONDS = 0.5


class Activity:
    """Reports activity to Jupyter while runs, builds or imports are active, or our kernels busy.

    `exists` returns whether there is a store. A check never creates one.
    """

    def __init__(self, context: RestContext, web_app: Any, exists: Callable[[], bool]):
        self._context = context
        self._web_app = web_app
        self._exists = exists
        self._longest = timedelta(seconds=context.settings.keep_alive_seconds)
        self._clock = PeriodicCallback(self._note_if_working, LOOK_SECONDS * 1000)
        self._clock.start()
        context.closing.append(self._clock.stop)

    async def _note_if_working(self) -> None:
        # Jupyter counts only what a kernel prints.
        kernels = self._web_app.settings["kernel_manager"].list_kernels()
        ours = [kernel for kernel in kernels if kernel["name"].startswith(KERNEL_PREFIX)]
        if any(kernel["execution_state"] == "busy" for kernel in ours):
            self.note()
        if not self._exists():
            return
        with contextlib.suppress(NbyardError):  # the next request reports the error
            if await self._context.call(self._context.is_working):
                self.note()

    def note(self) -> None:
        """Report activity now, unless the server's last other activity is too long ago."""
        times = self._web_app.settings["last_activity_times"]
        # Jupyter counts this entry as activity, too. It would keep the server active by itself.
        noted = times.pop(NAME, None)
        now = datetime.now(UTC)
        if now - self._web_app.last_activity() < self._longest:
            noted = now
        if noted is not None:
            times[NAME] = noted


class DispatcherWatchdog:
    """Checks every few seconds that a dispatcher runs if there is work.

    `exists` returns whether there is a store. A check never creates one.
    """

    def __init__(self, context: RestContext, exists: Callable[[], bool]):
        self._context = context
        self._exists = exists
        self._clock = PeriodicCallback(self._ensure_dispatcher, WATCH_SECONDS * 1000)
        self._clock.start()
        context.closing.append(self._clock.stop)

    async def _ensure_dispatcher(self) -> None:
        if self._exists():
            with contextlib.suppress(NbyardError):  # the next request reports the error
                await self._context.call(self._context.watch)


def follow_files(context: RestContext, event_logger: Any, exists: Callable[[], bool]) -> None:
    """Follow the renames and saves that the server reports, until the context is closed.

    Stored paths are updated, and versions of workflows stored. `exists` returns whether there is a
    store. A rename or save never creates one.
    """

    async def noted(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        action, path = data.get("action"), data["path"]
        is_saved = action == "save" and path.endswith(DOCUMENT)
        # The server reports each file that it reads, too.
        if not (is_saved or action == "rename") or not exists():
            return
        # A workflow that is missed here is found by its ID, and its version stored by its next run.
        with contextlib.suppress(NbyardError):
            if is_saved:
                # Jupyter's event does not name the user.
                request = CallContext.get(CallContext.JUPYTER_HANDLER)
                caller = caller_of(request.current_user) if request else Caller(local_name())
                await context.ask("workflows", "saved", caller, path)
            else:
                await context.ask("workflows", "renamed", data["source_path"], path)

    _listen(context, event_logger, noted)


def send_workflows(context: RestContext, event_logger: Any, service: HubService) -> None:
    """Send each workflow that is saved or renamed to the service, until the context is closed.

    The service stores its version. Other files are sent when a request or a workflow names them.
    """

    async def noted(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        is_new = data.get("action") in ("save", "rename")
        if is_new and data["path"].endswith(DOCUMENT):
            with contextlib.suppress(NbyardError):  # the next run of the workflow sends it
                async with service.turn:
                    await context.call(service.files.send, [data["path"]])

    _listen(context, event_logger, noted)


def _listen(context: RestContext, event_logger: Any, noted: Callable[..., Any]) -> None:
    event_logger.add_listener(schema_id=CONTENTS, listener=noted)
    context.closing.append(lambda: event_logger.remove_listener(listener=noted))


def set_log_format(settings: Settings, server: logging.Logger) -> None:
    """Send nbyard's log lines to the server's log, or as JSON to standard error.

    The setting `log_format` decides.
    """
    ours = logging.getLogger("nbyard")
    if settings.log_format == "json":
        handler = logging.StreamHandler()
        handler.setFormatter(JsonFormatter())
        ours.handlers[:] = [handler]
        ours.propagate = False
        ours.setLevel(logging.INFO)
    else:
        # The handlers belong to the logger of the server, not to the root logger.
        ours.parent = server


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
