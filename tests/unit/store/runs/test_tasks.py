"""Tasks in their order, and the queue."""

from datetime import datetime
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from nbyard.domain.attempts.failure_reader import read_failure
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.digest import KeyParts
from nbyard.domain.runs.structs import Run, SecretOf, TaskPlan
from nbyard.domain.state_machines import RUN
from nbyard.reasons.structs import because
from nbyard.store import Store, transition
from nbyard.store.events import Subject
from nbyard.store.runs.past_results import Last
from nbyard.store.runs.tasks import SucceededTask, TaskRecord
from nbyard.store.schema.tables import tasks

from ..rows import START, Rows, moment


def parts(code: str) -> dict[str, Any]:
    found = KeyParts(code, {"n": 1}, {"in": "sha256:1"}, {}, "e", "d")
    return msgspec.to_builtins(found)


def queued(rows: Rows, run: Run, node: str, at: datetime) -> TaskRecord:
    return rows.task(run, node, state="queued", queued_at=at)


def test_tasks_come_in_the_order_of_the_graph(store: Store) -> None:
    with store.write() as c:
        run = Rows(store, c).run()
        last = Rows(store, c).task(run, "a", place=2)
        first = Rows(store, c).task(run, "z", place=0)
        other = Rows(store, c).task(Rows(store, c).run(), "a")
    with store.read() as c:
        assert store.tasks.of_run(c, run.id) == [first, last]
        assert [(t.node, t.label, t.state) for t in store.tasks.views(c, run.id)] == [
            ("z", "Z", "waiting"), ("a", "A", "waiting"),
        ]  # fmt: skip
        assert store.tasks.of_run(c, other.run_id) == [other]
        assert store.tasks.get(c, "none") is None


def test_succeeded_tasks_come_in_pages_without_their_plans(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        run = rows.run()
        last, first = (
            rows.task(run, n, place=p, state="succeeded") for n, p in (("a", 2), ("z", 0))
        )
        rows.task(run, "b", place=1, state="failed")
        rows.task(rows.run(), "a", state="succeeded")
    made = [SucceededTask(one.id, one.node, False) for one in (first, last)]
    with store.read() as c:
        assert store.tasks.succeeded(c, run.id, 9, "", []) == made
        assert store.tasks.succeeded(c, run.id, 1, "", []) == made[:1]
        assert store.tasks.succeeded(c, run.id, 9, "z", []) == made[1:]
        assert store.tasks.succeeded(c, run.id, 9, "", ["a", "b", "none"]) == made[1:]
        assert store.tasks.succeeded_by_run(c, [run.id, "none"]) == {run.id: made, "none": []}


def test_the_task_behind_a_pinned_result_is_found_through_all_pins(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        plan = msgspec.to_builtins(rows.task(rows.run()).plan)
        maker = rows.task(rows.run())
        ids = [maker.id]
        for _ in range(2):
            ids.append(rows.task(rows.run(), plan=plan | {"reuse": ids[-1]}).id)
        orphan = rows.task(rows.run(), plan=plan | {"reuse": "deleted"})
        found = store.tasks.origins_of_cached(c, [*ids, orphan.id, "none"])
    assert found == {**dict.fromkeys(ids, maker.id), orphan.id: orphan.id, "none": "none"}


def test_a_state_change_is_an_event_with_run_node_and_reason(store: Store) -> None:
    with store.write() as c:
        task = Rows(store, c).task(Rows(store, c).run())
        columns = {"waits": because("waits-for-turn"), "queued_at": moment(1)}
        transition.move_all(c, [store.tasks.step(task, "queued", columns)])
        with pytest.raises(transition.StaleState):
            transition.move_all(c, [store.tasks.step(task, "queued", columns)])
        reason, waits = because("forced"), because("waits-for-start")
        store.tasks.note_all(c, [msgspec.structs.replace(task, reason=reason, waits=waits)])
        store.tasks.note_all(c, [])
        told = store.events.events_after(c, "ada", 0, 10)[-1]
        (view,) = store.tasks.views(c, task.run_id)
    assert (told.topic, told.subject_id, told.run_id) == ("task", task.id, task.run_id)
    assert told.data == {
        "state": "queued",
        "node": "a",
        "waits": {"code": "waits-for-turn", "params": {}},
    }
    assert (view.reason, view.waits, view.queued_at) == (reason, waits, moment(1))


def test_a_warning_is_shown_also_where_its_result_is_reused(store: Store) -> None:
    """A warning of the plan is shown with it."""
    warning = because("output-holds-secret", output="out")
    with store.write() as c:
        rows = Rows(store, c)
        first, second = (rows.task(rows.run(), "a") for _ in range(2))
        c.execute(update(tasks).where(tasks.c.id == first.id).values(warning=warning))
        taken = store.tasks.files_and_warnings(c, [first.id])[first.id]
        transition.move_all(c, [store.tasks.step(second, "queued", taken)])
        views = [store.tasks.views(c, task.run_id)[0] for task in (first, second)]
        assert [view.warning for view in views] == [warning, warning]
        plan = msgspec.to_builtins(
            msgspec.structs.replace(first.plan, runtime="dask", ports={"w": 0})
        )
        c.execute(update(tasks).where(tasks.c.id == first.id).values(plan=plan))
        (view,) = store.tasks.views(c, first.run_id)
    assert view.warning == because("all", reasons=[because("no-links-on-dask"), warning])


def test_tasks_of_the_run_that_was_submitted_first_come_first(store: Store) -> None:
    """Tasks of one run are in queue order. A higher priority comes first."""
    with store.write() as c:
        rows = Rows(store, c)
        second, first = rows.run(created_at=moment(1)), rows.run(owner="bob", created_at=START)
        urgent = rows.run(created_at=moment(2), priority=1)
        late = queued(rows, first, "late", moment(9))
        tied = [queued(rows, first, node, moment(8)) for node in ("t1", "t2")]
        early = queued(rows, second, "early", moment(2))
        at_once = queued(rows, urgent, "at once", moment(7))
        rows.task(second, "gone", state="running", queued_at=moment(1))
        rows.task(second, "not yet")
    with store.read() as c:
        order = [at_once, *sorted(tied, key=lambda t: t.id), late, early]
        places = {task.id: place for place, task in enumerate(order, start=1)}
        found: dict[str, int] = {}
        for run in (first, second, urgent):
            found |= store.tasks.queue_positions(c, run.id)
        assert found == places
        assert store.tasks.queue_positions(c, second.id) == {early.id: 5}
        working = [task.node for task in store.tasks.in_turn(c, 3)]
        assert working == ["gone", "at once", order[1].node]


def test_inputs_of_the_newest_success_of_a_node_are_found(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        flow = {"workflow_id": "w"}
        for code in ("c1", "c2"):
            rows.succeeded(rows.run(**flow), parts=parts(code))
        rows.task(rows.run(**flow), state="failed", parts=parts("failed"))
        more: dict[str, Any] = {"parts": parts("not meant")}
        rows.succeeded(rows.run(owner="bob", **flow), **more)
        rows.succeeded(rows.run(workflow_id="other"), **more)
        rows.succeeded(rows.run(**flow), executable="other", **more)
        rows.task(rows.run(**flow), "other", state="succeeded", **more)
        now = rows.task(rows.run(**flow), state="queued", parts=parts("c3"))
        assert store.history.last_dependencies(c, now) == Last(KeyParts(**parts("c2")), None, None)
        first = rows.task(rows.run(workflow_id="new"))
        assert store.history.last_dependencies(c, first) is None


def test_states_of_live_tasks_are_counted(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        one, two, over = rows.run(), rows.run(owner="bob"), rows.run()
        tasks = [rows.task(one, "a", state="running"), rows.task(two, state="failed")]
        rows.task(over, state="failed")
        for to in ("running", "failed"):
            assert transition.move(c, RUN, Subject(over.id, "ada", over.id), to)
        assert store.tasks.live(c) == {
            one.id: {tasks[0].id: "running"},
            two.id: {tasks[1].id: "failed"},
        }


def test_live_runs_that_use_an_executable(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        run = rows.run()
        rows.task(run, "a", executable="e1", state="running")
        rows.task(run, "b", executable="e1")
        rows.task(rows.run(), executable="e1", state="succeeded")
        rows.task(rows.run(), executable="e2")
        assert store.tasks.active_executables(c, "e1") == [run.id]
        assert store.tasks.active_executables(c, "e3") == []


def test_live_runs_with_a_credential_are_found(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        run = rows.run()
        plan = TaskPlan("a", "A", "e", "v", [], {"token": SecretOf("c1", "api", 1)}, "process")
        given = {"plan": msgspec.to_builtins(plan)}
        rows.task(run, "a", state="running", **given)
        rows.task(rows.run(), state="succeeded", **given)
        other = rows.task(rows.run(), "b")
        c.execute(update(tasks).where(tasks.c.id == other.id).values(plan={"is": "not read"}))
        assert store.tasks.using_credential(c, "c1") == [run.id]
        assert store.tasks.using_credential(c, "c2") == []


def test_only_the_first_failure_of_each_run_is_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A traceback can be long."""
    reads: list[Any] = []

    def noted(plain: Any) -> Failure | None:
        reads.append(plain)
        return read_failure(plain)

    monkeypatch.setattr("nbyard.store.runs.tasks.read_failure", noted)
    expected = {}
    with store.write() as c:
        rows = Rows(store, c)
        for name in ("x", "y"):
            run = rows.run()
            expected[run.id] = because("text", text=name)
            for at, words in enumerate((name, "later", "last")):
                failure = msgspec.to_builtins(Failure("error", because("text", text=words)))
                own = {"failure": failure, "finished_at": moment(at)}
                rows.task(run, words, state="failed", **own)
        assert store.tasks.first_failures(c, [*expected]) == expected
    assert len(reads) == 2
