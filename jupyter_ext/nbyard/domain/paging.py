"""Pages of lists, newest item first. `next` is the cursor of the next page."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from nbyard.errors import Invalid
from nbyard.reasons.structs import because

T = TypeVar("T")
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
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid.field("limit", because("not-between", least=1, most=MAX_LIMIT))
    return limit


def check_count(count: int, field: str) -> int:
    """Check a count that a client sent, and return it.

    Raises:
        Invalid: the count is negative or exceeds 64 bits.
    """
    if count < 0:
        raise Invalid.field(field, because("negative"))
    if count > MAX_COUNT:
        raise Invalid.field(field, because("beyond-64-bits"))
    return count


def page_of(items: Sequence[T], limit: int, key: Callable[[T], str]) -> Page[T]:
    """Return a page of a list.

    `items` has up to one item more than `limit`, which shows that a next page exists. `key` returns
    the cursor of an item.
    """
    shown = list(items[:limit])
    more = len(items) > limit
    return Page(shown, key(shown[-1]) if more and shown else None)
