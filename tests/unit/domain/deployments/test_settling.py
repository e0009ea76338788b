"""When the newest revision of a deployment responds or is over."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nbyard.domain.deployments.deployment_status import is_settled
from nbyard.reasons.structs import because

ENDED = datetime(2026, 11, 26, tzinfo=UTC)
WHY = because("text", text="no image")


@pytest.mark.parametrize(
    ("state", "serving", "ended", "why", "of_revision", "expected"),
    [
        ("queued", 0, False, None, None, False),
        ("starting", 0, False, WHY, None, False),
        ("failed", 0, True, WHY, WHY, True),
        ("stopped", 0, True, None, None, True),
        ("running", 2, False, None, None, True),
        # an older revision responds
        ("running", 1, False, None, None, False),
        ("running", 1, False, WHY, WHY, False),
        ("running", 1, True, WHY, WHY, True),
        ("running", 1, True, None, WHY, False),
        ("running", 1, True, None, None, True),
    ],
)
def test_states(state, serving, ended, why, of_revision, expected):
    made = SimpleNamespace(state=state, serving=serving, revision=2, reason=why)
    newest = SimpleNamespace(ended_at=ENDED if ended else None, reason=of_revision)
    assert is_settled(cast(Any, made), lambda: cast(Any, newest)) is expected


def test_the_newest_revision_is_read_only_if_needed():
    made = SimpleNamespace(state="queued", serving=0, revision=1, reason=None)
    assert not is_settled(cast(Any, made), lambda: pytest.fail("read"))
