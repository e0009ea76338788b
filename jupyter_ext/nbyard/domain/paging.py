"""Pages of lists, newest item first. `next` is the cursor of the next page."""

from collections.abc import Callable, Collection, Sequence
from operator import attrgetter
from typing import Generic, TypeVar

import msgspec

from nbyard.errors import Invalid

T = TypeVar("T")
Word = TypeVar("Word", bound=str)
MAX_LIMIT = 500
# The largest integer of SQLite and of a BIGINT in PostgreSQL.
MAX_COUNT = 2**63 - 1


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Items and the cursor of the next page, null on the last."""

    items: list[T]
    next: str | None = None


def check_limit(limit: int) -> int:
    """Check a page size, and return it.

    Raises:
        Invalid: unless 1 ≤ limit ≤ 500.
    """
    check_range("limit", limit, 1, MAX_LIMIT)
    return limit


def check_range(field: str, number: float | None, least: float, most: float) -> None:
    """Check that a number lies in a range; None passes.

    Raises:
        Invalid: The number is out of range.
    """
    if number is not None and not least <= number <= most:
        raise Invalid.field(field, f"must be between {least:.12g} and {most:.12g}")


def check_length(field: str, text: str, most: int) -> None:
    """Check that a text has at most `most` characters.

    Raises:
        Invalid: The text is longer.
    """
    if len(text) > most:
        raise Invalid.field(field, f"may have at most {most} characters, but has {len(text)}")


def check_choice(field: str, text: str, known: Collection[Word]) -> Word:
    """Return the known word that a text is.

    Raises:
        Invalid: The text is another one.
    """
    for word in known:
        if text == word:
            return word
    raise Invalid.field(field, f"must be one of {', '.join(known)}")


def check_count(count: int, field: str) -> int:
    """Check a count that a client sent, and return it.

    Raises:
        Invalid: the count is negative or exceeds 64 bits.
    """
    if count < 0:
        raise Invalid.field(field, "may not be negative")
    if count > MAX_COUNT:
        raise Invalid.field(field, "does not fit into 64 bits")
    return count


def page_of(items: Sequence[T], limit: int, key: Callable[[T], str] = attrgetter("id")) -> Page[T]:
    """Return a page of a list.

    `items` has up to one item more than `limit`, which shows that a next page exists. `key` returns
    the cursor of an item.
    """
    shown = list(items[:limit])
    more = len(items) > limit
    return Page(shown, key(shown[-1]) if more and shown else None)
