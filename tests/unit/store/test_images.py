"""Rows of images."""

import msgspec
import pytest

from nbyard.domain.deployments.structs import RevisionSpec
from nbyard.domain.images.dockerfile_parser import FailedLine
from nbyard.domain.images.structs import Recipe
from nbyard.domain.state_machines import IMAGE
from nbyard.reasons.structs import because, text_reason

WHY = text_reason("why")


def add(
    store, key: str, *states: str, owner: str = "ada", reference: str = "cows:1", **more
) -> None:
    """An image that came so far."""
    with store.write() as c:
        store.images.insert(c, owner, key, reference=reference, origin="build", **more)
        found = store.images.get(c, owner, key)
        for to in states:
            columns = {"reason": WHY} if to == "failed" else {}
            assert store.images.move(c, found, to, **columns)


def keys(store, owner: str = "ada", **asked) -> list[str]:
    wish = {"limit": 9, "after": "", "search": "", "environment": "", **asked}
    with store.read() as c:
        return [one.id for one in store.images.page(c, owner, **wish)]


def test_it_is_found_by_id_and_by_the_newest_of_its_name(store):
    recipe = Recipe(cuda="12.6", labels={"a": "b"})
    add(store, "1", "building", "ready")
    add(store, "2", recipe=msgspec.to_builtins(recipe), environment="e")
    with store.read() as c:
        found = store.images.get(c, "ada", "cows:1")
        assert (found.id, found.state, found.recipe) == ("2", "queued", recipe)
        assert store.images.get(c, "ada", "1").state == "ready"
        assert store.images.get(c, "bob", "1") is None
        assert store.images.of_environment(c, "e") == found
        assert store.images.of_environment(c, "f") is None


def test_one_that_is_ready_takes_the_place_of_those_before(store):
    add(store, "1", "building", "ready")
    add(store, "2", "building")
    assert keys(store) == ["2", "1"], "until then the one before stands"
    with store.write() as c:
        store.images.move(c, store.images.get(c, "ada", "2"), "ready")
    assert keys(store) == ["2"]


def test_what_was_built_of_the_same_is_known_by_its_id(store):
    for key, state in (("1", "ready"), ("2", "failed")):
        add(store, key, "building", reference=f"cows:{key}")
        with store.write() as c:
            made = {"digest": "sha256:d", "image_id": f"sha256:{key}"}
            store.images.move(c, store.images.get(c, "ada", key), state, **made)
    with store.write() as c:
        assert store.images.ids_built_from(c, "sha256:d") == ["sha256:1"]
        assert store.images.ids_built_from(c, "sha256:e") == []
        store.images.remove(c, store.images.get(c, "ada", "1"))
        assert store.images.ids_built_from(c, "sha256:d") == []


def test_one_that_failed_goes_when_its_name_is_tried_again(store):
    add(store, "1", "building", "ready")
    add(store, "2", "building", "failed")
    add(store, "3", owner="bob")
    assert keys(store) == ["2", "1"]
    add(store, "4")
    assert keys(store) == ["4", "1"]


def test_a_name_is_that_of_the_one_that_is_ready_until_it_is_made_anew(store):
    add(store, "1", "building", "ready")
    add(store, "2", "building", "failed")
    with store.write() as c:
        assert store.images.get(c, "ada", "cows:1").id == "1"
        assert store.images.newest(c, "ada", "cows:1").id == "2"
        assert store.images.get(c, "ada", "2").state == "failed"
        store.images.remove(c, store.images.get(c, "ada", "2"))
        assert store.images.references(c) == {"cows:1"}
    add(store, "3", "building", "failed")
    with store.write() as c:
        store.images.remove(c, store.images.get(c, "ada", "cows:1"))
        assert store.images.references(c) == set()
    assert keys(store) == [], "with the try that failed"


@pytest.mark.parametrize("for_notebooks", [True, False])
def test_what_executes_notebooks_is_known_of_what_was_built_here(store, for_notebooks):
    recipe = msgspec.to_builtins(Recipe(for_notebooks=for_notebooks))
    for key, origin, more in (
        ("1", "build", {"environment": "e", "recipe": recipe}),
        ("2", "pull", {}),
        ("3", "build", {"path": "Dockerfile"}),
    ):
        with store.write() as c:
            reference = "cows:latest" if key == "1" else f"cows:{key}"
            store.images.insert(c, "ada", key, reference=reference, origin=origin, **more)
            found, shared = (
                store.images.get(c, "ada", key),
                "sha256:3" if key == "3" else "sha256:1",
            )
            store.images.move(c, found, "building")
            store.images.move(c, found, "ready", image_id=shared)
    with store.read() as c:
        for name in ("cows", "cows:latest", "sha256:1", "cows:2"):
            assert store.images.has_notebook_packages(c, "ada", name) == for_notebooks
        for owner, name in (("ada", "cows:3"), ("bob", "cows"), ("ada", "other")):
            assert not store.images.has_notebook_packages(c, owner, name)


def test_what_was_replaced_is_known_and_whether_a_record_needs_it(store):
    for key in ("1", "2"):
        add(store, key, "building")
        with store.write() as c:
            found = store.images.get(c, "ada", key)
            assert store.images.ids_of_earlier_builds(c, found) == (
                ["sha256:1"] if key == "2" else []
            )
            store.images.move(c, found, "ready", image_id=f"sha256:{key}")
            assert store.images.is_needed(c, f"sha256:{key}")
    with store.write() as c:
        assert not store.images.is_needed(c, "sha256:1")
        more = {"reference": "h.test/cows:1", "origin": "push", "source": "sha256:1"}
        store.images.insert(c, "ada", "3", **more)
        assert store.images.is_needed(c, "sha256:1")


def test_it_is_known_whether_a_deployment_names_it(store):
    """See also tests/unit/services/models/test_service.py."""
    for name in ("cows:1", "cows:12"):
        add(store, name, "building", "ready", reference=name)
    spec = RevisionSpec("api", "cows:12", "standard", 1, 2, 1, 0, [], {}, [], 9)
    with store.write() as c:
        texts = dict.fromkeys(("name", "title", "description"), "d")
        store.deployments.insert(c, "ada", "d", texts)
        store.deployments.add_revision(c, "d", spec, because("deployment-created"), "")
        one, twelve = (store.images.get(c, "ada", name) for name in ("cows:1", "cows:12"))
        assert not store.images.is_used(c, one), "its name is but the beginning of the other"
        assert store.images.is_used(c, twelve)
        store.deployments.remove(c, store.deployments.get(c, "ada", "d"))
        assert not store.images.is_used(c, twelve)


def test_one_that_was_pushed_stands_beside_what_was_built(store):
    add(store, "1", "building", "ready", environment="e")
    for key in ("2", "3"):
        with store.write() as c:
            store.images.insert(c, "ada", key, reference="cows:1", origin="push")
            pushed = store.images.get(c, "ada", key)
            assert store.images.move(c, pushed, "building")
            assert store.images.move(c, pushed, "ready")
    assert keys(store) == ["3", "1"]


def test_where_it_failed_comes_back(store):
    add(store, "1", "building")
    at = FailedLine(3, "RUN x")
    with store.write() as c:
        found = store.images.get(c, "ada", "1")
        store.images.move(c, found, "failed", failed_line=msgspec.to_builtins(at), reason=WHY)
    with store.read() as c:
        found = store.images.get(c, "ada", "1")
    assert (found.failed_line, found.reason) == (at, WHY) and found.finished_at is not None


def test_what_is_removed_is_seen_by_the_dispatcher_only(store):
    add(store, "1", "building", context_digest="tree:x", file="Dockerfile")
    with store.read() as c:
        (row,) = store.images.under_way(c)
        assert (row.context_digest, row.file) == ("tree:x", "Dockerfile")
        assert row.started_at is not None and store.has_work(c)
        assert store.digests(c) == {"tree:x"}
    with store.write() as c:
        store.images.remove(c, row.image)
    assert keys(store) == []
    with store.write() as c:
        assert not store.images.under_way(c) and not store.has_work(c)
        assert not store.images.is_wanted(c, "1")
        assert [one.image.id for one in store.images.to_remove(c)] == ["1"]
        assert store.images.references(c) == set() and store.images.ids(c) == {"1"}
        store.images.delete(c, "1")
        assert store.images.ids(c) == set()


def test_pages_are_newest_first(store):
    for key in ("1", "2", "3"):
        add(store, key, reference=f"cows:{key}", environment="e" if key == "2" else "")
    assert keys(store, limit=2) == ["3", "2"]
    assert keys(store, after="2") == ["1"]
    assert keys(store, search="COWS:3") == ["3"]
    assert keys(store, environment="e") == ["2"]


def test_its_states_are_those_of_the_machine():
    assert IMAGE.live == {"queued", "building"}
