"""Rows of rules, of channels and of schedules."""

from nbyard.domain.notices.rules import StoredRule
from nbyard.domain.notices.structs import AutomationNotice, NoticeRule

from ..automations.conftest import NOW
from ..automations.conftest import add as add_automation
from ..test_projects import add as add_project
from .test_channels import add

FAILED = NoticeRule(["failed"])
LONG = NoticeRule(["running-long"], "/a.ipynb", 3.5, 60.0)


def test_rules_belong_to_a_channel_or_an_automation(store):
    add_automation(store, "nightly", NOW)
    with store.write() as c:
        team, mail = add(store, c, "team"), add(store, c, "mail")
        store.rules.replace(c, "ann", team.id, [FAILED, LONG])
        store.rules.replace_of_automation(c, "ann", "nightly", [(mail.id, FAILED)])
        assert store.rules.of_channels(c, [team.id, mail.id]) == {team.id: [FAILED, LONG]}
        assert store.rules.automations_of(c, [team.id, mail.id]) == {mail.id: ["nightly"]}
        assert store.rules.of_automations(c, ["nightly"]) == {
            "nightly": [AutomationNotice("mail", ["failed"])]
        }
        assert store.rules.of_owner(c, "ann") == [
            StoredRule(team.id, "ann", FAILED),
            StoredRule(team.id, "ann", LONG),
            StoredRule(mail.id, "ann", FAILED, "nightly"),
        ]
        assert store.rules.of_owner(c, "bob") == []
        assert store.rules.owners_of(c, "running-long") == ["ann"]
        assert store.rules.owners_of(c, "retried") == []


def test_new_rules_replace_only_their_own(store):
    add_automation(store, "nightly", NOW)
    with store.write() as c:
        team = add(store, c)
        store.rules.replace_of_automation(c, "ann", "nightly", [(team.id, FAILED)])
        store.rules.replace(c, "ann", team.id, [LONG])
        store.rules.replace(c, "ann", team.id, [FAILED])
        assert store.rules.of_channels(c, [team.id]) == {team.id: [FAILED]}
        assert store.rules.automations_of(c, [team.id]) == {team.id: ["nightly"]}
        store.rules.replace_of_automation(c, "ann", "nightly", [])
        assert store.rules.automations_of(c, [team.id]) == {}


def test_rules_go_with_their_channel_and_their_automation(store):
    add_automation(store, "nightly", NOW)
    with store.write() as c:
        team = add(store, c)
        store.rules.replace_of_automation(c, "ann", "nightly", [(team.id, FAILED)])
        row = store.automations.by_id(c, "nightly")
        assert row is not None
        store.automations.delete(c, row.automation)
        assert store.rules.of_owner(c, "ann") == []
        store.rules.replace(c, "ann", team.id, [FAILED])
        store.channels.delete(c, team)
        assert store.rules.of_owner(c, "ann") == []


def test_rules_of_a_project_are_shown_with_its_name_and_go_with_it(store):
    with store.write() as c:
        team, wine = add(store, c), add_project(store, c, owner="ann")
        rule = NoticeRule(["failed"], project=wine.id)
        store.rules.replace(c, "ann", team.id, [FAILED, rule])
        named = NoticeRule(["failed"], project="wine")
        assert store.rules.of_channels(c, [team.id]) == {team.id: [FAILED, named]}
        assert [one.rule for one in store.rules.of_owner(c, "ann")] == [FAILED, rule]
        store.projects.delete(c, wine)
        assert store.rules.of_channels(c, [team.id]) == {team.id: [FAILED]}
