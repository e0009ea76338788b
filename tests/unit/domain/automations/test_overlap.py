"""What happens while an earlier run is active."""

import pytest

from nbyard.domain.automations.structs import action_for
from nbyard.domain.automations.times.structs import Missed


@pytest.mark.parametrize(
    ("overlap", "policy", "active", "waiting", "late", "action"),
    [
        ("skip", "last", False, False, False, "start"),
        ("skip", "last", True, False, False, "skip"),
        ("skip", "last", False, True, False, "skip"),
        ("queue", "last", True, False, False, "wait"),
        ("queue", "last", False, True, False, "wait"),
        ("replace", "last", True, False, False, "replace"),
        ("skip", "all", True, False, True, "wait"),
        ("replace", "all", True, False, True, "wait"),
        ("skip", "all", True, False, False, "skip"),
    ],
)
def test_the_policy_decides(overlap, policy, active, waiting, late, action):
    found = action_for(overlap, Missed(policy), is_active=active, is_waiting=waiting, is_late=late)
    assert found == action
