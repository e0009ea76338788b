"""J2: users see and name pushed workflows as `PROJECT:PATH`."""

import pytest

from nbyard.domain.notices.structs import NoticeRule
from nbyard.domain.runs.clean_up import CleanUpRules
from nbyard.services.workflows.pushed_names import PushedNames

pytestmark = pytest.mark.slow

NIGHTLY = '[schedules.nightly]\npath = "flow.nbflow"\nwhen = "nightly"\n'


def test_a_pushed_workflow_is_shown_and_found_by_its_project(yard, ann, push, flow):
    push(NIGHTLY)
    (workflow,) = yard.services.workflows.list(ann).items
    assert workflow.shown_path == "wine:flow.nbflow"
    run = yard.services.schedules.run(ann, "nightly")
    found = yard.services.runs.list(ann, workflow="wine:flow.nbflow").items
    assert [one.id for one in found] == [run.id]
    assert yard.services.runs.list(ann, workflow="wine:other.nbflow").items == []
    rules = CleanUpRules(keep=0, workflow="wine:flow.nbflow")
    assert yard.services.runs.preview_clean_up(ann, rules).runs == []


def test_other_paths_stay(yard, ann, push, flow, root):
    push()
    with yard.parts.store.read() as c:
        names = PushedNames(yard.parts.store, c, ann.name)
        assert names.shown(str(root / flow)) == str(root / flow)
        assert [names.real(c, text) for text in ("", flow, "beer:flow.nbflow")] == [""] * 3


def test_rules_of_channels_show_it(yard, ann, push, flow):
    push()
    notices = yard.services.channels
    (rule,) = notices._rules(ann.name, [NoticeRule(["failed"], path="wine:flow.nbflow")])
    assert rule.path == yard.services.workflows.list(ann).items[0].path
    with yard.parts.store.read() as c:
        shown = notices._with_shown_path(rule, PushedNames(yard.parts.store, c, ann.name))
    assert shown.path == "wine:flow.nbflow"
    (same,) = notices._rules(ann.name, [shown], [rule])
    assert same.path == rule.path
