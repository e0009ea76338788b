"""Ends are written once; a former dispatcher writes none."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.fake_runtime_bench import Bench

from nbyard.attempts import folders
from nbyard.dispatch.attempts.controller import AttemptController
from nbyard.dispatch.cache.keys import Identities
from nbyard.dispatch.state.attempt_snapshot import Ended, Fact, Report, WaitEnded
from nbyard.domain.attempts.structs import Failure, Result
from nbyard.reasons.structs import because
from nbyard.store.leases import LeaseLost

FAILED = Ended("failed", Failure("error", because("text", text="late")))
LOST = Ended("lost", Failure("lost", because("text", text="late")))
CANCELLED = Ended("cancelled")


def a_run(bench: Bench) -> str:
    run = bench.start(cache=True)
    bench.runtime.obeys = False
    return run


def succeeded(bench: Bench, run: str) -> Report:
    """What a thread finds when the work is done."""
    case = bench.snapshot(run)
    bench.runtime.end(case.attempt.id, text="x")
    (report,) = AttemptController(bench.context, Identities(bench.context)).drive(case)
    return report


def told(bench: Bench, run: str, *facts: Fact) -> None:
    bench.dispatcher.inbox.put(Report(bench.attempt(run), list(facts)))


def test_a_continued_task_says_so(bench):
    run = a_run(bench)
    told(bench, run, WaitEnded(12))
    bench.round()
    words = "continues after 12 finished rows"
    assert bench.task(run).why == f"no earlier result; {words}"


def test_only_the_first_result_counts(bench):
    run = a_run(bench)
    report = succeeded(bench, run)
    bench.dispatcher.inbox.put(report)
    told(bench, run, FAILED, CANCELLED, LOST)
    bench.round()
    told(bench, run, FAILED, CANCELLED, LOST)
    bench.dispatcher.inbox.put(report)
    bench.round()
    task = bench.task(run)
    assert (task.state, task.failure) == ("succeeded", None)
    assert [one.state for one in task.attempts] == ["succeeded"]
    assert [one.name for one in task.artifacts] == ["out"]


def test_outputs_are_on_disk_before_the_commit_that_names_them(bench, monkeypatch):
    """Both the file and its folder are synced."""
    run, synced, at_commit = a_run(bench), list[int](), list[set[int]]()
    fsync, insert = os.fsync, bench.store.artifacts.insert_all

    def noted(fd: int) -> None:
        fsync(fd)
        synced.append(os.fstat(fd).st_ino)

    def inserting(c: Any, made: Any) -> None:
        if made:
            at_commit.append(set(synced))
        insert(c, made)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(bench.store.artifacts, "insert_all", inserting)
    bench.dispatcher.inbox.put(succeeded(bench, run))
    bench.until_task(run, "succeeded")
    place = bench.context.blobs.path(bench.task(run).artifacts[0].digest)
    (before,) = at_commit
    assert {place.stat().st_ino, place.parent.stat().st_ino} <= before


def test_bytes_are_kept_until_the_commit(bench):
    """The garbage collector keeps bytes that no row names yet."""
    run = a_run(bench)
    report = succeeded(bench, run)
    with bench.context.blobs.exclusive_collection() as is_alone:
        assert not is_alone
    bench.dispatcher.inbox.put(report)
    bench.until_task(run, "succeeded")
    with bench.context.blobs.exclusive_collection() as is_alone:
        assert is_alone


@pytest.mark.parametrize(
    "late", [FAILED, CANCELLED, LOST, None], ids=["failed", "cancelled", "lost", "nothing"]
)
def test_a_former_dispatcher_publishes_nothing(bench, late):
    """The epoch of the lease protects every write."""
    run = a_run(bench)
    report = Report(bench.attempt(run), [late]) if late else succeeded(bench, run)
    former = bench.replace_dispatcher()
    former.inbox.put(report)
    with pytest.raises(LeaseLost):
        former.tick(set(), has_news=False)
    task = bench.task(run)
    assert (task.state, task.artifacts) == ("running", [])
    with bench.context.blobs.exclusive_collection() as is_alone:
        assert is_alone


def test_an_output_that_vanished_breaks_the_contract(bench, runtime):
    """Either all outputs are published or none."""
    run = a_run(bench)
    case = bench.snapshot(run)
    runtime.end(case.attempt.id, text="x")
    (case.order.folder / "outputs" / "out" / "out.txt").unlink()
    (case.order.folder / "outputs" / "out" / "out.txt").symlink_to("/etc/hostname")
    bench.until_run(run, "failed")
    task = bench.task(run)
    assert (task.state, task.artifacts) == ("failed", [])
    assert task.failure is not None and task.failure.kind == "contract"


def test_an_unstorable_report_delays_no_others(bench, runtime, monkeypatch, caplog):
    """No database stores the figures. The attempt ends, and others continue."""
    run, other = a_run(bench), bench.submit()
    bench.until(lambda: len(runtime.running) == 2)
    attempt, read = bench.attempt(run), folders.read_result

    def bad_figures(folder: Path) -> Result | None:
        found = read(folder)
        if found is None or found.attempt_id != attempt:
            return found
        return msgspec.structs.replace(found, usage={"cpu_seconds": object()})

    monkeypatch.setattr(folders, "read_result", bad_figures)
    runtime.end(attempt, "failed", failure=Failure("error", because("text", text="words")))
    bench.finish(other)
    bench.until_run(run, "failed")
    assert "report cannot be stored" in bench.task(run).why
    assert "this round failed" in caplog.text
