"""The result of an idempotency key."""

import pytest

from nbyard.errors import Conflict
from nbyard.services.requests import (
    find_earlier_request,
    store_idempotency_key,
    submission_key,
)


def test_a_key_is_remembered_with_its_body(yard):
    parts = yard.context
    with parts.store.write() as c:
        assert find_earlier_request(parts, c, "ann", "k", {"a": 1}) is None
        store_idempotency_key(parts, c, "ann", "k", {"a": 1}, "made")
        store_idempotency_key(parts, c, "ann", "", {"a": 1}, "not kept")
        assert find_earlier_request(parts, c, "ann", "k", {"a": 1}) == "made"
        assert find_earlier_request(parts, c, "bob", "k", {"a": 1}) is None
        assert find_earlier_request(parts, c, "ann", "", {"a": 1}) is None
        with pytest.raises(Conflict):
            find_earlier_request(parts, c, "ann", "k", {"a": 2})


def test_a_request_has_no_submission_key_of_a_schedule():
    assert submission_key("schedule:1:2026-01-01") == "request:schedule:1:2026-01-01"
    assert submission_key("") == ""
