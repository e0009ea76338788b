"""Rows with a name: found by ID, else by name, and by their owner only."""

import pytest

from nbyard.errors import NotFound
from nbyard.store import Store

from .automations.conftest import add


def test_an_id_wins_over_a_name_and_only_the_owner_finds_both(store: Store) -> None:
    add(store, "a", None, path="/flow")
    add(store, "a", None, id="b", owner="eve")
    add(store, "b", None, id="c")
    with store.read() as c:
        rows = store.automations
        found = {key: rows.get(c, "ann", key) for key in ("a", "b", "c", "d")}
        assert [row and row.automation.id for row in found.values()] == ["a", "c", "c", None]
        of_eve = rows.get(c, "eve", "a")
        assert of_eve is not None and of_eve.automation.id == "b"
        any_owner = rows.by_id(c, "b")
        assert any_owner is not None and rows.by_id(c, "d") is None
        assert rows.names(c, "ann") == {"a": "a", "c": "b"}
        pages = {
            (search, path): [
                row.automation.id for row in rows.page(c, "ann", 9, "", search, path=path)
            ]
            for search, path in (("", ""), ("b", ""), ("", "/flow"), ("", "/other"))
        }
        assert [*pages.values()] == [["c", "a"], ["c"], ["a"], []]
        assert [row.automation.id for row in rows.page(c, "ann", 9, "c", "")] == ["a"]


def test_a_new_row_has_its_event(store: Store) -> None:
    add(store, "nightly", None)
    with store.read() as c:
        (event,) = store.events.events_after(c, "ann", 0, 9)
    found = (event.topic, event.subject_id, event.data)
    assert found == ("automation", "nightly", {"change": "created"})


def test_an_unknown_name_is_refused_with_similar_ones(store: Store) -> None:
    add(store, "nightly", None)
    with store.read() as c:
        assert store.automations.find(c, "ann", "nightly").automation.name == "nightly"
        with pytest.raises(NotFound) as refused:
            store.automations.find(c, "ann", "nightl")
    assert "'nightly'" in str(refused.value.hint)
