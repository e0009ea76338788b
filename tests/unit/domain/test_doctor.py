"""G2: what is missing is said, with how to get it."""

import msgspec
import pytest

from nbyard.domain.doctor import Check, Diagnosis
from nbyard.errors import Unavailable
from nbyard.reasons.structs import because


def test_a_diagnosis_survives_json():
    finding, cure = because("no-answer-in-time"), because("install-docker")
    said = Diagnosis("0.1", [Check("docker", "missing", finding, cure)])
    assert msgspec.json.decode(msgspec.json.encode(said), type=Diagnosis) == said


def test_there_are_three_states():
    with pytest.raises(msgspec.ValidationError, match="perhaps"):
        msgspec.convert({"name": "docker", "state": "perhaps", "finding": {"code": "x"}}, Check)


def test_a_check_that_is_not_ok_is_refused_with_its_cure():
    Check("docker", "ok", because("text", text="It responds")).require()
    cure = because("install-docker")
    with pytest.raises(Unavailable, match="away") as refused:
        Check("docker", "missing", because("text", text="It is away"), cure).require()
    assert refused.value.hint_reason == cure
