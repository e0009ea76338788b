"""G2: what is missing is said, with how to get it."""

import msgspec
import pytest

from nbyard.domain.doctor import Check, Diagnosis
from nbyard.reasons.structs import because


def test_a_diagnosis_survives_json():
    finding, cure = because("no-answer-in-time"), because("install-docker")
    said = Diagnosis("0.1", [Check("docker", "missing", finding, cure)])
    assert msgspec.json.decode(msgspec.json.encode(said), type=Diagnosis) == said


def test_there_are_three_states():
    with pytest.raises(msgspec.ValidationError, match="perhaps"):
        msgspec.convert({"name": "docker", "state": "perhaps", "finding": {"code": "x"}}, Check)
