"""The controller of notices: when it looks, and that it keeps the dispatcher alive."""

from datetime import timedelta

from nbyard.dispatch.notices.controller import NEVER, NoticeController
from nbyard.dispatch.threads import Threads
from nbyard.domain.notices.structs import Delivery
from nbyard.reasons.structs import because

BUSY = Delivery(because("channel-answered", service="webhook", status=503))


def test_without_notices_nothing_is_due(notified):
    notified.channel()
    notified.look()
    assert notified.controller.seconds_until_due() == NEVER
    assert not notified.controller.is_waiting
    with notified.store.read() as c:
        assert not notified.store.has_work(c)


def test_a_failed_message_is_due_later(notified):
    notified.channel()
    notified.answers = [BUSY]
    notified.fail()
    notified.look()
    assert 5 < notified.controller.seconds_until_due() <= 10
    assert notified.controller.is_waiting
    assert not notified.bench.dispatcher.has_idled(1e9)
    with notified.store.read() as c:
        assert notified.store.has_work(c) and not notified.store.is_busy(c)


def test_a_message_that_is_sent_at_once_is_followed_at_once(notified, monkeypatch):
    """Also if its thread ends before the controller has counted the next time."""
    notified.channel()
    submit = Threads.submit

    def run_here(threads, name, work, then):
        if name.startswith("channel "):
            then(work())
        else:
            submit(threads, name, work, then=then)

    notified.fail()
    monkeypatch.setattr(Threads, "submit", run_here)
    NoticeController.tick(notified.controller)
    assert len(notified.sent) == 1
    assert notified.controller.seconds_until_due() == 0.0


def test_a_clock_that_was_set_back_does_not_stop_a_channel(notified):
    channel = notified.channel()
    notified.answers = [BUSY]
    notified.time += timedelta(days=30)
    notified.fail()
    notified.look()
    notified.time -= timedelta(days=30)
    notified.look()
    assert len(notified.sent) == 2
    assert notified.now(channel).error is None
