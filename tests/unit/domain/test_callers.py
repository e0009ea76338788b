"""Who may what."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.errors import Forbidden


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


def test_a_refusal_names_the_scope_that_the_hub_has():
    rights = {
        "audit:admin": "admin",
        "runs:write": "write",
        "deployments:write": "deploy",
        "deployments:use": "read",
    }
    for scope, right in rights.items():
        Caller("ann").check(scope)
        Caller("ann", scopes=(right,)).check(scope)
        with pytest.raises(Forbidden, match=f" custom:nbyard:{right} ") as refused:
            Caller("ann", scopes=()).check(scope)
        assert "role" in refused.value.hint
