"""Rows of environments."""

from datetime import UTC, datetime

from nbyard.domain.environments.structs import LockedPackage
from nbyard.domain.ids import new_id
from nbyard.domain.state_machines import ENVIRONMENT_VERSION
from nbyard.reasons.structs import text_reason
from nbyard.store import transition

WHY = text_reason("why")


def add(store, name: str, *states: str, owner: str = "ada") -> str:
    """An environment with versions that came so far."""
    row = dict.fromkeys(("description", "kernel"), "")
    row |= {"id": new_id(), "name": name, "owner": owner}
    with store.write() as c:
        store.environments.insert(c, {**row, "created_at": datetime.now(UTC)})
        for number, state in enumerate(states, 1):
            version = store.environments.add_version(c, owner, row["id"], ["cow"])
            for to in {"queued": [], "building": ["building"]}.get(state, ["building", state]):
                store.environments.move(c, owner, version, to, place=f"/{name}{number}", reason=WHY)
    return row["id"]


def test_the_newest_and_the_newest_ready_version_are_found(store):
    first = add(store, "one", "ready", "ready", "failed")
    add(store, "two", "queued", owner="bob")
    with store.read() as c:
        found = store.environments.get(c, "ada", "one")
        assert (found.id, found.current.number, found.installed) == (first, 3, 2)
        assert found.current.reason == WHY and found.current.finished_at is not None
        assert store.environments.newest_ready(c, first).number == 2
        assert [one.number for one in store.environments.versions(c, first)] == [3, 2, 1]
        assert store.environments.get(c, "ada", "two") is None
        assert store.environments.names(c, "ada") == {first: "one"}
        places = sorted(store.environments.folders(c).values())
        assert places == ["", "", "/one1", "/one2"], "what failed or is to begin has none"


def test_builds_of_all_owners_are_found(store):
    add(store, "one", "ready", "queued")
    add(store, "two", "building", owner="bob")
    add(store, "three", "queued", "failed")
    with store.read() as c:
        found = [(owner, one.name) for owner, one in store.environments.under_way(c)]
    assert sorted(found) == [("ada", "one"), ("bob", "two")]


def test_a_deleted_environment_loses_its_versions(store):
    add(store, "one", "ready", "queued")
    with store.write() as c:
        found = store.environments.get(c, "ada", "one")
        store.environments.set_kernel_name(c, found.id, "nbyard-one")
        assert store.environments.get(c, "ada", "one").kernel == "nbyard-one"
        queued, ready = store.environments.versions(c, found.id)
        store.environments.delete(c, found)
        assert transition.state_of(c, ENVIRONMENT_VERSION, ready.id) is None
        assert not store.environments.move(c, "ada", queued.id, "building")
        assert store.environments.page(c, "ada", 9, "", "") == []


def test_the_files_of_folders_are_named_by_their_lock(store):
    """They are kept as long as the lock."""
    add(store, "one", "queued")
    with store.write() as c:
        found = store.environments.get(c, "ada", "one")
        packages = [LockedPackage("ant", "1"), LockedPackage("cow", "1", folder="x", tree="tree:a")]
        store.environments.set_lock(c, found.current.id, packages)
        assert "tree:a" in store.digests(c)
        store.environments.delete(c, found)
        assert store.environments.digests(c) == set()
