"""A deployment can be created during the build of its image."""

from typing import Any

import pytest

from nbyard.dispatch.deployments.image_pins import awaited_build
from nbyard.domain.deployments.deployment_status import WAITS_FOR_BUILD
from nbyard.domain.images.structs import NamedImage
from nbyard.domain.models.structs import REPOSITORIES
from nbyard.reasons.structs import because, text_reason
from nbyard.yard import Yard

from .. import test_rollout_model
from ..test_rollout_model import NONE
from .test_rollout import ANN, rolling

__all__ = ["rolling"]
NAME = "cows:1"


class Building:
    """An image that is being built, and what comes of it."""

    def __init__(self, yard: Yard, name: str = NAME, origin: str = "build"):
        self.rows, self.store, self.name = yard.store.images, yard.store, name
        with yard.store.write() as c:
            self.rows.insert(c, ANN.name, f"image-{name}", reference=name, origin=origin)
        self.to("building")

    def image(self, c: Any) -> NamedImage:
        found = self.rows.newest(c, ANN.name, self.name)
        assert found is not None
        return found

    def to(self, state: str, **columns: Any) -> None:
        with self.store.write() as c:
            self.rows.move(c, self.image(c), state, **columns)


def test_a_deployment_waits_for_its_image_and_starts(yard, rolling):
    building = Building(yard)
    rolling.create()
    found = rolling.step(2)
    assert (found.state, found.reason) == ("queued", because(WAITS_FOR_BUILD))
    assert not rolling.engine.containers
    building.to("ready", image_id="sha256:abc")
    assert rolling.step(2).state == "running"
    assert rolling.get().reason is None


def test_the_wait_reason_disappears_at_the_start(yard, rolling):
    building = Building(yard)
    rolling.create()
    rolling.step()
    building.to("ready", image_id="sha256:abc")
    rolling.engine.answers = False
    found = rolling.step()
    assert (found.state, found.reason) == ("starting", None)


def test_a_failed_build_fails_the_deployment_with_its_reason(yard, rolling):
    building = Building(yard)
    rolling.create()
    rolling.step()
    building.to("failed", reason=text_reason("No space left."))
    found = rolling.step()
    assert (found.state, found.reason) == (
        "failed",
        because("build-failed", cause=text_reason("No space left.")),
    )


def test_a_deleted_image_is_not_awaited(yard, rolling):
    building = Building(yard)
    rolling.create()
    rolling.step()
    with yard.store.write() as c:
        yard.store.images.remove(c, building.image(c))
    found = rolling.step()
    assert (found.state, found.reason) == ("failed", because("image-removed"))


def test_the_serving_revision_continues_during_the_build(yard, rolling):
    rolling.create(image="cows:0")
    rolling.step(2)
    building = Building(yard)
    rolling.edit(image=NAME)
    found = rolling.step(2)
    assert (found.state, found.serving, found.reason) == ("running", 1, None)
    building.to("ready", image_id="sha256:abc")
    rolling.step(3)
    assert rolling.get().serving == 2


@pytest.mark.parametrize("state", ["building", "failed"])
def test_only_awaited_local_builds_count(yard, rolling, state):
    building = Building(yard, origin="pull" if state == "building" else "build")
    if state == "failed":
        building.to("failed", reason=text_reason("long ago"))
    rolling.create()
    row = rolling.row()
    assert awaited_build(rolling.context, row, row.newest) is None
    assert rolling.step(2).state == "running"


def test_a_start_after_a_failed_build_reports_the_build(yard, rolling, monkeypatch):
    """No registry has the image of a model: the reason why it cannot be pulled would mislead."""
    building = Building(yard, image := f"{REPOSITORIES}cows:1")
    monkeypatch.setattr(test_rollout_model, "NONE", image)
    rolling.create(image=image)
    rolling.step()
    building.to("failed", reason=text_reason("No space left."))
    rolling.step()
    rolling.deployments.start(ANN, "cows")
    found = rolling.step()
    assert (found.state, found.reproduce) == ("failed", "")
    assert found.reason == because("build-failed", cause=text_reason("No space left."))


def test_an_image_that_may_be_pushed_reports_the_registry(yard, rolling):
    Building(yard, NONE).to("failed", reason=text_reason("No space left."))
    rolling.create(image=NONE)
    found = rolling.step()
    assert found.state == "failed" and "no such image" in str(found.reason)


def test_a_started_revision_has_its_image(yard, rolling):
    rolling.create()
    rolling.step(2)
    Building(yard)
    row = rolling.row()
    assert awaited_build(rolling.context, row, row.newest) is None
