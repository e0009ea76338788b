"""I2: what an idempotency key made; and who looks after the dispatcher."""

from dataclasses import replace
from operator import attrgetter

import pytest

from nbyard.errors import Conflict, NotFound
from nbyard.services.registry import Services
from nbyard.services.service_context import find_idempotent, remember_key

WAITED_FOR = [
    *("datasets.get", "environments.get", "environments.log", "images.get", "images.log"),
    *("models.get", "deployments.get", "deployments.log", "runs.get"),
]


def test_a_key_is_remembered_with_its_body(yard):
    parts = yard.parts
    with parts.store.write() as c:
        assert find_idempotent(parts, c, "ann", "k", {"a": 1}) is None
        remember_key(parts, c, "ann", "k", {"a": 1}, "made")
        remember_key(parts, c, "ann", "", {"a": 1}, "not kept")
        assert find_idempotent(parts, c, "ann", "k", {"a": 1}) == "made"
        assert find_idempotent(parts, c, "bob", "k", {"a": 1}) is None
        assert find_idempotent(parts, c, "ann", "", {"a": 1}) is None
        with pytest.raises(Conflict):
            find_idempotent(parts, c, "ann", "k", {"a": 2})


@pytest.mark.parametrize("asked", WAITED_FOR)
def test_who_waits_by_asking_again_sees_to_it_that_somebody_is_at_work(yard, ann, asked):
    """R8: the dispatcher may have been killed meanwhile, with a shell as the only one left."""
    looks = []
    services = Services(replace(yard.parts, watch=lambda: looks.append(asked)))
    with pytest.raises(NotFound):
        attrgetter(asked)(services)(ann, "no such thing")
    assert looks


def test_an_open_page_does_so_too(yard):
    """R8: its socket asks for the newest event."""
    looks = []
    Services(replace(yard.parts, watch=lambda: looks.append(1))).events.last()
    assert looks
