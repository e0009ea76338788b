"""Environments."""

import msgspec

from nbyard.domain.environments import EnvironmentRef, Lock, Package


def test_an_environment_survives_json():
    url = {"url": "file:///src/mine", "dir_info": {"editable": True}}
    packages = [Package("mine", "1", direct_url=url), Package("numpy", "2.1", "sha256:2")]
    lock = Lock("3.11.7", "3.11.7 (main)", "cpython", "linux-x86_64", packages)
    found = EnvironmentRef("python3", "python", "/usr/bin/python3", "sha256:1", lock)
    assert msgspec.json.decode(msgspec.json.encode(found), type=EnvironmentRef) == found
    assert EnvironmentRef() == msgspec.convert({}, EnvironmentRef)
