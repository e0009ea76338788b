"""Start and end of each step of a revision, from the facts of the store and the engine."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nbyard.dispatch.deployments.revision_driver import FOLLOWS, RevisionDriver
from nbyard.dispatch.deployments.revision_phase_table import WISHES, Event, Phase
from nbyard.domain.deployments.deployment_status import RevisionStatus
from nbyard.store.deployments import DeploymentRow

from .test_rollout import ANN, Rolling, rolling

__all__ = ["rolling"]

NOW = datetime(2026, 1, 2, tzinfo=UTC)
STARTED, READY, ENDED = {"started_at": NOW}, {"ready_at": NOW}, {"ended_at": NOW}


def driven(rolling: Rolling, wish: Event = Event.WANTED, **facts: Any) -> RevisionDriver:
    """The step of the newest revision, with these facts."""
    row: DeploymentRow = rolling.row()
    if facts:
        with rolling.context.write() as c:
            rolling.store.deployments.set_revision(c, row.newest.revision.id, **facts)
        row = rolling.row()
    memory, notes = rolling.rollout.memory, rolling.rollout.notes
    return RevisionDriver(rolling.context, memory, notes, row, row.newest, wish)


@pytest.mark.parametrize(
    ("facts", "is_ending", "phase"),
    [
        ({}, False, Phase.WAITING),
        (STARTED, False, Phase.STARTING),
        (STARTED | READY, False, Phase.ANSWERED),
        (STARTED | READY, True, Phase.ENDING),
        (STARTED | READY | ENDED, False, Phase.OVER),
        (STARTED | READY | ENDED, True, Phase.OVER),
    ],
)
def test_a_step_starts_from_the_stored_phase(rolling, monkeypatch, facts, is_ending, phase):
    rolling.create()
    if is_ending:
        monkeypatch.setattr(rolling.rollout.memory.departures, "is_ending", lambda _: True)
    assert driven(rolling, **facts).phase is phase


@pytest.mark.parametrize("wish", WISHES)
def test_an_ended_revision_is_alive_until_its_container_is_gone(rolling, wish):
    rolling.create()
    rolling.step(2)
    rolling.engine.removes = False
    facts = ENDED | {"exit_code": 3}
    assert driven(rolling, wish, **facts).begin() == RevisionStatus(1, "alive")
    rolling.engine.removes = True
    assert driven(rolling, wish).begin() == RevisionStatus(1, "over", exit_code=3)


def test_waiting_for_a_gpu_is_not_a_start(rolling):
    rolling.create(gpu=1)
    assert driven(rolling).begin() == RevisionStatus(1, "pending")
    assert rolling.row().newest.revision.started_at is None
    rolling.grant("0")
    assert driven(rolling).begin().phase == "alive" and rolling.engine.living()


def test_a_start_waits_with_its_reason_until_the_former_container_is_gone(rolling):
    rolling.create()
    rolling.step(2)
    container = rolling.engine.living()[0]
    rolling.engine.removes = False
    found = driven(rolling, started_at=None, ready_at=None).begin()
    assert found.phase == "pending" and f"`docker rm -f {container}`" in str(found.reason)
    rolling.engine.removes = True
    found = driven(rolling).begin()
    assert (found.phase, found.reason) == ("alive", None)


def test_only_a_deletion_skips_draining(rolling, monkeypatch):
    rolling.create()
    rolling.step(2)
    monkeypatch.setattr(rolling.rollout.memory.departures, "is_drained", lambda _: False)
    assert driven(rolling, Event.REPLACED).begin().phase == "alive" and rolling.engine.living()
    assert driven(rolling, Event.DELETED).begin().phase == "over"
    assert not rolling.engine.containers


def test_a_requested_stop_is_recorded_unless_it_is_wanted_again(rolling):
    rolling.create()
    rolling.step(2)
    rolling.deployments.stop(ANN, "cows")
    ends = driven(rolling, Event.STOPPED)
    rolling.deployments.start(ANN, "cows")
    ends.begin()
    assert driven(rolling).phase in (Phase.ENDING, Phase.WAITING)
    assert rolling.step(3).state == "running"


def test_each_decision_about_an_end_has_its_event() -> None:
    assert set(FOLLOWS.values()) == {Event.COMPLETED, Event.ENDED, Event.FAILED}
