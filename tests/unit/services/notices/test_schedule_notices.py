"""The channels of a schedule: named by name or ID, each once."""

import pytest

from nbyard.domain.notices.rules import MOST_RULES
from nbyard.domain.notices.structs import ScheduleNotice
from nbyard.errors import Invalid
from nbyard.services.notices.schedule_notices import replace_notices

from ...store.notices.test_channels import add
from ...store.schedules.test_queries import NOW
from ...store.schedules.test_queries import add as add_schedule


def test_channels_are_named_by_name_or_id(yard):
    add_schedule(yard.store, "nightly", NOW)
    with yard.store.write() as c:
        first, second = add(yard.store, c, "a"), add(yard.store, c, "b")
        given = [ScheduleNotice("a"), ScheduleNotice(second.id, ["failed", "failed"])]
        replace_notices(yard.store, c, "ann", "nightly", given)
        found = yard.store.rules.of_schedules(c, ["nightly"])["nightly"]
        assert [(one.channel, len(one.events)) for one in found] == [("a", 3), ("b", 1)]
        assert yard.store.rules.schedules_of(c, [first.id]) == {first.id: ["nightly"]}


@pytest.mark.parametrize(
    ("notify", "field"),
    [
        ([ScheduleNotice("a"), ScheduleNotice("gone")], "notify.1.channel"),
        ([ScheduleNotice("a"), ScheduleNotice("a")], "notify.1.channel"),
        ([ScheduleNotice("other")], "notify.0.channel"),
        ([ScheduleNotice("a", [])], "notify.0.events"),
        ([ScheduleNotice("a")] * (MOST_RULES + 1), "notify.1.channel"),
    ],
)
def test_a_refusal_names_its_field(yard, notify, field):
    with yard.store.write() as c:
        add(yard.store, c, "a")
        add(yard.store, c, "other", owner="bob")
        with pytest.raises(Invalid) as caught:
            replace_notices(yard.store, c, "ann", "nightly", notify)
    assert caught.value.details[0].path == field
