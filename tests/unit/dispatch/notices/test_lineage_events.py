"""Ended runs are reported to a channel as OpenLineage events, through the same outbox."""

import msgspec
from sqlalchemy import update

from nbyard.dispatch.notices import controller
from nbyard.domain.notices.structs import Channel, Delivery, NoticeRule
from nbyard.reasons.structs import because
from nbyard.store.schema.notice_tables import notice_channels

from ...domain.lineage.openlineage_schema import check_event

RULES = NoticeRule(["succeeded", "failed", "cancelled", "recovered", "retried"])
BUSY = Delivery(because("channel-answered", service="OpenLineage", status=503))


def openlineage(notified) -> Channel:
    made = notified.channel("lineage", RULES)
    with notified.store.write() as c:
        where = notice_channels.c.id == made.id
        c.execute(update(notice_channels).where(where).values(kind="openlineage"))
    return msgspec.structs.replace(made, kind="openlineage")


def types(message) -> list[str]:
    for event in message.events:
        check_event(event)
    return [event["eventType"] for event in message.events]


def test_an_ended_run_has_its_events(notified):
    openlineage(notified)
    first, second = notified.end("failed", "/p/flow.nbflow"), notified.end(path="/p/flow.nbflow")
    notified.look()
    failed, recovered = notified.sent
    assert "START" in types(failed) and "FAIL" in types(failed)
    assert {event["run"]["runId"] for event in failed.events} >= {first}
    assert "COMPLETE" in types(recovered)
    assert recovered.events[0]["job"]["name"] == "flow.nbflow"
    assert second in {event["run"]["runId"] for event in recovered.events}


def test_a_cancelled_run_ends_with_an_abort(notified):
    openlineage(notified)
    run = notified.bench.submit()
    notified.bench.until(lambda: notified.bench.runtime.running)
    waiting = notified.bench.submit()
    for one in (waiting, run):
        notified.bench.cancel(one)
        notified.bench.until_run(one, "cancelled")
    notified.look()
    assert len(notified.sent) == 2
    for message, one in zip(notified.sent, (waiting, run), strict=True):
        assert {*types(message)} == {"START", "ABORT"}
        assert one in {event["run"]["runId"] for event in message.events}


def test_a_receiver_that_is_busy_gets_the_same_events_again(notified):
    channel = openlineage(notified)
    notified.answers = [BUSY]
    notified.end()
    notified.look()
    notified.pass_time(10)
    once, again = notified.sent
    assert once.events == again.events != []
    assert notified.notices(channel)[0].outcome == "sent"


def test_a_deleted_run_has_none_and_delays_no_others(notified):
    channel = openlineage(notified)
    gone = notified.end()
    with notified.store.write() as c:
        notified.store.runs.delete(c, notified.store.runs.by_id(c, gone))
    notified.look()
    assert [message.events for message in notified.sent] == [[]]
    assert notified.notices(channel)[0].outcome == "sent"


def test_a_run_of_many_tasks_has_only_its_own_events(notified, monkeypatch):
    openlineage(notified)
    monkeypatch.setattr(controller, "MOST_TASKS", 0)
    run = notified.end()
    notified.look()
    (message,) = notified.sent
    assert {event["run"]["runId"] for event in message.events} == {run}
