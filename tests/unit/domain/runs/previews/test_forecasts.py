"""What a forecast is asked: a run, and a document that may be unsaved."""

import msgspec
import pytest

from nbyard.domain.runs.previews.estimates import ForecastRequest
from nbyard.domain.runs.structs import NewRun


def test_each_run_can_be_forecast() -> None:
    body = NewRun(path="a.nbflow", parameters={"n": 1}, scope="to", nodes=["a"], gpu=1)
    found = msgspec.convert(msgspec.to_builtins(body), ForecastRequest)
    assert (found.path, found.parameters, found.nodes, found.document) == (
        *("a.nbflow", {"n": 1}, ["a"]),
        "",
    )
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"path": "a.nbflow", "speed": 1}, ForecastRequest)
