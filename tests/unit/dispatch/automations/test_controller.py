"""When the controller of automations looks, and when it lets the loop sleep."""

import pytest
from tests.support.fake_runtime_bench import OWNER

HOURLY = {"kind": "cron", "expression": "0 * * * *"}


def test_without_automations_it_sleeps(scheduled):
    scheduled.look()
    assert scheduled.controller.seconds_until_due() == float("inf")
    assert not scheduled.controller.is_enabled


def test_it_sleeps_until_the_next_due_time(scheduled):
    scheduled.create(on=HOURLY)
    scheduled.at("2026-11-25T21:59:50")
    assert 9 < scheduled.controller.seconds_until_due() <= 10
    assert scheduled.controller.is_enabled


def test_it_asks_the_store_only_when_needed(scheduled, monkeypatch):
    scheduled.create(on=HOURLY)
    scheduled.look()
    monkeypatch.setattr(scheduled.controller, "_look", lambda *_, **__: pytest.fail("it asked"))
    assert not scheduled.controller.tick(has_news=False, has_time=False)


def test_the_loop_is_notified_of_new_runs_once(scheduled):
    scheduled.create(on=HOURLY)
    scheduled.clock.set("2026-11-25T22:00:00")
    scheduled.controller.tick()
    scheduled.settle()
    assert scheduled.controller.tick(has_news=False, has_time=False)
    assert not scheduled.controller.tick(has_news=False, has_time=False)


def test_work_that_ends_at_once_is_looked_after(scheduled, monkeypatch):
    scheduled.create(on=HOURLY)
    scheduled.clock.set("2026-11-25T22:00:00")
    controller = scheduled.controller
    monkeypatch.setattr(
        controller.threads, "submit", lambda _key, work, then, **_options: then(work())
    )
    controller.tick()
    assert controller.seconds_until_due() == 0


@pytest.mark.parametrize("on", [HOURLY, {"kind": "notebook"}], ids=["time", "event"])
def test_a_disabled_automation_needs_no_dispatcher(fired, on):
    fired.service.disable(OWNER, fired.create(on).id)
    fired.look()
    assert not fired.controller.is_enabled


def test_it_asks_the_store_for_events_only_when_needed(fired, monkeypatch):
    fired.create({"kind": "notebook"})
    fired.look()
    assert fired.controller.is_enabled and fired.controller.seconds_until_due() == float("inf")
    monkeypatch.setattr(fired.controller, "_look", lambda: pytest.fail("it asked"))
    assert not fired.controller.tick(has_news=False, has_time=False)


def test_events_of_its_own_dispatcher_are_read_soon(fired):
    fired.publish()
    fired.create({"kind": "dataset", "dataset": "sea"})
    fired.look()
    assert fired.controller.seconds_until_due() == float("inf")
    with fired.bench.store.write() as c:
        fired.bench.store.datasets.append_event(c, "x", "ada", "changed")
    assert fired.controller.seconds_until_due() <= 0.1
    fired.look()
    assert fired.controller.seconds_until_due() == float("inf")
