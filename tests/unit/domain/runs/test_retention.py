"""Policies are applied one after the other, each to its own runs."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.runs.clean_up import CleanUpRules, choose_runs
from nbyard.domain.runs.retention import Policy, PolicyRules, choose_by_policies
from nbyard.errors import Invalid

from .test_clean_up import NOW, RULES, finished, histories

PROJECTS = ("wine", "beer")
POLICIES = st.lists(
    st.builds(
        Policy,
        rules=RULES,
        updated_at=st.just(NOW),
        name=st.just("p"),
        project_id=st.sampled_from(["", *PROJECTS]),
    ),
    max_size=4,
)
MEMBERS = st.fixed_dictionaries(
    {project: st.sets(st.sampled_from([f"r{n}" for n in range(15)])) for project in PROJECTS}
)


@given(histories(), MEMBERS, POLICIES)
def test_each_run_is_deleted_once_and_by_a_policy_of_its_project(runs, members, policies):
    choices = choose_by_policies(runs, members, policies, NOW)
    assert [choice.policy for choice in choices] == policies
    doomed = [run.id for choice in choices for run in choice.doomed]
    assert len(doomed) == len({*doomed})
    for choice in choices:
        project = choice.policy.project_id
        assert all(run.protection is None for run in choice.doomed)
        assert all(run.protection is not None for run in choice.protected)
        if project:
            inside = {run.id for run in (*choice.doomed, *choice.protected)}
            assert inside <= members[project]


@given(histories(), MEMBERS, POLICIES)
def test_applying_policies_one_by_one_is_the_same(runs, members, policies):
    """The preview of all is what the dispatcher deletes."""
    left = runs
    for choice in choose_by_policies(runs, members, policies, NOW):
        (alone,) = choose_by_policies(left, members, [choice.policy], NOW)
        assert alone == choice
        left = [run for run in left if run not in choice.doomed]


@given(histories(), RULES)
def test_a_policy_of_all_runs_chooses_like_a_clean_up(runs, rules):
    (choice,) = choose_by_policies(runs, {}, [Policy(rules, NOW)], NOW)
    assert (choice.doomed, choice.protected) == choose_runs(runs, rules, NOW)


def test_the_number_to_keep_is_that_of_the_project():
    runs = [finished(number, 10 - number) for number in range(4)]
    policy = Policy(CleanUpRules(keep=1), NOW, "recent", "wine")
    (choice,) = choose_by_policies(runs, {"wine": {"r0", "r1"}}, [policy], NOW)
    assert [run.id for run in choice.doomed] == ["r0"]


@pytest.mark.parametrize(
    ("rules", "name", "field"),
    [({"keep": -1}, "a", "keep"), ({"keep": 1}, "", "policy"), ({"keep": 1}, "a\nb", "policy")],
)
def test_refusals_name_their_field(rules, name, field):
    with pytest.raises(Invalid) as caught:
        PolicyRules(**rules).check(name)
    assert caught.value.details[0].path == field


def test_a_policy_needs_a_rule():
    with pytest.raises(Invalid, match="Set an age"):
        PolicyRules().check("a")
    assert PolicyRules(states=["failed"]).check("a") == "a"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"keep": 1, "workflow": "w"}, PolicyRules)
