"""Which code cells of a notebook changed."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.comparison.causes import MAX_CHARS, changed_cells, shorten_source


def book(*sources: str | list[str], text_first: bool = False) -> dict[str, Any]:
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "source": "Hi"}] if text_first else []
    return {"cells": [*cells, *({"cell_type": "code", "source": one} for one in sources)]}


def told(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[int, str, str | None, str | None]]:
    return [(one.cell, one.change, one.before, one.after) for one in changed_cells(old, new)]


def test_cells_are_paired_in_their_order() -> None:
    assert told(book("a", "b", "c"), book("a", "x", "c")) == [(2, "changed", "b", "x")]
    assert told(book("a", "c"), book("a", "b", "c")) == [(2, "added", None, "b")]
    assert told(book("a", "b", "c"), book("a", "c")) == [(2, "removed", "b", None)]
    assert told(book("a", "b", "c"), book("x", "c")) == [
        (1, "changed", "a", "x"),
        (2, "removed", "b", None),
    ]


def test_text_cells_are_numbered_but_no_change() -> None:
    assert told(book("a"), book("b", text_first=True)) == [(2, "changed", "a", "b")]
    assert told(book("a"), book("a", text_first=True)) == []
    assert told(book(["a\n", "b"]), book("a\nb")) == []
    assert told({}, {}) == []


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_nothing_changed_exactly_if_the_cells_are_equal(old: list[str], new: list[str]) -> None:
    assert bool(changed_cells(book(*old), book(*new))) is (old != new)


def test_long_sources_are_cut() -> None:
    assert len(shorten_source("a" * 3000)) == MAX_CHARS
    assert shorten_source("a") == "a"
