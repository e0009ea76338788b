"""Structs of notices: secrets stay out of their texts."""

from nbyard.domain.notices.structs import (
    DEFAULT_EVENTS,
    EVENTS,
    AutomationNotice,
    ChannelPatch,
    NewChannel,
    Receiver,
)

URL = "slack://aaaa/bbbb/s3cr3t"


def test_no_text_of_a_struct_contains_the_url():
    for one in (NewChannel("team", URL), ChannelPatch(1, url=URL), Receiver(URL, "apprise", "x")):
        assert "s3cr3t" not in repr(one)


def test_a_schedule_reports_failures_by_default():
    assert AutomationNotice("mail").events == [*DEFAULT_EVENTS]
    assert set(DEFAULT_EVENTS) < set(EVENTS)
