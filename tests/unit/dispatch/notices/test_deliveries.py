"""The outbox: one message per event, repeated within bounds, and never a delay for a run."""

from datetime import timedelta

import pytest

from nbyard.dispatch.notices import controller
from nbyard.domain.notices.structs import MOST_ATTEMPTS, Delivery, DigestLimit, NoticeRule
from nbyard.reasons.structs import because

BUSY = Delivery(because("channel-answered", service="webhook", status=503))
LATER = Delivery(because("channel-answered", service="webhook", status=429), retry_seconds=120)
FAILED = Delivery(because("channel-answered", service="webhook", status=500), is_of_message=True)
GONE = Delivery(because("channel-answered", service="webhook", status=404), is_final=True)


class Killed(Exception):
    """The dispatcher dies here."""


def test_a_failed_run_is_reported_once(notified):
    channel = notified.channel()
    (run,) = notified.fail()
    notified.look()
    notified.pass_time(3600)
    (message,) = notified.sent
    assert message.title.endswith("failed (run 1)")
    assert [event["id"] for event in message.events] == [f"{run}:failed"]
    (notice,) = notified.notices(channel)
    assert (notice.outcome, notice.attempts, notice.run_id) == ("sent", 1, run)
    assert notified.now(channel).sent_at == notified.time - timedelta(seconds=3600)


def test_a_run_that_no_rule_names_is_not_reported(notified):
    channel = notified.channel("team", NoticeRule(["succeeded"], path="/other.nbflow"))
    notified.fail()
    notified.end("succeeded")
    notified.look()
    assert notified.sent == [] == notified.notices(channel)


def test_a_channel_that_fails_is_tried_again_with_growing_pauses(notified):
    channel = notified.channel()
    notified.answers = [BUSY, BUSY]
    notified.fail()
    notified.look()
    assert len(notified.sent) == 1
    known = notified.now(channel)
    assert known.error == BUSY.reason and known.retry_at == notified.time + timedelta(seconds=10)
    notified.pass_time(9)
    assert len(notified.sent) == 1
    notified.pass_time(1)
    assert len(notified.sent) == 2
    notified.pass_time(20)
    assert len(notified.sent) == 3
    assert len({message.id for message in notified.sent}) == 1
    known = notified.now(channel)
    assert known.error is None and known.retry_at is None
    (notice,) = notified.notices(channel)
    assert (notice.outcome, notice.attempts, notice.reason) == ("sent", 3, None)


def test_other_messages_do_not_wait_for_one_with_which_the_server_fails(notified):
    channel = notified.channel()
    notified.answers = [FAILED, Delivery(), FAILED]
    (first,) = notified.fail()
    notified.look()
    (second,) = notified.fail()
    notified.look()
    assert len(notified.sent) == 2 and notified.now(channel).retry_at is None
    outcomes = {notice.run_id: notice.outcome for notice in notified.notices(channel)}
    assert outcomes == {first: "waiting", second: "sent"}
    notified.pass_time(9)
    assert len(notified.sent) == 2
    notified.pass_time(1)
    assert len(notified.sent) == 3
    notified.pass_time(20)
    assert {notice.outcome for notice in notified.notices(channel)} == {"sent"}
    assert len({message.id for message in notified.sent}) == 2


def test_a_pause_that_the_channel_asks_for_is_obeyed(notified):
    channel = notified.channel()
    notified.answers = [LATER]
    notified.fail()
    notified.look()
    assert notified.now(channel).retry_at == notified.time + timedelta(seconds=120)
    notified.pass_time(119)
    assert len(notified.sent) == 1
    notified.pass_time(1)
    assert len(notified.sent) == 2


def test_attempts_end_and_the_channel_shows_why(notified):
    channel = notified.channel()
    notified.answers = [BUSY] * MOST_ATTEMPTS
    notified.fail()
    for _ in range(MOST_ATTEMPTS + 3):
        notified.pass_time(3600)
    assert len(notified.sent) == MOST_ATTEMPTS
    (notice,) = notified.notices(channel)
    assert (notice.outcome, notice.attempts, notice.reason) == (
        "failed",
        MOST_ATTEMPTS,
        BUSY.reason,
    )
    assert not notified.controller.is_waiting
    notified.fail()
    notified.look()
    assert len(notified.sent) == MOST_ATTEMPTS + 1
    assert notified.notices(channel)[-1].outcome == "sent"


def test_a_final_refusal_is_not_repeated(notified):
    channel = notified.channel()
    notified.answers = [GONE]
    notified.fail(2)
    notified.look()
    assert [notice.outcome for notice in notified.notices(channel)] == ["failed", "sent"]
    assert len(notified.sent) == 2


def test_events_during_an_outage_share_a_message(notified):
    channel = notified.channel("team", digest=DigestLimit(3, 60))
    notified.answers = [BUSY]
    notified.fail()
    notified.look()
    runs = notified.fail(5)
    notified.pass_time(10)
    first, second = notified.sent[1:]
    assert first.id == notified.sent[0].id
    assert [event["id"] for event in second.events] == [f"{run}:failed" for run in runs]
    assert second.title == "nbyard: 5 events"
    assert len({notice.message_id for notice in notified.notices(channel)}) == 2


def test_a_flood_waits_and_shares_a_message(notified):
    channel = notified.channel("team", digest=DigestLimit(2, 60))
    for _ in range(4):
        notified.fail()
        notified.pass_time(1)
    assert len(notified.sent) == 2
    held = notified.now(channel)
    assert held.error is None and held.retry_at is not None
    assert notified.controller.is_waiting
    notified.pass_time(60)
    assert [len(message.events) for message in notified.sent] == [1, 1, 2]


def test_a_channel_does_not_block_another(notified):
    slow, fast = notified.channel("slow"), notified.channel("fast")
    notified.answers = [BUSY]
    notified.fail()
    notified.look()
    outcomes = {notified.notices(one)[0].outcome for one in (slow, fast)}
    assert outcomes == {"waiting", "sent"}


@pytest.mark.parametrize("count", [1, 4])
def test_a_message_that_a_crash_repeats_has_the_same_events_and_ids(notified, monkeypatch, count):
    """It was sent, and the dispatcher dies before it is ticked off."""
    channel = notified.channel("team", digest=DigestLimit(2, 60))
    notified.fail(count)

    def die(name: str) -> None:
        raise Killed(name)

    monkeypatch.setattr(controller, "crash_point", die)
    with pytest.raises(Killed):
        notified.controller.deliveries.deliver(channel.id)
    monkeypatch.setattr(controller, "crash_point", lambda name: None)
    notified.bench.replace_dispatcher()
    notified.attach()
    more = notified.fail()
    notified.look()
    first, again, *others = notified.sent
    assert (first.id, first.events) == (again.id, again.events)
    assert len(first.events) == count
    assert [event["id"] for message in others for event in message.events] == [
        f"{run}:failed" for run in more
    ]
    assert {notice.outcome for notice in notified.notices(channel)} == {"sent"}


def test_a_url_that_cannot_be_decrypted_is_shown_as_the_error(notified):
    channel = notified.channel()
    notified.fail()
    with notified.store.write() as c:
        c.exec_driver_sql("update notice_channels set sealed = 'unknown:AAAA'")
    notified.look()
    assert notified.sent == []
    error = notified.now(channel).error
    assert error is not None and "NBYARD_CRYPT_KEY" in str(error)


def test_a_message_without_an_answer_at_the_end_is_left_to_the_next_dispatcher(notified):
    channel = notified.channel()
    notified.fail()
    stopping = notified.bench.context.stopping

    def hang(receiver, message):
        stopping.set()
        return BUSY

    notified.controller.deliveries.send = hang
    notified.controller.deliveries.deliver(channel.id)
    stopping.clear()
    (notice,) = notified.notices(channel)
    assert (notice.outcome, notice.attempts, notified.now(channel).error) == ("waiting", 0, None)


def test_a_dispatcher_that_stops_sends_nothing(notified):
    channel = notified.channel()
    notified.fail()
    notified.bench.context.stopping.set()
    assert not notified.controller.deliveries.deliver(channel.id)
    assert notified.sent == []
