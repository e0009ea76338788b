"""Executables, their immutable versions and the files they follow."""

from nbyard.store import Store

from .rows import Rows


def test_a_version_is_new_only_when_it_differs_from_the_newest(store: Store) -> None:
    with store.write() as c:
        made = Rows(store, c).executable("clean")
        other = Rows(store, c).executable("other")
        rows = store.executables
        assert rows.same_version(c, made.id, "first") == made.current
        assert rows.same_version(c, made.id, "second") is None
        second = Rows(store, c).executable_version(made.id, "second")
        assert rows.same_version(c, made.id, "second") == second
        assert rows.same_version(c, made.id, "first") is None  # back to old code: a new version
        assert rows.same_version(c, other.id, "second") is None
        known = rows.get(c, "ada", made.id)
        assert [v.number for v in rows.versions(c, made.id)] == [2, 1]
        assert (rows.next_number(c, made.id), rows.next_number(c, other.id)) == (3, 2)
    assert known is not None
    assert known.current == second
    assert (second.number, second.resources.cpu, second.command) == (2, 2, ["python3"])


def test_versions_of_deleted_executables_are_kept_for_their_runs(store: Store) -> None:
    with store.write() as c:
        made = Rows(store, c).executable("clean", path="/w/clean.py")
        assert store.executables.by_path(c, "ada", "/w/clean.py") == made
        assert store.executables.by_path(c, "bob", "/w/clean.py") is None
        store.executables.delete(c, made)
        assert store.executables.get(c, "ada", made.id) is None
        assert store.executables.by_path(c, "ada", "/w/clean.py") is None
        assert store.executables.version(c, made.current.id) == made.current
        again = Rows(store, c).executable("clean", path="/w/clean.py")
        assert (again.id != made.id, again.current.number) == (True, 1)
        assert store.executables.version(c, "none") is None
