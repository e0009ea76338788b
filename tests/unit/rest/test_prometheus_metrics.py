"""Metrics for Prometheus, through the server's own /metrics."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from tests.support.jupyter_server import TOKEN, JupyterServer

from nbyard.domain.counts import AttemptSum, Counts, UsageSum
from nbyard.errors import StoreUnusable
from nbyard.rest import server_hooks
from nbyard.testing.conformance.runtimes import wait_until

pytestmark = pytest.mark.leaves_running
DOCS = Path(__file__).resolve().parents[3] / "docs/reference/metrics.md"
DASHBOARD = DOCS.parents[2] / "examples/grafana/nbyard.json"
USED = UsageSum("ada", "notebook", "process", 12.5, 2**20, 60)
COUNTS = Counts(
    *({"queued": 1}, {"queued": 2}, 3, 4.5, [AttemptSum("docker", "failed", 1, 7)], True),
    used=[USED],
    granted_gpus=2,
)


def scrape(server: JupyterServer) -> dict[str, dict[str, float]]:
    """Ours: by name, then by labels."""
    answer = server.request("GET", "/metrics", None, {"Authorization": f"token {TOKEN}"})
    assert answer.status == 200
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            if sample.name.startswith("nbyard_"):
                labels = " ".join(sample.labels.values())
                found.setdefault(sample.name, {})[labels] = sample.value
    return found


@contextmanager
def serving(folder: Path, **settings: Any) -> Iterator[JupyterServer]:
    """Alone: all servers of a process tell of themselves in one place."""
    server = JupyterServer(folder, **settings).start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(tmp_path) -> Iterator[JupyterServer]:
    with serving(tmp_path) as started:
        yield started


def test_metrics_are_served_with_those_of_the_server(server):
    assert server.request("GET", "/metrics", None, {}).status == 403
    wait_until(lambda: "nbyard_store_up" in scrape(server))
    before = scrape(server)
    assert before["nbyard_store_up"] == {"": 1}
    assert before["nbyard_runs"]["queued"] == before["nbyard_queue_length"][""] == 0
    (server.root / "x.sh").write_text("#!/bin/sh\n")
    assert server.send("POST", "/runs", {"path": "x.sh"}).status == 201
    after = scrape(server)
    assert after["nbyard_runs"]["queued"] == after["nbyard_tasks"]["waiting"] == 1
    assert after["nbyard_dispatcher_up"] == {"": 0}


def test_an_unusable_store_leaves_other_metrics(tmp_path):
    with serving(tmp_path, store_dir="/proc/nbyard") as server:
        wait_until(lambda: bool(scrape(server)))
        assert scrape(server) == {"nbyard_store_up": {"": 0}}


def test_usage_is_split_by_owner_kind_and_runtime():
    found = {family.name: family.samples for family in server_hooks.metric_families(COUNTS)}
    labels = {"owner": "ada", "kind": "notebook", "runtime": "process"}
    told = {
        name: sample.value
        for name, samples in found.items()
        for sample in samples
        if sample.labels == labels
    }
    assert told == {
        "nbyard_attempt_cpu_seconds": 12.5,
        "nbyard_attempt_peak_memory_bytes": 2**20,
        "nbyard_attempt_gpu_seconds": 60,
    }
    assert found["nbyard_granted_gpus"][0].value == 2


def test_each_metric_has_a_help_text():
    names = {family.name for family in server_hooks.metric_families(COUNTS)} | {"nbyard_store_up"}
    told = DOCS.read_text()
    assert [name for name in sorted(names) if f"| `{name}" not in told] == []


def test_the_dashboard_uses_only_metrics_and_labels_that_exist():
    families = {family.name: family for family in server_hooks.metric_families(COUNTS)}
    labels = {name: {*family.samples[0].labels} for name, family in families.items()}
    labels["nbyard_store_up"] = set()
    panels = json.loads(DASHBOARD.read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    used = {name for query in queries for name in re.findall(r"nbyard_\w+", query)}
    assert used == labels.keys() - {"nbyard_attempt_seconds"}
    for query in queries:
        for name, label in re.findall(r"(nbyard_\w+)\{(\w+)", query):
            assert label in labels[name], query
        for label, name in re.findall(r"by \((\w+)\) \((?:delta\()?(nbyard_\w+)", query):
            assert label in labels[name], query


class RestContext:
    """Answers with what it is given, when it is let."""

    def __init__(self, answer: Callable[[], Counts]):
        self.pool = ThreadPoolExecutor(1)
        self.closing: list[Callable[[], None]] = []
        self.services = SimpleNamespace(system=SimpleNamespace(counts=answer))


@pytest.fixture
def context() -> Iterator[Callable[[Callable[[], Counts]], Any]]:
    made: list[RestContext] = []

    def make(answer: Callable[[], Counts]) -> Any:
        made.append(RestContext(answer))
        return made[-1]

    yield make
    for each in made:
        each.pool.shutdown()


def values(collector: server_hooks.StoreCollector) -> dict[str, float]:
    return {family.name: family.samples[0].value for family in collector.collect()}


def test_registering_reads_nothing_and_ends_with_the_context(context):
    asked: list[int] = []

    def answer() -> Counts:
        asked.append(1)
        return COUNTS

    one = context(answer)
    server_hooks.register_metrics(one)
    assert asked == []
    assert REGISTRY.get_sample_value("nbyard_cached_tasks") == 3
    for close in one.closing:
        close()
    assert REGISTRY.get_sample_value("nbyard_cached_tasks") is None


def test_a_slow_store_does_not_hold_the_server(context, monkeypatch):
    """The scrape waits a moment. The result appears in the next one."""
    monkeypatch.setattr(server_hooks, "PATIENCE_SECONDS", 0.01)
    gate = threading.Event()
    collector = server_hooks.StoreCollector(context(lambda: gate.wait(30) and COUNTS))
    assert values(collector) == {}
    gate.set()
    monkeypatch.setattr(server_hooks, "PATIENCE_SECONDS", 30)
    assert values(collector)["nbyard_queue_age_seconds"] == 4.5


def test_a_failed_read_is_repeated(context):
    failures = [StoreUnusable("gone")]

    def answer() -> Counts:
        if failures:
            raise failures.pop()
        return COUNTS

    collector = server_hooks.StoreCollector(context(answer))
    assert values(collector) == {"nbyard_store_up": 0}
    assert values(collector)["nbyard_attempt_seconds"] == 7
