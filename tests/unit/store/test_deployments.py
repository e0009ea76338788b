"""Rows of deployments."""

from nbyard.domain.deployments.creation_form import complete_request
from nbyard.domain.deployments.structs import Deployment, NewDeployment, Place
from nbyard.reasons.structs import because, text_reason

SPEC = complete_request(NewDeployment("cows:1", name="cows"))[1]
TEXTS = {"name": "cows", "title": "Cows", "description": ""}


def add(store, key: str, owner: str = "ada", **texts) -> Deployment:
    with store.write() as c:
        store.deployments.insert(c, owner, key, TEXTS | texts)
        created = because("deployment-created")
        assert store.deployments.add_revision(c, key, SPEC, created, "hash") == 1
        found = store.deployments.get(c, owner, key)
    assert found is not None
    return found


def test_only_the_owner_finds_a_deployment(store):
    add(store, "1")
    add(store, "2", "bob")
    with store.read() as c:
        found = store.deployments.get(c, "ada", "cows")
        assert (found.id, found.state, found.spec, found.is_wanted) == ("1", "queued", SPEC, True)
        assert store.deployments.get(c, "ada", "1") == found
        assert store.deployments.get(c, "ada", "2") is None
        assert store.deployments.names(c, "bob") == {"2": "cows"}
        assert store.deployments.ids(c) == {"1", "2"}
    assert "hash" not in repr(found)


def test_a_link_is_active_while_the_serving_revision_responds(store):
    subject = add(store, "1")
    rows = store.deployments
    with store.write() as c:
        assert not rows.get(c, "ada", "1").links[0].answers
        assert rows.serving(c, "ada", "cows") is None
        first = rows.revision(c, "1", 1).revision
        place = Place("api", "127.0.0.1", 4000, answers=True)
        rows.set_revision(c, first.id, places=[place], gpus=["g"])
        rows.move(c, subject, "starting", {})
        rows.move(c, subject, "running", {}, serving=1)
        assert rows.add_revision(c, "1", SPEC, because("deployment-edited"), "") == 2
    with store.read() as c:
        found = rows.get(c, "ada", "1")
        assert (found.revision, found.serving, found.gpus) == (2, 1, [])
        assert [(one.path, one.answers) for one in found.links] == [
            ("nbyard/deployments/cows/api/", True)
        ]
        assert rows.serving(c, "ada", "cows").places == [place]
        assert rows.serving(c, "bob", "cows") is None
        assert rows.granted_gpus(c) == {first.id: ["g"]}
        assert [one.number for one in rows.revisions(c, "1", 9)] == [2, 1]
        assert [one.number for one in rows.revisions(c, "1", 9, 2)] == [1]
        assert rows.under_way(c)[0].newest.number == 2


def test_a_deleted_deployment_is_visible_to_the_dispatcher_only(store):
    add(store, "1")
    with store.write() as c:
        store.deployments.remove(c, store.deployments.get(c, "ada", "cows"))
    add(store, "2")
    with store.write() as c:
        assert store.deployments.get(c, "ada", "1") is None
        assert [(row.id, row.is_removed) for row in store.deployments.under_way(c)] == [
            ("1", True), ("2", False)
        ]  # fmt: skip
        store.deployments.delete(c, "1")
        assert store.deployments.revisions(c, "1", 9) == []


def test_lists_are_searched_by_name_title_and_state(store):
    add(store, "1")
    add(store, "2", name="sheep", title="Of wool")
    with store.read() as c:
        page = store.deployments.page
        assert [one.id for one in page(c, "ada", 9, "", "", "")] == ["2", "1"]
        assert [one.id for one in page(c, "ada", 9, "2", "", "")] == ["1"]
        assert [one.id for one in page(c, "ada", 9, "", "wool", "")] == ["2"]
        assert page(c, "ada", 9, "", "", "failed") == page(c, "eve", 9, "", "", "") == []


def test_events_of_a_deployment_come_newest_first(store):
    subject = add(store, "1")
    with store.write() as c:
        missing = text_reason("image missing")
        told = {"reason": missing, "revision": 1, "unknown": "x"}
        store.deployments.move(c, subject, "failed", told, reason=missing)
        store.deployments.reset_ended_revision(c, "1", 1)
    with store.read() as c:
        found = store.deployments.events(c, "1", 9)
        assert [(e.state, e.reason) for e in found] == [("failed", missing), ("queued", None)]
        assert store.deployments.events(c, "1", 9, found[0].id) == found[1:]
        assert store.deployments.under_way(c) == []
        assert store.deployments.get(c, "ada", "1").finished_at is not None


def test_changes_have_codes(store):
    subject, edited = add(store, "1"), because("deployment-edited")
    rolled_back = because("deployment-rolled-back", revision=1)
    with store.write() as c:
        store.deployments.change(c, subject, {"change": edited, "revision": 2})
        store.deployments.change(c, subject, {"change": rolled_back, "revision": 3})
    with store.read() as c:
        changes = [one.change for one in store.deployments.events(c, "1", 2)]
    assert changes == [rolled_back, edited]
