"""Leftovers of deployments are identified by label and name."""

from typing import Any

import pytest

from nbyard.dockerd import DEPLOYMENT, REVISION, STORE, OwnedObject
from nbyard.runtimes.docker.deployment_containers import objects_of_deployments, remove_objects

LABELS = {STORE: "s", DEPLOYMENT: "d", REVISION: "2"}


class Engine:
    def __init__(self) -> None:
        self.removed = list[str]()

    def remove(self, name: str) -> None:
        self.removed.append(f"container {name}")

    def remove_volume(self, name: str) -> None:
        self.removed.append(f"volume {name}")

    def remove_network(self, name: str) -> bool:
        self.removed.append(f"network {name}")
        return name != "used"


@pytest.mark.parametrize(
    ("one", "is_owned"),
    [
        (OwnedObject("container", "nby-d-d-2", LABELS, 0.0), True),
        (OwnedObject("volume", "nby-d-d", LABELS, 0.0), True),
        (OwnedObject("network", "nby-d-d", LABELS, 0.0), True),
        (OwnedObject("container", "nby-d-d-3", LABELS, 0.0), False),
        (OwnedObject("volume", "mine", LABELS, 0.0), False),
        (OwnedObject("network", "nby-d-None", {STORE: "s"}, 0.0), False),
    ],
)
def test_a_label_alone_proves_no_ownership(one, is_owned):
    assert objects_of_deployments([one]) == ({"d": [one]} if is_owned else {})


@pytest.mark.parametrize("with_files", [True, False])
def test_files_are_deleted_only_on_request(with_files):
    things = [
        OwnedObject("container", "a-1", LABELS, 0.0),
        OwnedObject("volume", "a", LABELS, 0.0),
        OwnedObject("network", "a", LABELS, 0.0),
        OwnedObject("network", "used", LABELS, 0.0),
    ]
    engine: Any = Engine()
    names = remove_objects(engine, things, with_files=with_files)
    assert names == (["a-1", "a", "a"] if with_files else ["a-1", "a"])
    assert ("volume a" in engine.removed) == with_files and len(engine.removed) == len(names) + 1
