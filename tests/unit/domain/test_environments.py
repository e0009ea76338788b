"""Environments."""

import msgspec

from nbyard.domain.environments import EnvironmentRef


def test_an_environment_survives_json():
    found = EnvironmentRef("python3", "python", "/usr/bin/python3", "sha256:1", {"numpy": "2.1"})
    assert msgspec.json.decode(msgspec.json.encode(found), type=EnvironmentRef) == found
    assert EnvironmentRef() == msgspec.convert({}, EnvironmentRef)
