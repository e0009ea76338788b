"""Missing parts are named with their remedy."""

import msgspec
import pytest

from nbyard.domain.doctor import Check, Diagnosis
from nbyard.errors import Unavailable


def test_a_diagnosis_survives_json():
    said = Diagnosis("0.1", [Check("docker", "missing", "no answer", "Start Docker.")])
    assert msgspec.json.decode(msgspec.json.encode(said), type=Diagnosis) == said


def test_there_are_three_states():
    with pytest.raises(msgspec.ValidationError, match="perhaps"):
        msgspec.convert({"name": "docker", "state": "perhaps", "finding": "x"}, Check)


def test_a_check_that_is_not_ok_is_refused_with_its_cure():
    Check("docker", "ok", "It responds").require()
    with pytest.raises(Unavailable, match="away") as refused:
        Check("docker", "missing", "It is away", "Start it.").require()
    assert refused.value.hint == "Start it."
