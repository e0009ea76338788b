"""The controller of triggers: when it looks, and when it lets the loop sleep."""

import pytest
from tests.support.fake_runtime_bench import OWNER


def test_without_automations_it_sleeps(fired):
    fired.look()
    assert fired.controller.seconds_until_due() == float("inf")
    assert not fired.controller.is_enabled


def test_it_asks_the_store_only_when_needed(fired, monkeypatch):
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


def test_a_disabled_trigger_needs_no_dispatcher(fired):
    made = fired.create({"kind": "notebook"})
    fired.service.disable(OWNER, made.id)
    fired.look()
    assert not fired.controller.is_enabled
