"""Files that change: which files start a run, and that each change starts at most one."""

import os
from datetime import UTC, datetime
from threading import current_thread

import pytest
from tests.support.fake_runtime_bench import OWNER

from nbyard.dispatch.automations import watched_files
from nbyard.domain.automations.structs import MOST_IN_CHAIN, AutomationPatch
from nbyard.host.watching import ChangeHints, changed_at

SOON = 0.1


@pytest.fixture(autouse=True)
def at_intervals(monkeypatch):
    monkeypatch.setattr(watched_files, "POLLED", (0.05, 0.0))
    monkeypatch.setattr(watched_files, "LEAST_SECONDS", 0.01)


@pytest.fixture(params=["hints", "polling"])
def inbox(fired, monkeypatch, request):
    if request.param == "polling":
        monkeypatch.setattr(ChangeHints, "watch", lambda *_: False)
    (fired.root / "inbox").mkdir()
    return fired.root / "inbox"


def watch(fired, **more):
    on = {"kind": "file", "path": "inbox", "pattern": "*.csv", "settle_seconds": SOON}
    return fired.create(on | more.pop("on", {}), **{"overlap": "queue", **more})


def names(firing):
    return [os.path.basename(one.path) for one in firing.cause.files]


def await_firings(fired, made, count):
    fired.bench.until_now(lambda: len(fired.firings(made)) >= count)


def test_complete_files_start_one_run(fired, inbox):
    (inbox / "old.csv").write_text("1")
    made = watch(fired, values_from={"in0": "path"})
    (inbox / "b.csv").write_text("2")
    (inbox / "a.csv").write_text("1")
    (inbox / "ignored.txt").write_text("")
    await_firings(fired, made, 1)
    (firing,) = fired.firings(made)
    assert names(firing) == ["a.csv", "b.csv"] and firing.cause.count == 2
    fired.bench.until(lambda: fired.runs(made))
    (run,) = fired.runs(made)
    assert run.parameters["in0"] == str(inbox / "a.csv")


def test_only_wanted_changes_count(fired, inbox):
    (inbox / "a.csv").write_text("1")
    made = watch(fired, on={"changes": ["created"]})
    (inbox / "a.csv").write_text("more")
    (inbox / "b.csv").write_text("1")
    await_firings(fired, made, 1)
    (inbox / "b.csv").unlink()
    with fired.bench.store.read() as c:
        version = fired.bench.store.automations.stored_files(c, made.id)[0]

    def is_forgotten():
        with fired.bench.store.read() as c:
            return fired.bench.store.automations.stored_files(c, made.id)[0] > version

    fired.bench.until_now(is_forgotten)
    (inbox / "b.csv").write_text("again")
    await_firings(fired, made, 2)
    assert [names(firing) for firing in fired.firings(made)] == [["b.csv"], ["b.csv"]]


def test_changes_without_a_dispatcher_are_found(fired, inbox):
    made = watch(fired, on={"changes": ["created", "deleted"]})
    (inbox / "a.csv").write_text("1")
    fired.restart()
    await_firings(fired, made, 1)
    (inbox / "a.csv").unlink()
    (inbox / "b.csv").write_text("1")
    fired.restart()
    await_firings(fired, made, 2)
    changes = [[(one.change) for one in f.cause.files] for f in fired.firings(made)]
    assert changes == [["created"], ["deleted", "created"]]


def test_two_dispatchers_start_one_run(fired, inbox):
    made = watch(fired)
    (inbox / "a.csv").write_text("1")
    former = fired.restart()
    for _ in range(3):
        former.tick()
        fired.settle()
    assert fired.firings(made) == []
    await_firings(fired, made, 1)
    former.tick()
    fired.settle()
    assert len(fired.firings(made)) == 1


def test_a_single_file_is_watched(fired, inbox):
    on = {"kind": "file", "path": "inbox/flag", "settle_seconds": SOON}
    made = fired.create(on, values_from={"n": "count"})
    (inbox / "other").write_text("")
    (inbox / "flag").write_text("")
    await_firings(fired, made, 1)
    assert [(names(f), f.cause.files[0].change) for f in fired.firings(made)] == [
        (["flag"], "created")
    ]


def test_a_folder_that_cannot_be_read_is_reported_once(fired, inbox, monkeypatch):
    made = watch(fired)

    def fail(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(watched_files, "present_files", fail)
    await_firings(fired, made, 1)
    fired.bench.round(3)
    (firing,) = fired.firings(made)
    assert (firing.outcome, firing.reason.code) == ("failed", "watched-files-unreadable")


def test_a_disabled_automation_watches_nothing(fired, inbox):
    made = watch(fired)
    fired.bench.round(2)
    fired.service.disable(OWNER, made.id)
    fired.bench.round(2)
    assert fired.controller.files.watches == {}
    (inbox / "a.csv").write_text("1")
    fired.service.enable(OWNER, made.id)
    fired.bench.round(5)
    assert fired.firings(made) == []


def test_a_simultaneous_change_counts(fired, inbox, monkeypatch):
    """The automation is disabled while the dispatcher looks at its files."""
    made = watch(fired)
    (inbox / "a.csv").write_text("1")
    files = fired.controller.files
    compare = files.compare_with_stored

    def disable_first(watched, new):
        watched.settling.complete(list(new), new, -1e9)
        fired.service.disable(OWNER, made.id)
        return compare(watched, new)

    monkeypatch.setattr(files, "compare_with_stored", disable_first)
    fired.bench.until_now(lambda: not fired.service.get(OWNER, made.id).is_enabled)
    fired.settle()
    assert fired.firings(made) == []


def test_unchanged_automations_are_not_read_again(fired, inbox, monkeypatch):
    made = watch(fired)
    fired.look()
    with monkeypatch.context() as patch:
        patch.setattr(fired.bench.store.automations, "by_id", lambda *_: pytest.fail("it was read"))
        fired.controller.tick(has_time=False)
    fired.service.update(OWNER, made.id, AutomationPatch(made.revision, overlap="skip"))
    (inbox / "a.csv").write_text("1")
    await_firings(fired, made, 1)


def write_in_run(fired, made, inbox, number):
    """Let the run of the newest firing write into the watched folder, and end."""
    await_firings(fired, made, number)
    fired.bench.until(lambda: len(fired.runs(made)) >= number)
    run = fired.runs(made)[0]
    fired.bench.until(lambda: fired.bench.run(run.id).started_at)
    (inbox / f"out{number}.csv").write_text("written by the run")
    fired.end(run.id)


def test_a_run_that_writes_into_its_watched_folder_does_not_run_for_ever(fired, inbox, monkeypatch):
    """Changes at another time soon start a run again, with the changes that waited."""
    monkeypatch.setattr(watched_files, "HINTED", (300.0, 0.0))
    made = watch(fired)
    (inbox / "in.csv").write_text("1")
    for number in range(1, MOST_IN_CHAIN + 1):
        write_in_run(fired, made, inbox, number)
    await_firings(fired, made, MOST_IN_CHAIN + 1)
    fired.bench.round(20)
    *started, held = fired.firings(made)
    assert len(started) == len(fired.runs(made)) == MOST_IN_CHAIN
    assert held.outcome == "failed"
    assert held.reason.code == "watched-files-change-with-runs"
    (inbox / "next.csv").write_text("2")
    await_firings(fired, made, MOST_IN_CHAIN + 2)
    assert names(fired.firings(made)[-1]) == ["next.csv", f"out{MOST_IN_CHAIN}.csv"]
    fired.bench.until(lambda: len(fired.runs(made)) > MOST_IN_CHAIN)
    assert fired.runs(made)[0].origin.chain == [made.id]


def write_after(path, moment):
    """Write a file until its time is after a moment; the clock of files lags behind."""
    path.write_text("1")
    while changed_at(str(path)) <= moment:
        path.write_text("1")


def test_files_that_arrive_between_runs_never_wait(fired, inbox):
    made = watch(fired)
    ended = datetime.now(UTC)
    for number in range(MOST_IN_CHAIN + 3):
        write_after(inbox / f"{number}.csv", ended)
        await_firings(fired, made, number + 1)
        fired.bench.until(lambda n=number: len(fired.runs(made)) > n)
        run = fired.runs(made)[0]
        assert run.origin.chain == [made.id]
        fired.end(run.id)
        ended = fired.bench.run(run.id).finished_at


def test_unneeded_hints_are_dropped_in_a_thread(fired, inbox, monkeypatch):
    """Another thread may hold the lock of the hints while it walks through a large tree."""
    made = watch(fired)
    watches = fired.controller.files.watches
    fired.bench.until_now(lambda: any(one.has_begun for one in watches.values()))
    threads = []
    monkeypatch.setattr(ChangeHints, "unwatch", lambda *_: threads.append(current_thread()))
    fired.service.disable(OWNER, made.id)
    fired.bench.until_now(lambda: threads)
    assert current_thread() not in threads


def test_the_loop_is_woken_for_the_next_look(fired, inbox, monkeypatch):
    """It may sleep for longer than until a changed file is complete."""
    monkeypatch.setattr(watched_files, "POLLED", (30.0, 0.0))
    watch(fired)
    fired.look()
    files, woken = fired.controller.files, []
    (automation_id,) = files.watches
    monkeypatch.setattr(files, "_wake", lambda: woken.append(files.seconds_until_due()))
    (inbox / "a.csv").write_text("1")
    woken.clear()
    files.compare(automation_id)
    assert woken and max(woken) <= SOON


def test_a_look_is_planned_for_many_automations_at_different_times(fired, inbox, monkeypatch):
    monkeypatch.setattr(watched_files, "POLLED", (1.0, 10.0))
    monkeypatch.setattr(watched_files, "HINTED", (1.0, 10.0))
    for number in range(3):
        watch(fired, name=f"trigger {number}")
    fired.look()
    watches = fired.controller.files.watches.values()
    pauses = {one.next_look - one.last_look for one in watches}
    assert len(pauses) == 3 and all(22 <= pause <= 31 for pause in pauses)
