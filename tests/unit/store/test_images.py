"""Rows of images."""

import msgspec
import pytest

from nbyard.domain.deployments.structs import RevisionSpec
from nbyard.domain.images.dockerfile_parser import FailedLine
from nbyard.domain.images.structs import Recipe
from nbyard.domain.state_machines import IMAGE
from nbyard.domain.users.isolation import OPEN, Isolation
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


def test_an_image_is_found_by_id_and_newest_name(store):
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


def test_a_ready_image_replaces_former_ones(store):
    add(store, "1", "building", "ready")
    add(store, "2", "building")
    assert keys(store) == ["2", "1"], "until then the one before stands"
    with store.write() as c:
        store.images.move(c, store.images.get(c, "ada", "2"), "ready")
    assert keys(store) == ["2"]


def test_images_of_equal_builds_share_their_id(store):
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


def test_a_failed_image_is_deleted_at_the_next_build(store):
    add(store, "1", "building", "ready")
    add(store, "2", "building", "failed")
    add(store, "3", owner="bob")
    assert keys(store) == ["2", "1"]
    add(store, "4")
    assert keys(store) == ["4", "1"]


def test_a_name_means_the_ready_image_until_the_next_build(store):
    add(store, "1", "building", "ready")
    add(store, "2", "building", "failed")
    with store.write() as c:
        assert store.images.get(c, "ada", "cows:1").id == "1"
        assert store.images.newest(c, "ada", "cows:1").id == "2"
        assert store.images.get(c, "ada", "2").state == "failed"
        store.images.remove(c, store.images.get(c, "ada", "2"))
        assert store.images.with_name(c, OPEN, "bob", "cows:1")
        assert not store.images.with_name(c, Isolation(True), "bob", "cows:1")
    add(store, "3", "building", "failed")
    with store.write() as c:
        store.images.remove(c, store.images.get(c, "ada", "cows:1"))
        assert not store.images.with_name(c, OPEN, "ann", "cows:1")
    assert keys(store) == [], "with the try that failed"


@pytest.mark.parametrize("for_notebooks", [True, False])
def test_local_images_know_whether_they_run_notebooks(store, for_notebooks):
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


def test_replaced_images_and_their_users_are_known(store):
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


def test_images_used_by_deployments_are_known(store):
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


def test_a_pushed_image_is_listed_beside_the_local_one(store):
    add(store, "1", "building", "ready", environment="e")
    for key in ("2", "3"):
        with store.write() as c:
            store.images.insert(c, "ada", key, reference="cows:1", origin="push")
            pushed = store.images.get(c, "ada", key)
            assert store.images.move(c, pushed, "building")
            assert store.images.move(c, pushed, "ready")
    assert keys(store) == ["3", "1"]


def test_the_failed_line_is_stored(store):
    add(store, "1", "building")
    at = FailedLine(3, "RUN x")
    with store.write() as c:
        found = store.images.get(c, "ada", "1")
        store.images.move(c, found, "failed", failed_line=msgspec.to_builtins(at), reason=WHY)
    with store.read() as c:
        found = store.images.get(c, "ada", "1")
    assert (found.failed_line, found.reason) == (at, WHY) and found.finished_at is not None


def test_a_deleted_image_is_visible_to_the_dispatcher_only(store):
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
        assert store.images.ids(c) == {"1"}
        assert not store.images.with_name(c, OPEN, "ann", "cows:1")
        store.images.delete(c, "1")
        assert store.images.ids(c) == set()


def test_pages_are_newest_first(store):
    for key in ("1", "2", "3"):
        add(store, key, reference=f"cows:{key}", environment="e" if key == "2" else "")
    assert keys(store, limit=2) == ["3", "2"]
    assert keys(store, after="2") == ["1"]
    assert keys(store, search="COWS:3") == ["3"]
    assert keys(store, environment="e") == ["2"]


def test_states_of_an_image_follow_its_machine():
    assert IMAGE.live == {"queued", "building"}
