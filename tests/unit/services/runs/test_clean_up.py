"""A clean-up shows what it frees, and deletes nothing that a record still needs."""

import json

import pytest
from msgspec.structs import replace

from nbyard.domain.callers import Caller
from nbyard.domain.projects.structs import NewLink, NewProject
from nbyard.domain.runs.clean_up import CleanUpRules, NewRetention
from nbyard.domain.runs.retention import PolicyRules
from nbyard.errors import NotFound
from nbyard.reasons.structs import because

ALL = CleanUpRules(keep=0)


def test_the_preview_equals_the_clean_up(yard, ann, runs, flow, finished):
    first = finished(path=flow)
    second = finished(path=flow, parameters={"n": 3})
    rules = CleanUpRules(keep=1)
    preview = runs.preview_clean_up(ann, rules)
    assert [one.number for one in preview.runs] == [first.run.number]
    assert (preview.count, preview.protected_count) == (1, 0)
    # the outputs of the first run, but not data.csv, which the second run uses too
    own = {file.digest: file.size_bytes for task in first.tasks for file in task.artifacts}
    shared = {file.digest for task in second.tasks for file in task.artifacts}
    assert preview.freed_bytes == sum(own[digest] for digest in own.keys() - shared) > 0
    folder = yard.context.store.folder / "attempts" / first.tasks[0].attempts[0].id
    assert folder.is_dir() and preview.record_bytes > 0
    unsized = runs.preview_clean_up(ann, rules, sizes=False)
    assert unsized == replace(preview, freed_bytes=None, record_bytes=None)

    done = runs.clean_up(ann, rules)
    assert (done.deleted, done.left) == (1, 0)
    assert not folder.exists()
    assert [run.number for run in runs.list(ann).items] == [second.run.number]
    assert runs.preview_clean_up(ann, rules).count == 0


def test_named_kept_or_pinned_runs_are_not_deleted(ann, root, runs, tool, flow, finished):
    (root / "data.csv").write_text("a\n1\n")
    named = finished(path=tool, name="mine", texts={"source": "data.csv"})
    kept = finished(path=flow)
    pinned = finished(path=flow, parameters={"n": 4})
    loose = finished(path=flow, parameters={"n": 5})
    assert runs.keep(ann, kept.run.id).kept
    document = json.loads((root / flow).read_text())
    document["nodes"]["one"]["pin"] = {"run": pinned.run.id, "number": pinned.run.number}
    (root / "other.nbflow").write_text(json.dumps(document | {"meta": {"id": "x"}}))

    preview = runs.preview_clean_up(ann, ALL)
    assert {one.number: one.protection.code for one in preview.protected} == {
        named.run.number: "has-name",
        kept.run.number: "kept-by-user",
        pinned.run.number: "result-pinned",
    }
    assert preview.protected[2].protection == because(
        "result-pinned", workflow="other.nbflow", node="one"
    )
    assert runs.clean_up(ann, ALL).deleted == 1
    with pytest.raises(NotFound):
        runs.get(ann, loose.run.id)

    runs.unkeep(ann, kept.run.id)
    assert [one.number for one in runs.preview_clean_up(ann, ALL).runs] == [kept.run.number]


def test_the_runs_of_one_file(ann, runs, tool, flow, root, finished):
    (root / "data.csv").write_text("a\n1\n")
    single = finished(path=tool, texts={"source": "data.csv"})
    finished(path=flow)
    found = runs.preview_clean_up(ann, CleanUpRules(keep=0, workflow=tool))
    assert [one.number for one in found.runs] == [single.run.number]


def test_runs_of_other_people_are_not_seen(ann, runs, flow, finished):
    finished(path=flow)
    assert runs.preview_clean_up(Caller("bob"), ALL).count == 0
    assert runs.clean_up(Caller("bob"), ALL).deleted == 0
    assert runs.preview_clean_up(ann, ALL).count == 1


def test_the_daily_rules_are_kept(ann, runs):
    assert runs.retention(ann).rules is None
    rules = CleanUpRules(older_than_days=30, states=["failed"])
    assert runs.set_retention(ann, NewRetention(rules)).rules == rules
    assert runs.retention(Caller("bob")).rules is None
    assert runs.set_retention(ann, NewRetention(None)).rules is None


def test_a_clean_up_of_a_project_sees_its_runs_only(yard, ann, runs, flow, finished):
    first, second, third = (finished(path=flow, parameters={"n": n}) for n in (3, 4, 5))
    projects = yard.services.projects
    projects.create(ann, NewProject("wine"))
    for one in (first, second):
        projects.link(ann, "wine", NewLink("run", one.run.id))
    found = runs.preview_clean_up(ann, CleanUpRules(keep=1), project="wine")
    assert [one.number for one in found.runs] == [first.run.number]
    assert runs.clean_up(ann, CleanUpRules(keep=0), project="wine").deleted == 2
    assert [run.id for run in runs.list(ann).items] == [third.run.id]
    with pytest.raises(NotFound):
        runs.preview_clean_up(Caller("bob"), ALL, project="wine")


def test_the_preview_of_policies_names_what_each_frees(yard, ann, runs, flow, finished):
    first, second = (finished(path=flow, parameters={"n": n}) for n in (3, 4))
    projects = yard.services.projects
    wine = projects.create(ann, NewProject("wine"))
    projects.link(ann, "wine", NewLink("run", first.run.id))
    runs.set_retention(ann, NewRetention(CleanUpRules(keep=1)))
    projects.set_policy(ann, "wine", "none", PolicyRules(keep=0))
    general, own = runs.preview_retention(ann).policies
    assert (general.project, own.project, own.name) == ("", "wine", "none")
    # the rules for all runs come first, so nothing is left for the policy
    assert [one.number for one in general.preview.runs] == [first.run.number]
    assert general.preview.freed_bytes > 0 and own.preview.count == 0
    assert runs.preview_retention(ann, project=wine.id).policies == [own]
    runs.set_retention(ann, NewRetention(None))
    (own,) = runs.preview_retention(ann).policies
    assert [one.number for one in own.preview.runs] == [first.run.number]
    assert runs.preview_retention(Caller("bob")).policies == []
    assert second.run.id


def test_without_a_policy_to_show_no_run_is_read(yard, ann, runs, monkeypatch):
    projects = yard.services.projects
    for name in ("wine", "beer"):
        projects.create(ann, NewProject(name))
    monkeypatch.setattr("nbyard.services.runs.history.finished_runs", pytest.fail)
    assert runs.preview_retention(ann).policies == []
    projects.set_policy(ann, "wine", "none", PolicyRules(keep=0))
    assert runs.preview_retention(ann, project="beer").policies == []
    with pytest.raises(NotFound):
        runs.preview_retention(ann, project="cider")
