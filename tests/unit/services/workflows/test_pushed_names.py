"""Users see and name pushed workflows as `PROJECT:PATH`."""

import json

import pytest

from nbyard.domain.notices.structs import NewChannel, NoticeRule
from nbyard.domain.runs.clean_up import CleanUpRules, NewRetention
from nbyard.services.workflows.pushed_workflows import PushedNames

pytestmark = pytest.mark.slow

NIGHTLY = '[schedules.nightly]\npath = "flow.nbflow"\nwhen = "nightly"\n'


def test_a_pushed_workflow_is_shown_and_found_by_its_project(yard, ann, workflows, push, fire):
    push(NIGHTLY)
    (workflow,) = workflows.list(ann).items
    assert workflow.shown_path == "wine:flow.nbflow"
    run = fire("nightly")
    found = yard.services.runs.list(ann, workflow="wine:flow.nbflow").items
    assert [one.id for one in found] == [run.id]
    assert yard.services.runs.list(ann, workflow="wine:other.nbflow").items == []
    rules = CleanUpRules(keep=0, workflow="wine:flow.nbflow")
    assert yard.services.runs.preview_clean_up(ann, rules).runs == []


def edit(root, flow, title):
    document = json.loads((root / flow).read_text())
    document["meta"]["title"] = title
    (root / flow).write_text(json.dumps(document))


@pytest.mark.parametrize("between", [[], ["tool.py"]])
def test_rules_of_channels_follow_the_pushed_workflow(yard, ann, push, flow, root, between, fire):
    push()
    rule = NoticeRule(["failed"], path="wine:flow.nbflow")
    channels = yard.services.channels
    channel = channels.create(ann, NewChannel("team", "https://example.com/hook", rules=[rule]))
    for file in between:
        push(flow=file)  # without the workflow
    edit(root, flow, "Again")
    push(NIGHTLY)
    run = fire("nightly")
    with yard.context.store.read() as c:
        (stored,) = yard.context.store.rules.of_owner(c, ann.name)
        assert stored.rule.path == yard.context.store.runs.by_id(c, run.id).path
    assert channels.get(ann, channel.id).rules == [rule]


def test_the_name_of_a_pushed_workflow_wins_over_a_known_path(yard, ann, workflows, push):
    push()
    (now,) = workflows.list(ann).items
    channels = yard.services.channels
    named = NoticeRule(["failed"], path="wine:flow.nbflow")
    stale = now.path.replace("/flow.nbflow", "-before/flow.nbflow")
    known = NoticeRule(["failed"], path=stale)
    (rule,) = channels.matching_rules(ann.name, [named], [known])
    assert rule.path == now.path


def test_retention_of_a_pushed_workflow_outlasts_pushes(
    yard, ann, workflows, push, flow, root, fire
):
    runs = yard.services.runs
    push(NIGHTLY)
    (workflow,) = workflows.list(ann).items
    rules = CleanUpRules(keep=0, workflow="wine:flow.nbflow")
    assert runs.set_retention(ann, NewRetention(rules)).rules == rules
    edit(root, flow, "Again")
    push(NIGHTLY)
    run = fire("nightly")
    runs.cancel(ann, run.id)
    (preview,) = runs.preview_retention(ann).policies
    assert preview.rules == rules
    with yard.context.store.read() as c:
        stored = yard.context.store.retention.of_all_runs(c, ann.name).rules
    assert stored.workflow == workflow.id == run.workflow_id


def test_other_paths_are_unchanged(yard, ann, push, flow, root):
    push()
    with yard.context.store.read() as c:
        names = PushedNames(yard.context.store, c, ann.name)
        assert names.shown(str(root / flow)) == str(root / flow)
        assert [names.real(c, text) for text in ("", flow, "beer:flow.nbflow")] == [""] * 3


def test_rules_of_channels_show_the_pushed_name(yard, ann, workflows, push):
    push()
    notices = yard.services.channels
    (rule,) = notices.matching_rules(ann.name, [NoticeRule(["failed"], path="wine:flow.nbflow")])
    assert rule.path == workflows.list(ann).items[0].path
    with yard.context.store.read() as c:
        shown = notices.with_shown_path(rule, PushedNames(yard.context.store, c, ann.name))
    assert shown.path == "wine:flow.nbflow"
    (same,) = notices.matching_rules(ann.name, [shown], [rule])
    assert same.path == rule.path
