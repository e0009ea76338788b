"""What started a run."""

from typing import get_args

import msgspec
import pytest

from nbyard.domain.runs.origins import KINDS, AskedOrigin, Origin
from nbyard.domain.runs.structs import NewRun


def test_a_request_names_only_where_it_comes_from() -> None:
    """A client cannot pass its run off as that of an automation."""
    for kind in KINDS:
        body = msgspec.json.encode({"path": "a.py", "origin": kind})
        if kind in get_args(AskedOrigin):
            assert msgspec.json.decode(body, type=NewRun).origin == kind
        else:
            with pytest.raises(msgspec.ValidationError, match="origin"):
                msgspec.json.decode(body, type=NewRun)
    assert Origin().kind == "manual"
