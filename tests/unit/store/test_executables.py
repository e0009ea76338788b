"""Executables, their immutable versions and the files they follow."""

import pytest

from nbyard.errors import StaleWrite
from nbyard.store import Store

from .rows import Rows


def test_executables_of_other_owners_are_hidden(store: Store) -> None:
    with store.write() as c:
        made = Rows(store, c).executable("clean", path="/w/clean.py")
    with store.read() as c:
        rows = store.executables
        assert rows.get(c, "ada", made.id) == rows.get(c, "ada", "clean") == made
        assert rows.by_path(c, "ada", "/w/clean.py") == made
        assert rows.get(c, "bob", made.id) is None
        assert rows.get(c, "bob", "clean") is None
        assert rows.by_path(c, "bob", "/w/clean.py") is None
        assert rows.page(c, "bob", 10, "", "") == rows.page(c, "bob", 10, "", "clean") == []
        assert rows.names(c, "bob") == {}
        assert store.events.events_after(c, "bob", 0, 10) == []


def test_an_id_is_never_shadowed_by_a_name(store: Store) -> None:
    with store.write() as c:
        early = Rows(store, c).executable("early")
        shadow = Rows(store, c).executable(early.id)
        late = Rows(store, c).executable("late")
        store.executables.change(c, shadow, name=late.id)
        assert store.executables.get(c, "ada", early.id) == early
        assert store.executables.get(c, "ada", late.id) == late


def test_pages_come_newest_first_and_search_is_literal(store: Store) -> None:
    names = ["50%", "500", "a_b", "aXb", "Ölen"]
    with store.write() as c:
        for name in names:
            made = Rows(store, c).executable(name)
            Rows(store, c).executable_version(made.id, "more")

    def page(limit: int = 10, after: str = "", search: str = "") -> list[str]:
        with store.read() as c:
            found = store.executables.page(c, "ada", limit, after, search)
        ids.extend(e.id for e in found)
        return [e.name for e in found]

    ids: list[str] = []
    assert page(2) == names[:-3:-1]
    assert page(after=ids[-1]) == names[2::-1]
    assert page(search="0%") == ["50%"]
    assert page(search="_") == ["a_b"]
    assert page(search="AX") == ["aXb"]
    assert page(search="ö") == ["Ölen"]


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


def test_the_second_of_two_changes_is_refused(store: Store) -> None:
    with store.write() as c:
        read = Rows(store, c).executable("clean")
        store.executables.change(c, read, description="first")
        with pytest.raises(StaleWrite):
            store.executables.change(c, read, description="second")
        known = store.executables.get(c, "ada", read.id)
        told = [e.data for e in store.events.events_after(c, "ada", 0, 10)]
    assert known is not None
    assert (known.description, known.revision) == ("first", 2)
    assert told == [{"change": "created"}, {"change": "changed"}]


def test_versions_of_deleted_executables_are_kept_for_their_runs(store: Store) -> None:
    with store.write() as c:
        made = Rows(store, c).executable("clean", path="/w/clean.py")
        store.executables.delete(c, made)
        assert store.executables.get(c, "ada", made.id) is None
        assert store.executables.by_path(c, "ada", "/w/clean.py") is None
        assert store.executables.version(c, made.current.id) == made.current
        again = Rows(store, c).executable("clean", path="/w/clean.py")
        assert (again.id != made.id, again.current.number) == (True, 1)
        assert store.executables.version(c, "none") is None
