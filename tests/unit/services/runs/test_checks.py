"""Problems of a run are reported before it is created."""

import msgspec
import pytest
from tests.support.refusals import refused_at

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.executables.structs import NewExecutable
from nbyard.domain.ids import new_id
from nbyard.domain.projects.structs import NewLink, NewProject
from nbyard.domain.runs.checks import NewCheckRun
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Conflict, Invalid, NotFound
from nbyard.reasons.structs import because
from nbyard.store import transition
from nbyard.store.runs.attempts import AttemptRecord


def test_missing_inputs_are_refused_and_nothing_is_created(runs, ann, root):
    (root / "Dockerfile").write_text('FROM x\nENTRYPOINT ["y"]\n')
    (root / "a.csv").write_text("a\n")
    body = NewRun(
        path="Dockerfile",
        runtime="docker",
        texts={"data": "a.csv"},
        arguments=[Argument("data", role="input", required=True)],
    )
    assert sorted(runs.check(ann, body).nodes) == ["in_data", "main"]
    for changes, error, words in (
        ({"texts": {"data": "none.csv"}}, Invalid, "parameters.data: there is no file"),
        ({"texts": {}}, Invalid, "parameters.data: Choose a file, dataset or artifact"),
        ({"runtime": "nowhere"}, Invalid, "runtime"),
        ({"gpu": 99}, Invalid, "gpu"),
        ({"path": "none/Dockerfile"}, NotFound, "no file"),
    ):
        with pytest.raises(error, match=words):
            runs.check(ann, msgspec.structs.replace(body, **changes))
    assert runs.list(ann).items == []


def test_several_files_are_a_folder_or_one_file(runs, ann, root):
    """One file is a list of one."""
    (root / "Dockerfile").write_text('FROM x\nENTRYPOINT ["y"]\n')
    (root / "a.csv").write_text("a\n")
    (root / "many").mkdir()
    several = Argument("files", role="input", type="list", format="folder", required=True)
    body = NewRun(path="Dockerfile", runtime="docker", arguments=[several])
    with pytest.raises(Invalid, match="with several files") as refused:
        runs.check(ann, body)
    assert refused.value.hint_reason == because("give-input-file", name="files")
    for given in ("a.csv", "many"):
        runs.check(ann, msgspec.structs.replace(body, texts={"files": given}))
        assert runs.create(ann, msgspec.structs.replace(body, texts={"files": given})).id


def test_a_check_run_replaces_the_one_before(yard, ann, runs, flow):
    """The earlier one is cancelled, or deleted if it has ended."""
    first = runs.check_sample(ann, NewCheckRun(path=flow))
    second = runs.check_sample(ann, NewCheckRun(path=flow, rows=5))
    assert (first.number, second.number) == (-1, -2)
    assert runs.get(ann, first.id).run.cancel_requested_at is not None
    with yard.store.write() as c:
        for run in (first, second):
            found = yard.store.runs.by_id(c, run.id)
            transition.move_all(c, [yard.store.runs.step(found, "cancelled", {})])
    third = runs.check_sample(ann, NewCheckRun(path=flow))
    assert [one.id for one in runs.list(ann, origin="check").items] == [third.id]
    assert runs.create(ann, NewRun(path=flow)).number == 1
    assert [one.number for one in runs.list(ann).items] == [1]
    with pytest.raises(NotFound):
        runs.get(ann, first.id)


def test_check_runs_of_executables_are_independent(yard, ann, runs):
    """Executables are named in the request, so that their runs have no file."""
    for name in ("one", "two"):
        (yard.context.files.root / f"{name}.py").write_text("x = 1  # parameters\n")
        yard.services.executables.create(ann, NewExecutable(path=f"{name}.py"))
    first, second = (
        runs.check_sample(ann, NewCheckRun(executable=name)) for name in ("one", "two")
    )
    assert (first.path, second.path) == ("", "")
    assert runs.get(ann, first.id).run.cancel_requested_at is None
    runs.check_sample(ann, NewCheckRun(executable="one"))
    assert runs.get(ann, first.id).run.cancel_requested_at is not None
    assert runs.get(ann, second.id).run.cancel_requested_at is None


def test_check_runs_are_refused_for_history(yard, ann, runs, flow):
    made = runs.check_sample(ann, NewCheckRun(path=flow)).id
    other = runs.create(ann, NewRun(path=flow)).id
    node = runs.get(ann, made).tasks[0].node
    for refused in (
        lambda: runs.keep(ann, made),
        lambda: runs.retry(ann, made),
        lambda: runs.compare(ann, made, other),
        lambda: runs.why(ann, made, other),
        lambda: runs.openlineage(ann, made),
        lambda: runs.crate(ann, made),
        lambda: runs.bundle(ann, made),
    ):
        with pytest.raises(Conflict, match="check run"):
            refused()
    with pytest.raises(Invalid, match=f"pins.{node}"):
        runs.create(ann, NewRun(path=flow, pins={node: made}))
    yard.services.projects.create(ann, NewProject("p"))
    with pytest.raises(Conflict, match="check run"):
        yard.services.projects.link(ann, "p", NewLink("run", made))


@pytest.mark.parametrize(
    ("wish", "field"), [({"name": "x"}, "name"), ({"rows": 0}, "rows"), ({"files": 10**9}, "files")]
)
def test_invalid_requests_are_refused_by_name(runs, ann, flow, wish, field):
    with refused_at(field):
        runs.check_sample(ann, NewCheckRun(path=flow, **wish))
    assert runs.list(ann, origin="check").items == []


def test_code_of_a_scratch_run_changes_nothing(yard, ann, runs, flow):
    """Neither datasets nor models, deployments or automations."""
    attempts = {}
    for kind, made in (
        ("check", runs.check_sample(ann, NewCheckRun(path=flow)).id),
        ("manual", runs.create(ann, NewRun(path=flow)).id),
    ):
        task = runs.get(ann, made).tasks[0]
        attempts[kind] = attempt = new_id()
        row = AttemptRecord(
            attempt, task.id, made, "ann", 1, "recorded", "process", "", token="t", mark="m"
        )
        with yard.store.write() as c:
            transition.move_all(c, [], yard.store.attempts.insertions([row]))
    coder = msgspec.structs.replace(ann, attempt_id=attempts["check"])
    yard.services.check_access(coder, "datasets.get", "datasets:read", {})
    change = ("datasets.update", "datasets:write", {"dataset": "iris"})
    with pytest.raises(Conflict) as refused:
        yard.services.check_access(coder, *change)
    assert "NBYARD_SCRATCH_RUN" in refused.value.hint
    for other in (ann, msgspec.structs.replace(ann, attempt_id=attempts["manual"])):
        yard.services.check_access(other, *change)
