"""Scratch runs are deleted without a request."""

import time
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from nbyard.dispatch.runs.retention import KEPT_FOR, ScratchController, due_runs
from nbyard.dispatch.threads import Threads
from nbyard.domain.runs.origins import Origin
from nbyard.domain.runs.structs import Run
from nbyard.domain.state_machines import RUN

from ...store.rows import START

NOW = START + 10 * KEPT_FOR


def a_run(name: str, kind: Any, path: str, state: Any, hours: float) -> Run:
    texts: dict[str, Any] = dict.fromkeys(
        ("name", "title", "workflow_id", "workflow_version_id", "runtime"), ""
    )
    ended = NOW - timedelta(hours=hours) if state in RUN.terminal else None
    return Run(
        id=name, number=-1, owner="ada", path=path, state=state, parameters={},
        created_at=START, finished_at=ended, origin=Origin(kind), **texts,
    )  # fmt: skip


RUNS = st.lists(
    st.builds(
        a_run,
        st.uuids().map(str),
        st.sampled_from(["check", "bisect"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(sorted(RUN.moves)),
        st.floats(0, 48),
    ),
    max_size=8,
)


@given(RUNS)
def test_due_scratch_runs_are_found(scratch):
    due = due_runs(scratch, NOW)
    assert all(run.state in RUN.terminal for run in due), "live runs stay"
    for run in scratch:
        later = [one for one in scratch[scratch.index(run) + 1 :] if one.origin.kind == "check"]
        is_replaced = run.origin.kind == "check" and run.path in {one.path for one in later}
        is_old = run.finished_at is not None and NOW - run.finished_at >= KEPT_FOR
        if run.state in RUN.terminal:
            assert (run in due) == (is_replaced or is_old)


def test_runs_of_running_bisections_are_kept() -> None:
    probes = [a_run(name, "bisect", "a", "succeeded", 30) for name in ("first", "last")]
    probes = [
        msgspec.structs.replace(run, origin=Origin("bisect", f"{run.id}'s")) for run in probes
    ]
    assert due_runs(probes, NOW, {"last's"}) == probes[:1]


def test_scratch_runs_are_deleted_with_their_folders(bench):
    made = [bench.finished(origin="check") for _ in range(2)]
    kept = bench.finished()
    folders = [bench.folder(bench.attempt(run)) for run in made]
    controller = ScratchController(bench.context, Threads(1))
    now = bench.run(made[1]).created_at
    assert controller.delete(now) == 1
    assert [folder.exists() for folder in folders] == [False, True]
    assert controller.delete(now + 2 * KEPT_FOR) == 1
    assert not folders[1].exists() and bench.run(kept).state == "succeeded"


def test_scratch_runs_are_checked_once_a_minute(bench, monkeypatch):
    asked = []
    threads = Threads(1)
    monkeypatch.setattr(threads, "submit", lambda key, work: asked.append(key))
    controller = ScratchController(bench.context, threads)
    controller.tick()
    controller.tick()
    assert len(asked) == 1
    monkeypatch.setattr(controller, "_next", time.monotonic())
    controller.tick()
    assert len(asked) == 2
