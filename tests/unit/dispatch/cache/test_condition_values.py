"""What a condition says about the values that it found. With runs: runs/test_conditions.py."""

import pytest

from nbyard.dispatch.cache.condition_values import why_unmet
from nbyard.domain.workflows.conditions import Reference
from nbyard.errors import Invalid

VALUES = {Reference("a", "rows"): 0, Reference("b", ""): True}


@pytest.mark.parametrize(
    ("when", "shown"),
    [
        ("a.rows > 0", ["a.rows is 0"]),
        ("changed(b) and a.rows", ["a.rows is 0", "changed(b) is True"]),
        ("changed(b) or a.rows > 0", None),
    ],
)
def test_a_condition_that_does_not_hold_shows_its_values(when, shown):
    reason = why_unmet(when, VALUES.__getitem__)
    assert (reason and reason.params) == (shown and {"condition": when, "values": shown})


def test_a_value_that_cannot_be_compared_is_refused():
    with pytest.raises(Invalid):
        why_unmet("a.rows > 'x'", VALUES.__getitem__)
