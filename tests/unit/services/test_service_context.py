"""Who looks after the dispatcher."""

from dataclasses import replace
from operator import attrgetter

import pytest

from nbyard.errors import NotFound
from nbyard.services.registry import Services

WAITED_FOR = [
    *("datasets.get", "environments.get", "environments.log", "images.get", "images.log"),
    *("models.get", "deployments.get", "deployments.log", "runs.get"),
]


@pytest.mark.parametrize("asked", WAITED_FOR)
def test_polling_starts_a_dispatcher(yard, ann, asked):
    """The dispatcher may have been killed, with a shell as the only client."""
    looks = []
    services = Services(replace(yard.context, watch=lambda: looks.append(asked)))
    with pytest.raises(NotFound):
        attrgetter(asked)(services)(ann, "no such thing")
    assert looks


def test_an_open_page_starts_a_dispatcher(yard):
    """Its socket asks for the newest event."""
    looks = []
    Services(replace(yard.context, watch=lambda: looks.append(1))).events.newest_id()
    assert looks
