"""Who may what."""

import pytest

from nbyard.domain.callers import Caller


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        (("*",), True),
        (("runs:write",), True),
        (("runs:read", "runs:write"), True),
        (("runs:read",), False),
        (("runs",), False),
        (("runs:*",), False),
        ((), False),
    ],
)
def test_a_missing_scope_is_refused(scopes, allowed):
    assert Caller("ann", scopes=scopes).may("runs:write") is allowed
    assert Caller("ann").may("runs:write")
