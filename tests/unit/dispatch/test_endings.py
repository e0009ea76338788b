"""Ends are written once; a former dispatcher writes none."""

import os
from typing import Any

import pytest

from nbyard.dispatch.cases import Case, live_case
from nbyard.dispatch.endings import Endings
from nbyard.domain.attempts import Failure, Result
from nbyard.store.leases import LeaseLost
from nbyard.testing.bench import Bench, FakeRuntime


def a_case(bench: Bench) -> tuple[str, Case]:
    run = bench.submit({"a": []}, cache=True)
    bench.until(lambda: bench.task(run).state == "running")
    bench.runtime.obeys = False
    case = live_case(bench.room, bench.attempt(run))
    assert case is not None
    return run, case


def result_of(case: Case) -> Result:
    (case.order.folder / "outputs" / "out" / "out.txt").write_text("x")
    return Result(case.attempt.id, case.attempt.token, "succeeded", 1.0, 2.0, ["out"])


def test_only_the_first_end_counts(bench: Bench) -> None:
    """I5: a second opinion changes nothing, whatever it says."""
    run, case = a_case(bench)
    endings = Endings(bench.room)
    endings.succeed(case, result_of(case))
    endings.succeed(case, result_of(case))
    endings.fail(case, Failure("error", "late"))
    endings.cancel(case)
    endings.lose(case, "late")
    task = bench.task(run)
    assert (task.state, task.failure) == ("succeeded", None)
    assert [one.state for one in task.attempts] == ["succeeded"]
    assert [one.name for one in task.artifacts] == ["out"]


def test_outputs_are_on_disk_before_the_commit_that_names_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F13, I6: the file and the folder it appears in."""
    run, case = a_case(bench)
    result, synced, at_commit = result_of(case), list[int](), list[set[int]]()
    fsync, insert = os.fsync, bench.store.artifacts.insert

    def noted(fd: int) -> None:
        fsync(fd)
        synced.append(os.fstat(fd).st_ino)

    def inserting(*rows: Any) -> None:
        at_commit.append(set(synced))
        insert(*rows)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(bench.store.artifacts, "insert", inserting)
    Endings(bench.room).succeed(case, result)
    place = bench.room.blobs.path(bench.task(run).artifacts[0].digest)
    (before,) = at_commit
    assert {place.stat().st_ino, place.parent.stat().st_ino} <= before


def test_a_former_dispatcher_publishes_nothing(bench: Bench) -> None:
    """I3, F14: the lease's epoch fences every write."""
    run, case = a_case(bench)
    former = bench.room
    bench.replace_dispatcher()
    endings = Endings(former)
    for late in (
        lambda: endings.succeed(case, result_of(case)),
        lambda: endings.fail(case, Failure("error", "late")),
        lambda: endings.cancel(case),
        lambda: endings.lose(case, "late"),
    ):
        with pytest.raises(LeaseLost):
            late()
    task = bench.task(run)
    assert (task.state, task.artifacts) == ("running", [])


def test_an_output_that_vanished_breaks_the_contract(bench: Bench, runtime: FakeRuntime) -> None:
    """I6: all outputs or none."""
    run, case = a_case(bench)
    result = result_of(case)
    (case.order.folder / "outputs" / "out" / "out.txt").unlink()
    (case.order.folder / "outputs" / "out" / "out.txt").symlink_to("/etc/hostname")
    Endings(bench.room).succeed(case, result)
    task = bench.task(run)
    assert (task.state, task.artifacts) == ("failed", [])
    assert task.failure is not None and task.failure.kind == "contract"
