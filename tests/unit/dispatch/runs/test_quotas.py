"""Quotas and turns of users in the queue: never more than granted, and nobody starves."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import msgspec
import pytest
from sqlalchemy import update
from tests.support.fake_runtime_bench import OWNER, Bench

from nbyard.dispatch.attempts import attempt_driver
from nbyard.dispatch.attempts.outcomes import attempt_outcome
from nbyard.dispatch.attempts.outcomes.store_outputs import take_outputs
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import Deployment, NewDeployment
from nbyard.domain.limits import Limits
from nbyard.domain.notices.structs import NewChannel, NoticeRule
from nbyard.domain.projects.members import NewMember
from nbyard.domain.projects.structs import NewLink, NewProject
from nbyard.domain.users.quotas import (
    Holder,
    NewQuota,
    RunQueue,
    UsedShare,
    amount,
    over_quota,
    quota_reason,
)
from nbyard.errors import Conflict, NotFound, OverQuota
from nbyard.reasons.structs import Reason, because
from nbyard.services.deployments import DeploymentService
from nbyard.store.schema.tables import runs as run_rows
from nbyard.store.schema.tables import tasks

BOB = "bob"
MINUTE = timedelta(minutes=1)


def allow(bench: Bench, quota: str, **limits) -> None:
    bench.yard.services.quotas.set(OWNER, quota, NewQuota(**limits))


def waits(bench: Bench, run: str) -> Reason:
    wait = bench.task(run).waits
    assert wait is not None
    return wait


def held_by(bench: Bench, *runs: str) -> list[dict]:
    named = [because("held-by-run", name=str(bench.run(run).number), id=run) for run in runs]
    return msgspec.to_builtins(named)


def running(bench: Bench, *runs: str) -> list[str]:
    return [run for run in runs if bench.task(run).state == "running"]


@pytest.fixture
def gpus(bench: Bench) -> None:
    bench.context.settings.gpus = ["0", "1", "2"]
    bench.context.settings.slots = 8


@pytest.mark.usefixtures("gpus")
def test_a_run_waits_for_the_quota_and_names_what_holds_it(bench):
    """A smaller run of the same user passes, and the next starts when the first one ends."""
    allow(bench, "everyone", gpus=1)
    first = bench.start(gpu=1)
    second, small = bench.submit(gpu=1), bench.submit()
    bench.until_task(small, "running")
    wait = waits(bench, second)
    assert (wait.code, wait.params["holders"]) == ("quota-full", held_by(bench, first))
    # Administrators and members of the project read it too.
    assert str(wait).startswith(f"the quota of {OWNER.name} allows 1 GPU, ")
    bench.finish(first)
    bench.until_task(second, "running")


@pytest.mark.usefixtures("gpus")
def test_the_quota_of_one_user_delays_no_other_user(bench):
    allow(bench, f"user:{OWNER.name}", gpus=1)
    bench.start(gpu=1)
    bench.submit(gpu=1)
    others = [bench.submit(gpu=1, owner=BOB) for _ in range(2)]
    bench.until(lambda: len(running(bench, *others)) == 2)


@pytest.mark.usefixtures("gpus")
def test_a_lowered_quota_holds_for_the_next_task(bench):
    """What runs continues; a waiting task then shows that it never fits."""
    allow(bench, "everyone", gpus=2)
    first = bench.start(gpu=2)
    second = bench.submit(gpu=2)
    allow(bench, "everyone", gpus=1)
    bench.round(3)
    assert running(bench, first, second) == [first]
    bench.finish(first)
    bench.round(3)
    assert waits(bench, second) == over_quota(quota_reason(OWNER.name), "gpus", 2, 1)
    bench.yard.services.quotas.delete(OWNER, "everyone")
    bench.until_task(second, "running")


@pytest.mark.usefixtures("gpus")
def test_a_quota_that_is_lowered_during_a_round_holds_too(bench, monkeypatch):
    """The rows decide in the transaction that grants, whatever the round knew before."""
    allow(bench, "everyone", gpus=2)
    first = bench.start(gpu=1)
    second = bench.submit(gpu=1)
    write = bench.context.write

    def lowered_before():
        monkeypatch.undo()
        allow(bench, "everyone", gpus=1)
        return write()

    monkeypatch.setattr(bench.context, "write", lowered_before)
    bench.round(5)
    assert running(bench, first, second) == [first]
    assert waits(bench, second).code == "quota-full"


def test_runs_at_once_are_limited_over_all_their_tasks(bench, runtime):
    """The place of a run stays taken between two of its tasks."""
    allow(bench, "everyone", runs=1)
    two = bench.submit({"a": [], "b": ["a"]})
    other = bench.submit()
    bench.until_task(two, "running")
    runtime.end(bench.attempt(two))
    bench.until_task(two, "running", "b")
    assert waits(bench, other).code == "quota-full"
    runtime.end(bench.attempt(two, "b"))
    bench.until_task(other, "running")


def test_the_largest_quota_of_the_groups_counts(bench):
    with bench.context.store.write() as c:
        bench.context.store.grants.set_groups(c, OWNER.name, ["a", "b"])
    allow(bench, "everyone", runs=0)
    allow(bench, "group:a", runs=1)
    allow(bench, "group:b", runs=2)
    bench.context.settings.slots = 8
    runs = [bench.submit() for _ in range(3)]
    bench.until(lambda: len(running(bench, *runs)) == 2)
    bench.round(3)
    assert running(bench, *runs) == runs[:2]


@pytest.mark.usefixtures("gpus")
def test_a_deployment_holds_gpus_of_the_quota(bench, tmp_path):
    """Also one that is idle or waits. Runs that wait name it, and so does a refusal."""
    bench.context.settings.docker_host = f"unix://{tmp_path}/none.sock"
    allow(bench, "everyone", gpus=1, deployments=2)
    deployments = bench.yard.services.deployments
    app = deployments.create(OWNER, NewDeployment("cows:1", name="app", gpu=1))
    run = bench.submit(gpu=1)
    bench.round(3)
    holder = msgspec.to_builtins(because("held-by-deployment", name="app", id=app.id))
    assert waits(bench, run).params["holders"] == [holder]
    with pytest.raises(OverQuota) as refused:
        deployments.create(OWNER, NewDeployment("cows:1", name="second", gpu=1))
    assert refused.value.reason.code == "quota-full"
    assert refused.value.reason.params["holders"] == [holder]
    deployments.create(OWNER, NewDeployment("cows:1", name="small"))
    with pytest.raises(OverQuota):
        deployments.create(OWNER, NewDeployment("cows:1", name="third"))
    deployments.delete(OWNER, "app")
    bench.until_task(run, "running")


@pytest.mark.usefixtures("gpus")
def test_a_deployment_waits_for_gpus_that_runs_hold(bench, tmp_path):
    """It delays no other user meanwhile."""
    bench.context.settings.docker_host = f"unix://{tmp_path}/none.sock"
    allow(bench, "everyone", gpus=1)
    first = bench.start(gpu=1)
    deployments = bench.yard.services.deployments
    deployments.create(OWNER, NewDeployment("cows:1", name="app", gpu=1))
    bench.until(lambda: deployments.get(OWNER, "app").reason)
    wait = deployments.get(OWNER, "app").reason
    assert (wait.code, wait.params["holders"]) == ("quota-full", held_by(bench, first))
    other = bench.submit(gpu=2, owner=BOB)
    allow(bench, f"user:{BOB}", gpus=2)
    bench.until_task(other, "running")
    bench.finish(first)
    bench.until(lambda: deployments.get(OWNER, "app").gpus)


def begin(bench: Bench, deployment: Deployment, hours: float) -> None:
    """Make the newest revision of a deployment one that started that many hours ago."""
    with bench.store.write() as c:
        known = bench.store.deployments.revision(c, deployment.id, deployment.revision)
        assert known is not None
        since = datetime.now(UTC) - timedelta(hours=hours)
        bench.store.deployments.set_revision(c, known.revision.id, started_at=since)


def changes_of(bench: Bench, name: str) -> list[str]:
    events = bench.yard.services.deployments.events(OWNER, name).items
    return [event.change.code for event in events if event.change]


@pytest.fixture
def deployments(bench: Bench, tmp_path: Path) -> DeploymentService:
    bench.context.settings.docker_host = f"unix://{tmp_path}/none.sock"
    return bench.yard.services.deployments


def test_a_deployment_ends_with_its_lifetime(bench, deployments):
    allow(bench, "everyone", deployment_days=1.0)
    made = [deployments.create(OWNER, NewDeployment("cows:1", name=name)) for name in ("a", "b")]
    assert made[0].expires_at is None, "its service has not started"
    begin(bench, made[0], 25)
    begin(bench, made[1], 20)
    bench.round(3)
    assert deployments.get(OWNER, "a").state in ("stopping", "stopped")
    assert "lifetime-over" in changes_of(bench, "a")
    known = deployments.get(OWNER, "b")
    assert (known.is_wanted, known.expires_soon) == (True, False)
    hours_left = (known.expires_at - datetime.now(UTC)) / timedelta(hours=1)
    assert hours_left == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize(("of_owner", "of_project"), [(2.0, 1.0), (1.0, 2.0), (None, 1.0)])
def test_the_shortest_lifetime_of_owner_and_project_counts(
    bench, deployments, of_owner, of_project
):
    projects = bench.yard.services.projects
    wine = projects.create(OWNER, NewProject("wine")).id
    allow(bench, "everyone", deployment_days=of_owner)
    allow(bench, f"project:{wine}", deployment_days=of_project)
    names = ("old", "young", "elsewhere")
    made = [deployments.create(OWNER, NewDeployment("cows:1", name=name)) for name in names]
    for deployment in made[:2]:
        projects.link(OWNER, "wine", NewLink("deployment", deployment.id))
    for deployment, hours in zip(made, (25, 23, 25), strict=True):
        begin(bench, deployment, hours)
    bench.round(3)
    assert not deployments.get(OWNER, "old").is_wanted
    young, elsewhere = (deployments.get(OWNER, name) for name in names[1:])
    assert (young.is_wanted, young.expires_soon) == (True, True)
    assert young in bench.yard.services.system.announcements(OWNER).expiring
    hours_left = (young.expires_at - datetime.now(UTC)) / timedelta(hours=1)
    assert hours_left == pytest.approx(1, abs=0.1)
    assert elsewhere.is_wanted is (of_owner != 1.0)
    assert (elsewhere.expires_at is None) is (of_owner is None or not elsewhere.is_wanted)


def test_a_service_that_crashes_gets_no_other_lifetime(bench, deployments):
    allow(bench, "everyone", deployment_days=1.0)
    made = deployments.create(OWNER, NewDeployment("cows:1", name="a"))
    begin(bench, made, 20)
    bench.round(2)
    end = deployments.get(OWNER, "a").expires_at
    begin(bench, made, 0)
    bench.round(2)
    assert deployments.get(OWNER, "a").expires_at == end


@pytest.mark.usefixtures("gpus")
def test_the_owner_is_reminded_once_and_extends_the_deployment(bench, deployments):
    """Also by a channel. The next dispatcher does not repeat it, and the service goes on."""
    allow(bench, "everyone", gpus=1, deployment_days=1.0)
    rule = NoticeRule(["deployment-expiring"])
    channels = bench.yard.services.channels
    channel = channels.create(OWNER, NewChannel("ops", "https://9.9.9.9/hook", [rule]))
    made = deployments.create(OWNER, NewDeployment("cows:1", name="a", gpu=1))
    begin(bench, made, 22)
    bench.round(2)
    bench.replace_dispatcher()
    bench.round(2)
    assert changes_of(bench, "a").count("lifetime-ends") == 1
    (notice,) = channels.notices(OWNER, channel.id).items
    assert (notice.event, notice.title) == ("deployment-expiring", "a")
    announced = bench.yard.services.system.announcements
    assert announced(OWNER).expiring == [deployments.get(OWNER, "a")]
    assert announced(Caller(BOB)).expiring == []
    with pytest.raises(NotFound):
        deployments.extend(Caller(BOB), made.id)
    extended = deployments.extend(OWNER, "a")
    assert (extended.expires_soon, extended.revision) == (False, made.revision)
    assert announced(OWNER).expiring == []
    left = extended.expires_at - datetime.now(UTC)
    assert timedelta(hours=23.9) < left <= timedelta(hours=24)
    bench.round(2)
    assert changes_of(bench, "a")[0] == "lifetime-extended"


@pytest.mark.usefixtures("gpus")
def test_a_deployment_over_a_lowered_quota_cannot_be_extended(bench, deployments):
    allow(bench, "everyone", gpus=1, deployment_days=1.0)
    made = deployments.create(OWNER, NewDeployment("cows:1", name="a", gpu=1))
    begin(bench, made, 22)
    bench.round(2)
    allow(bench, "everyone", gpus=0, deployment_days=1.0)
    with pytest.raises(OverQuota):
        deployments.extend(OWNER, "a")
    allow(bench, "everyone", gpus=1)
    assert deployments.extend(OWNER, "a").expires_at is None
    deployments.stop(OWNER, "a")
    with pytest.raises(Conflict):
        deployments.extend(OWNER, "a")


# At the edges: submission and bytes


def test_a_run_that_never_fits_is_refused(bench):
    allow(bench, "everyone", gpus=1, queued_runs=1)
    with bench.store.write() as c:
        with pytest.raises(OverQuota) as refused:
            bench.store.quotas.check_run(c, OWNER.name, "new", [Limits(), Limits(gpu=2)])
        assert refused.value.reason == over_quota(quota_reason(OWNER.name), "gpus", 2, 1)
        bench.store.quotas.check_run(c, OWNER.name, "new", [Limits(gpu=1)])
    queued = bench.submit(gpu=1)
    with bench.store.read() as c, pytest.raises(OverQuota) as refused:
        bench.store.quotas.check_run(c, OWNER.name, "new", [])
    assert refused.value.reason.params["limit"] == msgspec.to_builtins(amount("queued_runs", 1))
    assert refused.value.reason.params["holders"] == held_by(bench, queued)


def test_a_retry_counts_for_the_active_project(bench):
    run = bench.submit()
    bench.yard.services.runs.cancel(OWNER, run)
    bench.until_run(run, "cancelled")
    wine = bench.yard.services.projects.create(OWNER, NewProject("wine")).id
    member = msgspec.structs.replace(OWNER, project=wine)
    allow(bench, f"project:{wine}", queued_runs=0)
    with pytest.raises(OverQuota):
        bench.yard.services.runs.retry(member, run)
    allow(bench, f"project:{wine}", queued_runs=1)
    assert bench.yard.services.runs.retry(member, run).id != run


def test_a_run_over_the_disk_quota_takes_no_outputs(bench):
    """The quota may also be lowered while it runs."""
    first = bench.finished("four", cache=False)
    second = bench.start()
    allow(bench, "everyone", stored_bytes=7)
    bench.runtime.end(bench.attempt(second), text="more")
    bench.until_run(second, "failed")
    why = bench.failure(second).reason
    assert (why.code, why.params["stored"], why.params["added"]) == ("disk-quota", 4, 4)
    assert not bench.task(second).artifacts
    bench.yard.services.runs.delete(OWNER, first)
    third = bench.start()
    bench.runtime.end(bench.attempt(third), text="last")
    bench.until_run(third, "succeeded")


def test_runs_that_end_together_do_not_share_the_last_room(bench, monkeypatch):
    """Each alone fits, and both are checked before the outputs of either are published."""
    allow(bench, "everyone", stored_bytes=7)
    is_refused, take, first = Event(), take_outputs, iter([True])

    def take_later(*args, **options):
        if next(first, None):
            assert is_refused.wait(30)
        return take(*args, **options)

    monkeypatch.setattr(attempt_outcome, "take_outputs", take_later)
    runs = [bench.start(), bench.start()]
    for run, text in zip(runs, ("four", "five"), strict=True):  # equal bytes would count once
        bench.runtime.end(bench.attempt(run), text=text)
    bench.until_now(lambda: any(bench.run(run).state == "failed" for run in runs))
    is_refused.set()
    bench.until(lambda: all(bench.run(run).finished_at for run in runs))
    assert sorted(bench.run(run).state for run in runs) == ["failed", "succeeded"]
    (failed,) = (run for run in runs if bench.run(run).state == "failed")
    why = bench.failure(failed).reason
    assert (why.code, why.params["stored"], why.params["added"]) == ("disk-quota", 0, 8)
    assert not bench.task(failed).artifacts
    bench.runtime.end(bench.attempt(small := bench.start()), text="six")
    bench.until_run(small, "succeeded")  # 7 bytes: what ended counts once


def test_running_attempts_that_write_too_much_fail(bench, monkeypatch):
    """All attempts of a quota count together, without the files that were staged for them."""
    monkeypatch.setattr(attempt_driver, "MEASURE_SECONDS", 0.0)
    monkeypatch.setattr(attempt_driver, "MEASURE_SHARE", 0)
    allow(bench, "everyone", stored_bytes=100)
    runs = [bench.start(), bench.start()]
    bench.round()
    for run in runs:
        code = bench.snapshot(run).order.folder / "code"
        assert any(file.stat().st_size for file in code.iterdir())
        (code / "scratch").write_bytes(bytes(60))
    bench.until(lambda: len(running(bench, *runs)) == 1)
    bench.round(3)
    (left,) = running(bench, *runs)
    (failed,) = {*runs} - {left}
    failure = bench.failure(failed)
    assert (failure.kind, failure.reason.code) == ("preparation", "disk-quota")
    assert failure.reason.params["added"] == 120
    bench.runtime.end(bench.attempt(left), text="made")
    bench.until_run(left, "succeeded")


# Turns of users


def test_one_run_starts_next_beside_500_of_another_user(bench, runtime):
    """The place that it shows says so."""
    many = [bench.submit() for _ in range(500)]
    bench.until(lambda: len(runtime.running) == 2)
    single = bench.submit(owner=BOB)
    bench.round(2)
    order = bench.store.quotas
    with bench.store.read() as c:
        assert order.queue_order(c, 3600.0)[0] == bench.task(single).id
    runtime.end(runtime.running[0])
    bench.until_task(single, "running")
    assert len(runtime.starts) == 3
    assert len(running(bench, *many)) == 1


def test_what_a_user_has_used_decides_between_equals(bench, runtime):
    """It is stored, so that the next dispatcher knows it."""
    bench.context.settings.slots = 1
    bench.submit(owner=BOB)
    bench.until(lambda: len(runtime.running) == 1)
    used = {OWNER.name: UsedShare(100.0, time.time()), BOB: UsedShare(9e9, 0.0)}
    with bench.store.write() as c:
        bench.store.quotas.set_used(c, used)
    first, second = bench.submit(), bench.submit(owner=BOB)
    bench.replace_dispatcher()
    bench.round(2)
    runtime.end(runtime.running[0])
    bench.until_task(second, "running")
    assert bench.task(first).state == "queued"
    with bench.store.read() as c:
        known = bench.store.quotas.used(c)
    assert known[OWNER.name] == used[OWNER.name]
    assert known[BOB].at > 0.0


@pytest.mark.usefixtures("gpus")
def test_100_submitters_never_get_more_than_two_gpus(bench, runtime):
    """Each has a quota of one; the grants of rows are counted after each round."""
    bench.context.settings.gpus = []
    allow(bench, "everyone", gpus=1)
    owners = [f"user-{at % 20}" for at in range(100)]
    with ThreadPoolExecutor(16) as pool:
        runs = [*pool.map(lambda owner: bench.submit(gpu=1, owner=owner), owners)]
    bench.round(3)  # all are evaluated before the first grant
    bench.context.settings.gpus = ["0", "1"]
    ended = 0
    while ended < len(runs):
        bench.round()
        with bench.store.read() as c:
            live = bench.store.attempts.live(c)
        granted = [gpu for attempt in live for gpu in attempt.gpus]
        assert len(granted) == len(set(granted)) <= 2
        assert len({attempt.owner for attempt in live}) == len(live), "one for each user"
        for attempt in runtime.running:
            runtime.end(attempt)
            ended += 1
    bench.until(lambda: all(bench.run(run).state == "succeeded" for run in runs))
    first = [runtime.orders[name].run_id for name in runtime.starts[:20]]
    assert sorted(bench.run(run).owner for run in first) == sorted(set(owners)), "once, then again"


# What the queue shows


@pytest.mark.usefixtures("gpus")
def test_the_queue_shows_the_place_and_what_of_ones_own_to_free(bench):
    """Runs of others are counted, and never named."""
    queue = bench.yard.services.runs.queue
    bench.context.settings.gpus = ["0", "1"]
    theirs = bench.start(gpu=1, owner=BOB)
    mine = bench.start(gpu=1)
    waiting = [bench.submit(gpu=1, owner=owner) for owner in (OWNER.name, BOB, OWNER.name)]
    bench.round(3)
    seen = queue(OWNER, waiting[2])
    assert (seen.place, seen.own_before, seen.others_before) == (3, 1, 1)
    number = str(bench.run(mine).number)
    assert seen.holders == [Holder("run", mine, number, "runs.cancel")]
    assert seen.held_by_others
    allow(bench, "everyone", gpus=1)
    bench.runtime.end(bench.attempt(theirs))
    bench.until_task(waiting[1], "running")
    bench.round(3)
    seen = queue(OWNER, waiting[0])
    assert seen.waits is not None
    assert (seen.waits.code, seen.held_by_others) == ("quota-full", False)
    assert [holder.id for holder in seen.holders] == [mine]
    assert queue(OWNER, mine) == RunQueue()


@pytest.mark.usefixtures("gpus")
def test_holders_that_one_may_see_have_owner_and_title(bench):
    """A run of a colleague in a project. Others are counted only."""
    bob, projects = Caller(BOB), bench.yard.services.projects
    bench.context.settings.gpus = ["0", "1"]
    wine = projects.create(OWNER, NewProject("wine")).id
    bench.yard.services.shares.grant(OWNER, "project", wine, NewMember(BOB, "viewer"))
    theirs, _private = bench.start(gpu=1), bench.start(gpu=1)
    waiting = bench.submit(gpu=1, owner=BOB)
    with bench.store.write() as c:
        c.execute(update(run_rows).where(run_rows.c.id == theirs).values(title="Train"))
        project = bench.store.projects.get(c, OWNER.name, "wine")
        for run in (theirs, waiting):
            bench.store.projects.link(c, project, "run", run)
    bench.round(3)
    queue, number = bench.yard.services.runs.queue, str(bench.run(theirs).number)
    named = Holder("run", theirs, number, "runs.cancel", OWNER.name, "Train")
    seen = queue(bob, waiting)
    assert (seen.holders, seen.held_by_others) == ([named], True)
    allow(bench, f"project:{wine}", runs=1)
    bench.round(3)
    seen = queue(bob, waiting)
    assert seen.waits.code == "quota-full"
    assert (seen.holders, seen.held_by_others) == ([named], False)
    (own,) = queue(OWNER, waiting).holders
    assert own == msgspec.structs.replace(named, owner="")


def test_a_run_behind_a_quota_starts_when_the_quota_is_free(bench):
    """Each run takes 60 seconds; without the quota, all would start at once."""
    ended = bench.finished()
    bench.context.settings.slots = 8
    now = datetime.now(UTC)
    took = {"started_at": now - timedelta(seconds=60), "finished_at": now}
    with bench.store.write() as c:
        c.execute(update(tasks).where(tasks.c.run_id == ended).values(**took))
    allow(bench, "everyone", runs=1)
    first, second, third = (bench.submit() for _ in range(3))
    bench.until_task(first, "running")
    bench.round(2)
    queue = bench.yard.services.runs.queue
    starts = [queue(OWNER, run).starts_in_seconds for run in (second, third)]
    assert [round(seconds, -1) for seconds in starts] == [60, 120]


def test_a_start_counts_on_later_runs_of_others(bench):
    """Bob's runs came 90 and 60 seconds ago, so one is expected in 30 seconds and comes first.

    Runs that came at the same time have no rhythm to expect others by.
    """
    bench.context.settings.slots = 1
    now = datetime.now(UTC)

    def came(run: str, ago: float) -> None:
        begun = now - timedelta(seconds=ago)
        times = {"queued_at": begun, "started_at": begun, "finished_at": begun + MINUTE}
        with bench.store.write() as c:
            c.execute(update(tasks).where(tasks.c.run_id == run).values(**times))

    own, *theirs = bench.finished(), bench.finished(owner=BOB), bench.finished(owner=BOB)
    for run in (own, *theirs):
        came(run, 90)
    first, second, third = (bench.submit() for _ in range(3))
    bench.until_task(first, "running")
    bench.round(2)

    def starts() -> list[float]:
        queue = bench.yard.services.runs.queue
        return [round(queue(OWNER, run).starts_in_seconds, -1) for run in (second, third)]

    assert starts() == [60, 120]
    came(theirs[1], 60)
    assert starts() == [120, 180]
