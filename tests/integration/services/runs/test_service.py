"""The runs service with real programs."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Conflict, Invalid, NotFound
from nbyard.reasons.structs import because


def test_a_workflow_runs_to_its_end(yard, ann, flow, finished):
    """The run has data, tasks, attempts, logs and artifacts."""
    detail = finished(path=flow, parameters={"n": 3}, name="nightly")
    assert (detail.run.state, detail.run.title, detail.run.name) == (
        "succeeded", "Twice", "nightly",
    )  # fmt: skip
    assert detail.run.parameters == {"n": 3}
    assert [task.node for task in detail.tasks] == ["one", "two"]
    (artifact,) = [a for a in detail.tasks[1].artifacts if a.name == "result"]
    blobs = yard.context.blobs
    assert blobs.path(artifact.digest).read_text() == "a\n1\n" * 3
    log = yard.services.runs.log(ann, "nightly", "one")
    assert (log.text, log.done) == ("done\n", True)
    assert yard.services.artifacts.get(ann, artifact.id) == artifact
    assert yard.services.runs.cells(ann, "nightly", "one").notebook is None


def test_attempt_shows_its_resource_usage(yard, ann, flow, finished):
    """Each attempt has its usage. A cached task shows that of the original one."""
    detail, again = finished(path=flow), finished(path=flow)
    shown = yard.services.runs.usage(ann, detail.run.id, "one")
    assert (shown.attempt, shown.done) == (1, True)
    assert shown.cpu_seconds > 0
    assert len(shown.seconds) == len(shown.memory_bytes) == len(shown.cores) >= 1
    assert yard.services.runs.usage(ann, detail.run.id, "one", attempt=1) == shown
    assert yard.services.runs.usage(ann, again.run.id, "one") == shown
    for node, attempt in (("one", 2), ("three", 0)):
        with pytest.raises(NotFound):
            yard.services.runs.usage(ann, detail.run.id, node, attempt=attempt)
    with pytest.raises(Invalid):
        yard.services.runs.usage(ann, detail.run.id, "one", attempt=-1)
    with pytest.raises(NotFound):
        yard.services.runs.usage(Caller("bob"), detail.run.id, "one")


def test_attempt_records_its_phases_in_order(flow, finished):
    """Queued, prepared, started, running, ended, published.

    The start may be recorded after the work has begun."""
    (attempt,) = finished(path=flow).tasks[0].attempts
    times = (
        *(attempt.created_at, attempt.started_at, attempt.working_at),
        *(attempt.finished_at, attempt.published_at),
    )
    assert None not in times and list(times) == sorted(times)
    assert attempt.created_at < attempt.prepared_at < attempt.published_at


def test_unchanged_nodes_come_from_the_cache(flow, finished):
    first, second = finished(path=flow), finished(path=flow)
    assert [t.cached for t in first.tasks] == [False, False]
    assert [t.cached for t in second.tasks] == [True, True]
    assert all(task.reason for task in second.tasks)
    forced = finished(path=flow, force=True)
    assert [t.cached for t in forced.tasks] == [False, False]


def test_ignored_dataset_beside_the_code_is_not_part_of_the_code(flow, root, finished):
    """Other bytes with an equal result do not rerun later nodes.

    A missing file may be one that the script looks for."""
    (root / "pyproject.toml").touch()
    (root / "tool.py").write_text("import sys\nopen(sys.argv[2], 'w').write('same')\n")
    finished(path=flow)
    (root / "data.csv").write_text("a\n2\n")
    _, two = finished(path=flow).tasks
    assert two.reason == because("unchanged-reads", run=1)
    (root / ".nbyardignore").write_text("data.csv\n")
    _, two = finished(path=flow).tasks
    assert "data.csv is gone" in two.why
    (root / "data.csv").write_text("a\n3\n")
    one, two = finished(path=flow).tasks
    assert (one.cached, two.cached) == (False, True)
    assert "data of source changed" in one.why


def test_only_selected_nodes_run(flow, finished):
    detail = finished(path=flow, scope="selected", nodes=["one"])
    assert [task.node for task in detail.tasks] == ["one"]


def test_a_cancelled_run_never_starts(yard, ann, flow, dispatcher):
    with dispatcher.standing_still():
        made = yard.services.runs.create(ann, NewRun(path=flow))
        asked = yard.services.runs.cancel(ann, made.id)
    assert asked.cancel_requested_at is not None
    detail = dispatcher.until(
        lambda: yard.services.runs.get(ann, made.id), lambda d: d.run.finished_at
    )
    assert detail.run.state == "cancelled"
    assert not any(task.attempts for task in detail.tasks)
    with pytest.raises(Conflict):
        yard.services.runs.cancel(ann, made.id)


def test_only_finished_runs_can_be_deleted(yard, ann, flow, finished):
    live = yard.services.runs.create(Caller("bob"), NewRun(path=flow))
    done = finished(path=flow)
    folders = [attempt.folder for task in done.tasks for attempt in task.attempts]
    assert folders
    yard.services.runs.delete(ann, done.run.id)
    with pytest.raises(NotFound):
        yard.services.runs.get(ann, done.run.id)
    with pytest.raises(NotFound):
        yard.services.runs.delete(ann, live.id)


def test_retry_uses_the_same_file(yard, ann, flow, root, finished):
    (root / "tool.py").write_text("raise SystemExit(1)\n")
    failed = finished(path=flow)
    again = yard.services.runs.retry(ann, failed.run.id)
    assert again.path == flow
    assert [run.id for run in yard.services.runs.list(ann, workflow=flow).items] == [
        again.id, failed.run.id,
    ]  # fmt: skip


def test_retry_takes_over_the_name_of_the_run(yard, ann, flow, root, finished):
    """A client that waits for the name finds the newest run."""
    (root / "tool.py").write_text("raise SystemExit(1)\n")
    failed = finished(path=flow, name="twice")
    again = yard.services.runs.retry(ann, "twice")
    assert (again.name, yard.services.runs.get(ann, "twice").run.id) == ("twice", again.id)
    assert not yard.services.runs.get(ann, failed.run.id).run.name


def test_tasks_are_listed_in_pages(yard, ann, flow, finished):
    """In the order of the graph, each with the content that the whole run shows."""
    detail = finished(path=flow)
    first = yard.services.runs.tasks(ann, detail.run.id, limit=1)
    assert (first.run, first.next) == (detail.run, "one")
    second = yard.services.runs.tasks(ann, detail.run.id, limit=1, after="one")
    assert (first.items + second.items, second.next) == (detail.tasks, None)
    assert yard.services.runs.tasks(ann, detail.run.id, state="failed,queued").items == []
    for wrong in ({"limit": 0}, {"state": "asleep"}, {"since": -1}):
        with pytest.raises(Invalid):
            yard.services.runs.tasks(ann, detail.run.id, **wrong)
    with pytest.raises(NotFound):
        yard.services.runs.tasks(Caller("bob"), detail.run.id)
