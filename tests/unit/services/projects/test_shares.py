"""Roles of users and groups on projects and what is linked to them."""

from typing import Any

import pytest

from nbyard.domain.automations.structs import OnDataset
from nbyard.domain.bisections.structs import NewBisection
from nbyard.domain.callers import Caller
from nbyard.domain.credentials import NewCredential
from nbyard.domain.datasets.structs import DatasetPatch
from nbyard.domain.projects.definitions import ProjectDefinition, ProjectFile, ProjectPush
from nbyard.domain.projects.members import Member, NewMember
from nbyard.domain.projects.structs import NewLink, NewProject
from nbyard.errors import Conflict, Forbidden, Invalid, NotFound
from nbyard.services.automations.event_sources import event_source
from nbyard.store import transition

from ...store.rows import Rows

BOB, EVE = Caller("bob"), Caller("eve", groups=("lab",))


@pytest.fixture
def data(yard):
    with yard.store.write() as c:
        return Rows(yard.store, c).dataset("red", "ann")


@pytest.fixture
def wine(yard, ann, data):
    """A project of ann with a dataset."""
    made = yard.services.projects.create(ann, NewProject("wine"))
    return yard.services.projects.link(ann, made.id, NewLink("dataset", data.id))


@pytest.fixture
def shares(yard):
    return yard.services.shares


def names(page):
    return [item.name for item in page.items]


def told(yard, caller, last):
    """The subjects of the events by which pages learn what is shared."""
    events = yard.services.events.list(caller, after=last).items
    return [(e.topic, e.subject_id) for e in events if e.data == {"change": "shared"}]


def test_members_of_a_project_see_what_is_linked(yard, ann, shares, wine, data):
    datasets, projects = yard.services.datasets, yard.services.projects
    members = shares.grant(ann, "project", "wine", NewMember("bob"))
    assert members.items == [Member("ann", "owner", is_creator=True), Member("bob", "viewer")]
    assert names(projects.list(BOB)) == ["wine"] and names(datasets.list(BOB)) == ["red"]
    assert names(projects.links(BOB, wine.id)) == ["red"]
    assert datasets.list(BOB).items[0].owner == "ann"
    # Names are labels of their owner.
    for found in (lambda: datasets.get(BOB, "red"), lambda: projects.get(BOB, "wine")):
        with pytest.raises(NotFound):
            found()
    projects.unlink(ann, "wine", "dataset", "red")
    assert names(datasets.list(BOB)) == []
    last = yard.services.events.newest_id()
    shares.revoke(ann, "project", "wine", "bob")
    assert names(projects.list(BOB)) == []
    assert told(yard, BOB, last) == [("project", "")] and not told(yard, EVE, last)
    with pytest.raises(NotFound):
        shares.list(BOB, "project", wine.id)


def test_a_group_is_that_of_the_last_request(yard, ann, shares, data, monkeypatch):
    shares.grant(ann, "dataset", "red", NewMember("lab", group=True))
    assert names(yard.services.datasets.list(EVE)) == []
    yard.services.record_groups(EVE)
    assert names(yard.services.datasets.list(EVE)) == ["red"]
    # A user with the name of the group is another.
    assert names(yard.services.datasets.list(Caller("lab"))) == []
    last = yard.services.events.newest_id()
    yard.services.record_groups(Caller("eve"))
    assert names(yard.services.datasets.list(EVE)) == []
    assert told(yard, EVE, last) == [("project", "")]
    yard.services.record_groups(EVE)
    last = yard.services.events.newest_id()
    shares.revoke(ann, "dataset", "red", "lab", group=True)
    assert told(yard, EVE, last) == [("project", "")]


def test_groups_are_read_again_after_a_while(yard, monkeypatch):
    yard.services.record_groups(EVE)
    with yard.store.write() as c:
        yard.store.grants.set_groups(c, "eve", ())
    yard.services.record_groups(EVE)  # known
    with yard.store.read() as c:
        assert yard.store.grants.groups(c, "eve") == set()
    monkeypatch.setattr("nbyard.services.registry.GROUPS_SECONDS", 0.0)
    yard.services.record_groups(EVE)
    with yard.store.read() as c:
        assert yard.store.grants.groups(c, "eve") == {"lab"}


def test_the_creator_stays_an_owner(ann, shares, wine):
    shares.grant(ann, "project", "wine", NewMember("bob", "owner"))
    for caller in (ann, BOB):
        with pytest.raises(Conflict):
            shares.revoke(caller, "project", wine.id, "ann")
        with pytest.raises(Conflict):
            shares.grant(caller, "project", wine.id, NewMember("ann", "viewer"))
    shares.grant(ann, "project", "wine", NewMember("ann", "viewer", group=True))
    with pytest.raises(NotFound):
        shares.revoke(ann, "project", "wine", "eve")


def test_only_owners_link_a_resource(yard, ann, shares, wine, data):
    """An editor of one project cannot share its resources with another."""
    shares.grant(ann, "project", "wine", NewMember("bob", "editor"))
    own = yard.services.projects.create(BOB, NewProject("beer"))
    with pytest.raises(Forbidden):
        yard.services.projects.link(BOB, own.id, NewLink("dataset", data.id))
    shares.grant(ann, "project", "wine", NewMember("bob", "owner"))
    yard.services.projects.link(BOB, own.id, NewLink("dataset", data.id))


def test_changes_by_an_editor_are_events_of_the_owner(yard, ann, shares, wine, data):
    shares.grant(ann, "project", "wine", NewMember("bob", "editor"))
    last = yard.services.events.newest_id()
    patch = DatasetPatch(data.revision, name="white")
    assert yard.services.datasets.update(BOB, data.id, patch).owner == "ann"
    for caller, seen in ((ann, 1), (BOB, 1), (EVE, 0)):
        assert len(yard.services.events.list(caller, after=last).items) == seen


def test_a_new_name_is_compared_with_those_of_the_owner(yard, ann, shares, wine, data):
    shares.grant(ann, "project", "wine", NewMember("bob", "editor"))
    with yard.store.write() as c:
        Rows(yard.store, c).dataset("white", "bob")
    patch = DatasetPatch(data.revision, name="white")
    assert yard.services.datasets.update(BOB, data.id, patch).name == "white"


def test_creating_in_a_project_needs_an_editor(yard, ann, shares, wine):
    change: Any = ("datasets.create", "datasets:write", {}, wine.id)
    shares.grant(ann, "project", "wine", NewMember("bob"))
    with pytest.raises(Forbidden):
        yard.services.check_access(BOB, *change)
    yard.services.check_access(EVE, *change)  # nothing is linked to what one may not see
    with yard.store.write() as c:
        made = Rows(yard.store, c).dataset("own", "bob")
    yard.services.projects.link_created(BOB, wine.id, "datasets.create", made)
    assert names(yard.services.projects.links(ann, "wine")) == ["red"]
    shares.grant(ann, "project", "wine", NewMember("bob", "editor"))
    yard.services.check_access(BOB, *change)
    yard.services.projects.link_created(BOB, wine.id, "datasets.create", made)
    assert names(yard.services.projects.links(ann, "wine")) == ["own", "red"]


def test_credentials_are_never_shared(yard, ann, shares, wine):
    made = yard.services.credentials.create(ann, NewCredential("key", "token", {"secret": "s"}))
    yard.services.projects.link(ann, "wine", NewLink("credential", "key"))
    shares.grant(ann, "project", "wine", NewMember("bob", "owner"))
    assert names(yard.services.credentials.list(BOB, project=wine.id)) == []
    assert names(yard.services.projects.links(BOB, wine.id)) == ["red"]
    with pytest.raises(NotFound):
        yard.services.credentials.get(BOB, made.id)


def test_a_retry_of_a_shared_run_is_an_own_run(yard, ann, shares):
    """It leaves the run of the owner its name."""
    with yard.store.write() as c:
        rows = Rows(yard.store, c)
        old = rows.run("try", "ann")
        rows.task(old, state="failed")
        for state in ("running", "failed"):
            found = yard.store.runs.by_id(c, old.id)
            transition.move_all(c, [yard.store.runs.step(found, state, {})])
    shares.grant(ann, "run", "try", NewMember("bob", "editor"))
    made = yard.services.runs.retry(BOB, old.id)
    assert (made.owner, made.name, made.origin.person) == ("bob", "", "bob")
    assert yard.services.runs.get(ann, "try").run.id == old.id
    with pytest.raises(NotFound):
        yard.services.runs.get(ann, made.id)


def test_others_runs_are_not_bisected(yard, ann, shares):
    """Probes would have the secrets of their owner."""
    with yard.store.write() as c:
        runs = [Rows(yard.store, c).run(name, "ann", path="/a.py") for name in ("good", "bad")]
        for run in runs:
            for state in ("running", "succeeded"):
                found = yard.store.runs.by_id(c, run.id)
                transition.move_all(c, [yard.store.runs.step(found, state, {})])
    for run in runs:
        shares.grant(ann, "run", run.id, NewMember("bob", "owner"))
    with pytest.raises(Forbidden):
        yard.services.bisections.create(BOB, NewBisection(runs[0].id, runs[1].id))


def test_the_progress_of_shared_runs_is_seen(yard, ann, shares):
    with yard.store.write() as c:
        rows = Rows(yard.store, c)
        run = rows.run("try", "ann")
        rows.attempt(rows.task(run, state="running"))
    shares.grant(ann, "run", "try", NewMember("bob"))
    activity = yard.services.runs.activity
    assert [len(activity(caller, [run.id])) for caller in (ann, BOB, EVE)] == [1, 1, 0]


def test_events_of_shared_datasets_start_nothing(yard, ann, shares, wine, data):
    """An automation starts at new versions of datasets of its owner."""
    shares.grant(ann, "project", "wine", NewMember("bob", "owner"))
    with pytest.raises(Invalid) as refused:
        event_source(yard.context, "bob", OnDataset(data.id))
    assert [detail.path for detail in refused.value.details] == ["on.dataset"]
    assert event_source(yard.context, "ann", OnDataset("red")).source_id == data.id


def test_only_the_creator_pushes_to_a_project(yard, ann, shares, wine):
    """A push names the project in its body, perhaps by its ID."""
    shares.grant(ann, "project", wine.id, NewMember("bob", "owner"))
    definition = ProjectDefinition(NewProject(wine.id))
    with pytest.raises(Forbidden):
        yard.services.projects.plan(
            BOB, ProjectPush(definition, {"a.py": ProjectFile(f"sha256:{'0' * 64}", 1)})
        )


def test_the_right_of_an_administrator_needs_no_role(yard, ann, shares, wine):
    shares.grant(ann, "project", wine.id, NewMember("bob"))
    path = {"project": wine.id}
    yard.services.check_access(BOB, "admin.stop", "admin:admin", path)
    with pytest.raises(Forbidden):
        yard.services.check_access(BOB, "projects.delete", "projects:write", path)
