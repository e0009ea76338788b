"""Lists in pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.paging import MAX_LIMIT, Page, check_limit, page_of
from nbyard.errors import Invalid


@given(st.sets(st.integers(0, 999)), st.integers(1, 20))
def test_pages_show_everything_once(numbers, limit):
    newest_first = sorted((f"{n:03}" for n in numbers), reverse=True)
    seen, after = [], None
    while True:
        rest = [key for key in newest_first if after is None or key < after]
        page = page_of(rest[: limit + 1], limit, str)
        assert len(page.items) <= limit
        seen += page.items
        if page.next is None:
            break
        after = page.next
    assert seen == newest_first


def test_the_last_page_has_no_cursor():
    assert page_of([], 3, str) == Page([])
    assert page_of(["c", "b", "a"], 3, str) == Page(["c", "b", "a"])
    assert page_of(["c", "b", "a"], 2, str) == Page(["c", "b"], "b")


@pytest.mark.parametrize("limit", [1, 50, MAX_LIMIT])
def test_valid_limits_are_accepted(limit):
    assert check_limit(limit) == limit


@pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1, 2**63, -(2**70)])
def test_invalid_limits_are_refused(limit):
    with pytest.raises(Invalid, match=r"limit: .* 1 and 500"):
        check_limit(limit)
