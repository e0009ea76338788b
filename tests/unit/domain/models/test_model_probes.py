"""Questions to a model and its answers are plain data."""

import msgspec
import pytest

from nbyard.domain.models.model_probes import KnownTable, ModelProbe, ProbeAnswer
from nbyard.domain.models.structs import ModelColumn
from nbyard.reasons.structs import text_reason

TABLE = KnownTable("t.csv", [ModelColumn("x", "float", True)], ["x", "y"], [[1.5, None], [2, "a"]])
PROBE = ModelProbe("1", "docker", "sha256:i", "cows:1", "sha256:m", "m.pkl", {"a.py": "d"}, [TABLE])


@pytest.mark.parametrize(
    "thing", [PROBE, ProbeAnswer(text="{}"), ProbeAnswer(problem=text_reason("no"))]
)
def test_probes_survive_json(thing: msgspec.Struct) -> None:
    assert msgspec.json.decode(msgspec.json.encode(thing), type=type(thing)) == thing


def test_a_problem_stays_until_it_is_solved() -> None:
    assert not ProbeAnswer(problem=text_reason("it has no predict")).passes
