"""A push sets the channel rules and the retention of a project to those of its file."""

import pytest
from tests.support.refusals import refused_at

from nbyard.domain.automations.structs import AutomationPatch, Fire
from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.notices.structs import (
    AutomationNotice,
    Channel,
    ChannelPatch,
    ChannelSecret,
    DigestLimit,
    NoticeRule,
)
from nbyard.domain.projects.structs import NewProject, NotificationEntry
from nbyard.domain.runs.retention import PolicyRules
from nbyard.errors import Invalid
from nbyard.freezing.pushed_folders import folder_of
from nbyard.host import clock

TEAM = '[notifications.team]\nevents = ["failed"]\npath = "a.py"\n'
RECENT = "[retention.recent]\nkeep = 5\n"
OTHERS = NoticeRule(["succeeded"])


@pytest.fixture
def channels(yard, ann):
    """Two channels of ann: `team`, with a rule for all runs, and `mail`."""
    now = clock.now()
    with yard.store.write() as c:
        for name in ("team", "mail"):
            made = Channel(
                new_id(), name, ann.name, 1, "webhook", "webhook", "", DigestLimit(), now, now
            )
            yard.store.channels.insert_sealed(c, made, ChannelSecret("https://h.test/s3cr3t"))
            if name == "team":
                yard.store.rules.replace(c, ann.name, made.id, [OTHERS])
    return yard.services.channels


def lines(plan):
    return [f"{one.action} {one.kind} {one.name}" for one in plan.changes if one.kind != "file"]


def rules(yard, ann, name):
    with yard.store.read() as c:
        found = yard.store.channels.get(c, ann.name, name)
        return yard.store.rules.of_channels(c, [found.id]).get(found.id, [])


def test_a_push_adds_rules_and_policies_once(projects, channels, ann, folder, yard):
    body = folder(TEAM + RECENT)
    expected = ["add project wine", "add notification team", "add policy recent"]
    assert lines(projects.plan(ann, body)) == expected
    assert rules(yard, ann, "team") == [OTHERS]
    assert lines(projects.push(ann, body)) == expected
    assert projects.plan(ann, body).changes == []
    project = projects.get(ann, "wine")
    general, own = rules(yard, ann, "team")
    assert general == OTHERS
    assert (own.project, own.events) == ("wine", ["failed"])
    assert own.path.startswith(f"{folder_of(yard.store, project.id)}/")
    (policy,) = projects.retention(ann, "wine").policies
    assert (policy.name, policy.rules) == ("recent", PolicyRules(keep=5))


def test_a_form_keeps_pushed_rules_and_changes_others(projects, channels, ann, folder):
    projects.push(ann, folder(TEAM))
    shown = channels.get(ann, "team")
    others = [NoticeRule(["failed"]), shown.rules[1]]
    assert channels.update(ann, "team", ChannelPatch(shown.revision, rules=others)).rules == others
    assert projects.plan(ann, folder(TEAM)).changes == []


def test_rules_follow_the_files_of_the_next_push(projects, channels, ann, folder, yard):
    projects.push(ann, folder(TEAM))
    before = rules(yard, ann, "team")[1].path
    revision = channels.get(ann, "team").revision
    assert lines(projects.push(ann, folder(TEAM, {"a.py": b"print(1)\n"}))) == []
    after = rules(yard, ann, "team")[1].path
    assert after != before and after.rpartition("/")[2] == "a.py"
    assert channels.get(ann, "team").revision > revision


def test_the_channel_gets_failed_runs_of_pushed_files(
    projects, channels, ann, schedules, folder, yard, dispatcher
):
    morning = '[schedules.morning]\npath = "a.py"\nwhen = "daily at 6"\n'
    projects.push(ann, folder(morning + TEAM, {"a.py": b"raise SystemExit(3)\n"}))
    runs = yard.services.runs
    run_id = schedules.fire(ann, "morning", Fire()).run_id
    dispatcher.until(lambda: runs.get(ann, run_id), lambda d: d.run.state == "failed")
    found = channels.notices(ann, "team").items
    assert [one.event_id for one in found] == [f"{run_id}:failed"]


def test_changes_are_applied_and_named(projects, channels, ann, folder):
    projects.push(ann, folder(TEAM + RECENT))
    later = TEAM.replace("failed", "retried") + RECENT + 'states = ["failed"]\n'
    changes = {one.name: [*one.fields] for one in projects.push(ann, folder(later)).changes}
    assert changes["recent"] == ["states"] and changes["team"] == ["rules"]
    pulled = projects.definition(ann, "wine").definition
    assert pulled.notifications == {"team": [NotificationEntry(["retried"], "a.py")]}
    assert pulled.retention == {"recent": PolicyRules(keep=5, states=["failed"])}


def test_rules_that_the_file_lacks_are_deleted_only_if_pushed(
    projects, channels, ann, folder, yard
):
    projects.push(ann, folder(TEAM + RECENT))
    projects.set_policy(ann, "wine", "by-hand", PolicyRules(keep=9))
    mail = channels.get(ann, "mail")
    own = [NoticeRule(["retried"], project="wine")]
    channels.update(ann, "mail", ChannelPatch(mail.revision, rules=own))
    body = folder()
    expected = ["delete notification team", "delete policy recent"]
    assert lines(projects.plan(ann, body)) == expected
    projects.push(ann, body)
    assert projects.plan(ann, body).changes == []
    assert rules(yard, ann, "team") == [OTHERS]
    assert rules(yard, ann, "mail") == own
    assert [one.name for one in projects.retention(ann, "wine").policies] == ["by-hand"]
    # A pull writes them into the file, and a push of this file keeps them.
    pulled = projects.definition(ann, "wine").definition
    assert [*pulled.notifications] == ["mail"] and [*pulled.retention] == ["by-hand"]


def test_rules_of_other_files_are_unchanged(projects, channels, ann, folder, yard, root):
    projects.push(ann, folder(TEAM))
    (root / "own.py").write_text("print()\n")
    team = channels.get(ann, "team")
    pushed = next(rule for rule in rules(yard, ann, "team") if rule.project)
    own = NoticeRule(["retried"], "own.py", project="wine")
    kept = [OTHERS, NoticeRule(["failed"], pushed.path, project="wine"), own]
    with yard.store.write() as c:
        project = projects.get(ann, "wine")
        stored = [
            NoticeRule(one.events, one.path and str(root / one.path), project=project.id)
            if one is own
            else one
            for one in (OTHERS, own)
        ]
        yard.store.rules.replace(c, ann.name, team.id, stored)
    assert lines(projects.push(ann, folder(TEAM))) == ["add notification team"]
    assert len(rules(yard, ann, "team")) == len(kept)
    assert [*projects.definition(ann, "wine").definition.notifications] == ["team"]


@pytest.mark.parametrize(
    ("toml", "path"),
    [
        (TEAM.replace("team", "gone"), "notifications.gone"),
        (TEAM.replace("a.py", "b.py"), "notifications.team.0.path"),
        (TEAM.replace("a.py", "/etc/passwd"), "notifications.team.0.path"),
        (TEAM.replace('["failed"]', "[]"), "notifications.team.0.events"),
        (TEAM + "long_seconds = 0\n", "notifications.team.0.long_seconds"),
        (RECENT.replace("5", "-1"), "retention.recent.keep"),
        (RECENT.replace("recent", '" "'), "retention. .policy"),
    ],
)
def test_a_plan_names_the_wrong_field(projects, channels, ann, folder, toml, path):
    for call in (projects.plan, projects.push):
        with refused_at(path):
            call(ann, folder(toml))
    assert projects.list(ann).items == []


def test_a_policy_without_a_rule_is_refused(projects, ann, folder):
    with pytest.raises(Invalid, match="Set an age"):
        projects.plan(ann, folder("[retention.recent]\nstates = []\n"))
    projects.plan(ann, folder('[retention.recent]\nstates = ["failed"]\n'))


def test_channels_of_others_are_unknown(projects, channels, folder, yard):
    eve = Caller("eve")
    yard.services.projects.create(eve, NewProject("mine"))
    with pytest.raises(Invalid, match="no notice channel 'team'") as refused:
        projects.plan(eve, folder(TEAM))
    assert "nbyard channels create team" in str(refused.value.hint)


MORNING = '[schedules.morning]\npath = "a.py"\nwhen = "daily at 6"\n'


def test_the_channels_of_a_schedule_are_pushed_and_pulled(
    projects, channels, ann, schedules, folder, yard
):
    body = folder(MORNING + 'notify.team = ["automation-missed", "failed"]\n')
    assert lines(projects.push(ann, body)) == ["add project wine", "add schedule morning"]
    team = AutomationNotice("team", ["failed", "automation-missed"])
    assert schedules.get(ann, "morning").notify == [team]
    assert projects.plan(ann, body).changes == []
    assert projects.push(ann, body).changes == []
    body = folder(MORNING + 'notify = {team = ["failed"], mail = ["succeeded"]}\n')
    (change,) = (one for one in projects.push(ann, body).changes if one.kind == "schedule")
    assert (change.action, [*change.fields]) == ("change", ["notify"])
    # An edit in JupyterLab is what a pull writes into the file.
    shown = schedules.get(ann, "morning")
    patch = AutomationPatch(shown.revision, notify=[AutomationNotice("mail", ["failed"])])
    schedules.update(ann, "morning", patch)
    pulled = projects.definition(ann, "wine").definition
    assert pulled.schedules["morning"].notify == {"mail": ["failed"]}
    # The own rules of channels stay as they are.
    assert rules(yard, ann, "team") == [OTHERS] and pulled.notifications == {}
    projects.push(ann, folder(MORNING))
    assert schedules.get(ann, "morning").notify == [AutomationNotice("mail", ["failed"])]
    projects.push(ann, folder(MORNING + "notify = {}\n"))
    assert schedules.get(ann, "morning").notify == []


def test_an_unknown_channel_of_a_schedule_is_named(projects, channels, ann, folder):
    body = folder(MORNING + '[schedules.morning.notify]\nteams = ["failed"]\n')
    for ask in (projects.plan, projects.push):
        with refused_at("schedules.morning.notify.teams", match="team") as refused:
            ask(ann, body)
        assert "create" in refused.value.hint
