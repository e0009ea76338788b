"""The channels of a schedule: named by name or ID, each once."""

import pytest

from nbyard.domain.notices.rules import MOST_RULES
from nbyard.domain.notices.structs import AutomationNotice
from nbyard.errors import Invalid
from nbyard.services.notices.automation_notices import replace_notices

from ...store.automations.conftest import NOW
from ...store.automations.conftest import add as add_automation
from ...store.notices.test_channels import add


def test_channels_are_named_by_name_or_id(yard):
    add_automation(yard.store, "nightly", NOW)
    with yard.store.write() as c:
        first, second = add(yard.store, c, "a"), add(yard.store, c, "b")
        given = [AutomationNotice("a"), AutomationNotice(second.id, ["failed", "failed"])]
        replace_notices(yard.store, c, "ann", "nightly", given)
        found = yard.store.rules.of_automations(c, ["nightly"])["nightly"]
        assert [(one.channel, len(one.events)) for one in found] == [("a", 3), ("b", 1)]
        assert yard.store.rules.automations_of(c, [first.id]) == {first.id: ["nightly"]}


@pytest.mark.parametrize(
    ("notify", "field"),
    [
        ([AutomationNotice("a"), AutomationNotice("gone")], "notify.1.channel"),
        ([AutomationNotice("a"), AutomationNotice("a")], "notify.1.channel"),
        ([AutomationNotice("other")], "notify.0.channel"),
        ([AutomationNotice("a", [])], "notify.0.events"),
        ([AutomationNotice("a")] * (MOST_RULES + 1), "notify.1.channel"),
    ],
)
def test_a_refusal_names_its_field(yard, notify, field):
    with yard.store.write() as c:
        add(yard.store, c, "a")
        add(yard.store, c, "other", owner="bob")
        with pytest.raises(Invalid) as caught:
            replace_notices(yard.store, c, "ann", "nightly", notify)
    assert caught.value.details[0].path == field
