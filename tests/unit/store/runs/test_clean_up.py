"""Finished runs in rows."""

import msgspec
import pytest

from nbyard.domain.deployments.creation_form import complete_request
from nbyard.domain.deployments.structs import NewDeployment
from nbyard.domain.models.structs import RunOutput
from nbyard.domain.state_machines import RUN
from nbyard.reasons.structs import because
from nbyard.store import Store, transition
from nbyard.store.events import Subject
from nbyard.store.runs import clean_up

from ..rows import Rows, moment
from ..test_models import add as add_model


def end(store: Store, rows: Rows, run, state: str = "succeeded") -> None:
    subject = Subject(run.id, run.owner, run.id)
    assert transition.move(rows.c, RUN, subject, "running", started_at=moment(0))
    assert transition.move(rows.c, RUN, subject, state, finished_at=moment(9))


def test_only_ended_runs_of_the_owner_are_found_with_their_outputs(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        done, live, other = rows.run("a"), rows.run(), rows.run(owner="bob")
        task = rows.succeeded(done)
        rows.artifact(task, "x", "sha256:" + "1" * 64)
        for run in (done, other):
            end(store, rows, run)
        found = store.clean_ups.finished_runs(c, "ada")
    assert live.id not in found and other.id not in found
    assert found[done.id].outputs == [("sha256:" + "1" * 64, 2**40)]
    assert (found[done.id].name, found[done.id].finished_at) == ("a", moment(9))


def test_digests_of_some_runs_and_of_all_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, both = (f"sha256:{digit * 64}" for digit in "123")
    tree = f"tree:{'4' * 64}"
    with store.write() as c:
        rows = Rows(store, c)
        first, second = rows.run(), rows.run(owner="bob")
        for run, own in ((first, one), (second, two)):
            task = rows.succeeded(run)
            rows.artifact(task, "own", own)
            rows.artifact(task, "both", both)
        groups = [[first.id], [], [second.id, "gone"]]
        for few in (clean_up.FEW_RUNS, 0):
            monkeypatch.setattr(clean_up, "FEW_RUNS", few)
            assert store.clean_ups.digests(c, [[first.id]]) == ([{one, both}], set())
            found = store.clean_ups.digests(c, groups)
            assert found == ([{one, both}, set(), {two, both}], set())
        assert store.clean_ups.digests_of_other_runs(c, [[first.id]], {one, both}) == {both}
        assert store.clean_ups.digests_of_other_runs(c, groups, {one, two, both}) == set()
        rows.artifact(rows.task(second, "b"), "folder", tree)
        assert store.clean_ups.digests_of_other_runs(c, [[first.id]], {both}) == {both, tree}
        monkeypatch.setattr(clean_up, "FEW_DIGESTS", 0)
        assert store.clean_ups.digests_of_other_runs(c, [[first.id]], {both}) == {two, both, tree}
        assert store.clean_ups.digests_of_other_runs(c, [], {both}) == {one, two, both, tree}


def test_a_run_is_kept_until_it_is_released(store: Store) -> None:
    with store.write() as c:
        run = Rows(store, c).run()
        for kept in (True, False):
            store.runs.change(c, run, kept=kept)
            assert store.clean_ups.kept_ids(c, "ada") == ({run.id} if kept else set())
            found = store.runs.get(c, "ada", run.id)
            assert found is not None and found.kept is kept


def test_a_deployment_leads_to_the_run_of_its_model(store: Store) -> None:
    """Also by an older revision, to which it may be rolled back."""
    source = RunOutput("r1", 12, "penguins", "t", "train", "model", "model.joblib", "sha256:9")
    add_model(store, "1", tag="v1", source=msgspec.to_builtins(source))
    spec = complete_request(NewDeployment("nbyard/model-churn:v1", name="birds"))[1]
    other = complete_request(NewDeployment("cows:1", name="birds"))[1]
    with store.write() as c:
        store.deployments.insert(c, "ada", "d", {"name": "birds", "title": "", "description": ""})
        store.deployments.add_revision(c, "d", spec, because("deployment-created"), "")
        store.deployments.add_revision(c, "d", other, because("deployment-edited"), "")
        assert store.clean_ups.deployments_by_run(c, "ada") == {"r1": "birds"}
        assert store.clean_ups.deployments_by_run(c, "bob") == {}
        found = store.deployments.get(c, "ada", "birds")
        assert found is not None
        store.deployments.remove(c, found)
        assert store.clean_ups.deployments_by_run(c, "ada") == {}
