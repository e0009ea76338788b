"""projects.*policy: what is stored, refused and deleted."""

import pytest
from tests.support.refusals import refused_at

from nbyard.domain.callers import Caller
from nbyard.domain.projects.structs import NewProject
from nbyard.domain.runs.retention import MOST_POLICIES, PolicyRules
from nbyard.errors import Invalid, NotFound

RECENT = PolicyRules(keep=5, older_than_days=30)


@pytest.fixture
def projects(yard, ann):
    yard.services.projects.create(ann, NewProject("wine"))
    return yard.services.projects


def test_policies_are_stored_by_name(projects, ann):
    assert projects.retention(ann, "wine").policies == []
    projects.set_policy(ann, "wine", "recent", PolicyRules(keep=1))
    (one,) = projects.set_policy(ann, "wine", "recent", RECENT).policies
    assert (one.name, one.rules) == ("recent", RECENT)
    projects.delete_policy(ann, "wine", "recent")
    assert projects.retention(ann, "wine").policies == []
    with pytest.raises(NotFound):
        projects.delete_policy(ann, "wine", "recent")


def test_a_change_is_an_event_of_the_project(projects, ann, yard):
    before = yard.services.events.list(ann, limit=100).items
    projects.set_policy(ann, "wine", "recent", RECENT)
    after = yard.services.events.list(ann, limit=100).items
    assert {one.topic for one in after[len(before) :]} == {"project"}


def test_refusals_store_nothing(projects, ann):
    for name, rules in (("recent", PolicyRules()), ("", RECENT)):
        with pytest.raises(Invalid):
            projects.set_policy(ann, "wine", name, rules)
    with pytest.raises(NotFound):
        projects.set_policy(Caller("bob"), "wine", "recent", RECENT)
    assert projects.retention(ann, "wine").policies == []


def test_the_number_of_policies_is_limited(projects, ann):
    for number in range(MOST_POLICIES):
        projects.set_policy(ann, "wine", str(number), RECENT)
    projects.set_policy(ann, "wine", "0", PolicyRules(keep=1))
    with refused_at("policy"):
        projects.set_policy(ann, "wine", "more", RECENT)
