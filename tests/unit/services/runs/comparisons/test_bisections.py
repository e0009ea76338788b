"""Bisections as a service."""

import dataclasses

import pytest
from tests.support.refusals import refused_at

from nbyard.domain.bisections.mixed_plans import BisectionChange
from nbyard.domain.bisections.structs import NewBisection
from nbyard.domain.callers import Caller
from nbyard.domain.runs.checks import NewCheckRun
from nbyard.domain.runs.clean_up import CleanUpRules
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Conflict, Invalid, NotFound
from nbyard.reasons.structs import because
from nbyard.services.runs.comparisons import bisections as service_module
from nbyard.services.runs.comparisons.run_comparisons import RunComparisons
from nbyard.store import transition


@pytest.fixture
def ended(yard, ann, flow):
    """Runs that ended in that state, with their values."""

    def make(state: str, **parameters: object):
        run = yard.services.runs.create(ann, NewRun(path=flow, parameters=parameters))
        with yard.store.write() as c:
            for to in ("running", state):
                found = yard.store.runs.by_id(c, run.id)
                transition.move_all(c, [yard.store.runs.step(found, to, {})])
        return run

    return make


def test_the_preview_counts_runs_and_starts_none(bisections, ann, ended):
    good, bad = ended("succeeded", n=1), ended("failed", n=2)
    preview = bisections.preview(ann, NewBisection(good.id, str(bad.number)))
    assert [(one.kind, one.name, one.before, one.after) for one in preview.changes] == [
        ("parameter", "n", "1", "2")
    ]
    assert (preview.expected, preview.limit, preview.judge.metric) == (2, 20, "")
    assert bisections.list(ann).items == []


def test_a_bisection_is_created_listed_cancelled_and_deleted(bisections, ann, ended):
    good, bad = ended("succeeded", n=1), ended("failed", n=2)
    made = bisections.create(ann, NewBisection(good.id, bad.id))
    assert (made.good_number, made.bad_number, made.state) == (1, 2, "running")
    assert [one.id for one in bisections.list(ann).items] == [made.id]
    with pytest.raises(Conflict):
        bisections.delete(ann, made.id)
    assert bisections.cancel(ann, made.id).state == "cancelled"
    with pytest.raises(Conflict):
        bisections.cancel(ann, made.id)
    bisections.delete(ann, made.id)
    for read in (bisections.get, bisections.cancel, bisections.delete):
        with pytest.raises(NotFound):
            read(ann, made.id)
        with pytest.raises(NotFound):
            read(Caller("eve"), made.id)


def test_clean_ups_keep_runs_of_a_running_bisection(yard, ann, ended):
    """Without them, the bisection could not start its next run."""
    services, rules = yard.services, CleanUpRules(keep=0)
    old, good, bad = ended("succeeded"), ended("succeeded", n=1), ended("failed", n=2)
    made = services.bisections.create(ann, NewBisection(good.id, bad.id))
    preview = services.runs.preview_clean_up(ann, rules)
    assert [one.id for one in preview.runs] == [old.id]
    assert {one.id for one in preview.protected} == {good.id, bad.id}
    assert services.runs.clean_up(ann, rules).deleted == 1
    services.bisections.cancel(ann, made.id)
    assert services.runs.preview_clean_up(ann, rules).count == 2


def test_a_dispatcher_with_other_settings_is_replaced_first(yard, ann, bisections, ended):
    seen: list[str] = []
    parts = dataclasses.replace(
        yard.context,
        retire_idle_dispatcher=lambda: seen.append("way"),
        ensure_dispatcher=lambda: seen.append("started"),
    )
    service = type(bisections)(parts)
    good, bad = ended("succeeded", n=1), ended("failed", n=2)
    service.create(ann, NewBisection(good.id, bad.id))
    assert seen == ["way", "started"]


def test_runs_that_cannot_be_bisected_are_refused(yard, ann, bisections, flow, ended):
    good, bad = ended("succeeded", n=1), ended("failed", n=2)
    same = ended("failed", n=1)
    live = yard.services.runs.create(ann, NewRun(path=flow))
    for body, field in (
        (NewBisection(good.id, live.id), "bad"),
        (NewBisection(live.id, bad.id), "good"),
        (NewBisection(bad.id, good.id), "good"),
        (NewBisection(good.id, good.id), "bad"),
        (NewBisection(good.id, bad.id, limit=1), "limit"),
        (NewBisection(good.id, bad.id, threshold=1.0), "threshold"),
        (NewBisection(good.id, bad.id, metric="one.none"), "metric"),
    ):
        with refused_at(field):
            bisections.create(ann, body)
    with pytest.raises(Conflict, match="same values"):
        bisections.create(ann, NewBisection(good.id, same.id))
    with pytest.raises(NotFound):
        bisections.create(ann, NewBisection(good.id, "none"))
    check = yard.services.runs.check_sample(ann, NewCheckRun(path=flow))
    with pytest.raises(Conflict, match="check run"):
        bisections.create(ann, NewBisection(good.id, check.id))
    assert bisections.list(ann).items == []


def test_a_refusal_names_the_metrics_that_could_be_used(bisections, ann, ended, monkeypatch):
    one, other = ended("succeeded", n=1), ended("succeeded", n=2)
    values = {one.id: {"one": {"loss": 1.0, "same": 2.0}}, other.id: {"one": {"loss": 2.0}}}
    monkeypatch.setattr(RunComparisons, "metrics_of", lambda _self, _caller, run: values[run.id])
    for metric, field in (("", "bad"), ("one.same", "metric"), ("one.lost", "metric")):
        with refused_at(field) as refused:
            bisections.preview(ann, NewBisection(one.id, other.id, metric))
        assert refused.value.hint.endswith("runs: one.loss.")
    values[other.id] = {}
    with pytest.raises(Invalid) as refused:
        bisections.preview(ann, NewBisection(one.id, other.id))
    assert "nbyard.log_metric" in refused.value.hint


def test_packages_of_the_machine_are_listed_but_not_tried(bisections, ann, ended, monkeypatch):
    change = BisectionChange(
        "package", ["one"], "cowsay", reason=because("package-gained", name="cowsay", version="6.1")
    )
    monkeypatch.setattr(service_module, "untried_changes", lambda *_: [change])
    good, bad = ended("succeeded", n=1), ended("failed", n=2)
    preview = bisections.preview(ann, NewBisection(good.id, bad.id))
    assert [one.kind for one in preview.changes] == ["parameter", "package"]
    assert preview.expected == 2
    same = ended("failed", n=1)
    with pytest.raises(Conflict, match="gained cowsay"):
        bisections.create(ann, NewBisection(good.id, same.id))
