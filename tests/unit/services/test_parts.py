"""I2: what an idempotency key made."""

import pytest

from nbyard.errors import Conflict
from nbyard.services.parts import made_before, remember


def test_a_key_is_remembered_with_its_body(yard):
    parts = yard.parts
    with parts.store.write() as c:
        assert made_before(parts, c, "ann", "k", {"a": 1}) is None
        remember(parts, c, "ann", "k", {"a": 1}, "made")
        remember(parts, c, "ann", "", {"a": 1}, "not kept")
        assert made_before(parts, c, "ann", "k", {"a": 1}) == "made"
        assert made_before(parts, c, "bob", "k", {"a": 1}) is None
        assert made_before(parts, c, "ann", "", {"a": 1}) is None
        with pytest.raises(Conflict):
            made_before(parts, c, "ann", "k", {"a": 2})
