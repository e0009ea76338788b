"""The records that the steps of a rollout write."""

from typing import Any

import pytest
from msgspec.structs import replace

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.deployments.deployment_records import DeploymentRecords
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import (
    OPEN_VARIABLE,
    VERSION_VARIABLE,
    DeploymentChange,
    NewDeployment,
    Place,
)
from nbyard.reasons.structs import text_reason
from nbyard.store.deployments import DeploymentRow
from nbyard.yard import Yard

ANN = Caller("ann")


@pytest.fixture
def context(yard: Yard) -> DispatchContext:
    with yard.store.write() as c:
        lease = yard.store.leases.take(c, "dispatcher", "me", 30.0)
    nothing: Any = None
    yard.services.deployments.create(ANN, NewDeployment("cows:1", name="cows"))
    return DispatchContext(
        yard.settings, yard.store, nothing, nothing, nothing, {}, lease or nothing
    )


def row_of(context: DispatchContext) -> DeploymentRow:
    with context.store.read() as c:
        return context.store.deployments.under_way(c)[0]


def test_a_state_is_not_recorded_after_a_new_request(yard, context):
    notes, seen = DeploymentRecords(context), row_of(context)
    assert notes.is_wanted(seen)
    yard.services.deployments.edit(ANN, "cows", DeploymentChange(image="cows:2"))
    notes.record_state(seen, "failed", text_reason("why"))
    assert (row_of(context).state, notes.is_wanted(seen)) == ("queued", False)
    notes.record_state(row_of(context), "failed", text_reason("why"))
    assert yard.services.deployments.get(ANN, "cows").reason == text_reason("why")


def test_a_leaving_dispatcher_records_nothing(context):
    notes = DeploymentRecords(context)
    context.stopping.set()
    assert not notes.is_wanted(row_of(context))


def test_the_last_line_is_of_this_start(context):
    notes, row = DeploymentRecords(context), row_of(context)
    notes.log(row, row.newest).write(b"first\nno model\n")
    assert notes.last_output(row, row.newest, 2000) == "first\nno model\n"
    notes.append_to_log(row, row.newest, "it ended")
    assert notes.last_output(row, row.newest, 2000) == ""
    assert notes.log(row, row.newest).tail(99).endswith("nbyard: it ended\n")
    notes.log(row, row.newest).write(b"again\n")
    assert notes.last_output(row, row.newest, 2000) == "again\n"


def test_the_endpoints_are_read_once_after_the_first_response(yard, context):
    notes, row = DeploymentRecords(context), row_of(context)
    notes.record_places(row, row.newest, [Place("api", "h", 1)])
    assert row_of(context).serving == 0
    notes.record_places(row, row.newest, [Place("api", "h", 1, answers=True)], reason=None)
    assert row_of(context).serving == 1
    assert [link.answers for link in yard.services.deployments.get(ANN, "cows").links] == [True]


@pytest.mark.parametrize(
    ("service", "value", "has_one"),
    [("api", "", True), ("api", "0", True), ("api", "1", False), ("jupyterlab", "", False)],
)
def test_only_deployments_of_models_have_a_secret(context, monkeypatch, service, value, has_one):
    """An IDE of the same image asks for its password instead."""
    monkeypatch.setattr(
        "nbyard.dispatch.deployments.deployment_records.packages_of_images",
        lambda c, owner, wanted: wanted,
    )
    notes, row = DeploymentRecords(context), row_of(context)
    revision = row.newest.revision
    spec = replace(revision.spec, service=service, environment={OPEN_VARIABLE: value})
    notes.ensure_secret(row, replace(row.newest, revision=replace(revision, spec=spec)))
    assert bool(notes.launch_description(row, row.newest).secret) is has_one


@pytest.mark.parametrize(
    ("image", "version"),
    [("nbyard/model-cows:3", "3"), ("nbyard/model-cows:v1", "v1"), ("cows:3", None)],
)
def test_a_model_gets_the_version_of_its_image_name(yard, context, image, version):
    """Equal builds are one image, which cannot know all its numbers."""
    yard.services.deployments.edit(ANN, "cows", DeploymentChange(image=image))
    row = row_of(context)
    made = DeploymentRecords(context).launch_description(row, row.newest)
    assert made.spec.environment.get(VERSION_VARIABLE) == version
