"""Rows with a name: found by ID, else by name, and by their owner only."""

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from nbyard.domain.ids import new_id
from nbyard.errors import NotFound, StaleWrite
from nbyard.store import Connection, Store

from .automations.conftest import add as add_automation
from .credentials.test_queries import add as add_credential
from .notices.test_channels import add as add_channel
from .rows import Rows
from .test_environments import add as add_environment
from .test_projects import add as add_project

NOUNS = (
    *("automations", "channels", "credentials", "datasets", "environments", "executables"),
    "projects",
)
of_each_noun = pytest.mark.parametrize("noun", NOUNS)


def add(store: Store, noun: str, name: str, owner: str = "ada") -> str:
    """Insert a row and return its ID."""
    match noun:
        case "automations":
            add_automation(store, name, id=new_id(), owner=owner)
        case "credentials":
            add_credential(store, new_id(), owner, name=name)
        case "environments":
            add_environment(store, name, "queued", owner=owner)
        case _:
            with store.write() as c:
                _insert(Rows(store, c), noun, name, owner)
    with store.read() as c:
        return {known: key for key, known in getattr(store, noun).names(c, owner).items()}[name]


def _insert(rows: Rows, noun: str, name: str, owner: str) -> None:
    match noun:
        case "channels":
            add_channel(rows.store, rows.c, name, owner)
        case "projects":
            add_project(rows.store, rows.c, name, owner)
        case "datasets":
            rows.dataset_version(rows.dataset(name, owner).id, owner)
        case "executables":
            rows.executable_version(rows.executable(name, owner).id, "second")


def row_of(store: Store, c: Connection, noun: str, key: str, owner: str = "ada") -> Any:
    found = getattr(store, noun).get(c, owner, key)
    return getattr(found, "automation", found)


def changes_of(store: Store, c: Connection, noun: str, owner: str = "ada") -> list[tuple[str, str]]:
    told = store.events.events_after(c, owner, 0, 99)
    topic = getattr(store, noun).noun
    return [(one.subject_id, one.data["change"]) for one in told if one.topic == topic]


@of_each_noun
def test_rows_are_found_by_id_or_name_and_only_by_their_owner(store: Store, noun: str) -> None:
    mine, theirs = add(store, noun, "one"), add(store, noun, "one", "bob")
    rows = getattr(store, noun)
    with store.read() as c:
        found = {key: row_of(store, c, noun, key) for key in (mine, "one", "One", theirs)}
        assert {key: row and row.id for key, row in found.items()} == {
            **{mine: mine, "one": mine},
            **{"One": None, theirs: None},
        }
        assert row_of(store, c, noun, "one", "bob").id == theirs
        assert rows.by_id(c, theirs) == rows.get(c, "bob", "one") and rows.by_id(c, "x") is None
        assert rows.page(c, "bob", 9, "", "") == [rows.get(c, "bob", theirs)]
        assert rows.get(c, "eve", "one") is None and rows.page(c, "eve", 9, "", "one") == []
        assert (rows.names(c, "bob"), rows.names(c, "eve")) == ({theirs: "one"}, {})
        assert {key for key, _ in changes_of(store, c, noun, "bob")} == {theirs}


@of_each_noun
def test_an_id_is_never_shadowed_by_a_name(store: Store, noun: str) -> None:
    early = add(store, noun, "early")
    shadow, late = add(store, noun, early), add(store, noun, "late")
    with store.write() as c:
        assert row_of(store, c, noun, early).id == early
        if noun != "environments":  # they keep their names
            getattr(store, noun).change(c, row_of(store, c, noun, shadow), name=late)
        assert row_of(store, c, noun, late).id == late


@of_each_noun
def test_pages_come_newest_first_and_a_search_is_literal(store: Store, noun: str) -> None:
    names = ["100% Wool", "100 wool", "a_b", "axb", "Äpfel/Öl", "it's \\ 'quoted'"]
    ids = [add(store, noun, name) for name in names]

    def page(limit: int = 9, after: str = "", search: str = "") -> list[str]:
        with store.read() as c:
            found = getattr(store, noun).page(c, "ada", limit, after, search)
        return [getattr(row, "automation", row).name for row in found]

    assert (page(2), page(after=ids[4])) == (names[:3:-1], names[3::-1])
    assert page(search="WOOL") == ["100 wool", "100% Wool"]
    assert page(search="äpfel/öl") == page(search="ÄPFEL/") == ["Äpfel/Öl"]
    found = {text: page(search=text) for text in ("0%", "_", "\\ 'QUOTED", "%wool%")}
    assert [*found.values()] == [["100% Wool"], ["a_b"], ["it's \\ 'quoted'"], []]


@pytest.mark.parametrize("noun", [noun for noun in NOUNS if noun != "environments"])
def test_the_second_of_two_changes_is_refused(store: Store, noun: str) -> None:
    key, rows = add(store, noun, "one"), getattr(store, noun)
    with store.write() as c:
        read = row_of(store, c, noun, key)
        rows.change(c, read, name="uno")
        with pytest.raises(StaleWrite):
            rows.change(c, read, name="eins")
        changed = row_of(store, c, noun, key)
        told = changes_of(store, c, noun)
    assert (changed.name, getattr(changed, rows.counter)) == ("uno", 2)
    assert changed.updated_at != read.updated_at
    assert (told[0], told[-1]) == ((key, "created"), (key, "changed"))


@of_each_noun
def test_names_are_unique_for_each_owner_until_a_row_is_deleted(store: Store, noun: str) -> None:
    first, rows = add(store, noun, "one"), getattr(store, noun)
    add(store, noun, "one", "bob")
    with pytest.raises(IntegrityError):
        add(store, noun, "one")
    with store.write() as c:
        rows.delete(c, row_of(store, c, noun, first))
        assert rows.get(c, "ada", first) is None
        assert changes_of(store, c, noun)[-1] == (first, "deleted")
    assert add(store, noun, "one") != first


@of_each_noun
def test_an_unknown_name_is_refused_with_similar_ones(store: Store, noun: str) -> None:
    key = add(store, noun, "nightly")
    with store.read() as c:
        assert getattr(store, noun).find(c, "ada", "nightly") == getattr(store, noun).by_id(c, key)
        with pytest.raises(NotFound) as refused:
            getattr(store, noun).find(c, "ada", "nightl")
    assert "nightly" in f"{refused.value.hint} {refused.value.message}"
