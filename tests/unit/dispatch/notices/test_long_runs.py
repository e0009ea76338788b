"""Runs that take longer than a rule allows are reported once, while they run."""

from datetime import timedelta

from tests.support.fake_runtime_bench import OWNER

from nbyard.domain.notices.structs import NoticeRule
from nbyard.domain.projects.structs import NewProject


def start(notified, path: str = "/a.nbflow") -> str:
    run_id = notified.bench.submit()
    notified.set_run(run_id, path=path)
    notified.bench.until_run(run_id, "running")
    notified.set_run(run_id, started_at=notified.time.timestamp())
    return run_id


def look(notified, seconds: float) -> list[str]:
    notified.time += timedelta(seconds=seconds)
    notified.controller.long_runs.announce(notified.time)
    notified.look()
    return [event["id"] for message in notified.sent for event in message.events]


def test_a_run_beyond_an_absolute_time_is_reported_once(notified):
    notified.channel("team", NoticeRule(["running-long"], long_factor=None, long_seconds=60))
    run = start(notified)
    assert look(notified, 59) == []
    assert look(notified, 1) == [f"{run}:running-long"]
    assert look(notified, 60) == [f"{run}:running-long"]
    notified.bench.replace_dispatcher()
    notified.attach()
    assert look(notified, 60) == [f"{run}:running-long"]
    notified.bench.cancel(run)


def test_the_usual_duration_counts_and_each_channel_has_its_own_time(notified):
    for seconds in (10, 10, 40):
        notified.set_run(notified.end(path="/a.nbflow"), started_at=0, finished_at=seconds)
    early = notified.channel("early", NoticeRule(["running-long"], long_factor=2))
    late = notified.channel("late", NoticeRule(["running-long"], long_factor=5))
    run = start(notified)
    assert look(notified, 19) == []
    assert look(notified, 2) == [f"{run}:running-long"]
    assert look(notified, 30) == [f"{run}:running-long"] * 2
    assert [len(notified.notices(one)) for one in (early, late)] == [1, 1]
    notified.bench.cancel(run)


def test_without_a_known_duration_a_factor_reports_nothing(notified):
    notified.channel("team", NoticeRule(["running-long"], long_factor=2))
    run = start(notified, "/new.nbflow")
    assert look(notified, 1e6) == []
    notified.bench.cancel(run)


def test_a_rule_of_a_project_leaves_other_runs_out(notified):
    wine = notified.bench.yard.services.projects.create(OWNER, NewProject("wine"))
    rule = NoticeRule(["running-long"], long_factor=None, long_seconds=60, project=wine.id)
    notified.channel("team", rule)
    other, run = start(notified), start(notified)
    with notified.store.write() as c:
        notified.store.projects.link(c, wine, "run", run)
    assert look(notified, 61) == [f"{run}:running-long"]
    notified.bench.cancel(run)
    notified.bench.cancel(other)


def test_a_rule_of_a_schedule_counts_retries_of_its_runs(notified):
    team = notified.channel("team", NoticeRule(["failed"]))
    rule = NoticeRule(["running-long"], long_factor=None, long_seconds=60)
    with notified.store.write() as c:
        notified.store.rules.replace_of_automation(c, OWNER.name, "s", [(team.id, rule)])
    other, run = start(notified), start(notified)
    notified.set_run(run, origin="retry", source_id="s")
    assert look(notified, 61) == [f"{run}:running-long"]
    notified.bench.cancel(run)
    notified.bench.cancel(other)
