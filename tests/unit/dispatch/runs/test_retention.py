"""The dispatcher cleans up once a day, and after a change of the rules."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.fake_runtime_bench import OWNER, Bench

from nbyard.dispatch.runs import retention
from nbyard.dispatch.runs.retention import RetentionController
from nbyard.dispatch.threads import Threads
from nbyard.domain.ids import first_id_at
from nbyard.domain.projects.structs import NewLink, NewProject
from nbyard.domain.runs.clean_up import CleanUpRules, NewRetention
from nbyard.domain.runs.retention import PolicyRules
from nbyard.domain.users.admin import AuditEntry
from nbyard.reasons.structs import because


class AtOnce(Threads):
    """Runs work in the caller's thread, and counts it."""

    def __init__(self) -> None:
        super().__init__(1)
        self.done = 0

    def submit(self, key, work, *rest, **more):
        work()
        self.done += key.startswith("clean up ")
        return True


@pytest.fixture
def threads() -> AtOnce:
    return AtOnce()


def test_runs_are_cleaned_up_once_a_day(bench, threads, monkeypatch):
    bench.yard.services.runs.set_retention(OWNER, NewRetention(CleanUpRules(keep=0)))
    controller = RetentionController(bench.context, threads)
    controller.tick()
    assert threads.done == 1
    controller.tick()
    assert threads.done == 1, "the rows are read once a minute"
    RetentionController(bench.context, threads).tick()
    assert threads.done == 1, "another dispatcher knows when it was done"
    monkeypatch.setattr(retention, "DAY_SECONDS", 0.0)
    RetentionController(bench.context, threads).tick()
    assert threads.done == 2


def test_new_rules_and_a_clock_that_was_set_back(bench, threads):
    runs = bench.yard.services.runs
    runs.set_retention(OWNER, NewRetention(CleanUpRules(keep=1)))
    RetentionController(bench.context, threads).tick()
    runs.set_retention(OWNER, NewRetention(CleanUpRules(keep=0)))
    RetentionController(bench.context, threads).tick()
    assert threads.done == 2
    with bench.store.write() as c:
        bench.store.facts.set(c, retention.fact_name(OWNER.name), str(time.time() + 1e6))
    RetentionController(bench.context, threads).tick()
    assert threads.done == 3


def test_without_rules_nothing_is_deleted(bench, threads):
    runs = bench.yard.services.runs
    runs.set_retention(OWNER, NewRetention(CleanUpRules(keep=0)))
    runs.set_retention(OWNER, NewRetention(None))
    RetentionController(bench.context, threads).tick()
    assert threads.done == 0


def ended(bench: Bench) -> str:
    run_id = bench.submit()
    bench.until(lambda: bench.runtime.running)
    bench.runtime.end(bench.attempt(run_id), "failed")
    bench.until_run(run_id, "failed")
    return run_id


def test_policies_of_projects_delete_runs_of_their_project_only(bench, threads):
    services = bench.yard.services
    wine = services.projects.create(OWNER, NewProject("wine"))
    inside, kept, outside = (ended(bench) for _ in range(3))
    for run in (inside, kept):
        services.projects.link(OWNER, "wine", NewLink("run", run))
    services.runs.keep(OWNER, kept)
    services.projects.set_policy(OWNER, wine.id, "none", PolicyRules(keep=0))
    (shown,) = services.runs.preview_retention(OWNER).policies
    assert (shown.project, shown.name, shown.preview.count) == ("wine", "none", 1)
    assert [run.protection for run in shown.preview.protected] == [because("kept-by-user")]
    RetentionController(bench.context, threads).tick()
    assert {run.id for run in services.runs.list(OWNER).items} == {kept, outside}
    services.projects.set_policy(OWNER, wine.id, "none", PolicyRules(keep=1))
    RetentionController(bench.context, threads).tick()
    assert threads.done == 2, "a changed policy is applied at once"


@pytest.mark.parametrize(("shared", "days", "left"), [(True, 30, 1), (True, 0, 2), (False, 30, 2)])
def test_old_audit_entries_are_deleted_where_the_administrator_limits_them(
    bench, threads, shared, days, left
):
    bench.context.settings.shared, bench.context.settings.audit_days = shared, days
    now = datetime.now(UTC)
    with bench.store.write() as c:
        for age in (31, 29):
            at = now - timedelta(days=age)
            texts = ("ann", "runs.cancel", "r", "", 202, "q")
            bench.store.audit.add(c, AuditEntry(first_id_at(at), at, *texts))
    RetentionController(bench.context, threads).tick()
    assert len(bench.yard.services.audit.list(OWNER).items) == left
