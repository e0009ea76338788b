"""The rules of owners and the policies of projects, on both databases."""

from nbyard.domain.runs.clean_up import CleanUpRules
from nbyard.domain.runs.retention import PolicyRules
from nbyard.store import Store

from ..rows import Rows
from ..test_projects import add as add_project


def test_rules_of_each_owner(store: Store) -> None:
    rules = CleanUpRules(keep=3, states=["failed"])
    with store.write() as c:
        store.retention.set_for_all_runs(c, "ada", CleanUpRules(keep=1))
        store.retention.set_for_all_runs(c, "ada", rules)
        store.retention.set_for_all_runs(c, "bob", None)
    with store.read() as c:
        assert store.retention.of_all_runs(c, "ada").rules == rules
        assert store.retention.of_all_runs(c, "bob").rules is None
        (policy,) = store.retention.policies(c)["ada"]
        assert (policy.rules, policy.name, policy.project_id) == (rules, "", "")


def test_policies_of_projects_follow_the_rules_for_all_runs(store: Store) -> None:
    with store.write() as c:
        wine, beer = add_project(store, c), add_project(store, c, "beer")
        other = add_project(store, c, "ale", owner="bob")
        for project, name, keep in (
            (wine, "recent", 9),
            (wine, "recent", 5),
            (wine, "old", 4),
            (beer, "all", 3),
            (other, "all", 2),
        ):
            store.retention.set_policy(c, project, name, PolicyRules(keep=keep))
        store.retention.set_for_all_runs(c, "ada", CleanUpRules(keep=1))
        own = store.retention.of_project(c, wine)
        assert [(one.name, one.rules.keep) for one in own] == [("old", 4), ("recent", 5)]
        order = [("", "", 1), ("beer", "all", 3), ("wine", "old", 4), ("wine", "recent", 5)]
        for found in (store.retention.policies(c), store.retention.policies(c, "ada")):
            assert [(one.project, one.name, one.rules.keep) for one in found["ada"]] == order
        assert [*store.retention.policies(c, "bob")] == ["bob"]


def test_policies_go_with_their_project_and_one_by_one(store: Store) -> None:
    with store.write() as c:
        wine = add_project(store, c)
        for name in ("a", "b"):
            store.retention.set_policy(c, wine, name, PolicyRules(keep=1))
        assert store.retention.delete_policy(c, wine, "a")
        assert not store.retention.delete_policy(c, wine, "a")
        assert [one.name for one in store.retention.of_project(c, wine)] == ["b"]
        store.projects.delete(c, wine)
        assert store.retention.policies(c) == {}


def test_members_are_the_runs_of_a_project(store: Store) -> None:
    with store.write() as c:
        rows, wine, beer = Rows(store, c), add_project(store, c), add_project(store, c, "beer")
        linked, of_workflow, _ = rows.run(), rows.run(workflow_id="w"), rows.run()
        store.projects.link(c, wine, "run", linked.id)
        store.projects.link(c, wine, "workflow", "w")
        store.retention.set_policy(c, wine, "a", PolicyRules(keep=1))
        store.retention.set_policy(c, beer, "a", PolicyRules(keep=1))
        policies = store.retention.policies(c)["ada"]
        assert store.retention.runs_by_policy(c, policies) == {
            wine.id: {linked.id, of_workflow.id},
            beer.id: set(),
        }
